"""What a process taken over by its input cannot do: reach a network, stay, see keys, write (invariants 7 and 11)."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edms.core.sandbox import Sandbox, SandboxFault
from edms.core.sandbox_calls import program_for
from edms.core.sandbox_limits import Limits

MEBIBYTE = 1024 * 1024
PATIENCE_SECONDS = 120.0
LIMITS = Limits(seconds=120, memory_bytes=512 * MEBIBYTE, output_bytes=4 * MEBIBYTE)
ALONE = Limits(seconds=120, memory_bytes=512 * MEBIBYTE, output_bytes=4 * MEBIBYTE, processes=0)
SHORT = Limits(seconds=1, memory_bytes=512 * MEBIBYTE, output_bytes=4 * MEBIBYTE)


@pytest.fixture(scope="module", params=["fork", "resident"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = Sandbox(LIMITS, resident=request.param == "resident")
    yield made
    made.close()


@pytest.fixture(scope="module")
def forking() -> Iterator[Sandbox]:
    made = Sandbox(LIMITS)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener on loopback, TCP; whoever reaches it is seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def named(mark: str) -> list[int]:
    """Return the processes that call themselves so."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "comm").read_text().strip() == mark[:15]:
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                found += [int(folder.name)] if state != "Z" else []
        except OSError:
            continue
    return found


def gone(mark: str, within: float = PATIENCE_SECONDS) -> bool:
    end = time.monotonic() + within
    while named(mark) and time.monotonic() < end:
        time.sleep(0.02)
    return not named(mark)


def appears(mark: str, within: float = PATIENCE_SECONDS) -> bool:
    end = time.monotonic() + within
    while not named(mark) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(named(mark))


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def zombies() -> list[int]:
    """Zombies among the children of this process's threads, and among theirs."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and (int(parent) == os.getpid() or int(parent) in children_of(os.getpid())):
            found.append(int(stat.parent.name))
    return found


def test_the_means_are_named(sandbox: Sandbox) -> None:
    means = sandbox.isolation()
    assert "network namespace" in means or "seccomp" in means, f"no isolation on this kernel: {means}"


def test_nothing_reaches_a_listener_on_this_machine(sandbox: Sandbox, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS):
        listener.accept()[0].close()  # the listener works: from here it can be reached
    tried = sandbox.call("sandbox_misdeeds:connect", port).values
    assert "sent" not in tried.values()
    assert tried["io_uring"] == "refused"
    with pytest.raises(TimeoutError):
        listener.accept()


def test_nothing_reaches_a_socket_in_the_file_system(sandbox: Sandbox, tmp_path: Path) -> None:
    """PostgreSQL and other services of this machine listen on such; a network namespace does not stop them."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(0.2)
        assert sandbox.call("sandbox_misdeeds:connect_unix", path).values["unix"] != "sent"
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_name_is_resolved(sandbox: Sandbox) -> None:
    assert sandbox.call("sandbox_misdeeds:resolve_name").values["resolved"] != "yes"


