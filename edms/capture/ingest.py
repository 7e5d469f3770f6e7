"""Capturing files and folders from the console, with a signed reconciliation: given = what became of each."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.given import Given, entries_below, open_given
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.indexing import wait_until_indexed
from edms.capture.places import Place, take_place
from edms.capture.progress import Progress, progress_of
from edms.capture.work import work_once
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.errors import EdmsError, StorageFault
from edms.core.progress import ShowProgress
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.signing.profiles import detached_seal

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class IngestLine:
    """What became of one file. `state`: captured, declared, awaiting_class, processing, duplicate, quarantined,
    refused."""

    path: str
    record: str | None
    state: str
    sha256: str
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "record": self.record,
            "state": self.state,
            "sha256": self.sha256,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class SignedReport:
    """A reconciliation and the archive's detached CAdES signature over it."""

    content: bytes
    signature: bytes

    @property
    def sha256(self) -> str:
        return sha256_hex(self.content)

    def write(self, path: Path) -> None:
        """Write the report to `path` and its signature beside it (`.p7s`). Raises StorageFault."""
        try:
            path.write_bytes(self.content)
            path.with_name(path.name + ".p7s").write_bytes(self.signature)
        except OSError as error:
            raise StorageFault(
                f"the report cannot be written to {path}: {error.strerror}",
                "what was captured is captured: the same ingest again tells each file as a duplicate",
            ) from None


@dataclass(frozen=True)
class IngestReport:
    """All lines of one ingest. Every file given is on exactly one line."""

    lines: tuple[IngestLine, ...]

    @property
    def refused(self) -> int:
        return sum(line.state == "refused" for line in self.lines)

    def totals(self) -> dict[str, int]:
        """Return given = captured + duplicate + quarantined (+ refused, where a file was not accepted at all)."""
        states = [line.state for line in self.lines]
        counted = {name: states.count(name) for name in ("duplicate", "quarantined", "refused")}
        given = len(states)
        return {"given": given, "captured": given - sum(counted.values()), **counted}

    def sign(self, archive: Archive, actor: Actor, **told: Any) -> SignedReport:
        """Sign the reconciliation with the archive's seal; `told` (JSON values) says what it is of."""
        content = canonical_json(
            {
                "kind": "reconciliation",
                "archive": archive.settings.archive.name,
                "by": actor.name,
                "at": archive.clock.now().isoformat(),
                **told,
                **self.totals(),
                "files": [line.as_dict() for line in self.lines],
            }
        )
        sealed = detached_seal(content, archive.signer, archive.timestamps, archive.seal_rules)
        return SignedReport(content, sealed.content)


def ingest_paths(
    actor: Actor,
    archive: Archive,
    paths: Sequence[Path],
    office_id: UUID,
    class_code: str | None,
    level: Level | None,
    progress: ShowProgress,
) -> IngestReport:
    """Accept every file below `paths`. What is refused is reported and does not stop the others.

    Raises Refused for a class that does not exist, before any file is read.
    """
    if class_code:
        with archive.database.reader() as session:
            checked_class(session, class_code, archive.clock.today())
    placement = Placement(office_id, class_code, level)
    entries = list(entries_below(paths))
    lines = []
    with progress(len(entries)) as bar:
        for entry in entries:
            lines.append(ingest_file(actor, archive, entry, placement))
            bar.update(1)
    return IngestReport(tuple(lines))


def ingest_file(actor: Actor, archive: Archive, given: Given, placement: Placement) -> IngestLine:
    """Accept one file."""
    path = _printable(given.path)
    if given.refusal:
        return IngestLine(path, None, "refused", "", given.refusal)
    try:
        with open_given(given.path) as stream:
            size = os.fstat(stream.fileno()).st_size
            accepted = accept(actor, archive, IncomingFile(_printable(given.path.name), stream, size), placement)
    except EdmsError as error:
        return IngestLine(path, None, "refused", "", str(error))
    except OSError as error:
        return IngestLine(path, None, "refused", "", f"cannot be read: {error.strerror or error}")
    state = "duplicate" if accepted.duplicate else "captured"
    return IngestLine(path, str(accepted.record_id), state, accepted.sha256)


def _printable(name: str | Path) -> str:
    """Names on a disk are bytes; what is not UTF-8 in them is shown as such and can be signed and stored."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def wait_until_done(actor: Actor, archive: Archive, report: IngestReport, progress: ShowProgress) -> IngestReport:
    """Wait until every file has come to rest, known ones too; do the work here when no worker is alive.

    Files that wait for their surroundings are not waited for, since that may take days and nothing of them is lost; but
    those are that met what was over in a moment, such as a connection that was cut.
    """
    waiting = {UUID(line.record) for line in report.lines if line.record}
    settled: dict[UUID, Progress] = {}
    place: Place | None = None
    with progress(len(waiting)) as bar, ExitStack() as held:
        while waiting:
            if place is None and (place := take_place(archive, first_only=True)):
                held.callback(place.leave)  # tried each time round: the worker that was alive may have died
            worked = work_once(archive, place.owner) if place else False
            arrived = {
                found.record_id: found
                for found in progress_of(actor, archive, sorted(waiting))
                if found.at_rest or found.waits_long(archive.clock.now())
            }
            settled.update(arrived)
            waiting.difference_update(arrived)
            bar.update(len(arrived))
            if waiting and not worked:
                time.sleep(POLL_SECONDS)
        wait_until_indexed(archive, settled, work_here=place is not None)
    return IngestReport(tuple(_final(line, settled) for line in report.lines))


def _final(line: IngestLine, settled: dict[UUID, Progress]) -> IngestLine:
    found = settled.get(UUID(line.record)) if line.record and line.state == "captured" else None
    if found is None:
        return line
    waits = "class and level are needed before it is declared" if found.state == "awaiting_class" else ""
    return replace(line, state=found.state, reason=found.reason or waits or found.postponed)
