"""A real browser sends through a real server that is killed meanwhile: what arrives is whole, once, and the same."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from archive_fixtures import pdf
from browsing import PATIENCE_SECONDS, new_context
from judges import browser_program
from playwright.sync_api import Browser, Locator, Page, expect
from processes import descendants, kill
from sqlalchemy import func, select
from test_browser import DESK, PHONE, Server, Watched, browser, judged, sign_in  # noqa: F401 - a fixture

from edms.bootstrap import open_archive
from edms.core.config import load_settings
from edms.records.archive import Archive
from edms.records.model import Component, Record

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_BYTES = 24 * 1024 * 1024
LIMIT = 80_000_000
PIECE_BYTES = 2 * 1024 * 1024


WALK = """async () => {
  const { dropped } = await import("/static/folders.js");
  const last = (path) => path.split("/").at(-1);
  const file = (path) => (
    { isFile: true, fullPath: path, name: last(path), file: (done) => done(new File(["isi"], last(path))) });
  const folder = (path, below) => ({ isFile: false, fullPath: path, createReader: () => {
    const waiting = [...below];
    return { readEntries: (done) => done(waiting.splice(0, 2)) };
  } });
  const gone = { isFile: true, fullPath: "/map/gone", name: "gone", file: (_done, fail) => fail() };
  const below = [file("/map/a"), file("/map/b"), file("/map/c"), folder("/map/dalam", [file("/map/dalam/d")]), gone];
  const items = [folder("/map", below), file("/e")].map((entry) => ({ webkitGetAsEntry: () => entry }));
  const found = await dropped({ items, files: [] });
  return found.map(({ file, path, unread }) => [file.name, path, Boolean(unread)]);
}"""


class Mortal(Server):
    """A server that can be killed, with all its processes, and started again on the same address."""

    def kill(self) -> None:
        """End the server and its children with SIGKILL."""
        ours = [psutil.Process(self.process.pid), *descendants(self.process.pid)]
        kill(*ours)
        self.process.wait(PATIENCE_SECONDS)
        psutil.wait_procs(ours, PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("mortal")
    shutil.copytree(source / "storage", folder / "storage")
    running = Mortal(folder, records, limit=LIMIT)
    yield running
    running.stop()


@pytest.fixture
def archive_of(server: Mortal) -> Iterator[Archive]:
    archive = open_archive(load_settings(server.folder / "config.toml"))
    yield archive
    archive.database.close()


@pytest.fixture
def watched(browser: Browser, server: Mortal) -> Iterator[Watched]:  # noqa: F811 - the fixture
    context = new_context(browser, viewport=DESK, locale="en", base_url=server.address)
    opened = Watched(context)
    yield opened
    context.close()


def originals(archive: Archive, name: str) -> list[tuple[str, int]]:
    """Return digest and size of every original that came under this name."""
    with archive.database.reader() as session:
        parts = session.scalars(
            select(Component).join(Record).where(Record.file_name == name, Component.role == "original")
        )
        found = []
        for part in parts:
            with archive.vault.open(part.blob.sealed()) as stream:
                content = stream.read()
            found.append((hashlib.sha256(content).hexdigest(), len(content)))
        return found


def long_file(folder: Path, name: str) -> tuple[Path, str]:
    """A file of 24 MiB in which no piece is like another."""
    path, digest = folder / name, hashlib.sha256()
    with path.open("wb") as out:
        for number in range(LONG_BYTES // 1024):
            block = hashlib.sha512(f"{name} {number}".encode()).digest() * 16
            out.write(block)
            digest.update(block)
    return path, digest.hexdigest()


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#sent tbody tr", has_text=name)


def slow_down(page: Page, bytes_per_second: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable", {"maxPostDataSize": 0})
    told = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    session.send("Network.emulateNetworkConditions", told)


def pause_at(page: Page, percent: int) -> None:
    """Press the row's Pause at that point, from within the page: a busy machine would come too late from outside."""
    page.evaluate(
        """percent => { const timer = setInterval(() => {
          if (parseInt(document.querySelector("#sent td small")?.textContent || "0") < percent) return;
          clearInterval(timer);
          document.querySelector("#sent td button").focus();
          document.querySelector("#sent td button").click();
        }, 20) }""",
        percent,
    )


