"""Filing many at once: what is alike, seen before, each by itself, taken back together; nothing sealed by a slip."""

import dataclasses
from datetime import timedelta
from uuid import UUID

import pytest
from archive_fixtures import OWNER, pdf, settle, take_in
from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.capture.alike import Alike, Likeness, alike
from edms.capture.work import take_over, work_once, work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.records.archive import Archive
from edms.records.filing import file_record
from edms.records.filing_many import ShownVersion, file_many, preview_many
from edms.records.model import Record
from edms.records.operations import Changes, describe
from edms.records.people import console_person
from edms.records.undo import pending_of, undo, undo_many, undo_of

LETTER = """PEMERINTAH KOTA
DINAS PENDIDIKAN
SURAT UNDANGAN
Nomor : 005/{number}/2024
Hal : Rapat nomor {number}

Kepada Yth. Kepala Dinas Kesehatan
"""
COMMON = Changes(class_code="000.1.5", level=Level.OPEN, sender="Dinas Pendidikan")


def clerk(archive: Archive, name: str = "clerk-dinkes") -> Actor:
    return console_person(archive, name, "tests")


def waiting(archive: Archive, number: int, sender: str | None = "Dinas Pendidikan", **told: object) -> UUID:
    content = LETTER.format(number=number).encode()
    return take_in(archive, content, name=f"{number}.txt", class_code=None, level=None, sender=sender, **told).record_id  # type: ignore[arg-type]


def later(archive: Archive, seconds: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(seconds=seconds))


def record(archive: Archive, record_id: UUID) -> Record:
    with archive.database.reader() as session:
        return session.get_one(Record, record_id)


def by_sender(found: list[Alike]) -> Alike:
    return next(one for one in found if one.likeness is Likeness.SENDER)


def seen(archive: Archive, ids: list[UUID], own: bool = True) -> list[ShownVersion]:
    return [
        ShownVersion(one.record_id, one.version)
        for one in preview_many(clerk(archive), archive, ids, COMMON, own=own)
        if not one.refused
    ]


def test_alike_are_those_of_the_office_that_share_something_and_may_be_seen(archive: Archive) -> None:
    ids = [waiting(archive, number) for number in range(3)]
    other = waiting(archive, 7, sender="Camat")
    waiting(archive, 8, by="clerk-bappeda")
    found = by_sender(alike(clerk(archive), archive, ids[0]))
    assert (found.label, set(found.record_ids), found.record_ids[0]) == ("Dinas Pendidikan", set(ids), ids[0])
    assert Likeness.SENDER not in [one.likeness for one in alike(clerk(archive), archive, other)]
    with pytest.raises(NotFound):
        alike(clerk(archive, "clerk-bappeda"), archive, ids[0])


def test_the_preview_says_all_that_changes_and_changes_nothing(archive: Archive) -> None:
    ids = [waiting(archive, number) for number in range(2)]
    before = [record(archive, one).version for one in ids]
    shown = preview_many(clerk(archive), archive, ids, COMMON, own=True)
    assert [one.title for one in shown] == ["0", "1"]
    for number, one in enumerate(shown):
        told = {field: after for field, _before, after in one.becomes}
        assert (told["class_code"], told["level"]) == ("000.1.5", "open")
        assert told["number"] == f"005/{number}/2024", "each keeps what is its own"
    assert [record(archive, one).version for one in ids] == before
    filed = file_many(clerk(archive), archive, seen(archive, ids), COMMON, own=True, source="web")
    assert (filed.filed, filed.refused) == (tuple(ids), ())
    for one in shown:
        now = record(archive, one.record_id)
        assert [getattr(now, field) for field, _before, _after in one.becomes] == [
            after for _f, _b, after in one.becomes
        ]


def test_what_cannot_be_filed_is_named_before_with_its_reason(archive: Archive) -> None:
    good, gone = waiting(archive, 1), waiting(archive, 2)
    file_record(clerk(archive), archive, gone, COMMON)
    foreign = waiting(archive, 3, by="clerk-bappeda")
    shown = {
        one.record_id: one for one in preview_many(clerk(archive), archive, [good, gone, foreign], COMMON, own=False)
    }
    assert foreign not in shown, "what may not be seen is not there"
    assert (shown[good].refused, shown[gone].refused) == (False, True)
    assert "does not wait" in shown[gone].problems[0].message
    wrong = preview_many(clerk(archive), archive, [good], Changes(class_code="999.9"), own=False)
    assert [one.field for one in wrong[0].problems] == ["class_code"]
    with pytest.raises(Refused, match="at most 500"):
        preview_many(clerk(archive), archive, [good] * 501, COMMON, own=False)


