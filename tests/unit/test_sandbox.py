"""The sandbox ends what does not end, and says why: time, memory, output, crash, error (invariant 11)."""

import io
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from edms.core.sandbox import Sandbox, SandboxFault
from edms.core.sandbox_limits import MOST_REQUEST_BYTES, Limits

MEBIBYTE = 1024 * 1024
LIMITS = Limits(seconds=120, memory_bytes=512 * MEBIBYTE, output_bytes=4 * MEBIBYTE)
SHORT = Limits(seconds=1, memory_bytes=512 * MEBIBYTE, output_bytes=4 * MEBIBYTE)


@pytest.fixture(scope="module", params=["fork", "resident"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = Sandbox(LIMITS, resident=request.param == "resident")
    yield made
    made.close()


def held() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def works(sandbox: Sandbox) -> bool:
    return sandbox.call("sandbox_misdeeds:echo", 1).values["arguments"] == [1]


def test_files_arguments_and_sections_cross_over(sandbox: Sandbox) -> None:
    answer = sandbox.call("sandbox_misdeeds:echo", "é", None, [1], files=(io.BytesIO(b"one"), io.BytesIO(b"\x00two")))
    assert answer.values["arguments"] == ["é", None, [1]]
    assert answer.sections == [b"one", b"\x00two"]
    assert answer.values["pid"] != os.getpid()


def test_a_large_file_arrives_whole(sandbox: Sandbox) -> None:
    content = os.urandom(MEBIBYTE) * 40
    answer = sandbox.call("sandbox_misdeeds:digest", files=(io.BytesIO(content),))
    assert answer.values["sha256"] == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("sleep", (20,), "time"),
        ("spin", (20,), "time"),
        ("eat_memory", (2 * 1024 * MEBIBYTE,), "memory"),
        ("eat_memory_slowly", (), "memory"),
        ("pour", (5 * MEBIBYTE,), "output"),
        ("pour_head", (5 * MEBIBYTE,), "output"),
        ("leave", (0,), "crash"),
        ("leave", (3,), "crash"),
        ("segfault", (), "crash"),
        ("overflow_stack", (), "crash"),
        ("kill_self", (int(signal.SIGKILL),), "crash"),
        ("kill_self", (int(signal.SIGTERM),), "crash"),
        ("raise_error", ("reason",), "error"),
        ("quit_quietly", (), "error"),
        ("recurse", (), "error"),
        ("no_such_function", (), "error"),
    ],
)
def test_every_end_has_its_reason_and_the_next_call_works(
    sandbox: Sandbox, function: str, arguments: tuple[object, ...], reason: str
) -> None:
    limits = SHORT if reason == "time" else LIMITS
    with pytest.raises(SandboxFault) as caught:
        sandbox.call(f"sandbox_misdeeds:{function}", *arguments, limits=limits)
    assert caught.value.reason == reason
    assert caught.value.message
    assert works(sandbox)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("not json", "crash"),
        ("a list", "crash"),
        ("no sections", "crash"),
        ("strange sizes", "crash"),
        ("negative size", "output"),
        ("endless size", "crash"),
        ("huge size", "output"),
        ("huge head", "output"),
        ("deep", "crash"),
        ("strange reason", "error"),
        ("strange message", "error"),
    ],
)
def test_a_process_taken_over_can_lie_and_do_nothing_else(sandbox: Sandbox, lie: str, reason: str) -> None:
    with pytest.raises(SandboxFault) as caught:
        sandbox.call("sandbox_misdeeds:lie", lie)
    assert caught.value.reason == reason
    assert len(caught.value.message) <= 500
    assert works(sandbox)


def test_the_error_of_the_function_is_told_and_bounded(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFault, match="ValueError: reason"):
        sandbox.call("sandbox_misdeeds:raise_error", "reason")
    with pytest.raises(SandboxFault) as caught:
        sandbox.call("sandbox_misdeeds:raise_error", "x" * 50_000)
    assert len(caught.value.message) <= 500


def test_an_answer_that_is_not_json_is_a_fault(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFault):
        sandbox.call("sandbox_misdeeds:not_json")
    assert works(sandbox)


