"""Pemusnahan in a real browser, in the lower tier: each step by another person, the certificate checked outside."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, settings_in
from browsing import PATIENCE_SECONDS, new_context
from disposal_people import APPROVER, COMMITTEE, DECIDER, EXECUTOR, PEOPLE, SIGNERS, due, letter, ready
from judges import browser_program
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select
from test_browser import DESK, PHONE, browser, judged, sign_in  # noqa: F401 - a fixture
from test_browser_proceedings import PERSONAL, Moving, People
from web_site import PASSWORD

from edms.access.actors import console_actor
from edms.access.credentials_model import GivenPassword
from edms.access.model import Person
from edms.access.policy import Action
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock, SystemClock
from edms.records.archive import Archive
from edms.retention.types import Tier

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
LETTERS = ("SK", "PERSETUJUAN", "KEPUTUSAN")
TIER_NAMES = {Tier.LOWER: "LT10", Tier.UPPER: "GE10"}


class Destroying(Moving):
    letters: dict[str, str]


def _let_in(archive: Archive) -> None:
    """Let all who have a part come in with the password that these tests know."""
    names = {one.username for one in PEOPLE} | {user for _capacity, user in SIGNERS}
    with archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        known = operation.session.scalars(select(Person).where(Person.username == "records")).one()
        for one in operation.session.scalars(select(Person).where(Person.username.in_(names))):
            one.password_hash = known.password_hash
            given = operation.session.get(GivenPassword, one.id)
            if given is not None:
                operation.session.delete(given)


def _built(folder: Path) -> tuple[dict[str, str], str]:
    """Two records of each tier whose time is over, and the letters; returns their ids, and our public keys."""
    archive = ready(open_archive(settings_in(folder), FixedClock(MOMENT)))
    _let_in(archive)
    for tier in Tier:
        due(archive, 2, tier)
    letters = {name: str(letter(archive, name).record) for name in LETTERS}
    keys = archive.public_pem
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()
    return letters, keys


@pytest.fixture(scope="module")
def server(
    city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Destroying]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("destruction")
    shutil.copytree(source / "storage", folder / "storage")
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread, and sealing wants one of its own
        letters, keys = aside.submit(_built, folder).result()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in PERSONAL.items():
            patched.setenv(name, value)
        running = Destroying(folder, records)
    running.letters, running.keys = letters, keys
    yield running
    running.stop()


class Officials(People):
    """Those who have a part, one after the other before one destruction."""

    def __init__(self, browser: Browser, server: Destroying, tier: Tier) -> None:  # noqa: F811
        super().__init__(browser, server)
        self.server, self.tier = server, tier

    def begin(self) -> Page:
        page = self.come("arsiparis")
        page.goto("/disposals")
        page.locator("details.boxed > summary").click()
        page.fill("main [name=title]", f"Pemusnahan {self.tier.value}")
        page.select_option("main [name=tier]", TIER_NAMES[self.tier])
        page.select_option("main [name=level]", "open")
        page.fill("main [name=class_code]", "000.5.6")
        self.press("Open a destruction")
        self.where = page.url
        return page

    def letter(self, name: str) -> None:
        """Type a letter in, by the address of its record's page."""
        page = self.page
        page.fill("main [name=number]", name)
        page.fill("main [name=dated]", SystemClock().today().isoformat())
        page.fill("main [name=record]", f"{self.server.address}/records/{self.server.letters[name]}")

    def proven(self, label: str) -> None:
        """Press, and prove who it is where that is asked for; then what was typed is typed again."""
        self.press(label)
        if self.page.locator("[name=proof]").count():
            self.page.fill("[name=proof]", PASSWORD)
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
            pytest.fail("somebody who has just come in is not asked again")

    def look(self, name: str, person: str) -> None:
        """Look at the page as it stands: in both languages, at a desk and on a telephone."""
        for language in ("id", "en"):
            context = new_context(self.context.browser, locale=language, base_url=self.server.address)
            page = context.new_page()
            sign_in(page, person)
            for size in (DESK, PHONE):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.goto(self.where)
                assert page.locator("html").get_attribute("lang") == language
                assert judged(page) == []
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
                if folder := os.environ.get("EDMS_PICTURES"):
                    page.screenshot(path=f"{folder}/{name}-{language}-{size['width']}.png", full_page=True)
            context.close()

    def assess(self) -> None:
        """The archivist of the committee looks at one record after the other; the chair gives the opinion."""
        page = self.come("penilai")
        waiting = page.locator("#chooser tbody tr").count()
        assert waiting == 2
        for number in range(waiting):
            page.locator("#chooser tbody input").first.check()
            page.fill("main [name=note]", f"dilihat, naskah ke-{number + 1} tidak bernilai guna")
            self.press("Write it down")
        page = self.come("ketua")
        page.fill("main [name=opinion]", "Seluruh arsip telah dilihat dan tidak mempunyai nilai guna.")
        self.press("Give the opinion")

    def carry_out(self) -> None:
        page = self.page
        page.fill("main [name=number]", f"000.5.6.2/{self.tier.value}/2026")
        page.fill("main [name=place]", "Semarang")
        for capacity, user in SIGNERS:
            page.select_option(f"main [name={capacity}]", user)
        self.proven("Begin to carry it out")
        expect(page.locator("main")).to_contain_text("0 destroyed, 2 left")
        self.press("Destroy")

    def sign_all(self) -> None:
        page = self.page
        until_shown(page, page.get_by_role("button", name="Ask for the signatures", exact=True), 1)
        self.press("Ask for the signatures")
        for _capacity, user in SIGNERS:
            self.sign(user)


