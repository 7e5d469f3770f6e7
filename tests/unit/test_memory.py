"""The memory for capture: shared out within the setting, held to by the kernel, waited for when there is none left."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.core.memory import (
    FEWEST_SHARES,
    LEAST_BYTES,
    LEAST_SHARE,
    MEBIBYTE,
    MOST_SHARE,
    WORKER_BYTES,
    MemoryPlan,
    MemoryRoom,
    default_bytes,
    machine_bytes,
)
from edms.core.sandbox import Sandbox, SandboxFault
from edms.core.sandbox_limits import Limits
from edms.core.settings import WorkerSettings

PATIENCE_SECONDS = 60
SMALL = MemoryPlan(workers=1, shares=3, share_bytes=192 * MEBIBYTE)
ALONE = Limits(seconds=30, memory_bytes=SMALL.share_bytes, processes=0)
WITH_PROGRAMS = Limits(seconds=30, memory_bytes=SMALL.share_bytes)
HOLDING = """
import sys
from pathlib import Path
from edms.core.memory import MemoryPlan, MemoryRoom
with MemoryRoom(Path(sys.argv[1]), MemoryPlan(1, 3, 1)).taken(3):
    print("held", flush=True)
    sys.stdin.read()
"""


@given(st.integers(LEAST_BYTES, 256 * 1024 * MEBIBYTE), st.integers(1, 64))
def test_what_is_dealt_out_is_never_more_than_there_is(memory: int, workers: int) -> None:
    plan = MemoryPlan.of(memory, workers)
    assert plan.workers * WORKER_BYTES + plan.shares * plan.share_bytes <= memory
    assert 1 <= plan.workers <= workers
    assert plan.shares >= FEWEST_SHARES
    assert LEAST_SHARE <= plan.share_bytes <= MOST_SHARE
    assert 1 <= plan.recognitions <= plan.workers
    assert MemoryPlan.of(memory + MEBIBYTE, workers).workers >= plan.workers


@pytest.mark.parametrize(
    ("there", "given"),
    [(1024, 2048), (4096, 2048), (7900, 3950), (8192, 4096), (24_000, 8192)],
    ids=["tiny", "4 GiB", "8 GiB, some of it the kernel's", "8 GiB", "large"],
)
def test_what_is_not_set_suits_the_machine(there: int, given: int) -> None:
    assert default_bytes(there * MEBIBYTE) == given * MEBIBYTE
    plan = MemoryPlan.of(given * MEBIBYTE, 2)
    assert (plan.workers, plan.recognitions) == ((2, 2) if there > 4096 else (1, 1))


def test_a_setting_is_taken_as_it_is_and_no_setting_is_of_this_machine() -> None:
    assert WorkerSettings(memory_bytes=3 * 2**30).capture_bytes == 3 * 2**30
    assert WorkerSettings().capture_bytes == default_bytes(machine_bytes())
    with pytest.raises(ValueError, match="at least"):
        WorkerSettings(memory_bytes=LEAST_BYTES - 1)


def test_four_gibibytes_let_two_workers_do_everything_at_once() -> None:
    plan = MemoryPlan.of(4096 * MEBIBYTE, 2)
    assert (plan.workers, plan.shares, plan.recognitions, plan.share_bytes) == (2, 6, 2, 512 * MEBIBYTE)


@pytest.fixture
def room(tmp_path: Path) -> MemoryRoom:
    return MemoryRoom(tmp_path / "run", SMALL)


@pytest.fixture
def sandbox(room: MemoryRoom) -> Iterator[Sandbox]:
    made = Sandbox(ALONE, room=room)
    yield made
    made.close()


def test_a_process_that_wants_more_than_its_share_ends_and_the_next_one_works(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFault) as fault:
        sandbox.call("sandbox_misdeeds:eat_memory_slowly")
    assert fault.value.reason == "memory"
    with pytest.raises(SandboxFault):
        sandbox.call("sandbox_misdeeds:eat_memory", SMALL.share_bytes)
    assert sandbox.call("sandbox_misdeeds:eat_memory", MEBIBYTE).values["size"] == MEBIBYTE


def test_the_kernel_ends_what_reads_foreign_files_first(sandbox: Sandbox) -> None:
    score = sandbox.call("sandbox_misdeeds:out_of_memory_score").values["score"]
    assert score > int(Path("/proc/self/oom_score_adj").read_text())


def test_recognition_waits_for_its_shares_and_what_is_quick_does_not(room: MemoryRoom, sandbox: Sandbox) -> None:
    begun, done = threading.Event(), threading.Event()

    def recognise() -> None:
        begun.set()
        sandbox.call("sandbox_misdeeds:echo", limits=WITH_PROGRAMS)
        done.set()

    with room.taken(2):
        waiting = threading.Thread(target=recognise)
        waiting.start()
        assert begun.wait(PATIENCE_SECONDS)
        for _letter in range(3):
            sandbox.call("sandbox_misdeeds:echo")
        assert not done.is_set(), "only two shares are for recognition, and they are taken"
    assert done.wait(PATIENCE_SECONDS)
    waiting.join()


def test_files_that_are_copied_into_memory_count(sandbox: Sandbox, room: MemoryRoom) -> None:
    with pytest.raises(SandboxFault, match="than there is for all of capture"):
        sandbox.call("sandbox_misdeeds:echo", files=(_Large(3 * SMALL.share_bytes),))
    with room.taken(3):
        pass


def test_the_shares_of_a_process_that_is_killed_are_free(room: MemoryRoom, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert room._take(1) == []
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=PATIENCE_SECONDS)
    with room.taken(3):
        assert room._take(1) == []


def test_the_machine_has_memory() -> None:
    assert 64 * MEBIBYTE < machine_bytes() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


class _Large(io.BytesIO):
    """A file that says it is large; nothing of it is ever read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size, self._at = size, 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset if whence == os.SEEK_SET else self._size
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, _size: int | None = -1, /) -> bytes:
        raise AssertionError("it was to be refused before")
