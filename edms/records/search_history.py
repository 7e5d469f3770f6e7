"""What a person asked last, so that it need not be typed again: seen by that person alone, and cleared at will."""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, ActorKind
from edms.access.policy import Action
from edms.core.errors import IntegrityFault
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.people import own_person
from edms.records.questions import KeptQuestion
from edms.records.questions_model import AskedQuestion
from edms.records.sealed_rows import seal_row, unseal_row

_PURPOSE = b"edms:asked-question:1:"


@dataclass(frozen=True)
class Asked:
    """A question of one's own, and when it was asked last."""

    key: str
    question: KeptQuestion
    at: datetime


def note_question(operation: Operation, archive: Archive, question: KeptQuestion) -> None:
    """Keep what the actor asks together with the event that the search leaves; nothing of what nobody typed."""
    person_id = parse_id(operation.actor.id)
    most = archive.settings.search.history_kept
    if not most or not question.text or person_id is None or operation.actor.kind is not ActorKind.PERSON:
        return
    operation.beside_event(_keeper(archive, person_id, question, operation.now, most))


def _keeper(
    archive: Archive, person_id: UUID, question: KeptQuestion, now: datetime, most: int
) -> Callable[[Session], None]:
    def keep(session: Session) -> None:
        told = question.to_json()
        key = hmac.digest(archive.keys.secret("index"), _PURPOSE + person_id.bytes + told, "sha256").hex()
        row = session.get(AskedQuestion, key)
        if row is None:
            sealed = seal_row(archive, told, _PURPOSE + key.encode())
            session.add(AskedQuestion(key=key, person_id=person_id, asked_at=now, sealed=sealed))
        else:
            row.asked_at = now
        session.flush()
        mine = AskedQuestion.person_id == person_id
        if (session.scalar(select(func.count()).select_from(AskedQuestion).where(mine)) or 0) > most:
            old = select(AskedQuestion.key).where(mine).order_by(AskedQuestion.asked_at.desc(), AskedQuestion.key)
            session.execute(delete(AskedQuestion).where(AskedQuestion.key.in_(list(session.scalars(old.offset(most))))))

    return keep


def questions_asked(actor: Actor | None, archive: Archive) -> list[Asked]:
    """Return what the actor asked last, the newest first."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        query = select(AskedQuestion).where(AskedQuestion.person_id == own_person(operation).id)
        rows = operation.session.scalars(query.order_by(AskedQuestion.asked_at.desc(), AskedQuestion.key))
        return [one for row in rows if (one := _opened(archive, row)) is not None]


def forget_questions(actor: Actor | None, archive: Archive, keys: list[str]) -> None:
    """Forget these of the actor's own questions; all of them when none is named."""
    with archive.door.write(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        mine = delete(AskedQuestion).where(AskedQuestion.person_id == own_person(operation).id)
        operation.about("person", operation.actor.id, "search.history_forgotten")
        operation.session.execute(mine.where(AskedQuestion.key.in_(keys)) if keys else mine)


def _opened(archive: Archive, row: AskedQuestion) -> Asked | None:
    try:
        told = json.loads(unseal_row(archive, row.sealed, _PURPOSE + row.key.encode()))
    except IntegrityFault:
        return None
    return Asked(row.key, KeptQuestion.from_dict(told), row.asked_at)
