"""The retention report and the explanation of one record: what is due, when and why (R50)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.members import BY_ID, Ask, Said, Sight, counts_of, sight
from edms.records.model import Record
from edms.records.narrow import Allowed, Narrow
from edms.records.offices import office_of
from edms.records.retention_facts import drifted_books, judgeables, options_of, select_facts
from edms.records.rules import kept_books
from edms.records.visible import decided_record
from edms.retention.decide import decide
from edms.retention.explain import headline, outcome_names, reason_text, step_text
from edms.retention.types import Decision, Outcome, Rule

__all__ = ["Outcome", "outcome_names"]  # so that faces need not know the mechanism

_STOPS = (Said.HELD, Said.LENT, Said.TAKEN)


@dataclass(frozen=True)
class ReportQuestion:
    """What the report is asked: a day (None: today), an office code, an outcome, a window (limit None: all rows)."""

    as_of: date | None = None
    office: str | None = None
    outcome: str | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One record in the report. Words are made only where somebody reads them."""

    record: UUID
    title: str
    office: str
    class_code: str
    rule_row: Rule | None
    decision: Decision
    language: str

    @property
    def rule(self) -> str | None:
        return self.rule_row.code if self.rule_row else None

    @property
    def edition(self) -> str | None:
        return self.rule_row.edition if self.rule_row else None

    @property
    def fate(self) -> str | None:
        return self.decision.fate.value if self.decision.fate else None

    @property
    def fate_text(self) -> str:
        return self.rule_row.fate_text if self.rule_row else ""

    @property
    def phase(self) -> str:
        return self.decision.phase.value

    @property
    def outcome(self) -> str:
        return self.decision.outcome.value

    @property
    def due_on(self) -> date | None:
        return self.decision.due_on

    @property
    def headline(self) -> str:
        return headline(self.decision, self.language)

    @property
    def reason_texts(self) -> tuple[str, ...]:
        return tuple(reason_text(reason, self.language) for reason in self.decision.reasons)

    @property
    def step_texts(self) -> tuple[str, ...]:
        return tuple(step_text(step, self.language) for step in self.decision.steps)

    def as_dict(self, *, steps: bool = False) -> dict[str, Any]:
        """One row of the stable JSON; `explain` adds the steps."""
        decision, due_on = self.decision, self.decision.due_on
        told: dict[str, Any] = {
            "record": str(self.record),
            "title": self.title,
            "office": self.office,
            "class": self.class_code,
            "rule": self.rule,
            "edition": self.edition,
            "fate": self.fate,
            "tier": decision.tier.value if decision.tier else None,
            "phase": self.phase,
            "outcome": self.outcome,
            "due_on": due_on.isoformat() if due_on else None,
            "reasons": list(decision.reason_codes),
        }
        if steps:
            told |= {
                "active_until": decision.active_until.isoformat() if decision.active_until else None,
                "fate_text": self.fate_text,
                "steps": [
                    {"step": step.name, "date": step.on.isoformat() if step.on else None, **step.arguments}
                    for step in decision.steps
                ],
                "step_texts": list(self.step_texts),
                "reason_texts": list(self.reason_texts),
            }
        return told


@dataclass(frozen=True)
class Report:
    """`total` rows in all, those of the window in `rows`, and how many there are of each outcome."""

    as_of: date
    total: int
    rows: Iterable[ReportRow]
    counts: dict[str, int]


def retention_report(actor: Actor | None, archive: Archive, question: ReportQuestion, language: str) -> Report:
    """Return the report with its rows in memory: for a page of it."""
    with open_report(actor, archive, question, language) as found:
        return replace(found, rows=tuple(found.rows))


@contextmanager
def open_report(actor: Actor | None, archive: Archive, question: ReportQuestion, language: str) -> Iterator[Report]:
    """Give what is due, when and why, of the declared records the actor may see; most urgent first.

    Outcomes are conditions on stored, indexed values, so that counts and a page cost a page, not the archive; each row
    is then decided anew with all its reasons. Rows are read while they are asked for, within the block; before
    the first there is the event of who is shown how many.
    """
    as_of = question.as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        session, visible = operation.session, _visible(operation, question, None).within
        conditions = outcome_conditions(session, as_of)
        counts = _counts(operation, archive, question, as_of)
        wanted = conditions.get(Outcome(question.outcome)) if question.outcome in list(Outcome) else None
        asked = and_(visible, *([] if wanted is None else [wanted]))
        order = (Record.due_on.nulls_last(), Record.id)
        if question.limit is not None:
            # The window is found in the index alone; only its own rows are then read, however far down it lies.
            window = select(Record.id).where(asked).order_by(*order).limit(question.limit).offset(question.offset)
            asked = Record.id.in_(list(session.scalars(window)))
        query = select_facts().where(asked).order_by(*order)
        total = sum(counts.values()) if wanted is None else counts[str(question.outcome)]
        shown = total if question.limit is None else max(0, min(question.limit, total - question.offset))
        operation.about("archive", "", "retention.reported")
        operation.note(
            as_of=as_of.isoformat(), office=question.office, total=total, shown=shown, offset=question.offset
        )
        operation.note(outcome=None if wanted is None else question.outcome)
        operation.record_now()
        yield Report(as_of, total, _rows(session, archive, query, as_of, language), counts)


