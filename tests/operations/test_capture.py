"""Capture from accept to declared evidence, on both databases."""

import io
from collections.abc import Callable

import pytest
from archive_fixtures import OWNER, pdf, settle, when_sealed
from sqlalchemy import select

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.capture import work
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.quarantine import release, retry
from edms.capture.states import Step
from edms.capture.steps import STEPS
from edms.capture.work import work_once
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.jobs.model import Job, Lane
from edms.jobs.turns import Turns
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.describe import record_details
from edms.records.model import Component, ComponentRole, Record
from edms.records.operations import Changes, describe
from edms.records.people import office_by_code
from edms.records.searching import Question, search

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]


def _found(archive: Archive, actor: Actor, text: str) -> list[str]:
    return [str(hit.record.id) for hit in search(actor, archive, Question(text)).found]


def test_born_digital_becomes_declared_evidence(archive: Archive, capture: Capture, person: Person) -> None:
    content = pdf("Undangan rapat koordinasi stunting di aula wijayakusuma", "Halaman kedua")
    accepted = capture(archive, content, name="undangan.pdf", number="005/123/2024")
    details = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id)
    assert details.record.state == "declared"
    assert details.record.page_count == 2
    assert {part["role"] for part in details.components} == {"original", "access_copy", "text", "manifest", "seal"}
    original = next(part for part in details.components if part["role"] == "original")
    assert original["sha256"] == accepted.sha256
    assert original["media_type"] == "application/pdf"
    assert original["puid"] == "fmt/17" or original["puid"].startswith("fmt/")
    assert _found(archive, person(archive, "official-dinkes"), "wijayakusuma") == [str(accepted.record_id)]
    report = verify_all(console_actor("tests"), archive)
    assert report.ok, report.faults


def test_original_is_kept_bit_exact(archive: Archive, capture: Capture, person: Person) -> None:
    """Invariant 3."""
    content = pdf("Isi surat") + b"\n% trailing bytes that no parser needs \x00\xff"
    accepted = capture(archive, content)
    with download(
        person(archive, "clerk-dinkes"), archive, accepted.record_id, ComponentRole.ORIGINAL
    ).stream as stream:
        assert stream.read() == content


def test_undeclared_is_findable_by_its_office_alone(archive: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(archive, pdf("Telaah staf tentang gudang farmasi melati"), class_code=None, level=None)
    assert _found(archive, person(archive, "clerk-dinkes"), "melati") == [str(accepted.record_id)]
    assert _found(archive, person(archive, "clerk-bappeda"), "melati") == []
    details = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id)
    assert details.record.state == "pending"


def test_classification_declares_what_waited(archive: Archive, capture: Capture, person: Person) -> None:
    """Issue: classification is required before declaration."""
    accepted = capture(archive, pdf("Notulen rapat pimpinan"), class_code=None, level=None)
    clerk = person(archive, "clerk-dinkes")
    describe(clerk, archive, accepted.record_id, Changes(class_code="000.1.5", level=Level.RESTRICTED, title="Notulen"))
    when_sealed(archive)
    record = record_details(clerk, archive, accepted.record_id).record
    assert (record.state, record.class_code, record.level, record.title) == (
        "declared",
        "000.1.5",
        "restricted",
        "Notulen",
    )
    with pytest.raises(Refused, match="stands as it was declared"):
        describe(clerk, archive, accepted.record_id, Changes(title="Lain"))


def test_description_changed_while_it_is_sealed_is_sealed_anew(
    archive: Archive, capture: Capture, person: Person
) -> None:
    """The seal must be over what is declared: a change that slips in meanwhile sends the record back to the seal."""
    accepted = capture(archive, pdf("Surat"), work=False)
    for _step in range(10):
        with archive.database.reader() as session:
            job = session.scalars(select(Job).where(Job.subject_id == accepted.record_id)).one()
            if job.step == Step.SEAL:
                break
        _one_step(archive)
    claimed = work._claim(archive, OWNER, Lane.QUICK, Turns())
    assert claimed is not None
    sealed = STEPS[Step.SEAL](archive, claimed)
    describe(person(archive, "clerk-dinkes"), archive, accepted.record_id, Changes(title="Judul yang benar"))
    with archive.door.write(work.WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        assert sealed.write(operation) is Step.SEAL
    with archive.database.reader() as session:
        parts = session.scalars(select(Component.role).where(Component.record_id == accepted.record_id)).all()
        told = session.scalars(select(AuditLeaf.action).where(AuditLeaf.subject_id == str(accepted.record_id))).all()
    assert not {"manifest", "seal"} & set(parts)
    assert not {"record.sealed", "record.declared"} & set(told)
    work.take_over(archive, OWNER)
    when_sealed(archive)
    record = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id).record
    assert (record.state, record.title) == ("declared", "Judul yang benar")
    assert verify_all(console_actor("tests"), archive).ok


def _one_step(archive: Archive) -> None:
    """Take exactly one step of the oldest job, as a worker that is killed after it would."""
    claimed = work._claim(archive, OWNER, Lane.QUICK, Turns())
    assert claimed is not None
    work._take(archive, claimed, Step(claimed.step))
    work.take_over(archive, OWNER)


def test_same_bytes_in_one_office_are_reported_and_not_stored_twice(archive: Archive, capture: Capture) -> None:
    content = pdf("Surat edaran")
    first = capture(archive, content)
    blobs = len(list((archive.settings.storage.path / "blobs").rglob("*")))
    second = capture(archive, content, name="lagi.pdf")
    assert (second.duplicate, second.record_id) == (True, first.record_id)
    assert len(list((archive.settings.storage.path / "blobs").rglob("*"))) <= blobs + 1
    other = capture(archive, content, by="clerk-bappeda")
    assert not other.duplicate
    assert other.record_id != first.record_id


