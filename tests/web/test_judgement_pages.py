"""Pages of reviews of what is kept, of legacy records without a date, of vital records, and of lists by mail."""

import re
from datetime import date
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from web_site import Site

from edms.access.levels import Level
from edms.records.model import Record
from edms.records.people import console_person
from edms.records.report_mailings import list_mailings

ENGLISH = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def record(site: Site) -> str:
    told = {"class_code": "000.1.1", "document_date": date(2020, 2, 29)}
    made = take_in(site.archive, pdf("Sertifikat tanah"), title="Sertifikat tanah", **told).record_id
    _mark(site, made, vital=True)
    return str(made)


@pytest.fixture
def undated(site: Site) -> str:
    told = {"class_code": "000.1.1", "legacy_unverified": True}
    return str(take_in(site.archive, pdf("Agenda lama"), title="Agenda lama <b>", **told).record_id)


def _mark(site: Site, record_id: UUID, **marks: bool) -> None:
    """What a rule, or capture, says of a record."""
    with site.archive.database.writer() as session:
        record = session.get_one(Record, record_id)
        for name, value in marks.items():
            setattr(record, name, value)
        session.commit()


def _state(site: Site, record_id: str) -> Record:
    with site.archive.database.reader() as session:
        return session.get_one(Record, UUID(record_id))


def _review(page: str) -> str:
    found = re.search(r"/judgements/([0-9a-f-]{36})/accept", page)
    assert found, page
    return found.group(1)


def test_one_proposes_and_another_judges(site: Site, record: str) -> None:
    official, officer = site.visitor("official-dinkes", **ENGLISH), site.visitor("records", **ENGLISH)
    assert f"/judgements?record={record}" in official.get(f"/records/{record}").text
    told = {"kind": "vital_release", "record": f"http://localhost/records/{record}", "reason": "sudah <i>lunas</i>"}
    page = official.post("/judgements", told, follow_redirects=True).text
    assert "Proposed. It takes effect" in page
    assert "somebody else judges it" in page
    assert "/accept" not in page, "nobody is offered the judgement of the own proposal"
    page = officer.get("/judgements").text
    assert "sudah &lt;i&gt;lunas" in page
    review = _review(page)
    assert official.post(f"/judgements/{review}/accept", {"judgement": "setuju"}).status_code == 403
    for name in ("clerk-dinkes", "auditor", "official-bappeda"):
        stranger = site.visitor(name, **ENGLISH)
        assert stranger.post(f"/judgements/{review}/accept", {"judgement": "setuju"}).status_code == 404
        assert "lunas" not in stranger.get("/judgements").text
    assert "needs its reason" in officer.post(f"/judgements/{review}/accept", follow_redirects=True).text
    assert _state(site, record).vital, "nothing has changed so far"
    page = officer.post(f"/judgements/{review}/accept", {"judgement": "setuju"}, follow_redirects=True).text
    assert "Accepted; due dates follow." in page
    assert not _state(site, record).vital
    again = officer.post(f"/judgements/{review}/refuse", {"judgement": "lagi"}, follow_redirects=True).text
    assert "judged already" in again


def test_the_own_proposal_is_withdrawn_on_the_page(site: Site, record: str) -> None:
    official, officer = site.visitor("official-dinkes", **ENGLISH), site.visitor("records", **ENGLISH)
    told = {"kind": "vital_release", "record": record, "reason": "sudah lunas"}
    page = official.post("/judgements", told, follow_redirects=True).text
    where = re.search(r"/judgements/[0-9a-f-]{36}/withdraw", page)
    assert where
    assert "/withdraw" not in officer.get("/judgements").text, "offered to nobody else"
    assert officer.post(where.group(), {"reason": "salah pilih"}).status_code == 403
    for name in ("clerk-dinkes", "auditor", "official-bappeda"):
        assert site.visitor(name).post(where.group(), {"reason": "salah pilih"}).status_code == 404
    assert "in a few words why" in official.post(where.group(), follow_redirects=True).text
    page = official.post(where.group(), {"reason": "salah pilih"}, follow_redirects=True).text
    assert "Withdrawn; nothing changes." in page
    assert "lunas" not in page
    assert "review withdrawn" in official.get(f"/records/{record}").text
    assert _state(site, record).vital
    assert "it was withdrawn" in official.post(where.group(), {"reason": "lagi"}, follow_redirects=True).text


