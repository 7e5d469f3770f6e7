"""Redaction in a real browser: areas by mouse, by keyboard and by form, made, approved by somebody else, handed out."""

import os
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from archive_fixtures import MOMENT, take_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser, Locator, Page, expect
from redaction_material import NIK, PUBLIC, SECRET, everything_in, plain
from test_browser import DESK, PHONE, Server, Watched, browser, filled, judged, sign_in  # noqa: F401 - fixtures

from edms.core.clock import FixedClock

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOTS = os.environ.get("EDMS_SCREENSHOTS")


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("redacting")
    with filled(folder, source, FixedClock(MOMENT)) as archive:
        letter = take_in(archive, plain(2), name="bantuan.pdf", title="Penerima bantuan 2026")
    running = Server(folder, {**records, "letter": str(letter.record_id)})
    yield running
    running.stop()


def opened(browser: Browser, server: Server, size: dict[str, int], language: str) -> Watched:  # noqa: F811
    context = new_context(browser, viewport=size, locale=language, base_url=server.address,
                                  has_touch=size == PHONE)  # fmt: skip
    return Watched(context)


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def begun(page: Page, record: str, button: str) -> None:
    page.goto(f"/records/{record}")
    page.locator("#redactions a.button").click()
    page.fill("[name=ground]", "UU 14/2008 pasal 17 huruf h")
    page.fill("[name=reason]", "permohonan informasi 12/2026")
    page.get_by_role("button", name=button).click()
    expect(page.locator("#proposals input[name=take]")).to_have_count(4)


def marks(page: Page) -> Locator:
    return page.locator("svg.marks rect")


def test_marked_by_every_way_made_approved_and_handed_out(
    browser: Browser,  # noqa: F811
    server: Server,
    tmp_path: Path,
) -> None:
    watched = opened(browser, server, DESK, "en")
    page = watched.page
    sign_in(page)
    begun(page, server.records["letter"], "Begin")
    page.get_by_role("button", name="Mark what is ticked").click()
    expect(marks(page)).to_have_count(2)
    # By mouse: a rectangle drawn on the page becomes an area; nobody saved anything by hand.
    page.wait_for_load_state()  # before its picture and scripts are there a page is no place to draw on
    box = page.locator("svg.marks").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.45, steps=3)
    page.mouse.up()
    expect(marks(page)).to_have_count(3)
    # By keyboard: moved and resized with arrows, kept with Enter; another one removed.
    drawn = page.get_by_role("button", name="Area 3: by hand")
    drawn.focus()
    before = float(drawn.get_attribute("x") or 0), float(drawn.get_attribute("width") or 0)
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowRight"):
        drawn.press(key)
    with page.expect_navigation():
        drawn.press("Enter")
    expect(page.get_by_role("button", name="Area 3: by hand")).to_have_attribute("x", f"{before[0] - 0.5:.2f}")
    expect(page.get_by_role("button", name="Area 3: by hand")).to_have_attribute("width", f"{before[1] + 0.25:.2f}")
    page.get_by_role("button", name="Area 3: by hand").press("Delete")
    expect(marks(page)).to_have_count(2)
    # By form, with the keyboard alone.
    if page.locator("#add").get_attribute("open") is None:
        page.locator("#add summary").press("Enter")
    for name, value in {"left": "10", "top": "60", "right": "40", "bottom": "65"}.items():
        page.locator(f"#add input[name={name}]").fill(value)
    page.locator("#add input[name=bottom]").press("Enter")
    expect(marks(page)).to_have_count(3)
    page.fill("#terms textarea", f"{SECRET}\nbidan")
    page.get_by_role("button", name="Mark the terms").click()
    expect(page.locator(".notice.flash.good")).to_contain_text("4 places are marked by terms")
    picture(page, "redaction-draft-marked")
    page.get_by_role("link", name="Show it covered").click()
    expect(marks(page)).to_have_count(0)
    expect(page.locator(".sheet img")).to_have_js_property("naturalWidth", 900)
    picture(page, "redaction-draft-covered")
    page.check("[name=seen]")
    page.get_by_role("button", name="Make the redacted document").click()
    expect(page.locator(".state-made")).to_be_visible(timeout=90_000)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    address = page.url
    watched.context.close()

    watched = opened(browser, server, DESK, "en")
    page = watched.page
    sign_in(page, "official-dinkes")
    page.goto(address)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".state-approved")).to_be_visible()
    expect(page.locator(".sheet img")).to_have_js_property("naturalWidth", 900)
    picture(page, "redaction-approved")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the redacted document").click()
    path = tmp_path / "made.pdf"
    download.value.save_as(path)
    told = everything_in(path.read_bytes())
    assert all(word not in told for word in (*SECRET.split(), NIK))
    assert PUBLIC.split()[0] in pypdf.PdfReader(path).pages[1].extract_text()
    assert "bidan" not in pypdf.PdfReader(path).pages[0].extract_text()
    assert watched.complaints == []


