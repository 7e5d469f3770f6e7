"""The review of a batch in a real browser, by keyboard alone; on a phone; in both languages; two clerks at once."""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archive_fixtures import OWNER, settings_in
from batch_material import Made, scan_pdf
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, Page, expect
from pypdfium2 import PdfDocument
from test_browser import DESK, PHONE, Server, Watched, browser, judged, sign_in  # noqa: F401 - a fixture

from edms.batches.cutting import Duplex
from edms.batches.sheet import Sheet
from edms.bootstrap import open_archive
from edms.capture.batches import begin_batch, show_batch
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.work import work_until_idle
from edms.records.people import console_person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHEETS = [Sheet("dinkes", "400.7", "", "open", "Surat pertama"), Sheet("dinkes", "000.1.5", "", "restricted", "Kedua")]
PAGES = [Made("separator", 1, 0, SHEETS[0]), Made("text", 2), Made("text", 3, 180), Made("blank", 4),
         Made("separator", 5, 0, SHEETS[1]), Made("text", 6)]  # fmt: skip


class Reviewing(Server):
    batch = ""


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewing]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("batches")
    shutil.copytree(source / "storage", folder / "storage")
    opened = open_archive(settings_in(folder))
    text = opened.settings.text.model_copy(update={"ocr": "off"})
    archive = replace(opened, settings=opened.settings.model_copy(update={"text": text}))
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id
    incoming = IncomingFile("tumpukan-pagi.pdf", io.BytesIO(scan_pdf(PAGES)))
    taken = begin_batch(clerk, archive, incoming, Placement(clerk.office_id), Duplex.IN_ORDER)
    work_until_idle(archive, OWNER)
    assert show_batch(clerk, archive, taken.record_id).state == "review"
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    running = Reviewing(folder, records)
    running.batch = str(taken.record_id)
    yield running
    running.stop()


def shape(page: Page) -> list[list[str]]:
    """The pages of each document, and last those left out, as the page shows them."""
    lists = page.locator("ol.thumbs").all()
    return [[str(one.get_attribute("data-page")) for one in some.locator("> li").all()] for some in lists]


def pressed(page: Page, key: str, then: list[list[str]]) -> None:
    """Press a key, and wait until the server's plan is this one."""
    with page.expect_navigation():
        page.keyboard.press(key)
    assert shape(page) == then


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_review_fits_desk_and_phone(
    browser: Browser, server: Reviewing, size: dict[str, int], language: str  # noqa: F811
) -> None:  # fmt: skip
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    sign_in(page)
    for where in (f"/batches/{server.batch}", "/batches", "/batches/separators"):
        page.goto(where)
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if folder := os.environ.get("EDMS_PICTURES"):
            page.screenshot(path=f"{folder}/{language}-{size['width']}-{len(where)}.png", full_page=True)
    context.close()


def test_sheets_are_printed_by_keyboard_alone(browser: Browser, server: Reviewing) -> None:  # noqa: F811
    context = new_context(browser, viewport=DESK, locale="id", base_url=server.address)
    watched = Watched(context)
    page = watched.page
    sign_in(page)
    page.goto("/batches/separators")
    page.locator("[name=class_code]").focus()
    page.keyboard.type("999.9")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#wrong-class_code")).to_contain_text("tidak ada dalam klasifikasi arsip")
    assert judged(page) == []
    page.locator("[name=class_code]").fill("400.7")
    page.locator("[name=copies]").fill("12")
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    assert told.value.suggested_filename == "lembar-pemisah.pdf"
    with PdfDocument(told.value.path()) as printed:
        assert len(printed) == 12
    assert watched.away() == []
    context.close()


def test_a_batch_is_reviewed_by_keyboard_alone(browser: Browser, server: Reviewing) -> None:  # noqa: F811
    context = new_context(browser, viewport=DESK, locale="en", base_url=server.address)
    watched = Watched(context)
    page, where = watched.page, f"/batches/{server.batch}"
    sign_in(page)
    page.goto(where)
    left = ["1", "4", "5"]
    assert shape(page) == [["2", "3"], ["6"], left]
    page.keyboard.press("ArrowRight")
    expect(page.locator("#p3")).to_be_focused()
    pressed(page, "s", [["2"], ["3"], ["6"], left])
    expect(page.locator("#p3")).to_be_focused()
    pressed(page, "r", [["2"], ["3"], ["6"], left])
    expect(page.locator("#p3 img")).to_have_class("turn90")
    pressed(page, "m", [["2", "3"], ["6"], left])
    pressed(page, "Shift+ArrowRight", [["2"], ["3", "6"], left])
    pressed(page, "d", [["2"], ["6"], [*left, "3"]])
    expect(page.locator("#p3")).to_be_focused()
    pressed(page, "d", [["2"], ["6"], ["3"], left])
    pressed(page, "u", [["2"], ["6"], [*left, "3"]])
    assert judged(page) == []
    document = page.locator("section.panel").first
    document.locator("summary").click()
    document.locator("[name=class_code]").fill("999.9")
    with page.expect_navigation():
        document.get_by_role("button", name="Keep").click()
    expect(page.locator("section.panel").first.locator("h2")).to_contain_text("999.9")
    with page.expect_navigation():
        page.get_by_role("button", name="Confirm the cut").click()
    expect(page.locator(".notice.bad, .flash.bad, [role=alert]").first).to_contain_text("document 1: there is no class")
    page.locator("section.panel").first.locator("summary").click()
    page.locator("section.panel").first.locator("[name=class_code]").fill("")
    with page.expect_navigation():
        page.locator("section.panel").first.get_by_role("button", name="Keep").click()
    other = context.new_page()
    other.goto(where)
    with other.expect_navigation():
        other.locator("#p2").focus()
        other.keyboard.press("r")
    with page.expect_navigation() as told:
        page.keyboard.press("u")
    assert told.value.status == 409
    with page.expect_navigation():
        page.keyboard.press("c")
    expect(page.get_by_role("button", name="Confirm the cut")).to_have_count(0)
    assert watched.away() == []
    context.close()
