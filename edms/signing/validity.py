"""Refusing to sign outside of a certificate's time: what comes out would be invalid, and nobody would notice."""

from datetime import datetime

from asn1crypto import x509

from edms.signing.errors import SignerUnavailable

RENEW = "is the clock of this machine right? If it is, make new certificates: edms init, then start the service again"


def require_valid(certificate: x509.Certificate, moment: datetime, whose: str) -> None:
    """Raise SignerUnavailable when `certificate` is not yet, or no longer, valid at `moment` (aware)."""
    if moment < certificate.not_valid_before:
        raise SignerUnavailable(
            f"the certificate of {whose} is valid only from {certificate.not_valid_before:%Y-%m-%d}, "
            f"and now it is {moment:%Y-%m-%d}",
            RENEW,
        )
    if moment > certificate.not_valid_after:
        raise SignerUnavailable(
            f"the certificate of {whose} has expired on {certificate.not_valid_after:%Y-%m-%d}, "
            f"and now it is {moment:%Y-%m-%d}",
            RENEW,
        )
