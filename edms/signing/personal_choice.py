"""Which personal signer the configuration names, and under which roots personal signatures are believed."""

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError
from edms.core.settings import ArchiveSettings, SigningSettings
from edms.core.unlock import Unlock
from edms.signing.authority import AuthorityMaterial
from edms.signing.bsre import BsreSigner
from edms.signing.errors import SigningFault
from edms.signing.personal import PersonalSigner
from edms.signing.personal_pilot import PilotSigner
from edms.signing.protocols import TimestampAuthority
from edms.signing.verification import TrustMaterial


def personal_signer(
    settings: SigningSettings,
    whose: ArchiveSettings,
    generations: list[AuthorityMaterial],
    clock: Clock,
    timestamps: TimestampAuthority,
) -> PersonalSigner | None:
    """Return the signer, or None where personal signatures are off. Raises ConfigurationError.

    `generations`: those of the pilot authority, the newest last.
    """
    if settings.personal == "pilot":
        trust = pilot_trust(generations)
        return PilotSigner(generations[-1], trust, whose.organisation, whose.country, clock, timestamps)
    if settings.personal == "off":
        return None
    told = {"bsre_url": settings.bsre_url, "bsre_user": settings.bsre_user, "bsre_password": settings.bsre_password}
    missing = [name for name, value in told.items() if not value]
    if missing or settings.bsre_roots is None:
        raise ConfigurationError(
            f"signing.personal is bsre, and these are not set: {', '.join(missing or ['bsre_roots'])}",
            "config.example.toml says what each is for",
        )
    return BsreSigner(
        settings.bsre_url,
        settings.bsre_user,
        lambda: Unlock(settings.bsre_password).secret("the password of the signing service").decode(),
        _bsre_trust(settings),
        settings.bsre_timeout_seconds,
    )


def personal_trust(settings: SigningSettings, generations: list[AuthorityMaterial]) -> TrustMaterial:
    """Return every root under which personal signatures of this archive were made, also by earlier settings."""
    pilot, bsre = pilot_trust(generations), _bsre_trust(settings)
    return TrustMaterial((*pilot.roots, *bsre.roots))


def pilot_trust(generations: list[AuthorityMaterial]) -> TrustMaterial:
    return TrustMaterial.from_pem("".join(one.root.certificate for one in generations).encode())


def _bsre_trust(settings: SigningSettings) -> TrustMaterial:
    if settings.bsre_roots is None:
        return TrustMaterial()
    try:
        return TrustMaterial.from_pem(settings.bsre_roots.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"signing.bsre_roots: {settings.bsre_roots}: {error.strerror}") from None
    except SigningFault as fault:
        raise ConfigurationError(f"signing.bsre_roots: {settings.bsre_roots}: {fault.message}") from None
