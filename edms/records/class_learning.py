"""Learning from what an office has filed, in the background, and suggesting classes from it.

One model for each office, from its own declared records and no others, up to the level that most of its clerks may
see; a suggestion is shown only to who may see that level, so that nobody learns from it what records they may not
see have in common.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session, selectinload

from edms.access.actors import Actor, Role, system_actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.core.errors import EdmsError, IntegrityFault
from edms.proposals.class_model import ClassModel, Example, train
from edms.proposals.types import Field, Proposal, Source
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.model import Component, Record, RecordState
from edms.records.proposal_model import OfficeClassModel
from edms.records.sealed_rows import seal_row, unseal_row

LEARNED_UP_TO = Level.RESTRICTED
MOST_DOCUMENTS = 3000
"""The newest so many of an office are learned from: filing changes, and memory and time have an end."""
LEAST_DOCUMENTS = 20
LEAST_CERTAINTY = 20
LEARNER = system_actor("class-learning")
_PURPOSE = b"edms:class-model:1:"
_PAGES = 3
_CHUNK = 50
_opened: dict[tuple[UUID, datetime], ClassModel] = {}


@dataclass(frozen=True)
class LearningStatus:
    """How well the classes of an office's documents can be suggested; shares are percentages on held-out documents."""

    office: str
    documents: int
    classes: int
    measured: int
    first: int
    among_three: int
    baseline: int
    trained_at: str

    def as_dict(self) -> dict[str, object]:
        """One row of the stable JSON of `edms proposals status`."""
        return asdict(self)


def suggestions_for(archive: Archive, office_id: UUID, text: str) -> list[Proposal]:
    """Return up to three classes under which the office files documents like this one; none before it has learned."""
    with archive.database.reader() as session:
        model = _model(archive, session, office_id)
    if model is None:
        return []
    return [
        Proposal(
            Field.CLASS, one.code, Source.FILED, "filed_alike", one.certainty, ", ".join(one.words), share=one.certainty
        )
        for one in model.suggest(text)
        if one.certainty >= LEAST_CERTAINTY
    ]


def learn_when_due(archive: Archive) -> int:
    """Learn anew for every office that has filed a tenth more since it was last done; returns for how many."""
    with archive.database.reader() as session:
        filed = _counts(session)
        learned = {row.office_id: row.filed for row in session.scalars(select(OfficeClassModel))}
    due = [office for office, count in filed.items() if _due(count, learned.get(office))]
    return sum(learn(LEARNER, archive, office) for office in due)


def learn(actor: Actor | None, archive: Archive, office_id: UUID) -> bool:
    """Learn from what one office has filed; False when that is too little. Two who learn at once do no harm."""
    archive.door.permit(actor, Action.RECORD_PROCESS)
    filed, examples = _examples(archive, office_id)
    model = train(examples)
    if model is None:
        return False
    with archive.door.write(actor, Action.RECORD_PROCESS) as operation:
        operation.decide()
        forget_model(operation.session, office_id)
        operation.session.add(
            OfficeClassModel(
                office_id=office_id,
                level=LEARNED_UP_TO.value,
                trained_at=operation.now,
                filed=filed,
                documents=sum(model.counts),
                classes=len(model.codes),
                measured=model.accuracy.documents,
                first=model.accuracy.first,
                among_three=model.accuracy.among_three,
                baseline=model.accuracy.baseline,
                sealed=seal_row(archive, model.to_bytes(), _PURPOSE + office_id.bytes),
            )
        )
        operation.about("office", office_id, "class_model.learned")
        operation.note(documents=sum(model.counts), classes=len(model.codes), right_of_100=model.accuracy.first)
    return True


def forget_model(session: Session, office_id: UUID) -> None:
    """Remove what was learned from an office: it is learned anew, or a document of it is destroyed."""
    session.execute(delete(OfficeClassModel).where(OfficeClassModel.office_id == office_id))


def learning_status(actor: Actor | None, archive: Archive) -> list[LearningStatus]:
    """Return how well classes are suggested: for the actor's own offices, to a records officer for all."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        who = operation.actor
        if not who.clearance.permits(LEARNED_UP_TO):
            return []
        query = select(OfficeClassModel, Office.code).join(Office, Office.id == OfficeClassModel.office_id)
        if not who.has(Role.RECORDS_OFFICER):
            query = query.where(OfficeClassModel.office_id.in_(who.offices))
        return [
            LearningStatus(
                office=code,
                documents=row.documents,
                classes=row.classes,
                measured=row.measured,
                first=row.first,
                among_three=row.among_three,
                baseline=row.baseline,
                trained_at=row.trained_at.isoformat(),
            )
            for row, code in operation.session.execute(query.order_by(Office.code))
        ]


def _due(filed: int, learned: int | None) -> bool:
    return filed >= LEAST_DOCUMENTS and (learned is None or filed >= learned + max(5, learned // 10))


def _learnable() -> ColumnElement[bool]:
    levels = [level.value for level in Level.up_to(LEARNED_UP_TO)]
    return and_(Record.state == RecordState.DECLARED.value, Record.class_code.is_not(None), Record.level.in_(levels))


def _counts(session: Session) -> dict[UUID, int]:
    query = select(Record.office_id, func.count().label("filed")).where(_learnable()).group_by(Record.office_id)
    return {row.office_id: row.filed for row in session.execute(query)}


def _examples(archive: Archive, office_id: UUID) -> tuple[int, list[Example]]:
    """Return how many records there are to learn from, and the newest of them as examples.

    One whose text cannot be opened teaches nothing; verification is what names it.
    """
    where = and_(_learnable(), Record.office_id == office_id)
    with archive.database.reader() as session:
        filed = session.scalar(select(func.count()).select_from(Record).where(where)) or 0
        newest = list(session.scalars(select(Record.id).where(where).order_by(Record.id.desc()).limit(MOST_DOCUMENTS)))
    found: list[Example] = []
    for start in range(0, len(newest), _CHUNK):
        with archive.database.reader() as session:
            parts = selectinload(Record.components).selectinload(Component.blob)
            chosen = select(Record).where(Record.id.in_(newest[start : start + _CHUNK])).options(parts)
            for record in session.scalars(chosen.order_by(Record.id)):
                with suppress(EdmsError):
                    found.append(Example(str(record.class_code), _text_of(archive, record)))
    return filed, found


def _text_of(archive: Archive, record: Record) -> str:
    head = [record.title, record.sender or "", record.recipient or ""]
    return "\n".join([*head, *(str(page["text"]) for page in read_pages(archive, record)[:_PAGES])])


def _model(archive: Archive, session: Session, office_id: UUID) -> ClassModel | None:
    """Return the office's model, opened once per process and training; None when there is none or it is damaged."""
    trained_at = session.scalar(select(OfficeClassModel.trained_at).where(OfficeClassModel.office_id == office_id))
    if trained_at is None:
        return None
    if (office_id, trained_at) not in _opened:
        sealed = session.scalar(select(OfficeClassModel.sealed).where(OfficeClassModel.office_id == office_id))
        try:
            model = ClassModel.from_bytes(unseal_row(archive, sealed or b"", _PURPOSE + office_id.bytes))
        except (IntegrityFault, ValueError):
            return None
        for other in [key for key in _opened if key[0] == office_id]:
            del _opened[other]
        _opened[(office_id, trained_at)] = model
    return _opened[(office_id, trained_at)]
