"""What can go wrong when signing or checking a signature."""

from edms.core.errors import EdmsError, IntegrityFault


class SealRefused(EdmsError):
    """The document does not allow another signature (its author forbade changes, it is encrypted or damaged)."""

    exit_code = 1


class SigningFault(IntegrityFault):
    """A signature cannot be read at all."""


class SignerUnavailable(EdmsError):
    """The signer or the timestamp authority does not answer. Fails closed: no seal is better than half a seal (R59)."""

    exit_code = 1


class RevocationUnavailable(SignerUnavailable):
    """An authority does not say whether a certificate was revoked: a seal that promises it cannot be made now."""


class CertificateRevoked(SignerUnavailable):
    """The signer's or the timestamp authority's certificate was revoked: nothing is sealed with it."""
