"""Sealed streams: round trips, range reads, and every way to tamper with one."""

import io
import os
import random
import tracemalloc
from collections.abc import Callable
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.core.errors import IntegrityFault, StorageFault
from edms.core.segments import (
    FIRST_PLAIN_BYTES,
    HEADER_BYTES,
    PLAIN_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    SegmentReader,
    SegmentWriter,
    ciphertext_size,
    plaintext_size,
)

KEY = bytes(range(32))
DATA = b"edms.blob.v1|test|original"
BORDERS = [
    0,
    1,
    FIRST_PLAIN_BYTES - 1,
    FIRST_PLAIN_BYTES,
    FIRST_PLAIN_BYTES + 1,
    FIRST_PLAIN_BYTES + PLAIN_BYTES - 1,
    FIRST_PLAIN_BYTES + PLAIN_BYTES,
    FIRST_PLAIN_BYTES + PLAIN_BYTES + 1,
]
THREE_SEGMENTS = FIRST_PLAIN_BYTES + PLAIN_BYTES + 1000
CONTENT = random.Random(7).randbytes(THREE_SEGMENTS)


def sealed(content: bytes, key: bytes = KEY, data: bytes = DATA, steps: tuple[int, ...] = ()) -> bytes:
    raw = io.BytesIO()
    with SegmentWriter(raw, key, data) as writer:
        start = 0
        for step in steps:
            writer.write(content[start : start + step])
            start += step
        writer.write(content[start:])
    return raw.getvalue()


def reader(content: bytes, key: bytes = KEY, data: bytes = DATA) -> SegmentReader:
    return SegmentReader(io.BytesIO(content), key, data)


SEALED = sealed(CONTENT)


