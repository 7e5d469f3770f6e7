"""Personal certificates of the pilot authority: for trying signing out before officials have recognised ones.

The key is encrypted under the official's own passphrase (argon2id, RFC 9106; AES-256-GCM). The archive, its
administrator and whoever copies its database cannot sign without it, and nobody can recover it: a forgotten
passphrase means a new certificate.
"""

import io
import json
import os
from datetime import timedelta

from argon2.low_level import Type, hash_secret_raw
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from PIL import Image
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edms.core.clock import Clock
from edms.core.coroutines import finish
from edms.core.secret import Secret
from edms.signing.authority import AuthorityMaterial
from edms.signing.errors import SignerUnavailable
from edms.signing.personal import FIELD, Mark, Signatory, SignatureUnavailable, WrongPassphrase
from edms.signing.protocols import TimestampAuthority
from edms.signing.seals import DIGEST, ClockedSealer, free_field
from edms.signing.validity import require_valid
from edms.signing.verification import TrustMaterial

_SKEW = timedelta(minutes=5)
_TIME_COST, _MEMORY_KIBIBYTES, _LANES = 3, 64 * 1024, 4  # RFC 9106, section 4, second recommended option
_SALT, _NONCE, _KEY = 16, 12, 32
_YEARS = 2


def issue(
    authority: AuthorityMaterial, clock: Clock, organisation: str, country: str, name: str, passphrase: Secret
) -> tuple[bytes, bytes]:
    """Return a new certificate (DER) for a person, and its key under `passphrase`. ECDSA on P-256, for two years.

    It never outlives the root.
    """
    root = x509.load_pem_x509_certificate(authority.root.certificate.encode())
    root_key = serialization.load_pem_private_key(authority.root.private_key.encode(), None)
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the root of this authority has a key of another kind")
    key = ec.generate_private_key(ec.SECP256R1())
    start = clock.now().replace(microsecond=0) - _SKEW
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"), False)  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject(organisation, country, name))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(min(start + timedelta(days=366 * _YEARS), root.not_valid_after_utc))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(root_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate, seal_key(private, certificate, passphrase)


def _subject(organisation: str, country: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "pilot"),
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
        ]
    )


def seal_key(private: bytes, certificate: bytes, passphrase: Secret) -> bytes:
    """Encrypt a private key (PKCS #8, DER) under `passphrase`, bound to its certificate; JSON."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    kdf = {"name": "argon2id", "salt": salt.hex(), "time": _TIME_COST, "memory": _MEMORY_KIBIBYTES, "lanes": _LANES}
    sealed = AESGCM(_derived(kdf, passphrase)).encrypt(nonce, private, certificate)
    return json.dumps({"version": 1, "kdf": kdf, "nonce": nonce.hex(), "key": sealed.hex()}).encode()


def open_key(sealed: bytes, certificate: bytes, passphrase: Secret) -> bytes:
    """Return the private key (PKCS #8, DER). Raises WrongPassphrase, also for a key of another certificate."""
    told = json.loads(sealed)
    try:
        return AESGCM(_derived(told["kdf"], passphrase)).decrypt(
            bytes.fromhex(told["nonce"]), bytes.fromhex(told["key"]), certificate
        )
    except InvalidTag:
        raise WrongPassphrase() from None


def _derived(kdf: dict[str, object], passphrase: Secret) -> bytes:
    return hash_secret_raw(
        passphrase.reveal().encode(),
        bytes.fromhex(str(kdf["salt"])),
        int(str(kdf["time"])),
        int(str(kdf["memory"])),
        int(str(kdf["lanes"])),
        _KEY,
        Type.ID,
    )


class PilotSigner:
    """Signs with a personal certificate of the pilot authority: PAdES-B-T, by whoever knows the passphrase."""

    provider = "pilot"
    pilot = True

    def __init__(
        self,
        authority: AuthorityMaterial,
        trust: TrustMaterial,
        organisation: str,
        country: str,
        clock: Clock,
        timestamps: TimestampAuthority,
    ) -> None:
        """`trust`: the roots of every generation of the pilot authority; `authority`: the newest, which issues."""
        self.trust = trust
        self._authority = authority
        self._organisation, self._country = organisation, country
        self._roots = [asn1_x509.Certificate.load(root) for root in trust.roots]
        self._clock = clock
        self._timestamps = timestamps

    def issue(self, name: str, passphrase: Secret) -> tuple[bytes, bytes]:
        return issue(self._authority, self._clock, self._organisation, self._country, name, passphrase)

    def change(self, certificate: bytes, sealed_key: bytes, old: Secret, new: Secret) -> bytes:
        return seal_key(open_key(sealed_key, certificate, old), certificate, new)

    def sign(self, document: bytes, signatory: Signatory, passphrase: Secret, mark: Mark) -> bytes:
        certificate = asn1_x509.Certificate.load(signatory.certificate)
        key = open_key(signatory.sealed_key, signatory.certificate, passphrase)
        store = SimpleCertificateStore()
        store.register_multiple(self._roots)
        signer = SimpleSigner(
            signing_cert=certificate, signing_key=asn1_keys.PrivateKeyInfo.load(key), cert_registry=store
        )
        try:
            require_valid(certificate, self._clock.now(), "this person")
            return self._signed(document, signer, mark)
        except SignerUnavailable as fault:
            raise SignatureUnavailable(f"nothing was signed: {fault.message}", fault.mend) from None
        except Exception as error:  # pyHanko and the authority's client raise errors of many kinds
            raise SignatureUnavailable(f"nothing was signed: {type(error).__name__}", "try again") from error

    def _signed(self, document: bytes, signer: SimpleSigner, mark: Mark) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
        name = free_field(writer, FIELD)
        metadata = signers.PdfSignatureMetadata(
            field_name=name,
            md_algorithm=DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            reason=mark.reason or None,
            location=mark.location or None,
        )
        picture = PdfImage(Image.open(io.BytesIO(mark.picture)))
        sealer = ClockedSealer(
            self._clock,
            metadata,
            signer=signer,
            timestamper=self._timestamps.pyhanko(),
            stamp_style=StaticStampStyle(background=picture, border_width=0, background_opacity=1.0),
            new_field_spec=SigFieldSpec(name, on_page=mark.placement.page - 1, box=mark.placement.box),
        )
        out = io.BytesIO()
        finish(sealer.async_sign_pdf(writer, output=out))
        return out.getvalue()
