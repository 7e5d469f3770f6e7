"""Which directory serves is a line of configuration; its library is loaded where there is one alone."""

from edms.core.clock import Clock
from edms.core.ldap_settings import LdapSettings
from edms.directory.entries import PeopleDirectory


def open_directory(settings: LdapSettings, clock: Clock) -> PeopleDirectory | None:
    """Return the directory that [ldap] names, not yet asked for anything; None where it names no server."""
    if not settings.servers:
        return None
    from edms.directory.ldap import LdapDirectory

    return LdapDirectory(settings, clock)