def test_duplicate_warning_reveals_nothing_above_the_clearance(
    archive: Archive, capture: Capture, person: Person
) -> None:
    """A secret record of the own office must not show through the duplicate warning (invariant 5)."""
    content = pdf("Rahasia jabatan")
    secret = capture(archive, content, by="records", office="dinkes", level=Level.SECRET)
    again = capture(archive, content)
    assert not again.duplicate
    assert again.record_id != secret.record_id


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"%PDF-1.4\nbroken", "damaged"), (pdf("x" * 50)[:400], "damaged")],
)
def test_what_cannot_be_read_is_quarantined_with_its_reason_and_kept(
    archive: Archive, capture: Capture, person: Person, content: bytes, code: str
) -> None:
    """Invariant 11."""
    accepted = capture(archive, content)
    clerk = person(archive, "clerk-dinkes")
    record = record_details(clerk, archive, accepted.record_id).record
    assert (record.state, record.problem_code) == ("quarantined", code)
    assert record.problem_text
    with download(clerk, archive, accepted.record_id, ComponentRole.ORIGINAL, warned=True).stream as stream:
        assert stream.read() == content


def test_quarantine_can_be_retried_and_released_with_a_reason(
    archive: Archive, capture: Capture, person: Person
) -> None:
    accepted = capture(archive, b"%PDF-1.4\nbroken")
    clerk = person(archive, "clerk-dinkes")
    retry(clerk, archive, accepted.record_id)
    settle(archive)
    assert record_details(clerk, archive, accepted.record_id).record.state == "quarantined"
    officer = person(archive, "records")
    with pytest.raises(Refused, match="reason"):
        release(officer, archive, accepted.record_id, " ")
    with pytest.raises(NotFound):
        release(person(archive, "clerk-bappeda"), archive, accepted.record_id, "bukan milik kami")
    release(officer, archive, accepted.record_id, "Rusak sejak diterima; disimpan apa adanya")
    settle(archive)
    details = record_details(clerk, archive, accepted.record_id)
    assert details.record.state == "declared"
    assert "record.quarantine_released" in {event["action"] for event in details.history}
    assert verify_all(console_actor("tests"), archive).ok


def test_upload_over_the_limit_leaves_nothing(embedded: Archive, person: Person) -> None:
    small = embedded.settings.model_copy(
        update={"capture": embedded.settings.capture.model_copy(update={"max_file_bytes": 1000})}
    )
    import dataclasses

    archive = dataclasses.replace(embedded, settings=small)
    clerk = person(archive, "clerk-dinkes")
    assert clerk.office_id is not None
    with pytest.raises(LimitExceeded, match="limit of 1000 bytes"):
        accept(clerk, archive, IncomingFile("besar.bin", io.BytesIO(b"x" * 1001)), Placement(clerk.office_id))
    with archive.database.reader() as session:
        assert session.scalars(select(Record)).all() == []
    assert [path for path in (archive.settings.storage.path / "blobs").rglob("*") if path.is_file()] == []


def test_unknown_class_and_contradictions_are_refused_and_leave_nothing(
    archive: Archive, capture: Capture, person: Person
) -> None:
    for told in ({"class_code": "999.9"}, {"class_code": "000"}, {"kip": "dikecualikan"}, {"kip": "apa saja"}):
        with pytest.raises(Refused):
            capture(archive, pdf("Surat"), **told)
    with archive.database.reader() as session:
        assert session.scalars(select(Record)).all() == []


def test_nobody_captures_for_another_office_or_above_the_clearance(archive: Archive, capture: Capture) -> None:
    for told in (
        {"office": "bappeda"},
        {"level": Level.SECRET},
        {"by": "official-dinkes"},
        {"by": "auditor", "office": "dinkes"},
    ):
        with pytest.raises(NotFound):
            capture(archive, pdf("Surat"), **told)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\surat\\a.pdf", "a.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("..", "unnamed"),
        ("a\x00b.txt", "ab.txt"),
    ],
)
def test_file_names_are_only_names(archive: Archive, capture: Capture, person: Person, given: str, kept: str) -> None:
    accepted = capture(archive, b"isi surat", name=given)
    assert record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id).record.file_name == kept


def test_a_step_that_fails_is_tried_again_and_ends_in_quarantine(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    """Attempts are bounded: what always fails is set aside with the reason, never lost, never tried for ever."""
    from datetime import timedelta

    from edms.core.errors import EdmsError

    class _FailingReader:
        def read(self, _source: object, _name: str) -> None:
            raise EdmsError("the page cannot be drawn")

    import dataclasses

    archive = dataclasses.replace(embedded, reader=_FailingReader())  # type: ignore[arg-type]
    accepted = capture(archive, pdf("Surat"), work=False)
    clock = archive.clock
    for _attempt in range(archive.settings.worker.max_attempts):
        work_once(archive, OWNER)
        clock.set(clock.now() + timedelta(minutes=10))  # type: ignore[attr-defined]
    record = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id).record
    assert (record.state, record.problem_code) == ("quarantined", "processing_failed")
    assert "cannot be drawn" in (record.problem_text or "")


def test_office_must_exist(archive: Archive) -> None:
    with pytest.raises(Refused, match="one of"):
        office_by_code(archive, "tidak-ada")
