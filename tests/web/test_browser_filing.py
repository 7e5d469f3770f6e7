"""The filing queue in a real browser, with no mouse: ten letters, one taken back, one mistake corrected."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixtures import pdf
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, Page, expect
from test_browser import DESK, PHONE, Server, Watched, browser, judged, sign_in, watched  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LETTERS = 10
SAME_SENDER = (
    "PEMERINTAH KOTA\nDINAS PENDIDIKAN\n\nNomor : 005/{number}/2024\nHal : Undangan rapat {number}\n\nDengan hormat"
)


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("filing")
    shutil.copytree(source / "storage", folder / "storage")
    # What is filed can be taken back for as long as a busy machine takes to look at the pages in between.
    running = Server(folder, records, more="undo_seconds = 1800\n")
    yield running
    running.stop()


class Keyboard:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses = page, 0

    def press(self, key: str, times: int = 1) -> None:
        self.page.wait_for_load_state()  # a key that comes before the scripts of a page is lost on any page
        for _ in range(times):
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.presses += len(text)


def letters(page: Page, folder: Path) -> None:
    """Hand ten letters in, and wait until each waits for its class."""
    files = []
    for number in range(LETTERS):
        files.append(folder / f"surat-{number}.pdf")
        files[-1].write_bytes(pdf(f"Surat undangan rapat kader posyandu yang ke {number} di balai kelurahan"))
    page.goto("/capture")
    page.set_input_files("input[type=file]", files)
    expect(page.locator("#sent .state-awaiting_class")).to_have_count(LETTERS)


def filed(page: Page, before: str) -> str:
    """Wait for another document than `before`, and return which one it is."""
    page.wait_for_function("one => document.querySelector('#sheet')?.dataset.record !== one", arg=before)
    return here(page)


def here(page: Page) -> str:
    found = page.locator("#sheet")
    return (found.get_attribute("data-record") or "") if found.count() else ""


def test_ten_letters_by_keyboard_alone(watched: Watched, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    page = watched.page
    sign_in(page)
    letters(page, tmp_path)
    page.goto("/inbox/file")
    keys = Keyboard(page)
    waiting = page.locator("#queue-list li").count()
    assert waiting >= LETTERS
    expect(page.locator("[name=class_code]")).to_be_focused()

    first = here(page)
    keys.type("999.9")  # a class that there is not
    keys.press("Enter")
    expect(page.locator("#wrong-class_code")).to_contain_text("there is no class")
    expect(page.locator("[name=class_code]")).to_have_value("999.9")
    expect(page.locator("[name=class_code]")).to_be_focused()
    keys.press("Control+a")
    keys.type("000.1.5")
    keys.press("Escape")
    keys.press("Tab")
    keys.press("ArrowDown")  # the level: open
    keys.press("Enter")
    second = filed(page, first)
    expect(page.locator("#filed")).to_contain_text("Filed:")

    keys.press("Alt+z")
    assert filed(page, second) == first, "taken back, and on the desk again"
    expect(page.locator("[name=class_code]")).to_have_value("")  # the class of the one before would be a guess
    at = first
    for _ in range(waiting):
        if not page.locator("[name=class_code]").input_value():
            keys.press("ArrowDown")  # what this clerk uses stands first
            keys.press("ArrowDown")
            keys.press("Enter")
        if not page.locator("[name=level]").input_value():
            keys.press("Tab")
            keys.press("ArrowDown")
        keys.press("Enter")
        at = filed(page, at)
    assert at == ""
    expect(page.locator("#nothing")).to_be_focused()
    print(f"{waiting} documents filed with {keys.presses} key presses: {keys.presses / waiting:.1f} for each")
    assert keys.presses / waiting <= 9
    assert not watched.away()
    expected = [said for said in watched.complaints if "422" not in said]
    assert expected == []


def pictures(page: Page, folder: Path, name: str) -> None:
    """Take pictures of a page at a desk and on a phone, where nothing may be cut off."""
    page.screenshot(path=folder / f"{name}-1440.png")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"
    page.screenshot(path=folder / f"{name}-390.png", full_page=True)
    page.set_viewport_size(DESK)


def test_all_like_one_by_keyboard_and_back(watched: Watched, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """Three letters of one sender in two steps, seen before, taken back together, and filed again."""
    page = watched.page
    sign_in(page)
    files = []
    for number in range(3):
        files.append(tmp_path / f"undangan-{number}.pdf")
        files[-1].write_bytes(pdf(SAME_SENDER.format(number=number)))
    page.goto("/capture")
    page.set_input_files("input[type=file]", files)
    expect(page.locator("#sent .state-awaiting_class")).to_have_count(3)
    page.goto("/inbox/file")
    keys = Keyboard(page)
    expect(page.locator("[name=class_code]")).to_be_focused()
    keys.press("Control+a")
    keys.type("000.1.5")
    keys.press("Tab")
    keys.press("Alt+a")
    expect(page.locator("#many")).to_be_visible()
    expect(page.locator("#many input[name=class_code]:not([type=hidden])")).to_be_focused()
    expect(page.locator("#many input[name=class_code]:not([type=hidden])")).to_have_value("000.1.5")
    count = page.locator("#many input[name=record]:checked").count()
    assert count >= 3
    assert judged(page) == []
    pictures(page, tmp_path, "alike")
    keys.press("Tab")
    keys.press("Home")  # no level, whatever this clerk is used to give
    keys.press("Enter")
    expect(page.locator(".changes li").first).to_contain_text("choose a level")  # why none of them would be filed
    expect(page.get_by_text("Change something")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#many input[name=class_code]:not([type=hidden])")).to_be_focused()
    keys.press("Tab")
    keys.press("ArrowDown")  # open
    keys.press("Enter")
    expect(page.locator(".changes li").first).to_be_visible()
    expect(page.locator(".changes")).to_contain_text("000.1.5")
    assert judged(page) == []
    pictures(page, tmp_path, "preview")
    keys.press("Enter")
    expect(page.locator("#filed")).to_contain_text("documents are filed")
    expect(page.locator("#filed .left")).to_contain_text("s; until then it can be taken back")
    assert judged(page) == []
    pictures(page, tmp_path, "filed")
    keys.press("Alt+z")
    expect(page.locator(".notice", has_text="taken back")).to_be_visible()
    page.goto("/inbox/file")
    assert page.locator("#queue-list li").count() >= 3, "all are back in the queue"
    print(f"{count} documents filed together and taken back with {keys.presses} key presses")
    assert not watched.away()
    assert watched.complaints == []


def test_the_page_is_accessible_and_looks_right(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    tmp_path: Path,
) -> None:
    for language in ("id", "en"):
        for name, size in (("1440", {"width": 1440, "height": 900}), ("390", PHONE)):
            context = new_context(browser, viewport=size, locale=language, base_url=server.address)
            page = context.new_page()
            sign_in(page, "clerk-bappeda")
            if language == "id" and name == "1440":
                (tmp_path / "kajian.pdf").write_bytes(pdf("Kajian tata ruang kawasan tepi sungai"))
                page.goto("/capture")
                page.set_input_files("input[type=file]", [tmp_path / "kajian.pdf"])
                expect(page.locator("#sent .state-awaiting_class")).to_have_count(1)
            page.goto("/inbox/file")
            expect(page.locator("#sheet")).to_be_visible()
            assert judged(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"
            page.screenshot(path=tmp_path / f"filing-{language}-{name}.png")
            page.keyboard.press("Escape")
            page.keyboard.press("?")
            expect(page.locator("#keys")).to_be_visible()
            assert judged(page) == []
            context.close()