def test_no_descriptor_and_no_secret_of_ours_crosses_over(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDMS_KEYS__PASSPHRASE", "sesame")
    fresh = Sandbox(LIMITS, resident=sandbox._mode == "resident")
    secret = os.open(tmp_path / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(secret, True)
    try:
        told = fresh.call("sandbox_misdeeds:descriptors_held").values
    finally:
        os.close(secret)
        fresh.close()
    assert not any("EDMS" in name for name in told["environment"])
    assert told["environment"]["OMP_THREAD_LIMIT"] == "1"
    assert not any(str(tmp_path) in target for target in told["held"].values())
    assert sum(target.startswith("socket:") for target in told["held"].values()) <= 2


def test_nothing_is_written_and_no_key_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    if "landlock" not in sandbox.isolation():
        pytest.skip("THIS KERNEL HAS NO LANDLOCK: files are not closed to sandboxed processes")
    key = tmp_path / "master.key"
    key.write_text("sesame")
    for path in (tmp_path / "new", key, Path("/dev/shm/edms-misdeed"), Path("/tmp/edms-misdeed")):
        assert sandbox.call("sandbox_misdeeds:touch", str(path)).values["touched"] != "yes"
    assert sandbox.call("sandbox_misdeeds:read", str(key)).values["read"] == "PermissionError"
    assert sandbox.call("sandbox_misdeeds:read", "/etc/passwd").values["read"] == "PermissionError"
    assert key.read_text() == "sesame"
    assert list(tmp_path.iterdir()) == [key]


def test_a_call_writes_to_its_own_folder_only(forking: Sandbox, tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    given = {"folder": str(own)}
    assert forking.call("sandbox_misdeeds:touch", str(own / "file"), **given).values["touched"] == "yes"
    if "landlock" in forking.isolation():
        touched = forking.call("sandbox_misdeeds:touch", str(other / "file"), **given).values["touched"]
        assert touched == "PermissionError"
        assert not list(other.iterdir())


def test_the_memory_of_the_process_with_the_keys_stays_closed(sandbox: Sandbox) -> None:
    told = sandbox.call("sandbox_misdeeds:peek", os.getpid()).values
    assert told["ptrace"] == "refused"
    if "landlock" in sandbox.isolation():
        assert told["mem"] == "PermissionError"


def test_a_call_that_must_stay_alone_starts_threads_but_no_process() -> None:
    for resident in (False, True):
        alone = Sandbox(ALONE, resident=resident)
        try:
            assert alone.call("sandbox_misdeeds:start_thread").values == {"sum": 55}
            told = alone.call("sandbox_misdeeds:start_process").values
            assert told == {"fork": "PermissionError", "program": "PermissionError"}
        finally:
            alone.close()


def test_other_calls_may_start_programs(forking: Sandbox) -> None:
    assert forking.call("sandbox_misdeeds:start_process").values == {"fork": "started", "program": "started"}


def test_a_fork_bomb_ends_with_its_call(forking: Sandbox) -> None:
    with pytest.raises(SandboxFault):
        forking.call("sandbox_misdeeds:fork_bomb_and_wait", "bomb-waits", 200, limits=SHORT)
    assert gone("bomb-waits")
    forking.call("sandbox_misdeeds:fork_bomb", "bomb-answers", 200)
    assert gone("bomb-answers")


def test_the_process_limit_holds_for_an_ordinary_user() -> None:
    """The superuser is not held to RLIMIT_NPROC: so this tries it as another user, or as the one we are."""
    code = (
        "import os, sys; sys.path[:0] = sys.argv[1].split(os.pathsep)\n"
        "from edms.core.sandbox_limits import Limits, apply_limits\n"
        "from sandbox_misdeeds import fork_bomb\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(64123); os.setuid(64123)\n"
        "apply_limits(Limits(processes=20))\n"
        "print(fork_bomb([], 'bomb-user', 100)[0]['started'])\n"
        "os.killpg(0, 9)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-u", "-c", code, path], capture_output=True, text=True, timeout=120, start_new_session=True
    )
    assert done.stdout.strip(), done.stderr
    assert int(done.stdout) <= 20
    assert gone("bomb-user")


def test_what_a_call_leaves_behind_is_ended_though_it_answered(forking: Sandbox) -> None:
    forking.call("sandbox_misdeeds:leave_child_behind", "left-behind")
    assert gone("left-behind")


def test_fifty_calls_leave_no_zombie_and_no_descriptor(sandbox: Sandbox) -> None:
    sandbox.call("sandbox_misdeeds:echo")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(50):
        try:
            sandbox.call(f"sandbox_misdeeds:{'raise_error' if number % 5 == 0 else 'echo'}", "x")
        except SandboxFault:
            assert number % 5 == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    end = time.monotonic() + PATIENCE_SECONDS
    while zombies() and time.monotonic() < end:  # the last call's may not be waited for yet
        time.sleep(0.02)
    assert zombies() == []
    server = sandbox._server
    assert server is not None
    assert len(list(Path(f"/proc/{server.pid}/fd").iterdir())) <= 8


def test_closing_ends_the_calls_under_way_with_all_they_started() -> None:
    import threading

    sandbox = Sandbox(LIMITS)
    faults: list[str] = []

    def wait() -> None:
        try:
            sandbox.call("sandbox_misdeeds:start_child_and_wait", "closing")
        except SandboxFault as fault:
            faults.append(fault.reason)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert appears("closing")
    sandbox.close()
    waiting.join(PATIENCE_SECONDS)
    assert faults == ["crash"]
    assert gone("closing")


@pytest.mark.parametrize("resident", [False, True])
def test_kill_nine_of_the_parent_takes_the_call_and_its_programs_along(resident: bool) -> None:
    mark = f"orphan-{resident}"[:15]
    function = "sleep_named" if resident else "start_child_and_wait"
    code = (
        "import os, sys; sys.path[:0] = sys.argv[1].split(os.pathsep)\n"
        "from edms.core.sandbox import Sandbox\n"
        "from edms.core.sandbox_limits import Limits\n"
        f"Sandbox(Limits(seconds=100), resident={resident}).call('sandbox_misdeeds:{function}', '{mark}')\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    parent = subprocess.Popen([sys.executable, "-c", code, path])
    try:
        assert appears(mark)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert gone(mark)


def test_the_filter_is_whole_on_both_machines_and_absent_elsewhere() -> None:
    """Every jump of the program lands inside it, and its last instruction returns."""
    import struct

    for machine in ("x86_64", "aarch64"):
        for alone in (False, True):
            lines = list(struct.iter_unpack("HBBI", program_for(machine, alone=alone)))
            assert lines[-1][0] == 0x06
            for position, (code, yes, no, _value) in enumerate(lines):
                assert code not in (0x15, 0x35, 0x45) or position + 1 + max(yes, no) < len(lines)
    assert program_for("riscv64", alone=True) == b""