def until_shown(page: Page, what: Locator, count: int) -> None:
    """Look again until the worker has done its part: what is still being declared is told in words."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while what.count() != count:
        assert time.monotonic() < deadline, f"{what} is there {what.count()} times, not {count}"
        page.wait_for_timeout(200)
        page.reload()


@pytest.mark.parametrize("tier", [Tier.LOWER, Tier.UPPER])
def test_a_destruction_by_six_people_and_two_witnesses(
    browser: Browser, server: Destroying, tmp_path: Path, tier: Tier  # noqa: F811
) -> None:  # fmt: skip
    people = Officials(browser, server, tier)
    page = people.begin()
    for capacity, user in COMMITTEE:
        page.fill(f"main [name={capacity}]", user)
    people.letter("SK")
    people.press("Name the committee")
    people.press("Select what is due")
    page.fill("main [name=number]", "000.5.6.2/1/2026")
    people.press("Propose the list")
    if tier is Tier.LOWER:
        people.look("assess", "penilai")
    people.assess()
    page = people.come("arsiparis")
    page.fill("main [name=number]", "000.5.6.2/2/2026")
    people.press("Ask for the approval")
    assert page.get_by_role("button", name="Approve", exact=True).count() == 0, "it is not the turn of who proposed it"
    people.come(APPROVER[tier])
    people.letter("PERSETUJUAN")
    people.proven("Approve")
    people.come(DECIDER[tier])
    people.letter("KEPUTUSAN")
    people.proven("Decide by decree")
    if tier is Tier.LOWER:
        people.look("execute", EXECUTOR[tier])
    page = people.come(EXECUTOR[tier])
    people.carry_out()
    people.sign_all()
    page = people.come(EXECUTOR[tier])
    people.press("Close")
    expect(page.locator("main .queue")).to_contain_text("Closed")
    until_shown(page, page.locator("main a", has_text="PDF"), 5)
    if tier is Tier.LOWER:
        people.look("closed", EXECUTOR[tier])
    with page.expect_download() as loading:
        page.get_by_role("link", name="JSON", exact=True).click()
    _checked_outside(Path(loading.value.path()), server.keys, tmp_path)
    people.context.close()


def _checked_outside(certificate: Path, keys: str, folder: Path) -> None:
    """As somebody does who has the file and the archive's public keys, and nothing else of the archive."""
    path, key = folder / "sertifikat.json", folder / "keys.pem"
    path.write_bytes(certificate.read_bytes())
    key.write_text(keys)
    command = [sys.executable, "-m", "edms.verify", str(path), "--key", str(key)]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("EDMS_")}
    done = subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 destroyed records" in done.stdout
    assert "11 steps" in done.stdout
    path.write_bytes(certificate.read_bytes().replace(b"000.5.6.2/", b"000.5.6.3/"))
    done = subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 1
