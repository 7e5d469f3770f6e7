"""Invariant 4: one door. No actor means nothing; no decision raises; a failing audit append undoes everything."""

import contextlib
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.audit.trail import AuditTrail
from edms.core.errors import NotSignedIn
from edms.core.ids import new_id
from edms.operation.door import Door, NotPermitted, Undecided
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive

Person = Callable[[Archive, str], Actor]


def _offices(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(Office)) or 0


def _leaves(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditLeaf)) or 0


def _new_office(archive: Archive) -> Office:
    return Office(id=new_id(archive.clock), code="baru", name="Baru", created_at=archive.clock.now())


def test_no_actor_means_nothing(archive: Archive) -> None:
    with pytest.raises(NotSignedIn), archive.door.write(None, Action.PEOPLE_MANAGE):
        pytest.fail("the operation must not begin")


def test_write_without_decision_raises_and_commits_nothing(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    with pytest.raises(Undecided), archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
        operation.session.add(_new_office(archive))
    assert (_offices(archive), _leaves(archive)) == before


def test_read_without_decision_raises(archive: Archive, person: Person) -> None:
    with pytest.raises(Undecided), archive.door.read(person(archive, "records"), Action.RECORD_SEARCH):
        pass


def test_refusal_changes_nothing_and_is_audited(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    actor = person(archive, "clerk-dinkes")
    with pytest.raises(NotPermitted), archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.session.add(_new_office(archive))
        operation.decide()
    assert (_offices(archive), _leaves(archive)) == (before[0], before[1] + 1)


def test_event_and_change_are_committed_together(archive: Archive, person: Person) -> None:
    before = _leaves(archive)
    with archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        operation.session.add(_new_office(archive))
        operation.audit("office.looked_at", "office", "baru")
    assert _leaves(archive) == before + 2


class _FailingTrail(AuditTrail):
    def append_all(self, session, events):  # type: ignore[no-untyped-def]
        super().append_all(session, events)
        raise OSError("the audit append failed after it had written")


def test_failing_audit_append_rolls_everything_back(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    door = Door(archive.database, _FailingTrail(archive.clock, "edms/test", b"s" * 32), archive.clock)
    with pytest.raises(OSError, match="audit append failed"):
        with door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
            operation.decide()
            operation.session.add(_new_office(archive))
    assert (_offices(archive), _leaves(archive)) == before


def test_error_inside_rolls_back(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    with (
        pytest.raises(ZeroDivisionError),
        archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation,
    ):
        operation.decide()
        operation.session.add(_new_office(archive))
        operation.session.flush()
        raise ZeroDivisionError
    assert (_offices(archive), _leaves(archive)) == before


def test_what_was_to_follow_goes_with_what_was_undone(archive: Archive, person: Person) -> None:
    """The outbox stands in the same transaction: nothing is indexed that was never committed."""

    def waiting() -> int:
        with archive.database.reader() as session:
            return session.scalar(select(func.count()).select_from(OutboxEntry)) or 0

    before = waiting(), _leaves(archive)
    door = Door(archive.database, _FailingTrail(archive.clock, "edms/test", b"s" * 32), archive.clock)
    with pytest.raises(OSError, match="audit append failed"):
        with door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
            operation.decide()
            operation.outbox("index", new_id(archive.clock))
    assert (waiting(), _leaves(archive)) == before


def test_a_decision_for_another_act_does_not_count_after_a_refusal(archive: Archive, person: Person) -> None:
    before = _offices(archive)
    with pytest.raises(NotPermitted), archive.door.write(person(archive, "clerk-dinkes"), Action.PEOPLE_MANAGE) as one:
        one.session.add(_new_office(archive))
        one.decide(action=Action.FILE_PLAN_BROWSE)
        one.decide()
    assert _offices(archive) == before


def test_a_reader_commits_nothing(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    with archive.door.read(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        operation.session.add(_new_office(archive))
        operation.session.flush()
    assert (_offices(archive), _leaves(archive)) == before


def test_a_refused_reading_is_audited_too(archive: Archive, person: Person) -> None:
    before = _leaves(archive)
    with (
        pytest.raises(NotPermitted),
        archive.door.read(person(archive, "clerk-dinkes"), Action.AUDIT_READ) as operation,
    ):
        operation.decide()
    assert _leaves(archive) == before + 1


def test_a_refusal_that_is_swallowed_commits_nothing(archive: Archive, person: Person) -> None:
    before = _offices(archive), _leaves(archive)
    clerk = person(archive, "clerk-dinkes")
    with pytest.raises(Undecided, match="went on after it was refused"):
        with archive.door.write(clerk, Action.PEOPLE_MANAGE) as operation:
            with contextlib.suppress(NotPermitted):
                operation.decide()
            operation.decide(action=Action.FILE_PLAN_BROWSE)
            operation.session.add(_new_office(archive))
    assert (_offices(archive), _leaves(archive)) == before
