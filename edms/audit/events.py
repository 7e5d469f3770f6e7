"""What an audit event says, and its one spelling as a leaf (docs/formats/audit.md, section 1)."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rfc8785 import CanonicalizationError

from edms.core.canonical import canonical_json

LEAF_VERSION = 1
MOST_LEAF_BYTES = 65_535  # what an entry bundle can hold (tiles)
MOST_CHARACTERS = {"action": 80, "actor_kind": 20, "actor_id": 120, "subject_kind": 40, "subject_id": 80}

_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SHAPE = {
    "version": int,
    "index": int,
    "at": str,
    "action": str,
    "actor": dict,
    "subject": dict,
    "outcome": str,
    "details": dict,
}
_PARTS = {"actor": {"kind", "id", "name"}, "subject": {"kind", "id"}}


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


def leaf_bytes(event: AuditEvent, index: int, at: datetime) -> bytes:
    """Return the canonical leaf of `event` at position `index`.

    Raises ValueError when it is over 65,535 bytes or has a fraction, which RFC 8785 may spell as a whole number.
    """
    if _has_fraction(event.details):
        raise ValueError(f"the details of {event.action} have a fraction: a leaf holds whole numbers only")
    leaf = canonical_json(
        {
            "version": LEAF_VERSION,
            "index": index,
            "at": spelled(at),
            "action": event.action,
            "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
            "subject": {"kind": event.subject_kind, "id": event.subject_id},
            "outcome": event.outcome,
            "details": event.details,
        }
    )
    if len(leaf) > MOST_LEAF_BYTES:
        raise ValueError(f"the leaf of {event.action} has more than {MOST_LEAF_BYTES} bytes")
    return leaf


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """Return what a leaf says. Raises ValueError, in words for a person, when it is not a leaf of format 1."""
    try:
        told = _canonical(leaf)
    except (ValueError, RecursionError, CanonicalizationError):
        raise ValueError("the leaf is not readable, or not in canonical form") from None
    if not isinstance(told, dict) or {name: type(value) for name, value in told.items()} != _SHAPE:
        raise ValueError("the leaf does not have the parts that a leaf has")
    for name, parts in _PARTS.items():
        if told[name].keys() != parts or not all(isinstance(value, str) for value in told[name].values()):
            raise ValueError(f"the {name} of the leaf does not have its parts")
    if told["version"] != LEAF_VERSION or not _AT.fullmatch(told["at"]):
        raise ValueError("the leaf is of an unknown version or its time is not one")
    return told


def spelled(at: datetime) -> str:
    """Return an instant as it stands in a leaf: UTC with six digits of a second."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _canonical(leaf: bytes) -> Any:
    """Read a leaf that is in RFC 8785's spelling; ValueError when it is in another one, or has a fraction.

    Without fractions Python's own writer gives that spelling ten times faster, save for the order of rare keys.
    """
    told = _READER.decode(leaf.decode())
    quick = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if quick.encode() != leaf and canonical_json(told) != leaf:
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


_READER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)
