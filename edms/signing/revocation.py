"""What a certificate authority says of its own certificates, collected at the time of sealing (RFC 5280, RFC 6960).

Only addresses in certificates of a path to one of our own configured roots are asked, and that path is validated
first: no document, no signature that came with one and no answer can make the archive fetch an address. The library
raises errors of many kinds on damaged answers; each becomes RevocationUnavailable.
"""

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.common_utils import (
    enumerate_delivery_point_urls,
    format_ocsp_request,
    process_ocsp_response_data,
)
from pyhanko_certvalidator.util import get_ocsp_urls, get_relevant_crl_dps

from edms.core.coroutines import finish
from edms.signing.errors import CertificateRevoked, RevocationUnavailable
from edms.signing.web import ExchangeFault, exchange

KEPT_FOR = timedelta(hours=1)
"""How long an answer serves further seals, unless its authority ends it before."""
_MARGIN = timedelta(minutes=1)
_MOST_ADDRESSES = 3
_OK = 200


@dataclass(frozen=True)
class RevocationData:
    """A path of certificates (the end certificate first, the root last) and what was said of it; all DER."""

    path: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def merged(self, other: "RevocationData") -> "RevocationData":
        """Return both, each part once."""
        return RevocationData(
            tuple(dict.fromkeys((*self.path, *other.path))),
            tuple(dict.fromkeys((*self.crls, *other.crls))),
            tuple(dict.fromkeys((*self.ocsps, *other.ocsps))),
        )


class RevocationSource(Protocol):
    """Gives revocation data for a path.

    `collect` MUST return data that says of every certificate but the root that it was good at `moment`, and that
    validates under `roots`. It MUST raise CertificateRevoked when one was revoked, and RevocationUnavailable when an
    authority does not say. It MUST ask no address but those in certificates of a path to `roots`.
    """

    def collect(
        self, certificate: x509.Certificate, known: Iterable[x509.Certificate], roots: Iterable[bytes], moment: datetime
    ) -> RevocationData: ...


@dataclass(frozen=True)
class FetchRules:
    """How patiently an authority is asked, and how much it may answer."""

    seconds: float = 10.0
    most_bytes: int = 512 * 1024


