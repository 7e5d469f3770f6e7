"""Filling a new generation of the FTS5 engine: other processes take the texts apart, this one writes.

Each process packs a segment of its own; while one sorts, the next is given documents. What a process that was killed
leaves is a file of whole segments.
"""

import multiprocessing
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final

from edms.core.errors import StorageFault
from edms.search.fts5_writer import Writer, pack
from edms.search.packing import SEGMENT_CHARACTERS, SEGMENT_DOCUMENTS, Packed, Packer, Surfaces
from edms.search.protocol import IndexDocument

FEW: Final = 2048
"""So many documents are packed here: to start processes takes longer."""
_CHUNK: Final = 128
_CHUNK_CHARACTERS: Final = 4 * 1024 * 1024


class PackingProcess:
    """A process that packs one segment after another."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.waiting = False

    def give(self, documents: list[IndexDocument]) -> None:
        self._say(documents)

    def finish(self) -> None:
        """Let it make the segment of what it was given; `take` waits for it."""
        self._say(None)
        self.waiting = True

    def take(self) -> Packed:
        self.waiting = False
        try:
            packed: Packed = self._pipe.recv()
        except EOFError:
            raise _ended() from None
        return packed

    def _say(self, what: list[IndexDocument] | None) -> None:
        try:
            self._pipe.send(what)
        except OSError:
            raise _ended() from None

    def end(self) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _ended() -> StorageFault:
    return StorageFault("a process that builds the index ended", "is there memory enough? search.build_processes")


def _work(pipe: Connection) -> None:
    """Pack what comes through the pipe until it is closed: lists of documents, None at the end of a segment."""
    surfaces = Surfaces()
    packer = Packer(surfaces)
    while True:
        try:
            given = pipe.recv()
        except EOFError:
            return
        if given is None:
            pipe.send(packer.finish())
            packer = Packer(surfaces)
        else:
            for document in given:
                packer.add(document)


class _Processes:
    def __init__(self, count: int) -> None:
        self._all = [PackingProcess() for _ in range(count)]
        self._turn = 0

    def __enter__(self) -> "_Processes":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in self._all:
            one.end()

    def packed(self, chunks: Iterator[list[IndexDocument]]) -> Iterator[Packed]:
        """Yield the segments of the documents."""
        count = characters = 0
        for chunk in chunks:
            one = self._all[self._turn]
            if one.waiting:
                yield one.take()
            one.give(chunk)
            count, characters = count + len(chunk), characters + sum(len(document.text) for document in chunk)
            if count + _CHUNK > SEGMENT_DOCUMENTS or characters + _CHUNK_CHARACTERS > SEGMENT_CHARACTERS:
                one.finish()
                self._turn = (self._turn + 1) % len(self._all)
                count = characters = 0
        if count:
            self._all[self._turn].finish()
        for step in range(1, len(self._all) + 1):
            one = self._all[(self._turn + step) % len(self._all)]
            if one.waiting:
                yield one.take()


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
            with _Processes(self._processes) as processes:
                for packed in processes.packed(_chunks(_chain(begun, wanted), _CHUNK)):
                    self._writer.store_all([packed])
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
