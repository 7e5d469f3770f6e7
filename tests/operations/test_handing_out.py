"""Copies that are handed out (R20): marked, numbered without a gap, each leading to who had it."""

import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pikepdf
import pypdfium2 as pdfium
import pytest
from archive_fixtures import MOMENT, pdf
from console import Console
from sqlalchemy import select

from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import Level
from edms.access.policy import Action, RecordFacts, Stage, decide, follow_scope
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import NotFound
from edms.core.ids import new_id
from edms.operation.door import NotPermitted
from edms.records import contents
from edms.records.archive import Archive
from edms.records.contents import Download, download, page_image, text_extract, thumbnail
from edms.records.copies import CopyLine, trace_copies
from edms.records.copies_model import IssuedCopy
from edms.records.describe import record_details
from edms.records.evidence import bundle_bytes
from edms.records.marked import Unmarkable
from edms.records.model import ComponentRole
from edms.records.visible import decided_record
from edms.text.reader import Reader

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
LETTER = pdf("Surat rahasia tentang sengketa lahan", "Halaman kedua")


@pytest.fixture
def secret(archive: Archive, capture: Capture) -> UUID:
    return capture(archive, LETTER, by="records", office="dinkes", level=Level.RESTRICTED).record_id


def content(found: Download) -> bytes:
    with found.stream as stream:
        return stream.read()


def texts(content: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pdfium.PdfDocument(content)]


def copies(archive: Archive, record: UUID, person: Person) -> list[CopyLine]:
    return trace_copies(person(archive, "records"), archive, record)


def later(archive: Archive, **time: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(**time))


def test_a_downloaded_copy_bears_level_person_time_and_number(archive: Archive, secret: UUID, person: Person) -> None:
    clerk = person(archive, "clerk-dinkes")
    for number in (1, 2):
        found = download(clerk, archive, secret, ComponentRole.ACCESS_COPY)
        made = content(found)
        assert found.copy == number, "two files can go two ways"
        assert (found.size, found.sha256) == (len(made), sha256(made).hexdigest())
        assert found.name == f"surat.access-copy.{number}.pdf"
        for text, own in zip(texts(made), ("Surat rahasia", "Halaman kedua"), strict=True):
            assert own in text
            mark = f"clerk-dinkes via tests · 24 Nov 2026 10.00 WIB · salinan nomor {number}"
            assert "TERBATAS" in text
            assert mark in text.replace("\r\n", " ")
    told = copies(archive, secret, person)
    assert {(one.person, one.kind, one.what) for one in told} == {("clerk-dinkes via tests", "download", "access_copy")}
    assert [one.number for one in told] == [1, 2]


def test_nothing_of_a_marked_copy_stays(embedded: Archive, capture: Capture, person: Person) -> None:
    record = capture(embedded, LETTER, level=Level.RESTRICTED).record_id
    blobs = embedded.settings.storage.path / "blobs"
    before = {path for path in blobs.rglob("*") if path.is_file()}
    found = download(person(embedded, "clerk-dinkes"), embedded, record, ComponentRole.ACCESS_COPY)
    assert {path for path in blobs.rglob("*") if path.is_file()} > before
    content(found)
    assert {path for path in blobs.rglob("*") if path.is_file()} == before


def test_pages_looked_at_within_a_while_are_one_copy(archive: Archive, secret: UUID, person: Person) -> None:
    clerk, officer = person(archive, "clerk-dinkes"), person(archive, "records")
    first = page_image(clerk, archive, secret, 1, 900)
    assert page_image(clerk, archive, secret, 1, 900) == first, "the same copy looks the same, so a browser can keep it"
    page_image(clerk, archive, secret, 2, 900)
    page_image(clerk, archive, secret, 2, 160)
    assert page_image(officer, archive, secret, 1, 900) != first
    later(archive, minutes=9)
    page_image(clerk, archive, secret, 1, 900)
    later(archive, minutes=2)
    assert page_image(clerk, archive, secret, 1, 900) != first
    assert [(one.number, one.person.split()[0]) for one in copies(archive, secret, person)] == [
        (1, "clerk-dinkes"), (2, "records"), (3, "clerk-dinkes"),
    ]  # fmt: skip


def test_pages_asked_for_at_once_are_one_copy_and_numbers_have_no_gap(
    archive: Archive, secret: UUID, person: Person
) -> None:
    people = [person(archive, name) for name in ("clerk-dinkes", "records", "head-dinkes", "official-dinkes")]
    with ThreadPoolExecutor(8) as pool:
        looked = [pool.submit(page_image, one, archive, secret, page, 160) for one in people for page in (1, 2)]
        loaded = [pool.submit(download, one, archive, secret, ComponentRole.ACCESS_COPY) for one in people]
        assert all(one.result() for one in looked)
        for one in loaded:
            content(one.result())
    found = copies(archive, secret, person)
    assert [one.number for one in found] == list(range(1, 9))
    assert sorted(one.person for one in found if one.kind == "view") == sorted(
        f"{one.name} via tests" for one in people
    )


