"""What an audit event says, and its one spelling as a leaf (docs/formats/audit.md, section 1)."""

import json
import json.scanner
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rfc8785 import CanonicalizationError

from edms.core.canonical import canonical_json

PLACED_AT_ONCE = 1
PLACED_LATER = 2
"""Versions of a leaf: one that was appended in its act's own transaction, and one that waited for its place."""
MOST_INDEX = 2**53 - 1
MOST_LEAF_BYTES = 65_535  # what an entry bundle can hold (tiles)
MOST_CHARACTERS = {"action": 80, "actor_kind": 20, "actor_id": 120, "subject_kind": 40, "subject_id": 80}

_AT = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{6}Z", re.ASCII)
_SHAPE = {
    "action": str,
    "actor": dict,
    "at": str,
    "details": dict,
    "index": int,
    "outcome": str,
    "subject": dict,
    "version": int,
}
_SEQUENCE = (("lane", "number"), (int, int))
# For each version the names of a leaf's members and their types, for each part likewise, in the order of the names.
_SHAPES = {
    PLACED_AT_ONCE: (tuple(_SHAPE), tuple(_SHAPE.values())),
    PLACED_LATER: tuple(zip(*sorted({**_SHAPE, "sequence": dict}.items()), strict=True)),
}
_ACTOR = (("id", "kind", "name"), (str, str, str))
_SUBJECT = (("id", "kind"), (str, str))


@dataclass(frozen=True)
class AuditEvent:
    """One act. `details` hold ids, digests, counts and codes; never a title, never content.

    Raises ValueError when a field is longer than its column: a leaf and its row must say the same on every database.
    """

    action: str
    actor_kind: str
    actor_id: str
    actor_name: str
    subject_kind: str
    subject_id: str
    outcome: str = "done"
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, most in MOST_CHARACTERS.items():
            if len(getattr(self, name)) > most:
                raise ValueError(f"{name} of an audit event has more than {most} characters")


@dataclass(frozen=True)
class Numbered:
    """The place of an event among those that its lane numbered: from 1, without gaps."""

    lane: int
    number: int


def leaf_bytes(event: AuditEvent, index: int, at: datetime) -> bytes:
    """Return the canonical leaf of `event` at position `index`, appended in its act's own transaction.

    Raises ValueError when it is over 65,535 bytes or has a fraction, which RFC 8785 may spell as a whole number.
    """
    return leaf_at(told_of(event, at), index)


def told_of(event: AuditEvent, at: datetime, numbered: Numbered | None = None) -> dict[str, Any]:
    """Return what the leaf of `event` will say, without its index. Raises ValueError when there is a fraction in it."""
    if _has_fraction(event.details):
        raise ValueError(f"the details of {event.action} have a fraction: a leaf holds whole numbers only")
    told: dict[str, Any] = {
        "version": PLACED_LATER if numbered else PLACED_AT_ONCE,
        "at": spelled(at),
        "action": event.action,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "outcome": event.outcome,
        "details": event.details,
    }
    if numbered:
        told["sequence"] = {"lane": numbered.lane, "number": numbered.number}
    return told


def leaf_at(told: dict[str, Any], index: int) -> bytes:
    """Return the canonical leaf that says this at position `index`. Raises ValueError when it is over 65,535 bytes."""
    leaf = canonical_json({**told, "index": index})
    if len(leaf) > MOST_LEAF_BYTES:
        raise ValueError(f"the leaf of {told['action']} has more than {MOST_LEAF_BYTES} bytes")
    return leaf


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """Return what a leaf says. Raises ValueError, in words for a person, when it is not a leaf of format 1 or 2."""
    try:
        told = _canonical(leaf)
    except (ValueError, RecursionError, CanonicalizationError):
        raise ValueError("the leaf is not readable, or not in canonical form") from None
    if not isinstance(told, dict) or _shape(told) != _SHAPES.get(_version(told), _SHAPES[PLACED_AT_ONCE]):
        raise ValueError("the leaf does not have the parts that a leaf has")
    if _shape(told["actor"]) != _ACTOR:
        raise ValueError("the actor of the leaf does not have its parts")
    if _shape(told["subject"]) != _SUBJECT:
        raise ValueError("the subject of the leaf does not have its parts")
    if told["version"] not in _SHAPES or not _AT.fullmatch(told["at"]):
        raise ValueError("the leaf is of an unknown version or its time is not one")
    if "sequence" in told and _shape(told["sequence"]) != _SEQUENCE:
        raise ValueError("the sequence of the leaf does not have its parts")
    return told


def instant(spelling: str) -> datetime:
    """Return the instant that stands in a leaf. Raises ValueError."""
    return datetime.fromisoformat(spelling)


def spelled(at: datetime) -> str:
    """Return an instant as it stands in a leaf: UTC with six digits of a second."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:-6] + "Z"


def _shape(part: dict[str, Any]) -> tuple[tuple[str, ...], tuple[type, ...]]:
    """Names and types of members; in canonical form they stand in the order of their names, so this says it all."""
    return tuple(part), tuple(map(type, part.values()))


def _version(told: dict[str, Any]) -> int:
    version = told.get("version")
    return version if type(version) is int else PLACED_AT_ONCE


def _canonical(leaf: bytes) -> Any:
    """Read a leaf that is in RFC 8785's spelling; ValueError when it is in another one, or has a fraction.

    Without fractions Python's own writer gives that spelling ten times faster, save for the order of rare keys.
    """
    text = leaf.decode()
    try:
        told, end = _READER(text, 0)  # no white space is skipped: there is none in that spelling
    except StopIteration:
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    if _WRITER.encode(told) != text and canonical_json(told) != leaf:
        raise ValueError("not canonical")
    return told


def _has_fraction(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_fraction(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(_has_fraction(inner) for inner in value)
    return isinstance(value, float)


def _refuse(number: str) -> None:
    raise ValueError(f"{number} has no place in a leaf")


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)
_READER = json.scanner.make_scanner(json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse))  # type: ignore[arg-type]
