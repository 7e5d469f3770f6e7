"""Redactions from draft to release: who may, what is kept, what is refused, and what `edms verify` says of it."""

import io
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from redaction_material import NIK, PUBLIC, SECRET, everything_in, plain
from sqlalchemy import select

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records import redaction_make
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.model import ComponentRole
from edms.records.redaction_make import (
    find_terms,
    preview_page,
    produce_redaction,
    propose_areas,
    redacted_copy,
)
from edms.records.redaction_model import Redaction
from edms.records.redactions import (
    Purpose,
    RedactionView,
    State,
    approve_redaction,
    open_redaction,
    redactions_of,
    save_areas,
    show_redaction,
    withdraw_redaction,
)
from edms.redaction.types import Area, Kind
from edms.text.ocr import OcrMyPdfEngine

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
GROUND, REASON = "UU 14/2008 pasal 17 huruf h", "permohonan informasi 12/2026"
CONSOLE = console_actor("tests")


@pytest.fixture
def quick(embedded: Archive) -> Archive:
    """Without recognition: what it does is in tests/unit/test_redacting.py."""
    off = embedded.settings.text.model_copy(update={"ocr": "off"})
    return replace(embedded, ocr=OcrMyPdfEngine(embedded.sandbox, off))


@pytest.fixture
def letter(quick: Archive, capture: Capture) -> UUID:
    return capture(quick, plain(2), name="ktp-wulandari.pdf", title=f"Bantuan untuk {SECRET}").record_id


@pytest.fixture
def clerk(quick: Archive, person: Person) -> Actor:
    return person(quick, "clerk-dinkes")


def drafted(archive: Archive, actor: Actor, record: UUID, purpose: Purpose = Purpose.PUBLICATION) -> UUID:
    return open_redaction(actor, archive, record, purpose, GROUND, REASON)


def saved(archive: Archive, actor: Actor, redaction: UUID, *terms: str) -> RedactionView:
    """Save the areas of terms and of what is proposed."""
    places = find_terms(actor, archive, redaction, terms)
    found = [area for one in propose_areas(actor, archive, redaction) if one.finding.proposed for area in one.areas]
    version = show_redaction(actor, archive, redaction).version
    save_areas(actor, archive, redaction, version, [*places.areas, *found], terms)
    return show_redaction(actor, archive, redaction)


def made(archive: Archive, actor: Actor, record: UUID, purpose: Purpose = Purpose.PUBLICATION) -> UUID:
    redaction = drafted(archive, actor, record, purpose)
    saved(archive, actor, redaction, SECRET)
    produce_redaction(actor, archive, redaction)
    return redaction


def content(archive: Archive, actor: Actor, redaction: UUID) -> bytes:
    with redacted_copy(actor, archive, redaction).stream as stream:
        return stream.read()


def events(archive: Archive) -> list[str]:
    with archive.database.reader() as session:
        return list(session.scalars(select(AuditLeaf.action).order_by(AuditLeaf.index)))


def test_from_a_draft_to_what_is_published(quick: Archive, letter: UUID, clerk: Actor, person: Person) -> None:
    redaction = drafted(quick, clerk, letter)
    proposals = propose_areas(clerk, quick, redaction)
    assert [(one.page, one.finding.kind, one.words) for one in proposals] == [
        (page, kind, words) for page in (1, 2) for kind, words in ((Kind.NAME, SECRET), (Kind.NIK, NIK))
    ]
    view = saved(quick, clerk, redaction, SECRET)
    assert view.terms == (SECRET,)
    assert {area.origin for area in view.areas} == {"term", "name", "nik"}
    digest = produce_redaction(clerk, quick, redaction)
    view = show_redaction(clerk, quick, redaction)
    assert (view.state, view.position, view.pages, view.sha256) == (State.MADE, 1, 2, digest)
    assert view.terms == ()
    assert not view.releasable
    official = person(quick, "official-dinkes")
    assert show_redaction(official, quick, redaction).may_approve
    approve_redaction(official, quick, redaction)
    view = show_redaction(official, quick, redaction)
    assert (view.state, view.approved_by, view.made_by) == (State.APPROVED, official.name, clerk.name)
    assert view.releasable
    done = content(quick, official, redaction)
    told = everything_in(done)
    assert all(word not in told for word in (*SECRET.split(), NIK))
    assert b"/ByteRange" in done, "it bears the archive's seal"
    assert {"redaction.opened", "redaction.proposed", "redaction.saved", "redaction.made", "redaction.approved"} <= set(
        events(quick)
    )
    assert verify_all(CONSOLE, quick).faults == []


