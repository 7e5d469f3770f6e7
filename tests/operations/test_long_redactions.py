"""A redaction of many pages is made by workers, a piece at a time: resumable, stopped when it is not wanted any more,
and given back with the reason when it comes to nothing."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pypdf
import pytest
from archive_fixtures import OWNER, settle
from redaction_material import NIK, SECRET, everything_in, letter, plain
from sqlalchemy import func, select

from edms.access.actors import Actor, console_actor
from edms.access.policy import Action
from edms.capture import work
from edms.capture.accept import Accepted
from edms.capture.lanes import lanes_now
from edms.core.clock import FixedClock
from edms.core.errors import LimitExceeded, Refused
from edms.jobs.model import Job, JobState, Lane
from edms.jobs.turns import Turns
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.range_model import PageRange
from edms.records.redaction_make import find_terms, produce_redaction, redacted_copy
from edms.records.redactions import (
    Purpose,
    RedactionView,
    State,
    open_redaction,
    save_areas,
    show_redaction,
    withdraw_redaction,
)
from edms.records.shredding import order_destruction
from edms.redaction.types import Area
from edms.text import redactor
from edms.text.ocr import OcrMyPdfEngine
from edms.vault.model import OrderedDestruction

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
CONSOLE = console_actor("tests")


def piecewise(archive: Archive, pages: int, *, ocr: bool) -> Archive:
    """The archive with pieces of so many pages."""
    settings = archive.settings
    redaction = settings.redaction.model_copy(update={"pages_at_once": pages})
    archive = replace(archive, settings=settings.model_copy(update={"redaction": redaction}))
    if ocr:
        return archive
    return replace(archive, ocr=OcrMyPdfEngine(archive.sandbox, settings.text.model_copy(update={"ocr": "off"})))


@pytest.fixture
def slow(embedded: Archive) -> Archive:
    """One page at a time, without recognition: what that does is in tests/unit/test_redacting.py."""
    return piecewise(embedded, 1, ocr=False)


@pytest.fixture
def clerk(slow: Archive, person: Person) -> Actor:
    return person(slow, "clerk-dinkes")


@pytest.fixture
def record(slow: Archive, capture: Capture) -> UUID:
    return capture(slow, plain(3), name="bantuan.pdf").record_id


def marked(archive: Archive, actor: Actor, record: UUID, *terms: str) -> UUID:
    redaction = open_redaction(actor, archive, record, Purpose.GRANT, "UU 14/2008 pasal 17", "permohonan 12/2026")
    places = find_terms(actor, archive, redaction, terms)
    save_areas(actor, archive, redaction, 1, places.areas, terms)
    return redaction


def handed_over(archive: Archive, actor: Actor, record: UUID) -> UUID:
    redaction = marked(archive, actor, record, SECRET, NIK)
    assert produce_redaction(actor, archive, redaction) is None
    return redaction


def progress(view: RedactionView) -> tuple[int, int, bool]:
    assert view.work is not None
    return view.work.done, view.work.pages, view.work.running


def left(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(PageRange)) or 0


def long_lane(archive: Archive) -> bool:
    return work.work_once(archive, OWNER, work.lanes_of(work.LONG))


def test_it_is_made_piece_by_piece_on_both_databases(archive: Archive, capture: Capture, person: Person) -> None:
    here = piecewise(archive, 2, ocr=False)
    clerk = person(here, "clerk-dinkes")
    record = capture(here, plain(3)).record_id
    redaction = handed_over(here, clerk, record)
    view = show_redaction(clerk, here, redaction)
    assert (view.state, progress(view), view.made_by) == (State.MAKING, (0, 3, False), clerk.name)
    with pytest.raises(Refused, match="not at a stage"):
        save_areas(clerk, here, redaction, view.version, (), ())
    assert long_lane(here)
    assert progress(show_redaction(clerk, here, redaction)) == (2, 3, False)
    (scan,) = lanes_now(CONSOLE, here).scans
    assert (scan.record_id, scan.done, scan.pages, scan.title) == (record, 2, 3, "")
    settle(here)
    view = show_redaction(clerk, here, redaction)
    assert (view.state, view.pages, view.made_by, view.terms, view.work) == (State.MADE, 3, clerk.name, (), None)
    with redacted_copy(clerk, here, redaction).stream as stream:
        content = stream.read()
    told = everything_in(content)
    assert all(word not in told for word in (*SECRET.split(), NIK))
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) == 3
    assert left(here) == 0
    assert verify_all(CONSOLE, here).faults == []


def test_the_text_of_all_pieces_is_in_the_whole(embedded: Archive, capture: Capture, person: Person) -> None:
    here = piecewise(embedded, 1, ocr=True)
    clerk = person(here, "clerk-dinkes")
    lines = ["Keputusan {page} tentang bantuan", f"Nama : {SECRET}"]
    record = capture(here, letter(lines, pages=2)).record_id
    redaction = marked(here, clerk, record, SECRET)
    assert produce_redaction(clerk, here, redaction) is None
    settle(here)
    view = show_redaction(clerk, here, redaction)
    assert (view.state, view.recognised) == (State.MADE, True)
    with redacted_copy(clerk, here, redaction).stream as stream:
        texts = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(stream.read())).pages]
    assert [f"Keputusan {page}" in text for page, text in enumerate(texts, 1)] == [True, True]
    assert all(word not in text for word in SECRET.split() for text in texts)
    assert verify_all(CONSOLE, here).faults == []


def test_a_worker_that_dies_loses_one_piece(slow: Archive, record: UUID, clerk: Actor) -> None:
    """It is killed in the second of three pieces: the first is not done again."""
    redaction = handed_over(slow, clerk, record)
    assert long_lane(slow)
    dead = work._claim(slow, OWNER, Lane.LONG, Turns())
    assert dead is not None
    assert progress(show_redaction(clerk, slow, redaction)) == (1, 3, True)
    with slow.database.reader() as session:
        done = {one.id: one.pdf_id for one in session.scalars(select(PageRange)) if one.pdf_id}
    assert work.take_over(slow, OWNER) == 1
    assert long_lane(slow)
    with slow.database.reader() as session:
        after = {one.id: one.pdf_id for one in session.scalars(select(PageRange)) if one.pdf_id}
    assert done.items() < after.items()
    assert len(after) == 2
    settle(slow)
    assert show_redaction(clerk, slow, redaction).state is State.MADE
    assert verify_all(CONSOLE, slow).faults == []


def test_what_could_still_be_read_makes_it_a_draft_again(embedded: Archive, capture: Capture, person: Person) -> None:
    """Whoever asked is told the term and its page; where the queue is kept, the term does not stand."""
    here = piecewise(embedded, 1, ocr=True)
    clerk = person(here, "clerk-dinkes")
    record = capture(here, plain(2)).record_id
    redaction = open_redaction(clerk, here, record, Purpose.GRANT, "UU 14/2008", "permohonan 12/2026")
    areas = [*find_terms(clerk, here, redaction, [SECRET]).areas]
    wrong = [Area(1, 0.1, 0.6, 0.9, 0.7), *(one for one in areas if one.page == 2)]
    save_areas(clerk, here, redaction, 1, wrong, ["tak ada", SECRET])
    assert produce_redaction(clerk, here, redaction) is None
    settle(here)
    view = show_redaction(clerk, here, redaction)
    assert view.state is State.DRAFT
    assert view.work is not None
    assert view.work.told == f"it could still be read in what was made: {SECRET} (1)"
    assert view.terms == ("tak ada", SECRET)
    with here.database.reader() as session:
        job = session.scalars(select(Job).where(Job.subject_id == redaction)).one()
        assert (job.state, session.get_one(Record, record).state) == (JobState.FAILED.value, "declared")
        assert job.last_error == "it could still be read in what was made: #2 (1)"
    assert left(here) == 0
    assert verify_all(CONSOLE, here).faults == []
    save_areas(clerk, here, redaction, view.version, areas, [SECRET])
    assert produce_redaction(clerk, here, redaction) is None
    settle(here)
    assert show_redaction(clerk, here, redaction).state is State.MADE


@pytest.mark.parametrize(("times", "state"), [(1, State.MADE), (99, State.DRAFT)])
def test_a_process_that_dies_costs_one_attempt(
    slow: Archive, record: UUID, clerk: Actor, monkeypatch: pytest.MonkeyPatch, times: int, state: State
) -> None:
    """The process that draws is killed by the kernel, as when memory runs out; the record stays declared."""
    redaction = handed_over(slow, clerk, record)
    killed = iter(range(times))
    drawing = "edms.text.redacting:redact"

    def call(self: redactor.Redactor, function: str, *given: object) -> object:
        doomed = function == drawing and next(killed, None) is not None
        return plainly(self, "sandbox_misdeeds:kill_itself", *given[:2]) if doomed else plainly(self, function, *given)

    plainly = redactor.Redactor._call
    monkeypatch.setattr(redactor.Redactor, "_call", call)
    clock = slow.clock
    assert isinstance(clock, FixedClock)
    for _round in range(8):
        settle(slow)
        clock.set(clock.now() + timedelta(minutes=6))
    view = show_redaction(clerk, slow, redaction)
    assert view.state is state
    assert (view.work is not None) == (state is State.DRAFT)
    with slow.database.reader() as session:
        assert session.get_one(Record, record).state == "declared"
    assert left(slow) == 0
    assert verify_all(CONSOLE, slow).faults == []


def test_one_that_is_withdrawn_is_not_made_any_further(slow: Archive, record: UUID, clerk: Actor) -> None:
    redaction = handed_over(slow, clerk, record)
    other = marked(slow, clerk, record, NIK)
    with pytest.raises(Refused, match="another redaction of this record is being made"):
        produce_redaction(clerk, slow, other)
    assert long_lane(slow)
    withdraw_redaction(clerk, slow, redaction, "permohonan ditarik kembali")
    assert not long_lane(slow)
    assert left(slow) == 0
    assert show_redaction(clerk, slow, redaction).state is State.WITHDRAWN
    assert produce_redaction(clerk, slow, other) is None
    settle(slow)
    assert show_redaction(clerk, slow, other).state is State.MADE
    assert verify_all(CONSOLE, slow).faults == []


def test_pieces_of_a_record_are_destroyed_with_it(slow: Archive, record: UUID, clerk: Actor, person: Person) -> None:
    redaction = handed_over(slow, clerk, record)
    assert long_lane(slow)
    with slow.database.reader() as session:
        pieces = {name for one in session.scalars(select(PageRange)) for name in (one.pdf_id, one.text_id) if name}
    assert len(pieces) == 2
    with slow.door.write(person(slow, "records"), Action.RECORD_DESTROY) as operation:
        operation.about("record", record)
        order_destruction(operation, operation.session.get_one(Record, record), "BA-1/2026")
    with slow.database.reader() as session:
        assert pieces <= set(session.scalars(select(OrderedDestruction.blob_id)))
        assert session.scalars(select(Job.id).where(Job.subject_id == redaction)).all() == []
    assert left(slow) == 0
    assert not long_lane(slow)


def test_a_document_beyond_the_limit_is_refused_at_once(slow: Archive, record: UUID, clerk: Actor) -> None:
    redaction = marked(slow, clerk, record, SECRET)
    limits = slow.settings.redaction.model_copy(update={"max_pages": 2})
    few = replace(slow, settings=slow.settings.model_copy(update={"redaction": limits}))
    with pytest.raises(LimitExceeded, match="at most 2 pages"):
        produce_redaction(clerk, few, redaction)
    assert show_redaction(clerk, slow, redaction).state is State.DRAFT
