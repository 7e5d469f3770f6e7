"""Writes the terms of a segment and their posting lists: byte for byte what Whoosh's own field writer would write.

Whoosh writes each term in a dozen small steps. A segment of a few documents has hundreds of terms for each, nearly all
of them in one document, so those steps were most of a commit. Here a term is one call, and files grow in large pieces.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from whoosh.codec.base import FieldWriter
from whoosh.codec.whoosh3 import W3Codec
from whoosh.filedb.filetables import OrderedHashWriter, _dir_entry, _lengths, _pointer

from edms.search.errors import IndexDamaged

_PIECE = 64 * 1024
_EMPTY_SLOT = bytes(_pointer.size)
_pack_lengths, _pack_pointer = _lengths.pack, _pointer.pack


class _Gathered:
    """Bytes on their way to a file, handed on in large pieces. `at` is where the next ones will lie."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._held = bytearray()
        self.at = int(file.tell())

    def add(self, data: bytes) -> None:
        self._held += data
        self.at += len(data)
        if len(self._held) >= _PIECE:
            self.hand_on()

    def hand_on(self) -> None:
        self._file.write(bytes(self._held))
        self._held.clear()


class TermDictionary(OrderedHashWriter):  # type: ignore[misc]
    """Whoosh's ordered hash of terms, format HSH3 with MD5."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._gathered = _Gathered(file)
        self._before = b""

    def add(self, key: bytes, value: bytes) -> None:
        """Add one entry. Keys ascend; one that does not raises IndexDamaged, since it came from a segment."""
        if key <= self._before:
            raise IndexDamaged("the terms of the index are out of order")
        self._before = key
        at = self._gathered.at
        self.index.append(at)
        self._gathered.add(_pack_lengths(len(key), len(value)) + key + value)
        digest = hashlib.md5(key, usedforsecurity=False).digest()
        self.buckets[digest[-1]].append((int.from_bytes(digest[-4:], "big"), at))

    def _write_hashes(self) -> None:
        """Write the 256 tables: open addressing, twice as many slots as entries."""
        for entries in self.buckets:
            slots = 2 * len(entries)
            self.directory.append((self._gathered.at, slots))
            table = [_EMPTY_SLOT] * slots
            for hashed, position in entries:
                slot = (hashed >> 8) % slots
                while table[slot] is not _EMPTY_SLOT:
                    slot = (slot + 1) % slots
                table[slot] = _pack_pointer(hashed, position)
            self._gathered.add(b"".join(table))

    def _write_directory(self) -> None:
        self._gathered.add(b"".join(_dir_entry.pack(*entry) for entry in self.directory))
        self._gathered.hand_on()


class TermWriter(FieldWriter):  # type: ignore[misc]
    """Takes whole posting lists, encoded, in order of field and term."""

    def __init__(self, storage: Any, segment: Any, entry: Any) -> None:
        """Make the files of `segment`; `entry(ids, frequencies, offset, length)` is what is kept of a term."""
        self.is_closed = False
        self._entry = entry
        self._dictionary = TermDictionary(segment.create_file(storage, W3Codec.TERMS_EXT))
        self._fields = self._dictionary.extras["fieldmap"] = dict[str, int]()
        self._file = segment.create_file(storage, W3Codec.POSTS_EXT)
        self._postings = _Gathered(self._file)

    def add_term(
        self, field: str, term: bytes, ids: Sequence[int], frequencies: Sequence[int], postings: bytes
    ) -> None:
        """Write one term: the documents it is in, how often in each, and its encoded list."""
        number = self._fields.setdefault(field, len(self._fields))
        entry = self._entry(ids, frequencies, self._postings.at, len(postings))
        self._postings.add(postings)
        self._dictionary.add(number.to_bytes(2, "big") + term, entry)

    def close(self) -> None:
        """Finish both files."""
        self.is_closed = True
        self._dictionary.close()
        self._postings.hand_on()
        self._file.close()
