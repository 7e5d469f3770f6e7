"""A real browser, a real provider (oidc-provider), a real server: signing in, groups, proof once more, signing out."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import settings_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, BrowserContext, Page, expect
from ports import free_port
from real_provider import CLIENT, SECRET, RealProvider, real_provider
from sqlalchemy import select
from test_browser import CONFIGURATION, DESK, PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture

from edms.access.actors import console_actor
from edms.audit.model import AuditLeaf
from edms.bootstrap import open_archive
from edms.records.people import list_people

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LABEL = "Masuk dengan akun Pemkot"
MORE = """
public_url = "{home}"
[oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret = "file:provider-secret"
timeout_seconds = 30.0
label = "{label}"
create_people = true
follow_groups = true
[[directory.groups]]
group = "/dinkes/arsip"
roles = ["clerk"]
office = "dinkes"
clearance = "restricted"
[[directory.groups]]
group = "/bappeda"
roles = ["official"]
office = "bappeda"
"""


class ProvidedServer(Server):
    """A running server whose people sign in by the provider at `issuer`."""

    def __init__(self, folder: Path, port: int, provider: RealProvider) -> None:
        self.folder, self.records, self.port, self.provider, self.workers = folder, {}, port, provider, 0
        self.address = f"http://localhost:{port}"
        secret = folder / "provider-secret"
        secret.write_text(SECRET, "utf-8")
        secret.chmod(0o600)
        more = MORE.format(home=self.address, issuer=provider.issuer, client=CLIENT, label=LABEL)
        written = CONFIGURATION.format(port=port, limit=3_000_000).replace("[worker]", f"{more}[worker]")
        (folder / "config.toml").write_text(written, "utf-8")
        self.start()

    def people(self) -> dict[str, tuple[str | None, tuple[str, ...]]]:
        archive = open_archive(settings_in(self.folder))
        found = {one.user: (one.office, one.roles) for one in list_people(console_actor("tests"), archive)}
        archive.database.close()
        return found

    def actions(self) -> list[str]:
        archive = open_archive(settings_in(self.folder))
        with archive.database.reader() as session:
            found = list(session.scalars(select(AuditLeaf.action).order_by(AuditLeaf.index)))
        archive.database.close()
        return found


@pytest.fixture
def served(peopled_template: Path, tmp_path: Path) -> Iterator[ProvidedServer]:
    browser_program()
    shutil.copytree(peopled_template / "storage", tmp_path / "storage")
    port = free_port()
    people: dict[str, dict[str, Any]] = {
        "u-siti": {"preferred_username": "siti", "name": "Siti Rahayu", "groups": ["/dinkes/arsip"]},
        "u-orang": {"preferred_username": "orang", "name": "Orang Lain", "groups": ["/lain"]},
    }
    with real_provider(f"http://localhost:{port}", people) as provider:
        running = ProvidedServer(tmp_path, port, provider)
        yield running
        running.stop()


@pytest.fixture
def context(browser: Browser, served: ProvidedServer) -> Iterator[BrowserContext]:  # noqa: F811
    opened = new_context(browser, viewport=DESK, locale="en", base_url=served.address)
    yield opened
    opened.close()


def there(page: Page, who: str) -> None:
    """Say at the provider who one is, on its own page."""
    page.wait_for_url("**/interaction/**")
    page.fill("[name=login]", who)
    page.fill("[name=password]", "apa saja")
    page.get_by_role("button", name="Sign-in").click()


def by_provider(page: Page, who: str) -> None:
    page.goto("/sign-in?next=/account")
    page.get_by_role("button", name=LABEL).click()
    there(page, who)


def test_a_day_with_the_provider(context: BrowserContext, served: ProvidedServer) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto("/sign-in")
    judged(page)
    by_provider(page, "u-siti")
    page.wait_for_url(f"{served.address}/account")
    judged(page)
    expect(page.get_by_role("heading", name=LABEL)).to_be_visible()
    expect(page.get_by_text("It is your only way to sign in")).to_be_visible()
    assert served.people()["siti"] == ("dinkes", ("clerk",))
    expect(page.get_by_role("link", name="Capture")).to_be_visible()

    # Moved at the provider; here with the next sign-in, where nobody is asked again who is signed in there.
    served.provider.says("u-siti", preferred_username="siti", name="Siti Rahayu", groups=["/bappeda"])
    context.clear_cookies(name="edms_session")
    page.goto("/sign-in?next=/account")
    page.get_by_role("button", name=LABEL).click()
    page.wait_for_url(f"{served.address}/account")
    assert served.people()["siti"] == ("bappeda", ("official",))
    expect(page.get_by_role("link", name="Capture")).to_have_count(0)
    assert [one for one in complaints if "Content Security Policy" in one] == []


def test_proof_once_more_asks_anew_there(context: BrowserContext, served: ProvidedServer) -> None:
    page = context.new_page()
    by_provider(page, "u-siti")
    page.wait_for_url(f"{served.address}/account")
    page.goto("/prove?next=/account/second-factor")
    judged(page)
    page.get_by_role("button", name="Prove it with your organisation's account").click()
    there(page, "u-siti")
    page.wait_for_url(f"{served.address}/account/second-factor")
    assert served.actions().count("session.proved") == 1

    page.goto("/prove?next=/account/second-factor")  # somebody else at this desk
    page.get_by_role("button", name="Prove it with your organisation's account").click()
    there(page, "u-orang")
    # The provider says that the one who was signed in there is no more: out here as well, before the proof came back.
    page.wait_for_url(f"{served.address}/sign-in?next=/account/second-factor")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert served.actions().count("session.ended_by_provider") == 1
    assert served.actions().count("session.proved") == 1


def test_who_is_in_no_group_is_told_so(context: BrowserContext, served: ProvidedServer) -> None:
    page = context.new_page()
    by_provider(page, "u-orang")
    page.wait_for_url(f"{served.address}/sign-in?**")
    expect(page.get_by_text("None of your groups at the provider lets you in here")).to_be_visible()
    judged(page)
    assert "orang" not in served.people()
    assert "session.provider_failed" in served.actions()


def test_signing_out_here_leads_to_signing_out_there(context: BrowserContext, served: ProvidedServer) -> None:
    page = context.new_page()
    by_provider(page, "u-siti")
    page.wait_for_url(f"{served.address}/account")
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/session/end**")
    page.get_by_role("button", name=re.compile("sign me out", re.I)).click()
    page.wait_for_url(f"{served.address}/sign-in**")
    page.get_by_role("button", name=LABEL).click()
    page.wait_for_url("**/interaction/**")  # there too nobody is signed in any more


def test_signing_out_there_ends_the_session_here_at_once(context: BrowserContext, served: ProvidedServer) -> None:
    page = context.new_page()
    by_provider(page, "u-siti")
    page.wait_for_url(f"{served.address}/account")
    elsewhere = context.new_page()
    elsewhere.goto(f"{served.provider.issuer}/session/end")
    elsewhere.get_by_role("button", name=re.compile("sign me out", re.I)).click()
    elsewhere.wait_for_url("**/session/end/success**")
    page.goto("/account")
    page.wait_for_url("**/sign-in**")
    assert served.actions().count("session.ended_by_provider") == 1


def test_the_provider_is_away_and_the_local_way_goes_on(
    browser: Browser,  # noqa: F811
    peopled_template: Path,
    tmp_path: Path,
) -> None:
    shutil.copytree(peopled_template / "storage", tmp_path / "storage")
    running = ProvidedServer(tmp_path, free_port(), RealProvider(f"http://localhost:{free_port()}"))
    for size, locale, words in ((DESK, "en", "does not answer"), (PHONE, "id", "tidak menjawab")):
        context = new_context(browser, viewport=size, locale=locale, base_url=running.address)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_role("button", name=LABEL).click()
        expect(page.get_by_text(words)).to_be_visible(timeout=20_000)
        judged(page)
        sign_in(page, "clerk-dinkes")
        context.close()
    running.stop()
