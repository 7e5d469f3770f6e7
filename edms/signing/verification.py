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
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    async_validate_detached_cms,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import SignatureCoverageLevel, TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from edms.signing.appearance import exchanged_looks
from edms.signing.authority import DEVELOPMENT
from edms.signing.errors import SigningFault
from edms.signing.strength import BROKEN_DIGESTS

# Its verdicts come back as values; its log of every untrusted signer is noise, and would end up in front of users.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

WHOLE = "whole"
EXTENDED = "extended"
ALTERED = "altered"
PARTIAL = "partial"
UNALTERED = (WHOLE, EXTENDED)
FILLED_IN = "form fields were filled in after signing"

# RFC 8419, section 3: these signatures go with this digest and no other.
_EDWARDS_DIGESTS = {"ed25519": ("sha512",), "ed448": ("shake256", "shake256_len")}


@dataclass(frozen=True)
class TrustMaterial:
    """The root certificates that a checker trusts, DER.

    `timestamp_roots` are those of timestamp authorities alone: such an authority also issues certificates to others,
    whose signatures must not pass for ours. The roots of seals are trusted for timestamps too.
    """

    roots: tuple[bytes, ...] = ()
    timestamp_roots: tuple[bytes, ...] = ()

    @property
    def timestamps(self) -> tuple[bytes, ...]:
        """Return every root under which a timestamp is trusted."""
        return (*self.roots, *self.timestamp_roots)

    @classmethod
    def from_pem(cls, text: bytes, timestamps: bytes = b"") -> "TrustMaterial":
        """Return trust in every self-issued certificate of a PEM file. Raises SigningFault when there is none.

        `timestamps`: another PEM file, of the roots of timestamp authorities.
        """
        return cls(_roots(text), _roots(timestamps) if timestamps else ())


def _roots(text: bytes) -> tuple[bytes, ...]:
    found = []
    try:
        for kind, _headers, der in pem.unarmor(text, multiple=True):
            if kind == "CERTIFICATE" and x509.Certificate.load(der).self_issued:
                found.append(der)
    except ValueError:
        raise SigningFault("this is not a PEM file of certificates") from None
    if not found:
        raise SigningFault("there is no root certificate in this PEM file")
    return tuple(dict.fromkeys(found))


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
    def unaltered(self) -> bool:
        """True when the signed bytes are unchanged and the file shows what its signer saw."""
        return self.intact and self.coverage in UNALTERED

    @property
    def good(self) -> bool:
        """True when every verdict is: only for machines; people are shown the parts."""
        timed = self.timestamp is not None and self.timestamp.valid
        return self.unaltered and self.valid and self.trusted and timed

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
                signer_validation_context=_context(trust.roots, _claimed_time(data)),
                ts_validation_context=_context(trust.timestamps, _claimed_time(data)),
            )
        )
        return _verdict(status, data, WHOLE, "", [])
    except Exception as error:
        raise SigningFault(f"the signature cannot be checked: {type(error).__name__}") from error


def verify_pdf(source: BinaryIO, trust: TrustMaterial) -> list[SignatureVerdict]:
    """Check every signature of a PDF, in order. An unreadable PDF raises SigningFault; one without any gives []."""
    reader = signed_pdf(source)
    return [embedded_verdict(embedded, trust) for embedded in reader.embedded_regular_signatures]


def signed_pdf(source: BinaryIO) -> PdfFileReader:
    """Open a PDF and find its signatures. Raises SigningFault when it, or one of them, cannot be read."""
    try:
        reader = PdfFileReader(io.BytesIO(source.read()), strict=False)
        locked = reader.encrypted and reader.decrypt(b"").status == AuthStatus.FAILED
        if not locked:
            reader.embedded_signatures  # noqa: B018 - they are read now, and damaged ones raise
    except Exception as error:
        raise SigningFault(f"the signatures of this PDF cannot be read: {type(error).__name__}") from error
    if locked:
        raise SigningFault("the signatures of this PDF cannot be read: it is locked with a password")
    return reader


def verify_timestamp(data: Any, digest: bytes, trust: TrustMaterial) -> TimestampVerdict:
    """Check the signed data of an RFC 3161 token over `digest`. Raises whatever pyHanko raises on a malformed one."""
    moment = data["encap_content_info"]["content"].parsed["gen_time"].native
    told = asyncio.run(validate_tst_signed_data(data, _context(trust.timestamps, moment), lambda _kind: digest))
    return _timestamp(TimestampSignatureStatus(**told))