def test_two_clerks_file_the_same_document(archive: Archive) -> None:
    """The second hears who was first; of the others nothing is held up."""
    ids = [waiting(archive, number) for number in range(3)]
    shown = seen(archive, ids)
    file_record(clerk(archive, "records"), archive, ids[1], Changes(class_code="000.1.5", level=Level.RESTRICTED))
    done = file_many(clerk(archive), archive, shown, COMMON, own=True, source="web")
    assert done.filed == (ids[0], ids[2])
    ((refused, why),) = done.refused
    assert refused == ids[1]
    assert "records via tests has described this document" in str(why)
    assert record(archive, ids[1]).level == "restricted"


def test_all_are_taken_back_within_their_time_and_none_after_the_seal(archive: Archive) -> None:
    ids = [waiting(archive, number) for number in range(3)]
    file_many(clerk(archive), archive, seen(archive, ids), COMMON, own=True, source="web")
    pending = pending_of(clerk(archive), archive)
    assert pending is not None
    assert {one for one, _title in pending.records} == set(ids)
    assert pending_of(clerk(archive, "records"), archive) is None, "each sees what was one's own act"
    later(archive, archive.settings.capture.undo_seconds - 1)
    settle(archive)
    assert undo_many(clerk(archive), archive, ids[:2]) == (2, [])
    assert [record(archive, one).class_code for one in ids] == [None, None, "000.1.5"]
    later(archive, 1)
    settle(archive)
    count, refused = undo_many(clerk(archive), archive, ids)
    assert count == 0
    assert [error.message for error in refused] == ["there is nothing to take back"] * 2 + [
        "the record stands as it was declared"
    ]
    assert pending_of(clerk(archive), archive) is None


def test_a_worker_that_dies_in_the_middle_of_sealing_many(archive: Archive) -> None:
    ids = [waiting(archive, number) for number in range(4)]
    file_many(clerk(archive), archive, seen(archive, ids), COMMON, own=True, source="web")
    later(archive, archive.settings.capture.undo_seconds)
    assert work_once(archive, OWNER)  # one is declared

    class Died(BaseException):
        """As kill -9 is: nobody can deal with it."""

    class Dying:
        def __getattr__(self, _name: str) -> object:
            raise Died

    with pytest.raises(Died):
        work_once(dataclasses.replace(archive, signer=Dying()), OWNER)  # type: ignore[arg-type]
    take_over(archive, OWNER)
    work_until_idle(archive, OWNER)
    assert [record(archive, one).state for one in ids] == ["declared"] * 4
    with archive.database.reader() as session:
        declared = select(func.count()).select_from(AuditLeaf).where(AuditLeaf.action == "record.declared")
        assert session.scalar(declared) == 4, "each once"


def test_nothing_is_declared_by_a_slip_on_any_page(archive: Archive) -> None:
    """The record page and the list say it through `describe`: the same time for taking back holds there."""
    record_id = waiting(archive, 1)
    describe(clerk(archive), archive, record_id, COMMON)
    settle(archive)
    assert record(archive, record_id).state == "pending"
    assert undo_of(clerk(archive), archive, record_id) is not None
    undo(clerk(archive), archive, record_id)
    assert record(archive, record_id).class_code is None
    describe(clerk(archive), archive, record_id, COMMON)
    later(archive, archive.settings.capture.undo_seconds)
    settle(archive)
    assert record(archive, record_id).state == "declared"
    assert undo_of(clerk(archive), archive, record_id) is None


def test_what_is_described_while_it_is_read_waits_as_well(archive: Archive) -> None:
    accepted = take_in(archive, pdf("Surat yang sedang dibaca"), class_code=None, level=None, work=False)
    describe(clerk(archive), archive, accepted.record_id, COMMON)
    settle(archive)
    assert record(archive, accepted.record_id).state == "pending", "read, and waiting for its seal"
    undo(clerk(archive), archive, accepted.record_id)
    later(archive, 3600)
    settle(archive)
    assert (record(archive, accepted.record_id).state, record(archive, accepted.record_id).class_code) == (
        "pending",
        None,
    )
    describe(clerk(archive), archive, accepted.record_id, COMMON)
    later(archive, 3600)
    settle(archive)
    assert record(archive, accepted.record_id).state == "declared"


def test_taken_back_while_it_is_read_it_is_read_to_its_end(archive: Archive) -> None:
    accepted = take_in(archive, pdf("Surat yang dibatalkan saat dibaca"), class_code=None, level=None, work=False)
    describe(clerk(archive), archive, accepted.record_id, COMMON)
    undo(clerk(archive), archive, accepted.record_id)
    settle(archive)
    now = record(archive, accepted.record_id)
    assert (now.state, now.class_code, now.page_count) == ("pending", None, 1)
