"""Giving a declared record another rule: an audited act, superseding what stood before (R3, R75; section 2.1).

The rule of its declaration stays readable in the first row, so that the whole line of rules can be told. Helpers of a
review call `assign` within their own operation; `reassign_record` is a records officer's own act.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.assignment_model import AssignmentSource, RetentionAssignment
from edms.records.assignment_terms import REVIEWED, review_rules
from edms.records.model import Record, RecordState
from edms.records.retention import store_due_dates
from edms.records.retention_facts import options_of
from edms.records.rules import edition_in_force, kept_books
from edms.records.visible import decided_record
from edms.retention.decide import tier_of
from edms.retention.rule_text import rule_as_data
from edms.retention.types import ActiveMode, Cutoff, Fate, Period, Rule, TriggerType

_AT_ONCE = Period()
_PLAIN = {Fate.DESTROY: "Musnah", Fate.PERMANENT: "Permanen"}


@dataclass(frozen=True)
class NamedRule:
    """A rule of the book in force, by its edition and own code."""

    edition: str
    code: str


@dataclass(frozen=True)
class ReviewTerms:
    """What a review decides: the fate, and how long after `counts_from` it is due (no period: on that day).

    `text`: the decision in words; for a plain destruction or permanent keeping it is the fate's own word.
    """

    fate: Fate
    counts_from: date
    period: Period = _AT_ONCE
    text: str = ""


@dataclass(frozen=True)
class NewAssignment:
    """What a record is given and why. `given` None: the rule of its class in the book in force."""

    source: AssignmentSource
    reason: str
    given: NamedRule | ReviewTerms | None = None


def reassign_record(
    actor: Actor | None, archive: Archive, record_id: UUID, given: NamedRule | None, reason: str
) -> UUID:
    """Put one declared record under a rule of the book in force, its class's own when none is named.

    Returns the id of the assignment. Raises NotFound as a look at the record does; Refused when the record is not
    declared, when there is no such rule, when it stands under it already, or without a reason.
    """
    with archive.door.write(actor, Action.RECORD_REASSIGN) as operation:
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record.id, "record.reassigned")
        return assign(operation, archive, record, NewAssignment(AssignmentSource.OVERRIDE, reason, given))


def assign(operation: Operation, archive: Archive, record: Record, new: NewAssignment) -> UUID:
    """Let `new` hold for a declared record from now on, within an operation that has been decided; dates follow.

    Raises Refused as `reassign_record` does. The operation's event is left to its owner; that of the act itself is
    `retention.assigned`, with both rules.
    """
    if record.state != RecordState.DECLARED.value:
        raise Refused("only a declared record has a rule of its own", "it follows the rules in force until then")
    if not new.reason.strip():
        raise Refused("giving a record another rule needs a reason")
    session = operation.session
    before, made = _before(operation, record), _made(archive, session, record, new)
    if made.counts_from is None and _same(before, made):
        raise Refused("the record stands under this rule already")
    before.stands, before.until = None, operation.now
    session.add(before)
    session.flush()  # one holds at a time: the earlier one ends before the next begins
    made.position, made.actor, made.since = before.position + 1, operation.actor.id, operation.now
    session.add(made)
    if made.counts_from is None:
        record.rule_book_id, record.rule_edition, record.rule_code = (
            made.rule_book_id, made.rule_edition, made.rule_code,
        )  # fmt: skip
    store_due_dates(session, archive, [record.id])
    told = [f"{one.rule_edition or '-'}/{one.rule_code or '-'}" for one in (before, made)]
    operation.audit(
        "retention.assigned", "record", record.id, assignment=str(made.id), source=made.source, rules=told,
        book=str(made.rule_book_id), counts_from=made.counts_from.isoformat() if made.counts_from else None,
    )  # fmt: skip
    return made.id


def assignments_of(session: Session, record_id: UUID) -> list[RetentionAssignment]:
    """Return every assignment of a record, the first first; empty while it is under the rule of its declaration."""
    query = select(RetentionAssignment).where(RetentionAssignment.record_id == record_id)
    return list(session.scalars(query.order_by(RetentionAssignment.position)))


def record_assignments(actor: Actor | None, archive: Archive, record_id: UUID) -> list[dict[str, Any]]:
    """Return the line of rules of a record, the first first, as stable JSON; empty while it is under the rule of its
    declaration. Part of a look at the record: alone it leaves an event as that does. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        decided_record(operation, record_id)
        operation.seldom()
        return [
            {
                "source": one.source,
                "rule": one.rule_code,
                "edition": one.rule_edition,
                "fate": (one.snapshot.get("rule") or {}).get("fate"),
                "fate_text": (one.snapshot.get("rule") or {}).get("fate_text"),
                "counts_from": one.counts_from.isoformat() if one.counts_from else None,
                "reason": one.reason,
                "actor": one.actor,
                "since": one.since.isoformat(),
                "until": one.until.isoformat() if one.until else None,
            }
            for one in assignments_of(operation.session, record_id)
        ]


