"""Retention as use cases: due dates stored with the record, the report, the explanation, applying rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from edms.access.actors import Actor
from edms.access.filters import sql_filter
from edms.access.model import Office
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.facts import decided_record
from edms.records.model import Hold, HoldLink, Record, RecordState, RuleBookEdition, TriggerEvent
from edms.records.rules import book_of, edition_in_force
from edms.retention.decide import decide
from edms.retention.explain import headline, outcome_names, reason_text, step_text
from edms.retention.rulebook import RuleBook
from edms.retention.types import (
    Decision,
    EventFact,
    HoldFact,
    Options,
    Outcome,
    RetentionFacts,
    Rule,
    TriggerType,
)

CHUNK = 500
__all__ = ["Outcome", "outcome_names"]  # so that faces need not know the mechanism


@dataclass(frozen=True)
class ReportQuestion:
    """What the report is asked: a day (None: today), an office code, an outcome, a window (limit None: all rows)."""

    as_of: date | None = None
    office: str | None = None
    outcome: str | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True)
class ReportRow:
    """One record in the report."""

    record: UUID
    title: str
    office: str
    class_code: str
    rule: str | None
    edition: str | None
    fate: str | None
    fate_text: str
    phase: str
    outcome: str
    due_on: date | None
    reasons: tuple[str, ...]
    reason_texts: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]
    step_texts: tuple[str, ...]
    headline: str

    def as_dict(self, *, steps: bool = False) -> dict[str, Any]:
        """One row of the stable JSON; `explain` adds the steps."""
        told: dict[str, Any] = {
            "record": str(self.record),
            "title": self.title,
            "office": self.office,
            "class": self.class_code,
            "rule": self.rule,
            "edition": self.edition,
            "fate": self.fate,
            "phase": self.phase,
            "outcome": self.outcome,
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "reasons": list(self.reasons),
        }
        if steps:
            told |= {
                "steps": list(self.steps),
                "step_texts": list(self.step_texts),
                "reason_texts": list(self.reason_texts),
            }
        return told


@dataclass(frozen=True)
class Report:
    """`total` rows in all, those of the window in `rows`, and how many there are of each outcome."""

    as_of: date
    total: int
    rows: tuple[ReportRow, ...]
    counts: dict[str, int]


def retention_report(actor: Actor | None, archive: Archive, question: ReportQuestion, language: str) -> Report:
    """Return what is due, when and why, of the records the actor may see; most urgent first.

    Outcomes are conditions on stored, indexed due dates, so that a page costs a page, not the archive; each row shown
    is then decided anew with all its reasons.
    """
    as_of = question.as_of or archive.clock.today()
    with archive.door.read(actor, Action.RETENTION_REPORT) as operation:
        scope = operation.scope()
        session = operation.session
        visible = and_(
            Record.state == RecordState.DECLARED.value, sql_filter(scope, Record.office_id, Record.level, Record.state)
        )
        if question.office:
            visible = and_(visible, Record.office_id == _office_id(session, question.office))
        counts = {
            outcome.value: session.scalar(select(func.count()).select_from(Record).where(visible, condition)) or 0
            for outcome, condition in _outcomes(as_of).items()
        }
        wanted = _outcomes(as_of).get(Outcome(question.outcome)) if question.outcome in list(Outcome) else None
        query = select(Record).where(visible, *([] if wanted is None else [wanted]))
        query = query.options(joinedload(Record.office), joinedload(Record.rule_book))
        query = query.order_by(Record.due_on.is_(None), Record.due_on, Record.id)
        if question.limit is not None:
            query = query.limit(question.limit).offset(question.offset)
        records = list(session.scalars(query))
        rows = tuple(_rows(session, archive, records, as_of, language))
    total = sum(counts.values()) if wanted is None else counts[str(question.outcome)]
    return Report(as_of, total, rows, counts)


def explain_record(
    actor: Actor | None, archive: Archive, record_id: UUID, as_of: date | None, language: str
) -> ReportRow | None:
    """Return the decision on one record with its steps, or None while it has no class. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        if record.class_code is None:
            return None
        return next(_rows(operation.session, archive, [record], as_of or archive.clock.today(), language))


def store_due_date(session: Session, archive: Archive, record: Record) -> None:
    """Keep with the record what its rule says, as far as that does not depend on the day."""
    edition = edition_in_force(session)
    if edition is None or record.class_code is None:
        return
    book = book_of(record.rule_book or edition)
    rule = _rule(book, record, archive.clock.today())
    decision = decide(_facts(session, [record])[record.id], rule, (), archive.clock.today(), options(archive))
    record.rule_code = rule.code if rule else None
    record.rule_edition = rule.edition if rule else None
    record.fate = decision.fate.value if decision.fate else None
    record.active_until, record.due_on = decision.active_until, decision.due_on
    if rule is not None:
        record.terjaga, record.vital = record.terjaga or rule.terjaga, record.vital or rule.vital
    record.awaiting = ",".join(str(kind) for kind in decision.awaiting) or None


def apply_rules(actor: Actor | None, archive: Archive, book: RuleBook, reviewed_sha256: str | None = None) -> int:
    """Put a rule book into force and re-evaluate records that follow it; returns how many changed their due date.

    Records keep the book under which they were declared (R3), so only those not yet declared follow at once. Raises
    Refused when the content is not what was reviewed.
    """
    if reviewed_sha256 is not None and reviewed_sha256 != book.sha256:
        raise Refused("the rules are not the ones that were reviewed", "look at the impact again, then apply")
    with archive.door.write(actor, Action.RETENTION_APPLY) as operation:
        operation.decide()
        current = edition_in_force(operation.session)
        operation.about("rule_book", book.sha256, "retention.apply")
        if current is not None and current.sha256 == book.sha256:
            operation.unrecorded()
            return 0
        return _put_into_force(operation, archive, book, current)