@pytest.mark.parametrize(
    ("language", "size"),
    [("id", DESK), ("en", DESK), ("id", PHONE), ("en", PHONE)],
    ids=["id-desk", "en-desk", "id-phone", "en-phone"],
)
def test_everybody_can_use_it(
    browser: Browser,  # noqa: F811
    server: Server,
    language: str,
    size: dict[str, int],
) -> None:
    watched = opened(browser, server, size, language)
    page = watched.page
    sign_in(page)
    name = f"{language}-{'phone' if size == PHONE else 'desk'}"
    faults = []
    page.goto(f"/records/{server.records['letter']}/redactions/new")
    faults += judged(page)
    picture(page, f"redaction-new-{name}")
    begun(page, server.records["letter"], {"id": "Mulai", "en": "Begin"}[language])
    faults += judged(page)
    picture(page, f"redaction-proposals-{name}")
    page.locator("#proposals button.main").click()
    expect(marks(page)).to_have_count(2)
    if size == PHONE:
        drawn_by_finger(page)
    faults += judged(page)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    picture(page, f"redaction-draft-{name}")
    page.locator("details:has(form[action*=withdraw]) summary").click()
    page.fill("[name=reason]", "hanya percobaan")
    page.locator("form[action*=withdraw] button").click()
    expect(page.locator(".state-withdrawn")).to_be_visible()
    faults += judged(page)
    page.goto(f"/records/{server.records['letter']}")
    faults += judged(page)
    picture(page, f"redaction-record-{name}")
    assert faults == []
    assert wide <= 0
    assert watched.complaints == []


def drawn_by_finger(page: Page) -> None:
    """Only once that is wanted does a finger draw; before, it moves the page."""
    page.wait_for_load_state()
    page.locator("#draw").click()
    box = page.locator("svg.marks").bounding_box()
    assert box is not None
    page.locator("svg.marks").scroll_into_view_if_needed()
    told = {"pointerType": "touch", "pointerId": 5, "isPrimary": True, "button": 0, "bubbles": True}
    box = page.locator("svg.marks").bounding_box()
    assert box is not None
    page.evaluate("() => { SVGElement.prototype.setPointerCapture = () => {}; }")
    for kind, across, down in (("down", 0.5, 0.5), ("move", 0.7, 0.55), ("up", 0.7, 0.55)):
        where = {"clientX": box["x"] + box["width"] * across, "clientY": box["y"] + box["height"] * down}
        page.locator("svg.marks").dispatch_event(f"pointer{kind}", {**told, **where})
    expect(marks(page)).to_have_count(3)


def test_without_scripts(browser: Browser, server: Server) -> None:  # noqa: F811
    context = new_context(browser, java_script_enabled=False, locale="en", base_url=server.address)
    page = context.new_page()
    sign_in(page)
    begun(page, server.records["letter"], "Begin")
    page.get_by_role("button", name="Mark what is ticked").click()
    expect(marks(page)).to_have_count(2)
    page.fill("#terms textarea", "bidan")
    page.get_by_role("button", name="Mark the terms").click()
    expect(marks(page)).to_have_count(3)
    context.close()
