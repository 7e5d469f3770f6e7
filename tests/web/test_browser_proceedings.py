"""Pemindahan, penilaian kembali, penyerahan in a real browser, each step by another person; every page as it looks."""

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, settings_in
from browsing import PATIENCE_SECONDS, new_context
from bsre_service import PASSPHRASE
from judges import browser_program
from playwright.sync_api import Browser, Page, expect
from proceedings_people import (
    ASSESSOR,
    CLERK,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    PERMANENT,
    REVIEWED,
    old_records,
    opened,
    receipt_of,
    sent_handover,
    staffed,
)
from sqlalchemy import select
from test_browser import DESK, PHONE, Server, browser, judged, sign_in  # noqa: F401 - a fixture
from web_site import PASSWORD

from edms.access.actors import console_actor
from edms.access.credentials_model import GivenPassword
from edms.access.model import Person
from edms.access.policy import Action
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.retention.proceedings import Kind

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PERSONAL = {"EDMS_SIGNING__PERSONAL": "pilot", "EDMS_SERVER__PUBLIC_URL": "https://arsip.contoh.go.id"}


class Moving(Server):
    places: tuple[tuple[str, str], ...] = ()
    keys = ""


def same_password(archive: Archive, *more: str) -> None:
    """Let the people whom these tests add come in as the others do."""
    with archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        known = operation.session.scalars(select(Person).where(Person.username == CLERK)).one()
        names = (EXECUTOR, HEAD_OF_ARCHIVE, *more)
        for one in operation.session.scalars(select(Person).where(Person.username.in_(names))):
            one.password_hash = known.password_hash
            given = operation.session.get(GivenPassword, one.id)
            if given is not None:
                operation.session.delete(given)


def _built(folder: Path) -> tuple[tuple[tuple[str, str], ...], str]:
    """Records that are due, and a hand-over at its end; returns who looks at which pages, and our public keys."""
    archive = staffed(open_archive(settings_in(folder), FixedClock(MOMENT)), PASSWORD)
    same_password(archive)
    made, _package = sent_handover(archive, *old_records(archive, 2, PERMANENT, "Lama"))
    review = opened(archive, Kind.REVIEW, *old_records(archive, 2, REVIEWED, "Rapat"))
    old_records(archive, 2, PERMANENT, "Keputusan")
    old_records(archive, 2, REVIEWED, "Notulen")
    draft = opened(archive, Kind.HANDOVER)
    keys = archive.public_pem
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    places = (
        (CLERK, "/proceedings"), (CLERK, "/proceedings?kind=handover"), (CLERK, f"/proceedings/{made}"),
        (CLERK, f"/proceedings/{draft}"), (ASSESSOR, f"/proceedings/{review}"),
        ("auditor", f"/proceedings/{made}"),
    )  # fmt: skip
    return places, keys


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("proceedings")
    shutil.copytree(source / "storage", folder / "storage")
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread, and sealing wants one of its own
        places, keys = aside.submit(_built, folder).result()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in PERSONAL.items():
            patched.setenv(name, value)
        running = Moving(folder, records)
    running.places, running.keys = places, keys
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_desk_and_phone(
    browser: Browser, server: Moving, size: dict[str, int], language: str  # noqa: F811
) -> None:  # fmt: skip
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    for number, (name, where) in enumerate(server.places):
        context.clear_cookies()
        sign_in(page, name)
        page.goto(where)
        for summary in page.locator("main details.boxed > summary").all():
            summary.click()
        assert page.locator(".error").count() == 0
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if folder := os.environ.get("EDMS_PICTURES"):
            page.screenshot(path=f"{folder}/{language}-{size['width']}-{number}.png", full_page=True)
    context.close()