def wait_for_percent(page: Page, least: int) -> None:
    page.wait_for_function(
        "least => parseInt(document.querySelector('#sent td small')?.textContent || '0') >= least", arg=least
    )


def test_the_server_is_killed_in_the_middle_and_nothing_is_noticed(
    watched: Watched, server: Mortal, archive_of: Archive, tmp_path: Path
) -> None:
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    path, digest = long_file(tmp_path, "pita-pertama.bin")
    slow_down(page, 2 * 1024 * 1024)
    page.set_input_files("input[type=file]", path)
    wait_for_percent(page, 30)
    server.kill()
    expect(row_of(page, "pita-pertama")).to_contain_text("no connection")
    server.start()
    row = row_of(page, "pita-pertama")
    expect(row.get_by_role("link")).to_be_visible(timeout=120_000)
    expect(row.locator(".hash")).to_contain_text(digest)
    expect(row.locator(".hash")).to_contain_text("as sent")
    assert originals(archive_of, "pita-pertama.bin") == [(digest, LONG_BYTES)]
    expect(page.locator("#counts")).to_contain_text("Given 1 = captured")


def test_the_laptop_is_closed_and_the_same_file_chosen_again(
    watched: Watched, server: Mortal, archive_of: Archive, tmp_path: Path
) -> None:
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    path, digest = long_file(tmp_path, "pita-kedua.bin")
    slow_down(page, 2 * 1024 * 1024)
    pause_at(page, 40)
    page.set_input_files("input[type=file]", path)
    expect(page.locator(".state-paused")).to_be_visible()
    expect(row_of(page, "pita-kedua").get_by_role("button", name="Go on: pita-kedua.bin")).to_be_focused()
    page.goto("/")
    server.kill()
    server.start()
    page.goto("/capture")
    row = row_of(page, "pita-kedua")
    expect(row).to_contain_text("Not finished")
    expect(row).to_contain_text("choose the same file again")
    sent_before = len(watched.requests)
    page.set_input_files("input[type=file]", path)
    expect(row.get_by_role("link")).to_be_visible(timeout=120_000)
    expect(row.locator(".hash")).to_contain_text("as sent")
    expect(row).to_have_count(1)
    again = [url for url in watched.requests[sent_before:] if "/uploads/" in url]
    assert 2 <= len(again) < LONG_BYTES // PIECE_BYTES, "it began anew instead of going on"
    assert originals(archive_of, "pita-kedua.bin") == [(digest, LONG_BYTES)]
    assert page.evaluate("Object.keys(localStorage).length") == 0
    assert watched.away() == []


def test_a_whole_folder_and_its_count(watched: Watched, archive_of: Archive, tmp_path: Path) -> None:
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    top = tmp_path / "Surat Masuk"
    for number, name in enumerate(("satu.txt", "Januari/dua.txt", "Januari/lampiran/tiga.txt")):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(f"Surat masuk nomor {number} tentang rapat koordinasi kecamatan")
    shutil.copy(top / "satu.txt", top / "Januari" / "salinan.txt")
    (top / ".DS_Store").write_bytes(b"x")
    (top / "raksasa.bin").write_bytes(b"x")
    os.truncate(top / "raksasa.bin", LIMIT + 1)
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if "/uploads/" in request.url else None)
    page.set_input_files("input[webkitdirectory]", top)
    expect(page.locator("#sent tbody tr")).to_have_count(6)
    expect(page.locator("#counts")).to_have_text("Given 5 = captured 3 + already there 1 + not received 1")
    expect(page.locator(".state-left_out")).to_have_count(1)
    expect(page.get_by_role("row", name="raksasa")).to_contain_text("Larger than the limit")
    assert len(uploads) == 4, "what is over the limit is refused before it is sent"
    with archive_of.database.reader() as session:
        paths = {
            part.facts.get("given_path")
            for part in session.scalars(select(Component).where(Component.name == "tiga.txt"))
        }
    assert paths == {"Surat Masuk/Januari/lampiran/tiga.txt"}
    expect(page.locator("#said")).to_contain_text("Given 5")


