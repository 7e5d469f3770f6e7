"""A phone in a real browser: pages photographed off line, reordered, a corner moved, sent as one document."""

import hashlib
import os
from pathlib import Path

import pytest
from browsing import new_context
from photograph_material import photograph
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select
from test_browser import DESK, PHONE, Server, Watched, browser, judged, server, sign_in  # noqa: F401 - fixtures

from edms.bootstrap import open_archive
from edms.core.config import load_settings
from edms.records.model import Component, Record

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOTS = os.environ.get("EDMS_SCREENSHOTS")
SIZE = (600, 800)


def taken(folder: Path, first: int = 0, count: int = 3) -> list[Path]:
    paths = []
    for number in range(first, first + count):
        paths.append(folder / f"IMG_{number}.jpg")
        paths[-1].write_bytes(photograph(number, size=SIZE, orientation=(1, 6, 8)[number % 3]).jpeg)
    return paths


def shots(page: Page) -> Locator:
    return page.locator("#photographs .shots > li")


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def opened(browser: Browser, server: Server, size: dict[str, int], language: str) -> Watched:  # noqa: F811
    context = new_context(browser, viewport=size, locale=language, base_url=server.address,
                                  has_touch=size == PHONE)  # fmt: skip
    return Watched(context)


def originals(server: Server, title: str) -> list[str]:  # noqa: F811
    archive = open_archive(load_settings(server.folder / "config.toml"))
    with archive.database.reader() as session:
        query = select(Component).join(Record).where(Record.title == title, Component.role == "original")
        found = [part.blob.sha256 for part in session.scalars(query.order_by(Component.position))]
    archive.database.close()
    return found


def test_a_document_is_photographed_on_a_phone(browser: Browser, server: Server, tmp_path: Path) -> None:  # noqa: F811
    watched = opened(browser, server, PHONE, "id")
    page, paths = watched.page, taken(tmp_path)
    sign_in(page)
    page.goto("/capture")
    page.fill("[name=class]", "000.1.5")
    page.select_option("[name=level]", "open")
    camera = page.locator("#photographs input[capture=environment]").first
    expect(camera).to_have_attribute("accept", "image/*")
    camera.set_input_files(paths[0])
    expect(shots(page).first).to_contain_text("siap")
    # The connection goes while two more are taken; it comes back, and they go by themselves.
    page.context.set_offline(True)
    camera.set_input_files(paths[1])
    camera.set_input_files(paths[2])
    expect(shots(page)).to_have_count(3)
    expect(shots(page).nth(1)).not_to_contain_text("siap")
    page.context.set_offline(False)
    for number in range(3):
        expect(shots(page).nth(number)).to_contain_text("siap")
    # The third is to be first, by keyboard; focus stays with it.
    for _step in range(2):
        shots(page).nth(2 - _step).get_by_role("button", name="Ke depan").press("Enter")
    expect(page.locator(":focus")).to_have_attribute("data-act", "down")
    shots(page).nth(1).get_by_role("button", name="Putar").click()
    move_a_corner(page)
    assert judged(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.fill("#photographs .sends input", "Surat edaran difoto")
    picture(page, "photographs-id-390")
    page.get_by_role("button", name="Kirim sebagai satu dokumen").click()
    row = page.locator("#sent tbody tr").first
    expect(row).to_contain_text("Ditetapkan")
    expect(shots(page)).to_have_count(0)
    assert originals(server, "Surat edaran difoto") == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (paths[2], paths[0], paths[1])
    ]
    row.locator("a").click()
    expect(page.locator("h1")).to_have_text("Surat edaran difoto")
    preview = page.locator(".preview img")
    expect(preview).to_have_count(3)
    expect(preview.first).to_have_js_property("complete", True)
    picture(page, "photographed-record-id-390")
    offline = "ERR_INTERNET_DISCONNECTED"
    assert [said for said in watched.complaints if offline not in said] == []
    assert watched.away() == []
    page.context.close()


def move_a_corner(page: Page) -> None:
    """By arrow keys, then by a finger; then look at the page, and take it over."""
    shots(page).first.get_by_role("button", name="Sudut").click()
    dialog = page.locator("#corners")
    handle = dialog.get_by_role("button", name="Sudut kiri atas")
    expect(handle).to_be_focused()
    before = handle.get_attribute("aria-label")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert handle.get_attribute("aria-label") != before
    drag(page, dialog.get_by_role("button", name="Sudut kanan bawah"), 14, 10)
    dialog.get_by_role("button", name="Lihat halaman").click()
    made = dialog.locator("img")
    expect(made).to_be_visible()
    assert made.evaluate("image => image.naturalHeight / image.naturalWidth") == pytest.approx(297 / 210, rel=0.12)
    assert judged(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    picture(page, "corners-id-390")
    dialog.get_by_role("button", name="Selesai").click()
    expect(dialog).not_to_be_visible()
    expect(page.locator(":focus")).to_have_attribute("data-act", "crop")


def drag(page: Page, handle: Locator, right: int, down: int) -> None:
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()
    after = handle.bounding_box()
    assert after
    assert abs(after["x"] - box["x"] - right) <= 3
    assert abs(after["y"] - box["y"] - down) <= 3


def test_the_page_is_opened_again_and_the_photographs_are_there(
    browser: Browser,  # noqa: F811
    server: Server,  # noqa: F811
    tmp_path: Path,
) -> None:
    watched = opened(browser, server, DESK, "en")
    page, paths = watched.page, taken(tmp_path, 3, 3)
    sign_in(page, "clerk-bappeda")
    page.goto("/capture")
    page.locator("#photographs input[multiple]").nth(1).set_input_files(paths)
    for number in range(3):
        expect(shots(page).nth(number)).to_contain_text("ready")
    page.reload()
    expect(shots(page)).to_have_count(3)
    for number in range(3):
        expect(shots(page).nth(number)).to_contain_text("ready")
    shots(page).nth(1).get_by_role("button", name="Remove").click()
    expect(shots(page)).to_have_count(2)
    (tmp_path / "no.jpg").write_bytes(b"not a picture")
    shots(page).nth(1).locator("input").set_input_files(tmp_path / "no.jpg")
    expect(shots(page).nth(1)).to_contain_text("no picture that can be read")
    page.get_by_role("button", name="Send as one document").click()
    expect(page.locator("#photographs .note")).to_contain_text("could not be used")
    picture(page, "photographs-en-1440")
    assert judged(page) == []
    shots(page).nth(1).get_by_role("button", name="Remove").click()
    page.fill("#photographs .sends input", "Photographed at a desk")
    page.get_by_role("button", name="Send as one document").click()
    expect(page.locator("#sent tbody tr").first).to_contain_text("waiting for a class")
    assert originals(server, "Photographed at a desk") == [hashlib.sha256(paths[0].read_bytes()).hexdigest()]
    assert watched.away() == []
    page.context.close()
