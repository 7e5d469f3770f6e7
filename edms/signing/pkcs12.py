"""The signer `pkcs12`: a certified key in a file under a passphrase (RFC 7292)."""

from pathlib import Path

from asn1crypto import keys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edms.signing.errors import SignerUnavailable
from edms.signing.outside import LATER, HeldSecret, SignerCertificates

MOST_BYTES = 1024 * 1024


class Pkcs12Key:
    """Opens the file at first use and keeps the key in memory."""

    provider = "PKCS #12 file"

    def __init__(self, file: Path, passphrase: HeldSecret) -> None:
        self._file, self._passphrase = file, passphrase
        self._opened: SimpleSigner | None = None

    def open(self, certificates: SignerCertificates) -> SimpleSigner:
        if self._opened is None:
            store = SimpleCertificateStore()
            store.register_multiple(certificates.others)
            self._opened = SimpleSigner(signing_cert=certificates.own, signing_key=self._key(), cert_registry=store)
        return self._opened

    def lost(self) -> None:
        self._opened = None

    def _key(self) -> keys.PrivateKeyInfo:
        try:
            with self._file.open("rb") as file:
                content = file.read(MOST_BYTES)
        except OSError as error:
            raise SignerUnavailable(f"the key file of the seal cannot be read: {error.strerror}", LATER) from None
        try:
            key, _certificate, _others = pkcs12.load_key_and_certificates(content, self._passphrase.use())
        except ValueError:
            # The library does not tell a wrong passphrase from a damaged file.
            raise self._passphrase.refuse() from None
        if key is None:
            raise SignerUnavailable("there is no key in the key file of the seal", "see [signing] pkcs12_file")
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return keys.PrivateKeyInfo.load(der)
