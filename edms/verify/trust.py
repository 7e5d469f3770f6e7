"""What a checker trusts: root certificates for seals, the Ed25519 key for checkpoints. Read from one PEM file."""

from dataclasses import dataclass

from asn1crypto import pem
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from edms.core.errors import EdmsError, Refused
from edms.signing.verification import TrustMaterial

_PUBLIC_KEY = "PUBLIC KEY"


@dataclass(frozen=True)
class Trusted:
    """`seals`: roots of the seals; `log`: raw public key (32 bytes) of the audit trail, None when not given."""

    seals: TrustMaterial
    log: bytes | None


def trusted_from_pem(text: bytes) -> Trusted:
    """Read what `edms keys public` printed. Raises Refused when it is not that."""
    try:
        parts = list(pem.unarmor(text, multiple=True))
        log = None
        for kind, _headers, der in parts:
            if kind == _PUBLIC_KEY:
                key = load_pem_public_key(pem.armor(kind, der))
                if isinstance(key, Ed25519PublicKey):
                    log = key.public_bytes_raw()
        return Trusted(TrustMaterial.from_pem(text), log)
    except (EdmsError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(
            f"this is not a file of public keys ({type(error).__name__})", "use what `edms keys public` prints"
        ) from None


def log_key_pem(raw: bytes) -> str:
    """Return the audit trail's public key as PEM."""
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
