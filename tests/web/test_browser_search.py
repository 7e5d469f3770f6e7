"""The search in a real browser: completing by keyboard, marked pages, records like one; axe-core as judge."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import expect
from test_browser import AXE, DESK, RULES, Server, Watched, browser, sign_in
from web_site import OpenSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser"]


@pytest.fixture(scope="module")
def letters(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with three letters, one of them of three pages."""
    browser_program()
    folder = tmp_path_factory.mktemp("letters")
    archive = open_site(folder).archive
    told = {"sender": "Dinas Kesehatan Kota", "number": "614/0123/2026"}
    pages = ("Pembukaan rapat", "Penanganan banjir rob dan drainase kota", "Penutup; drainase menyusul")
    take_in(archive, pdf(*pages), name="rapat.pdf", **told)
    take_in(archive, pdf("Laporan banjir rob, drainase dan tanggul kota"), name="laporan.pdf", **told)
    take_in(archive, pdf("Undangan peresmian sekolah"), name="undangan.pdf", recipient="Kepala Sekolah")
    archive.database.close()
    server = Server(folder, {})
    yield server
    server.stop()


def test_from_the_first_letter_to_the_marked_word(browser, letters: Server, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    context = new_context(browser, viewport=DESK, locale="en", base_url=letters.address)
    watched = Watched(context)
    page = watched.page
    sign_in(page, "clerk-dinkes")
    box = page.get_by_role("combobox", name="Search the archive")
    page.keyboard.press("/")
    box.press_sequentially("banjir from:dinas")
    option = page.get_by_role("option", name="Dinas Kesehatan Kota")
    expect(option).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    _fair(page)
    # The answer to all that was typed may come after the list of a part of it: what was moved to stays.
    option.evaluate("line => line.dataset.before = ''")
    box.evaluate("box => box.dispatchEvent(new Event('input'))")
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value('banjir from:"Dinas Kesehatan Kota" ')
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.press("Enter")
    expect(page.locator("h1")).to_contain_text("2 records")
    _fair(page)
    box.press("End")
    box.press_sequentially(" off")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_be_focused()

    page.goto("/search?q=drainase")
    page.locator(".on-pages a", has_text="3").click()
    expect(page.locator(".marked-page rect")).to_have_count(1)
    picture = page.locator(".marked-page img").bounding_box()
    mark = page.locator(".marked-page rect").bounding_box()
    assert picture
    assert mark
    assert mark["y"] < picture["y"] + picture["height"] / 4
    assert picture["width"] / 40 < mark["width"] < picture["width"] / 4
    _fair(page)
    page.get_by_role("link", name="Words before").click()
    expect(page.locator(".pager span")).to_have_text("Page 2 of 3")

    page.locator("h1 a").click()
    page.locator("#similar summary").click()
    expect(page.locator("#similar .similar a")).to_have_text("laporan")
    _fair(page)
    assert watched.complaints == []
    assert watched.away() == []
    context.close()


def _fair(page) -> None:  # type: ignore[no-untyped-def]
    page.evaluate(AXE)
    run = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
    found = page.evaluate(run, RULES)["violations"]
    assert found == [], json.dumps(found, indent=1)[:4000]
