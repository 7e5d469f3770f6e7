"""Checking signatures: separate verdicts, never one bool (DESIGN section 5). Needs no database.

pyHanko raises errors of many kinds on damaged files, so every call into it is wrapped: whatever it raises becomes
a verdict that says so, or SigningFault.
"""

import asyncio
import io
import logging
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from asn1crypto import cms, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_detached_cms, async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from edms.signing.authority import DEVELOPMENT
from edms.signing.errors import SigningFault

# Its verdicts come back as values; its log of every untrusted signer is noise, and would end up in front of users.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

WHOLE = "whole"
EXTENDED = "extended"
ALTERED = "altered"
PARTIAL = "partial"


@dataclass(frozen=True)
class TrustMaterial:
    """The root certificates that a checker trusts, as PEM."""

    roots: tuple[bytes, ...] = ()

    @classmethod
    def from_pem(cls, text: bytes) -> "TrustMaterial":
        """Return trust in every self-issued certificate of a PEM file. Raises SigningFault when there is none."""
        found = []
        try:
            for kind, _headers, der in pem.unarmor(text, multiple=True):
                if kind == "CERTIFICATE" and x509.Certificate.load(der).self_issued:
                    found.append(der)
        except ValueError:
            raise SigningFault("this is not a PEM file of certificates") from None
        if not found:
            raise SigningFault("there is no root certificate in this PEM file")
        return cls(tuple(found))

    def certificates(self) -> list[x509.Certificate]:
        return [x509.Certificate.load(der) for der in self.roots]


@dataclass(frozen=True)
class TimestampVerdict:
    """`time` is what the authority says; `development` marks the built-in one that proves nothing to others."""

    time: datetime
    authority: str
    valid: bool
    trusted: bool
    development: bool


@dataclass(frozen=True)
class SignatureVerdict:
    """What is known of one signature.

    `intact`: the signed bytes are unchanged. `valid`: the signature is the signer's. `trusted`: the signer's
    certificate leads to a trusted root. `coverage`: whole, extended (harmless additions later), altered, partial.
    """

    signer: str
    intact: bool
    valid: bool
    trusted: bool
    coverage: str = WHOLE
    field_name: str = ""
    timestamp: TimestampVerdict | None = None
    problems: tuple[str, ...] = field(default_factory=tuple)

    @property
    def good(self) -> bool:
        """True when every verdict is: only for machines; people are shown the parts."""
        timed = self.timestamp is not None and self.timestamp.valid
        return self.intact and self.valid and self.trusted and timed and self.coverage in (WHOLE, EXTENDED)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, times as ISO text."""
        told = asdict(self)
        if self.timestamp is not None:
            told["timestamp"]["time"] = self.timestamp.time.isoformat()
        told["problems"] = list(self.problems)
        return told


def verify_detached(content: bytes, signature: bytes, trust: TrustMaterial) -> SignatureVerdict:
    """Check a detached CMS signature over `content`. Raises SigningFault when it is not one at all."""
    try:
        info = cms.ContentInfo.load(signature, strict=True)
        if info["content_type"].native != "signed_data":
            raise ValueError("not signed data")
        data = info["content"]
        if len(data["signer_infos"]) != 1:
            raise ValueError("not exactly one signer")
    except (ValueError, TypeError, KeyError) as error:
        raise SigningFault("this is not a CMS signature") from error
    try:
        status = asyncio.run(
            async_validate_detached_cms(
                content,
                data,
                signer_validation_context=_context(trust, _claimed_time(data)),
                ts_validation_context=_context(trust, _claimed_time(data)),
            )
        )
    except Exception as error:
        raise SigningFault(f"the signature cannot be checked: {type(error).__name__}") from error
    return _verdict(status, WHOLE, "", ())


def verify_pdf(source: BinaryIO, trust: TrustMaterial) -> list[SignatureVerdict]:
    """Check every signature of a PDF, in order. An unreadable PDF raises SigningFault; one without any gives []."""
    try:
        reader = PdfFileReader(io.BytesIO(source.read()), strict=False)
        found = list(reader.embedded_regular_signatures)
    except Exception as error:
        raise SigningFault(f"the signatures of this PDF cannot be read: {type(error).__name__}") from error
    return [_one_of_pdf(embedded, trust) for embedded in found]


def _one_of_pdf(embedded: Any, trust: TrustMaterial) -> SignatureVerdict:
    try:
        claimed = _claimed_time(embedded.signed_data)
        status = asyncio.run(
            async_validate_pdf_signature(
                embedded,
                signer_validation_context=_context(trust, claimed),
                ts_validation_context=_context(trust, claimed),
            )
        )
    except Exception as error:  # noqa: BLE001 - see the head of this file
        return SignatureVerdict("", False, False, False, PARTIAL, str(getattr(embedded, "field_name", "")), None,
                                (f"cannot be checked: {type(error).__name__}",))  # fmt: skip
    problems: list[str] = []
    return _verdict(status, _coverage(embedded, status, problems), str(embedded.field_name), tuple(problems))


def _coverage(embedded: Any, status: Any, problems: list[str]) -> str:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return WHOLE
    if status.coverage == SignatureCoverageLevel.ENTIRE_REVISION:
        if status.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES):
            return EXTENDED
        if status.modification_level == ModificationLevel.FORM_FILLING and status.docmdp_ok:
            problems.append("form fields were filled in after signing")
            return EXTENDED
        problems.append("the document was changed after signing")
        return ALTERED
    problems.append("the signature does not cover the whole document")
    return PARTIAL


def _verdict(status: Any, coverage: str, field_name: str, problems: tuple[str, ...]) -> SignatureVerdict:
    stamp = status.timestamp_validity
    timestamp = None
    if stamp is not None:
        authority = stamp.signing_cert.subject.human_friendly
        timestamp = TimestampVerdict(
            time=stamp.timestamp,
            authority=authority,
            valid=bool(stamp.intact and stamp.valid),
            trusted=bool(stamp.trusted),
            development=DEVELOPMENT in authority,
        )
    return SignatureVerdict(
        signer=status.signing_cert.subject.human_friendly,
        intact=bool(status.intact),
        valid=bool(status.valid),
        trusted=bool(status.trusted),
        coverage=coverage,
        field_name=field_name,
        timestamp=timestamp,
        problems=problems,
    )


def _context(trust: TrustMaterial, moment: datetime | None) -> ValidationContext:
    return ValidationContext(
        trust_roots=trust.certificates(),
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        best_signature_time=moment,
    )


def _claimed_time(data: Any) -> datetime | None:
    """The time in the signature's own timestamp: certificates are judged as of then, not as of today."""
    try:
        for attribute in data["signer_infos"][0]["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
                moment: datetime = token["gen_time"].native
                return moment
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    return None
