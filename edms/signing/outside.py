"""Signing with a key that others certified and that lies elsewhere: what the providers pkcs12, pkcs11 and csc share.

The certificates are named by the configuration, so they are known, and old seals can be checked, while the key cannot
be reached. Whatever signs is not believed: each signature is verified with the configured certificate.
"""

import asyncio
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from asn1crypto import pem, x509
from pyhanko.sign.signers import Signer as PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from edms.core.clock import Clock
from edms.core.coroutines import finish
from edms.core.errors import ConfigurationError, KeyUnavailable
from edms.core.unlock import Unlock
from edms.signing.errors import SignerUnavailable
from edms.signing.strength import short_key

LATER = "nothing is lost; seals are made when it can be reached again"
_LARGEST_SIGNATURE = 1024


@dataclass(frozen=True)
class SignerCertificates:
    """`own` signs; `others` are the authorities above it and, where there are any, our earlier certificates."""

    own: x509.Certificate
    others: tuple[x509.Certificate, ...]
    pem: str

    @classmethod
    def read(cls, file: Path | None) -> "SignerCertificates":
        """Read a PEM file, the signer's certificate first. Raises ConfigurationError without a root in it."""
        if file is None:
            raise ConfigurationError(
                "signing.certificates names no file", "save the seal's certificate and those above it, root included"
            )
        try:
            text = file.read_bytes()
            found = [x509.Certificate.load(der) for kind, _headers, der in pem.unarmor(text, multiple=True)
                     if kind == "CERTIFICATE"]  # fmt: skip
            roots = [one for one in found if one.self_issued]
        except OSError as error:
            raise ConfigurationError(f"signing.certificates: {file} cannot be read: {error.strerror}") from None
        except (ValueError, TypeError):
            raise ConfigurationError(f"signing.certificates: {file} is not a PEM file of certificates") from None
        if not roots or not found or found[0].self_issued or found[0].ca:
            raise ConfigurationError(
                f"signing.certificates: {file} must begin with the seal's own certificate and hold its root"
            )
        if short := short_key(found[0]):
            raise ConfigurationError(
                f"signing.certificates: a key of {short[0].upper()} bits is too short for a seal",
                "ask the authority for a certificate of a longer key",
            )
        return cls(found[0], tuple(found[1:]), "".join(pem.armor("CERTIFICATE", one.dump()).decode() for one in found))


class RemoteKey(Protocol):
    """Where the key is. Both MUST raise SignerUnavailable, whose words hold no secret, when it cannot be used."""

    provider: str

    def open(self, certificates: SignerCertificates) -> PdfSigner:
        """Return a pyHanko signer, made ready for one signature. May be asked for anew after a failure."""

    def lost(self) -> None:
        """The last use failed: begin anew next time."""


class OutsideSigner:
    """A Signer whose key is elsewhere."""

    pilot = False

    def __init__(self, certificates: SignerCertificates, key: RemoteKey, clock: Clock) -> None:
        self.provider = key.provider
        self.clock = clock
        self.certificate = certificates.own
        self._key, self._certificates = key, certificates
        self._signer = _Checked(certificates, key)

    def __repr__(self) -> str:
        return f"OutsideSigner({self.provider!r})"

    def pyhanko(self) -> PdfSigner:
        return self._signer

    def require_ready(self) -> None:
        """Raise SignerUnavailable when the key cannot be reached. Signs nothing."""
        try:
            self._key.open(self._certificates)
        except SignerUnavailable:
            self._key.lost()
            raise


class _Checked(PdfSigner):
    """Asks the key, once more after a failure, and verifies what it answers. Its calls take turns."""

    def __init__(self, certificates: SignerCertificates, key: RemoteKey) -> None:
        store = SimpleCertificateStore()
        store.register_multiple([certificates.own, *certificates.others])
        super().__init__(signing_cert=certificates.own, cert_registry=store)
        self._certificates, self._key, self._turn = certificates, key, threading.Lock()

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_LARGEST_SIGNATURE)
        return await asyncio.to_thread(self._in_turn, data, digest_algorithm)

    def _in_turn(self, data: bytes, digest_algorithm: str) -> bytes:
        with self._turn:
            try:
                signature = self._asked(data, digest_algorithm)
            except _Lost:
                self._key.lost()
                signature = self._again(data, digest_algorithm)
        try:
            mechanism = self.get_signature_mechanism_for_digest(digest_algorithm)
            DefaultSignatureValidator().validate_signature(
                signature, data, self._certificates.own.public_key, mechanism,
                SignatureValidationContext(contextual_md_algorithm=digest_algorithm, prehashed=False),
            )  # fmt: skip
        except Exception:  # noqa: BLE001 - the library refuses in many ways, and each is a no
            raise SignerUnavailable(
                f"{self._key.provider}: what it signed is not by the key of the certificate in signing.certificates",
                "name the certificate of the key that is used",
            ) from None
        return signature

    def _again(self, data: bytes, digest_algorithm: str) -> bytes:
        try:
            return self._asked(data, digest_algorithm)
        except _Lost as fault:
            self._key.lost()
            raise SignerUnavailable(f"{self._key.provider} cannot sign ({fault})", LATER) from None

    def _asked(self, data: bytes, digest_algorithm: str) -> bytes:
        try:
            signer: Any = self._key.open(self._certificates)
            return bytes(finish(signer.async_sign_raw(data, digest_algorithm)))
        except SignerUnavailable:
            self._key.lost()
            raise
        except Exception as error:  # noqa: BLE001 - libraries of tokens and services fail in ways of their own
            raise _Lost(type(error).__name__) from None


class _Lost(Exception):
    """A session ended, a token was pulled out: worth one more try with a new session."""


class HeldSecret:
    """A passphrase, PIN or token. One that was refused is not tried again: a token locks after a few wrong PINs."""

    def __init__(self, unlock: Unlock, what: str) -> None:
        self._unlock, self._what = unlock, what
        self._refused: bytes | None = None

    def __repr__(self) -> str:
        return f"HeldSecret({self._what!r})"

    def use(self) -> bytes:
        """Return the secret. Raises SignerUnavailable when there is none, or only the one that was refused."""
        secret = self._read()
        if self._mark(secret) == self._refused and self._unlock.renewable:
            self._unlock.forget()
            secret = self._read()
        if self._mark(secret) == self._refused:
            raise SignerUnavailable(
                f"{self._what} was refused, and is not tried again",
                "see [signing] unlock, then start again",
            )
        return secret

    def refuse(self) -> SignerUnavailable:
        """Remember that the secret is wrong; return what to raise."""
        self._refused = self._mark(self._read())
        return SignerUnavailable(f"{self._what} is wrong", "see [signing] unlock")

    def _read(self) -> bytes:
        try:
            return self._unlock.secret(self._what)
        except KeyUnavailable as fault:
            raise SignerUnavailable(fault.message, "see [signing] unlock") from None

    @staticmethod
    def _mark(secret: bytes) -> bytes:
        return hashlib.sha256(secret).digest()