def explain_record(
    actor: Actor | None, archive: Archive, record_id: UUID, as_of: date | None, language: str
) -> ReportRow | None:
    """Return the decision on one record with its steps, or None while it has no class. Raises NotFound.

    Part of a look at the record: alone it leaves an event as that does.
    """
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.seldom()
        if record.class_code is None:
            return None
        query = select_facts().where(Record.id == record_id)
        return next(_rows(operation.session, archive, query, as_of or archive.clock.today(), language))


def outcome_conditions(session: Session, as_of: date) -> dict[Outcome, ColumnElement[bool]]:
    """Return the outcomes of `decide` as conditions on what is stored; a property test holds the two together."""
    due = and_(Record.due_on.is_not(None), Record.due_on <= as_of)
    eligible, review = (and_(due, condition) for condition in may_be_done(session).values())
    unknown = Record.due_on.is_(None)
    return {
        Outcome.ELIGIBLE: eligible,
        Outcome.REVIEW_DUE: review,
        Outcome.CANNOT_EVALUATE: unknown,
        Outcome.NOT_ELIGIBLE: and_(~unknown, ~func.coalesce(eligible, false()), ~func.coalesce(review, false())),
    }


def may_be_done(session: Session, ask: Ask = BY_ID) -> dict[Outcome, ColumnElement[bool]]:
    """Return what must be true, beside its day, of a record that may be destroyed and of one that may be reviewed."""
    # What is cheap to ask stands first: most rows are out of it before the holds are looked at.
    free = ~stopped(session, ask)
    return {
        Outcome.ELIGIBLE: and_(ask.allows(Allowed.DESTROY), free, ~ask.said(Said.FILED)),
        Outcome.REVIEW_DUE: and_(ask.allows(Allowed.REVIEW), free),
    }


def stopped(session: Session, ask: Ask) -> ColumnElement[bool]:
    """Return the condition that something beside its own row stands in the way of any disposal, whatever the fate."""
    drifted = drifted_books(kept_books(session))
    said = ask.said(*_STOPS)
    return or_(said, Record.rule_book_id.in_(drifted)) if drifted else said


def narrow_index(session: Session, archive: Archive) -> Narrow | None:
    """Return the narrow index where it tells enough: it has no rule book, which matters where the content of one was
    changed, or two differ on a rule. PostgreSQL has none."""
    books = kept_books(session)
    if not archive.database.is_sqlite or drifted_books(books):
        return None
    rules: dict[tuple[str, str], Rule] = {}
    every = (rule for kept in books.values() if kept.book for rule in kept.book.rules())
    alike = all(rules.setdefault((rule.edition, rule.code), rule) == rule for rule in every)
    return Narrow.DUE if alike else None


def _visible(operation: Operation, question: ReportQuestion, narrow: Narrow | None) -> Sight:
    found = sight(operation.scope(), narrow)
    if not question.office:
        return found
    return found.of_office(office_of(operation.session, question.office).id)


def _counts(operation: Operation, archive: Archive, question: ReportQuestion, as_of: date) -> dict[str, int]:
    """How many there are of each outcome; what is none of the others is not eligible."""
    session = operation.session

    def parts(ask: Ask) -> list[tuple[ColumnElement[bool], dict[str, ColumnElement[bool]]]]:
        done = may_be_done(session, ask)
        return [
            (ask.due <= as_of, {"dated": true(), **{outcome.value: one for outcome, one in done.items()}}),
            (ask.due > as_of, {"dated": true()}),
            (ask.due.is_(None), {Outcome.CANNOT_EVALUATE.value: true()}),
        ]

    seen = _visible(operation, question, narrow_index(session, archive))
    found = counts_of(session, seen, parts, (*_STOPS, Said.FILED))
    found[Outcome.NOT_ELIGIBLE.value] = (
        found.pop("dated") - found[Outcome.ELIGIBLE.value] - found[Outcome.REVIEW_DUE.value]
    )
    return {outcome.value: found[outcome.value] for outcome in Outcome}


def _rows(session: Session, archive: Archive, query: Any, as_of: date, language: str) -> Iterator[ReportRow]:
    options, today = options_of(archive), archive.clock.today()
    for found in judgeables(session, query, today):
        row, rule = found.row, found.rule
        decision = decide(found.facts, rule, found.holds, as_of, options)
        yield ReportRow(row.id, row.title, row.office, row.class_code or "", rule, decision, language)
