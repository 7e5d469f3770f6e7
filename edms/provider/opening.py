"""Which sign-in provider the configuration names, and where its secret comes from."""

import ssl

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError
from edms.core.settings import Settings
from edms.core.unlock import Unlock
from edms.provider.client import OpenIdProvider

ANSWER_PATH = "/sign-in/provider/answer"
HOME_PATH = "/sign-in"


def open_provider(settings: Settings, clock: Clock) -> OpenIdProvider | None:
    """Return the provider, or None where nobody signs in by one. Raises ConfigurationError."""
    told = settings.oidc
    if not told.issuer:
        return None
    needed = {"oidc.client_id": told.client_id, "server.public_url": settings.server.public_url}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(
            f"oidc.issuer is set, and {' and '.join(missing)} is not", "config.example.toml says what each is for"
        )
    if (told.create_people or told.follow_groups) and not settings.directory.groups:
        raise ConfigurationError(
            "oidc.create_people and oidc.follow_groups need to know what groups stand for: nobody would be let in",
            "name them in [[directory.groups]]",
        )
    home = settings.server.public_url.rstrip("/")
    return OpenIdProvider(
        told, home + ANSWER_PATH, home + HOME_PATH, lambda: _secret(told.client_secret), clock, _roots(settings)
    )


def _secret(source: str) -> str:
    return Unlock(source).secret("the secret at the sign-in provider").decode() if source else ""


def _roots(settings: Settings) -> str:
    place = settings.oidc.roots
    if place is None:
        return ""
    try:
        text = place.read_text("ascii")
        ssl.create_default_context(cadata=text)
    except OSError as fault:
        raise ConfigurationError(f"oidc.roots: {place} cannot be read: {fault.strerror or 'no certificate'}") from None
    except (UnicodeDecodeError, ValueError):
        raise ConfigurationError(f"oidc.roots: {place} is no PEM file") from None
    return text