@dataclass
class CollectedRevocation:
    """Collects from the authorities of others over HTTP, OCSP first; and from our own, whose lists we make.

    `own`: makers of revocation lists by the SHA-256 of the issuing certificate (the pilot authority). What was
    collected for a certificate serves the next seals for an hour.
    """

    rules: FetchRules = FetchRules()
    own: Mapping[bytes, "ListMaker"] = field(default_factory=dict)
    _kept: dict[bytes, tuple[datetime, datetime, RevocationData]] = field(default_factory=dict, repr=False)
    _turn: Any = field(default_factory=threading.Lock, repr=False)

    def collect(
        self, certificate: x509.Certificate, known: Iterable[x509.Certificate], roots: Iterable[bytes], moment: datetime
    ) -> RevocationData:
        key = certificate.sha256
        kept = self._kept.get(key)
        if kept is not None and kept[0] <= moment < kept[1]:
            return kept[2]
        with self._turn:
            trusted = [x509.Certificate.load(der) for der in roots]
            path = _path(certificate, list(known), trusted, moment)
            data = RevocationData(path=tuple(one.dump() for one in path))
            for one, issuer in itertools.pairwise(path):
                data = data.merged(self._about(one, issuer, moment))
            until = _confirmed(certificate, path, trusted, data, moment)
            self._kept[key] = (moment, until, data)
        return data

    def _about(self, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime) -> RevocationData:
        maker = self.own.get(issuer.sha256)
        if maker is not None:
            return RevocationData(crls=(maker.revocation_list(moment),))
        failures = []
        for url in get_ocsp_urls(certificate)[:_MOST_ADDRESSES]:
            try:
                return RevocationData(ocsps=(self._ocsp(url, certificate, issuer),))
            except (ExchangeFault, ValueError, TypeError) as fault:
                failures.append(f"{url}: {fault}")
        for url in _list_addresses(certificate):
            try:
                return RevocationData(crls=(self._list(url),))
            except (ExchangeFault, ValueError, TypeError) as fault:
                failures.append(f"{url}: {fault}")
        who = certificate.subject.human_friendly
        told = "; ".join(failures)[:500] or "its authority names no address that says whether it was revoked"
        raise RevocationUnavailable(f"nothing is known of whether the certificate of {who} was revoked: {told}")

    def _ocsp(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        request = format_ocsp_request(
            certificate, AuthorityWithCert(issuer), certid_hash_algo="sha1", request_nonces=True
        )
        content = self._asked(url, "application/ocsp-request", "application/ocsp-response", request.dump())
        try:
            process_ocsp_response_data(content, ocsp_request=request, ocsp_url=url)
            return bytes(ocsp.OCSPResponse.load(content, strict=True).dump())
        except Exception as error:  # noqa: BLE001 - see the head of this file
            raise ExchangeFault(f"gave no answer that counts ({type(error).__name__})") from None

    def _list(self, url: str) -> bytes:
        content = self._asked(url, "", "application/pkix-crl", None)
        return bytes(crl.CertificateList.load(content, strict=True).dump())

    def _asked(self, url: str, kind: str, accept: str, body: bytes | None) -> bytes:
        headers = {"Accept": accept, **({"Content-Type": kind} if kind else {})}
        answer = exchange(url, headers, self.rules.seconds, self.rules.most_bytes, body)
        if answer.status != _OK:
            raise ExchangeFault(f"answered with status {answer.status}")
        return answer.content


class ListMaker(Protocol):
    """An authority whose key we hold. `revocation_list` MUST be in force at `moment` and for `KEPT_FOR` after it."""

    def revocation_list(self, moment: datetime) -> bytes: ...


def _list_addresses(certificate: x509.Certificate) -> list[str]:
    points = get_relevant_crl_dps(certificate, use_deltas=False)
    return [url for point in points for url in enumerate_delivery_point_urls(point)][:_MOST_ADDRESSES]


def _path(
    certificate: x509.Certificate, known: list[x509.Certificate], roots: list[x509.Certificate], moment: datetime
) -> Sequence[x509.Certificate]:
    """Return the validated path, the end certificate first. Raises RevocationUnavailable when there is none."""
    context = ValidationContext(trust_roots=roots, other_certs=known, moment=moment, best_signature_time=moment)
    try:
        path = finish(CertificateValidator(certificate, known, context).async_validate_path())
    except Exception as error:  # noqa: BLE001 - see the head of this file
        raise RevocationUnavailable(
            f"the certificate of {certificate.subject.human_friendly} does not lead to a root that is trusted here "
            f"({type(error).__name__})"
        ) from None
    return list(path.iter_certs(include_root=True))[::-1]


def _confirmed(
    certificate: x509.Certificate,
    path: Sequence[x509.Certificate],
    roots: list[x509.Certificate],
    data: RevocationData,
    moment: datetime,
) -> datetime:
    """Check that the data says good of the whole path; return until when it serves further seals."""
    try:
        context = revocation_context(roots, path, data.crls, data.ocsps, moment)
        finish(CertificateValidator(certificate, list(path), context).async_validate_path())
    except RevokedError as revoked:
        raise CertificateRevoked(
            f"the certificate of {certificate.subject.human_friendly}, or one above it, was revoked on "
            f"{revoked.revocation_dt:%Y-%m-%d}",
            "nothing is lost; seals are made again once [signing] names a certificate that is good",
        ) from None
    except Exception as error:  # noqa: BLE001 - see the head of this file
        raise RevocationUnavailable(
            f"what is said of whether {certificate.subject.human_friendly} was revoked does not hold "
            f"({type(error).__name__})"
        ) from None
    ends = [_ends(crl.CertificateList.load(one)["tbs_cert_list"]["next_update"].native) for one in data.crls]
    for one in data.ocsps:
        told = ocsp.OCSPResponse.load(one).response_data["responses"]
        ends += [_ends(single["next_update"].native) for single in told]
    return min([moment + KEPT_FOR, *(end - _MARGIN for end in ends if end is not None)])


def _ends(told: datetime | None) -> datetime | None:
    return None if told is None else told.astimezone(UTC)


def revocation_context(
    roots: Iterable[x509.Certificate],
    known: Iterable[x509.Certificate],
    crls: Iterable[bytes],
    ocsps: Iterable[bytes],
    moment: datetime,
) -> ValidationContext:
    """Return a context in which every certificate but a root needs revocation data, and none is fetched.

    Data made after `moment` counts too: it says from when on a certificate was revoked, and before that it was good.
    """
    return ValidationContext(
        trust_roots=list(roots),
        other_certs=list(known),
        moment=moment,
        best_signature_time=moment,
        crls=[crl.CertificateList.load(one) for one in crls],
        ocsps=[ocsp.OCSPResponse.load(one) for one in ocsps],
        revocation_mode="require",
        retroactive_revinfo=True,
    )
