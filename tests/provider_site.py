"""A site whose people sign in by the lying provider, with the browser's part of the way played by hand."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from archive_fixtures import MOMENT
from lying_provider import CLIENT, SECRET, LyingProvider, lying_provider
from sqlalchemy import select
from web_site import OpenSite, Site, Visitor
from werkzeug.test import TestResponse

from edms.access.actors import console_actor
from edms.access.model import SignInSession
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.core.directory_settings import GroupRule
from edms.records.provider_bindings import bind_provider

CONSOLE = console_actor("tests")
ANSWER = "/sign-in/provider/answer"
GROUPS = (
    GroupRule(group="/dinkes/arsip", roles=("clerk",), office="dinkes", clearance="restricted"),
    GroupRule(group="/dinkes/kepala", roles=("official",), office="dinkes", head=True, clearance="secret"),
    GroupRule(group="/bappeda", roles=("official",), office="bappeda", clearance="restricted"),
    GroupRule(group="/tik", roles=("administrator",)),
    GroupRule(group="/hilang", roles=("clerk",), office="tidak-ada"),
)


@dataclass
class ProviderSite:
    site: Site
    provider: LyingProvider

    def visitor(self) -> Visitor:
        return Visitor(self.site.app)

    def bind(self, user: str, subject: str = "s-1") -> None:
        bind_provider(CONSOLE, self.site.archive, user, subject)

    def begin(self, visitor: Visitor, path: str = "/sign-in/provider", **fields: str) -> dict[str, str]:
        """Press the button; return the parameters of the address that the page leads to."""
        page = visitor.post(path, fields)
        assert page.status_code == 200, page.headers.get("Location")
        place = html.unescape(re.search(r'content="0;url=([^"]+)"', page.text).group(1))  # type: ignore[union-attr]
        assert place.startswith(f"{self.provider.issuer}/auth?")
        return {name: one[0] for name, one in parse_qs(urlsplit(place).query).items()}

    def come_back(self, visitor: Visitor, asked: dict[str, str], code: str = "kode-satu", **query: str) -> TestResponse:
        return visitor.get(ANSWER, query_string={"state": asked["state"], "code": code, **query})

    def sign_in(self, visitor: Visitor, code: str = "kode-satu", *, following: str = "", **claims: Any) -> TestResponse:
        """Go there and back as somebody of whom the provider says `claims`."""
        asked = self.begin(visitor, **({"next": following} if following else {}))
        self.provider.grant(code, asked, **claims)
        return self.come_back(visitor, asked, code)

    def events(self) -> list[dict[str, Any]]:
        """What the trail holds since the demo was made, oldest first."""
        with self.site.archive.database.reader() as session:
            rows = session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index))
            return [json.loads(row) for row in rows]

    def reasons(self) -> list[str]:
        return [
            one["details"]["reason"]
            for one in self.events()
            if one["action"] in ("session.provider_failed", "session.provider_logout_refused")
        ]

    def sessions(self) -> int:
        with self.site.archive.database.reader() as session:
            return len(session.scalars(select(SignInSession)).all())


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


@pytest.fixture
def provided(open_site: OpenSite, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ProviderSite]:
    """A site with a provider; settings of `[oidc]` by an indirect parameter of the test."""
    told: dict[str, Any] = getattr(request, "param", {})
    clock = FixedClock(MOMENT)
    with lying_provider(clock) as provider:
        secret = tmp_path / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        site = open_site(
            tmp_path / "site",
            server={"public_url": "http://localhost"},
            directory={"groups": GROUPS},
            oidc={"issuer": provider.issuer, "client_id": CLIENT, "client_secret": f"file:{secret}",
                  "timeout_seconds": 30.0, **told},
        )  # fmt: skip
        provider.clock = site.clock
        yield ProviderSite(site, provider)
