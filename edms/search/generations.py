"""The folder of the index: generations, which of them serves, who writes, and what came in while one was built.

lock                 held (flock) by the one writer
rebuild.lock         held (flock) while a generation is built
CURRENT              sealed: which generation serves
generation-N/        the files of a generation
removed-N/           what is left of one that was killed while it was removed
generation-N/journal-M   sealed: changes that came in while generation N was built
"""

import datetime
import fcntl
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

from edms.core.errors import IntegrityFault, StorageFault
from edms.core.segments import SegmentReader
from edms.search.encrypted_storage import FORMAT, seal_file, sync_folder
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.protocol import Change, Delete, IndexDocument, Upsert

CURRENT = "CURRENT"
_WAIT = 0.02


class Generations:
    """The generations of one index under one key (32 bytes)."""

    def __init__(self, folder: Path, key: bytes, content: str = "*.seg") -> None:
        """Keep to `folder`; a generation with a file like `content` holds something."""
        self.folder = folder
        self._content = content
        self._key = key
        self._current: tuple[tuple[int, int, int], tuple[int, int]] | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, number: int) -> Path:
        return self.folder / f"generation-{number}"

    def numbers(self) -> list[int]:
        """Return the generations whose folders exist, ascending."""
        names = (entry.name.removeprefix("generation-") for entry in self.folder.glob("generation-*"))
        return sorted(int(name) for name in names if name.isdecimal())

    def current(self) -> tuple[int, int] | None:
        """Return (number, analysis version) of the generation that serves, or None when there is no index yet.

        Raises IndexDamaged.
        """
        try:
            state = (self.folder / CURRENT).stat()
        except FileNotFoundError:
            if any(any(self.path(number).glob(self._content)) for number in self.numbers()):
                raise IndexDamaged(f"index file {CURRENT} is missing") from None
            return None
        mark = (state.st_ino, state.st_mtime_ns, state.st_size)
        if not self._current or self._current[0] != mark:
            content = json.loads(read_sealed(self.folder / CURRENT, self._key, self._bound(CURRENT)))
            self._current = (mark, (int(content["generation"]), int(content["analysis"])))
        return self._current[1]

    def switch(self, number: int, analysis: int) -> None:
        """Let a generation serve from now on, and remove the others. Durable on return."""
        content = json.dumps({"generation": number, "analysis": analysis}).encode()
        beside = self.folder / f"{CURRENT}.new"
        seal_file(beside, self._key, self._bound(CURRENT), io.BytesIO(content))
        sync_folder(self.folder)
        beside.rename(self.folder / CURRENT)
        sync_folder(self.folder)
        self.keep_only(number)

    def writable(self, analysis: int, create: Callable[[], int]) -> int:
        """Return the generation that serves; where there is none yet, the one that `create` makes."""
        current = self.current()
        if current:
            return current[0]
        number = create()
        self.switch(number, analysis)
        return number

    def next_number(self) -> int:
        """Return the number of a generation that is to be made."""
        return (self.numbers() or [0])[-1] + 1

    def keep_only(self, *numbers: int) -> None:
        """Remove every other generation, and what an earlier removal left."""
        for other in self.numbers():
            if other not in numbers:
                self.remove(other)
        for left in self.folder.glob("removed-*"):
            shutil.rmtree(left, ignore_errors=True)

    def remove(self, number: int) -> None:
        """Remove a generation. For whoever is opening it all of its files go at one moment, none before another."""
        aside = self.folder / f"removed-{number}"
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(OSError):
            self.path(number).rename(aside)
        for folder in (aside, self.path(number)):
            shutil.rmtree(folder, ignore_errors=True)

    def _bound(self, name: str) -> bytes:
        return f"{FORMAT}|{name}".encode()

    # Locks

    @contextmanager
    def writing(self, wait_seconds: float) -> Iterator[None]:
        """Hold the writer lock. Raises IndexBusy when another holds it for longer than `wait_seconds`."""
        with self._lock("lock", wait_seconds, "the index is being written by another process"):
            yield

    @contextmanager
    def building(self) -> Iterator[None]:
        """Hold the right to build a generation. Raises IndexBusy when another is building."""
        # A moment's wait, because `is_building` of another process may just be looking.
        with self._lock("rebuild.lock", 0.5, "the index is being rebuilt by another process"):
            yield

    def is_building(self) -> bool:
        try:
            with self._lock("rebuild.lock", 0, ""):
                return False
        except IndexBusy:
            return True

    @contextmanager
    def _lock(self, name: str, wait_seconds: float, refusal: str) -> Iterator[None]:
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for attempt in range(int(wait_seconds / _WAIT) + 1):
                if attempt:
                    time.sleep(_WAIT)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    continue
            else:
                raise IndexBusy(refusal, "try again when it has finished")
            yield
        finally:
            os.close(descriptor)

    # Changes that came in while a generation was built

    def journal(self, changes: Sequence[Change]) -> None:
        """Keep the changes for the generation that is being built, if one is. Durable on return."""
        current = self.current()
        newer = [number for number in self.numbers() if number > (current[0] if current else 0)]
        if newer and self.is_building():
            self.write_journal(newer[-1], changes)

    def write_journal(self, number: int, changes: Sequence[Change]) -> None:
        """Keep the changes for a generation that is being built. Durable on return."""
        folder = self.path(number)
        name = f"journal-{sum(1 for _ in folder.glob('journal-*')):08d}"
        content = json.dumps([_to_json(change) for change in changes], ensure_ascii=False).encode()
        seal_file(folder / name, self._key, self._bound(f"{number}|{name}"), io.BytesIO(content))
        sync_folder(folder)

    def read_journal(self, number: int) -> Iterator[list[Change]]:
        """Yield the batches kept for a generation, in order."""
        for path in sorted(self.path(number).glob("journal-*")):
            content = read_sealed(path, self._key, self._bound(f"{number}|{path.name}"))
            yield [_from_json(item) for item in json.loads(content)]

    def drop_journal(self, number: int) -> None:
        for path in self.path(number).glob("journal-*"):
            path.unlink()


def read_sealed(path: Path, key: bytes, associated_data: bytes) -> bytes:
    """Return the plaintext of a small sealed file. Raises IndexDamaged, StorageFault."""
    try:
        with path.open("rb") as raw, SegmentReader(cast(BinaryIO, raw), key, associated_data) as reader:
            return reader.readall()
    except IntegrityFault as fault:
        raise IndexDamaged(f"index file {path.name} is not authentic") from fault
    except OSError as error:
        raise StorageFault(f"the index file {path.name} cannot be read: {error.strerror}") from error


def _to_json(change: Change) -> dict[str, object]:
    if isinstance(change, Delete):
        return {"delete": change.record_id, "version": change.version}
    document = change.document
    date = document.date.isoformat() if document.date else None
    return {**asdict(document), "date": date, "features": sorted(document.features)}


def _from_json(item: dict[str, object]) -> Change:
    if "delete" in item:
        return Delete(str(item["delete"]), int(str(item["version"])))
    day, features = item.pop("date"), cast(list[str], item.pop("features", []))
    fields = cast(dict[str, str], item)
    date = datetime.date.fromisoformat(str(day)) if day else None
    return Upsert(IndexDocument(**fields, date=date, features=frozenset(features)))  # type: ignore[arg-type]
