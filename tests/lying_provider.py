"""A sign-in provider of the tests' own: it really signs, and it lies in whatever way a test asks for."""

import hashlib
import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwk, jws

from edms.core.clock import FixedClock

CLIENT, SECRET = "arsip", "rahasia:klien/+"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@cache
def rsa_key(name: str = "k1", bits: int = 2048) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(bits, {"kid": name, "use": "sig"}, private=True)


def text(told: bytes) -> str:
    return urlsafe_b64encode(told).decode().rstrip("=")


def compact(header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    """Sign claims by whatever the header says, also by what no library would."""
    told = f"{text(json.dumps(header).encode())}.{text(json.dumps(claims).encode())}"
    algorithm = str(header.get("alg"))
    if algorithm.lower() == "none":
        return f"{told}."
    if algorithm.startswith("HS"):
        return f"{told}.{text(hmac.digest(key, told.encode(), 'sha256'))}"
    if "crit" in header:
        return f"{told}.{text(key.private_key.sign(told.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=[algorithm])


@dataclass
class Lies:
    """What is not as it should be. Each is a plain value or changes one; the defaults are the truth."""

    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: Callable[[list[dict[str, Any]]], Any] = lambda keys: keys
    token_answer: Callable[[dict[str, Any]], Any] = lambda answer: answer
    redirect: str = ""
    filler: str = ""
    slow: str = ""
    raw: bytes | None = None


class LyingProvider:
    """`asked`: paths that were asked for; `codes`: what each open code is worth."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.lies = Lies()
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, Any]] = {}
        self.public = [rsa_key().as_dict(private=False)]
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.serve(self, {})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                provider.serve(self, {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()})

            def log_message(self, *_told: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def grant(self, code: str, query: dict[str, str], **claims: Any) -> None:
        """Let `code` be worth the claims for the request that `query` was."""
        now = int(self.clock.now().timestamp())
        told = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "auth_time": now,
                "nonce": query["nonce"], "sid": "there-1", **claims}  # fmt: skip
        self.codes[code] = {"claims": told, "challenge": query["code_challenge"]}

    def logout_token(self, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        now = int(self.clock.now().timestamp())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": f"j-{time.monotonic_ns()}",
                "events": {LOGOUT_EVENT: {}}, **claims}  # fmt: skip
        told = {name: value for name, value in told.items() if value is not None}
        return compact({"alg": "RS256", "kid": "k1", "typ": "logout+jwt", **(header or {})}, told, key or rsa_key())

    def serve(self, request: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(path)
        what = {"/.well-known/openid-configuration": "metadata", "/keys": "keys", "/token": "token"}.get(path, "")
        if self.lies.redirect == what:
            request.send_response(302)
            request.send_header("Location", f"{self.issuer}/elsewhere")
            request.end_headers()
            return
        status, body = 200, b""
        if what == "metadata":
            body = json.dumps(self._metadata()).encode()
        elif what == "keys":
            body = json.dumps({"keys": self.lies.keys(self.public)}).encode()
        elif what == "token":
            self.forms.append(form)
            self.headers.append(dict(request.headers))
            status, told = self._token(form)
            body = json.dumps(told).encode()
        else:
            status = 404
        if self.lies.raw is not None and what == "token":
            body = self.lies.raw
        if self.lies.filler == what:
            body = b'{"a":"' + b"x" * 3_000_000 + b'"}'
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        try:
            if self.lies.slow == what:
                for at in range(len(body)):
                    request.wfile.write(body[at : at + 1])
                    time.sleep(0.05)
            else:
                request.wfile.write(body)
        except OSError:
            return

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            **self.lies.metadata,
        }

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        granted = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        if granted is None or text(hashlib.sha256(verifier.encode()).digest()) != granted["challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "rahasia penyedia"}
        access = "token-akses-rahasia"
        digest = text(hashlib.sha256(access.encode()).digest()[:16])
        claims = self.lies.claims({**granted["claims"], "at_hash": digest})
        header = {"alg": "RS256", "kid": "k1", "typ": "JWT", **self.lies.header}
        token = compact({k: v for k, v in header.items() if v is not None}, claims, self.lies.key or rsa_key())
        return 200, self.lies.token_answer({"access_token": access, "token_type": "Bearer", "id_token": token})


@contextmanager
def lying_provider(clock: FixedClock) -> Iterator[LyingProvider]:
    provider = LyingProvider(clock)
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
