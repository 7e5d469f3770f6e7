"""Verdicts on signatures that came with a PDF: each question apart, never one word for all (R60, R61).

Runs in the sandbox, on files of others. Nothing is fetched; what did not come with the file is unknown.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, Final

from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

from edms.signing.embedded_revocation import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Carried,
    RevocationVerdict,
    carried_by,
    revocation,
    with_store,
)
from edms.signing.errors import SigningFault
from edms.signing.later_changes import FILLED, later_changes
from edms.signing.strength import weaknesses
from edms.signing.verification import (
    FILLED_IN,
    SignatureVerdict,
    TimestampVerdict,
    TrustMaterial,
    embedded_timestamp,
    embedded_verdict,
    signed_pdf,
    verify_detached,
)

B_B, B_T, B_LT, B_LTA = "B-B", "B-T", "B-LT", "B-LTA"
CERTIFIED: Final = {1: "no_changes", 2: "forms", 3: "annotations"}
_PADES = "/ETSI.CAdES.detached"
_BINDING = ("signing_certificate", "signing_certificate_v2")
_STAMP = "/DocTimeStamp"


@dataclass(frozen=True)
class ReceivedVerdict:
    """One signature of a received document.

    `signature` holds what is said of every signature. `changes` are the kinds of later change (`later_changes`).
    `certification`: what its author permits from then on: empty, no_changes, forms, annotations. `revocation`: good,
    revoked or unknown. `level`: B-B, B-T, B-LT, B-LTA, empty for none. `weak`: weak algorithms (`strength`).
    `covers`: the file that it is over, where that is another one.
    """

    signature: SignatureVerdict
    changes: tuple[str, ...] = ()
    certification: str = ""
    revocation: str = UNKNOWN
    level: str = ""
    weak: tuple[str, ...] = ()
    covers: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, times as ISO text."""
        return {
            **self.signature.as_dict(),
            "changes": list(self.changes),
            "certification": self.certification,
            "revocation": self.revocation,
            "level": self.level,
            "weak": list(self.weak),
            "covers": self.covers,
        }


def verify_received_pdf(source: BinaryIO, trust: TrustMaterial, at: datetime) -> list[ReceivedVerdict]:
    """Judge every signature of a PDF that was received, as of `at` (aware) where no timestamp says a time.

    `trust`: roots of signers that the city trusts. Raises SigningFault when the file cannot be read.
    """
    reader = signed_pdf(source)
    stamps = [one for one in reader.embedded_signatures if str(one.sig_object_type) == _STAMP]
    judged = [(one, embedded_timestamp(one, trust)) for one in stamps]
    return [_judge(reader, one, trust, at, judged) for one in reader.embedded_regular_signatures]


def _judge(
    reader: Any, embedded: Any, trust: TrustMaterial, at: datetime, stamps: list[tuple[Any, TimestampVerdict | None]]
) -> ReceivedVerdict:
    verdict = embedded_verdict(embedded, trust)
    if not verdict.signer:
        return ReceivedVerdict(verdict)
    try:
        permitted = embedded.docmdp_level
        certification = CERTIFIED.get(permitted.value, "") if permitted else ""
        weak = weaknesses(embedded.signed_data, embedded.signer_cert)
        changes = later_changes(embedded, permitted=verdict.unaltered)
    except Exception:  # noqa: BLE001 - whatever the library raises on a damaged file, the first verdicts stand
        certification, weak, changes = "", (), ()
    if FILLED not in changes:  # the library's rules count a further signature as a field that was filled in
        verdict = replace(verdict, problems=tuple(one for one in verdict.problems if one != FILLED_IN))
    later = [
        (one, stamp)
        for one, stamp in stamps
        if stamp and stamp.valid and one.signed_revision > embedded.signed_revision
    ]
    if (verdict.timestamp is None or not verdict.timestamp.valid) and later:
        verdict = replace(verdict, timestamp=later[0][1])
    stamp = verdict.timestamp if verdict.timestamp and verdict.timestamp.valid else None
    carried = _carried(embedded, reader)
    told = _revocation(embedded.signer_cert, carried, trust, stamp, at)
    verdict = _less_trusted(verdict, told)
    held = verdict.intact and verdict.valid and _is_pades(embedded)
    level = _level(stamp, told.state, carried, [one for one, _stamp in later]) if held else ""
    return ReceivedVerdict(verdict, changes, certification, told.state, level, weak)


def verify_received_detached(
    content: bytes, signature: bytes, trust: TrustMaterial, at: datetime, covers: str
) -> ReceivedVerdict:
    """Judge a detached CMS signature (RFC 5652) that came with its document. Raises SigningFault when it is none."""
    verdict = verify_detached(content, signature, trust)
    stamp = verdict.timestamp if verdict.timestamp and verdict.timestamp.valid else None
    try:
        data = cms.ContentInfo.load(signature)["content"]
        signer = extract_certs_for_validation(data).signer_cert
        weak, carried = weaknesses(data, signer), carried_by(data)
        bound = {attribute["type"].native for attribute in data["signer_infos"][0]["signed_attrs"]}
    except Exception as error:
        raise SigningFault(f"the signature cannot be checked: {type(error).__name__}") from error
    told = _revocation(signer, carried, trust, stamp, at)
    verdict = _less_trusted(verdict, told)
    held = verdict.intact and verdict.valid and not bound.isdisjoint(_BINDING)
    level = "" if not held else B_B if stamp is None else B_T
    return ReceivedVerdict(verdict, revocation=told.state, level=level, weak=weak, covers=covers)


def _revocation(
    signer: Any, carried: Carried, trust: TrustMaterial, stamp: TimestampVerdict | None, at: datetime
) -> RevocationVerdict:
    return revocation(signer, carried, trust.roots, stamp.time if stamp else at, proven=stamp is not None)


def _less_trusted(verdict: SignatureVerdict, told: RevocationVerdict) -> SignatureVerdict:
    """A revoked certificate is nobody's to trust."""
    if told.state != REVOKED:
        return verdict
    day = f"{told.since:%Y-%m-%d}" if told.since else "?"
    problem = f"the certificate of its signer, or one above it, was revoked on {day}"
    return replace(verdict, trusted=False, problems=(*verdict.problems, problem))


def _carried(embedded: Any, reader: Any) -> Carried:
    """Return what came along; a damaged part of it says nothing."""
    found = Carried()
    try:
        found = carried_by(embedded.signed_data)
        return with_store(found, reader)
    except Exception:  # noqa: BLE001 - see above
        return found


def _level(stamp: TimestampVerdict | None, state: str, carried: Carried, stamps: list[Any]) -> str:
    """Return the level of ETSI EN 319 142-1 that is reached, as far as this file alone can show it."""
    if stamp is None:
        return B_B
    if state != GOOD or not carried.stored:
        return B_T
    over_store = any("/DSS" in one.reader.get_historical_resolver(one.signed_revision).root for one in stamps)
    return B_LTA if over_store else B_LT


def _is_pades(embedded: Any) -> bool:
    signed = {attribute["type"].native for attribute in embedded.signer_info["signed_attrs"]}
    return str(embedded.sig_object.get("/SubFilter")) == _PADES and not signed.isdisjoint(_BINDING)
