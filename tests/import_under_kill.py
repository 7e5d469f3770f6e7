"""An import whose server, workers, parsers, command and database are killed again and again, and what must hold after.

Every round starts the import of a growing part of the files, sends a file to the page server, waits for a moment that
a seed chooses, and kills one victim with SIGKILL, or cuts the connections to the database again and again until the
imports have ended. What anybody was told (a line of a finished import, 202 for an
upload) and what was committed at the end of a round must be the same at the end of all rounds.
"""

import contextlib
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from archive_fixtures import pdf, settings_in
from ordeal_parts import Batch, Clerk, Cuts, PostgreSql
from ports import free_port
from sqlalchemy import func, select

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.capture.intake_model import Arrival
from edms.core.errors import EdmsError
from edms.jobs.model import Job, JobState
from edms.records.model import Component, ComponentRole, Record
from edms.records.people import new_password

EDMS = [sys.executable, "-m", "edms.cli.main"]
MAPPING = '[columns]\nfile = "Berkas"\ntitle = "Uraian"\nclass = "Kode"\nlevel = "Sifat"\n'
MOMENTS = ("as it starts", "as it takes files in", "while files are worked on")


class Ordeal:
    """One archive, what is imported into it, and who is killed."""

    def __init__(self, home: Path, batches: list[Batch], seed: int, postgresql: PostgreSql | None = None) -> None:
        self.home, self.batches, self.postgresql = home, batches, postgresql
        self.chance = random.Random(seed)
        self.port = free_port()
        self.config = home / "config.toml"
        url = postgresql.url if postgresql else ""
        self.config.write_text(
            f'[database]\nurl = "{url}"\n[server]\nport = {self.port}\n'
            "[worker]\nlease_seconds = 5\npoll_seconds = 0.05\n[access]\nchoose_own_password = false\n"
        )
        (home / "mapping.toml").write_text(MAPPING)
        self.archive = open_archive(settings_in(home, url))
        password = new_password(console_actor("tests"), self.archive, "clerk-bappeda")
        self.clerk = Clerk(f"http://127.0.0.1:{self.port}", password)
        self.server: subprocess.Popen[bytes] | None = None
        self.told: dict[tuple[Path, str], str] = {}
        self.committed: dict[str, str] = {}
        self.kills: Counter[tuple[str, str]] = Counter()
        self.at_work: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()

    # What is alive

    def _processes(self, *words: str) -> list[psutil.Process]:
        """Our processes whose command line has all of `words`."""
        mine = {process.pid: process for process in self._family()}
        found = []
        for process in mine.values():
            with contextlib.suppress(psutil.Error):
                line = process.cmdline()
                if all(any(word in part for part in line) for word in words):
                    found.append(process)
        return found

    def _family(self) -> list[psutil.Process]:
        roots = [p for p in psutil.process_iter(["cmdline"]) if str(self.config) in (p.info["cmdline"] or ())]
        found = {process.pid: process for process in roots}
        for root in roots:
            with contextlib.suppress(psutil.Error):
                found.update({child.pid: child for child in root.children(recursive=True)})
        return list(found.values())

    def serve(self) -> None:
        """Start the server when it is not alive, and wait until it answers."""
        if self.server is None or self.server.poll() is not None:
            command = [*EDMS, "--config", str(self.config), "serve", "--workers", "2"]
            with (self.home / "serve.log").open("ab") as log:
                self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert self._until(self._answers, 180), "the server does not answer"

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=60) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @staticmethod
    def _until(holds: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.01)
        return False

    def end(self) -> None:
        """Leave no process behind."""
        for process in self._family():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.server is not None:
            self.server.wait(120)
        self.archive.sandbox.close()
        self.archive.database.close()
        if self.postgresql:
            self.postgresql.stop()

    # One round

    def victims(self) -> list[str]:
        kinds = ["server", "worker", "parser", "import"]
        return kinds + (["connections", "database server"] if self.postgresql else [])

    def round(self, kind: str, share: float, number: int) -> None:
        """Import `share` of the files, and meanwhile kill a victim of this kind."""
        self.serve()
        before = self._count(Arrival.id)
        imports = [self._import(batch, share) for batch in self.batches]
        sender = threading.Thread(target=self.clerk.send, args=_upload(number))
        sender.start()
        moment = self._await_moment(before, imports)
        self.at_work["imports running"] += sum(one.poll() is None for one in imports)
        self.at_work["rounds with unfinished work"] += self._unfinished() > 0
        with self._cutting(kind):
            hit = self._kill(kind, imports)
            self.kills[kind if hit else f"{kind} (none alive)", moment] += 1
            for batch, one in zip(self.batches, imports, strict=True):
                self._hear(batch, one, killed=kind == "import")
            sender.join()
        self._remember()

    def _import(self, batch: Batch, share: float, *more: str) -> subprocess.Popen[str]:
        command = [*EDMS, "--config", str(self.config), "import", str(batch.folder), "--manifest",
                   str(batch.manifest(self.home, share)), "--mapping", str(self.home / "mapping.toml"),
                   "--as", "clerk-dinkes", "--json", *more]  # fmt: skip
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def _await_moment(self, before: int, imports: list[subprocess.Popen[str]]) -> str:
        """Wait for the moment that the seed chooses; say which it was."""
        moment = self.chance.choice(MOMENTS)
        if moment == MOMENTS[0]:
            time.sleep(self.chance.uniform(0, 2.0))
            return moment
        self._until(lambda: self._count(Arrival.id) > before or all(one.poll() is not None for one in imports), 180)
        time.sleep(self.chance.uniform(0, 0.15 if moment == MOMENTS[1] else 1.5))
        return moment

    def _kill(self, kind: str, imports: list[subprocess.Popen[str]]) -> bool:
        if kind == "database server":
            assert self.postgresql
            self.postgresql.kill()
            return True
        if kind == "connections":
            return True
        victims = {
            "server": lambda: [psutil.Process(self.server.pid)] if self.server else [],
            "worker": lambda: self._one(self._processes("worker", "--parent")),
            "parser": lambda: self._one(self._processes("edms.core.sandbox_server")),
            "import": lambda: [psutil.Process(one.pid) for one in imports if one.poll() is None],
        }[kind]()
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        return bool(victims)

    @contextlib.contextmanager
    def _cutting(self, kind: str) -> Iterator[None]:
        if kind != "connections":
            yield
            return
        assert self.postgresql
        with Cuts(self.postgresql.url, self.chance.getrandbits(32)) as cuts:
            yield
        self.cut.update(cuts.counted)

    def _one(self, found: list[psutil.Process]) -> list[psutil.Process]:
        return [self.chance.choice(sorted(found, key=lambda one: one.pid))] if found else []

    def _hear(self, batch: Batch, one: subprocess.Popen[str], *, killed: bool) -> None:
        """Keep what a finished import told; one that could not go on says why, in one line."""
        out, err = one.communicate(timeout=600)
        self.ended[{0: "finished", -9: "killed"}.get(one.returncode, "gave up, and said why")] += 1
        if one.returncode == 0:
            self._told(batch, out)
            return
        if one.returncode == -9:
            assert killed, "an import was killed by somebody else"
            return
        assert one.returncode in (1, 2), (one.returncode, err)
        assert err.startswith("edms: "), err
        assert err.count("\n") == 1, err

    def _told(self, batch: Batch, out: str) -> dict[str, Any]:
        *lines, total = [json.loads(line) for line in out.splitlines()]
        for line in lines:
            assert line["record"], line
            known = self.told.setdefault((batch.folder, line["path"]), line["record"])
            assert known == line["record"], f"{line['path']} was captured twice"
        return {"lines": lines, "total": total}

    def _remember(self) -> None:
        """What is committed now stays so."""
        now = self._arrivals()
        assert {key: now.get(key) for key in self.committed} == self.committed, "a committed arrival is gone or another"
        self.committed = now

    def _arrivals(self) -> dict[str, str]:
        with self.archive.database.reader() as session:
            rows = session.execute(select(Arrival.source, Arrival.identity, Arrival.record_id)).all()
        found = {f"{source} {identity}": str(record) for source, identity, record in rows}
        assert len(found) == len(rows), "a file arrived twice"
        return found

    def _count(self, column: Any) -> int:
        try:
            with self.archive.database.reader() as session:
                return session.scalar(select(func.count(column))) or 0
        except EdmsError:
            return 0

    def _unfinished(self) -> int:
        try:
            with self.archive.database.reader() as session:
                ready = select(func.count()).select_from(Job).where(Job.state == JobState.READY.value)
                return session.scalar(ready) or 0
        except EdmsError:
            return 0

    # The end

    def settle(self) -> list[dict[str, Any]]:
        """Let everything come to rest; return what each import told at its end, its signed report checked."""
        self.serve()
        for name, content in list(self.clerk.sent.items()):
            if name not in self.clerk.acknowledged:
                assert self.clerk.send(name, content), f"{name} is not taken in by a server that is well"
        return [self._final(batch) for batch in self.batches]

    def _final(self, batch: Batch) -> dict[str, Any]:
        report = self.home / f"report-{batch.folder.name}.json"
        done = self._import(batch, 1.0, "--wait", "--report", str(report))
        out, err = done.communicate(timeout=1200)
        assert done.returncode == 0, err
        found = self._told(batch, out)
        signed = json.loads(report.read_bytes())
        for name in ("given", "captured", "duplicate", "quarantined", "refused"):
            assert signed[name] == found["total"][name]
        roots = self.home / "roots.pem"
        roots.write_text(self.run("keys", "public"))
        check = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{report}.p7s", "-content",
                 str(report), "-CAfile", str(roots), "-purpose", "any", "-out", "/dev/null"]  # fmt: skip
        assert subprocess.run(check, capture_output=True, check=False).returncode == 0, "the report's signature"
        return found

    def run(self, *arguments: str) -> str:
        command = [*EDMS, "--config", str(self.config), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
        assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
        return done.stdout

    def require_exact(self, finals: list[dict[str, Any]]) -> dict[str, int]:
        """Given = captured + duplicate + quarantined, each record once and with the bytes of its file."""
        with self.archive.database.reader() as session:
            originals = select(Record.id, Record.state, Component).join(Component)
            rows = session.execute(originals.where(Component.role == ComponentRole.ORIGINAL.value)).all()
            held = {str(record): (state, part.blob.sha256) for record, state, part in rows}
            assert session.scalar(select(func.count(Record.id))) == len(rows) == len(held)
            given_up = select(func.count(Record.id)).where(Record.problem_code == "processing_failed")
            faultless = session.scalar(given_up) or 0
        new: list[str] = [self.clerk.acknowledged[name] for name in self.clerk.sent]
        for name, content in self.clerk.sent.items():
            assert held[self.clerk.acknowledged[name]][1] == hashlib.sha256(content).hexdigest()
        totals: Counter[str] = Counter()
        for batch, final in zip(self.batches, finals, strict=True):
            total = final["total"]
            assert total["given"] == len(batch.paths) == len(final["lines"])
            assert total["given"] == total["captured"] + total["duplicate"] + total["quarantined"]
            assert total["refused"] == 0
            for line in final["lines"]:
                state, sha256 = held[line["record"]]
                content = (batch.folder / line["path"]).read_bytes()
                assert sha256 == line["sha256"] == hashlib.sha256(content).hexdigest()
                assert line["state"] in (state, "duplicate"), line
                assert line["state"] == batch.expected.get(line["path"], line["state"]), line
                new += [line["record"]] if line["state"] != "duplicate" else []
            totals.update({name: total[name] for name in ("given", "captured", "duplicate", "quarantined")})
        assert len(new) == len(set(new)), "a record stands for two files"
        assert set(new) == set(held), "there is a record that nobody was told of"
        assert self.committed.items() <= self._arrivals().items()
        return {**totals, "uploaded": len(self.clerk.sent), "records": len(held), "given up": faultless}


def _upload(number: int) -> tuple[str, bytes]:
    return f"unggahan-{number:03}.pdf", pdf(f"Berkas yang diunggah dengan nomor {number}")
