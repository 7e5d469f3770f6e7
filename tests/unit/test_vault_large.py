"""Large files: memory stays as it is, and a range costs the segments that it touches and no others."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edms.core.segments import FIRST_PLAIN_BYTES, PLAIN_BYTES, SEGMENT_BYTES, SegmentReader, SegmentWriter

ROOT = Path(__file__).resolve().parents[2]
KEY, DATA = bytes(32), b"edms.blob.v1|x|original"
SEGMENTS = 6
CONTENT = bytes(FIRST_PLAIN_BYTES + (SEGMENTS - 1) * PLAIN_BYTES)


class Watched(io.BytesIO):
    """Notes which segments are read from it, save for the header."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.segments: list[int] = []

    def readinto(self, buffer: object) -> int:
        if self.tell():
            self.segments.append(self.tell() // SEGMENT_BYTES)
        return super().readinto(buffer)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sealed() -> bytes:
    room = io.BytesIO()
    with SegmentWriter(room, KEY, DATA) as sealing:  # type: ignore[arg-type]
        sealing.write(CONTENT)
    return room.getvalue()


@pytest.mark.parametrize(
    ("position", "size", "touched"),
    [
        (0, 10, [0]),
        (FIRST_PLAIN_BYTES - 1, 1, [0]),
        (FIRST_PLAIN_BYTES, 1, [1]),
        (FIRST_PLAIN_BYTES - 1, 2, [0, 1]),
        (FIRST_PLAIN_BYTES + PLAIN_BYTES, PLAIN_BYTES, [2]),
        (FIRST_PLAIN_BYTES + PLAIN_BYTES + 5, PLAIN_BYTES, [2, 3]),
        (len(CONTENT) - 1, 1, [5]),
        (len(CONTENT) - 1, 100, [5]),
    ],
)
def test_a_range_reads_and_opens_only_the_segments_it_touches(
    sealed: bytes, position: int, size: int, touched: list[int]
) -> None:
    raw = Watched(sealed)
    with SegmentReader(raw, KEY, DATA) as plain:
        plain.seek(position)
        assert plain.read(size) == CONTENT[position : position + size]
    assert raw.segments == touched


def test_small_reads_in_one_segment_open_it_once(sealed: bytes) -> None:
    raw = Watched(sealed)
    with SegmentReader(raw, KEY, DATA) as plain:
        plain.seek(FIRST_PLAIN_BYTES)
        for _read in range(100):
            plain.read(1000)
    assert raw.segments == [1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_gigabyte_takes_no_more_memory_than_a_letter(tmp_path: Path) -> None:
    """The issue's 5 GB are measured by `python -m bench.large_file`; in a process of its own, for its peak memory."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.large_file", "1000000000"],
        capture_output=True,
        text=True,
        timeout=800,
        check=True,
        cwd=ROOT,
    )
    told = json.loads(done.stdout)
    assert told["bytes"] == 1_000_000_000
    assert told["extra_mebibytes"] < told["limit"] == 64