class CountingRaw(io.BytesIO):
    """Notes which bytes are asked for, so that a test can say which segments were touched."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.segments: list[int] = []

    def readinto(self, buffer: object) -> int:
        if self.tell() % SEGMENT_BYTES in (0, HEADER_BYTES) and memoryview(buffer).nbytes > HEADER_BYTES:  # type: ignore[arg-type]
            self.segments.append(self.tell() // SEGMENT_BYTES)
        return super().readinto(buffer)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", BORDERS)
def test_a_stream_comes_back_and_has_the_foretold_length(size: int) -> None:
    content = CONTENT[:size]
    stream = sealed(content)
    assert len(stream) == ciphertext_size(size)
    assert plaintext_size(len(stream)) == size
    assert reader(stream).plaintext_size == size
    assert reader(stream).read() == content


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, SEGMENT_BYTES + 100), max_size=5).map(tuple))
def test_how_the_writer_was_fed_does_not_matter(steps: tuple[int, ...]) -> None:
    assert reader(sealed(CONTENT, steps=steps)).read() == CONTENT


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sequence_of_seeks_and_reads_equals_that_of_a_plain_file(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([*BORDERS, THREE_SEGMENTS]))
    plain, opened = io.BytesIO(CONTENT[:size]), reader(sealed(CONTENT[:size]))
    for _ in range(data.draw(st.integers(1, 6))):
        near = data.draw(st.sampled_from([*BORDERS, size])) + data.draw(st.integers(-3, 3))
        assert opened.seek(max(0, near)) == plain.seek(max(0, near))
        length = data.draw(st.sampled_from([0, 1, 5, 4096, PLAIN_BYTES, SEGMENT_BYTES, 2 * SEGMENT_BYTES, -1]))
        if data.draw(st.booleans()) and length >= 0:
            ours, theirs = bytearray(length), bytearray(length)
            assert opened.readinto(ours) == plain.readinto(theirs)
            assert ours == theirs
        else:
            assert opened.read(length) == plain.read(length)
        assert opened.tell() == plain.tell()


@pytest.mark.parametrize("size", BORDERS)
def test_nothing_can_be_read_of_nothing_at_any_place(size: int) -> None:
    opened = reader(sealed(CONTENT[:size]))
    for place in (0, max(0, size - 1), size, size + 1):
        opened.seek(place)
        assert opened.read(0) == b""
        assert opened.readinto(bytearray()) == 0


def test_seeking_from_the_end_and_from_here() -> None:
    opened = reader(SEALED)
    assert opened.seek(-10, io.SEEK_END) == THREE_SEGMENTS - 10
    assert opened.read() == CONTENT[-10:]
    assert opened.seek(-5, io.SEEK_CUR) == THREE_SEGMENTS - 5
    with pytest.raises(ValueError, match="before the start"):
        opened.seek(-1)


def test_a_range_read_decrypts_only_the_segments_it_touches() -> None:
    raw = CountingRaw(SEALED)
    opened = SegmentReader(raw, KEY, DATA)
    opened.seek(FIRST_PLAIN_BYTES + 5)
    assert opened.read(100) == CONTENT[FIRST_PLAIN_BYTES + 5 : FIRST_PLAIN_BYTES + 105]
    assert raw.segments == [1]
    opened.read(100)
    assert raw.segments == [1], "a segment at hand is not fetched again"


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_fault_in_one_segment_does_not_hide_the_others(segment: int) -> None:
    broken = bytearray(SEALED)
    broken[segment * SEGMENT_BYTES + 500] ^= 1
    starts = [0, FIRST_PLAIN_BYTES, FIRST_PLAIN_BYTES + PLAIN_BYTES]
    for number, start in enumerate(starts):
        opened = reader(bytes(broken))
        opened.seek(start)
        if number == segment:
            with pytest.raises(IntegrityFault):
                opened.read(10)
        else:
            assert opened.read(10) == CONTENT[start : start + 10]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, ciphertext_size(3000) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_small_stream_is_found(position: int, change: int) -> None:
    stream = bytearray(SMALL)
    stream[position] ^= change
    with pytest.raises(IntegrityFault):
        reader(bytes(stream)).read()


SMALL = sealed(CONTENT[:3000])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_any_changed_bit_of_a_large_stream_is_found(position: int, bit: int) -> None:
    stream = bytearray(SEALED)
    stream[position] ^= 1 << bit
    with pytest.raises(IntegrityFault):
        reader(bytes(stream)).read()


CUTS = sorted(
    {0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + TAG_BYTES - 1, HEADER_BYTES + TAG_BYTES, len(SEALED) - 1}
    | {border + off for border in (SEGMENT_BYTES, 2 * SEGMENT_BYTES) for off in (-17, -16, -1, 0, 1, 16, 17)}
)


@pytest.mark.parametrize("length", CUTS)
def test_a_cut_stream_is_refused(length: int) -> None:
    with pytest.raises(IntegrityFault):
        reader(SEALED[:length]).read()


def read_past_the_cut(opened: SegmentReader) -> bytes:
    opened.seek(THREE_SEGMENTS - 5)
    return opened.read(5)


@pytest.mark.parametrize("length", [SEGMENT_BYTES, 2 * SEGMENT_BYTES])
@pytest.mark.parametrize(
    "ask", [lambda opened: opened.plaintext_size, lambda opened: opened.seek(0, io.SEEK_END), read_past_the_cut]
)
def test_a_stream_cut_at_a_border_never_states_its_shorter_length(
    length: int, ask: Callable[[SegmentReader], object]
) -> None:
    opened = reader(SEALED[:length])
    with pytest.raises(IntegrityFault):
        ask(opened)


@pytest.mark.parametrize(
    "extra",
    [b"\0", bytes(16), bytes(17), bytes(SEGMENT_BYTES), SEALED[-100:]],
    ids=["one zero", "a tag", "a tag and a byte", "a segment", "its own end"],
)
@pytest.mark.parametrize("size", [0, 100, FIRST_PLAIN_BYTES, THREE_SEGMENTS])
def test_trailing_bytes_are_refused(extra: bytes, size: int) -> None:
    with pytest.raises(IntegrityFault):
        reader(sealed(CONTENT[:size]) + extra).read()


def test_exchanged_segments_are_refused() -> None:
    whole = sealed(CONTENT + CONTENT[:SEGMENT_BYTES])
    one, two = whole[SEGMENT_BYTES : 2 * SEGMENT_BYTES], whole[2 * SEGMENT_BYTES : 3 * SEGMENT_BYTES]
    with pytest.raises(IntegrityFault, match="segment 1"):
        reader(whole[:SEGMENT_BYTES] + two + one + whole[3 * SEGMENT_BYTES :]).read()
    with pytest.raises(IntegrityFault, match="segment 2"):
        reader(whole[:SEGMENT_BYTES] + one + one + whole[3 * SEGMENT_BYTES :]).read()


def test_a_segment_of_another_stream_under_the_same_key_is_refused() -> None:
    other = sealed(CONTENT)
    with pytest.raises(IntegrityFault):
        reader(SEALED[:SEGMENT_BYTES] + other[SEGMENT_BYTES:]).read()


@pytest.mark.parametrize(
    ("key", "data"), [(bytes(32), DATA), (KEY, DATA + b"x"), (KEY, b"")], ids=["key", "more data", "no data"]
)
def test_wrong_key_or_associated_data_is_refused(key: bytes, data: bytes) -> None:
    with pytest.raises(IntegrityFault):
        reader(SEALED, key, data).read(1)


def test_no_unauthenticated_byte_reaches_the_callers_buffer() -> None:
    broken = bytearray(SEALED)
    broken[SEGMENT_BYTES - 1] ^= 1
    room = bytearray(b"\xaa" * SEGMENT_BYTES)
    with pytest.raises(IntegrityFault):
        reader(bytes(broken)).readinto(room)
    assert room[:FIRST_PLAIN_BYTES] == bytes(FIRST_PLAIN_BYTES)


def test_two_sealings_of_the_same_content_differ() -> None:
    assert sealed(b"x")[:HEADER_BYTES] != sealed(b"x")[:HEADER_BYTES]
    assert sealed(b"x")[HEADER_BYTES:] != sealed(b"x")[HEADER_BYTES:]


def test_an_abandoned_stream_never_looks_whole() -> None:
    raw = io.BytesIO()
    with pytest.raises(RuntimeError), SegmentWriter(raw, KEY, DATA) as writer:
        writer.write(CONTENT)
        raise RuntimeError
    with pytest.raises(IntegrityFault):
        reader(raw.getvalue()).read()
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"more")


def test_closing_twice_writes_one_end() -> None:
    raw = io.BytesIO()
    writer = SegmentWriter(raw, KEY, DATA)
    writer.write(b"abc")
    writer.close()
    writer.close()
    assert len(raw.getvalue()) == ciphertext_size(3)


class ShortWriter(io.RawIOBase):
    """A file that takes at most 1000 bytes at a time, as the system call may."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data)[:1000])  # type: ignore[arg-type]
        self.taken += piece
        return len(piece)


