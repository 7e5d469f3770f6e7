"""Bring people and offices to what the directory says: all of them now and then, one at each sign-in."""

import logging
from dataclasses import dataclass
from uuid import UUID

from edms.access.actors import Actor, system_actor
from edms.access.passwords import hash_password, random_password
from edms.access.policy import Action
from edms.core.errors import ConfigurationError, EdmsError, Refused
from edms.directory.entries import DirectoryPerson, PeopleDirectory
from edms.operation.directory_links import entry_digest, link_to_entry, linked_people
from edms.operation.sessions import end_sessions
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.alerts import settle
from edms.records.archive import Archive
from edms.records.directory_people import Bound, Wanted, Why, known_here, wanted_of
from edms.records.people import person_in_service, require_no_service_account
from edms.records.people_plan import Directory, PeoplePlan
from edms.records.people_sync import sync_people

KEEPER = system_actor("directory")
SCOPE = "directory"
FEW = 3
"""So many are let out without asking what share of all they are."""
log = logging.getLogger("edms.directory")


@dataclass(frozen=True)
class DirectorySync:
    """What was done, or would be, and who was left as they are and why."""

    plan: PeoplePlan
    left_out: tuple[tuple[str, Why], ...]


@dataclass(frozen=True)
class _Fault:
    detail: str
    kind: str = "directory"
    id: str = "people"


def sync_directory(
    actor: Actor | None, archive: Archive, *, complete: bool = False, dry_run: bool = False
) -> DirectorySync:
    """Bring everybody to what the directory says. Raises DirectoryAway, or Refused with nothing changed; an alert tells
    of it until a run succeeds.

    With `complete` those whose entry is gone, or is in no group that counts, are let in no more: at most the share that
    [ldap] most_deactivated_percent allows, since a directory that is broken answers with nobody.
    """
    archive.door.permit(actor, Action.PEOPLE_FOLLOW)
    directory = directory_of(archive)
    try:
        found, offices = directory.people(), directory.offices()
        with archive.database.reader() as session:
            known = known_here(archive, session)
            wanted = wanted_of(archive, known, found, offices, complete=complete)
            bound = [link for link in known.links.values() if link.person_id in known.serving]
        _require_plausible(archive, wanted, len(bound), len(found))
        plan = sync_people(actor, archive, wanted.as_list(), dry_run=dry_run, action=Action.PEOPLE_FOLLOW,
                           origin=Bound(archive, wanted))  # fmt: skip
    except EdmsError as fault:
        if not dry_run:
            _tell(archive, [_Fault(str(fault))])
        raise
    if not dry_run:
        _tell(archive, [])
    return DirectorySync(plan, tuple(sorted(wanted.left_out)))


def follow_entry(archive: Archive, entry: DirectoryPerson) -> UUID | None:
    """Bring one person to what the groups of the entry say now; return who it is, None for whom nobody lets in by it.

    Somebody new is added. Nobody is let out by this: that is left to a look at all of them.
    """
    offices = directory_of(archive).offices()
    with archive.database.reader() as session:
        wanted = wanted_of(archive, known_here(archive, session), [entry], offices, complete=False)
    wanted.offices = {}
    if not wanted.ids:
        return None
    sync_people(KEEPER, archive, Directory({}, wanted.people), action=Action.PEOPLE_FOLLOW,
                origin=Bound(archive, wanted))  # fmt: skip
    with archive.database.reader() as session:
        link = linked_people(archive.door, session).get(entry_digest(archive.door, entry.stable_id))
        return link.person_id if link is not None else None


def bind_person(actor: Actor | None, archive: Archive, username: str, there: str = "") -> None:
    """Bind a person to the entry that has the name `there` (empty: the same) in the directory now: somebody who was
    here before, or whose entry was made anew. From then on the directory keeps the password. Raises Refused."""
    archive.door.permit(actor, Action.PEOPLE_MANAGE)
    name = (there or username).casefold()
    entry = directory_of(archive).find(name)
    if entry is None:
        raise Refused(f"the directory has no entry, or several, of {name!r}")
    unknown = hash_password(random_password(64), 64)
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = person_in_service(operation, username)
        require_no_service_account(person)
        link_to_entry(archive.door, operation, person, entry.stable_id, name)
        person.password_hash = unknown
        end_sessions(operation.session, person.id)
        await_confirmation(operation, person, Cause.DIRECTORY)
        operation.about("person", person.id, "person.bound")


def sync_when_due(archive: Archive) -> bool:
    """Bring everybody to what the directory says, as a worker does; the alert tells what went wrong."""
    if archive.directory is None or not archive.settings.ldap.sync_minutes:
        return False
    done = sync_directory(KEEPER, archive, complete=archive.settings.ldap.sync_complete)
    if done.plan.steps:
        log.info("people of the directory: %d steps, %d left as they are", len(done.plan.steps), len(done.left_out))
    return bool(done.plan.steps)


def directory_of(archive: Archive) -> PeopleDirectory:
    """Return the directory. Raises ConfigurationError when there is none."""
    if archive.directory is None:
        raise ConfigurationError("there is no directory", "name its servers in [ldap]")
    return archive.directory


def _require_plausible(archive: Archive, wanted: Wanted, bound: int, found: int) -> None:
    share = archive.settings.ldap.most_deactivated_percent
    if not wanted.leaving:
        return
    if not found or (len(wanted.leaving) > FEW and len(wanted.leaving) * 100 > bound * share):
        raise Refused(
            f"{len(wanted.leaving)} of {bound} people would be let in no more, which is over {share} %",
            "look at the directory; if it is right, set [ldap] most_deactivated_percent for this run",
        )


def _tell(archive: Archive, faults: list[_Fault]) -> None:
    with archive.door.write(KEEPER, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.unrecorded()
        settle(operation, SCOPE, faults)
