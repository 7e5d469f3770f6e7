"""What a checker trusts: root certificates for seals, the Ed25519 key for checkpoints. Read from one PEM file."""

from dataclasses import dataclass

from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from edms.core.errors import Refused
from edms.signing.errors import SigningFault
from edms.signing.trust import TrustMaterial

_PUBLIC_KEY = "PUBLIC KEY"
_CERTIFICATE = "CERTIFICATE"
_MEND = "use what `edms keys public` prints"


@dataclass(frozen=True)
class Trusted:
    """`seals`: roots of the seals; `logs`: raw public keys (32 bytes each) of audit trails. Either may be empty."""

    seals: TrustMaterial
    logs: tuple[bytes, ...] = ()


def trusted_from_pem(text: bytes, timestamps: bytes = b"") -> Trusted:
    """Read what `edms keys public` printed; certificates without the trail's key, or the key alone, are taken too.

    `timestamps`: a PEM file of root certificates that are trusted for timestamps, and for nothing else.
    Raises Refused when there is neither, and when there is a private key, which belongs in nobody's hands.
    """
    try:
        parts = list(pem.unarmor(text, multiple=True)) if b"-----BEGIN" in text else []
        kinds = {kind for kind, _headers, _der in parts}
        if any("PRIVATE" in kind for kind in kinds):
            raise Refused("there is a private key in this file of public keys", "keep it secret, and " + _MEND)
        logs = tuple(_log_key(der) for kind, _headers, der in parts if kind == _PUBLIC_KEY)
        seals = TrustMaterial.from_pem(text, timestamps) if _CERTIFICATE in kinds else TrustMaterial()
    except (ValueError, TypeError, SigningFault):
        raise Refused("this is not a file of public keys", _MEND) from None
    if not logs and not seals.roots:
        raise Refused("there is neither a root certificate nor a public key in this file", _MEND)
    return Trusted(seals, logs)


def log_key_pem(raw: bytes) -> str:
    """Return the audit trail's public key as PEM."""
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _log_key(der: bytes) -> bytes:
    key = load_der_public_key(der)
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("the public key in this file is not an Ed25519 key", _MEND)
    return key.public_bytes_raw()
