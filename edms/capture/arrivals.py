"""Exactly once: what identifies a thing at its source is kept in the transaction that captures it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.capture.intake_model import Arrival
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive

INTAKE = system_actor("intake")


@dataclass(frozen=True)
class Origin:
    """Where a thing comes from: `source` is the way in (`folder:NAME`), `identity` what names the thing there.

    `details` are kept with the arrival: plain JSON values, a few hundred bytes.
    """

    source: str
    identity: str
    details: dict[str, Any] = field(default_factory=dict)


def identity_of(*parts: str | int) -> str:
    """Return the identity that `parts` make together: 64 hexadecimal digits, no two lists of parts the same."""
    return sha256_hex(canonical_json([str(part) for part in parts]))


def arrival_of(session: Session, origin: Origin, sha256: str) -> Arrival | None:
    """Return the arrival of this very thing with these very bytes, or None."""
    return session.scalars(
        select(Arrival).where(
            Arrival.source == origin.source, Arrival.identity == origin.identity, Arrival.sha256 == sha256
        )
    ).one_or_none()


def note_arrival(
    operation: Operation, archive: Archive, origin: Origin, record_id: UUID, sha256: str, size: int, *, duplicate: bool
) -> None:
    """Write down that a thing has come in, in the transaction that captures it."""
    operation.session.add(
        Arrival(
            id=new_id(archive.clock),
            source=origin.source,
            identity=origin.identity,
            sha256=sha256,
            size=size,
            record_id=record_id,
            duplicate=duplicate,
            details=origin.details,
            arrived_at=operation.now,
        )
    )
    operation.note(source=origin.source)


def settle(archive: Archive, origin: Origin, sha256: str) -> None:
    """Write down that the source was told: should the same come again from there, it has come a second time."""
    with archive.door.write(INTAKE, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.execute(
            update(Arrival)
            .where(Arrival.source == origin.source, Arrival.identity == origin.identity, Arrival.sha256 == sha256)
            .values(settled_at=operation.now)
        )
