"""Loans on the pages: the out-indicator for whoever may see the record, acts for whoever lends, nothing for others."""

import re
from datetime import timedelta

import pytest
from archive_fixtures import MOMENT, pdf, take_in
from web_site import Site

from edms.access.levels import Level

DUE = (MOMENT + timedelta(days=14)).date().isoformat()
ENGLISH = {"headers": {"Accept-Language": "en"}}
LENT = {"username": "official-dinkes", "purpose": "audit <b>", "place": "Lemari 3", "due_on": DUE}


@pytest.fixture
def record(site: Site) -> str:
    return str(take_in(site.archive, pdf("Saluran air"), level=Level.RESTRICTED, medium="kertas").record_id)


def loan_on(page: str) -> str:
    found = re.search(r"/loans/([0-9a-f-]{36})/", page)
    assert found, page
    return found.group(1)


def test_from_the_request_to_the_shelf_and_back(site: Site, record: str) -> None:
    official, clerk = site.visitor("official-dinkes", **ENGLISH), site.visitor("clerk-dinkes", **ENGLISH)
    page = official.post(
        f"/records/{record}/loans/ask", {"purpose": "pemeriksaan", "due_on": DUE}, follow_redirects=True
    ).text
    assert "Asked for. A clerk" in page
    assert "Withdraw" in page
    waiting = clerk.get(f"/records/{record}").text
    assert "pemeriksaan" in waiting
    told = {"asked": loan_on(waiting), "place": "Lemari 3", "due_on": DUE}
    page = clerk.post(f"/records/{record}/loans/out", told, follow_redirects=True).text
    assert "The paper is out." in page
    slip = clerk.get(f"/loans/{loan_on(page)}/slip.pdf")
    assert slip.data.startswith(b"%PDF")
    assert slip.headers["Cache-Control"] == "no-store"
    listed = site.visitor("head-dinkes", **ENGLISH).get("/loans").text
    assert "Pejabat Dinkes" in listed
    assert "paper out until" in site.visitor("head-dinkes", **ENGLISH).get("/search?q=saluran").text
    told = {"told": "baik", "record": record}
    page = clerk.post(f"/loans/{loan_on(page)}/return", told, follow_redirects=True).text
    assert "In its place." in page
    assert "paper out until" not in site.visitor("head-dinkes", **ENGLISH).get("/search?q=saluran").text


def test_others_are_told_who_has_it_and_not_why(site: Site, record: str) -> None:
    clerk = site.visitor("clerk-dinkes", **ENGLISH)
    page = clerk.post(f"/records/{record}/loans/out", LENT, follow_redirects=True).text
    assert "audit &lt;b&gt;" in page, "what people type is text"
    loan = loan_on(page)
    head = site.visitor("head-dinkes", **ENGLISH)
    page = head.get(f"/records/{record}").text
    assert "Pejabat Dinkes" in page
    assert "audit" not in page.split('id="paper"')[1].split("</div>")[0]
    assert f"/loans/{loan}/" not in page
    for act in ("return", "extend", "decline", "withdraw"):
        assert head.post(f"/loans/{loan}/{act}", {"told": "x", "due_on": DUE}).status_code == 404
    assert head.get(f"/loans/{loan}/slip.pdf").status_code == 404
    stranger = site.visitor("official-bappeda", **ENGLISH)
    assert stranger.get(f"/records/{record}").status_code == 404
    assert stranger.post(f"/records/{record}/loans/ask", {"purpose": "x", "due_on": DUE}).status_code == 404
    assert stranger.post(f"/records/{record}/loans/out", LENT).status_code == 404
    assert "Pejabat Dinkes" not in stranger.get("/loans").text


def test_what_is_wrong_is_said_in_the_readers_language(site: Site, record: str) -> None:
    clerk = site.visitor("clerk-dinkes")
    answer = clerk.post(f"/records/{record}/loans/out", {**LENT, "username": "official-bappeda"})
    assert answer.status_code == 400
    assert "peminjam tidak berhak melihat arsip ini" in answer.text
    for day in ("", "besok", "2026-02-30", "9999-12-31"):
        assert clerk.post(f"/records/{record}/loans/out", {**LENT, "due_on": day}).status_code == 400
    assert clerk.post(f"/records/{record}/loans/out", {**LENT, "asked": "x"}).status_code in (302, 400)


def test_what_is_overdue_is_marked(site: Site, record: str) -> None:
    site.visitor("clerk-dinkes").post(f"/records/{record}/loans/out", LENT)
    site.clock.set(site.clock.now() + timedelta(days=15))
    page = site.visitor("clerk-dinkes", **ENGLISH)
    assert 'class="late"' in page.get("/loans").text
    assert "overdue" in page.get(f"/records/{record}").text
