"""Whether the directory of [ldap] can be used: what `edms doctor` says of it."""

from collections.abc import Iterator

from sqlalchemy import func, select

from edms.access.credentials_model import DirectoryLink
from edms.directory.entries import DirectoryAway
from edms.records.archive import Archive
from edms.records.findings import Finding

_SOON_DAYS = 30


def directory_findings(archive: Archive) -> Iterator[Finding]:
    """Ask the directory, as a sign-in would: bind, search, and how long its certificate is good for."""
    if archive.directory is None:
        with archive.database.reader() as session:
            count = session.scalar(select(func.count()).select_from(DirectoryLink)) or 0
        if count:
            yield Finding(
                "error",
                f"{count} people have their password in a directory, and none is named: they cannot sign in",
                "name its servers in [ldap]",
            )
        return
    try:
        state = archive.directory.examine()
    except DirectoryAway as fault:
        yield Finding(
            "error",
            f"{fault.message}: who has the password there cannot sign in",
            "see [ldap] servers, ca_file, bind_dn and bind_password",
        )
        return
    yield Finding("info", f"people of the directory sign in by {state.server}")
    if not state.has_people:
        yield Finding(
            "error", "the directory answers, and shows our account nobody", "see [ldap] people_base and people_filter"
        )
    if not archive.settings.directory.groups:
        yield Finding(
            "warning",
            "no group of the directory stands for anything here, so nobody of it is let in",
            "see [[directory.groups]]",
        )
    if state.certificate_days is None:
        yield Finding("warning", "the directory is spoken to without TLS", "use ldaps:// or starttls = true")
    elif state.certificate_days < _SOON_DAYS:
        yield Finding(
            "warning",
            f"the certificate of the directory is good for {state.certificate_days} days more",
            "have its administrator renew it; nobody of the directory can sign in afterwards",
        )
