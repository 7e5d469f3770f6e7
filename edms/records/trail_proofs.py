"""What a certificate shows of the audit trail: leaves with their proofs, and where the trail received a record."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from edms.audit.publication import cosigned_note, newest_checkpoint
from edms.records.archive import Archive


def leaves_proven(session: Session, archive: Archive, wanted: Iterable[int]) -> dict[str, Any]:
    """Return the leaves at these places as a certificate has them: with their proofs to the newest checkpoint, its note
    with cosignatures, and the public keys. Signs a checkpoint when none covers them all. There is one at least."""
    indexes = sorted(set(wanted))
    newest = newest_checkpoint(session)
    if newest is None or newest.size <= indexes[-1]:
        archive.trail.checkpoint(session)
        newest = newest_checkpoint(session)
    assert newest is not None, "it was just signed"
    leaves = []
    for index in indexes:
        leaf = archive.trail.leaf(session, index)
        assert leaf is not None, "it was found by its place"
        path = archive.trail.inclusion(session, index, newest.size)
        leaves.append({"index": index, "leaf": leaf.decode(), "proof": [step.hex() for step in path]})
    return {"size": newest.size, "checkpoint": cosigned_note(session, newest), "leaves": leaves,
            "keys": archive.public_pem}  # fmt: skip


def received_at(events: Iterable[dict[str, Any]], original: str) -> int | None:
    """Return the place of the first of a record's events by which it came in with this digest of its original."""
    for event in events:
        if event["details"].get("sha256") == original and event["action"] != "blob.destroyed":
            found: int | None = event["index"]
            return found
    return None
