"""A question as it is kept: what was typed, what it was narrowed to, in which order."""

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast, get_args
from uuid import UUID

from edms.core.errors import LimitExceeded, Refused
from edms.records.archive import Archive
from edms.search.protocol import Filters, Sort

_SETS: Final = ("offices", "levels", "record_types", "states")
_SINGLE: Final = ("class_prefix", "year_from", "year_to")


def sort_named(name: str) -> Sort:
    """Return the order of that name, the best first when there is none."""
    return cast(Sort, name) if name in get_args(Sort) else "relevance"


@dataclass(frozen=True)
class KeptQuestion:
    """What is asked, without window and facets."""

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"

    def as_dict(self) -> dict[str, Any]:
        """What is kept: only what was given."""
        told: dict[str, Any] = {name: sorted(getattr(self.filters, name)) for name in _SETS}
        told |= {name: getattr(self.filters, name) for name in _SINGLE}
        return {"text": self.text, "sort": self.sort} | {name: value for name, value in told.items() if value}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "KeptQuestion":
        """Read what `as_dict` gave; what a later version put there and this one does not know is passed over."""
        narrowed: dict[str, Any] = {name: frozenset(told.get(name, ())) for name in _SETS}
        narrowed |= {name: told[name] for name in _SINGLE if name in told}
        return cls(told.get("text", ""), Filters(**narrowed), sort_named(told.get("sort", "")))

    def to_json(self) -> bytes:
        return json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False).encode()

    @property
    def empty(self) -> bool:
        return not self.text and not self.filters.names()


def require_question(question: KeptQuestion, archive: Archive) -> None:
    """Raise Refused for what is no question, or too long for one."""
    if question.empty:
        raise Refused("there is nothing to keep", "type something, or narrow the list, and search first")
    if len(question.text) > archive.settings.search.max_query_characters:
        raise Refused("the question is too long")


def require_length(text: str, most: int) -> None:
    """Raise LimitExceeded for a query of more than `most` characters."""
    if len(text) > most:
        raise LimitExceeded(
            f"the query is longer than {most} characters", "use fewer words (search.max_query_characters)"
        )


def packed(ids: frozenset[UUID]) -> bytes:
    return b"".join(sorted(one.bytes for one in ids))


def unpacked(told: bytes) -> frozenset[UUID]:
    return frozenset(UUID(bytes=told[start : start + 16]) for start in range(0, len(told), 16))
