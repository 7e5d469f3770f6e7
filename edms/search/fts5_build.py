"""Filling a new generation of the FTS5 engine: other processes take the texts apart, this one writes.

Each process fills a segment of its own, all of them at once; when one is full its process sorts it and hands it over
list by list, while the others are given what comes. The first segments differ in size, so that not all sort at a time.
What a process that was killed leaves is a file of whole segments.
"""

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from multiprocessing.connection import Connection
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, Final

from edms.core.errors import StorageFault
from edms.search.fts5_writer import Writer, pack
from edms.search.packing import SEGMENT_CHARACTERS, SEGMENT_DOCUMENTS, Packed, Packer, Surfaces
from edms.search.protocol import IndexDocument

FEW: Final = 2048
"""So many documents are packed here: to start processes takes longer."""
_CHUNK: Final = 128
_CHUNK_CHARACTERS: Final = 4 * 1024 * 1024
_LISTS: Final = 4096
_ROWS: Final = 2048
_AHEAD: Final = 2
"""Chunks that a process has received and not taken apart yet."""


class PackingProcess:
    """A process that packs one segment after another. `share`: the part of a whole segment that its first one is."""

    def __init__(self, share: float = 1.0) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._share = share
        self._count = self._characters = 0

    @property
    def is_empty(self) -> bool:
        return not self._count

    @property
    def is_full(self) -> bool:
        """Whether another chunk may be more than a segment holds."""
        documents, characters = SEGMENT_DOCUMENTS * self._share, SEGMENT_CHARACTERS * self._share
        return self._count + _CHUNK > documents or self._characters + _CHUNK_CHARACTERS > characters

    def give(self, documents: list[IndexDocument]) -> None:
        self._say(documents)
        self._count += len(documents)
        self._characters += sum(len(document.text) for document in documents)

    def finish(self) -> None:
        """Let it make the segment of what it was given, which `take` is to be called for before anything else."""
        self._say(None)
        self._share, self._count, self._characters = 1.0, 0, 0

    def take(self) -> Packed:
        """Wait for the segment; its posting lists come while they are read, and are to be read to their end."""
        packed: Packed = self._hear()
        while some := self._hear():
            packed.documents += some
        packed.postings = self._postings()
        return packed

    def _postings(self) -> Iterator[tuple[int, bytes, int, bytes]]:
        while lists := self._hear():
            yield from lists

    def _hear(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise _ended() from None

    def _say(self, what: list[IndexDocument] | None) -> None:
        try:
            self._pipe.send(what)
        except OSError:
            raise _ended() from None

    def stop(self) -> None:
        """End it; whoever waits for it is told."""
        self._process.terminate()
        self._process.join()

    def close(self) -> None:
        self._pipe.close()


def _ended() -> StorageFault:
    return StorageFault("a process that builds the index ended", "is there memory enough? search.build_processes")


def _work(pipe: Connection) -> None:
    """Pack what comes through the pipe until it is closed: lists of documents, None at the end of a segment."""
    given: Queue[list[IndexDocument] | EOFError | None] = Queue(_AHEAD)
    Thread(target=_receive, args=(pipe, given), daemon=True).start()
    surfaces = Surfaces()
    packer = Packer(surfaces)
    while not isinstance(documents := given.get(), EOFError):
        if documents is None:
            packed = packer.documents()
            rows, packed.documents = packed.documents, []
            pipe.send(packed)
            while rows:  # not all at once: what is sent stands in memory twice on either side
                pipe.send(rows[:_ROWS])
                del rows[:_ROWS]
            pipe.send([])
            lists = packer.postings()
            while some := list(islice(lists, _LISTS)):
                pipe.send(some)
            pipe.send([])
            packer = Packer(surfaces)
        else:
            for document in documents:
                packer.add(document)


def _receive(pipe: Connection, given: "Queue[list[IndexDocument] | EOFError | None]") -> None:
    while True:
        try:
            given.put(pipe.recv())
        except (EOFError, OSError):
            given.put(EOFError())
            return


class _Processes:
    """Packing processes, and one thread that stores what they made in the order of their finishing."""

    def __init__(self, count: int, writer: Writer) -> None:
        self._writer = writer
        self._all = [PackingProcess((number + 1) / count) for number in range(count)]
        self._thread = ThreadPoolExecutor(1, "index-store")
        self._storing: dict[PackingProcess, Future[None]] = {}
        self._turn = 0

    def __enter__(self) -> "_Processes":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in self._all:
            one.stop()
        self._thread.submit(self._writer.close)
        self._thread.shutdown()
        for one in self._all:
            one.close()

    def fill(self, chunks: Iterator[list[IndexDocument]]) -> None:
        """Pack and store all documents."""
        for chunk in chunks:
            one = self._free()
            one.give(chunk)
            if one.is_full:
                self._finish(one)
        for one in self._all:
            if not one.is_empty:
                self._finish(one)
        for stored in self._storing.values():
            stored.result()

    def _finish(self, one: PackingProcess) -> None:
        one.finish()
        self._storing[one] = self._thread.submit(lambda: self._writer.store_all([one.take()]))

    def _free(self) -> PackingProcess:
        """Return the next in turn that takes documents; wait where each has a segment that is not stored yet."""
        if len(self._storing) == len(self._all):
            wait(self._storing.values(), return_when=FIRST_COMPLETED)
        for one, stored in list(self._storing.items()):
            if stored.done():
                stored.result()
                del self._storing[one]
        while True:
            self._turn = (self._turn + 1) % len(self._all)
            if self._all[self._turn] not in self._storing:
                return self._all[self._turn]


class Builder:
    """Fills one file, which nobody reads yet."""

    def __init__(self, writer: Writer, processes: int) -> None:
        self._writer = writer
        self._processes = processes

    def fill(self, documents: Iterable[IndexDocument]) -> int:
        """Put all documents in, and take out what else the file holds of an earlier run; returns how many there are."""
        counted = _Counted(documents)
        left = self._writer.standing()
        wanted = (one for one in counted if left.pop(one.record_id, None) != one.version) if left else iter(counted)
        begun = list(islice(wanted, FEW))
        if not self._processes or len(begun) < FEW:
            for chunk in _chunks(_chain(begun, wanted), SEGMENT_DOCUMENTS):
                self._writer.store_all(pack(chunk))
        else:
            with _Processes(self._processes, self._writer) as processes:
                processes.fill(_chunks(_chain(begun, wanted), _CHUNK))
        if left:
            self._writer.take_out(left)
        return counted.count


class _Counted:
    def __init__(self, documents: Iterable[IndexDocument]) -> None:
        self._documents = documents
        self.count = 0

    def __iter__(self) -> Iterator[IndexDocument]:
        for document in self._documents:
            self.count += 1
            yield document


def _chain(begun: list[IndexDocument], rest: Iterator[IndexDocument]) -> Iterator[IndexDocument]:
    yield from begun
    begun.clear()
    yield from rest


def _chunks(documents: Iterator[IndexDocument], most: int) -> Iterator[list[IndexDocument]]:
    """Yield the documents in lists of at most `most`, and of no more characters than a segment (a chunk) has."""
    bound = _CHUNK_CHARACTERS if most == _CHUNK else SEGMENT_CHARACTERS
    chunk, size = list[IndexDocument](), 0
    for document in documents:
        chunk.append(document)
        size += len(document.text)
        if len(chunk) >= most or size >= bound:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
