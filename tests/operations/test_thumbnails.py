"""Small pictures on lists: one event for a list, each picture behind its record's own door, and who saw it is told."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from archive_fixtures import pdf
from sqlalchemy import event
from test_disclosures import leaves, newest

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import Accepted
from edms.capture.progress import inbox
from edms.capture.queue import Sieve, queue
from edms.core.clock import FixedClock
from edms.core.errors import NotFound
from edms.core.ids import new_id
from edms.operation.door import Door
from edms.records.archive import Archive
from edms.records.contents import page_image, thumbnail
from edms.records.disclosures import TrailQuestion, trail_entries
from edms.records.filing_many import preview_many
from edms.records.operations import Changes
from edms.records.searching import Question, search
from edms.records.thumbnails import with_thumbnails

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]


def waiting(archive: Archive, capture: Capture, count: int, what: str = "surat") -> list[UUID]:
    return [capture(archive, pdf(f"{what} {n}"), name=f"{n}.pdf", class_code=None).record_id for n in range(count)]


def shown(archive: Archive, clerk: Actor) -> list[UUID]:
    return [one.record_id for one in inbox(clerk, archive, "pending", thumbnails=True)[0] if one.thumbnail]


def test_a_list_and_all_its_pictures_are_two_events(archive: Archive, capture: Capture, person: Person) -> None:
    """One for the list and one that names the records; a second look at it is none, and a further record one."""
    records = waiting(archive, capture, 3)
    clerk = person(archive, "clerk-dinkes")
    archive.door.integrate()
    before = leaves(archive)
    assert set(shown(archive, clerk)) == set(records)
    archive.door.integrate()
    assert leaves(archive) == before + 2
    told = newest(archive)
    assert (told["action"], told["subject"]) == ("records.thumbnails", {"kind": "list", "id": "records.thumbnails"})
    assert told["details"]["within_minutes"] == 10
    assert sorted(told["details"]["records"]) == sorted(str(one) for one in records)
    for one in [*records, *records]:
        assert thumbnail(clerk, archive, one)[8:12] == b"WEBP"
    shown(archive, clerk)
    queue(clerk, archive, Sieve())
    assert leaves(archive) == before + 3, "the queue is another list with the same pictures"
    later = waiting(archive, capture, 1, "nota")
    before = leaves(archive)
    shown(archive, clerk)
    assert leaves(archive) == before + 1
    archive.door.integrate()
    assert newest(archive)["details"]["records"] == [str(one) for one in later]


def test_what_no_list_covers_leaves_its_own_event(embedded: Archive, capture: Capture, person: Person) -> None:
    (record,) = waiting(embedded, capture, 1)
    clerk, officer = person(embedded, "clerk-dinkes"), person(embedded, "records")
    clock = embedded.clock
    assert isinstance(clock, FixedClock)

    def left(act: Callable[[], object]) -> list[str]:
        before = leaves(embedded)
        act()
        count = leaves(embedded) - before
        return [newest(embedded)["action"]] * count

    shown(embedded, clerk)
    assert left(lambda: thumbnail(clerk, embedded, record)) == []
    assert left(lambda: thumbnail(officer, embedded, record)) == ["record.thumbnail"], "the list was another's"
    assert left(lambda: page_image(clerk, embedded, record, 1, 900)) == ["record.previewed"], "a page to be read"
    clock.set(clock.now() + timedelta(minutes=10))
    assert left(lambda: thumbnail(clerk, embedded, record)) == ["record.thumbnail"]
    # Another process knows nothing of the list, and with a window of nothing each picture is an event.
    other = dataclasses.replace(embedded, door=Door(embedded.database, embedded.trail, clock))
    shown(other, clerk)
    assert [left(lambda: thumbnail(clerk, other, record)) for _ in range(2)] == [["record.thumbnail"]] * 2


def test_a_list_that_cannot_be_recorded_covers_nothing(embedded: Archive, capture: Capture, person: Person) -> None:
    (record,) = waiting(embedded, capture, 1)
    clerk = person(embedded, "clerk-dinkes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded.trail, "append_all", _full)
        for act in (lambda: shown(embedded, clerk), lambda: thumbnail(clerk, embedded, record)):
            with pytest.raises(OSError, match="full"):
                act()
    before = leaves(embedded)
    thumbnail(clerk, embedded, record)
    assert leaves(embedded) == before + 1


def _full(*_given: object) -> None:
    raise OSError("full")


def test_a_listed_picture_still_passes_the_records_own_door(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    """A list opens nothing: who may no longer see the record gets the answer of a record that is not there."""
    hidden = capture(embedded, pdf("terbatas"), name="a.pdf", level=Level.RESTRICTED).record_id
    clerk = person(embedded, "clerk-dinkes")
    found = search(clerk, embedded, Question("terbatas", thumbnails=True)).found
    assert [(one.record.id, one.thumbnail) for one in found] == [(hidden, True)]
    moved = dataclasses.replace(clerk, clearance=Level.OPEN)  # the same person after a lower clearance
    other = person(embedded, "clerk-bappeda")
    assert search(other, embedded, Question("terbatas", thumbnails=True)).found == ()
    answers = set()
    for who in (moved, other):
        for wanted in (hidden, new_id(embedded.clock)):
            before = leaves(embedded)
            with pytest.raises(NotFound) as refusal:
                thumbnail(who, embedded, wanted)
            answers.add(str(refusal.value))
            assert (leaves(embedded), newest(embedded)["outcome"]) == (before + 1, "refused")
    assert len(answers) == 1


def test_who_saw_the_picture_is_told_with_the_record(archive: Archive, capture: Capture, person: Person) -> None:
    first, second = waiting(archive, capture, 2)
    clerk, auditor = person(archive, "clerk-dinkes"), person(archive, "auditor")
    shown(archive, clerk)
    later = waiting(archive, capture, 1, "nota")[0]
    shown(archive, clerk)
    page_image(clerk, archive, second, 1, 900)

    def seen(record: UUID, **more: object) -> list[tuple[str, str]]:
        question = TrailQuestion(record=record, disclosures=True, **more)  # type: ignore[arg-type]
        found = trail_entries(auditor, archive, question)
        return [(leaf["action"], leaf["actor"]["id"]) for leaf in found if leaf["actor"]["id"] == clerk.id]

    assert seen(first) == [("records.thumbnails", clerk.id)]
    assert seen(second) == [("records.thumbnails", clerk.id), ("record.previewed", clerk.id)]
    assert seen(second, limit=2) == [("record.previewed", clerk.id)], "the newest, of both kinds and the look-up before"
    assert seen(second, action="records.thumbnails") == [("records.thumbnails", clerk.id)]
    assert seen(later) == [("records.thumbnails", clerk.id)]
    assert seen(later, actor_id=auditor.id) == []
    told = trail_entries(auditor, archive, TrailQuestion(record=later, action="records.thumbnails"))
    assert told[0]["details"]["records"] == [str(later)], "the list before it does not name it"


def test_only_what_was_read_and_not_set_aside_has_one(embedded: Archive, capture: Capture, person: Person) -> None:
    clerk, officer = person(embedded, "clerk-dinkes"), person(embedded, "records")
    text = capture(embedded, b"catatan saja", name="a.txt", class_code=None).record_id
    (drawn,) = waiting(embedded, capture, 1)
    unread = capture(embedded, pdf("belum dibaca"), name="b.pdf", class_code=None, work=False).record_id
    assert shown(embedded, clerk) == [drawn]
    previews = preview_many(clerk, embedded, [text, unread, drawn], Changes())
    assert [(one.record_id, one.thumbnail) for one in previews] == [(text, False), (unread, False), (drawn, True)]
    damaged = capture(embedded, b"%PDF-1.7\nnothing", name="c.pdf", class_code=None).record_id
    items, _total = inbox(officer, embedded, "quarantined", thumbnails=True)
    assert [(one.record_id, one.thumbnail) for one in items] == [(damaged, False)]


def test_which_have_one_is_asked_of_the_records_of_a_list_alone(embedded: Archive, person: Person) -> None:
    """Not of every record of a state: a page of an archive of 100,000 took a second for it."""
    asked: list[tuple[str, object]] = []
    event.listen(
        embedded.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, text, told, _x, _m: asked.append((text, told)),
    )
    with embedded.door.read(person(embedded, "clerk-dinkes"), Action.RECORD_SEARCH) as operation:
        operation.decide()
        with_thumbnails(operation, [new_id(embedded.clock) for _ in range(20)])
    (query,) = [entry for entry in asked if "components" in entry[0]]
    with embedded.database.engine.connect() as connection:
        plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query[0]}", query[1])]  # type: ignore[arg-type]
    assert len(plan) == 2
    assert all("_id=?" in step or "(id=?" in step for step in plan), plan
