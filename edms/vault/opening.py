"""Opening or making the key ring with the provider that the settings name; asking for what opens it where needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError
from edms.core.settings import KeySettings
from edms.core.unlock import Unlock
from edms.vault.file_provider import KEY_FILE, FileKeyProvider, WrongPassphrase, checked_passphrase, is_locked
from edms.vault.key_files import read_provider_file
from edms.vault.keyring import KeyRing
from edms.vault.keys import KeyProvider
from edms.vault.transit_client import KeyServer, TransitClient
from edms.vault.transit_provider import TransitKeyProvider

if TYPE_CHECKING:
    from edms.vault.pkcs11_provider import Pkcs11KeyProvider

PASSPHRASE = "the passphrase of the key file"  # noqa: S105 - its name, in a question
PIN = "the PIN of the key token"
SERVER_TOKEN = "the token for the key server"  # noqa: S105 - its name, in a question
TRIES = 3


def open_ring(folder: Path, keys: KeySettings, unlock: Unlock) -> KeyRing:
    """Open the ring in `folder`. Raises KeyUnavailable, IntegrityFault, ConfigurationError (another provider's)."""
    if keys.provider == "pkcs11":
        pkcs11: KeyProvider = _pkcs11().open(
            folder, keys.pkcs11_module, lambda: unlock.secret(PIN), keys.pkcs11_wrapping
        )
        return KeyRing(folder, pkcs11)
    if keys.provider == "transit":
        return KeyRing(folder, TransitKeyProvider.open(folder, _key_server(keys, unlock), keys.transit_mount))
    if not (folder / KEY_FILE).exists() and KeyRing.exists(folder):
        read_provider_file(folder, keys.provider)
    if not is_locked(folder):
        return KeyRing(folder, FileKeyProvider.open(folder))
    for _mistyped in range(TRIES - 1):
        try:
            return KeyRing(folder, FileKeyProvider.open(folder, unlock.secret(PASSPHRASE)))
        except WrongPassphrase:
            if not unlock.asks:
                raise
            unlock.forget()
    return KeyRing(folder, FileKeyProvider.open(folder, unlock.secret(PASSPHRASE)))


def create_ring(folder: Path, keys: KeySettings, clock: Clock, unlock: Unlock, *, with_passphrase: bool) -> KeyRing:
    """Make a new key and an empty ring in `folder`; raises like `open_ring`, and Refused (passphrase too short)."""
    if keys.provider == "pkcs11":
        if not keys.pkcs11_module or not keys.pkcs11_token:
            raise ConfigurationError("the provider pkcs11 needs [keys] pkcs11_module and pkcs11_token")
        pkcs11: KeyProvider = _pkcs11().create(
            folder, keys.pkcs11_module, keys.pkcs11_token, lambda: unlock.secret(PIN), keys.pkcs11_wrapping
        )
        return KeyRing(folder, pkcs11)
    if keys.provider == "transit":
        client = _key_server(keys, unlock)
        return KeyRing(folder, TransitKeyProvider.create(folder, client, keys.transit_mount, keys.transit_key))
    passphrase = checked_passphrase(unlock.new_secret(PASSPHRASE)) if with_passphrase else None
    return KeyRing(folder, FileKeyProvider.create(folder, clock, passphrase))


def _pkcs11() -> "type[Pkcs11KeyProvider]":
    """The provider that needs a library most installations do without."""
    try:
        from edms.vault.pkcs11_provider import Pkcs11KeyProvider
    except ModuleNotFoundError:
        raise ConfigurationError(
            "the provider pkcs11 needs the library python-pkcs11", "install it: pip install 'edms[pkcs11]'"
        ) from None
    return Pkcs11KeyProvider


def _key_server(keys: KeySettings, unlock: Unlock) -> TransitClient:
    def renewed() -> bytes | None:
        """A token that an agent has renewed lies in the same file; from elsewhere there is no other one."""
        if not unlock.renewable:
            return None
        unlock.forget()
        return unlock.secret(SERVER_TOKEN)

    server = KeyServer(keys.transit_url, keys.transit_ca_file, keys.transit_timeout_seconds, keys.transit_attempts)
    return TransitClient(server, lambda: unlock.secret(SERVER_TOKEN), renewed)
