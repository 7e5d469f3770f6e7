"""Whether a signer's certificate was revoked, judged by what came with the document alone; nothing is fetched.

Answers (OCSP, RFC 6960) and lists (CRL, RFC 5280) lie in the document security store of a PDF (ISO 32000-2 12.8.4.3),
in Adobe's signed attribute, and in the signature itself (RFC 5652, 5940). They are judged at the time of the
timestamp: what was revoked later was good then. Where the root is not one that is trusted here, the topmost
certificate that came along stands in for it: the authority's own word on its certificate counts for this question,
and whether that authority is trusted is another verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError

from edms.core.coroutines import finish

GOOD = "good"
REVOKED = "revoked"
UNKNOWN = "unknown"

_MOST_STEPS = 10
_ADOBE = "adobe_revocation_info_archival"


@dataclass(frozen=True)
class Carried:
    """What came with a signature: certificates, answers and lists. `stored`: some of it in the document's store."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[ocsp.OCSPResponse, ...] = ()
    crls: tuple[crl.CertificateList, ...] = ()
    stored: bool = False


@dataclass(frozen=True)
class RevocationVerdict:
    """`state` is GOOD, REVOKED or UNKNOWN; `since` when the certificate, or one above it, was revoked."""

    state: str
    since: datetime | None = None


def carried_by(data: Any) -> Carried:
    """Return what lies in a CMS signature itself. Raises what asn1crypto raises on damaged ones."""
    certificates = [choice.chosen for choice in data["certificates"] if choice.name == "certificate"]
    ocsps, crls = [], []
    for choice in data["crls"] if data["crls"].native else ():
        if choice.name == "crl":
            crls.append(choice.chosen)
        elif choice.chosen["other_rev_info_format"].native == "ocsp_response":
            ocsps.append(ocsp.OCSPResponse.load(choice.chosen["other_rev_info"].dump()))
    for attribute in data["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == _ADOBE:
            told = attribute["values"][0]
            ocsps += list(told["ocsp"]) if told["ocsp"].native else []
            crls += list(told["crl"]) if told["crl"].native else []
    return Carried(tuple(certificates), tuple(ocsps), tuple(crls))


def with_store(found: Carried, reader: Any) -> Carried:
    """Return `found` and what lies in the security store of a PDF. Raises what pyHanko raises on damaged ones."""
    try:
        context = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return found
    answers = [ocsp.OCSPResponse.load(entry.get_object().data) for entry in context.ocsps]
    lists = [crl.CertificateList.load(entry.get_object().data) for entry in context.crls]
    return Carried(
        (*found.certificates, *context.load_certs()),
        (*found.ocsps, *answers),
        (*found.crls, *lists),
        stored=bool(answers or lists),
    )


def revocation(
    signer: x509.Certificate, found: Carried, roots: Iterable[bytes], moment: datetime, *, proven: bool
) -> RevocationVerdict:
    """Judge the signer's certificate and those above it at `moment` (aware).

    `proven`: that the signature existed at `moment` is told by a timestamp. Otherwise a certificate that has been
    revoked at any time counts as revoked: nobody knows on which side of that day the signature was made.
    """
    if not found.ocsps and not found.crls:
        return RevocationVerdict(UNKNOWN)
    anchors = [x509.Certificate.load(der) for der in roots]
    top = _top(signer, (*found.certificates, *anchors))
    if top is None:
        return RevocationVerdict(UNKNOWN)
    context = ValidationContext(
        trust_roots=[*anchors, top],
        other_certs=list(found.certificates),
        moment=moment,
        best_signature_time=moment,
        allow_fetching=False,
        ocsps=list(found.ocsps),
        crls=list(found.crls),
        revocation_mode="require",
        retroactive_revinfo=proven,
    )
    try:
        finish(CertificateValidator(signer, list(found.certificates), context).async_validate_path())
    except RevokedError as error:
        return RevocationVerdict(REVOKED, error.revocation_dt)
    except Exception:  # noqa: BLE001 - pyHanko raises errors of many kinds on damaged answers; none says good
        return RevocationVerdict(UNKNOWN)
    return RevocationVerdict(GOOD)


def _top(signer: x509.Certificate, known: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """Return the topmost certificate to which issuers lead by name; None when there is none above the signer."""
    by_name = {one.subject.hashable: one for one in known}
    current, found = signer, None
    for _step in range(_MOST_STEPS):
        issuer = by_name.get(current.issuer.hashable)
        if issuer is None or issuer.sha256 == current.sha256:
            break
        current = found = issuer
    return found
