"""An administrator's day in a real browser: without scripts, desk and phone, both languages; axe-core judges."""

import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, Page, expect
from test_browser import DESK, PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture
from web_site import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PEOPLE = (
    "user,name,office,roles,clearance,head,active\n"
    "clerk-bappeda,Petugas Arsip Bappeda,dinkes,clerk official,secret,no,yes\n"
    "{user},Dewi Lestari,bappeda,clerk,open,no,yes\n"
    "official-bappeda,Pejabat Bappeda,bappeda,official,restricted,no,no\n"
)


@pytest.fixture(scope="module")
def server(peopled_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    browser_program()
    folder = tmp_path_factory.mktemp("people")
    shutil.copytree(peopled_template / "storage", folder / "storage")
    running = Server(folder, {}, workers=0)
    yield running
    running.stop()


def entered(page: Page, user: str, password: str) -> None:
    page.goto("/sign-in")
    page.fill("[name=username]", user)
    page.fill("[name=password]", password)
    page.locator("form.door button, form button.main").first.click()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_administrators_day_without_scripts(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    language: str,
    size: dict[str, int],
    tmp_path: Path,
) -> None:
    pictures = Path(os.environ.get("EDMS_PICTURES") or tmp_path)
    mark = f"{language}{size['width']}"
    told = {"viewport": size, "locale": language, "base_url": server.address, "java_script_enabled": False}
    context = new_context(browser, **told)
    page = context.new_page()

    def look(name: str) -> None:
        page.wait_for_load_state("load")  # before its style sheet a page is as wide as its longest word
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        page.screenshot(path=pictures / f"people-{name}-{language}-{size['width']}.png", full_page=True)

    entered(page, "admin", PASSWORD)
    page.locator("nav.rail a[href='/people']").click()
    page.locator("summary", has=page.locator("h2")).click()
    page.fill("[name=code]", f"uptd-{mark}")
    page.fill("[name=name]", "UPTD Laboratorium")
    page.select_option("[name=parent]", "dinkes")
    look("tree")
    page.locator("details button.main").click()
    page.locator(f"a[href='/people/offices/uptd-{mark}']").click()
    page.locator("a.button.main").click()
    page.fill("[name=user]", f"siti-{mark}")
    page.fill("[name=name]", "Siti Aminah")
    page.check("[name=role][value=official]")
    look("new")
    page.locator("form.stack button.main").click()
    password = page.input_value("#made-password")
    look("password")
    page.locator("a.button.main").click()
    page.locator("summary").nth(3).click()
    page.select_option("form[action$='/act'] [name=office]", "dinkes")
    page.fill("[name=instead_of]", "head-dinkes")
    page.fill("form[action$='/act'] [name=last]", (date.today() + timedelta(days=20)).isoformat())
    page.fill("[name=mandate]", "SP 800/123/2026")
    look("acting")
    page.locator("form[action$='/act'] button").click()
    expect(page.locator(".own li")).to_contain_text("head-dinkes")
    look("person")

    new = new_context(browser, **told).new_page()
    entered(new, f"siti-{mark}", password)
    expect(new.locator("[name=again]")).to_be_visible()
    new.fill("[name=old]", password)
    new.fill("[name=new]", "kuda lumping naik becak 71")
    new.fill("[name=again]", "kuda lumping naik becak 71")
    new.locator("form button.main").last.click()
    expect(new.locator("header.bar")).to_be_visible()
    assert new.goto("/people").status == 403  # type: ignore[union-attr]
    new.context.close()

    page.goto("/people/list")
    look("list")
    content = PEOPLE.format(user=f"dewi-{mark}").encode()
    page.set_input_files("[name=file]", {"name": "pegawai.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("form.stack button.main").click()
    look("looked-at")
    page.locator("form.stack button.main").click()
    expect(page.locator(".flash.good")).to_be_visible()
    page.goto("/people/offices/bappeda")
    expect(page.locator(f"a[href$='/dewi-{mark}']")).to_be_visible()
    look("office")
    context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_judge_finds_nothing(browser: Browser, server: Server, size: dict[str, int]) -> None:  # noqa: F811
    context = new_context(browser, viewport=size, locale="id", base_url=server.address)
    page = context.new_page()
    sign_in(page, "admin")
    accounts = ("accounts/clerk-dinkes", "accounts/admin", "new", "list", "offices/dinkes", "")
    for place in accounts:
        page.goto(f"/people/{place}".rstrip("/"))
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], place
    content = PEOPLE.format(user="dewi-judged").encode()
    page.goto("/people/list")
    page.set_input_files("[name=file]", {"name": "pegawai.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("form.stack button.main").click()
    assert judged(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    context.close()