class People:
    """Different people at one browser after another, all looking at one proceeding."""

    def __init__(self, browser: Browser, server: Server) -> None:  # noqa: F811
        self.context = new_context(browser, viewport=DESK, locale="en", base_url=server.address, accept_downloads=True)
        self.page: Page = self.context.new_page()
        self.where = ""

    def come(self, name: str) -> Page:
        self.context.clear_cookies()
        sign_in(self.page, name)
        if self.where:
            self.page.goto(self.where)
        return self.page

    def open(self, kind: str, title: str) -> Page:
        page = self.come(CLERK)
        page.goto(f"/proceedings?kind={kind}")
        page.locator("details.boxed > summary").click()
        page.fill("main [name=title]", title)
        page.fill("main [name=class_code]", "000.5.6")
        if kind == "transfer":
            page.select_option("[name=to_office]", label="Sekretariat Daerah")
        page.select_option("main [name=level]", "open")
        self.press("Open one")
        self.where = page.url
        return page

    def press(self, label: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=label, exact=True).click()

    def take_in(self, stem: str) -> None:
        for box in self.page.locator("#chooser tbody tr", has_text=stem).locator("input").all():
            box.check()
        self.press("Take in what is ticked")

    def until(self, stage: str) -> None:
        """Look again until the worker has done its part."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while stage not in self.page.locator(".queue .state").inner_text():
            assert time.monotonic() < deadline, f"it does not come to {stage}"
            self.page.wait_for_timeout(200)
            self.page.reload()

    def sign(self, name: str) -> None:
        """Sign all that waits for somebody."""
        page = self.come(name)
        page.goto("/signatures")
        while page.locator("main a[href^='/signatures/']").count():
            page.locator("main a[href^='/signatures/']").first.click()
            page.fill("[name=passphrase]", PASSPHRASE)
            page.wait_for_load_state()  # so that every box is there
            for box in page.locator("main form input[type=checkbox]").all():
                box.check()
            with page.expect_navigation():
                page.locator("main form button.main").first.click()
            page.goto("/signatures")

    def picture(self, name: str) -> None:
        if folder := os.environ.get("EDMS_PICTURES"):
            self.page.screenshot(path=f"{folder}/story-{name}.png", full_page=True)


def test_a_transfer_by_four_people(browser: Browser, server: Moving) -> None:  # noqa: F811
    people = People(browser, server)
    page = people.open("transfer", "Pemindahan 2026")
    people.take_in("Notulen")
    page.fill("[name=number]", "000.5.6/7/2026")
    page.select_option("[name=head]", HEAD)
    page.select_option("[name=head_of_archive]", HEAD_OF_ARCHIVE)
    people.press("Freeze the list and draw up the papers")
    people.until("Ready for signatures")
    people.press("Ask for the signatures")
    expect(page.locator("main")).to_contain_text("Kepala Dinas Kesehatan")
    people.sign(HEAD)
    people.sign(HEAD_OF_ARCHIVE)
    page = people.come(CLERK)
    people.press("Take custody")
    expect(page.locator(".flash.bad:not(.alarm)").first).to_contain_text("takes custody")
    people.come(EXECUTOR)
    people.press("Take custody")
    expect(page.locator("main")).to_contain_text("In inactive custody")
    people.picture("transfer")
    people.context.close()


def test_a_review_by_three_people(browser: Browser, server: Moving) -> None:  # noqa: F811
    people = People(browser, server)
    people.open("review", "Penilaian 2026")
    people.take_in("Notulen")
    page = people.come(ASSESSOR)
    page.fill("[name=decree]", "SK 188/12")
    page.fill("[name=members]", "Rina\nBudi")
    page.fill("[name=opinion]", "Sebagian bernilai sejarah")
    choices = page.locator("select[name^=choice-]").all()
    choices[0].select_option("permanent")
    choices[1].select_option("keep")
    page.locator("[name^=years-]").nth(1).fill("5")
    for reason in page.locator("[name^=reason-]").all():
        reason.fill("sesuai isi")
    people.press("Write the proposal down")
    page.locator("form[action$='/decide'] [name=reason]").fill("sesuai usul")
    people.press("Decide")
    expect(page.locator(".flash.bad:not(.alarm)").first).to_contain_text("no other part")
    people.come(HEAD)
    page.locator("form[action$='/decide'] [name=reason]").fill("sesuai usul")
    people.press("Decide")
    expect(page.locator("main")).to_contain_text("Keep for a new period: 5 years")
    people.picture("review")
    people.context.close()


def test_a_hand_over_by_six_people(browser: Browser, server: Moving, tmp_path: Path) -> None:  # noqa: F811
    people = People(browser, server)
    people.open("handover", "Penyerahan 2026")
    people.take_in("Keputusan")
    page = people.come(ASSESSOR)
    page.fill("[name=decree]", "SK 188/12")
    page.fill("[name=members]", "Rina\nBudi")
    page.fill("[name=minutes]", "Notulen 3")
    page.fill("[name=opinion]", "Bernilai sejarah")
    page.check("[name=looked_at]")
    people.press("Write the opinion down")
    page = people.come("records")
    page.fill("[name=receiver]", "Lembaga Kearsipan Daerah")
    page.fill("[name=letter]", "B-12/2026")
    page.fill("[name=on]", "2026-11-20")
    page.fill("[name=keys]", server.keys)
    people.press("Note the approval")
    page = people.come(HEAD)
    page.fill("[name=number]", "188/77/2026")
    page.fill("[name=on]", "2026-11-23")
    page.select_option("[name=head]", HEAD)
    people.press("Decide")
    people.come(CLERK)
    people.press("Draw up the papers")
    people.until("Ready for signatures")
    people.press("Ask for the signatures")
    people.sign(HEAD)
    page = people.come(EXECUTOR)
    with page.expect_download() as loading:
        page.get_by_role("button", name="Pack and download").click()
    package = tmp_path / "paket.zip"
    loading.value.save_as(package)
    page.reload()
    page.fill("[name=how]", "Diantar kurir")
    people.press("It has left")
    content, signature = _receipt(server, package.read_bytes())
    _send(page, tmp_path, content.replace(b"042/2026", b"043/2026"), signature)
    expect(page.locator(".flash.bad:not(.alarm)").first).to_contain_text("not signed")
    _send(page, tmp_path, content, signature)
    expect(page.locator("main")).to_contain_text("Handed over")
    expect(page.locator("main")).to_contain_text("AS/1")
    people.press("Close")
    expect(page.locator(".queue .state")).to_have_text("Closed")
    people.picture("handover")
    people.context.close()


def _receipt(server: Moving, package: bytes) -> tuple[bytes, bytes]:
    """What the receiving archive answers: here another opening of the same installation, for its keys are known."""

    def answered() -> tuple[bytes, bytes]:
        archive = open_archive(settings_in(server.folder))
        try:
            return receipt_of(archive, package)
        finally:
            archive.sandbox.close()
            archive.database.close()

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(answered).result()


def _send(page: Page, folder: Path, content: bytes, signature: bytes) -> None:
    for name, data in (("receipt.json", content), ("receipt.p7s", signature)):
        (folder / name).write_bytes(data)
    page.set_input_files("[name=receipt]", folder / "receipt.json")
    page.set_input_files("[name=signature]", folder / "receipt.p7s")
    with page.expect_navigation():
        page.get_by_role("button", name="Check and take it").click()
