"""A real sign-in provider on loopback, of this process's own: the certified library `oidc-provider`, run by Node."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk
from judges import judge
from ports import free_port

MODULES = Path(sys.prefix) / "js" / "node_modules" / "oidc-provider" / "package.json"
PROGRAM = Path(__file__).with_suffix(".mjs")
CLIENT, SECRET = "arsip", "rahasia-klien-di-penyedia"


@dataclass(frozen=True)
class RealProvider:
    issuer: str

    def says(self, subject: str, **claims: Any) -> None:
        """From now on the provider says this of somebody."""
        told = json.dumps({subject: claims}).encode()
        request = urllib.request.Request(f"{self.issuer}/people", told, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.read() == b"ok"


@contextmanager
def real_provider(home: str, people: dict[str, dict[str, Any]]) -> Iterator[RealProvider]:
    """Start it for an archive at `home`; `people` by subject."""
    node = judge("node")
    if not MODULES.exists():
        pytest.skip("THE JUDGE oidc-provider IS ABSENT: tools/prepare.sh test fetches it where npm is installed")
    port = free_port()
    keys = [jwk.RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "kunci-1"}, private=True)]
    told = {
        "modules": str(MODULES),
        "issuer": f"http://localhost:{port}",
        "port": port,
        "home": home,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "people": people,
        "jwks": {"keys": [key.as_dict(private=True) for key in keys]},
    }
    process = subprocess.Popen(
        [node, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        said = process.stdout.readline().strip()
        assert said == "ready", f"the provider said {said!r} (status {process.poll()})"
        yield RealProvider(told["issuer"])  # type: ignore[arg-type]
    finally:
        process.terminate()
        process.wait(120)
