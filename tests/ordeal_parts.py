"""What an ordeal is made of: files of known outcome, a clerk with a browser, a PostgreSQL to kill and cut."""

import csv
import hashlib
import http.client
import http.cookiejar
import json
import random
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from archive_fixtures import pdf
from postgresql_server import started, until_it_stands
from sqlalchemy import NullPool, create_engine, text

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
_CUT = text(
    "SELECT state <> 'idle' AS at_work, state = 'active' AND query ILIKE 'COMMIT%' AS committing, "
    "pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND (:idle OR state <> 'idle')"
)
_HEADERS = {"Content-Type": "application/octet-stream", "Accept": "application/json"}


@dataclass
class Batch:
    """Files below one folder, and the manifests of its parts; `expected` where the outcome of each file is known."""

    folder: Path
    paths: list[str]
    expected: dict[str, str] = field(default_factory=dict)

    def manifest(self, where: Path, share: float) -> Path:
        """Write the manifest of the first `share` of the files."""
        count = max(1, round(len(self.paths) * share))
        name = where / f"{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}-{count:04}.csv"
        with name.open("w", newline="", encoding="utf-8") as out:
            rows = ((path, f"Berkas {number}", "000.1.5", "open") for number, path in enumerate(self.paths[:count]))
            csv.writer(out).writerows([("Berkas", "Uraian", "Kode", "Sifat"), *rows])
        return name


def letters(folder: Path, count: int, chance: random.Random) -> Batch:
    """Make `count` letters: of each ten one is damaged and one the same as the one before it."""
    folder.mkdir()
    batch, content = Batch(folder, []), b""
    for number in range(count):
        path = f"{number // 50:02}/surat-{number:04}.pdf"
        kind = {9: "quarantined", 8: "duplicate"}.get(number % 10, "declared")
        if kind == "declared":
            content = pdf(f"Surat nomor {number} tentang saluran air kelurahan {chance.getrandbits(64):x}")
        damaged = f"%PDF-1.7\nrusak {number}".encode()
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(damaged if kind == "quarantined" else content)
        batch.paths.append(path)
        batch.expected[path] = kind
    return batch


def from_corpus(corpus: Path, count: int, chance: random.Random) -> Batch:
    """Choose `count` small real documents, hostile ones among them, to be read where they lie."""
    found = [
        str(path.relative_to(corpus))
        for name in ("born-digital", "hostile", "mail", "scanned")
        for path in sorted((corpus / name).rglob("*"))
        if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size < 120_000 and ";" not in str(path)
    ]
    return Batch(corpus, sorted(chance.sample(found, count)))


class Clerk:
    """Somebody who sends files to the page server and writes down what was acknowledged."""

    def __init__(self, address: str, password: str) -> None:
        self._address, self._password = address, password
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self.acknowledged: dict[str, str] = {}
        self.sent: dict[str, bytes] = {}

    def send(self, name: str, content: bytes) -> bool:
        """Send one file; True when it was acknowledged."""
        self.sent[name] = content
        try:
            request = urllib.request.Request(f"{self._address}/capture/files?class=000.1.5&level=open", content)
            told = {**_HEADERS, "X-CSRFToken": self._token(), "X-File-Name": name}
            for header, value in told.items():
                request.add_header(header, value)
            with self._opener.open(request, timeout=180) as answer:
                record: str = json.loads(answer.read())["record"]
        except (OSError, urllib.error.HTTPError, http.client.HTTPException, ValueError):
            return False
        known = self.acknowledged.setdefault(name, record)
        assert known == record, f"{name} was captured twice"
        return True

    def headers(self) -> dict[str, str]:
        """What the requests of somebody carry who is signed in."""
        token = self._token()
        return {"X-CSRFToken": token, "Cookie": "; ".join(f"{one.name}={one.value}" for one in self._jar)}

    def _token(self) -> str:
        page = self._page("/sign-in")
        if 'name="password"' in page:
            form = {"csrf_token": _token_in(page), "username": "clerk-bappeda", "password": self._password}
            self._page("/sign-in", urllib.parse.urlencode(form).encode())
            page = self._page("/")
        return _token_in(page)

    def _page(self, path: str, form: bytes | None = None) -> str:
        with self._opener.open(self._address + path, form, timeout=180) as answer:
            page: bytes = answer.read()
            return page.decode()


def _token_in(page: str) -> str:
    found = _TOKEN.search(page)
    if not found:
        raise ValueError("a page without a token")
    return found.group(1)


class PostgreSql:
    """A PostgreSQL server that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = started(folder)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def kill(self) -> None:
        """SIGKILL for the postmaster, then wait until all its backends have seen it, then recovery."""
        postmaster = psutil.Process(self._server.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        psutil.wait_procs(family, timeout=120)
        until_it_stands(self._server.ensure_postgres_running)

    def stop(self) -> None:
        self._server.cleanup()


class Cuts:
    """Cuts sessions of a database, as long as it is entered, at moments that a seed chooses: all of them, or those that
    are in a transaction, as soon as there are any. Counts its cuts, the sessions cut, those of them that were in a
    transaction, and those that were committing.

    What works on a database that is cut more often than it can do anything never ends: there are at most MOST cuts.
    """

    MOST = 12

    def __init__(self, url: str, seed: int, longest_pause: float = 1.0) -> None:
        self.counted: Counter[str] = Counter()
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._chance, self._pause, self._over = random.Random(seed), longest_pause, threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="cuts")

    def __enter__(self) -> "Cuts":
        self._thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        while self.counted["cuts"] < self.MOST and not self._over.wait(self._chance.uniform(0, self._pause)):
            at_work = self._chance.random() < 0.7
            while not self.cut(at_work=at_work) and at_work and not self._over.wait(0.002):
                pass

    def cut(self, *, at_work: bool) -> int:
        """Cut all sessions, or those in a transaction, now; return how many."""
        with self._engine.connect() as connection:
            cut = connection.execute(_CUT, {"idle": not at_work}).all()
        if cut:
            told = {"cuts": 1, "sessions": len(cut), "in a transaction": sum(one.at_work for one in cut)}
            self.counted.update({**told, "committing": sum(one.committing for one in cut)})
        return len(cut)
