"""Where the secret that opens the keys comes from, and that it stays where it may be."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edms.core.errors import ConfigurationError, KeyUnavailable
from edms.core.unlock import MOST_BYTES, Unlock

WHAT = "the passphrase of the key file"
SECRET = b"empat kata yang acak"


def pipe_with(content: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def asking(*answers: str) -> Callable[[str], str]:
    waiting = list(answers)
    return lambda _question: waiting.pop(0)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_from_a_descriptor_once_and_then_from_memory(ending: bytes) -> None:
    descriptor = pipe_with(SECRET + ending)
    unlock = Unlock(f"fd:{descriptor}", environment={})
    assert not unlock.held
    assert unlock.secret(WHAT) == SECRET == unlock.secret(WHAT)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)


def test_from_a_private_file(tmp_path: Path) -> None:
    path = private(tmp_path / "secret", SECRET + b"\n")
    assert Unlock(f"file:{path}").secret(WHAT) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "secret", SECRET, mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Unlock(f"file:{path}").secret(WHAT)


def test_from_a_systemd_credential_before_anybody_is_asked(tmp_path: Path) -> None:
    private(tmp_path / "edms-unlock", SECRET, 0o400)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    unlock = Unlock("auto", asking(), environment)
    assert not unlock.asks
    assert unlock.secret(WHAT) == SECRET
    private(tmp_path / "other", b"lain", 0o400)
    assert Unlock("credential:other", None, environment).secret(WHAT) == b"lain"


def test_asked_for_at_the_terminal() -> None:
    unlock = Unlock("auto", asking("salah", "empat kata yang acak"), {})
    assert unlock.asks
    assert unlock.secret(WHAT) == b"salah"
    unlock.forget()
    assert unlock.secret(WHAT) == SECRET


def test_a_new_one_is_typed_twice() -> None:
    assert Unlock("auto", asking("x" * 12, "x" * 12), {}).new_secret(WHAT) == b"x" * 12
    unlock = Unlock("auto", asking("x" * 12, "y" * 12), {})
    with pytest.raises(KeyUnavailable, match="not the same"):
        unlock.new_secret(WHAT)
    assert not unlock.held


@pytest.mark.parametrize("source", ["auto", "none", "credential:edms-unlock", "fd:999", "file:/nowhere/secret"])
def test_nowhere_to_be_had_says_what_is_needed(source: str) -> None:
    with pytest.raises(KeyUnavailable, match="passphrase of the key file"):
        Unlock(source, None, {}).secret(WHAT)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * (MOST_BYTES + 1)])
def test_empty_or_endless_is_refused(tmp_path: Path, content: bytes) -> None:
    path = private(tmp_path / "secret", content)
    with pytest.raises(KeyUnavailable, match="empty or longer"):
        Unlock(f"file:{path}").secret(WHAT)


@pytest.mark.parametrize("source", ["", "passphrase", "env:SECRET", "fd:x", "credential:../x", "file:"])
def test_other_sources_are_refused(source: str) -> None:
    with pytest.raises(ConfigurationError):
        Unlock(source)


def test_a_child_is_handed_it_by_a_pipe_and_finds_it_nowhere_else(tmp_path: Path) -> None:
    unlock = Unlock(f"file:{private(tmp_path / 's', SECRET)}", environment={})
    unlock.secret(WHAT)
    look = (
        "import os, sys; from edms.core.unlock import Unlock\n"
        "got = Unlock('fd:' + sys.argv[1]).secret('x')\n"
        "seen = open('/proc/self/cmdline', 'rb').read() + open('/proc/self/environ', 'rb').read()\n"
        "print(got.decode(), got in seen)"
    )
    for _child in range(2):
        with unlock.handed_over() as descriptor:
            assert descriptor is not None
            done = subprocess.run(
                [sys.executable, "-c", look, str(descriptor)],
                pass_fds=(descriptor,),
                capture_output=True,
                text=True,
                check=True,
                cwd=Path(__file__).resolve().parents[2],
            )
        assert done.stdout.split() == [*SECRET.decode().split(), "False"]
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(descriptor)


def test_nothing_is_handed_over_when_nothing_was_needed() -> None:
    with Unlock("none").handed_over() as descriptor:
        assert descriptor is None


def test_it_is_never_shown(tmp_path: Path) -> None:
    unlock = Unlock(f"file:{private(tmp_path / 's', SECRET)}", environment={})
    unlock.secret(WHAT)
    assert SECRET.decode() not in repr(unlock) + str(unlock)