def _put_into_force(operation: Operation, archive: Archive, book: RuleBook, current: RuleBookEdition | None) -> int:
    session = operation.session
    if current is not None:
        current.superseded_at = operation.now
    earlier = session.scalars(select(RuleBookEdition).where(RuleBookEdition.sha256 == book.sha256)).one_or_none()
    if earlier is not None:
        earlier.superseded_at, earlier.applied_at = None, operation.now
    else:
        edition = RuleBookEdition(
            id=new_id(archive.clock),
            sha256=book.sha256,
            content=book.to_text(),
            applied_at=operation.now,
            applied_by=operation.actor.id,
            superseded_at=None,
        )
        session.add(edition)
    session.flush()
    operation.note(editions=sorted(book.editions), rules=len(book.rules()))
    changed = 0
    for record in session.scalars(select(Record).where(Record.rule_book_id.is_(None), Record.class_code.is_not(None))):
        before = record.due_on
        store_due_date(session, archive, record)
        changed += record.due_on != before
    return changed


def options(archive: Archive) -> Options:
    """Return the interpretations that this installation has chosen."""
    settings = archive.settings.retention
    month, day = settings.fiscal_year_end.split("-")
    return Options(settings.upper_tier_years, settings.tier_basis, (int(month), int(day)))


def _office_id(session: Session, code: str) -> UUID:
    office = session.scalars(select(Office.id).where(Office.code == code)).one_or_none()
    if office is None:
        raise Refused(f"there is no office {code[:40]!r}")
    return office


def _outcomes(as_of: date) -> dict[Outcome, ColumnElement[bool]]:
    """The outcomes of `decide`, as conditions on what is stored."""
    blocked = or_(
        Record.terjaga, Record.vital, Record.legacy_unverified, Record.fixity_failed,
        Record.id.in_(select(HoldLink.record_id).join(Hold).where(Hold.released_at.is_(None))),
    )  # fmt: skip
    due = and_(Record.due_on.is_not(None), Record.due_on <= as_of)
    eligible = and_(due, Record.fate == "MUSNAH", ~blocked)
    review = and_(due, Record.fate == "DINILAI_KEMBALI", ~blocked)
    unknown = Record.due_on.is_(None)
    return {
        Outcome.ELIGIBLE: eligible,
        Outcome.REVIEW_DUE: review,
        Outcome.CANNOT_EVALUATE: unknown,
        Outcome.NOT_ELIGIBLE: and_(~unknown, ~eligible, ~review),
    }


def _rule(book: RuleBook, record: Record, today: date) -> Rule | None:
    """The rule the record was filed under; later editions do not touch it."""
    if record.rule_code and record.rule_edition:
        kept = book.rule(record.rule_edition, record.rule_code)
        if kept is not None:
            return kept
    declared = record.declared_at.date() if record.declared_at else today
    return book.rule_for(record.class_code or "", declared)


def _facts(session: Session, records: list[Record]) -> dict[UUID, RetentionFacts]:
    ids = [record.id for record in records]
    events: dict[UUID, list[EventFact]] = {}
    query = select(TriggerEvent).where(TriggerEvent.record_id.in_(ids), TriggerEvent.voided_at.is_(None))
    for event in session.scalars(query):
        fact = EventFact(TriggerType(event.type), event.happened_on, event.verified_at is not None, event.label)
        events.setdefault(event.record_id, []).append(fact)
    return {
        record.id: RetentionFacts(
            document_date=record.document_date,
            events=tuple(events.get(record.id, ())),
            folder_closed_on=record.folder.closed_on if record.folder else None,
            terjaga=record.terjaga,
            vital=record.vital,
            legacy_unverified=record.legacy_unverified,
            fixity_failed=record.fixity_failed,
        )
        for record in records
    }


def _holds(session: Session, ids: list[UUID]) -> dict[UUID, list[HoldFact]]:
    query = select(HoldLink.record_id, Hold).join(Hold).where(HoldLink.record_id.in_(ids), Hold.released_at.is_(None))
    found: dict[UUID, list[HoldFact]] = {}
    for record_id, hold in session.execute(query):
        found.setdefault(record_id, []).append(HoldFact(str(hold.id), hold.title))
    return found


def _rows(session: Session, archive: Archive, records: list[Record], as_of: date, language: str) -> Iterator[ReportRow]:
    chosen = options(archive)
    in_force = edition_in_force(session)
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        facts, holds = _facts(session, chunk), _holds(session, [record.id for record in chunk])
        for record in chunk:
            edition = record.rule_book or in_force
            rule = _rule(book_of(edition), record, as_of) if edition else None
            decision = decide(facts[record.id], rule, tuple(holds.get(record.id, ())), as_of, chosen)
            yield _row(record, rule, decision, language)


def _row(record: Record, rule: Rule | None, decision: Decision, language: str) -> ReportRow:
    return ReportRow(
        record=record.id,
        title=record.title,
        office=record.office.code,
        class_code=record.class_code or "",
        rule=rule.code if rule else None,
        edition=rule.edition if rule else None,
        fate=decision.fate.value if decision.fate else None,
        fate_text=rule.fate_text if rule else "",
        phase=decision.phase.value,
        outcome=decision.outcome.value,
        due_on=decision.due_on,
        reasons=tuple(str(reason) for reason in decision.reasons),
        reason_texts=tuple(reason_text(reason, language) for reason in decision.reasons),
        steps=tuple(
            {"step": step.name, "date": step.on.isoformat() if step.on else None, **step.arguments}
            for step in decision.steps
        ),
        step_texts=tuple(step_text(step, language) for step in decision.steps),
        headline=headline(decision, language),
    )