def test_neither_its_name_nor_the_trail_tells_what_was_covered(quick: Archive, letter: UUID, clerk: Actor) -> None:
    """The file and the title of the record have the name in them."""
    redaction = made(quick, clerk, letter)
    found = redacted_copy(clerk, quick, redaction)
    found.stream.close()
    assert "wulandari" not in found.name
    assert found.name.startswith("redacted-")
    with quick.database.reader() as session:
        bodies = b"".join(session.scalars(select(AuditLeaf.body)))
        row = session.get_one(Redaction, redaction)
        assert row.sealed_terms is None
        assert SECRET not in f"{row.areas}{row.ground}{row.reason}"
    assert SECRET.encode() not in bodies
    assert NIK.encode() not in bodies


def test_the_original_stays_as_it_is_and_there_may_be_several(quick: Archive, letter: UUID, clerk: Actor) -> None:
    before = {part["role"]: part["sha256"] for part in record_details(clerk, quick, letter).components}
    first, second = made(quick, clerk, letter), made(quick, clerk, letter, Purpose.GRANT)
    after = record_details(clerk, quick, letter).components
    assert {part["role"]: part["sha256"] for part in after if part["role"] != ComponentRole.REDACTED} == before
    found = {one.id: (one.position, one.releasable) for one in redactions_of(clerk, quick, letter)}
    assert found == {first: (1, False), second: (2, True)}


def test_nobody_approves_what_he_had_a_hand_in(quick: Archive, letter: UUID, clerk: Actor, person: Person) -> None:
    official, head = person(quick, "official-dinkes"), person(quick, "head-dinkes")
    redaction = drafted(quick, clerk, letter)
    version = saved(quick, clerk, redaction).version
    save_areas(official, quick, redaction, version, show_redaction(clerk, quick, redaction).areas, ())
    produce_redaction(clerk, quick, redaction)
    with pytest.raises(NotPermitted, match="had a hand"):
        approve_redaction(official, quick, redaction)
    with pytest.raises(NotFound):
        approve_redaction(clerk, quick, redaction)
    assert not show_redaction(official, quick, redaction).may_approve
    approve_redaction(head, quick, redaction)


def test_a_grant_needs_no_approval_and_gets_none(quick: Archive, letter: UUID, clerk: Actor, person: Person) -> None:
    redaction = made(quick, clerk, letter, Purpose.GRANT)
    assert show_redaction(clerk, quick, redaction).releasable
    with pytest.raises(Refused, match="only what is for publication"):
        approve_redaction(person(quick, "official-dinkes"), quick, redaction)


@pytest.mark.parametrize("user", ["clerk-bappeda", "official-bappeda", "admin", "auditor"])
def test_another_office_neither_redacts_nor_learns_of_it(
    quick: Archive, capture: Capture, clerk: Actor, person: Person, user: str
) -> None:
    record = capture(quick, plain(), level=Level.RESTRICTED).record_id
    redaction = drafted(quick, clerk, record)
    other = person(quick, user)
    for act in (
        lambda: open_redaction(other, quick, record, Purpose.GRANT, GROUND, REASON),
        lambda: show_redaction(other, quick, redaction),
        lambda: redactions_of(other, quick, record),
        lambda: propose_areas(other, quick, redaction),
        lambda: find_terms(other, quick, redaction, [SECRET]),
        lambda: preview_page(other, quick, redaction, 1, 900),
        lambda: save_areas(other, quick, redaction, 1, [], []),
        lambda: produce_redaction(other, quick, redaction),
        lambda: approve_redaction(other, quick, redaction),
        lambda: withdraw_redaction(other, quick, redaction, REASON),
        lambda: redacted_copy(other, quick, redaction),
    ):
        with pytest.raises((NotFound, NotPermitted)):
            act()


def test_who_may_see_an_open_record_of_another_office_does_not_redact_it(
    quick: Archive, letter: UUID, clerk: Actor, person: Person
) -> None:
    redaction = drafted(quick, clerk, letter)
    saved(quick, clerk, redaction, SECRET)
    other = person(quick, "official-bappeda")
    view = show_redaction(other, quick, redaction)
    assert not view.may_redact
    assert view.terms == ()
    with pytest.raises(NotFound):
        produce_redaction(other, quick, redaction)


