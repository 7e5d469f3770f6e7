"""Content removed after a hand-over in a real browser: ordered by one, removed by another, and what is left."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, settings_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, expect
from proceedings_people import (
    CLERK,
    EXECUTOR,
    HEAD_OF_ARCHIVE,
    ORDER,
    PERMANENT,
    REMOVER,
    closed_handover,
    old_records,
    staffed,
)
from signing_people import who
from test_browser import DESK, PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture
from test_browser_proceedings import PERSONAL, People, same_password
from web_site import PASSWORD

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.exchange.removing import carry_out_removal, order_removal
from edms.records.holds import place_hold
from edms.verify.asked import check_asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Handed(Server):
    places: tuple[tuple[str, str], ...] = ()
    closed = stub = keys = ""


def _built(folder: Path) -> tuple[tuple[tuple[str, str], ...], str, str, str]:
    """Three hand-overs after their keeping time: closed, ordered, and removed but for a record that is held."""
    settings = settings_in(folder)
    disposal = settings.disposal.model_copy(update={"keep_after_handover_days": 1})
    clock = FixedClock(MOMENT)
    archive = staffed(open_archive(settings.model_copy(update={"disposal": disposal}), clock), PASSWORD)
    closed = closed_handover(archive, *old_records(archive, 2, PERMANENT, "Keputusan"))
    ordered = closed_handover(archive, *old_records(archive, 1, PERMANENT, "Perintah"))
    gone, held = old_records(archive, 2, PERMANENT, "Lama")
    removed = closed_handover(archive, gone, held)
    same_password(archive, REMOVER)
    clock.set(MOMENT + timedelta(days=1, hours=1))
    for made in (ordered, removed):
        order_removal(who(archive, HEAD_OF_ARCHIVE), archive, made, ORDER)
    place_hold(who(archive, EXECUTOR), archive, [held], "Perkara 12/G/2026", "Surat PTUN", "sengketa")
    carry_out_removal(who(archive, REMOVER), archive, removed)
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    places = (
        (HEAD_OF_ARCHIVE, f"/proceedings/{closed}"), (CLERK, f"/proceedings/{closed}"),
        (REMOVER, f"/proceedings/{ordered}"), (HEAD_OF_ARCHIVE, f"/proceedings/{removed}"), (CLERK, f"/records/{gone}"),
        (CLERK, "/proceedings?kind=handover"), ("records", "/alerts"),
    )  # fmt: skip
    return places, str(closed), str(gone), archive.public_pem


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("removal")
    shutil.copytree(source / "storage", folder / "storage")
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread, and sealing wants one of its own
        places, closed, stub, keys = aside.submit(_built, folder).result()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**PERSONAL, "EDMS_DISPOSAL__KEEP_AFTER_HANDOVER_DAYS": "1"}.items():
            patched.setenv(name, value)
        running = Handed(folder, records)
    running.places, running.closed, running.stub, running.keys = places, closed, stub, keys
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_desk_and_phone(
    browser: Browser, server: Handed, size: dict[str, int], language: str  # noqa: F811
) -> None:  # fmt: skip
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    for number, (name, where) in enumerate(server.places):
        context.clear_cookies()
        sign_in(page, name)
        page.goto(where)
        assert page.locator(".error").count() == 0
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if folder := os.environ.get("EDMS_PICTURES"):
            page.screenshot(path=f"{folder}/removal-{language}-{size['width']}-{number}.png", full_page=True)
    context.close()


def test_content_is_removed_by_two_more_people(browser: Browser, server: Handed, tmp_path: Path) -> None:  # noqa: F811
    people = People(browser, server)
    people.where = f"/proceedings/{server.closed}"
    page = people.come(CLERK)
    expect(page.locator("main")).to_contain_text("whose content is kept here still")
    assert page.get_by_role("button", name="Order the removal").count() == 0
    page = people.come(HEAD_OF_ARCHIVE)
    page.fill("main [name=number]", "045/2026")
    page.fill("main form[action$='order-removal'] [name=reason]", "salinan tidak diperlukan lagi")
    people.press("Order the removal")
    expect(page.locator(".queue .state")).to_have_text("Content is being removed")
    assert page.get_by_role("button", name="Remove the content").count() == 0, "not by who ordered it"
    page = people.come(REMOVER)
    people.press("Remove the content")
    expect(page.locator(".queue .state")).to_have_text("Content removed")
    expect(page.locator("main")).to_contain_text("Berita acara of the removal")
    people.picture("removal")
    with page.expect_download() as loading:
        page.get_by_role("link", name="JSON", exact=True).click()
    certificate, keys = tmp_path / "sertifikat.json", tmp_path / "keys.pem"
    certificate.write_bytes(Path(loading.value.path()).read_bytes())
    keys.write_text(server.keys)
    report = check_asked(certificate, keys, receiver_key=keys)
    assert report.ok, report.faults
    assert report.checked["removed records"] == 2
    page.get_by_role("link", name="1. Keputusan 1").click()
    expect(page.locator("main")).to_contain_text("The content is with Lembaga Kearsipan Daerah.")
    expect(page.get_by_role("heading", name="Retention")).to_have_count(0)
    expect(page.get_by_text("Not sealed yet.")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("AS/")
    answer = page.request.get(f"/records/{server.stub}/files/original")
    assert answer.status in (400, 409, 422)
    assert "content is with Lembaga Kearsipan Daerah, under AS/" in answer.text()
    people.context.close()