def test_a_file_larger_than_the_output_limit_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(SandboxFault) as caught:
        sandbox.call("sandbox_misdeeds:write_file", str(tmp_path), 5 * MEBIBYTE)
    assert caught.value.reason == "error"
    made = tmp_path / "large"
    assert not made.exists() or made.stat().st_size <= 4 * MEBIBYTE


def test_output_up_to_the_limit_passes(sandbox: Sandbox) -> None:
    assert len(sandbox.call("sandbox_misdeeds:pour", 3 * MEBIBYTE).sections[0]) == 3 * MEBIBYTE


def test_a_request_too_large_is_the_callers_mistake_and_harms_no_other_call(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="as files"):
        sandbox.call("sandbox_misdeeds:echo", "x" * MOST_REQUEST_BYTES)
    with pytest.raises(ValueError, match="as files"):
        sandbox.call("sandbox_misdeeds:echo", files=tuple(io.BytesIO(b"x") for _ in range(9)))
    assert works(sandbox)


def test_calls_from_many_threads_get_their_own_answers(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: sandbox.call("sandbox_misdeeds:echo", number), range(40)))
    assert [answer.values["arguments"] for answer in answers] == [[number] for number in range(40)]


def test_the_cpu_limit_ends_a_call_though_nobody_waits_for_it() -> None:
    """The kernel gives 5 s more than the limit for the answer; so a limit of -5 s ends a process at once."""
    from edms.core.sandbox_limits import limit_cpu

    pid = os.fork()
    if pid == 0:
        limit_cpu(-5, for_good=True)
        while True:
            pass
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) in (signal.SIGXCPU, signal.SIGKILL)


def test_a_resident_process_gives_each_call_its_own_cpu_time() -> None:
    """What earlier calls used is not taken from the next: else the process would be killed in the midst of one."""
    with_cpu = Sandbox(Limits(seconds=600, memory_bytes=512 * MEBIBYTE), resident=True)
    small = Limits(seconds=20, memory_bytes=512 * MEBIBYTE)
    try:
        first = with_cpu.call("sandbox_misdeeds:cpu_left", limits=small).values
        with_cpu.call("sandbox_misdeeds:spin", 0.6, limits=small)
        second = with_cpu.call("sandbox_misdeeds:cpu_left", limits=small).values
        assert first["pid"] == second["pid"]
        assert second["used"] - first["used"] >= 0.5
        assert second["left"] >= 20
    finally:
        with_cpu.close()


def test_a_server_outlives_the_thread_that_made_the_first_call() -> None:
    """PR_SET_PDEATHSIG means the parent's thread; calls of other threads must not die with it."""
    sandbox = Sandbox(LIMITS)
    try:
        first = threading.Thread(target=lambda: sandbox.call("sandbox_misdeeds:echo"))
        first.start()
        first.join()
        server = sandbox._server
        assert server is not None
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(sandbox.call, "sandbox_misdeeds:sleep", 0.2).result().values == {"slept": 0.2}
        assert sandbox._server is server
    finally:
        sandbox.close()


def test_a_killed_server_is_started_again() -> None:
    for resident in (False, True):
        sandbox = Sandbox(LIMITS, resident=resident)
        try:
            assert works(sandbox)
            assert sandbox._server is not None
            sandbox._server.send_signal(signal.SIGKILL)
            sandbox._server.wait()
            assert works(sandbox)
        finally:
            sandbox.close()


def test_a_closed_sandbox_starts_again_when_called() -> None:
    sandbox = Sandbox(LIMITS)
    assert works(sandbox)
    sandbox.close()
    sandbox.close()
    assert works(sandbox)
    sandbox.close()


def test_a_source_that_fails_is_the_callers_error_and_leaks_nothing(sandbox: Sandbox) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the blob cannot be read")

    works(sandbox)
    before = held()
    with pytest.raises(OSError, match="blob"):
        sandbox.call("sandbox_misdeeds:echo", files=(io.BytesIO(b"good"), Failing()))
    assert held() == before
    assert works(sandbox)


def test_standard_output_stays_the_callers(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """A library that prints would break the JSON of the console."""
    sandbox.call("sandbox_misdeeds:print_much")
    assert capfd.readouterr().out == ""
