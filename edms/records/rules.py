"""Rule books as applied: loaded from the database once per content, held against the hash they were applied with."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.records.model import RuleBookEdition
from edms.retention.errors import RuleFault
from edms.retention.rulebook import RuleBook, load_rules

__all__ = ["KeptBook", "RuleBook", "book_in_force", "edition_in_force", "kept_books", "load_rules"]

_MOST_PARSED = 32
_parsed: dict[str, RuleBook] = {}


@dataclass(frozen=True)
class KeptBook:
    """A stored rule book. `intact` is false when its content is not the one that was applied; `book` is None when it
    cannot even be read."""

    book: RuleBook | None
    intact: bool


def edition_in_force(session: Session) -> RuleBookEdition | None:
    """Return the rule book that was applied last, or None before the first."""
    return session.scalars(
        select(RuleBookEdition)
        .where(RuleBookEdition.superseded_at.is_(None))
        .order_by(RuleBookEdition.applied_at.desc())
    ).first()


def kept_books(session: Session) -> dict[UUID, KeptBook]:
    """Return every rule book that was ever applied, by its id: records point at the one they were declared under."""
    rows = session.execute(select(RuleBookEdition.id, RuleBookEdition.sha256))
    return {book_id: _kept(session, book_id, sha256) for book_id, sha256 in rows.all()}


def book_in_force(session: Session) -> RuleBook | None:
    """Return the parsed rule book in force, or None."""
    edition = edition_in_force(session)
    return _kept(session, edition.id, edition.sha256).book if edition else None


def _kept(session: Session, book_id: UUID, sha256: str) -> KeptBook:
    """Parse a content once per process. What was found true to its hash cannot change, so it need not be read again."""
    if sha256 in _parsed:
        return KeptBook(_parsed[sha256], intact=True)
    content = session.scalars(select(RuleBookEdition.content).where(RuleBookEdition.id == book_id)).one()
    intact = hashlib.sha256(content.encode()).hexdigest() == sha256
    try:
        book = RuleBook.from_text(content)
    except (RuleFault, ValueError, TypeError, AttributeError):
        return KeptBook(None, intact)
    if intact:
        if len(_parsed) >= _MOST_PARSED:
            _parsed.clear()
        _parsed[sha256] = book
    return KeptBook(book, intact)
