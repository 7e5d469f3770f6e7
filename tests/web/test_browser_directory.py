"""Signing in with the password of a directory in a real browser, against `edms serve` and a real slapd."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import new_context
from directory_server import PASSWORD, READER, Unit
from judges import browser_program
from playwright.sync_api import Browser, Page, expect
from test_browser import DESK, PHONE, Server, browser, judged  # noqa: F401 - a fixture
from test_browser_passkeys import Device, add, by_passkey, leave

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SETTINGS = """
[ldap]
servers = ["ldap://localhost:{port}"]
ca_file = "{certificate}"
bind_dn = "{reader}"
bind_password = "file:{secret}"
people_base = "{people}"
groups_base = "{groups}"
retry_after_seconds = 0.0
connect_timeout_seconds = 60.0
timeout_seconds = 60

[[directory.groups]]
group = "arsip-dinkes"
roles = ["clerk"]
office = "dinkes"
clearance = "restricted"
"""


@pytest.fixture
def server(peopled_template: Path, tmp_path: Path, unit: Unit) -> Iterator[Server]:
    browser_program()
    shutil.copytree(peopled_template / "storage", tmp_path / "storage")
    told = {"port": unit.server.port, "certificate": unit.server.certificate, "reader": READER, "secret": unit.secret}
    more = SETTINGS.format(**told, people=unit.people, groups=unit.groups)
    running = Server(tmp_path, {}, more=more, workers=0)
    yield running
    running.stop()


@pytest.fixture
def by_name(server: Server) -> Server:
    """The same by a host name: passkeys are bound to one."""
    server.address = f"http://localhost:{server.port}"
    return server


def test_a_passkey_does_not_outlive_the_entry(browser: Browser, by_name: Server, unit: Unit) -> None:  # noqa: F811
    dn = unit.person("siti", userAccountControl=512)
    group = unit.group("arsip-dinkes", dn)
    device = Device(browser, by_name)
    typed(device.page, "siti", PASSWORD)
    add(device)
    unit.join(group, unit.person("budi"))
    for change, back in (
        (lambda: unit.set(dn, userAccountControl=514), lambda: unit.set(dn, userAccountControl=512)),
        (lambda: unit.leave(group, dn), lambda: unit.join(group, dn)),
    ):
        for let_in in (True, False):
            leave(device)
            by_passkey(device)
            if let_in:
                expect(device.page.locator("nav.rail")).to_be_visible()
                change()
            else:
                expect(device.page.get_by_text("nothing there gives you a place here")).to_be_visible()
                back()
    unit.remove(dn)
    unit.join(group, unit.person("siti", userAccountControl=512))
    by_passkey(device)
    expect(device.page.get_by_text("nothing there gives you a place here")).to_be_visible()


def typed(page: Page, name: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_password_of_the_office(browser: Browser, server: Server, unit: Unit, tmp_path: Path) -> None:  # noqa: F811
    """StartTLS from the server's own configuration; wrong, nobody's, of no group, right, changed, and gone."""
    group = unit.group("arsip-dinkes", unit.person("siti", name="Siti Rahayu"))
    unit.person("budi")
    for size in (DESK, PHONE):
        context = new_context(browser, viewport=size, locale="en", base_url=server.address)
        page = context.new_page()
        for name, password in (("siti", "salah"), ("tidak-ada", PASSWORD), ("*", PASSWORD)):
            typed(page, name, password)
            expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()
        typed(page, "budi", PASSWORD)
        expect(page.get_by_text("nothing there gives you a place here")).to_be_visible()
        assert judged(page) == []
        typed(page, "siti", PASSWORD)
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_have_count(0)
        page.goto("/account")
        expect(page.get_by_text("The directory of the city keeps your password")).to_be_visible()
        expect(page.get_by_role("link", name="Change the password")).to_have_count(0)
        assert judged(page) == []
        page.screenshot(path=tmp_path / f"account-{size['width']}.png", full_page=True)
        context.close()
    unit.remove(group)
    context = new_context(browser, viewport=DESK, locale="en", base_url=server.address)
    page = context.new_page()
    typed(page, "siti", PASSWORD)
    expect(page.get_by_text("nothing there gives you a place here")).to_be_visible(timeout=20_000)
    context.close()
