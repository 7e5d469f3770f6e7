"""Penyerahan arsip statis, up to the package: assessed, approved by the archival institution, decided (R44).

Each step is by somebody who had no other part in it; what is held, lent or not due any more is taken out at each.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.typed import line
from edms.exchange.drawing import signers_named
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.proceedings import (
    SUBJECT,
    decided_proceeding,
    exclude_hindered,
    may_take,
    require_all_seen,
    standing,
    step,
)
from edms.records.proceedings_list import drawn_list, list_sha256
from edms.records.proceedings_model import Proceeding
from edms.records.reviewing import Panel
from edms.retention.proceedings import Act, Kind
from edms.signing.errors import SigningFault
from edms.signing.trust import TrustMaterial

HEAD = "pimpinan pencipta arsip"
_MOST_KEYS = 256 * 1024


@dataclass(frozen=True)
class Approval:
    """The letter of the archival institution's head. `keys`: PEM of the certificates that its receipts are signed
    under, root and signer, had from it before anything is sent."""

    letter: str
    on: date
    receiver: str
    keys: str


@dataclass(frozen=True)
class HandoverDecision:
    """The decree on what is handed over: number, day, and the user name of the head who signs its papers."""

    number: str
    on: date
    head: str


def assess_handover(actor: Actor | None, archive: Archive, proceeding_id: UUID, panel: Panel, looked_at: bool) -> None:
    """Write the committee's opinion down; `looked_at`: the items were inspected, by somebody who may see each of them.
    Raises NotFound, NotPermitted, Refused."""
    with archive.door.write(actor, Action.CUSTODY_DECIDE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.assessed")
        may_take(operation, archive, row, Act.ASSESS)
        if not looked_at or not line(panel.minutes, 200):
            raise Refused("an assessment looks at the records themselves, and its meeting has minutes")
        left_out = exclude_hindered(operation, archive, row)
        require_all_seen(operation, row)
        step(operation, archive, row, Act.ASSESS, {**panel.as_note(), "left_out": left_out})
        operation.note(records=len(standing(row)), left_out=left_out)


def approve_handover(actor: Actor | None, archive: Archive, proceeding_id: UUID, told: Approval) -> None:
    """Write down that the archival institution takes it, and under which keys it will sign. Raises NotFound,
    NotPermitted, Refused."""
    with archive.door.write(actor, Action.CUSTODY_DECIDE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.approved")
        may_take(operation, archive, row, Act.APPROVE)
        letter, receiver = line(told.letter, 200), line(told.receiver, 200)
        if not letter or not receiver:
            raise Refused("an approval has the number of its letter and the name of the institution")
        _not_ahead(archive, told.on)
        left_out = exclude_hindered(operation, archive, row)
        step(operation, archive, row, Act.APPROVE, {"letter": letter, "on": told.on.isoformat(), "left_out": left_out})
        row.receiver = {"name": receiver, "keys": _keys(told.keys)}
        operation.note(records=len(standing(row)), left_out=left_out, receiver_keys_sha256=keys_digest(row))


def keys_digest(row: Proceeding) -> str:
    """Return the SHA-256 of the receiver's certificates as they were written down: told before anything is sent."""
    return sha256_hex(str(row.receiver["keys"]).encode())


def decide_handover(actor: Actor | None, archive: Archive, proceeding_id: UUID, told: HandoverDecision) -> None:
    """Decide what is handed over: the list is frozen. By the head of the office alone. Raises NotFound, NotPermitted,
    Refused."""
    with archive.door.write(actor, Action.CUSTODY_DECIDE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.decided")
        if row.office_id not in operation.actor.headed:
            raise NotPermitted("the head of the office decides this", "ask the head")
        may_take(operation, archive, row, Act.DECIDE)
        number = line(told.number, 120)
        if not number:
            raise Refused("the decision needs its number")
        _not_ahead(archive, told.on)
        left_out = exclude_hindered(operation, archive, row)
        named = signers_named(operation.session, archive, row, ((told.head, row.office_id, HEAD),))
        row.number, row.signers = number, {"signers": named}
        note = {"number": number, "on": told.on.isoformat(), "left_out": left_out}
        step(operation, archive, row, Act.DECIDE, note)
        row.listed = drawn_list(archive, row, standing(row), _head(row, note), operation.now)
        row.list_sha256 = list_sha256(row.listed)
        operation.note(number=number, records=len(standing(row)), left_out=left_out, list_sha256=row.list_sha256)


def _head(row: Proceeding, decision: dict[str, Any]) -> dict[str, Any]:
    notes = {one.act: one.note for one in row.steps}
    return {"number": row.number, **row.signers, "receiver": row.receiver["name"], "decision": decision,
            "assessment": notes[Act.ASSESS.value], "approval": notes[Act.APPROVE.value]}  # fmt: skip


def _keys(text: str) -> str:
    if len(text) > _MOST_KEYS:
        raise Refused("the keys of the receiver are longer than keys are")
    try:
        TrustMaterial.from_pem(text.encode())
    except (SigningFault, UnicodeEncodeError):
        raise Refused("the keys of the receiver are no certificates (PEM) with a root among them",
                      "ask it for them: edms keys public prints them") from None  # fmt: skip
    return text


def _not_ahead(archive: Archive, day: date) -> None:
    if day > archive.clock.today():
        raise Refused("this day has not come yet")
