"""The Indonesian certified e-signature service (BSrE), in the shape that its public clients use (R59).

POST /api/sign/pdf, multipart with HTTP Basic; the answer is the PDF, or JSON with it in base64, or JSON with the number
under which GET /api/sign/download/{id} has it. POST /api/sign/verify asks the service about a file. The body is built
in memory; the passphrase is in it and nowhere else. What the service says in words is never passed on: several echo
what they were sent.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from edms.core.exchange import NoAnswer, Reply, ask
from edms.core.secret import Secret
from edms.signing.personal import AnswerRefused, Mark, Signatory, SignatureUnavailable, WrongPassphrase
from edms.signing.verification import TrustMaterial

_PDF, _JSON = "application/pdf", "application/json"
_MOST_MORE = 4 * 1024 * 1024  # what one signature with its picture and its certificates may add
_WRONG_PASSPHRASE = 2031
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_SIGNED_FILE, _DOCUMENT = "base64_signed_file", "id_dokumen"
_ASK_AGAIN = "try again later; nothing was kept"


class BsreSigner:
    """Signs through the service at `url`. `password` gives the client's own password for each call; nobody keeps it."""

    provider = "bsre"
    pilot = False

    def __init__(
        self, url: str, user: str, password: Callable[[], str], trust: TrustMaterial, timeout_seconds: float = 60.0
    ) -> None:
        self._url = url.rstrip("/")
        self._user = user
        self._password = password
        self.trust = trust
        self._timeout = timeout_seconds

    def __repr__(self) -> str:
        return f"BsreSigner({self._url!r})"

    def sign(self, document: bytes, signatory: Signatory, passphrase: Secret, mark: Mark) -> bytes:
        kind, body = _multipart(_fields(signatory, passphrase, mark), document, mark.picture)
        most = len(document) * 2 + _MOST_MORE
        reply = self._ask("POST", "/api/sign/pdf", body, {"Content-Type": kind, "Accept": f"{_PDF}, {_JSON}"}, most)
        _require_success(reply)
        if reply.kind == _PDF:
            return reply.content
        told = _told(reply)
        if _SIGNED_FILE in told:
            return _decoded(told[_SIGNED_FILE])
        number = str(told.get(_DOCUMENT) or reply.headers.get(_DOCUMENT, ""))
        if not _DOCUMENT_ID.fullmatch(number):
            raise _unusable()
        return self._download(number, most)

    def verify(self, signed: bytes) -> dict[str, Any]:
        """Return what the service itself says of a file. A second opinion: nothing here is decided by it."""
        boundary = f"edms-{secrets.token_hex(16)}"
        body = b"".join((_part(boundary, "signed_file", signed, _PDF, "document.pdf"), f"--{boundary}--\r\n".encode()))
        kind = f"multipart/form-data; boundary={boundary}"
        reply = self._ask("POST", "/api/sign/verify", body, {"Content-Type": kind, "Accept": _JSON}, _MOST_MORE)
        _require_success(reply)
        return _told(reply)

    def _download(self, number: str, most: int) -> bytes:
        reply = self._ask("GET", f"/api/sign/download/{number}", None, {"Accept": _PDF}, most)
        _require_success(reply)
        if reply.kind != _PDF:
            raise _unusable()
        return reply.content

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str], most: int) -> Reply:
        login = base64.b64encode(f"{self._user}:{self._password()}".encode()).decode()
        headers = {**headers, "Authorization": f"Basic {login}"}
        try:
            return ask(method, self._url + path, headers, body, timeout=self._timeout, most=most)
        except NoAnswer as fault:
            raise SignatureUnavailable(
                f"the signing service does not answer ({fault}); nothing was signed", _ASK_AGAIN
            ) from None


def _fields(signatory: Signatory, passphrase: Secret, mark: Mark) -> dict[str, str]:
    place = mark.placement
    return {
        "nik": signatory.identity,
        "passphrase": passphrase.reveal(),
        "tampilan": "visible",
        "image": "true",
        "linkQR": mark.link,
        "page": str(place.page),
        "xAxis": str(place.x),
        "yAxis": str(place.y),
        "width": str(place.width),
        "height": str(place.height),
        "reason": mark.reason,
        "location": mark.location,
        "jenis_response": "BASE64",
    }


def _multipart(fields: dict[str, str], document: bytes, picture: bytes) -> tuple[str, bytes]:
    """Return content type and body (RFC 7578). The boundary is random, so no field can end its own part."""
    boundary = f"edms-{secrets.token_hex(16)}"
    parts = [_part(boundary, name, value.encode()) for name, value in fields.items()]
    parts.append(_part(boundary, "file", document, _PDF, "document.pdf"))
    parts.append(_part(boundary, "imageTTD", picture, "image/png", "mark.png"))
    return f"multipart/form-data; boundary={boundary}", b"".join((*parts, f"--{boundary}--\r\n".encode()))


def _part(boundary: str, name: str, value: bytes, kind: str = "", file_name: str = "") -> bytes:
    named = f'; filename="{file_name}"' if file_name else ""
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{typed}\r\n'
    return b"".join((head.encode(), value, b"\r\n"))


def _require_success(reply: Reply) -> None:
    """Turn a refusal into one sentence of ours; the service's own words stay unread but for its number."""
    if reply.status == 200:
        return
    code = _told(reply).get("status_code") if reply.kind == _JSON else None
    if code == _WRONG_PASSPHRASE:
        raise WrongPassphrase()
    if reply.status in (401, 403):
        raise SignatureUnavailable(
            "the signing service does not let this archive in; nothing was signed", "tell the administrator"
        )
    told = f"{reply.status}, {code}" if isinstance(code, int) else str(reply.status)
    raise SignatureUnavailable(f"the signing service refused (status {told}); nothing was signed", _ASK_AGAIN)


def _told(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.content)
    except (ValueError, RecursionError):
        raise _unusable() from None
    if not isinstance(found, dict):
        raise _unusable()
    return found


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise _unusable() from None


def _unusable() -> AnswerRefused:
    return AnswerRefused(
        "the signing service answered with something that is no signed document; nothing was signed",
        "tell the administrator",
    )
