"""The rule book in force: loaded from the database once per content, applied as an audited act."""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.records.model import RuleBookEdition
from edms.retention.rulebook import RuleBook, load_rules

__all__ = ["RuleBook", "book_in_force", "book_of", "edition_in_force", "load_rules"]


def edition_in_force(session: Session) -> RuleBookEdition | None:
    """Return the rule book that was applied last, or None before the first."""
    return session.scalars(
        select(RuleBookEdition)
        .where(RuleBookEdition.superseded_at.is_(None))
        .order_by(RuleBookEdition.applied_at.desc())
    ).first()


def book_of(edition: RuleBookEdition) -> RuleBook:
    """Return the parsed content of `edition`; parsed once per process and content."""
    return _parsed(edition.sha256, edition.content)


def book_in_force(session: Session) -> RuleBook | None:
    """Return the parsed rule book in force, or None."""
    edition = edition_in_force(session)
    return book_of(edition) if edition else None


@lru_cache(maxsize=8)
def _parsed(_sha256: str, content: str) -> RuleBook:
    return RuleBook.from_text(content)