def embedded_verdict(embedded: Any, trust: TrustMaterial) -> SignatureVerdict:
    """Judge one signature of `signed_pdf`. Whatever goes wrong is a verdict that says so."""
    try:
        return _judged(embedded, trust, follow=True)
    except Exception as error:  # noqa: BLE001 - see the head of this file
        problem = f"cannot be checked: {type(error).__name__}"
    try:
        # Later revisions too damaged to be followed: the signed bytes can still be judged, and what came later cannot.
        return _judged(embedded, trust, follow=False)
    except Exception:  # noqa: BLE001 - see the head of this file
        name = str(getattr(embedded, "field_name", ""))
        return SignatureVerdict("", False, False, False, PARTIAL, name, None, (problem,))


def _judged(embedded: Any, trust: TrustMaterial, *, follow: bool) -> SignatureVerdict:
    data = embedded.signed_data
    claimed = _claimed_time(data)
    status = asyncio.run(
        async_validate_pdf_signature(
            embedded,
            signer_validation_context=_context(trust.roots, claimed),
            ts_validation_context=_context(trust.timestamps, claimed),
            skip_diff=not follow,
        )
    )
    problems: list[str] = []
    coverage = _coverage(embedded, status, problems) if follow else _unfollowed(status, problems)
    return _verdict(status, data, coverage, str(embedded.field_name), problems)


def _unfollowed(status: Any, problems: list[str]) -> str:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return WHOLE
    problems.append("what was changed after signing cannot be followed")
    return ALTERED if status.coverage == SignatureCoverageLevel.ENTIRE_REVISION else PARTIAL


def embedded_timestamp(embedded: Any, trust: TrustMaterial) -> TimestampVerdict | None:
    """Judge one document timestamp of `signed_pdf`; None when it cannot be, or does not cover its whole revision."""
    try:
        moment = embedded.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
        status = asyncio.run(async_validate_pdf_timestamp(embedded, _context(trust.timestamps, moment)))
        whole = status.coverage in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
        return _timestamp(status) if whole else None
    except Exception:  # noqa: BLE001 - see the head of this file
        return None


def _coverage(embedded: Any, status: Any, problems: list[str]) -> str:
    """Say what the signature covers of the file as it is now; what made us say so goes to `problems`."""
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return WHOLE
    if status.coverage == SignatureCoverageLevel.ENTIRE_REVISION:
        exchanged = sorted(set(exchanged_looks(embedded.reader, embedded.signed_revision)))
        if exchanged:
            problems.append(f"what fields show was exchanged after signing: {', '.join(exchanged)[:200]}")
            return ALTERED
        if status.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES):
            return EXTENDED
        if status.modification_level == ModificationLevel.FORM_FILLING and status.docmdp_ok:
            problems.append(FILLED_IN)
            return EXTENDED
        problems.append("the document was changed after signing")
        return ALTERED
    problems.append("the signature does not cover the whole document")
    return PARTIAL


def _verdict(status: Any, data: Any, coverage: str, field_name: str, problems: list[str]) -> SignatureVerdict:
    permitted = _permitted(data, problems)
    stamp = status.timestamp_validity
    return SignatureVerdict(
        signer=status.signing_cert.subject.human_friendly,
        intact=bool(status.intact),
        valid=bool(status.valid) and permitted,
        trusted=bool(status.trusted),
        coverage=coverage,
        field_name=field_name,
        timestamp=None if stamp is None else _timestamp(stamp),
        problems=tuple(problems),
    )


def _timestamp(stamp: Any) -> TimestampVerdict:
    authority = stamp.signing_cert.subject.human_friendly
    return TimestampVerdict(
        time=stamp.timestamp,
        authority=authority,
        valid=bool(stamp.intact and stamp.valid),
        trusted=bool(stamp.trusted),
        development=DEVELOPMENT in authority,
    )


def _permitted(data: Any, problems: list[str]) -> bool:
    """Judge the algorithms of the one signer; False for a pair that is no signature by its own standard."""
    signer = data["signer_infos"][0]
    digest = signer["digest_algorithm"]["algorithm"].native
    signature = signer["signature_algorithm"]["algorithm"].native
    if digest in BROKEN_DIGESTS:
        problems.append(f"the digest {digest} is broken: another document could have the same signature")
    if digest not in _EDWARDS_DIGESTS.get(signature, (digest,)):
        problems.append(f"the digest {digest} is not permitted with {signature} (RFC 8419)")
        return False
    return True


def _context(roots: tuple[bytes, ...], moment: datetime | None) -> ValidationContext:
    return ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in roots],
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
