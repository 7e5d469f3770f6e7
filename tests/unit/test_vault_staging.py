"""Uploads under way: whatever the sizes of their pieces, the parts read as one seekable stream (docs/uploads.md)."""

import hashlib
import io
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.core.errors import IntegrityFault
from edms.core.memory import MEBIBYTE, MemoryPlan, MemoryRoom
from edms.core.sandbox import Sandbox
from edms.core.sandbox_limits import Limits
from edms.core.segments import FIRST_PLAIN_BYTES, PLAIN_BYTES, SEGMENT_BYTES
from edms.core.streams import bytes_left
from edms.vault.staging import Staging

KEY = bytes(range(32))
BORDERS = [1, FIRST_PLAIN_BYTES - 1, FIRST_PLAIN_BYTES, FIRST_PLAIN_BYTES + 1, FIRST_PLAIN_BYTES + PLAIN_BYTES]
SIZES = st.lists(st.sampled_from(BORDERS) | st.integers(1, 140_000), max_size=4)
MOVES = st.lists(st.tuples(st.floats(0, 1.1), st.integers(0, 90_000)), min_size=1, max_size=6)


def received(root: Path, sizes: list[int]) -> tuple[Staging, UUID, bytes]:
    staging, upload_id, whole = Staging(root, KEY), uuid4(), b""
    for size in sizes:
        piece = os.urandom(size)
        assert staging.receive(upload_id, len(whole), io.BytesIO(piece), size) == len(whole) + size
        whole += piece
    return staging, upload_id, whole


@given(SIZES, MOVES)
def test_it_reads_like_the_file_that_was_sent(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], moves: list[tuple[float, int]]
) -> None:
    staging, upload_id, whole = received(tmp_path_factory.mktemp("uploads"), sizes)
    with staging.open(upload_id, len(whole)) as stream:
        peer = io.BytesIO(whole)
        assert bytes_left(stream) == len(whole)
        assert stream.read() == whole
        for share, size in moves:
            at = int(share * len(whole))
            assert stream.seek(at) == peer.seek(at) == stream.tell()
            assert bytes_left(stream) == max(0, len(whole) - at)
            assert stream.read(size) == peer.read(size)
            back = -min(stream.tell(), size)
            assert stream.seek(back, os.SEEK_CUR) == peer.seek(back, os.SEEK_CUR)
        with pytest.raises(ValueError, match="before the start"):
            stream.seek(-1)


def test_a_part_that_lost_its_end_is_a_fault_and_never_a_shorter_file(tmp_path: Path) -> None:
    staging, upload_id, whole = received(tmp_path, [2 * SEGMENT_BYTES, 100])
    with staging.open(upload_id, len(whole)) as stream:
        part = tmp_path / str(upload_id) / f"{0:016d}"
        part.write_bytes(part.read_bytes()[:SEGMENT_BYTES])
        with pytest.raises(IntegrityFault):
            stream.read()


def test_a_sandboxed_process_with_a_share_of_memory_gets_it_whole(tmp_path: Path) -> None:
    staging, upload_id, whole = received(tmp_path / "uploads", [70_000, 9])
    plan = MemoryPlan(1, 3, 512 * MEBIBYTE)
    sandbox = Sandbox(Limits(memory_bytes=plan.share_bytes), room=MemoryRoom(tmp_path / "run", plan))
    try:
        with staging.open(upload_id, len(whole)) as stream:
            told = sandbox.call("sandbox_misdeeds:digest", files=(stream,))
    finally:
        sandbox.close()
    assert told.values["sha256"] == hashlib.sha256(whole).hexdigest()