def test_what_was_withdrawn_is_not_given_out_and_stays_as_evidence(
    quick: Archive, letter: UUID, clerk: Actor, person: Person
) -> None:
    redaction = made(quick, clerk, letter)
    withdraw_redaction(clerk, quick, redaction, "nama saksi masih terbaca")
    for act in (
        lambda: redacted_copy(clerk, quick, redaction),
        lambda: approve_redaction(person(quick, "official-dinkes"), quick, redaction),
        lambda: withdraw_redaction(clerk, quick, redaction, REASON),
        lambda: produce_redaction(clerk, quick, redaction),
    ):
        with pytest.raises(Refused, match="not at a stage"):
            act()
    assert not show_redaction(clerk, quick, redaction).releasable
    roles = [part["role"] for part in record_details(clerk, quick, letter).components]
    assert ComponentRole.REDACTED in roles
    assert verify_all(CONSOLE, quick).faults == []


def test_what_cannot_be_is_refused_and_nothing_is_kept(quick: Archive, letter: UUID, clerk: Actor) -> None:
    redaction = drafted(quick, clerk, letter)
    with pytest.raises(Refused, match="nothing is marked"):
        produce_redaction(clerk, quick, redaction)
    area = Area(3, 0.1, 0.1, 0.2, 0.2)
    version = save_areas(clerk, quick, redaction, 1, [area], [])
    with pytest.raises(Refused, match="it has 2 pages"):
        produce_redaction(clerk, quick, redaction)
    with pytest.raises(Refused, match="changed meanwhile"):
        save_areas(clerk, quick, redaction, 1, [area], [])
    with pytest.raises(Refused, match="longer than 100"):
        save_areas(clerk, quick, redaction, version, [area], ["x" * 101])
    with pytest.raises(LimitExceeded):
        save_areas(clerk, quick, redaction, version, [area], [f"kata{number}" for number in range(51)])
    with pytest.raises(Refused, match="5 to 300"):
        open_redaction(clerk, quick, letter, Purpose.GRANT, "UU", REASON)
    with pytest.raises(NotFound):
        show_redaction(clerk, quick, uuid4())
    assert show_redaction(clerk, quick, redaction).state is State.DRAFT
    assert verify_all(CONSOLE, quick).faults == []


