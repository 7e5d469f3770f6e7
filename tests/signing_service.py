"""A signing service of ours on loopback that enforces the documented calls of the CSC API v2, with a real key.

Nobody offers such a service to tests; what it refuses is what clause 11 of the API says: no or a wrong bearer token, an
unknown credential, a wrong PIN, activation data (SAD) that is unknown, used, expired or about other hashes.
"""

import base64
import contextlib
import http.server
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from outside_authority import serving

SHA256, ECDSA, RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"


class Refusal(Exception):
    """An error answer: status and code of the API."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Service:
    """The service. `lifetime`: of activation data, in seconds; `pinned`: which hashes authorize counts for."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    chain: list[x509.Certificate]
    token: str = "bearer-0f6c2d"
    pin: str = "271828"
    credential: str = "segel-kota"
    url: str = ""
    lifetime: int = 60
    down: bool = False
    forges: bool = False
    asked: list[str] = field(default_factory=list)
    given: dict[str, tuple[float, list[str]]] = field(default_factory=dict)

    def answer(self, path: str, headers: Any, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(path)
        if self.down:
            raise Refusal(503, "server_error")
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, "invalid_token")
        if body.get("credentialID") != self.credential:
            raise Refusal(400, "invalid_request")
        calls = {"info": self.info, "authorize": self.authorize, "signHash": self.sign}
        call = calls.get(path.removeprefix("/csc/v2/").partition("/")[2])
        if call is None:
            raise Refusal(404, "invalid_request")
        return call(body)

    def info(self, body: dict[str, Any]) -> dict[str, Any]:
        der = [one.public_bytes(serialization.Encoding.DER) for one in self.chain]
        held = [base64.b64encode(one).decode() for one in der] if body.get("certificates") == "chain" else []
        return {
            "key": {"status": "enabled", "algo": [self.algorithm], "len": self.key.key_size},
            "cert": {"status": "valid", "certificates": held},
            "auth": {"mode": "explicit"}, "SCAL": "2", "multisign": 1,
        }  # fmt: skip

    def authorize(self, body: dict[str, Any]) -> dict[str, Any]:
        told = {one["id"]: one["value"] for one in body.get("authData", [])}
        if told.get("PIN") != self.pin:
            raise Refusal(400, "invalid_pin")
        if body.get("numSignatures") != len(body["hashes"]) or body.get("hashAlgorithmOID") != SHA256:
            raise Refusal(400, "invalid_request")
        sad = secrets.token_urlsafe(16)
        self.given[sad] = time.monotonic() + self.lifetime, body["hashes"]
        return {"SAD": sad, "expiresIn": self.lifetime}

    def sign(self, body: dict[str, Any]) -> dict[str, Any]:
        until, pinned = self.given.pop(body.get("SAD", ""), (0.0, []))
        if until <= time.monotonic():
            raise Refusal(400, "sad_expired" if until else "invalid_request")
        if body["hashes"] != pinned or body.get("hashAlgorithmOID") != SHA256 or body.get("signAlgo") != self.algorithm:
            raise Refusal(400, "hash_not_authorized")
        digests = [base64.b64decode(one) for one in body["hashes"]]
        if self.forges:
            digests = [bytes(32) for _one in digests]
        return {"signatures": [base64.b64encode(self.signature(one)).decode() for one in digests]}

    @property
    def algorithm(self) -> str:
        return RSA if isinstance(self.key, rsa.RSAPrivateKey) else ECDSA

    def signature(self, digest: bytes) -> bytes:
        hashed = utils.Prehashed(hashes.SHA256())
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(digest, padding.PKCS1v15(), hashed)
        return self.key.sign(digest, ec.ECDSA(hashed))


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """Run it on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, told = 200, service.answer(self.path, self.headers, json.loads(content))
            except Refusal as refusal:
                # It repeats what it was sent, as careless services do: none of that may reach our messages.
                status, told = refusal.status, {"error": refusal.code, "error_description": content.decode()}
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with serving(Handler) as url:
        service.url = url
        yield service