def test_short_writes_lose_nothing() -> None:
    raw = ShortWriter()
    with SegmentWriter(raw, KEY, DATA) as writer:  # type: ignore[arg-type]
        writer.write(CONTENT[:5000])
    assert reader(bytes(raw.taken)).read() == CONTENT[:5000]


class FailingRaw(io.BytesIO):
    def readinto(self, buffer: object) -> int:
        raise OSError(5, "Input/output error")


def test_a_disk_that_cannot_be_read_is_not_called_tampering() -> None:
    with pytest.raises(StorageFault, match="Input/output error"):
        SegmentReader(FailingRaw(SEALED), KEY, DATA)


def test_a_file_that_shrinks_while_open_is_found() -> None:
    raw = io.BytesIO(SEALED)
    opened = SegmentReader(raw, KEY, DATA)
    raw.truncate(SEGMENT_BYTES + 10)
    opened.seek(FIRST_PLAIN_BYTES)
    with pytest.raises(IntegrityFault):
        opened.read(1)


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(31), bytes(33)], ids=len)
def test_only_256_bit_keys_are_taken(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SegmentWriter(io.BytesIO(), key, DATA)


def test_closing_a_reader_closes_the_file_below() -> None:
    raw: BinaryIO = io.BytesIO(SEALED)
    with SegmentReader(raw, KEY, DATA) as opened:
        opened.read(1)
    assert raw.closed
    with pytest.raises(ValueError, match="closed"):
        opened.read(1)


def test_memory_stays_constant() -> None:
    class Endless(io.RawIOBase):
        def write(self, data: object) -> int:
            return memoryview(data).nbytes  # type: ignore[arg-type]

    chunk = os.urandom(SEGMENT_BYTES)
    tracemalloc.start()
    with SegmentWriter(Endless(), KEY, DATA) as writer:  # type: ignore[arg-type]
        for _ in range(40):
            writer.write(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * SEGMENT_BYTES
