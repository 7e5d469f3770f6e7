"""Checking signatures: separate verdicts, never one bool (DESIGN section 5). Needs no database.

pyHanko raises errors of many kinds on damaged files, so every call into it is wrapped: whatever it raises becomes
a verdict that says so, or SigningFault.
"""

import io
import logging
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, BinaryIO

from asn1crypto import cms, crl, ocsp, x509
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

from edms.core.coroutines import finish
from edms.signing.appearance import exchanged_looks
from edms.signing.authority import DEVELOPMENT
from edms.signing.errors import SigningFault
from edms.signing.long_term import archive_timestamp_covers, archive_timestamps, embedded_data
from edms.signing.revocation import RevocationData, revocation_context
from edms.signing.strength import BROKEN_DIGESTS
from edms.signing.trust import TrustMaterial as TrustMaterial

# Its verdicts come back as values; its log of every untrusted signer is noise, and would end up in front of users.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

WHOLE = "whole"
EXTENDED = "extended"
ALTERED = "altered"
PARTIAL = "partial"
UNALTERED = (WHOLE, EXTENDED)
FILLED_IN = "form fields were filled in after signing"

# Levels of ETSI EN 319 122-1 and 319 142-1, as far as they were found to hold.
B_B, B_T, B_LT, B_LTA = "B-B", "B-T", "B-LT", "B-LTA"

# RFC 8419, section 3: these signatures go with this digest and no other.
_EDWARDS_DIGESTS = {"ed25519": ("sha512",), "ed448": ("shake256", "shake256_len")}


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
    certificate leads to a trusted root, and was not revoked when it was used, as far as is known. `coverage`: whole,
    extended (harmless additions later), altered, partial. `level` is the one that was found to hold, empty where none
    was looked for; `issuer` the name of who issued the signer's certificate.
    """

    signer: str
    intact: bool
    valid: bool
    trusted: bool
    coverage: str = WHOLE
    field_name: str = ""
    timestamp: TimestampVerdict | None = None
    problems: tuple[str, ...] = field(default_factory=tuple)
    level: str = ""
    issuer: str = ""

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
        return _detached(content, data, trust)
    except Exception as error:
        raise SigningFault(f"the signature cannot be checked: {type(error).__name__}") from error


def _detached(content: bytes, data: Any, trust: TrustMaterial) -> SignatureVerdict:
    """Judge by revocation data of its own where it has some; that failing, by the certificates alone, at level B-T."""
    moment, held = _claimed_time(data), embedded_data(data)
    status = None
    if moment is not None and (held.crls or held.ocsps):
        status = _validated(
            content, data, _strict(trust.roots, held, trust, moment), _strict(trust.timestamps, held, trust, moment)
        )
    lasting = status is not None and status.trusted and bool(status.timestamp_validity.trusted)
    if not lasting:
        status = _validated(
            content, data, _context(trust.roots, moment, held, trust), _context(trust.timestamps, moment, held, trust)
        )
    problems: list[str] = []
    level = B_B if moment is None else B_T
    if lasting:
        level = _archived(content, data, trust, problems)
    verdict = _verdict(status, data, WHOLE, "", problems, trust, level)
    return _heeding_lists(verdict, status, trust, moment) if trust.crls and moment is not None else verdict


def _heeding_lists(verdict: SignatureVerdict, status: Any, trust: TrustMaterial, moment: datetime) -> SignatureVerdict:
    """Take trust away from what a list of the checker's own says was revoked when it was used."""
    stamp, stamped = verdict.timestamp, status.timestamp_validity
    for part, trusted in ((status, verdict.trusted), (stamped, bool(stamp and stamp.trusted))):
        when = trust.revoked(list(part.validation_path.iter_certs(include_root=True)), moment) if trusted else None
        if when is not None and part is status:
            told = f"the certificate of its signer, or one above it, was revoked on {when:%Y-%m-%d}"
            verdict = replace(verdict, trusted=False, problems=(*verdict.problems, told))
        elif when is not None and stamp is not None:
            told = f"the certificate of its timestamp was revoked on {when:%Y-%m-%d}"
            verdict = replace(verdict, timestamp=replace(stamp, trusted=False), problems=(*verdict.problems, told))
    return verdict


