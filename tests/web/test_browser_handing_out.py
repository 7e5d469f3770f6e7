"""Marked copies and loans in a real browser: on a desk and a phone, in both languages, with axe-core as judge."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, expect
from test_browser import DESK, PHONE, Server, browser, filled, judged, sign_in  # noqa: F401 - a fixture

from edms.access.levels import Level

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A record of which the paper is asked for, lent and lent again, with the real clock."""
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("handing-out")
    with filled(folder, source) as archive:
        told = {"medium": "kertas", "number": "005/7/2026", "title": "Berita acara sengketa lahan pasar"}
        record = take_in(
            archive,
            pdf("Berita acara sengketa lahan", "Dua"),
            by="records",
            office="dinkes",
            level=Level.SECRET,
            **told,
        ).record_id
    running = Server(folder, {**records, "secret": str(record)})
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_of_copies_and_loans(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    language: str,
    size: dict[str, int],
    tmp_path: Path,
) -> None:
    pictures = Path(os.environ.get("EDMS_PICTURES") or tmp_path)
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page, record = context.new_page(), server.records["secret"]
    due = page.evaluate("new Date(Date.now() + 14 * 86400e3).toISOString().slice(0, 10)")

    def look(name: str) -> None:
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.screenshot(path=pictures / f"{name}-{language}-{size['width']}.png", full_page=True)

    sign_in(page, "records")
    page.goto(f"/records/{record}")
    picture = page.locator(".preview img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalHeight") > 1273, "the band stands above the page"
    page.locator("#paper details").first.locator("summary").click()
    look("lending")
    lending = page.locator("#paper form").first
    lending.locator("[name=username]").fill("head-dinkes")
    lending.locator("[name=purpose]").fill("sidang")
    lending.locator("[name=place]").fill("Lemari 3, boks 12")
    lending.locator("[name=due_on]").fill(due)
    lending.locator("button.main").click()
    expect(page.locator("#paper dl")).to_contain_text("Kepala Dinas Kesehatan")
    page.wait_for_load_state()
    for summary in page.locator("#paper summary, #copies summary").all():
        summary.click()
    look("lent")
    page.goto("/search?q=sengketa")
    expect(page.locator(".state.out")).to_have_count(1)
    look("found")
    page.goto("/loans")
    expect(page.locator("tbody tr")).to_have_count(1)
    look("loans")
    page.goto(f"/records/{record}")
    taking = page.locator("#paper details").first
    taking.locator("summary").click()
    taking.locator("[name=told]").fill("baik")
    taking.locator("button").click()
    expect(page.locator("#paper")).not_to_contain_text("Lemari 3")
    context.close()
