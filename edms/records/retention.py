"""Retention as stored: the rule and the due dates kept with each record, and rule books put into force."""

from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.drafts import require_review
from edms.records.model import Record, RecordState, RuleBookEdition
from edms.records.retention_facts import RulesKept, judgeables, options_of, select_facts
from edms.records.rules import edition_in_force, kept_books
from edms.retention.decide import decide
from edms.retention.rulebook import RuleBook
from edms.retention.types import EditionState

_PART = 500
RETENTION_TOPIC = "retention"
"""Records of which a date was changed, for the evaluation of the night."""


def assign_rule(session: Session, archive: Archive, record: Record) -> None:
    """Let a record that is being declared keep the rule in force today, by its edition and book (R3)."""
    rules = RulesKept(session, archive.clock.today())
    _choose_rule(rules, record)
    store_due_dates(session, archive, [record.id], rules)


def store_due_dates(session: Session, archive: Archive, record_ids: list[UUID], rules: RulesKept | None = None) -> int:
    """Keep with each record what its rule says, as far as that does not depend on the day; returns how many changed.

    Called whenever one of the facts changed: declaration, an event verified or voided, a folder closed, rules applied.
    Records that are not declared are passed over: they get their rule and dates when they are. `rules`: those of today,
    where the caller has read them already.
    """
    session.flush()
    today, options, changed = archive.clock.today(), options_of(archive), 0
    for start in range(0, len(record_ids), _PART):
        part = record_ids[start : start + _PART]
        wanted = and_(Record.id.in_(part), Record.state == RecordState.DECLARED.value)
        records = {record.id: record for record in session.scalars(select(Record).where(wanted))}
        for found in judgeables(session, select_facts().where(wanted), today, rules):
            record, rule = records[found.row.id], found.rule
            decision = decide(found.facts, rule, (), today, options)
            before = (record.due_on, record.fate)
            record.fate = decision.fate.value if decision.fate else None
            record.active_until, record.due_on = decision.active_until, decision.due_on
            record.awaiting = ",".join(str(kind) for kind in decision.awaiting) or None
            if rule is not None:
                facts = found.facts
                record.terjaga = record.terjaga or (rule.terjaga and not facts.terjaga_released)
                record.vital = record.vital or (rule.vital and not facts.vital_released)
            if before != (record.due_on, record.fate):
                changed += 1
                session.add(OutboxEntry(topic=RETENTION_TOPIC, subject_id=record.id, created_at=archive.clock.now()))
    return changed


def apply_rules(actor: Actor | None, archive: Archive, book: RuleBook, reviewed_sha256: str | None = None) -> int:
    """Put a rule book into force; returns how many declared records that had no rule have one now.

    Other declared records keep the rule under which they were declared (R3); what is declared from now on follows the
    new book. Raises Refused when the content is not what was reviewed, when nobody else saw its impact on what is in
    force (`edms.records.drafts`), or when it alters an edition that is or was in force; NotPermitted for who handed it
    in, or alone reviewed it. Only the first book of an archive, which changes nothing, needs no review.
    """
    if reviewed_sha256 is not None and reviewed_sha256 != book.sha256:
        raise Refused("the rules are not the ones that were reviewed", "look at them again, then apply")
    with archive.door.write(actor, Action.RETENTION_APPLY) as operation:
        operation.decide()
        current = edition_in_force(operation.session)
        operation.about("rule_book", book.sha256, "retention.apply")
        if current is not None and current.sha256 == book.sha256:
            operation.unrecorded()
            return 0
        if current is not None:
            _still_in_force(operation.session, current)
            require_review(operation, book, current.sha256)
        _refuse_altered_editions(operation.session, book)
        return _put_into_force(operation, archive, book, current)


def _still_in_force(session: Session, current: RuleBookEdition) -> None:
    """Hold the book in force until this is committed, so that of two that come at once the second is held against the
    first. Raises Refused when it was superseded while this waited."""
    session.refresh(current, with_for_update=True)
    if current.superseded_at is not None:
        raise Refused("other rules came into force meanwhile", "look at what it would change now")


def _refuse_altered_editions(session: Session, book: RuleBook) -> None:
    """An edition once active stands (R3): it may be closed, not edited. Examples are not law and may be mended."""
    for kept in kept_books(session).values():
        for name, earlier in kept.book.editions.items() if kept.book else ():
            later = book.editions.get(name)
            if later is None or earlier.example or earlier.state is EditionState.DRAFT:
                continue
            assert kept.book is not None
            if later.state is EditionState.DRAFT or book.content_of(name) != kept.book.content_of(name):
                raise Refused(
                    f"edition {name} was in force and is altered here; what was in force stands",
                    "close it with effective_to and put what is new into an edition of its own",
                )


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
    without = select(Record).where(Record.state == RecordState.DECLARED.value, Record.rule_code.is_(None))
    orphans = list(session.scalars(without))
    rules = RulesKept(session, archive.clock.today())
    for record in orphans:
        _choose_rule(rules, record)
    return store_due_dates(session, archive, [record.id for record in orphans], rules)


def _choose_rule(rules: RulesKept, record: Record) -> None:
    rule = rules.for_class(record.class_code)
    record.rule_book_id = rules.in_force.id if rules.in_force else None
    record.rule_code, record.rule_edition = (rule.code, rule.edition) if rule else (None, None)
