"""Classifying what has come in: many at once, or one after the other."""

from datetime import timedelta

import pytest
from archive_fixtures import MOMENT, pdf, settle, take_in, when_sealed
from web_site import Site, Visitor

from edms.records.file_plan import selectable_classes

TEXT = "Surat permohonan izin penelitian mahasiswa kesehatan masyarakat nomor"


@pytest.fixture
def desk(site: Site) -> tuple[Site, Visitor, list[str]]:
    """Three letters that wait for their class, oldest first, and the clerk."""
    letters = []
    for number in range(3):
        site.clock.set(MOMENT + timedelta(minutes=number))
        content, name = pdf(f"{TEXT} {number}"), f"{number}.pdf"
        letters.append(take_in(site.archive, content, class_code=None, level=None, name=name, work=False))
    settle(site.archive)
    return (
        site,
        site.visitor("clerk-dinkes", headers={"Accept-Language": "en"}),
        [str(one.record_id) for one in letters],
    )


def test_many_at_once(desk: tuple[Site, Visitor, list[str]]) -> None:
    site, visitor, letters = desk
    page = visitor.get("/inbox").text
    assert all(f'value="{letter}"' in page for letter in letters)
    fields = {"record": letters[:2], "class": "000.1.5", "level": "open"}
    after = visitor.post("/inbox/classify", fields, follow_redirects=True).text
    assert "2 documents are classified." in after
    assert "Take all back" in after
    assert 'data-left="20"' in after
    visitor.post("/inbox/undo", {"record": letters[:2], "back": "inbox"})
    assert all(f'value="{letter}"' in visitor.get("/inbox").text for letter in letters)
    visitor.post("/inbox/classify", fields)
    when_sealed(site.archive)
    assert "Take all back" not in visitor.get("/inbox").text
    assert [letter for letter in letters if letter in visitor.get("/inbox").text] == letters[2:]
    assert visitor.get("/search?state=declared").text.count("<h2>") >= 2


def test_the_levels_are_explained_where_one_is_chosen_and_none_above_the_own_clearance(
    desk: tuple[Site, Visitor, list[str]],
) -> None:
    _site, visitor, letters = desk
    for page in ("/capture", f"/records/{letters[0]}", "/inbox/file"):
        text = visitor.get(page).text
        assert "would disturb the work of the institution itself" in text
        assert "would endanger the sovereignty" not in text


def test_one_that_fails_is_named_and_the_others_go_on(desk: tuple[Site, Visitor, list[str]]) -> None:
    _site, visitor, letters = desk
    fields = {"record": [letters[0], "018f0000-0000-7000-8000-000000000000"], "class": "000.1.5", "level": "open"}
    after = visitor.post("/inbox/classify", fields, follow_redirects=True).text
    assert "1 document is classified." in after
    assert "1 document could not be classified:" in after


def test_nothing_chosen_and_a_wrong_class_are_told(desk: tuple[Site, Visitor, list[str]]) -> None:
    _site, visitor, letters = desk
    assert "Choose at least one document" in visitor.post("/inbox/classify", {}, follow_redirects=True).text
    wrong = visitor.post("/inbox/classify", {"record": letters, "class": "999.9"}, follow_redirects=True).text
    assert "3 documents could not be classified: there is no class" in wrong


def test_one_after_the_other(desk: tuple[Site, Visitor, list[str]]) -> None:
    _site, visitor, letters = desk
    newest, middle, oldest = reversed(letters)
    page = visitor.get(f"/records/{newest}?queue=1").text
    assert f"/inbox/after/{newest}" in page
    assert visitor.get(f"/inbox/after/{newest}").headers["Location"] == f"/records/{middle}?queue=1"
    fields = {"class_code": "000.1.5", "level": "open", "queue": "1"}
    ways = [visitor.post(f"/records/{one}/describe", fields).headers["Location"] for one in (newest, middle, oldest)]
    assert ways == [f"/records/{middle}?queue=1", f"/records/{oldest}?queue=1", "/inbox"]
    assert "Saved." in visitor.get("/inbox").text