def test_a_dropped_folder_is_walked(watched: Watched) -> None:
    """A reader gives some entries at a time, and a file may have gone since; no browser lets a test drop a folder."""
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    names = page.evaluate(WALK)
    assert names == [
        ["a", "map/a", False], ["b", "map/b", False], ["c", "map/c", False], ["d", "map/dalam/d", False],
        ["gone", "map/gone", True], ["e", "", False],
    ]  # fmt: skip


def test_the_session_ends_in_the_middle(watched: Watched, archive_of: Archive, tmp_path: Path) -> None:
    page = watched.page
    sign_in(page)
    page.goto("/capture")
    path, digest = long_file(tmp_path, "pita-ketiga.bin")
    slow_down(page, 2 * 1024 * 1024)
    page.set_input_files("input[type=file]", path)
    wait_for_percent(page, 20)
    watched.context.clear_cookies()
    row = row_of(page, "pita-ketiga")
    expect(row).to_contain_text("Sign in again")
    with watched.context.expect_page() as opened:
        row.get_by_role("link", name="Your session has ended").click()
    other = opened.value
    other.fill("[name=username]", "clerk-dinkes")
    other.fill("[name=password]", os.environ.get("EDMS_TEST_PASSWORD", "kata sandi untuk uji"))
    other.keyboard.press("Enter")
    expect(other.locator("header.bar")).to_be_visible()
    other.close()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(row.locator(".hash")).to_contain_text(digest)
    assert originals(archive_of, "pita-ketiga.bin") == [(digest, LONG_BYTES)]


@pytest.mark.parametrize(("language", "size"), [("id", DESK), ("en", PHONE)], ids=["Indonesian desk", "English phone"])
def test_the_page_under_way_can_be_used_by_everybody(
    browser: Browser,  # noqa: F811 - the fixture
    server: Mortal,
    tmp_path: Path,
    language: str,
    size: dict[str, int],
) -> None:
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    sign_in(page)
    page.goto("/capture")
    path, _digest = long_file(tmp_path, f"pita-{language}.bin")
    (tmp_path / "kecil.pdf").write_bytes(pdf(f"Surat kecil {language}"))
    slow_down(page, 256 * 1024)
    page.set_input_files("input[type=file]", [path, tmp_path / "kecil.pdf"])
    wait_for_percent(page, 2)
    expect(row_of(page, "kecil").get_by_role("link")).to_be_visible()  # so that only the long one is under way
    faults = judged(page)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    _keep_picture(page, f"capture-{language}-sending")
    page.locator("#pause-all").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".state-paused")).to_have_count(1)
    faults += judged(page)
    _keep_picture(page, f"capture-{language}-paused")
    page.locator("#sent button", has_text="Buang" if language == "id" else "Discard").first.click()
    expect(page.locator(".state-paused")).to_have_count(0)
    context.close()
    assert faults == []
    assert wide <= 0


def _keep_picture(page: Page, name: str) -> None:
    """Leave a picture where somebody who wants to look at the pages names a folder for it."""
    folder = os.environ.get("EDMS_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_no_upload_is_left_behind(archive_of: Archive) -> None:
    with archive_of.database.reader() as session:
        assert (session.scalar(select(func.count()).select_from(Record)) or 0) > 5
    left = [path.name for path in (archive_of.settings.storage.path / "uploads").rglob("*") if path.is_file()]
    assert left == [], json.dumps(left)
