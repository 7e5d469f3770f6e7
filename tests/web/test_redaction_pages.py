"""The pages of a redaction without any script: proposals, terms, areas by form, made, approved, handed out."""

import re
from pathlib import Path

import pytest
from archive_fixtures import OWNER, settle, take_in
from redaction_material import NIK, SECRET, plain
from web_site import OpenSite, Site, Visitor

from edms.capture.work import LONG, lanes_of, work_once
from edms.text.ocr import ocr_available
from edms.web.words_redaction import KINDS, REDACTION_EVENTS, WHY


@pytest.fixture(scope="module")
def site(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return open_site(tmp_path_factory.mktemp("redactions"))


@pytest.fixture
def record(site: Site) -> str:
    title = f"Bantuan {len(SECRET)}"
    return str(take_in(site.archive, plain(2), name=f"{SECRET}.pdf", title=title, number=None).record_id)


def begun(visitor: Visitor, record: str, purpose: str = "publication") -> str:
    told = {"purpose": purpose, "ground": "UU 14/2008 pasal 17", "reason": "permohonan 12/2026"}
    answer = visitor.post(f"/records/{record}/redactions", told)
    assert answer.status_code == 302, answer.text
    return re.match(r"(/redactions/[0-9a-f-]+)\?", answer.headers["Location"])[1]  # type: ignore[index]


def version(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page)[1]  # type: ignore[index]


def shown(visitor: Visitor, address: str) -> str:
    answer = visitor.get(address)
    assert answer.status_code == 200
    return answer.text


def test_from_proposals_to_the_document(site: Site, record: str) -> None:
    clerk, official = site.visitor("clerk-dinkes"), site.visitor("official-dinkes")
    assert "/redactions/new" in shown(clerk, f"/records/{record}")
    draft = begun(clerk, record)
    page = shown(clerk, f"{draft}?proposals=1")
    assert page.count('name="take"') == page.count("checked") == 4
    answer = clerk.post(f"{draft}/proposals?page=1", {"version": version(page), "take": ["0", "1", "2", "3"]})
    assert answer.status_code == 302
    page = shown(clerk, f"{draft}?page=2")
    assert page.count("<rect") == 2
    answer = clerk.post(f"{draft}/terms?page=2", {"version": version(page), "terms": f"{SECRET}\nKusuma\n\ntak ada"})
    page = shown(clerk, f"{draft}?page=2")
    assert "Tidak ditemukan di mana pun: Kusuma, tak ada" in page
    assert "Kusumaningtyas" in page
    assert "2 tempat ditandai dari kata" in page
    assert page.count("<rect") == 3
    side = {"page": "2", "left": "10", "top": "80", "right": "30", "bottom": "85,5"}
    assert clerk.post(f"{draft}/areas?page=2", {**side, "version": version(page), "do": "add"}).status_code == 400
    side["bottom"] = "85.5"
    assert clerk.post(f"{draft}/areas?page=2", {**side, "version": version(page), "do": "add"}).status_code == 302
    page = shown(clerk, f"{draft}?page=2")
    assert page.count("<rect") == 4
    index = re.findall(r'name="index" value="(\d+)"', page)[-1]
    told = {**side, "top": "70", "version": version(page), "index": index, "do": "change"}
    clerk.post(f"{draft}/areas?page=2", told)
    page = shown(clerk, f"{draft}?page=2")
    assert 'value="70.00"' in page
    clerk.post(f"{draft}/areas?page=2", {"version": version(page), "index": index, "do": "remove", "page": "2"})
    page = shown(clerk, f"{draft}?page=2&covered=1")
    assert "<rect" not in page
    picture = clerk.get(f"{draft}/pages/2")
    assert picture.mimetype == "image/webp"
    assert clerk.post(f"{draft}/make", {"version": version(page)}).status_code == 400, "nobody said that he looked"
    answer = clerk.post(f"{draft}/make", {"version": version(page), "seen": "on", "terms": ""})
    assert answer.status_code == 302, answer.text
    page = shown(clerk, draft)
    assert f"{draft}/approve" not in page
    assert clerk.post(f"{draft}/approve", {}).status_code == 404
    page = shown(official, draft)
    assert f"{draft}/approve" in page
    assert official.post(f"{draft}/approve", {}).status_code == 302
    done = official.get(f"{draft}/document")
    assert done.data.startswith(b"%PDF-")
    assert done.headers["Content-Disposition"].startswith('attachment; filename="redacted-')
    assert SECRET.split()[0] not in done.headers["Content-Disposition"]
    assert "sandbox" in done.headers["Content-Security-Policy"]
    assert NIK.encode() not in done.data
    clerk.post(f"{draft}/withdraw", {"reason": "masih terbaca"})
    assert official.get(f"{draft}/document").status_code == 400
    assert "masih terbaca" in shown(official, draft)


def test_what_is_refused_is_said_on_the_page(site: Site, record: str) -> None:
    clerk = site.visitor("clerk-dinkes")
    answer = clerk.post(f"/records/{record}/redactions", {"ground": "x", "reason": "permohonan 12/2026"})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    draft = begun(clerk, record)
    answer = clerk.post(f"{draft}/make", {"seen": "on"})
    assert answer.status_code == 400
    assert "elum ada yang ditandai" in answer.text
    for wrong in (
        {},
        {"left": "nan"},
        {"page": "9"},
        {"page": "x"},
        {"right": "1e400"},
        {"index": "-1", "do": "remove"},
    ):
        side = {"page": "1", "left": "10", "top": "10", "right": "20", "bottom": "5"} | wrong
        assert clerk.post(f"{draft}/areas", {"version": "1", "do": "add"} | side).status_code == 400
    answer = clerk.post(f"{draft}/terms", {"version": "7", "terms": SECRET})
    assert answer.status_code == 400
    for path in (f"{draft}/pages/0", f"{draft}/pages/3", f"{draft}/document"):
        assert clerk.get(path).status_code == 404
    assert clerk.get(f"{draft}?page=999999999999999999999").status_code == 200
    assert clerk.get(f"{draft}?page=-4").status_code == 200


def test_a_long_one_is_left_to_the_workers_and_the_page_says_what_waits(site: Site) -> None:
    clerk = site.visitor("clerk-dinkes")
    record = str(take_in(site.archive, plain(5), title="Bantuan panjang", number=None).record_id)
    draft = begun(clerk, record)
    assert "Jika lebih dari 4 halaman" in shown(clerk, draft)
    clerk.post(f"{draft}/terms", {"version": "1", "terms": SECRET})
    answer = clerk.post(f"{draft}/make", {"version": "2", "seen": "on"})
    assert answer.status_code == 302
    page = shown(clerk, draft)
    assert "Dokumen diserahkan untuk dibuat" in page
    assert "0 dari 5 halaman selesai" in page
    assert "Menunggu giliran" in page
    assert 'name="terms"' not in page
    assert f"{draft}/withdraw" in page
    assert clerk.post(f"{draft}/terms", {"version": "3", "terms": "lain"}).status_code == 400
    assert clerk.get(f"{draft}/document").status_code == 404
    assert clerk.get(f"{draft}/pages/5").mimetype == "image/webp"
    work_once(site.archive, OWNER, lanes_of(LONG))
    page = shown(clerk, draft)
    assert "4 dari 5 halaman selesai" in page
    settle(site.archive)
    page = shown(clerk, draft)
    assert f"{draft}/document" in page
    assert 'id="work"' not in page


def test_one_that_could_not_be_made_says_why_on_its_page(site: Site) -> None:
    """The areas are moved off the name: it is recognised on the covered pages, and the term is named."""
    clerk = site.visitor("clerk-dinkes")
    if not ocr_available(site.archive.settings.text).available:
        pytest.skip("tesseract is not installed")
    record = str(take_in(site.archive, plain(5), title="Bantuan terbaca", number=None).record_id)
    draft = begun(clerk, record)
    clerk.post(f"{draft}/terms", {"version": "1", "terms": SECRET})
    clerk.post(f"{draft}/areas", {"version": "2", "index": "0", "do": "remove", "page": "1"})
    assert clerk.post(f"{draft}/make", {"version": "3", "seen": "on"}).status_code == 302
    settle(site.archive)
    page = shown(clerk, draft)
    assert f"masih dapat dibaca dalam hasilnya: {SECRET} (1)" in page
    assert 'name="terms"' in page


def test_terms_and_words_of_the_page_are_escaped(site: Site) -> None:
    clerk = site.visitor("clerk-dinkes")
    record = str(take_in(site.archive, plain()).record_id)
    draft = begun(clerk, record)
    clerk.post(f"{draft}/terms", {"version": "1", "terms": "<script>alert(1)</script>"})
    page = shown(clerk, draft)
    assert "<script>alert" not in page


def test_who_sees_the_record_alone_changes_nothing(site: Site, record: str) -> None:
    draft = begun(site.visitor("clerk-dinkes"), record)
    other = site.visitor("official-bappeda")
    page = shown(other, draft)
    assert "data-swap" not in page
    told = {"version": "1", "seen": "on", "terms": SECRET, "do": "add", "page": "1", "reason": "coba saja"}
    told |= {"left": "1", "top": "1", "right": "9", "bottom": "9"}
    for act in ("proposals", "terms", "areas", "make", "approve", "withdraw"):
        answer = other.post(f"{draft}/{act}", told)
        assert answer.status_code == 404, act


def test_everything_that_is_found_and_done_has_its_words() -> None:
    rooms = Path(__file__).parents[2] / "edms"
    rules = "".join((rooms / "redaction" / f"{name}.py").read_text("utf-8") for name in ("numbers", "places"))
    said = set(re.findall(r'"([a-z_]+)"', rules))
    assert set(WHY) <= said
    used = set(re.findall(r'\.end, [\d.]+(?: if \w+ else [\d.]+)?, "(\w+)"', rules))
    assert used <= set(WHY)
    doing = ("records/redactions", "records/redaction_make", "capture/redaction_steps")
    made = "".join((rooms / f"{name}.py").read_text("utf-8") for name in doing)
    assert set(re.findall(r'"(redaction\.[a-z_]+)"', made)) == set(REDACTION_EVENTS)
    assert {"hand", "term"} < set(KINDS)
