"""Events and holds on the pages: noted by one, verified by another; placed, seen and released by those who may."""

import html
import io
import re
from datetime import date

import pytest
from archive_fixtures import pdf, take_in
from web_site import Site

ENGLISH = {"headers": {"Accept-Language": "en"}}
FINANCE = {"class_code": "900.1.3", "document_date": date(2014, 2, 1)}


@pytest.fixture
def record(site: Site) -> str:
    return str(take_in(site.archive, pdf("Laporan keuangan"), number="900/1/2014", **FINANCE).record_id)


def test_a_list_is_handed_in_and_verified_by_another(site: Site, record: str) -> None:
    clerk, official = site.visitor("clerk-dinkes", **ENGLISH), site.visitor("official-dinkes", **ENGLISH)
    table = "nomor;tanggal;bukti\n900/1/2014;15/09/2015;LHP <7>\n000/tidak;15/09/2015;LHP\n"
    told = {"type": "AUDIT_FOLLOWUP_DONE", "of": "list", "list": (io.BytesIO(table.encode()), "daftar.csv")}
    page = clerk.post("/events", told, content_type="multipart/form-data", follow_redirects=True).text
    assert "1 event was noted" in page
    assert "000/tidak" in page
    assert "LHP &lt;7&gt;" in page, "what people type is text"
    assert "your own" in page
    waiting = clerk.get("/events/awaiting").text
    assert "audit follow-up completed" in waiting
    assert "Laporan" in waiting or "surat" in waiting
    page = official.get("/events").text
    found = re.search(r'name="event" value="([0-9a-f-]{36})"', page)
    assert found, page
    mine = clerk.post("/events/verify", {"event": found.group(1)}, follow_redirects=True).text
    assert "An event is verified by somebody else" in mine or "an event is verified by somebody else" in mine
    done = official.post("/events/verify", {"event": found.group(1)}, follow_redirects=True).text
    assert "1 event was verified." in done
    assert "15 September 2025" in official.get(f"/records/{record}").text


def test_a_list_is_looked_at_before_it_is_noted(site: Site, record: str) -> None:
    clerk = site.visitor("clerk-dinkes", **ENGLISH)
    table = "nomor;tanggal;bukti\n900/1/2014;15/09/2015;LHP <7>\n000/tidak;15/09/2015;LHP\n"
    told = {"type": "AUDIT_FOLLOWUP_DONE", "of": "list", "list": (io.BytesIO(table.encode()), "daftar.csv")}
    page = clerk.post("/events/preview", told, content_type="multipart/form-data").text
    assert "What would be noted" in page
    assert f'href="/records/{record}"' in page.split('id="preview"')[1].split("</section>")[0]
    assert "LHP &lt;7&gt;" in page
    assert "000/tidak" in page.split("What would be noted")[0], "what meets nothing is told"
    assert '<option value="AUDIT_FOLLOWUP_DONE" selected>' in page
    assert "No event waits for verification." in clerk.get("/events").text, "nothing was noted"
    kept = re.search(r'<textarea name="subjects"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert kept, page
    again = {"type": "AUDIT_FOLLOWUP_DONE", "of": "list", "subjects": html.unescape(kept.group(1))}
    assert "1 event was noted" in clerk.post("/events", again, follow_redirects=True).text
    stranger = site.visitor("clerk-bappeda", **ENGLISH)
    told = {"type": "AUDIT_FOLLOWUP_DONE", "of": "list", "subjects": table}
    page = stranger.post("/events/preview", told).text
    assert "No line of the list would be noted." in page
    assert record not in page
    assert site.visitor("auditor").post("/events/preview", told).status_code == 403


def test_what_is_typed_wrong_is_told(site: Site, record: str) -> None:
    clerk = site.visitor("clerk-dinkes", **ENGLISH)
    for told in ({"type": "NONE"}, {"type": "CONTRACT_END", "of": "awaiting"}, {"type": "CONTRACT_END", "on": "x"},
                 {"type": "CONTRACT_END", "subjects": record, "on": "2015-01-01", "evidence": "x",
                  "evidence_record": "x"}):  # fmt: skip
        assert clerk.post("/events", told).status_code == 400


def test_a_hold_is_placed_seen_and_released_by_another(site: Site, record: str) -> None:
    officer = site.visitor("records", **ENGLISH)
    told = {"title": "Perkara <1>", "mandate": "Surat PN", "reason": "gugatan", "classes": "900", "case": "1/2026"}
    page = officer.post("/holds", told, follow_redirects=True).text
    assert "The hold is in force." in page
    assert "Perkara &lt;1&gt;" in page
    assert "tied to an open case" in officer.get(f"/records/{record}").text
    hold = re.search(r"/holds/([0-9a-f-]{36})/release", page)
    assert hold, page
    assert officer.post(f"/holds/{hold.group(1)}/release").status_code == 403, "not by whoever placed it"
    clerk = site.visitor("clerk-dinkes", **ENGLISH)
    page = clerk.get("/holds").text
    assert "Perkara &lt;1&gt;" in page
    assert "gugatan" not in page, "why is for those who place holds"
    assert "/release" not in page
    assert clerk.post("/holds", told).status_code == 403
    assert officer.post("/holds", {**told, "records": "x"}).status_code == 404


def test_the_course_of_a_record_is_drawn_and_told(site: Site) -> None:
    record = take_in(site.archive, pdf("Telepon"), class_code="000.1.1", document_date=date(2025, 3, 1)).record_id
    page = site.visitor("clerk-dinkes", **ENGLISH).get(f"/records/{record}").text
    picture = page.split('<svg class="course"')[1].split("</svg>")[0]
    assert "Active for 1 year, until 1 March 2026" in picture, "in words, for whoever does not see it"
    assert "style=" not in picture, "the policy lets no inline style in"
    assert [f">{year}<" in picture for year in (2025, 2026, 2027)] == [True] * 3
    waiting = take_in(site.archive, pdf("Tanpa tanggal"), class_code="000.1.1").record_id
    assert "course" not in site.visitor("clerk-dinkes", **ENGLISH).get(f"/records/{waiting}").text