def test_open_records_bear_no_mark_and_no_number(archive: Archive, capture: Capture, person: Person) -> None:
    record = capture(archive, LETTER).record_id
    official = person(archive, "official-bappeda")
    found = download(official, archive, record, ComponentRole.ACCESS_COPY)
    assert "salinan" not in texts(content(found))[0]
    assert found.copy == 0
    assert content(download(official, archive, record, ComponentRole.ORIGINAL)) == LETTER
    page_image(official, archive, record, 1, 900)
    assert copies(archive, record, person) == []


def test_a_record_opened_to_all_meanwhile_is_still_handed_out_with_the_mark_it_was_asked_with(
    archive: Archive, secret: UUID, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the record and giving the copy its number somebody files it as open."""
    given = contents.issue_copy

    def opened_first(*args: Any) -> IssuedCopy:
        with archive.door.write(person(archive, "records"), Action.RECORD_CLASSIFY) as operation:
            row = decided_record(operation, secret)
            row.level, row.version = Level.OPEN.value, row.version + 1
            operation.about("record", secret, "record.opened")
        return given(*args)

    monkeypatch.setattr(contents, "issue_copy", opened_first)
    assert page_image(person(archive, "clerk-dinkes"), archive, secret, 1, 900)
    assert [one.level for one in copies(archive, secret, person)] == ["restricted"]


def test_what_has_no_level_yet_counts_as_restricted(archive: Archive, capture: Capture, person: Person) -> None:
    record = capture(archive, LETTER, class_code=None, level=None).record_id
    page_image(person(archive, "clerk-dinkes"), archive, record, 1, 900)
    assert [one.level for one in copies(archive, record, person)] == ["restricted"]


def test_the_original_is_untouched_and_needs_its_own_right(archive: Archive, secret: UUID, person: Person) -> None:
    found = download(person(archive, "official-dinkes"), archive, secret, ComponentRole.ORIGINAL)
    assert content(found) == LETTER
    assert found.copy == 1
    bundle_bytes(person(archive, "clerk-dinkes"), archive, secret)
    told = [(one.number, one.kind, one.what) for one in copies(archive, secret, person)]
    assert told == [(1, "as_stored", "original"), (2, "as_stored", "evidence")]
    assert content(download(person(archive, "records"), archive, secret, ComponentRole.ORIGINAL)) == LETTER


@pytest.mark.parametrize("level", list(Level))
def test_who_may_have_what_cannot_be_marked(level: Level) -> None:
    office, other = new_id(FixedClock(MOMENT)), new_id(FixedClock(MOMENT))
    facts = RecordFacts(office, level, Stage.DECLARED)

    def may(role: Role, own: UUID) -> bool:
        actor = Actor(ActorKind.PERSON, "p", "p", own, frozenset({own}), frozenset({role}), Level.TOP_SECRET)
        return decide(actor, Action.RECORD_DOWNLOAD_ORIGINAL, facts).allowed

    for role in (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER):
        assert may(role, office)
    assert may(Role.RECORDS_OFFICER, other)
    for role in (Role.CLERK, Role.OFFICIAL, Role.AUDITOR):
        assert may(role, other) is (level is Level.OPEN)
    assert not may(Role.ADMINISTRATOR, office)


def test_an_auditor_who_may_see_a_restricted_record_still_gets_no_original(
    archive: Archive, secret: UUID, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a grant will let one: seen and downloaded with the mark, and neither original nor evidence bundle."""
    wide = lambda actor: replace(follow_scope(actor), everywhere_level=Level.RESTRICTED)  # noqa: E731
    monkeypatch.setattr("edms.access.policy.follow_scope", wide)
    auditor = person(archive, "auditor")
    assert "salinan nomor 1" in texts(content(download(auditor, archive, secret, ComponentRole.ACCESS_COPY)))[0]
    for role in (ComponentRole.ORIGINAL, ComponentRole.SEAL, ComponentRole.MANIFEST):
        with pytest.raises(NotFound):
            download(auditor, archive, secret, role)
    with pytest.raises(NotFound):
        bundle_bytes(auditor, archive, secret)
    assert [one.number for one in copies(archive, secret, person)] == [1]


def test_text_begins_with_the_mark(archive: Archive, capture: Capture, person: Person, secret: UUID) -> None:
    clerk = person(archive, "clerk-dinkes")
    found = download(clerk, archive, secret, ComponentRole.TEXT)
    text = content(found).decode()
    assert found.name == "surat.text.1.txt"
    assert text.startswith(
        "[TERBATAS · clerk-dinkes via tests · 24 Nov 2026 10.00 WIB · salinan nomor 1]\n\nSurat rahasia"
    )
    plain = capture(archive, b"Catatan tanpa halaman", name="c.txt", level=Level.RESTRICTED).record_id
    assert text_extract(clerk, archive, plain).splitlines()[0].endswith("salinan nomor 1]")
    public = capture(archive, b"Catatan terbuka", name="d.txt").record_id
    assert text_extract(clerk, archive, public).startswith("Catatan")
    assert "pages" in json.loads(content(download(clerk, archive, public, ComponentRole.TEXT)))


def test_a_list_shows_level_person_and_day_without_a_number(archive: Archive, secret: UUID, person: Person) -> None:
    """A list of a hundred is one event and not a hundred copies (ADR 0061)."""
    clerk, officer = person(archive, "clerk-dinkes"), person(archive, "records")
    small = thumbnail(clerk, archive, secret)
    assert thumbnail(clerk, archive, secret) == small
    assert thumbnail(officer, archive, secret) != small
    assert copies(archive, secret, person) == []


@pytest.mark.parametrize("years", [30, -30])
def test_a_clock_that_went_wrong_lends_nobody_the_copy_of_another_time(
    archive: Archive, secret: UUID, person: Person, years: int
) -> None:
    clerk = person(archive, "clerk-dinkes")
    later(archive, days=365 * years)
    page_image(clerk, archive, secret, 1, 160)
    later(archive, days=-365 * years)
    page_image(clerk, archive, secret, 1, 160)
    page_image(clerk, archive, secret, 2, 160)
    found = copies(archive, secret, person)
    assert [one.number for one in found] == [1, 2], "numbers go up whatever the time"
    assert abs(found[0].at.year - found[1].at.year) in (29, 30)


def test_each_copy_is_an_event_and_a_stated_row(archive: Archive, secret: UUID, person: Person) -> None:
    page_image(person(archive, "clerk-dinkes"), archive, secret, 1, 900)
    archive.door.integrate()
    with archive.database.reader() as session:
        query = select(AuditLeaf.body).where(AuditLeaf.action == "record.copy_issued")
        (leaf,) = [json.loads(body) for body in session.scalars(query)]
        row = session.get_one(IssuedCopy, (secret, 1))
    details = leaf["details"]
    assert (details["copy"], details["way"], details["what"], details["level"]) == (1, "view", "pages", "restricted")
    assert leaf["actor"]["id"] == row.person_id
    assert [kind for kind, *_rest in details["rows"]] == ["issued_copies"]


def test_only_those_who_read_the_trail_are_told_of_copies(archive: Archive, secret: UUID, person: Person) -> None:
    page_image(person(archive, "clerk-dinkes"), archive, secret, 1, 900)
    told = record_details(person(archive, "records"), archive, secret).as_dict()["copies"]
    assert [(one["number"], one["kind"]) for one in told] == [(1, "view")]
    assert record_details(person(archive, "head-dinkes"), archive, secret).as_dict()["copies"] == []
    for name in ("clerk-dinkes", "head-dinkes", "admin"):
        with pytest.raises(NotPermitted):
            trace_copies(person(archive, name), archive, secret)
    assert trace_copies(person(archive, "auditor"), archive, secret, 1)[0].person == "clerk-dinkes via tests"
    for number in (0, 2, 10**9):
        with pytest.raises(NotFound):
            trace_copies(person(archive, "auditor"), archive, secret, number)


class Broken:
    """A reader whose marking fails, as on a document that takes its program over."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def stamp_document(self, marks: bytes, _opener: object, sink: int) -> int:
        return self._reader.stamp_document(marks, lambda: io.BytesIO(b"no PDF"), sink)

    def stamped_picture(self, _picture: bytes, *told: Any, **more: Any) -> bytes:
        return self._reader.stamped_picture(b"no picture", *told, **more)


def test_what_cannot_be_marked_is_not_handed_out_instead(archive: Archive, secret: UUID, person: Person) -> None:
    broken = replace(archive, reader=Broken(archive.reader))  # type: ignore[arg-type]
    clerk = person(archive, "clerk-dinkes")
    with pytest.raises(Unmarkable):
        download(clerk, broken, secret, ComponentRole.ACCESS_COPY)
    with pytest.raises(Unmarkable):
        page_image(clerk, broken, secret, 1, 900)
    with pytest.raises(Unmarkable):
        thumbnail(clerk, broken, secret)


def test_the_seal_is_not_in_a_marked_copy(archive: Archive, secret: UUID, person: Person) -> None:
    """It is a copy, and evidence of nothing; what is sealed is in the evidence bundle."""
    officer = person(archive, "records")
    made = content(download(officer, archive, secret, ComponentRole.ACCESS_COPY))
    with pikepdf.open(io.BytesIO(made)) as document:
        assert "/AcroForm" not in document.Root
    assert not re.search(rb"/ByteRange|/Sig\b", made)


def test_the_console_traces_a_paper(console: Console, tmp_path: Any) -> None:
    letter = tmp_path / "surat.pdf"
    letter.write_bytes(LETTER)
    told = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "restricted", "--wait", "--json")
    record = console("ingest", letter, *told).lines[0]["record"]
    assert console("record", "export", record, "--as", "records", "--output", tmp_path / "e.zip").status == 0
    (found,) = console("copies", "trace", record, "1", "--as", "auditor", "--json").json
    assert found["person"].startswith("records via ")
    assert (found["number"], found["kind"], found["what"], found["level"]) == (1, "as_stored", "evidence", "restricted")
    assert "evidence" in console("copies", "trace", record, "--as", "auditor").out
    console("copies", "trace", record, "2", "--as", "auditor").refused(1, "no such copy")
    assert console("copies", "trace", record, "1", "--as", "clerk-dinkes").status == 1
