"""Passkeys in a real browser with Chromium's own virtual authenticator, and what an answer is worth a second time."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from archive_fixtures import settings_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, expect
from sqlalchemy import func, select, update
from test_browser import DESK, PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture

from edms.access.credentials_model import OpenChallenge, Passkey, RecoveryCode
from edms.access.model import Person
from edms.bootstrap import open_archive

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHO = "head-dinkes"


@pytest.fixture
def server(peopled_template: Path, tmp_path: Path) -> Iterator[Server]:
    browser_program()
    shutil.copytree(peopled_template / "storage", tmp_path / "storage")
    running = Server(tmp_path, {}, workers=0)
    running.address = f"http://localhost:{running.port}"  # passkeys are bound to a name
    yield running
    running.stop()


class Device:
    """A browser with an authenticator of its own, and the forms it sent."""

    def __init__(self, browser: Browser, server: Server, **told: Any) -> None:  # noqa: F811
        self.context = new_context(browser, viewport=DESK, locale="en", base_url=server.address, **told)
        self.page = self.context.new_page()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.context.on("request", self._keep)
        self.cdp = self.authenticator(self.page, self.context)

    def authenticator(self, page: Page, context: BrowserContext) -> CDPSession:
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
        self.id = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return cdp

    def _keep(self, request: Request) -> None:
        if request.method == "POST" and "credential" in (request.post_data or ""):
            self.forms.append((request.url, {name: one[0] for name, one in parse_qs(request.post_data).items()}))

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def again(self, form: tuple[str, dict[str, str]]) -> str:
        """Send a form once more, with a form token of now; return where it leads."""
        self.page.goto("/sign-in")
        token = self.page.get_attribute("meta[name=csrf-token]", "content") or ""
        answer = self.context.request.post(form[0], form={**form[1], "csrf_token": token}, max_redirects=0)
        return answer.headers.get("location", str(answer.status))


def add(device: Device, name: str = "Laptop kantor") -> None:
    device.page.goto("/account")
    device.page.get_by_label("Name it after where it is kept").fill(name)
    device.page.get_by_role("button", name="Add a passkey").click()
    expect(device.page.get_by_role("heading", name="Recovery codes")).to_be_visible(timeout=20_000)


def leave(device: Device) -> None:
    device.context.clear_cookies()


def by_passkey(device: Device) -> None:
    device.page.goto("/sign-in")
    device.page.get_by_role("button", name="Sign in with a passkey").click()


def test_a_passkey_from_its_making_to_its_end(browser: Browser, server: Server) -> None:  # noqa: F811
    device = Device(browser, server)
    page = device.page
    sign_in(page, WHO)
    add(device)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible(timeout=20_000)
    expect(page.locator(".recovery li")).to_have_count(10)
    assert device.credentials()[0]["isResidentCredential"]
    page.goto("/account")
    judged(page)
    expect(page.get_by_label("Name of the passkey")).to_have_value("Laptop kantor")
    page.get_by_label("Name of the passkey").fill("Laptop dinas")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name of the passkey")).to_have_value("Laptop dinas")

    leave(device)  # alone: no name, no password
    page.goto("/sign-in?next=/search?q=surat")
    judged(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile(r"//[^/]+/search\?q=surat$"))

    leave(device)  # as the second factor
    page.goto("/sign-in")
    page.fill("[name=username]", WHO)
    page.fill("[name=password]", "kata sandi untuk uji")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code**")
    judged(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("header.bar")).to_be_visible(timeout=20_000)

    page.goto("/prove?next=/account/password")  # asked once more
    judged(page)
    page.get_by_role("button", name="Prove it with a passkey").click()
    page.wait_for_url(re.compile(r"//[^/]+/account/password$"))

    page.goto("/account")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed")).to_be_visible(timeout=20_000)
    leave(device)
    by_passkey(device)
    expect(page.get_by_text("The passkey was not taken")).to_be_visible(timeout=20_000)
    sign_in(page, WHO)


def test_an_answer_is_worth_something_once_and_in_its_own_browser(browser: Browser, server: Server) -> None:  # noqa: F811
    device = Device(browser, server)
    sign_in(device.page, WHO)
    add(device)
    leave(device)
    by_passkey(device)
    expect(device.page.locator("header.bar")).to_be_visible(timeout=20_000)
    used = device.forms[-1]
    leave(device)
    assert "/sign-in" in device.again(used), "the challenge is closed"

    # One that was never sent: kept back in this browser, sent by another.
    device.page.route("**/sign-in/passkey", lambda route: route.abort())
    with device.page.expect_request("**/sign-in/passkey"):
        by_passkey(device)
    kept = device.forms[-1]
    device.page.unroute("**/sign-in/passkey")
    other = Device(browser, server)
    other.page.goto("/sign-in")
    assert "/sign-in" in other.again(kept), "it is bound to the browser that asked"


def test_an_authenticator_that_was_copied_is_not_taken(browser: Browser, server: Server) -> None:  # noqa: F811
    device = Device(browser, server)
    sign_in(device.page, WHO)
    add(device)
    (copied,) = device.credentials()
    leave(device)
    by_passkey(device)
    expect(device.page.locator("header.bar")).to_be_visible(timeout=20_000)
    leave(device)
    device.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": device.id})
    copy = {name: value for name, value in copied.items() if name in (
        "credentialId", "isResidentCredential", "rpId", "privateKey", "userHandle", "signCount")}  # fmt: skip
    device.cdp.send("WebAuthn.addCredential", {"authenticatorId": device.id, "credential": copy})
    by_passkey(device)
    expect(device.page.get_by_text("The passkey was not taken")).to_be_visible(timeout=20_000)


def test_without_verification_of_its_user_it_is_no_passkey(browser: Browser, server: Server) -> None:  # noqa: F811
    device = Device(browser, server)
    sign_in(device.page, WHO)
    add(device)
    leave(device)
    device.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device.id, "isUserVerified": False})
    by_passkey(device)
    expect(device.page.get_by_text("No passkey was given")).to_be_visible(timeout=20_000)


def test_a_row_put_in_or_given_to_somebody_else_lets_nobody_in(
    browser: Browser,  # noqa: F811
    server: Server,
) -> None:
    device = Device(browser, server)
    sign_in(device.page, "clerk-dinkes")
    add(device)
    leave(device)
    archive = open_archive(settings_in(server.folder))
    with archive.database.writer() as session:
        officer = session.scalars(select(Person.id).where(Person.username == "records")).one()
        session.execute(update(Passkey).values(person_id=officer))
        session.commit()
    by_passkey(device)
    expect(device.page.get_by_text("The passkey was not taken")).to_be_visible(timeout=20_000)
    with archive.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(OpenChallenge)) == 0, "closed, whatever came of it"
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10
    archive.database.close()


def test_by_an_address_of_numbers_it_is_said_why(browser: Browser, server: Server) -> None:  # noqa: F811
    context = new_context(browser, viewport=PHONE, locale="en", base_url=f"http://127.0.0.1:{server.port}")
    page = context.new_page()
    sign_in(page, WHO)
    page.goto("/account")
    page.get_by_label("Name it after where it is kept").fill("Telepon")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("this page was opened by an address of numbers")).to_be_visible(timeout=20_000)
    context.close()