def test_what_is_saved_while_it_is_made_is_not_passed_over(
    quick: Archive, letter: UUID, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody adds an area while the document is drawn without it: it is refused, and no blob is left behind."""
    redaction = drafted(quick, clerk, letter)
    version = saved(quick, clerk, redaction, SECRET).version
    seal = redaction_make.pdf_seal

    def meanwhile(*given: object) -> object:
        save_areas(clerk, quick, redaction, version, [Area(1, 0.1, 0.1, 0.9, 0.9)], ())
        return seal(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(redaction_make, "pdf_seal", meanwhile)
    blobs = quick.settings.storage.path / "blobs"
    before = sorted(path.name for path in blobs.rglob("*") if path.is_file())
    with pytest.raises(Refused, match="changed meanwhile"):
        produce_redaction(clerk, quick, redaction)
    assert sorted(path.name for path in blobs.rglob("*") if path.is_file()) == before
    monkeypatch.undo()
    produce_redaction(clerk, quick, redaction)
    assert verify_all(CONSOLE, quick).faults == []


def test_terms_that_are_nowhere_and_longer_words_are_told(quick: Archive, letter: UUID, clerk: Actor) -> None:
    found = find_terms(clerk, quick, drafted(quick, clerk, letter), ["Kusuma", "tidak ada", "", " bidan "])
    assert found.missing == ("Kusuma", "tidak ada")
    assert found.within == ("Kusumaningtyas",)
    assert [area.page for area in found.areas] == [1, 2]


def test_a_term_that_could_still_be_read_is_refused(embedded: Archive, capture: Capture, person: Person) -> None:
    """The area is moved off the name before it is made: recognition reads the name on the covered page."""
    clerk = person(embedded, "clerk-dinkes")
    record = capture(embedded, plain()).record_id
    redaction = drafted(embedded, clerk, record)
    save_areas(clerk, embedded, redaction, 1, [Area(1, 0.1, 0.6, 0.9, 0.7)], [SECRET])
    with pytest.raises(Refused, match=r"could still be read.*Wulandari Kusumaningtyas \(1\)"):
        produce_redaction(clerk, embedded, redaction)
    assert ComponentRole.REDACTED not in [part["role"] for part in record_details(clerk, embedded, record).components]
    assert show_redaction(clerk, embedded, redaction).state is State.DRAFT
    assert verify_all(CONSOLE, embedded).faults == []


def test_without_recognition_it_has_no_text_and_that_is_told(quick: Archive, letter: UUID, clerk: Actor) -> None:
    redaction = made(quick, clerk, letter)
    assert not show_redaction(clerk, quick, redaction).recognised
    assert PUBLIC.split()[0] not in everything_in(content(quick, clerk, redaction))


def test_previews_show_a_draft_covered_and_what_was_made(quick: Archive, letter: UUID, clerk: Actor) -> None:
    redaction = drafted(quick, clerk, letter)
    bare = preview_page(clerk, quick, redaction, 1, 300)
    assert preview_page(clerk, quick, redaction, 1, 300, covered=False) == bare
    saved(quick, clerk, redaction, SECRET)
    covered = preview_page(clerk, quick, redaction, 1, 300)
    assert bare != covered
    assert preview_page(clerk, quick, redaction, 1, 300, covered=False) == bare
    produce_redaction(clerk, quick, redaction)
    assert preview_page(clerk, quick, redaction, 2, 300)[8:12] == b"WEBP"
    with pytest.raises(NotFound):
        preview_page(clerk, quick, redaction, 3, 300)


CASES: dict[str, tuple[str, set[str]]] = {
    "purpose": ("UPDATE redactions SET purpose = 'grant'", {"row"}),
    "areas": ("UPDATE redactions SET areas = replace(areas, '0.', '0.0')", {"row"}),
    "who approved": ("UPDATE redactions SET approved_by = 'x', state = 'approved'", {"row"}),
    "digest": ("UPDATE redactions SET sha256 = lower(hex(zeroblob(32)))", {"row", "redaction"}),
    "base": ("UPDATE redactions SET base_sha256 = lower(hex(zeroblob(32)))", {"row", "redaction"}),
    "row, removed": ("DELETE FROM redactions", {"row", "redaction"}),
    "document, removed": ("DELETE FROM components WHERE role = 'redacted'", {"record", "blob", "redaction"}),
    "document, moved": ("UPDATE components SET position = 9 WHERE role = 'redacted'", {"record", "redaction"}),
}


def test_each_thing_that_is_changed_around_the_system_is_named(quick: Archive, letter: UUID, clerk: Actor) -> None:
    made(quick, clerk, letter)
    assert verify_all(CONSOLE, quick).faults == []
    quick.database.close()
    database = next(quick.settings.storage.path.glob("*.db"))
    for name, (statement, kinds) in CASES.items():
        kept = {path: path.read_bytes() for path in database.parent.glob(f"{database.name}*")}
        connection = quick.database.engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(statement)
        assert cursor.rowcount, name
        connection.invalidate()
        assert {fault.kind for fault in verify_all(CONSOLE, quick).faults} == kinds, name
        quick.database.close()
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        for path, before in kept.items():
            path.write_bytes(before)


def test_bytes_of_a_redacted_document_that_were_flipped_are_named(quick: Archive, letter: UUID, clerk: Actor) -> None:
    redaction = made(quick, clerk, letter)
    with quick.database.reader() as session:
        row = session.get_one(Redaction, redaction)
        part = next(one for one in row.record.components if one.role == ComponentRole.REDACTED)
        name = part.blob.name
    path = next(one for one in (quick.settings.storage.path / "blobs").rglob(name))
    spoiled = bytearray(path.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(spoiled)
    assert {fault.kind for fault in verify_all(CONSOLE, quick).faults} == {"blob"}


def test_on_both_databases(archive: Archive, capture: Capture, person: Person) -> None:
    off = archive.settings.text.model_copy(update={"ocr": "off"})
    here = replace(archive, ocr=OcrMyPdfEngine(archive.sandbox, off))
    clerk = person(here, "clerk-dinkes")
    record = capture(here, plain()).record_id
    redaction = made(here, clerk, record)
    approve_redaction(person(here, "head-dinkes"), here, redaction)
    assert verify_all(CONSOLE, here).faults == []
    assert io.BytesIO(content(here, clerk, redaction)).read(5) == b"%PDF-"
