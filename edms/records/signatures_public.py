"""What anybody is told who holds a printed page: the address in its QR code, and what the record's class allows (R62).

An unknown address, one of a signature that was never given, and a malformed one have one answer.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from edms.access.actors import system_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.facts import facts_of
from edms.records.signatures import revoked
from edms.records.signatures_model import Signature
from edms.records.signatures_states import RequestState, SignatureState

_ANYBODY = system_actor("verification-page")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16}", re.ASCII)


@dataclass(frozen=True)
class PublicSignature:
    """What is told of a signature. Below `open` everything but number, date and status is empty.

    `status`: valid, incomplete (others are still to sign), revoked, superseded, withdrawn. `others`: the other signers
    of the same document, with the dates they signed on. `sha256`: of the newest form of the document.
    """

    token: str
    status: str
    signed_at: datetime
    stamped: bool
    pilot: bool
    open: bool
    kind: str = ""
    title: str = ""
    number: str = ""
    signer: str = ""
    position: str = ""
    office: str = ""
    reason: str = ""
    location: str = ""
    sha256: str = ""
    others: tuple[tuple[str, str, datetime], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """How a file in hand compares: `same` (the newest form), `earlier` (with fewer signatures), `different`."""

    signature: PublicSignature
    outcome: str


def public_signature(archive: Archive, token: str) -> PublicSignature:
    """Return what is told of a signature. Raises NotFound. Every look leaves an event, found or not."""
    return _looked_up(archive, token, "signature.looked_up")[0]


def compare_with_signed(archive: Archive, token: str, sha256: str) -> Comparison:
    """Hold the digest of a file in hand against the signed document. Nothing of the file is kept. Raises NotFound."""
    told, digests = _looked_up(archive, token, "signature.compared")
    outcome = "different"
    if sha256 in digests:
        outcome = "same" if sha256 == digests[-1] else "earlier"
    return Comparison(told, outcome)


def _looked_up(archive: Archive, token: str, event: str) -> tuple[PublicSignature, list[str]]:
    with archive.door.write(_ANYBODY, Action.SIGNATURE_VERIFY) as operation:
        operation.decide()
        operation.about("signature", "", event)
        query = select(Signature).where(Signature.token == token, Signature.state == SignatureState.SIGNED.value)
        found = operation.session.scalars(query).one_or_none() if _TOKEN.fullmatch(token) else None
        if found is None:
            raise NotFound()
        operation.about("signature", found.id, event)
        signed = [one for one in found.request.signatures if one.state == SignatureState.SIGNED.value]
        digests = [one.signed_sha256 or "" for one in signed if one.position >= found.position]
        return _told(found, signed, digests[-1]), digests


def _told(found: Signature, signed: list[Signature], sha256: str) -> PublicSignature:
    record, request = found.request.record, found.request
    assert found.signed_at is not None, "a signature that was given has its time"
    known = {
        "token": found.token, "status": _status(found), "signed_at": found.signed_at, "stamped": bool(found.stamped),
        "pilot": found.provider == "pilot",
    }  # fmt: skip
    if facts_of(record).effective_level is not Level.OPEN:
        return PublicSignature(**known, open=False)  # type: ignore[arg-type]
    others = tuple(
        (one.signer_name or "", one.signer_position or "", one.signed_at)
        for one in signed
        if one is not found and one.signed_at is not None
    )
    return PublicSignature(
        **known, open=True, kind=record.record_type or record.class_title or "", title=record.title,  # type: ignore[arg-type]
        number=record.number or "", signer=found.signer_name or "", position=found.signer_position or "",
        office=found.signer_office or "", reason=request.reason, location=request.location, sha256=sha256,
        others=others,
    )  # fmt: skip


def _status(found: Signature) -> str:
    if revoked(found):
        return "revoked"
    return {
        RequestState.OPEN.value: "incomplete",
        RequestState.COMPLETE.value: "valid",
        RequestState.SUPERSEDED.value: "superseded",
    }.get(found.request.state, "withdrawn")