def test_who_may_not_propose_is_offered_nothing(site: Site, record: str) -> None:
    told = {"kind": "vital_release", "record": record, "reason": "coba"}
    for name in ("clerk-dinkes", "auditor", "official-bappeda", "admin"):
        visitor = site.visitor(name, **ENGLISH)
        assert visitor.post("/judgements", told).status_code == 404, name
        if name != "official-bappeda":
            assert 'name="kind"' not in visitor.get("/judgements").text
    limit = {"kind": "maximum", "class": "900.1", "reason": "gaji", "told": "UU 27/2022", "months": "36"}
    assert site.visitor("official-dinkes").post("/judgements", limit).status_code == 403
    assert 'name="class"' not in site.visitor("official-dinkes").get("/judgements").text
    officer = site.visitor("records", **ENGLISH)
    page = officer.post("/judgements", limit, follow_redirects=True).text
    assert "36 months" in page
    assert "900.1" in page


def test_the_queue_of_old_records_empties_by_two_people(site: Site, undated: str) -> None:
    secret = take_in(
        site.archive, pdf("Rahasia"), by="records", title="Agenda rahasia", level=Level.SECRET,
        class_code="000.1.1", legacy_unverified=True,
    )  # fmt: skip
    official, officer = site.visitor("official-dinkes"), site.visitor("records", **ENGLISH)
    page = official.get("/judgements/undated").text
    assert "Agenda lama &lt;b&gt;" in page
    assert "Agenda rahasia" not in page
    assert str(secret.record_id) in officer.get("/judgements/undated").text
    assert "Usulkan tanggal<" not in site.visitor("clerk-dinkes").get("/judgements/undated").text
    assert "Agenda lama" not in officer.get("/judgements/undated?office=bappeda").text
    told = {"kind": "legacy_date", "back": "undated", "record": undated, "reason": "tertera", "told": "Buku agenda"}
    page = official.post("/judgements", {**told, "day": "2031-01-01"}, follow_redirects=True).text
    assert "sebutkan tanggal naskahnya" in page.casefold()
    page = official.post("/judgements", {**told, "day": "2019-05-02"}, follow_redirects=True).text
    assert "menunggu penilai" in page
    review = _review(officer.get("/judgements").text)
    officer.post(f"/judgements/{review}/accept", {"judgement": "benar"})
    assert "Agenda lama" not in officer.get("/judgements/undated").text
    assert _state(site, undated).due_on == date(2021, 5, 2)


def test_the_list_of_vital_records(site: Site, record: str) -> None:
    officer = site.visitor("records", **ENGLISH)
    page = officer.get("/judgements/vital").text
    assert "never reviewed" in page
    assert f"record={record}&amp;kind=vital_kept" in page
    assert "Review it" not in site.visitor("auditor", **ENGLISH).get("/judgements/vital").text
    kept = {"kind": "vital_kept", "record": record, "reason": "perlu", "told": "lemari tahan api", "day": "2027-01-05"}
    site.visitor("official-dinkes").post("/judgements", kept)
    officer.post(f"/judgements/{_review(officer.get('/judgements').text)}/accept", {"judgement": "setuju"})
    page = officer.get("/judgements/vital").text
    assert "5 January 2027" in page
    assert "lemari tahan api" in page
    assert officer.get("/judgements/vital.pdf").data.startswith(b"%PDF")
    listed = officer.get("/judgements/vital.csv")
    assert listed.headers["Content-Disposition"].endswith("daftar-arsip-vital.csv")
    assert "lemari tahan api" in listed.text


def test_lists_by_mail_are_seen_added_and_stopped(site: Site) -> None:
    officer = site.visitor("records", **ENGLISH)
    assert "No list is mailed." in officer.get("/retention/mail").text
    told = {
        "title": "Usul musnah", "report": "destroy", "every": "weekly", "language": "id", "office": "dinkes",
        "recipients": "records records@kota.example\n\nclerk-dinkes=clerk@kota.example\n", "first": "2026-12-01",
    }  # fmt: skip
    for wrong, said in (
        ({"recipients": "records"}, "each line names a user"),
        ({"recipients": "hantu hantu@kota.example"}, "there is no such person to send to: &#39;hantu&#39;"),
        ({"recipients": "records bukan-alamat"}, "this is no address"),
        ({"title": ""}, "a mailing has a title"),
        ({"form": "csv"}, "lists may not be attached here"),
    ):
        page = officer.post("/retention/mail", {**told, **wrong}, follow_redirects=True).text
        assert said in page
        assert "No list is mailed." in page
    page = officer.post("/retention/mail", told, follow_redirects=True).text
    assert "clerk@kota.example" in page
    assert "1 December 2026" in page
    assert "No mail server is named" in page
    (kept,) = list_mailings(console_person(site.archive, "records", "tests"), site.archive)
    assert [one["user"] for one in kept["recipients"]] == ["clerk-dinkes", "records"]
    other = site.visitor("auditor", **ENGLISH)
    assert other.post(f"/retention/mail/{kept['mailing']}/end").status_code == 403
    page = officer.post(f"/retention/mail/{kept['mailing']}/end", follow_redirects=True).text
    assert "It is mailed no more." in page
    assert "No list is mailed." in page