def _validated(content: bytes, data: Any, signers: ValidationContext, stampers: ValidationContext) -> Any:
    return finish(
        async_validate_detached_cms(content, data, signer_validation_context=signers, ts_validation_context=stampers)
    )


def _strict(
    roots: tuple[bytes, ...], held: RevocationData, trust: TrustMaterial, moment: datetime
) -> ValidationContext:
    trusted, known = ([x509.Certificate.load(der) for der in ders] for ders in (roots, held.path))
    return revocation_context(trusted, known, (*held.crls, *trust.crls), held.ocsps, moment)


def _archived(content: bytes, data: Any, trust: TrustMaterial, problems: list[str]) -> str:
    """Return B-LTA when every archive timestamp covers what is there and is by a trusted authority; else B-LT."""
    signer = data["signer_infos"][0]
    level = B_LT
    for token in archive_timestamps(signer):
        digest = archive_timestamp_covers(data, signer, content, token)
        verdict = None if digest is None else verify_timestamp(token, digest, trust)
        if verdict is None or not (verdict.valid and verdict.trusted):
            problems.append("the archive timestamp is not over what is in the seal, or not by a trusted authority")
            return B_LT
        level = B_LTA
    return level


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
    told = finish(validate_tst_signed_data(data, _context(trust.timestamps, moment), lambda _kind: digest))
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
    status = finish(
        async_validate_pdf_signature(
            embedded,
            signer_validation_context=_context(trust.roots, claimed),
            ts_validation_context=_context(trust.timestamps, claimed),
            skip_diff=not follow,
        )
    )
    problems: list[str] = []
    coverage = _coverage(embedded, status, problems) if follow else _unfollowed(status, problems)
    return _verdict(status, data, coverage, str(embedded.field_name), problems, trust)


def _unfollowed(status: Any, problems: list[str]) -> str:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return WHOLE
    problems.append("what was changed after signing cannot be followed")
    return ALTERED if status.coverage == SignatureCoverageLevel.ENTIRE_REVISION else PARTIAL


def embedded_timestamp(embedded: Any, trust: TrustMaterial) -> TimestampVerdict | None:
    """Judge one document timestamp of `signed_pdf`; None when it cannot be, or does not cover its whole revision."""
    try:
        moment = embedded.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
        status = finish(async_validate_pdf_timestamp(embedded, _context(trust.timestamps, moment)))
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


def _verdict(
    status: Any,
    data: Any,
    coverage: str,
    field_name: str,
    problems: list[str],
    trust: TrustMaterial,
    level: str = "",
) -> SignatureVerdict:
    permitted = _permitted(data, problems)
    stamp = status.timestamp_validity
    if status.revocation_details is not None:
        when = status.revocation_details.revocation_date
        problems.append(f"the certificate of its signer, or one above it, was revoked on {when:%Y-%m-%d}")
    return SignatureVerdict(
        signer=status.signing_cert.subject.human_friendly,
        intact=bool(status.intact),
        valid=bool(status.valid) and permitted,
        trusted=bool(status.trusted) and _meant(status, trust, problems),
        coverage=coverage,
        field_name=field_name,
        timestamp=None if stamp is None else _timestamp(stamp),
        problems=tuple(problems),
        level=level,
        issuer=status.signing_cert.issuer.human_friendly,
    )


def _meant(status: Any, trust: TrustMaterial, problems: list[str]) -> bool:
    """Whether the signer is one that the checker named, where names were given for the root that it is under."""
    anchor = status.validation_path.trust_anchor.authority.certificate
    if trust.names_signer(anchor.dump(), status.signing_cert.subject.dump()):
        return True
    problems.append("the certificate is under a trusted root, and is somebody else's")
    return False


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


def _context(
    roots: tuple[bytes, ...],
    moment: datetime | None,
    held: RevocationData | None = None,
    trust: TrustMaterial | None = None,
) -> ValidationContext:
    held, lists = held or RevocationData(), trust.crls if trust else ()
    return ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in roots],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        best_signature_time=moment,
        crls=[crl.CertificateList.load(der) for der in (*held.crls, *lists)],
        ocsps=[ocsp.OCSPResponse.load(der) for der in held.ocsps],
        retroactive_revinfo=True,
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
