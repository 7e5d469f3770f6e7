"""Rules in a real browser: on a desk and a phone, in both languages, with axe-core as judge."""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, expect
from test_browser import DESK, PHONE, Server, browser, filled, judged, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RULES = Path(__file__).resolve().parents[2] / "retention_rules"


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Some records, so that there is something to change."""
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("rules")
    with filled(folder, source) as archive:
        for number, code in enumerate(("000.1.1", "000.1.6", "900.1.3.7", "000.1.5")):
            take_in(archive, pdf(f"Surat {number}"), class_code=code, document_date=date(2018 + 4 * number, 3, 1))
    running = Server(folder, records)
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_of_rules(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    language: str,
    size: dict[str, int],
    tmp_path: Path,
) -> None:
    pictures = Path(os.environ.get("EDMS_PICTURES") or tmp_path)
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()

    def look(name: str) -> None:
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.screenshot(path=pictures / f"{name}-{language}-{size['width']}.png", full_page=True)

    longer = []
    for path in RULES.glob("*.toml"):
        text = re.sub(
            r"(?m)^inactive_years = (\d+)",
            lambda found: f"inactive_years = {int(found[1]) + 3}",
            path.read_text("utf-8"),
        )
        longer.append({"name": path.name, "mimeType": "text/plain", "buffer": text.encode()})
    sign_in(page, "records")
    page.goto("/rules")
    page.set_input_files("[name=files]", longer)  # type: ignore[arg-type]
    page.fill("[name=note]", "JRA 2031")
    look("rules")
    page.locator("form button.main").last.click()
    page.locator("form button.main").first.click()
    expect(page.locator("#chart-impact")).to_be_visible()
    page.locator("#chart-impact summary").click()
    look("draft")
    page.goto("/rules/editions/klasifikasi-permendagri-83-2022-kabkota?under=000.1")
    look("tree")
    page.goto("/rules/editions/jra-contoh-pelengkap")
    look("schedule")
    kabkota, kemendagri = (f"klasifikasi-permendagri-83-2022-{part}" for part in ("kabkota", "kemendagri"))
    page.goto(f"/rules/compare?one={kabkota}&two={kemendagri}")
    look("compared")
    page.goto("/rules/forecast?year=2031")
    look("forecast")
    context.close()
