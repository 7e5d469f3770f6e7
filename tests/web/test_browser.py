"""A real browser before a real server: a clerk's day, the keyboard, a phone, no scripts, and axe-core as judge."""

import contextlib
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import axe_playwright_python
import pytest
from archive_fixtures import pdf, settings_in
from browsing import PATIENCE_SECONDS, launched, new_context
from judges import browser_program
from playwright.sync_api import Browser, BrowserContext, Page, expect
from ports import free_port
from sqlalchemy import select
from web_site import PASSWORD

from edms.bootstrap import open_archive
from edms.core.clock import Clock
from edms.records.archive import Archive
from edms.records.model import Component

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LETTER = "Undangan rapat koordinasi penurunan angka stunting di aula Dinas Kesehatan, kata kunci antropometrik"
CONFIGURATION = """
[server]
port = {port}
[worker]
poll_seconds = 0.1
[capture]
max_file_bytes = {limit}
"""


class Server:
    """A running `edms serve` on a port of its own; `more` stands in its configuration too."""

    def __init__(
        self, folder: Path, records: dict[str, str], limit: int = 3_000_000, more: str = "", workers: int = 1
    ) -> None:
        self.folder, self.records, self.workers = folder, records, workers
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        (folder / "config.toml").write_text(CONFIGURATION.format(port=self.port, limit=limit) + more, "utf-8")
        self.start()

    def start(self) -> None:
        config = str(self.folder / "config.toml")
        arguments = [sys.executable, "-m", "edms.cli.main", "--config", config, "serve", "--workers", str(self.workers)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=PATIENCE_SECONDS) as answer:
                    assert answer.status == 200
                    return
            except OSError:
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.05)
        self.stop()
        pytest.fail("the server does not answer")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def filled(folder: Path, template: Path, clock: Clock | None = None) -> Iterator[Archive]:
    """The archive of a copy of `template` in `folder`, to be filled before a server opens it; closed at the end."""
    shutil.copytree(template / "storage", folder / "storage")
    archive = open_archive(settings_in(folder), clock)
    yield archive
    archive.sandbox.close()
    archive.reader.close()
    archive.database.close()


