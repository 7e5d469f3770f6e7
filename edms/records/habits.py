"""How each clerk files, so that the next document begins with it: seen by that clerk alone, and cleared at will."""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import IntegrityFault
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.filing_model import FilingHabit
from edms.records.model import Record
from edms.records.sealed_rows import seal_row, unseal_row

CLASS, SENDER, SOURCE = "class", "sender", "source"
MOST_KEPT = 500
MOST_OFFERED = 12
_PURPOSE = b"edms:filing-habit:1:"


@dataclass(frozen=True)
class Habit:
    """What a clerk gave last to what comes from `label` (or, of kind class, how often the class `label`)."""

    key: str
    kind: str
    label: str
    class_code: str
    level: str
    record_type: str
    times: int
    used_at: datetime


def remember(operation: Operation, archive: Archive, record: Record, source: str) -> None:
    """Note how the actor has filed `record`."""
    assert record.class_code is not None
    for kind, label in ((CLASS, record.class_code), (SENDER, record.sender or ""), (SOURCE, source)):
        if label.strip():
            _note(operation, archive, record, kind, label.strip())
    _prune(operation.session, operation.actor)


def usual(archive: Archive, session: Session, actor: Actor, senders: list[str], source: str) -> Habit | None:
    """Return what this clerk gave last to the first known of `senders`, else to `source`."""
    for kind, label in (*((SENDER, one) for one in senders), (SOURCE, source)):
        row = session.get(FilingHabit, _key(archive, actor, kind, label.strip())) if label.strip() else None
        found = _opened(archive, actor, row) if row is not None else None
        if found is not None:
            return found
    return None


def favourites(archive: Archive, session: Session, actor: Actor) -> list[str]:
    """Return the codes of the classes that this clerk uses: the three newest, then those used most."""
    query = select(FilingHabit).where(FilingHabit.actor_id == actor.id, FilingHabit.kind == CLASS)
    found = [one for row in session.scalars(query) if (one := _opened(archive, actor, row)) is not None]
    newest = sorted(found, key=lambda one: one.used_at, reverse=True)[:3]
    most = sorted(found, key=lambda one: -one.times)
    return list(dict.fromkeys(one.class_code for one in (*newest, *most)))[:MOST_OFFERED]


def habits_of(actor: Actor | None, archive: Archive) -> list[Habit]:
    """Return what is remembered of the actor's own filing, the newest first."""
    with archive.door.read(actor, Action.RECORD_CLASSIFY) as operation:
        operation.decide(action=Action.RECORD_SEARCH)
        query = select(FilingHabit).where(FilingHabit.actor_id == operation.actor.id)
        rows = operation.session.scalars(query.order_by(FilingHabit.used_at.desc()))
        return [one for row in rows if (one := _opened(archive, operation.actor, row)) is not None]


def forget_habits(actor: Actor | None, archive: Archive, keys: list[str]) -> None:
    """Forget these of the actor's own habits; all of them when none is named."""
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        operation.decide(action=Action.RECORD_SEARCH)
        operation.about("person", operation.actor.id, "filing.habits_forgotten")
        mine = delete(FilingHabit).where(FilingHabit.actor_id == operation.actor.id)
        operation.session.execute(mine.where(FilingHabit.key.in_(keys)) if keys else mine)


def _note(operation: Operation, archive: Archive, record: Record, kind: str, label: str) -> None:
    key = _key(archive, operation.actor, kind, label)
    row = operation.session.get(FilingHabit, key)
    if row is None:
        row = FilingHabit(key=key, actor_id=operation.actor.id, kind=kind, times=0)
        operation.session.add(row)
    told = {"label": label, "class_code": record.class_code, "level": record.level or "",
            "record_type": record.record_type or ""}  # fmt: skip
    row.sealed = seal_row(archive, json.dumps(told).encode(), _PURPOSE + key.encode())
    row.times, row.used_at = row.times + 1, operation.now


def _prune(session: Session, actor: Actor) -> None:
    session.flush()
    mine = FilingHabit.actor_id == actor.id
    if (session.scalar(select(func.count()).select_from(FilingHabit).where(mine)) or 0) > MOST_KEPT:
        oldest = select(FilingHabit.key).where(mine).order_by(FilingHabit.used_at.desc()).offset(MOST_KEPT)
        session.execute(delete(FilingHabit).where(FilingHabit.key.in_(list(session.scalars(oldest)))))


def _key(archive: Archive, actor: Actor, kind: str, label: str) -> str:
    told = "\0".join((actor.id, kind, label.casefold())).encode()
    return hmac.digest(archive.keys.secret("index"), told, "sha256").hex()


def _opened(archive: Archive, actor: Actor, row: FilingHabit) -> Habit | None:
    """Open a row; None for a damaged one, and for what was filed above the level that the actor may see now."""
    try:
        told = json.loads(unseal_row(archive, row.sealed, _PURPOSE + row.key.encode()))
    except IntegrityFault:
        return None
    if told["level"] and not actor.clearance.permits(Level(told["level"])):
        return None
    return Habit(row.key, row.kind, times=row.times, used_at=row.used_at, **told)