def _before(operation: Operation, record: Record) -> RetentionAssignment:
    """The assignment that ends: the one that stands, or that of the declaration, written down now."""
    standing = select(RetentionAssignment).where(
        RetentionAssignment.record_id == record.id, RetentionAssignment.stands.is_(True)
    )
    found = operation.session.scalars(standing.with_for_update()).one_or_none()
    if found is not None:
        return found
    kept = kept_books(operation.session).get(record.rule_book_id) if record.rule_book_id else None
    rule = kept.book.rule(record.rule_edition or "", record.rule_code or "") if kept and kept.book else None
    return RetentionAssignment(
        id=new_id(operation.clock),
        record_id=record.id,
        position=0,
        source=AssignmentSource.INHERITED.value,
        rule_book_id=record.rule_book_id,
        rule_edition=record.rule_edition,
        rule_code=record.rule_code,
        snapshot={"rule": rule_as_data(rule) if rule else None},
        reason="declaration",
        actor=record.declared_by or "",
        since=record.declared_at or operation.now,
    )


def _made(archive: Archive, session: Session, record: Record, new: NewAssignment) -> RetentionAssignment:
    """The assignment that begins, but for its actor and time."""
    found = RetentionAssignment(
        id=new_id(archive.clock), record_id=record.id, stands=True, source=new.source.value, reason=new.reason[:500]
    )
    if isinstance(new.given, ReviewTerms):
        standing = standing_rule(session, record)
        if standing is None:
            raise Refused("a record without a rule has nothing to review", "give it a rule first")
        found.rule_book_id = record.rule_book_id
        rule = _reviewed(standing, new.given, archive)
        found.counts_from = new.given.counts_from
    else:
        current = edition_in_force(session)
        kept = kept_books(session)[current.id] if current else None
        if current is None or kept is None or kept.book is None or not kept.intact:
            raise Refused("no rule book is in force")
        asked = (
            kept.book.rule(new.given.edition, new.given.code)
            if new.given
            else kept.book.rule_for(record.class_code or "", archive.clock.today())
        )
        if asked is None or not kept.book.editions[asked.edition].in_force(archive.clock.today()):
            raise Refused("there is no such rule in force", "name its edition and code, or give its class a rule")
        found.rule_book_id, rule = current.id, asked
    found.rule_edition, found.rule_code = rule.edition, rule.code
    found.snapshot = {"rule": rule_as_data(rule)}
    return found


def standing_rule(session: Session, record: Record) -> Rule | None:
    """Return the rule that a declared record stands under: that of a review, or the one its row names."""
    terms = review_rules(session, [record.id])
    if record.id in terms:
        return terms[record.id][0]
    kept = kept_books(session).get(record.rule_book_id) if record.rule_book_id else None
    return kept.book.rule(record.rule_edition or "", record.rule_code or "") if kept and kept.book else None


def _reviewed(standing: Rule, terms: ReviewTerms, archive: Archive) -> Rule:
    """The rule that a review makes: its own fate and period; who approves a destruction stays as it was (R35)."""
    plain = _PLAIN.get(terms.fate)
    return replace(
        standing,
        active_mode=ActiveMode.NONE,
        active=Period(),
        inactive=terms.period,
        fate=terms.fate,
        fate_text=plain or terms.text or standing.fate_text,
        triggers=(TriggerType.OTHER,),
        trigger_label=REVIEWED,
        any_trigger=False,
        cutoff=Cutoff.NONE,
        exceptions=() if plain else standing.exceptions,
        tier_before=tier_of(standing, options_of(archive)),
    )


def _same(one: RetentionAssignment, other: RetentionAssignment) -> bool:
    return one.counts_from is None and one.snapshot == other.snapshot
