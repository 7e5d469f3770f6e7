"""What it costs to renew the evidence of many records: authority calls, their time, hashing, and what is stored.

`python -m bench.evidence_renewal [--large]` prints one JSON object. The limit: under 100 ms of
authority calls for a million records, hashing aside. The authority is `openssl ts` behind HTTP on loopback, a
process for each question, so its time is that of a real one without the way to it. The digests are synthetic: they are
as long and as random as those of records. `database` runs the whole operation on records in a real archive.
"""

import argparse
import dataclasses
import hashlib
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pyhanko.sign.timestamps import TimeStamper
from sqlalchemy import insert, select

from edms.access.actors import console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.clock import SystemClock
from edms.core.ids import new_id
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.evidence_renewal import renew_evidence
from edms.records.evidence_trees import GROUP_ROLES
from edms.records.model import Component, Record, RecordState
from edms.records.people import office_by_code
from edms.signing.authority import create_authority
from edms.signing.evidence_tree import TreeBuilder, document_lists, group_list, list_hash, root_of_lists, siblings
from edms.signing.remote import HttpTimestamps
from edms.signing.timestamping import request_token
from edms.signing.verification import TrustMaterial
from edms.vault.model import StoredBlob

LIMIT_MILLISECONDS = 100.0
DOCUMENTS = 5
PATHS = 1000
CALLS = 5
CONFIGURATION = """
[tsa]
default_tsa = theirs
[theirs]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@contextmanager
def authority() -> Iterator[tuple[HttpTimestamps, TrustMaterial]]:
    """Run `openssl ts` behind HTTP on loopback; yields its client and its root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = create_authority("Otoritas Waktu", "ID", SystemClock(), 1)
        (folder / "tsa.pem").write_text(theirs.timestamp.certificate)
        (folder / "tsa.key").write_text(theirs.timestamp.private_key)
        (folder / "root.pem").write_text(theirs.root.certificate)
        (folder / "serial").write_text("01\n")
        (folder / "ts.conf").write_text(CONFIGURATION.format(folder=folder))

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                (folder / "question").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
                command = ["openssl", "ts", "-reply", "-config", folder / "ts.conf", "-queryfile", folder / "question"]
                body = subprocess.run(command, capture_output=True, check=True).stdout
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        trust = TrustMaterial((), TrustMaterial.from_pem(theirs.root.certificate.encode()).roots)
        try:
            yield HttpTimestamps(f"http://127.0.0.1:{server.server_port}/", trust, SystemClock()), trust
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def run(large: bool) -> dict[str, Any]:
    """Return the figures for a tree of synthetic digests, and for the operation on records in a database."""
    tree = _tree(1_000_000 if large else 100_000)
    return {
        "limit_authority_milliseconds": LIMIT_MILLISECONDS,
        "within_limit": tree["authority_milliseconds"] < LIMIT_MILLISECONDS,
        "tree": tree,
        "database": _database(50_000 if large else 2_000),
    }


def _tree(records: int) -> dict[str, Any]:
    builder, tiles = TreeBuilder("sha256"), {}
    places = range(0, records, max(1, records // PATHS))
    groups = {}
    started = time.perf_counter()
    for number in range(records):
        first = group_list(hashlib.sha256(b"%d/%d" % (number, part)).digest() for part in range(DOCUMENTS))
        if number in places:
            groups[number] = first
        for level, index, content in builder.add(list_hash("sha256", first)):
            tiles[level, index] = content
    tiles |= {(level, index): content for level, index, content in builder.finish()}
    hashing = time.perf_counter() - started
    with authority() as (client, trust):
        calls = []
        for _round in range(CALLS):
            started = time.perf_counter()
            token, _read = request_token(client, "sha256", builder.root, trust.timestamps, datetime.now(UTC))
            calls.append((time.perf_counter() - started) * 1000)
    started = time.perf_counter()
    for number, first in groups.items():
        partners = siblings("sha256", lambda level, index: tiles[level, index], records, number)
        assert root_of_lists("sha256", document_lists(first, partners)) == builder.root
    paths = time.perf_counter() - started
    return {
        "records": records,
        "authority_calls": 1,
        "authority_milliseconds": round(sorted(calls)[CALLS // 2], 1),
        "authority_milliseconds_all": [round(call, 1) for call in calls],
        "hashing_seconds": round(hashing, 2),
        "tile_megabytes": round(sum(map(len, tiles.values())) / 1e6, 1),
        "tiles": len(tiles),
        "token_bytes": len(token),
        "path_milliseconds": round(paths / len(groups) * 1000, 3),
    }


class _Counted:
    def __init__(self, inner: HttpTimestamps) -> None:
        self.inner, self.calls = inner, 0
        self.name, self.development = inner.name, inner.development

    def pyhanko(self) -> TimeStamper:
        self.calls += 1
        return self.inner.pyhanko()


def _database(records: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder, authority() as (client, trust):
        settings = Settings().rooted_at(Path(folder))
        initialise(settings, console_actor("bench"), demo=True)
        opened = open_archive(settings)
        counted = _Counted(client)
        trusted = TrustMaterial(opened.trust.roots, trust.timestamp_roots)
        archive = dataclasses.replace(opened, timestamps=counted, trust=trusted)
        office = office_by_code(archive, "dinkes")
        assert office is not None
        _fill(archive, office, records)
        started = time.perf_counter()
        report = renew_evidence(console_actor("bench"), archive)
        seconds = time.perf_counter() - started
        assert [tree.size for tree in report.trees] == [records]
        opened.sandbox.close()
        opened.database.close()
        return {
            "records": records,
            "authority_calls": counted.calls,
            "seconds": round(seconds, 2),
            "records_per_second": round(records / seconds),
        }


def _fill(archive: Archive, office: UUID, count: int) -> None:
    """Insert declared records with rows of components, whose stored files are never opened here."""
    now = archive.clock.now()
    with archive.database.writer() as session:
        assert session.scalar(select(Record.id).limit(1)) is None
        for start in range(0, count, 1000):
            ids = [new_id(archive.clock) for _number in range(min(1000, count - start))]
            session.execute(insert(Record), [_record(one, office, now) for one in ids])
            blobs, components = [], []
            for record in ids:
                for role in GROUP_ROLES:
                    blob = new_id(archive.clock)
                    blobs.append(_blob(blob, now))
                    part = {"id": new_id(archive.clock), "record_id": record, "role": role, "position": 0}
                    components.append({**part, "blob_id": blob, "name": role, "media_type": "text/plain", "facts": {}})
            session.execute(insert(StoredBlob), blobs)
            session.execute(insert(Component), components)
        session.commit()


def _record(record: UUID, office: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": record, "office_id": office, "state": RecordState.DECLARED.value, "file_name": "a.txt", "title": "a",
        "terjaga": False, "vital": False, "legacy_unverified": False, "fixity_failed": False, "received_at": now,
        "received_by": "bench", "declared_at": now, "declared_by": "bench", "version": 1,
    }  # fmt: skip


def _blob(blob: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": blob, "name": blob.hex, "purpose": "original", "size": 1, "sha256": os.urandom(32).hex(),
        "wrapped_key": b"x", "key_id": "bench", "epoch": 1, "created_at": now,
    }  # fmt: skip


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--large", action="store_true", help="a million digests, fifty thousand records")
    print(json.dumps(run(arguments.parse_args().large), indent=1))
