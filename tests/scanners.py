"""Fixtures of real malware scanners: ClamAV's clamd with a signature of our own, and daemons that misbehave."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MALWARE = b"HARMLESS-MARKER-THAT-OUR-SIGNATURE-KNOWS"
NAME = "Edms.Test.Marker.UNOFFICIAL"
STREAM_LIMIT = 1024 * 1024
PROGRAM = next((found for name in ("clamd", "/usr/sbin/clamd") if (found := shutil.which(name))), None)


@dataclass
class ClamdServer:
    """A running clamd: its address, and its database, to which signatures can be added."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"unix:{self.folder / 'clamd.sock'}"

    def know(self, name: str, marker: bytes) -> None:
        """Add a signature; known from the next start on."""
        with (self.folder / "database" / "own.ndb").open("a") as file:
            file.write(f"{name}:0:*:{marker.hex()}\n")

    def start(self) -> None:
        assert PROGRAM
        command = [PROGRAM, "-c", str(self.folder / "clamd.conf")]
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        place = str(self.folder / "clamd.sock")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as trial:
                if trial.connect_ex(place) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            (self.folder / "clamd.sock").unlink(missing_ok=True)


def clamd_in(folder: Path) -> ClamdServer:
    """A clamd that is not yet started. Says loudly when there is none."""
    if PROGRAM is None:
        pytest.skip("CLAMD IS ABSENT: apt-get install clamav-daemon")
    (folder / "database").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "clamd.conf").write_text(
        f"DatabaseDirectory {folder / 'database'}\nLocalSocket {folder / 'clamd.sock'}\nForeground yes\n"
        f"StreamMaxLength {STREAM_LIMIT}\nTemporaryDirectory {folder}\nUser root\nConcurrentDatabaseReload no\n"
    )
    server = ClamdServer(folder)
    server.know(NAME.removesuffix(".UNOFFICIAL"), MALWARE)
    return server


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClamdServer]:
    """A real clamd of this process's own."""
    server = clamd_in(tmp_path_factory.mktemp("clamd") / "d")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_clamd(tmp_path: Path) -> Iterator[ClamdServer]:
    """A real clamd of the test's own, not yet started."""
    server = clamd_in(tmp_path / "clamd")
    yield server
    server.stop()


Behaviour = Callable[[socket.socket, bytes], None]


@pytest.fixture
def odd_scanner() -> Iterator[Callable[[Behaviour], str]]:
    """Start a daemon on loopback that does something odd with each connection, after its first command."""
    opened: list[socket.socket] = []

    def start(behave: Behaviour) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(120)
                    try:
                        behave(connection, connection.recv(64))
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        return f"tcp:127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for listening in opened:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
