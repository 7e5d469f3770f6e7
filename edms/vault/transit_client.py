"""Speaking to a key server (OpenBao or Vault) over its documented HTTP API, with the standard library alone.

One small client of our own, because five calls are needed and what matters is what a general one leaves open: no
redirects, no proxies from the environment, bounded answers, times and attempts, TLS that is checked, and a token
that stands in no error.
"""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edms.core.errors import ConfigurationError, KeyUnavailable

MOST_ANSWER_BYTES = 64 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAUSE_SECONDS = 0.2
_TRY_AGAIN = (429, 472, 473, 500, 502, 503, 504)
_NOT_FOUND, _FORBIDDEN, _BAD = 404, 403, 400


@dataclass(frozen=True)
class KeyServer:
    """Where the server is and how patiently it is asked. `ca_file`: whom to believe instead of the system's list."""

    url: str
    ca_file: Path | None = None
    timeout_seconds: float = 10.0
    attempts: int = 3

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
            raise ConfigurationError(f"{self.url} is not the address of a key server", "https://host:8200")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ConfigurationError(
                f"{self.url} would send the token in clear", "use https://, or a server on this machine"
            )


class ServerRefusal(Exception):
    """The server understood and said no: `errors` are its words, which hold no secret."""

    def __init__(self, status: int, errors: list[str]) -> None:
        super().__init__(f"{status}: {'; '.join(errors)}")
        self.status = status
        self.errors = errors


class TransitClient:
    """Asks one server; each thread has a connection of its own. `token` is called once, and again after a refusal."""

    def __init__(self, server: KeyServer, token: Callable[[], bytes], renew: Callable[[], bytes | None]) -> None:
        self._server, self._token, self._renew = server, token, renew
        self._own = threading.local()
        parts = urlsplit(server.url)
        self._host, self._port, self._base = parts.hostname or "", parts.port, parts.path.rstrip("/") + "/v1/"
        self._tls = ssl.create_default_context(cafile=server.ca_file) if parts.scheme == "https" else None

    def call(self, path: str, body: dict[str, Any] | None = None, *, repeatable: bool = True) -> dict[str, Any]:
        """Return `data` of the answer; POST when there is a body, else GET.

        Raises ServerRefusal (400, 404) and KeyUnavailable. Trouble on the way is tried again only when `repeatable`.
        """
        attempts = self._server.attempts if repeatable else 1
        reason, token = "", self._token()
        for attempt in range(attempts):
            if attempt:
                time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                status, answer = self._once(path, body, token)
            except (OSError, http.client.HTTPException) as fault:
                self._drop()
                reason = _in_words(fault)
                continue
            if status == _FORBIDDEN:
                newer = self._renew()
                if newer is None or newer == token:
                    raise KeyUnavailable("the key server does not let us in", "is the token valid, and its policy?")
                token = newer
                status, answer = self._once(path, body, token)
            if status not in _TRY_AGAIN:
                return _data(status, answer)
            reason = "; ".join(_errors(answer)) or f"status {status}"
        raise KeyUnavailable(f"the key server {self._server.url} does not answer: {reason}", "is it up and unsealed?")

    def _once(self, path: str, body: dict[str, Any] | None, token: bytes) -> tuple[int, Any]:
        connection = self._connection()
        headers = {"X-Vault-Token": token.decode("latin-1"), "X-Vault-Request": "true"}
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        connection.request("GET" if body is None else "POST", self._base + path, sent, headers)
        response = connection.getresponse()
        content = response.read(MOST_ANSWER_BYTES + 1)
        if len(content) > MOST_ANSWER_BYTES:
            self._drop()
            raise KeyUnavailable("the answer of the key server is too long")
        try:
            return response.status, json.loads(content) if content else {}
        except ValueError:
            return response.status, {}

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if found is None:
            wait = self._server.timeout_seconds
            if self._tls is None:
                found = http.client.HTTPConnection(self._host, self._port, timeout=wait)
            else:
                found = http.client.HTTPSConnection(self._host, self._port, timeout=wait, context=self._tls)
            self._own.connection = found
        return found

    def _drop(self) -> None:
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None


def _data(status: int, answer: Any) -> dict[str, Any]:
    if status == _NOT_FOUND or (status == _BAD and not isinstance(answer, dict)):
        raise ServerRefusal(status, _errors(answer))
    data = answer.get("data") if isinstance(answer, dict) else None
    if status in (200, 204) or (status == _BAD and isinstance(data, dict) and "batch_results" in data):
        return data if isinstance(data, dict) else {}
    if status == _BAD:
        raise ServerRefusal(status, _errors(answer))
    raise KeyUnavailable(f"the key server answered with status {status}: {'; '.join(_errors(answer))}")


def _errors(answer: Any) -> list[str]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [str(one)[:300] for one in errors] if isinstance(errors, list) else []


def _in_words(fault: BaseException) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({fault.verify_message})"
    return getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
