"""What is told to programs: to who shows an API token as problem details (RFC 9457), to our own scripts in two keys."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, g
from flask.typing import ResponseReturnValue


def by_token() -> bool:
    """True when this request came with an API token, whether it counts or not."""
    return bool(g.get("bearer"))


def told(status: int, message: str, mend: str = "", headers: Mapping[str, str] | None = None) -> ResponseReturnValue:
    """Return the answer that says what went wrong, and what to do, in the form that whoever asked can read."""
    if by_token():
        return problem(status, message, mend, headers)
    return {"error": message, "mend": mend}, status, dict(headers or {})


def problem(status: int, message: str, mend: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return problem details. `type` stays "about:blank": the status says the kind, `detail` and `mend` the rest."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:  # 460, of the tus protocol
        title = "Checksum Mismatch"
    body = {"type": "about:blank", "title": title, "status": status, "detail": message, "mend": mend}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, headers=dict(headers or {}), mimetype="application/problem+json")


def as_json(value: Mapping[str, Any]) -> Response:
    """Return a document with stable keys, as the commands print it with --json."""
    return Response(json.dumps(value, ensure_ascii=False, default=str), mimetype="application/json")
