"""Batches, from the scan to the records: exact, durable, once, and nothing before the review."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from archive_fixtures import OWNER, settle
from batch_material import Made, fax_tiff, scan_pdf, sixty_pages, with_review
from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.batches.cutting import Duplex
from edms.batches.edits import Act, Edit
from edms.batches.plan import Reason
from edms.batches.sheet import Sheet
from edms.capture import batch_steps
from edms.capture.accept import Accepted
from edms.capture.batch_model import BatchPart
from edms.capture.batches import (
    PlanChanged,
    begin_batch,
    confirm_batch,
    edit_batch,
    list_batches,
    show_batch,
    undo_batch,
)
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.work import work_once, work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.records.archive import Archive
from edms.records.manifest import manifest_of
from edms.records.model import ComponentRole, Record

People = Callable[[Archive, str], Actor]
OPEN = Sheet("", "400.7", "", "open", "Surat pertama")
CLOSED = Sheet("", "000.1.5", "", "restricted", "Surat kedua")
SMALL = [Made("separator", 1, 0, OPEN), Made("text", 2), Made("blank", 3), Made("separator", 4, 0, CLOSED),
         Made("text", 5), Made("text", 6)]  # fmt: skip


@pytest.fixture(scope="module")
def small() -> bytes:
    return scan_pdf(SMALL)


def take(
    archive: Archive, actor: Actor, content: bytes, level: Level | None = Level.OPEN, class_code: str | None = None
) -> Accepted:
    assert actor.office_id
    placement = Placement(actor.office_id, class_code, level)
    return begin_batch(actor, archive, IncomingFile("batch.pdf", io.BytesIO(content)), placement, Duplex.IN_ORDER)


def records(archive: Archive, batch: Accepted) -> list[Record]:
    with archive.database.reader() as session:
        query = select(Record).join(BatchPart, BatchPart.record_id == Record.id)
        found = session.scalars(query.where(BatchPart.batch_id == batch.record_id).order_by(BatchPart.position))
        rows = list(found)
        for row in rows:
            _loaded = row.office, [part.blob for part in row.components]
            assert _loaded
        return rows


def test_a_batch_waits_for_its_review_and_then_becomes_its_documents(
    archive: Archive, person: People, small: bytes
) -> None:
    archive, clerk = with_review(archive, "always"), person(archive, "clerk-dinkes")
    taken = take(archive, clerk, small)
    work_until_idle(archive, OWNER)
    shown = show_batch(clerk, archive, taken.record_id)
    assert (shown.state, [len(one.pages) for one in shown.plan.documents], records(archive, taken)) == (
        "review", [1, 2], []
    )  # fmt: skip
    confirm_batch(clerk, archive, taken.record_id, shown.version)
    settle(archive)
    first, second = records(archive, taken)
    assert (first.class_code, first.level, first.title) == ("400.7", "open", "Surat pertama")
    assert (second.class_code, second.level, second.page_count) == ("000.1.5", "restricted", 2)
    assert first.received_by == clerk.name
    done = show_batch(clerk, archive, taken.record_id)
    assert (done.state, done.parts) == ("divided", (first.id, second.id))
    told = second.component(ComponentRole.ORIGINAL)
    assert told is not None
    assert told.facts["batch"] == {"record": str(taken.record_id), "sha256": taken.sha256, "pages": [[5, 0], [6, 0]]}
    assert taken.sha256.encode() in manifest_of(second, "arsip", "")


def test_the_plan_is_edited_taken_back_and_guarded_by_its_version(
    embedded: Archive, person: People, small: bytes
) -> None:
    archive, clerk = with_review(embedded, "always"), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, small).record_id
    work_until_idle(archive, OWNER)
    read = show_batch(clerk, archive, batch)
    merged = edit_batch(clerk, archive, batch, read.version, Edit(Act.MERGE, document=1))
    with pytest.raises(PlanChanged):
        edit_batch(clerk, archive, batch, read.version, Edit(Act.ROTATE, page=2))
    with pytest.raises(PlanChanged):
        confirm_batch(clerk, archive, batch, read.version)
    with pytest.raises(Refused):
        edit_batch(clerk, archive, batch, merged, Edit(Act.SPLIT, page=99))
    back = undo_batch(clerk, archive, batch, merged)
    assert show_batch(clerk, archive, batch).plan == read.plan
    with pytest.raises(Refused):
        undo_batch(clerk, archive, batch, back)
    confirm_batch(clerk, archive, batch, back)
    with pytest.raises(Refused):
        edit_batch(clerk, archive, batch, back, Edit(Act.ROTATE, page=2))


def test_others_know_of_no_batch(embedded: Archive, person: People, small: bytes) -> None:
    archive, clerk = with_review(embedded, "always"), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, small).record_id
    work_until_idle(archive, OWNER)
    other = person(archive, "clerk-bappeda")
    assert [one.record_id for one in list_batches(clerk, archive)] == [batch]
    assert list_batches(other, archive) == []
    for act in (
        lambda: show_batch(other, archive, batch),
        lambda: confirm_batch(other, archive, batch, 1),
        lambda: undo_batch(other, archive, batch, 1),
        lambda: edit_batch(other, archive, batch, 1, Edit(Act.ROTATE, page=2)),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    "forged", [Sheet("setda", "400.7", "", "open"), Sheet("", "400.7", "", "top_secret"), Sheet("", "no.such")],
    ids=["other-office", "above-clearance", "no-such-class"],
)  # fmt: skip
@pytest.mark.parametrize("review", ["always", "never"])
def test_a_forged_sheet_does_nothing_that_the_clerk_may_not_do(
    embedded: Archive, person: People, forged: Sheet, review: str
) -> None:
    archive, clerk = with_review(embedded, review), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, scan_pdf([Made("separator", 1, 0, forged), Made("text", 2)]))
    work_until_idle(archive, OWNER)
    shown = show_batch(clerk, archive, batch.record_id)
    assert shown.state == "review"
    with pytest.raises(Refused, match="document 1"):
        confirm_batch(clerk, archive, batch.record_id, shown.version)
    assert records(archive, batch) == []


@pytest.mark.parametrize(
    ("review", "level", "state"),
    [("never", Level.OPEN, "divided"), ("when_unsure", Level.OPEN, "divided"), ("never", Level.RESTRICTED, "review"),
     ("always", Level.OPEN, "review")],
)  # fmt: skip
def test_without_a_review_nothing_falls_below_the_level_that_the_batch_was_given(
    embedded: Archive, person: People, small: bytes, review: str, level: Level, state: str
) -> None:
    archive, clerk = with_review(embedded, review), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, small, level)
    work_until_idle(archive, OWNER)
    assert show_batch(clerk, archive, batch.record_id).state == state


def test_a_doubt_calls_for_a_person(embedded: Archive, person: People) -> None:
    archive, clerk = with_review(embedded, "when_unsure"), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, scan_pdf([Made("text", 1), Made("separator", 2, 0, OPEN), Made("text", 3)]))
    work_until_idle(archive, OWNER)
    shown = show_batch(clerk, archive, batch.record_id)
    assert (shown.state, shown.plan.doubts) == ("review", ("pages_before_first_separator",))


def test_what_broke_off_in_the_middle_of_the_parts_goes_on_where_it_was(
    embedded: Archive, person: People, small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, clerk = with_review(embedded, "never"), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, small)
    real = batch_steps.accept

    def once(*arguments: object) -> object:
        if records(archive, batch):
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(batch_steps, "accept", once)
    with pytest.raises(KeyboardInterrupt):
        while work_once(archive, OWNER):
            pass
    assert len(records(archive, batch)) == 1
    monkeypatch.undo()
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(seconds=archive.settings.worker.lease_seconds + 1))
    settle(archive)
    assert [one.title for one in records(archive, batch)] == ["Surat pertama", "Surat kedua"]


def test_what_is_no_batch_is_set_aside(embedded: Archive, person: People) -> None:
    clerk = person(embedded, "clerk-dinkes")
    batch = take(embedded, clerk, b"hanya teks biasa\n" * 20)
    work_until_idle(embedded, OWNER)
    assert show_batch(clerk, embedded, batch.record_id).state == "quarantined"


@pytest.mark.slow
def test_sixty_pages_with_twelve_separators_are_split_exactly(embedded: Archive, person: People) -> None:
    pages, documents = sixty_pages()
    clerk = person(embedded, "clerk-dinkes")
    batch = take(embedded, clerk, scan_pdf(pages))
    work_until_idle(embedded, OWNER)
    plan = show_batch(clerk, embedded, batch.record_id).plan
    assert [(one.sheet, [page.number for page in one.pages]) for one in plan.documents] == documents
    turns = {page.number: page.turn for one in plan.documents for page in one.pages}
    assert turns == {number: -pages[number - 1].turned % 360 for number in turns}
    assert plan.doubts == ()


@pytest.mark.slow
def test_sixty_pages_of_a_fax_machine_are_split_exactly(embedded: Archive, person: People) -> None:
    """Standard resolution, 200 by 100 dots an inch. Which way is up is not asked: that of a fax is often unsure."""
    pages, documents = sixty_pages()
    archive, clerk = with_review(embedded, "always"), person(embedded, "clerk-dinkes")
    batch = take(archive, clerk, fax_tiff(pages))
    work_until_idle(archive, OWNER)
    plan = show_batch(clerk, archive, batch.record_id).plan
    assert [(one.sheet, [page.number for page in one.pages]) for one in plan.documents] == documents
    reasons = {left.page.number: left.reason for left in plan.left_out}
    kinds = {"separator": Reason.SEPARATOR, "blank": Reason.BLANK}
    assert reasons == {at: kinds[page.kind] for at, page in enumerate(pages, 1) if page.kind != "text"}
