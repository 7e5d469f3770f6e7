"""Digitisations in a real browser: every page on desk and phone in both languages; the check by keyboard alone."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, settings_in
from browsing import new_context
from digitisation_people import (
    OPERATOR,
    authenticated,
    checked,
    opened,
    put_in,
    scan,
    scanned,
    scanner_of,
    with_checker,
)
from judges import browser_program
from playwright.sync_api import Browser, expect
from signing_people import who, with_pilot
from test_browser import DESK, PHONE, Server, Watched, browser, judged, sign_in  # noqa: F401 - a fixture
from web_site import PASSWORD

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.records.digitisation_check import hand_over
from edms.records.digitisations import show_digitisation
from edms.text.ocr import OcrMyPdfEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PERSONAL = {"EDMS_SIGNING__PERSONAL": "pilot", "EDMS_SERVER__PUBLIC_URL": "https://arsip.contoh.go.id"}


class Digitising(Server):
    places: tuple[str, ...] = ()
    checking = ""


def _built(folder: Path) -> tuple[tuple[str, ...], str]:
    """Digitisations at every stage; returns the pages to look at, and the one to be checked."""
    plain = open_archive(settings_in(folder), FixedClock(MOMENT))
    off = plain.settings.text.model_copy(update={"ocr": "off"})
    archive = with_pilot(replace(plain, ocr=OcrMyPdfEngine(plain.sandbox, off)), PASSWORD)
    with_checker(archive)
    done = authenticated(archive, scanned(archive, scan(seed=1), title="Surat imunisasi 2019"))
    closing = checked(archive, scanned(archive, scan(seed=2), title="Surat edaran"))
    scanning, checking, scanner = opened(archive), opened(archive), scanner_of(archive)
    for seed in (3, 4):
        put_in(
            archive,
            checking,
            scanner,
            scanned(archive, scan("A6", "A6", seed=seed), title=f"Laporan {seed}"),
            counted=2,
        )
    hand_over(who(archive, OPERATOR), archive, checking)
    scanned(archive, scan(seed=5), title="Belum dialihmediakan")
    token = show_digitisation(who(archive, OPERATOR), archive, done).items[0].mark_token
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    places = (
        "/digitisations", "/digitisations/scanners", f"/digitisations/{done}", f"/digitisations/{closing}",
        f"/digitisations/{scanning}", f"/v/a/{token}",
    )  # fmt: skip
    return places, f"/digitisations/{checking}"


@pytest.fixture(scope="module")
def server(
    city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Digitising]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("digitisation")
    shutil.copytree(source / "storage", folder / "storage")
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread, and sealing wants one of its own
        places, checking = aside.submit(_built, folder).result()
    os.environ.update(PERSONAL)
    try:
        running = Digitising(folder, records)
    finally:
        for name in PERSONAL:
            del os.environ[name]
    running.checking, running.places = checking, places
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_desk_and_phone(
    browser: Browser, server: Digitising, size: dict[str, int], language: str  # noqa: F811
) -> None:  # fmt: skip
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    for name, places in ((OPERATOR, server.places), ("official-dinkes", (f"{server.checking}/check",))):
        context.clear_cookies()
        sign_in(page, name)
        for number, where in enumerate(places):
            page.goto(where)
            for summary in page.locator("main details.boxed > summary").all():
                summary.click()
            assert page.locator(".error").count() == 0
            assert judged(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            if folder := os.environ.get("EDMS_PICTURES"):
                page.screenshot(path=f"{folder}/{language}-{size['width']}-{name}-{number}.png", full_page=True)
    context.close()


def test_a_check_by_keyboard_alone(browser: Browser, server: Digitising) -> None:  # noqa: F811
    context = new_context(browser, viewport=DESK, locale="en", base_url=server.address)
    watched = Watched(context)
    page = watched.page
    sign_in(page, "official-dinkes")
    page.goto(f"{server.checking}/check")
    expect(page.locator("h1")).to_have_text("Laporan 3")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#page2")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator("h1")).to_have_text("Laporan 4")
    page.keyboard.press("1")
    expect(page.locator("[value=skewed]")).to_be_checked()
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator("main")).to_contain_text("Sent back")
    expect(page.locator("main")).to_contain_text("Skewed")
    context.close()
