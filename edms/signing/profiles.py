"""Seals at the level that the settings ask for: B-T, B-LT or B-LTA (ETSI EN 319 122-1 and 319 142-1, clause 6).

A seal is made at B-T first (`edms.signing.seals`). For LT the revocation data of the signer and of the authority that
stamped it is put in, for LTA a timestamp over all of it. What cannot be reached is never passed over in silence: the
seal waits, or its lower level is recorded with the reason.
"""

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Literal, TypeVar

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore

from edms.core.coroutines import finish
from edms.core.errors import EdmsError
from edms.signing.appended import Appended, buffered
from edms.signing.errors import CertificateRevoked, RevocationUnavailable, SealRefused
from edms.signing.long_term import with_archive_timestamp, with_revocation_data
from edms.signing.protocols import Signer, TimestampAuthority
from edms.signing.revocation import CollectedRevocation, RevocationData, RevocationSource
from edms.signing.seals import DIGEST, seal_detached, seal_pdf_behind, unavailable
from edms.signing.trust import TrustMaterial

T = TypeVar("T")
_CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]+)>")
Profile = Literal["B-T", "B-LT", "B-LTA"]
B_T: Profile = "B-T"
B_LTA: Profile = "B-LTA"


@dataclass(frozen=True)
class SealRules:
    """How seals are made. `waits`: without revocation data no seal; else one at B-T, with the reason recorded.

    `trust` names the roots that the certificates of signer and timestamp authority must lead to.
    """

    profile: Profile = B_T
    waits: bool = True
    trust: TrustMaterial = field(default_factory=TrustMaterial)
    revocation: RevocationSource = field(default_factory=CollectedRevocation)


@dataclass(frozen=True)
class Sealed:
    """A seal, the level that it reached, and why it did not reach the one that was asked for."""

    content: bytes
    level: Profile
    shortfall: str = ""

    def facts(self) -> dict[str, Any]:
        """Return what is kept with the component."""
        return {"seal_level": self.level, **({"seal_shortfall": self.shortfall} if self.shortfall else {})}


def detached_seal(content: bytes, signer: Signer, timestamps: TimestampAuthority, rules: SealRules) -> Sealed:
    """Return a detached CAdES seal over `content`, DER. Raises SignerUnavailable; nothing half-made is given out."""

    def lasting(seal: bytes, data: RevocationData) -> bytes:
        made = with_revocation_data(seal, data)
        return with_archive_timestamp(made, content, timestamps.pyhanko()) if rules.profile == B_LTA else made

    return Sealed(*_at_level(lambda: seal_detached(content, signer, timestamps), _of_cms, lasting, signer, rules))


def _refused(error: Exception) -> EdmsError:
    """A file that breaks the library is not the surroundings' fault, and would wait for ever."""
    if isinstance(error, OSError):
        return unavailable(error)
    return SealRefused(f"the PDF cannot be sealed inside: {type(error).__name__}")


def pdf_seal(source: BinaryIO, signer: Signer, timestamps: TimestampAuthority, reason: str, rules: SealRules) -> Sealed:
    """Return the whole PDF with the updates of `pdf_seal_update`."""
    content = source.read()
    sealed = pdf_seal_update(io.BytesIO(content), signer, timestamps, reason, rules)
    return replace(sealed, content=content + sealed.content)


def pdf_seal_update(
    source: BinaryIO, signer: Signer, timestamps: TimestampAuthority, reason: str, rules: SealRules
) -> Sealed:
    """Return a PAdES seal as incremental updates, to be put behind the PDF `source` (seekable), which is read in
    pieces. Raises SealRefused and SignerUnavailable."""

    def lasting(document: Appended, data: RevocationData) -> Appended:
        return _with_security_store(document, data, timestamps if rules.profile == B_LTA else None)

    made, level, shortfall = _at_level(
        lambda: seal_pdf_behind(source, signer, timestamps, reason), _of_pdf, lasting, signer, rules, _refused
    )
    return Sealed(made.update(), level, shortfall)


def _at_level(
    seal: Callable[[], T],
    signature: Callable[[T], Any],
    lasting: Callable[[T, RevocationData], T],
    signer: Signer,
    rules: SealRules,
    broken: Callable[[Exception], EdmsError] = unavailable,
) -> tuple[T, Profile, str]:
    """Return the seal, the level that it reached, and why it reached no higher one."""
    if rules.profile == B_T:
        return seal(), B_T, ""
    own = _data_or_reason(rules, signer.certificate, signer.pyhanko().cert_registry, rules.trust.roots, signer)
    if isinstance(own, str):
        return seal(), B_T, own
    made = seal()
    try:
        stamping, known = _stamping(signature(made))
        data = _data_or_reason(rules, stamping, known, rules.trust.timestamps, signer)
        if isinstance(data, str):
            return made, B_T, data
        return lasting(made, own.merged(data)), rules.profile, ""
    except EdmsError:
        raise
    except Exception as error:
        raise broken(error) from error


def _data_or_reason(
    rules: SealRules, certificate: x509.Certificate, known: Iterable[Any], roots: Iterable[bytes], signer: Signer
) -> RevocationData | str:
    """Return revocation data, or why there is none where a seal may do without. One that was revoked never may."""
    try:
        return rules.revocation.collect(certificate, list(known), roots, signer.clock.now())
    except CertificateRevoked:
        raise
    except RevocationUnavailable as reason:
        if rules.waits:
            raise
        return reason.message


def _of_cms(seal: bytes) -> Any:
    return cms.ContentInfo.load(seal)["content"]


def _of_pdf(document: Appended) -> Any:
    """Return the signature that was appended last. Looked for as we wrote it: reading the file anew, hexadecimal digit
    by digit, took as long as making the seal."""
    found = _CONTENTS.findall(document.update())
    return cms.ContentInfo.load(bytes.fromhex(found[-1].decode()))["content"]


def _stamping(data: Any) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """Return the certificate of the authority that stamped a signature, and all that came with it."""
    for attribute in data["signer_infos"][0]["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            token = attribute["values"][0]["content"]
            known = [choice.chosen for choice in token["certificates"] if choice.name == "certificate"]
            named = token["signer_infos"][0]["sid"]
            for one in known:
                if _is_named(one, named):
                    return one, known
    raise RevocationUnavailable("the timestamp does not carry the certificate of its authority")


def _is_named(certificate: x509.Certificate, named: Any) -> bool:
    if named.name == "issuer_and_serial_number":
        told = named.chosen
        return bool(
            told["serial_number"].native == certificate.serial_number
            and told["issuer"].dump() == certificate.issuer.dump()
        )
    return bool(named.chosen.native == certificate.key_identifier)


def _with_security_store(out: Appended, data: RevocationData, timestamps: TimestampAuthority | None) -> Appended:
    """Add a document security store, and with `timestamps` a document timestamp (EN 319 142-1, 5.4 and 5.5)."""
    with buffered(out) as document:
        DocumentSecurityStore.add_dss(
            document,
            None,
            certs=[x509.Certificate.load(der) for der in data.path],
            crls=[crl.CertificateList.load(der) for der in data.crls],
            ocsps=[ocsp.OCSPResponse.load(der) for der in data.ocsps],
            strict=False,
        )
        if timestamps is not None:
            writer = IncrementalPdfFileWriter(document, strict=False)
            stamper = PdfTimeStamper(timestamps.pyhanko())
            finish(stamper.async_timestamp_pdf(writer, DIGEST, in_place=True))
    return out
