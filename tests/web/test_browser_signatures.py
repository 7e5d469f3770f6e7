"""Signatures in a real browser: each page on a phone, in both languages, with axe-core as judge."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, settings_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser
from signing_people import ask, decree, give, turn_of, with_pilot
from test_browser import PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture
from web_site import PASSWORD

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PERSONAL = {"EDMS_SIGNING__PERSONAL": "pilot", "EDMS_SERVER__PUBLIC_URL": "https://arsip.contoh.go.id"}


class Signing(Server):
    places: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _built(folder: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A record that is signed and one that waits; returns who looks at which pages."""
    archive = with_pilot(open_archive(settings_in(folder), FixedClock(MOMENT)), PASSWORD)
    signed, waiting = decree(archive), decree(archive, content=pdf("Keputusan kedua"))
    ask(archive, signed)
    give(archive, "official-dinkes")
    ask(archive, waiting)
    turn = turn_of(archive, "official-dinkes")
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    return (
        ("clerk-dinkes", (f"/records/{signed}", f"/records/{waiting}", f"/records/{waiting}/signatures/new")),
        ("official-dinkes", ("/signatures", f"/signatures/{turn}", "/signing-certificate")),
    )


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("signatures")
    shutil.copytree(source / "storage", folder / "storage")
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread, and sealing wants one of its own
        places = aside.submit(_built, folder).result()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in PERSONAL.items():
            patched.setenv(name, value)
        running = Signing(folder, records)
    running.places = places
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_of_signatures_fits_a_phone(browser: Browser, server: Signing, language: str) -> None:  # noqa: F811
    context = new_context(browser, viewport=PHONE, locale=language, base_url=server.address)
    page = context.new_page()
    for name, places in server.places:
        context.clear_cookies()
        sign_in(page, name)
        for number, where in enumerate(places):
            page.goto(where)
            assert page.locator("h1").count() == 1
            assert judged(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            if folder := os.environ.get("EDMS_PICTURES"):
                page.screenshot(path=f"{folder}/{language}-390-{name}-{number}.png", full_page=True)
    context.close()