def test_the_level_comes_from_the_class_or_is_asked_for(desk: tuple[Site, Visitor, list[str]]) -> None:
    site, visitor, letters = desk
    choices = selectable_classes(site.archive)
    silent = next((choice for choice in choices if choice.default_level is None), None)
    speaking = next((choice for choice in choices if choice.default_level == "open"), None)
    assert silent or speaking
    if silent:
        page = visitor.post(f"/records/{letters[0]}/describe", {"class_code": silent.code}, follow_redirects=True).text
        assert "Choose a level" in page
    if speaking:
        page = visitor.post(
            f"/records/{letters[1]}/describe", {"class_code": speaking.code}, follow_redirects=True
        ).text
        assert "Saved." in page


def test_what_is_declared_cannot_be_described(desk: tuple[Site, Visitor, list[str]]) -> None:
    site, visitor, letters = desk
    visitor.post(f"/records/{letters[0]}/describe", {"class_code": "000.1.5", "level": "open"})
    shown = visitor.get(f"/records/{letters[0]}").text
    assert "Take back" in shown
    visitor.post("/inbox/undo", {"record": [letters[0]], "back": "record"})
    assert "Take back" not in visitor.get(f"/records/{letters[0]}").text
    visitor.post(f"/records/{letters[0]}/describe", {"class_code": "000.1.5", "level": "open"})
    when_sealed(site.archive)
    stays = visitor.post("/inbox/undo", {"record": [letters[0]], "back": "record"}, follow_redirects=True).text
    assert "1 document stays: the record stands as it was declared" in stays
    answer = visitor.post(f"/records/{letters[0]}/describe", {"title": "Lain"})
    assert answer.status_code == 400
    assert "stands as it was declared" in answer.text


def test_a_quarantined_file_is_released_with_a_reason(site: Site) -> None:
    record = take_in(site.archive, b"%PDF-1.7\nbroken", name="rusak.pdf").record_id
    clerk = site.visitor("clerk-dinkes", headers={"Accept-Language": "en"})
    assert "damaged" in clerk.get(f"/records/{record}").text
    assert clerk.post(f"/records/{record}/release", {"reason": "satu-satunya salinan"}).status_code == 404
    visitor = site.visitor("records", headers={"Accept-Language": "en"})
    assert visitor.post(f"/records/{record}/release", {"reason": " x "}).status_code == 400
    released = visitor.post(f"/records/{record}/release", {"reason": "satu-satunya salinan"}, follow_redirects=True)
    assert "Released." in released.text
    assert visitor.post(f"/records/{record}/retry").status_code == 400, "it is in quarantine no more"


def test_a_file_in_quarantine_is_saved_after_a_warning_only(site: Site) -> None:
    record = take_in(site.archive, b"%PDF-1.7\nbroken", name="rusak.pdf").record_id
    clerk = site.visitor("clerk-dinkes", headers={"Accept-Language": "en"})
    warning = clerk.get(f"/records/{record}/files/original")
    assert (warning.status_code, "may do harm" in warning.text) == (409, True)
    saved = clerk.get(f"/records/{record}/files/original?warned=1")
    assert saved.data == b"%PDF-1.7\nbroken"
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_a_returned_file_is_listed_apart(site: Site) -> None:
    record = take_in(site.archive, b"%PDF-1.7\nbroken", name="rusak.pdf").record_id
    clerk = site.visitor("clerk-dinkes", headers={"Accept-Language": "en"})
    assert clerk.post(f"/records/{record}/return", {"reason": "tolong pindai ulang"}).status_code == 302
    assert str(record) not in clerk.get("/quarantine").text
    page = clerk.get("/quarantine?returned=1").text
    assert str(record) in page
    assert "tolong pindai ulang" in page
    assert "tolong pindai ulang" in clerk.get(f"/records/{record}").text
