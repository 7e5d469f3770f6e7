"""People who visit the real application with a browser's cookies; the archive behind it; a city with records."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from edms.core.clock import FixedClock
from edms.records.archive import Archive

PASSWORD = "kata sandi untuk uji"
PEOPLE = ("clerk-dinkes", "clerk-bappeda", "official-dinkes", "official-bappeda", "head-dinkes", "records", "auditor",
          "admin")  # fmt: skip
_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')


class Visitor:
    """One browser: its cookies, and the form token of the page it has open."""

    def __init__(self, app: Flask, **base: Any) -> None:
        self.client = app.test_client()
        self.base = base

    def get(self, path: str, **told: Any) -> TestResponse:
        return self.client.get(path, **self.base, **told)

    def head(self, path: str, **told: Any) -> TestResponse:
        return self.client.head(path, **self.base, **told)

    def token(self) -> str:
        """Return the token that a page of this session holds."""
        page = self.get("/sign-in", follow_redirects=True).text
        found = _TOKEN.search(page)
        assert found, page
        return found.group(1)

    def post(self, path: str, data: dict[str, Any] | None = None, **told: Any) -> TestResponse:
        """Send a form as a page of ours would."""
        told = {"method": "POST", **told}
        return self.client.open(path, data={"csrf_token": self.token(), **(data or {})}, **self.base, **told)

    def send(self, path: str, content: bytes, name: str = "surat.pdf") -> TestResponse:
        """Send a file as the script of the upload page does."""
        headers = {
            **self.base.get("headers", {}),
            "X-CSRFToken": self.token(),
            "X-File-Name": name,
            "Accept": "application/json",
        }
        return self.client.post(
            path, data=content, content_type="application/octet-stream", **{**self.base, "headers": headers}
        )

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.post("/sign-in", {"username": name, "password": password, **fields})


def plain(answer: TestResponse) -> str:
    """Return a page without its form tokens, which differ from second to second."""
    return re.sub(r'(csrf[-_]token" (?:content|value)=")[^"]*', r"\1", answer.text)


@dataclasses.dataclass
class Site:
    """An archive, its application, and people at its door."""

    archive: Archive
    app: Flask
    clock: FixedClock

    def visitor(self, name: str = "", **base: Any) -> Visitor:
        """Return a new browser; with a name, of that person after sign-in."""
        visitor = Visitor(self.app, **base)
        if name:
            assert visitor.sign_in(name).status_code == 302
        return visitor


@dataclasses.dataclass
class City:
    """A site with one record of each kind, for tests that only look."""

    site: Site
    records: dict[str, str]
    visitors: dict[str, Visitor]


OpenSite = Callable[..., Site]
