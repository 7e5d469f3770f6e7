"""The signer `pkcs11`: a key in a token or HSM, which it never leaves (OASIS PKCS #11)."""

from typing import Any

import pkcs11
from pyhanko.sign.pkcs11 import PKCS11Signer

from edms.signing.errors import SignerUnavailable
from edms.signing.outside import LATER, HeldSecret, SignerCertificates

_TROUBLE = (pkcs11.exceptions.PKCS11Error, RuntimeError, OSError)


class Pkcs11Key:
    """Signs with the key labelled `key` of the token labelled `token`; `module` is the token's library."""

    provider = "PKCS #11 token"

    def __init__(self, module: str, token: str, key: str, pin: HeldSecret) -> None:
        self._module, self._token, self._label, self._pin = module, token, key, pin
        self._session: Any = None

    def open(self, certificates: SignerCertificates) -> PKCS11Signer:
        try:
            if self._session is None:
                self._session = self._connected()
            signer = PKCS11Signer(
                self._session,
                signing_cert=certificates.own,
                ca_chain=certificates.others,
                key_label=self._label,
                # Every token can sign a digest by ECDSA; not every one computes the digest too.
                use_raw_mechanism=certificates.own.public_key.algorithm == "ec",
            )
            self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._label)
            return signer
        except SignerUnavailable:
            raise
        except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinInvalid, pkcs11.exceptions.PinLenRange):
            raise self._pin.refuse() from None
        except pkcs11.exceptions.PinLocked:
            raise SignerUnavailable(
                f"the PIN of the token {self._token} is locked", "unlock it as its security officer"
            ) from None
        except pkcs11.exceptions.NoSuchKey:
            raise SignerUnavailable(f"the token {self._token} has no key {self._label}", "see [signing]") from None
        except _TROUBLE as fault:
            raise SignerUnavailable(
                f"the token {self._token} does not answer ({type(fault).__name__})", LATER
            ) from None

    def lost(self) -> None:
        """Not closed: closing one session of a process signs all of them out, that of the key provider included."""
        self._session = None

    def _connected(self) -> Any:
        library = pkcs11.lib(self._module)
        try:
            return self._signed_in(library.get_token(token_label=self._token))
        except _TROUBLE as fault:
            if isinstance(fault, pkcs11.exceptions.PinIncorrect | pkcs11.exceptions.PinLocked):
                raise
            # A library learns of tokens that were put in or taken out only when it begins anew.
            library.reinitialize()
            return self._signed_in(library.get_token(token_label=self._token))

    def _signed_in(self, token: Any) -> Any:
        pin = self._pin.use().decode()
        try:
            return token.open(user_pin=pin)
        except pkcs11.exceptions.UserAlreadyLoggedIn:
            return token.open()
