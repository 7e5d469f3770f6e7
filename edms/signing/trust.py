"""What a checker of signatures trusts, read from PEM."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl, pem, x509
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from edms.signing.errors import SigningFault

_CERTIFICATE, _LIST = "CERTIFICATE", "X509 CRL"
_MOST_STEPS = 8


@dataclass(frozen=True)
class TrustMaterial:
    """The root certificates that a checker trusts, DER.

    `timestamp_roots` are those of timestamp authorities alone: such an authority also issues certificates to others,
    whose signatures must not pass for ours. The roots of seals are trusted for timestamps too.

    `signers`: pairs of a root and a name (DER) that a signer under that root must have. A root that serves many
    organisations proves nothing about which of them sealed; a root without a pair is trusted for whoever is under it.
    `crls`: revocation lists that the checker has from elsewhere, later than the seal perhaps.
    """

    roots: tuple[bytes, ...] = ()
    timestamp_roots: tuple[bytes, ...] = ()
    signers: tuple[tuple[bytes, bytes], ...] = ()
    crls: tuple[bytes, ...] = ()

    @property
    def timestamps(self) -> tuple[bytes, ...]:
        """Return every root under which a timestamp is trusted."""
        return (*self.roots, *self.timestamp_roots)

    @classmethod
    @functools.lru_cache(maxsize=32)  # the same file is read at each opening of an archive, and twice then
    def from_pem(cls, text: bytes, timestamps: bytes = b"") -> "TrustMaterial":
        """Return trust in every self-issued certificate of a PEM file. Raises SigningFault when there is none.

        Certificates that are no authority's say which signers are meant; revocation lists in the file are heeded.
        `timestamps`: another PEM file, of the roots of timestamp authorities.
        """
        certificates, lists = _parts(text)
        others, more = _parts(timestamps) if timestamps else ([], ())
        roots, stamping = _roots(certificates), _roots(others) if timestamps else ()
        return cls(roots, stamping, tuple(dict.fromkeys(_signers(certificates))), (*lists, *more))

    def names_signer(self, root: bytes, subject: bytes) -> bool:
        """Whether a signer of this name under this root is one that is meant."""
        meant = [name for under, name in self.signers if under == root]
        return not meant or subject in meant

    def revoked(self, path: Sequence[x509.Certificate], moment: datetime) -> datetime | None:
        """Return when a list of ours says that a certificate of a path (root first) was revoked, by `moment`.

        Asked apart from what the seal holds: an answer in there that says good is older than a list of ours.
        """
        loaded = [load_der_x509_certificate(one.dump()) for one in path]
        lists = [load_der_x509_crl(der) for der in self.crls]
        for issuer, one in itertools.pairwise(loaded):
            for told in lists:
                key: Any = issuer.public_key()
                if told.issuer != issuer.subject or not told.is_signature_valid(key):
                    continue
                entry = told.get_revoked_certificate_by_serial_number(one.serial_number)
                if entry is not None and entry.revocation_date_utc <= moment:
                    return entry.revocation_date_utc
        return None


def _parts(text: bytes) -> tuple[list[x509.Certificate], tuple[bytes, ...]]:
    certificates, lists = [], []
    try:
        for kind, _headers, der in pem.unarmor(text, multiple=True):
            if kind == _CERTIFICATE:
                certificates.append(x509.Certificate.load(der))
                _ = certificates[-1].self_issued
            elif kind == _LIST:
                lists.append(crl.CertificateList.load(der, strict=True).dump())
    except (ValueError, TypeError):
        raise SigningFault("this is not a PEM file of certificates") from None
    return certificates, tuple(lists)


def _roots(certificates: list[x509.Certificate]) -> tuple[bytes, ...]:
    found = [one.dump() for one in certificates if one.self_issued]
    if not found:
        raise SigningFault("there is no root certificate in this PEM file")
    return tuple(dict.fromkeys(found))


def _signers(certificates: list[x509.Certificate]) -> Iterator[tuple[bytes, bytes]]:
    """Yield root and name for each end certificate that is not for timestamps alone, through what is in the file.

    Each step asks for names, not for every way to them: certificates that issue each other in a ring have too many.
    """
    by_name: dict[str, list[tuple[x509.Certificate, str]]] = {}
    for one in certificates:
        by_name.setdefault(one.subject.hashable, []).append((one, one.issuer.hashable))
    for one in certificates:
        purposes = one.extended_key_usage_value
        if one.self_issued or one.ca or (purposes is not None and purposes.native == ["time_stamping"]):
            continue
        names = {one.issuer.hashable: None}
        for _step in range(_MOST_STEPS):
            above = [found for name in names for found in by_name.get(name, ())]
            for root, _issuer in above:
                if root.self_issued:
                    yield root.dump(), one.subject.dump()
            names = {issuer: None for root, issuer in above if not root.self_issued}
