"""The local pilot authority: made at `edms init`, so that an archive can seal from its first day.

It proves that this archive made the seal, to whoever has its root from the archive itself; it is no recognised
authority, and every view says so. Certificates follow RFC 5280; the timestamp certificate RFC 3161 section 2.3.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError

PILOT = "Local pilot authority"
DEVELOPMENT = "Development timestamp authority"
RENEW_BEFORE = timedelta(days=90)
_SKEW = timedelta(minutes=5)
_ROOT_YEARS_MORE = 10
_LIST_DAYS = 7
_LIST_RENEWED = timedelta(days=1)


@dataclass(frozen=True)
class KeyPair:
    """A certificate (PEM) and its private key (PKCS#8 PEM, never shown)."""

    certificate: str
    private_key: str = field(repr=False)

    def parsed(self) -> tuple[asn1_x509.Certificate, asn1_keys.PrivateKeyInfo]:
        """Return both as asn1crypto objects. Raises ConfigurationError when they do not belong together."""
        certificate = x509.load_pem_x509_certificate(self.certificate.encode())
        key = serialization.load_pem_private_key(self.private_key.encode(), None)
        if key.public_key() != certificate.public_key():
            name = certificate.subject.rfc4514_string()
            raise ConfigurationError(f"the private key of {name} is not the key of its certificate")
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (
            asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
            asn1_keys.PrivateKeyInfo.load(der),
        )


@dataclass(frozen=True)
class AuthorityMaterial:
    """Root, seal and timestamp keys; kept as one secret of the key ring."""

    root: KeyPair
    seal: KeyPair
    timestamp: KeyPair

    def to_json(self) -> bytes:
        """Return the secret as it lies in the key ring."""
        pairs = {"root": self.root, "seal": self.seal, "timestamp": self.timestamp}
        return json.dumps({name: [pair.certificate, pair.private_key] for name, pair in pairs.items()}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "AuthorityMaterial":
        pairs = {name: KeyPair(*parts) for name, parts in json.loads(data).items()}
        return cls(pairs["root"], pairs["seal"], pairs["timestamp"])

    def public_pem(self) -> str:
        """Return all certificates, root first: what an outsider needs."""
        return "".join(self.certificates())

    def certificates(self) -> tuple[str, str, str]:
        """Return the certificates of root, seal and timestamp, PEM."""
        return self.root.certificate, self.seal.certificate, self.timestamp.certificate

    def usable(self, moment: datetime) -> bool:
        """Whether seals can be made at `moment`, and for a while after it: else the certificates are to be renewed."""
        first, last = self.period()
        return first <= moment and moment + RENEW_BEFORE <= last

    def period(self) -> tuple[datetime, datetime]:
        """Return from when until when seals can be made with these certificates."""
        loaded = [x509.load_pem_x509_certificate(pair.certificate.encode()) for pair in (self.seal, self.timestamp)]
        return max(one.not_valid_before_utc for one in loaded), min(one.not_valid_after_utc for one in loaded)


class PilotLists:
    """The revocation lists of one generation of the pilot authority, made as they are needed (RFC 5280 section 5).

    The root key is at hand wherever seals are made, so a list is never late and need not be kept anywhere: its number
    is the second in which it was made. It is empty: a pilot certificate is not revoked but replaced.
    """

    def __init__(self, material: AuthorityMaterial) -> None:
        self._root = x509.load_pem_x509_certificate(material.root.certificate.encode())
        self._key = _private_key(material.root)
        self._newest = datetime.min.replace(tzinfo=UTC), b""

    @property
    def issuer(self) -> bytes:
        """The SHA-256 of the root certificate."""
        return self._root.fingerprint(hashes.SHA256())

    def revocation_list(self, moment: datetime) -> bytes:
        """Return a list, DER, that is in force at `moment` and for days after it; the newest one while it is young."""
        made, newest = self._newest
        if made <= moment < made + _LIST_RENEWED:
            return newest
        start = moment.replace(microsecond=0) - _SKEW
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._root.subject)
            .last_update(start)
            .next_update(start + timedelta(days=_LIST_DAYS))
            .add_extension(x509.CRLNumber(int(moment.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._newest = moment, built.public_bytes(serialization.Encoding.DER)
        return self._newest[1]


def create_authority(organisation: str, country: str, clock: Clock, years: int) -> AuthorityMaterial:
    """Make a root and the seal and timestamp certificates below it, ECDSA on P-256, valid `years` from now."""
    root_key, root = _root(organisation, country, clock, years + _ROOT_YEARS_MORE)
    return _below(organisation, country, clock, years, root, root_key)


def renew_authority(
    old: AuthorityMaterial, organisation: str, country: str, clock: Clock, years: int
) -> AuthorityMaterial:
    """Make new seal and timestamp certificates, with new keys, under the old root while that outlives them.

    Who trusts the root need then not be told anything. Past its time, or with a clock before it, a new root is made.
    """
    root = x509.load_pem_x509_certificate(old.root.certificate.encode())
    now = clock.now()
    if not root.not_valid_before_utc <= now <= root.not_valid_after_utc - timedelta(days=366 * years):
        return create_authority(organisation, country, clock, years)
    return _below(organisation, country, clock, years, root, _private_key(old.root))


def _private_key(pair: KeyPair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pair.private_key.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this authority has a key of another kind")
    return key


def _below(
    organisation: str,
    country: str,
    clock: Clock,
    years: int,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
) -> AuthorityMaterial:
    seal = _leaf(organisation, country, f"{organisation} (electronic seal)", None, clock, years, root, root_key)
    timestamp = _leaf(
        organisation, country, DEVELOPMENT, ExtendedKeyUsageOID.TIME_STAMPING, clock, years, root, root_key
    )
    return AuthorityMaterial(_pair(root, root_key), seal, timestamp)


def _name(organisation: str, country: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, clock: Clock, years: int
) -> x509.CertificateBuilder:
    start = clock.now().replace(microsecond=0) - _SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=366 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        encipher_only=False,
        decipher_only=False,
    )


def _root(
    organisation: str, country: str, clock: Clock, years: int
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, country, f"{PILOT} of {organisation}")
    certificate = (
        _builder(name, name, key.public_key(), clock, years)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_documents=False), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _leaf(
    organisation: str,
    country: str,
    common: str,
    purpose: x509.ObjectIdentifier | None,
    clock: Clock,
    years: int,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(organisation, country, common), root.subject, key.public_key(), clock, years)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_documents=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return _pair(builder.sign(root_key, hashes.SHA256()), key)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode())