def damage(folder: Path, record: str) -> None:
    """Damage the content of a record that no other test here opens, and have it found, so that there is an alert."""
    archive = open_archive(settings_in(folder))
    with archive.database.reader() as session:
        part = session.scalars(select(Component).where(Component.record_id == UUID(record))).first()
        assert part is not None
        name = part.blob.name
    path = next((folder / "storage" / "blobs").rglob(name))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    archive.database.close()
    (folder / "config.toml").write_text("", "utf-8")
    arguments = [sys.executable, "-m", "edms.cli.main", "--config", str(folder / "config.toml"), "verify"]
    done = subprocess.run([*arguments, "--record", record], check=False, capture_output=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 1


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(source / "storage", folder / "storage")
    damage(folder, records["other"])
    running = Server(folder, records)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


class Watched:
    """A browser window whose requests and complaints are kept."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def away(self) -> list[str]:
        """Requests that went anywhere but to this machine."""
        return [url for url in self.requests if urlsplit(url).hostname not in ("127.0.0.1", None)]


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Watched]:
    context = new_context(browser, viewport=DESK, locale="en", base_url=server.address)
    yield Watched(context)
    context.close()


def sign_in(page: Page, name: str = "clerk-dinkes") -> None:
    page.goto("/sign-in")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("header.bar")).to_be_visible()


def until_found(page: Page, word: str, count: int) -> None:
    """Wait until a search finds that many: what is declared comes into the index a little later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while page.request.get(f"/search.json?q={word}").json()["total"] != count:
        assert time.monotonic() < deadline, f"{word} is not found {count} times"
        time.sleep(0.1)


def test_a_clerks_day(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    sign_in(page)
    page.get_by_role("link", name="Capture", exact=True).click()
    page.fill("[name=class]", "000.1.5")
    page.select_option("[name=level]", "open")
    files = {"satu.pdf": pdf(LETTER), "dua.pdf": pdf(f"{LETTER} kedua"), "besar.bin": b"x" * 3_000_001}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    page.set_input_files("input[type=file]", [tmp_path / name for name in files])
    rows = page.locator("#sent tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Larger than the limit")
    for number in (0, 1):
        expect(rows.nth(number)).to_contain_text("Declared")
    page.set_input_files("input[type=file]", [tmp_path / "satu.pdf"])
    expect(rows.nth(3)).to_contain_text("Already in this office")
    expect(page.locator("#tally")).to_have_text("4 / 4")
    until_found(page, "antropometrik", 2)

    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("antropometrik")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("antropometrik")
    expect(page.locator(".facets h2").first).to_have_text("Class")
    page.locator(".hits a").first.click()
    picture = page.locator(".preview img").first
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 600
    expect(page.locator(".verdict .checks .good")).to_have_count(5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Original").click()
    assert Path(download.value.path()).read_bytes() in files.values()

    page.go_back()
    expect(page.locator(".hits")).to_be_visible()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.locator("h1")).to_contain_text("2 arsip")
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Keluar").click()
    expect(page.get_by_label("Kata sandi")).to_be_visible()
    page.goto("/search")
    assert "/sign-in" in page.url
    assert watched.complaints == []
    assert watched.away() == []
    assert len(watched.requests) > 20


def test_many_are_classified_by_keyboard(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    sign_in(page, "clerk-bappeda")
    page.goto("/capture")
    names = []
    for number in range(2):
        names.append(tmp_path / f"kajian-{number}.pdf")
        names[-1].write_bytes(pdf(f"{LETTER} kajian {number}"))
    page.set_input_files("input[type=file]", names)
    expect(page.locator("#sent .state-awaiting_class")).to_have_count(2)
    page.goto("/inbox")
    page.focus("[name=class]")
    page.keyboard.type("000.1.5")
    page.keyboard.press("Escape")
    page.select_option("[name=level]", "open")
    page.focus("#every")
    page.keyboard.press("Space")
    expect(page.locator("[name=record]:checked")).to_have_count(2)
    page.get_by_role("button", name="Classify the chosen ones").press("Enter")
    expect(page.get_by_text("2 documents are classified.")).to_be_visible()
    assert watched.complaints == []


def test_the_session_that_ends_is_told_on_the_upload_page(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    watched.context.clear_cookies(name="edms_session")
    (tmp_path / "a.pdf").write_bytes(pdf("terlambat"))
    page.set_input_files("input[type=file]", tmp_path / "a.pdf")
    expect(page.locator("#sent tbody tr")).to_contain_text("Sign in again")


def test_without_scripts(browser: Browser, server: Server, tmp_path: Path) -> None:
    context = new_context(browser, java_script_enabled=False, locale="en", base_url=server.address)
    page = context.new_page()
    sign_in(page)
    page.goto("/capture")
    for name, content in {"tiga.pdf": pdf(f"{LETTER} ketiga"), "besar.bin": b"x" * 3_000_001}.items():
        (tmp_path / name).write_bytes(content)
    page.set_input_files("input[type=file]", [tmp_path / "tiga.pdf", tmp_path / "besar.bin"])
    page.get_by_role("button", name="Send").click()
    rows = page.locator("#sent tbody tr")
    expect(rows.nth(0)).to_contain_text("Safe")
    expect(rows.nth(1)).to_contain_text("larger than the limit")
    rows.nth(0).get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("tiga")
    page.fill("[name=class_code]", "000.1.5")
    page.select_option("[name=level]", "open")
    page.get_by_role("button", name="Save, seal and declare").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")

    (tmp_path / "raksasa.bin").write_bytes(b"x" * 20_000_000)
    page.goto("/capture")
    page.set_input_files("input[type=file]", tmp_path / "raksasa.bin")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("h1")).to_contain_text("together")

    page.fill("[name=q]", "imunisasi")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".hits mark").first).to_be_visible()
    context.close()


PLACES = ("/", "/search?q=laporan", "/search?q=zzqqxx", "/capture", "/inbox", "/quarantine", "/retention", "/nope",
          "/records/{open}", "/records/{waiting}?queue=1", "/records/{quarantined}")  # fmt: skip


def judged(page: Page) -> list[str]:
    """Return the serious and critical findings of axe-core on the page as it stands, with its style sheet."""
    page.wait_for_load_state("load")
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    assert len(found["passes"]) > 5
    return [
        f"{page.url} {violation['id']}: {json.dumps([node['html'][:160] for node in violation['nodes'][:3]])}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def test_the_judge_finds_faults(watched: Watched) -> None:
    watched.page.set_content(
        "<html><body><main><img src=x><p style='color:#ddd;background:#fff'>pucat</p></main></body>"
    )
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {found.split()[1][:-1] for found in judged(watched.page)}


@pytest.mark.parametrize(("language", "size"), [("id", DESK), ("en", PHONE)], ids=["Indonesian desk", "English phone"])
def test_every_page_can_be_used_by_everybody(
    browser: Browser, server: Server, language: str, size: dict[str, int]
) -> None:
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    page.goto("/sign-in")
    faults = judged(page)
    sign_in(page)
    for place in PLACES:
        page.goto(place.format(**server.records))
        faults += judged(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faults += [f"{page.url} is {wide} px too wide"] if wide > 0 else []
    assert page.locator("html").get_attribute("lang") == language
    for name in ("records", "auditor", "admin"):
        context.clear_cookies()
        sign_in(page, name)
        for place in ("/", "/alerts"):
            page.goto(place)
            faults += judged(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            faults += [f"{page.url} is {wide} px too wide"] if wide > 0 else []
        assert page.locator(".alert" if name != "admin" else "table.list").count() >= 1
    context.close()
    assert faults == []
