"""Telling the audit trail of the rows of an archive that an earlier version made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.operation.model import RowState
from edms.operation.states import Key, Part, RowStates, Stated, pages_of, states_of
from edms.records.archive import Archive
from edms.records.model import Hold, HoldLink

ADOPTED = "rows.adopted"
_SUBJECT = ("rows", "all")
_LINKS = cast(Table, HoldLink.__table__)
_WITHIN = Part("records", _LINKS, (_LINKS.c.hold_id,), (_LINKS.c.record_id,))
"""How the records that a hold binds were part of its own state, before each was told by itself."""


def adopt_rows(actor: Actor | None, archive: Archive) -> int:
    """Take the rows that the trail knows nothing of as they are, and return how many those were; done again, none."""
    return _adopt_all(actor, archive) + _adopt_links(actor, archive)


def _adopt_all(actor: Actor | None, archive: Archive) -> int:
    """Once the trail says that this was done it is refused silently: else who puts a row in around the system would
    have it adopted.
    """
    count = 0
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        session, states = operation.session, archive.door.states
        done = select(AuditLeaf.index).where(AuditLeaf.subject_kind == _SUBJECT[0], AuditLeaf.subject_id == _SUBJECT[1])
        if session.scalars(done.limit(1)).first() is not None:
            operation.unrecorded()
            return 0
        for one in states.stated:
            for page in pages_of(session, one):
                known = select(RowState.key).where(RowState.kind == one.kind, RowState.key.in_(page))
                for text in page.keys() - set(session.scalars(known)):
                    states.touch_key(session, one, page[text])
                    count += 1
        operation.about(*_SUBJECT, ADOPTED)
        operation.note(count=count)
    return count


def _adopt_links(actor: Actor | None, archive: Archive) -> int:
    """Tell each record that a hold binds by itself, where the hold's own code still vouches for exactly these.

    Done again it changes nothing: told anew, a hold's code vouches for none. Of a hold whose records were altered
    around the system nothing is taken over, and verification names it.
    """
    count = 0
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        session, states = operation.session, archive.door.states
        holds, links = states.owner(Hold.__tablename__), states.owner(HoldLink.__tablename__)
        assert holds is not None
        assert links is not None
        for page in pages_of(session, holds):
            for text in _told_within(session, states, holds, page):
                states.touch_key(session, holds, page[text])
                count += 1
                (hold_id,) = page[text]
                for record_id in session.scalars(select(HoldLink.record_id).where(HoldLink.hold_id == hold_id)):
                    states.touch_key(session, links, (hold_id, record_id))
                    count += 1
        if count:
            operation.about("rows", HoldLink.__tablename__, ADOPTED)
            operation.note(count=count)
        else:
            operation.unrecorded()
    return count


def _told_within(session: Session, states: RowStates, holds: Stated, page: Mapping[str, Key]) -> list[str]:
    """Return the holds whose code is of a state with their records in it. Records are read of no other: those told
    anew are known by their own row, however many they bind."""
    lines = select(RowState.key, RowState.version, RowState.code).where(
        RowState.kind == holds.kind, RowState.key.in_(page)
    )
    told = {text: (version, code) for text, version, code in session.execute(lines)}

    def fitting(one: Stated, among: Iterable[str]) -> list[str]:
        states_now = states_of(session, one, {text: page[text] for text in among})
        return [
            text
            for text, state in states_now.items()
            if states.code(one.kind, text, told[text][0], state) == told[text][1]
        ]

    return fitting(replace(holds, parts=(_WITHIN,)), told.keys() - set(fitting(holds, told)))
