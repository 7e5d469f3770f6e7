"""Filing one after the other: problems by field, taking back until it is declared, what each clerk is offered."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, settle, take_in

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.capture.queue import Sieve, neighbour, queue
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.filing import NotFiled, file_record, problems_of, sheet_of
from edms.records.habits import forget_habits, habits_of
from edms.records.model import Record
from edms.records.operations import Changed, Changes
from edms.records.people import console_person
from edms.records.undo import undo

GOOD = Changes(title="Undangan rapat", class_code="000.1.5", level=Level.OPEN, number="005/7/2024", sender="Camat")


def clerk(archive: Archive, name: str = "clerk-dinkes") -> Actor:
    return console_person(archive, name, "tests")


def waiting(archive: Archive, number: int = 0, by: str = "clerk-dinkes") -> UUID:
    text = f"Surat nomor {number} tentang kesehatan lingkungan".encode()
    return take_in(archive, text, name=f"{number}.txt", class_code=None, level=None, by=by).record_id


def state(archive: Archive, record_id: UUID) -> dict[str, object]:
    return record_details(clerk(archive), archive, record_id).as_dict()


def later(archive: Archive, seconds: int) -> None:
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    clock.set(clock.now() + timedelta(seconds=seconds))


def test_what_is_confirmed_waits_and_is_then_declared(archive: Archive) -> None:
    record_id = waiting(archive)
    file_record(clerk(archive), archive, record_id, GOOD)
    settle(archive)
    assert state(archive, record_id)["state"] == "pending", "the worker does not take it before its time"
    later(archive, archive.settings.capture.undo_seconds)
    settle(archive)  # as a worker does that was started anew: all it needs is in the rows
    assert state(archive, record_id)["state"] == "declared"
    with pytest.raises(Refused, match="stands as it was declared"):
        undo(clerk(archive), archive, record_id)


def test_taking_back_returns_the_earlier_description(archive: Archive) -> None:
    record_id = waiting(archive)
    before = state(archive, record_id)
    file_record(clerk(archive), archive, record_id, GOOD)
    assert neighbour(clerk(archive), archive, Sieve()) is None, "what is confirmed is not in the queue"
    undo(clerk(archive), archive, record_id)
    after = state(archive, record_id)
    told = ("title", "class", "class_title", "level", "number", "sender", "state")
    assert {name: after[name] for name in told} == {name: before[name] for name in told}
    assert neighbour(clerk(archive), archive, Sieve()) == record_id
    assert [one["action"] for one in after["history"]][-2:] == ["record:classify", "record.description_undone"]  # type: ignore[index]
    later(archive, 3600)
    settle(archive)
    assert state(archive, record_id)["state"] == "pending"
    with pytest.raises(Refused, match="nothing to take back"):
        undo(clerk(archive), archive, record_id)
    file_record(clerk(archive), archive, record_id, GOOD)
    later(archive, 3600)
    settle(archive)
    assert state(archive, record_id)["state"] == "declared"


def test_nobody_of_another_office_takes_back(embedded: Archive) -> None:
    record_id = waiting(embedded)
    file_record(clerk(embedded), embedded, record_id, GOOD)
    with pytest.raises(NotFound):
        undo(clerk(embedded, "clerk-bappeda"), embedded, record_id)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (Changes(title="ada"), ["class_code"]),
        (Changes(class_code="999.9", level=Level.OPEN), ["class_code"]),
        (Changes(class_code="000.1.5", level=Level.TOP_SECRET, kip="berkala"), ["level", "kip"]),
        (Changes(class_code="000.1.5", level=Level.OPEN, kip="dikecualikan"), ["kip"]),
        (Changes(class_code="000.1.5", level=Level.OPEN, document_date=date(2999, 1, 1)), ["document_date"]),
    ],
    ids=["no class", "unknown class", "above clearance", "kip", "future"],
)
def test_all_that_is_wrong_is_told_by_field_and_nothing_is_changed(
    embedded: Archive, changes: Changes, fields: list[str]
) -> None:
    record_id = waiting(embedded)
    before = state(embedded, record_id)["title"]
    with pytest.raises(NotFiled) as refused:
        file_record(clerk(embedded), embedded, record_id, changes)
    assert [one.field for one in refused.value.problems] == fields
    assert state(embedded, record_id)["title"] == before
    assert [one.field for one in problems_of(clerk(embedded), embedded, record_id, changes)] == fields


def test_a_number_that_another_bears_is_a_warning_and_names_only_what_may_be_seen(embedded: Archive) -> None:
    first, second = waiting(embedded, 1), waiting(embedded, 2)
    day = date(2024, 2, 1)
    told = Changes(title="Rahasia besar", class_code="000.1.5", level=Level.OPEN, number="7/2024", document_date=day)
    file_record(clerk(embedded), embedded, first, told)
    again = Changes(title="Lain", class_code="000.1.5", level=Level.OPEN, number="7/2024", document_date=day)
    with pytest.raises(NotFiled) as refused:
        file_record(clerk(embedded), embedded, second, again)
    assert [(one.field, one.warning) for one in refused.value.problems] == [("number", True)]
    assert "Rahasia besar" in refused.value.problems[0].message
    with embedded.database.writer() as session:
        session.get_one(Record, first).level = Level.TOP_SECRET.value
        session.commit()
    assert problems_of(clerk(embedded), embedded, second, again) == [], "what may not be seen is not named"
    file_record(clerk(embedded), embedded, second, again, despite_warnings=True)


def test_the_second_of_two_clerks_is_told_and_overwrites_nothing(archive: Archive) -> None:
    record_id = waiting(archive)
    seen = sheet_of(clerk(archive), archive, record_id).record.version
    file_record(clerk(archive), archive, record_id, GOOD, seen_version=seen)
    with pytest.raises(Changed, match="has described this document"):
        file_record(clerk(archive), archive, record_id, Changes(title="Lain"), seen_version=seen)
    assert state(archive, record_id)["title"] == "Undangan rapat"


def test_habits_are_the_clerks_own(embedded: Archive) -> None:
    first, second = waiting(embedded, 1), waiting(embedded, 2)
    file_record(clerk(embedded), embedded, first, GOOD, source="folder scan")
    sheet = sheet_of(clerk(embedded), embedded, second, "folder scan")
    assert sheet.habit is not None
    assert (sheet.habit.class_code, sheet.habit.level, sheet.favourites) == ("000.1.5", "open", ["000.1.5"])
    assert {one.kind for one in habits_of(clerk(embedded), embedded)} == {"class", "sender", "source"}
    other = waiting(embedded, 3, "clerk-bappeda")
    assert habits_of(clerk(embedded, "clerk-bappeda"), embedded) == []
    assert sheet_of(clerk(embedded, "clerk-bappeda"), embedded, other, "folder scan").habit is None
    forget_habits(clerk(embedded, "clerk-bappeda"), embedded, [])
    assert len(habits_of(clerk(embedded), embedded)) == 3
    forget_habits(clerk(embedded), embedded, [sheet.habit.key])
    assert len(habits_of(clerk(embedded), embedded)) == 2
    forget_habits(clerk(embedded), embedded, [])
    assert habits_of(clerk(embedded), embedded) == []


def test_the_queue_goes_round_and_is_sifted(embedded: Archive) -> None:
    letters = []
    for number in range(3):
        embedded.clock.set(MOMENT + timedelta(minutes=number))  # type: ignore[attr-defined]
        letters.append(waiting(embedded, number))
    who = clerk(embedded)
    oldest, middle, newest = letters
    assert neighbour(who, embedded, Sieve()) == newest
    assert neighbour(who, embedded, Sieve(), newest) == middle
    assert neighbour(who, embedded, Sieve(), oldest) == newest
    assert neighbour(who, embedded, Sieve(), oldest, before=True) == middle
    assert neighbour(clerk(embedded, "clerk-bappeda"), embedded, Sieve()) is None
    found = queue(who, embedded, Sieve())
    assert ([one.record_id for one in found.items], found.total) == ([newest, middle, oldest], 3)
    assert queue(who, embedded, Sieve(office="NIRGENDWO")).total == 0
    assert queue(who, embedded, Sieve(day=MOMENT.date())).total in (0, 3)
    assert queue(who, embedded, Sieve(source="folder none")).total == 0
    with_any = queue(who, embedded, Sieve(proposed=True)).total
    assert with_any + queue(who, embedded, Sieve(proposed=False)).total == 3


def test_an_emptied_field_is_empty(embedded: Archive) -> None:
    record_id = waiting(embedded)
    file_record(clerk(embedded), embedded, record_id, GOOD)
    file_record(clerk(embedded), embedded, record_id, Changes(cleared=frozenset({"number"})))
    assert state(embedded, record_id)["number"] is None
