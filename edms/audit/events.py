"""What an audit event says, and its one spelling as a leaf (docs/formats/audit.md, section 1)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edms.core.canonical import canonical_json

LEAF_VERSION = 1
MOST_LEAF_BYTES = 64 * 1024
MOST_CHARACTERS = {"action": 80, "actor_kind": 20, "actor_id": 120, "subject_kind": 40, "subject_id": 80}


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
    """Return the canonical leaf of `event` at position `index`. Raises ValueError when it is over 64 KiB."""
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


def spelled(at: datetime) -> str:
    """Return an instant as it stands in a leaf: UTC with six digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
