"""Drafts of rule books: handed in by one person, reviewed by their impact, put into force by another (R3, R29, R88)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.draft_model import RuleDraft, RuleReview
from edms.records.impact import Impact, impact_of, titles_of
from edms.records.rules import edition_in_force
from edms.retention.rulebook import RuleBook

MOST_ROWS_KEPT = 1000
_MOST_NAMED = 500
_named: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True)
class DraftLine:
    """A draft as a list shows it. `standing`: it is in force. `reviewed`: its impact on what is in force was seen."""

    id: UUID
    sha256: str
    note: str
    made_by: str
    made_at: datetime
    editions: tuple[str, ...]
    standing: bool
    reviewed: bool
    withdrawn_at: datetime | None


def hand_in_rules(actor: Actor | None, archive: Archive, book: RuleBook, note: str = "") -> UUID:
    """Keep a rule book as a draft and return its id; one with the same content is there once."""
    with archive.door.write(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        return _keep(operation, archive, book, note).id


def review_rules(
    actor: Actor | None,
    archive: Archive,
    book: RuleBook,
    as_of: date | None = None,
    part: Callable[[int], None] = lambda _count: None,
) -> Impact:
    """Return the impact of a book and keep that the actor was shown it: what `apply_rules` then asks for.

    The draft is kept with it when it is not there yet, as handed in by the actor.
    """
    found = impact_of(actor, archive, book, as_of, part)
    with archive.door.write(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        draft = _keep(operation, archive, book, "")
        review = RuleReview(
            id=new_id(archive.clock),
            draft_id=draft.id,
            against_sha256=found.against,
            as_of=found.as_of,
            impact=_kept(found),
            reviewed_by=operation.actor.id,
            reviewed_at=operation.now,
        )
        operation.session.add(review)
        operation.about("rule_book", book.sha256, "retention.reviewed")
        operation.note(draft=str(draft.id), review=str(review.id), against=found.against, as_of=found.as_of.isoformat())
    return found


def withdraw_draft(actor: Actor | None, archive: Archive, draft_id: UUID) -> None:
    """Let a draft go; it stays readable, and cannot be put into force until it is handed in again."""
    with archive.door.write(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        draft = _found(operation, draft_id, lock=True)
        if draft.withdrawn_at is not None:
            raise Refused("the draft is withdrawn already")
        draft.withdrawn_at, draft.withdrawn_by = operation.now, operation.actor.id
        operation.about("rule_book", draft.sha256, "retention.draft_withdrawn")


def draft_book(actor: Actor | None, archive: Archive, draft_id: UUID) -> RuleBook:
    """Return the rule book of a draft. Raises NotFound."""
    with archive.door.read(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        return RuleBook.from_text(_found(operation, draft_id).content)


def list_drafts(actor: Actor | None, archive: Archive) -> list[DraftLine]:
    """Return every draft that was handed in, the newest first."""
    with archive.door.read(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        current = edition_in_force(operation.session)
        against = current.sha256 if current else ""
        seen = set(operation.session.scalars(select(RuleReview.draft_id).where(RuleReview.against_sha256 == against)))
        drafts = operation.session.scalars(select(RuleDraft).order_by(RuleDraft.made_at.desc(), RuleDraft.id))
        return [
            DraftLine(
                one.id, one.sha256, one.note, one.made_by, one.made_at,
                _editions(one), one.sha256 == against, one.id in seen,
                one.withdrawn_at,
            )
            for one in drafts
        ]  # fmt: skip


def _editions(draft: RuleDraft) -> tuple[str, ...]:
    """The editions of a draft, parsed once per process: a list of drafts is looked at more often than it changes."""
    if draft.sha256 not in _named:
        if len(_named) >= _MOST_NAMED:
            _named.clear()
        _named[draft.sha256] = tuple(sorted(RuleBook.from_text(draft.content).editions))
    return _named[draft.sha256]


def shown_review(actor: Actor | None, archive: Archive, draft_id: UUID) -> dict[str, Any] | None:
    """Return the newest review of a draft, `impact` as it was counted then and the titles that the actor may see now;
    `stale` when another book came into force since. None before the first. Raises NotFound."""
    with archive.door.disclose(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        session, draft = operation.session, _found(operation, draft_id)
        operation.about("rule_book", draft.sha256, "retention.impact_shown")
        operation.seldom()
        query = select(RuleReview).where(RuleReview.draft_id == draft_id).order_by(RuleReview.reviewed_at.desc())
        review = session.scalars(query.limit(1)).first()
        if review is None:
            return None
        current = edition_in_force(session)
        titles = titles_of(session, operation, [one["record"] for one in review.impact["samples"]])
        return {
            "impact": review.impact,
            "titles": titles,
            "reviewed_by": review.reviewed_by,
            "reviewed_at": review.reviewed_at,
            "stale": review.against_sha256 != (current.sha256 if current else ""),
        }


def require_review(operation: Operation, book: RuleBook, against: str) -> None:
    """Require that the impact of just this content on what is in force was seen, and by somebody else than the actor,
    who did not hand it in either. Raises Refused without a review, NotPermitted for who stands too near (R88)."""
    session = operation.session
    draft = session.scalars(select(RuleDraft).where(RuleDraft.sha256 == book.sha256)).one_or_none()
    if draft is None:
        raise Refused(
            "nobody has reviewed these rules", "look at what it would change first: edms retention impact DIR"
        )
    if draft.withdrawn_at is not None:
        raise Refused("the draft is withdrawn", "hand it in again")
    reviewers = set(_reviewers(session, draft.id, against))
    if not reviewers:
        raise Refused(
            "these rules were not reviewed against the ones that are in force now",
            "look at what it would change first: edms retention impact DIR",
        )
    others = reviewers - {operation.actor.id, operation.actor.name}
    alone = [] if others else sorted(reviewers)
    done = {Duty.HAND_IN_RULES: [draft.made_by], Duty.REVIEW_RULES: alone}
    operation.apart(Duty.APPLY_RULES, done, "ask a colleague")
    operation.note(draft=str(draft.id), reviewed_by=sorted(reviewers))


def _reviewers(session: Session, draft_id: UUID, against: str) -> list[str]:
    query = select(RuleReview.reviewed_by).where(RuleReview.draft_id == draft_id, RuleReview.against_sha256 == against)
    return list(session.scalars(query))


def _keep(operation: Operation, archive: Archive, book: RuleBook, note: str) -> RuleDraft:
    operation.about("rule_book", book.sha256, "retention.draft_handed_in")
    found = _of_content(operation.session, book)
    if found is None:
        found = RuleDraft(
            id=new_id(archive.clock),
            sha256=book.sha256,
            content=book.to_text(),
            note=note[:300],
            made_by=operation.actor.id,
            made_at=operation.now,
        )
        try:
            with operation.session.begin_nested():
                operation.session.add(found)
        except IntegrityError:  # somebody else handed in the same at this moment
            found = _of_content(operation.session, book)
            assert found is not None, "that it is there is why it could not be added"
    elif found.withdrawn_at is not None:
        found.withdrawn_at = found.withdrawn_by = None
        found.made_by, found.made_at = operation.actor.id, operation.now
    operation.note(draft=str(found.id), editions=sorted(book.editions))
    return found


def _of_content(session: Session, book: RuleBook) -> RuleDraft | None:
    return session.scalars(select(RuleDraft).where(RuleDraft.sha256 == book.sha256).with_for_update()).one_or_none()


def _found(operation: Operation, draft_id: UUID, *, lock: bool = False) -> RuleDraft:
    draft = operation.session.get(RuleDraft, draft_id, with_for_update=lock)
    operation.about("rule_book", draft_id)
    if draft is None:
        raise NotFound()
    return draft


def _kept(found: Impact) -> dict[str, Any]:
    """What is kept of an impact: no title, and of its lines those with most changes."""
    told = found.as_dict()
    told["samples"] = [one.as_dict() for one in found.samples]
    told["left_out"] = max(0, len(told["by"]) - MOST_ROWS_KEPT)
    told["by"] = told["by"][:MOST_ROWS_KEPT]
    told["by_office"] = [dict(one, applied=dict(one["applied"]), reassigned=dict(one["reassigned"]))
                         for one in found.summed("office")]  # fmt: skip
    return told
