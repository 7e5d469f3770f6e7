"""The signer that the settings name."""

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError
from edms.core.settings import SigningSettings
from edms.core.unlock import Unlock
from edms.signing.authority import AuthorityMaterial
from edms.signing.csc import CscKey
from edms.signing.local import LocalSigner
from edms.signing.outside import HeldSecret, OutsideSigner, RemoteKey, SignerCertificates
from edms.signing.pkcs12 import Pkcs12Key
from edms.signing.protocols import Signer

CREDENTIAL = "edms-signing"


def open_signer(settings: SigningSettings, pilot: AuthorityMaterial, clock: Clock) -> tuple[Signer, str]:
    """Return the signer, and the certificates (PEM) that its seals are checked with besides the pilot's.

    No key is reached for: an archive opens, and is read, while its token is pulled out. Raises ConfigurationError.
    """
    if settings.provider == "local":
        return LocalSigner(pilot, clock), ""
    certificates = SignerCertificates.read(settings.certificates)
    return OutsideSigner(certificates, _key(settings), clock), certificates.pem


def _key(settings: SigningSettings) -> RemoteKey:
    if settings.provider == "pkcs12":
        if settings.pkcs12_file is None:
            raise ConfigurationError("the signer pkcs12 needs [signing] pkcs12_file")
        return Pkcs12Key(settings.pkcs12_file, _secret(settings.unlock, "the passphrase of the seal's key file"))
    if settings.provider == "csc":
        pin = None if settings.csc_pin == "none" else _secret(settings.csc_pin, "the PIN of the signing credential")
        token = _secret(settings.unlock, "the token for the signing service")
        return CscKey(settings.csc_url, settings.csc_credential, token, pin, settings.csc_timeout_seconds)
    if not (settings.pkcs11_module and settings.pkcs11_token and settings.pkcs11_key):
        raise ConfigurationError("the signer pkcs11 needs [signing] pkcs11_module, pkcs11_token and pkcs11_key")
    try:
        from edms.signing.pkcs11 import Pkcs11Key
    except ModuleNotFoundError:
        raise ConfigurationError(
            "the signer pkcs11 needs the library python-pkcs11", "install it: pip install 'edms[pkcs11]'"
        ) from None
    pin = _secret(settings.unlock, "the PIN of the seal's token")
    return Pkcs11Key(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_key, pin)


def _secret(source: str, what: str) -> HeldSecret:
    return HeldSecret(Unlock(source, credential=CREDENTIAL), what)
