"""From the entries of a directory to a list of people: who is whom here, what their groups stand for, who is left out.

Only people who are bound to an entry are ever changed by it. Somebody who was here before under the same name, or whose
entry was deleted and made anew, is left as they are until an administrator binds them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Role
from edms.access.credentials_model import DirectoryLink
from edms.access.group_mapping import Placement, placement
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.people import in_service
from edms.core.errors import Refused
from edms.directory.entries import DirectoryOffice, DirectoryPerson
from edms.operation.directory_links import entry_digest, link_new_person, linked_people
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.people import require_office_names, require_person_names
from edms.records.people_plan import Directory, OfficeEntry, PeoplePlan, PersonEntry

_MOST_NAME = 200


class Why(StrEnum):
    """Why an entry, or a person, is left as it is."""

    NOT_BOUND = "not_bound"
    TWICE = "twice"
    LEFT = "left"
    NAME = "name"
    NO_OFFICE = "no_office"
    NO_GROUP = "no_group"
    GONE = "gone"


@dataclass(frozen=True)
class Known:
    """What is here before: people by id and by name, the links by digest, offices by code, and who is in service."""

    people: dict[UUID, Person]
    named: dict[str, Person]
    links: dict[bytes, DirectoryLink]
    offices: dict[str, OfficeEntry]
    serving: frozenset[UUID]


@dataclass
class Wanted:
    """What the entries come to. `ids`: the entry of each person in the list; `leaving`: whom the list deactivates."""

    offices: dict[str, OfficeEntry] = field(default_factory=dict)
    people: dict[str, PersonEntry] = field(default_factory=dict)
    ids: dict[str, DirectoryPerson] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    left_out: list[tuple[str, Why]] = field(default_factory=list)

    def as_list(self) -> Directory:
        return Directory(self.offices, self.people)


def known_here(archive: Archive, session: Session) -> Known:
    """Read who and what is here."""
    people = {one.id: one for one in session.scalars(select(Person))}
    today = archive.clock.today()
    rows = list(session.scalars(select(Office)))
    codes = {row.id: row.code for row in rows}
    offices = {row.code: OfficeEntry(row.code, row.name, codes[row.parent_id] if row.parent_id else None)
               for row in rows}  # fmt: skip
    serving = frozenset(one.id for one in people.values() if in_service(one, today))
    named = {one.username: one for one in people.values()}
    return Known(people, named, linked_people(archive.door, session), offices, serving)


def wanted_of(archive: Archive, known: Known, found: Sequence[DirectoryPerson], offices: Sequence[DirectoryOffice], *,
              complete: bool) -> Wanted:  # fmt: skip
    """Return what `found` comes to. With `complete` those are let in no more who are bound to an entry that is not in
    it, or in no group that counts. Raises Refused when a rule names an office that there is not."""
    wanted = Wanted(offices=_offices(known, offices))
    places = Places(archive, {**known.offices, **wanted.offices}, offices)
    owners: dict[bytes, DirectoryPerson] = {}
    for entry in found:
        digest = entry_digest(archive.door, entry.stable_id)
        if digest in owners:
            wanted.left_out.append((entry.user, Why.TWICE))
            continue
        owners[digest] = entry
        _take(wanted, known, entry, known.links.get(digest), places, complete)
    if complete:
        for digest, link in known.links.items():
            if digest not in owners and link.person_id in known.serving:
                wanted.left_out.append((known.people[link.person_id].username, Why.GONE))
                _leave(wanted, known.people[link.person_id])
    return wanted


class Places:
    """Where the groups of an entry, or the unit that it lies in, put a person."""

    def __init__(self, archive: Archive, offices: dict[str, OfficeEntry], units: Iterable[DirectoryOffice]) -> None:
        self._rules, self._units = archive.settings.directory.groups, list(units)
        for rule in self._rules:
            if rule.office and rule.office not in offices:
                raise Refused(
                    f"[[directory.groups]] puts {rule.group!r} into office {rule.office!r}, which there is not",
                    "add the office first",
                )

    def of(self, entry: DirectoryPerson) -> tuple[Placement | None, str | None]:
        place = placement(entry.groups, self._rules)
        if place is None or not place.roles:
            return None, None
        return place, place.office or self._unit(entry.dn)

    def _unit(self, dn: str) -> str | None:
        """The code of the nearest unit that an entry lies in: the longest that its DN ends with."""
        held = [one for one in self._units if dn.casefold().endswith("," + one.dn.casefold())]
        return max(held, key=lambda one: len(one.dn)).code.casefold() if held else None


def _take(wanted: Wanted, known: Known, entry: DirectoryPerson, link: DirectoryLink | None, places: Places,
          complete: bool) -> None:  # fmt: skip
    """Put one entry into the list, or say why not."""
    person = known.people[link.person_id] if link is not None else None
    user = person.username if person is not None else entry.user.casefold()
    place, office = places.of(entry)
    why = None
    if person is not None and person.id not in known.serving:
        why = Why.LEFT if place is not None and entry.enabled else None
    elif person is not None and not entry.enabled:
        _leave(wanted, person)
    elif place is None:
        if person is not None:
            why = Why.NO_GROUP
            if complete:
                _leave(wanted, person)
    elif not entry.enabled:
        pass
    elif user in wanted.people:
        why = Why.TWICE
    elif person is None and user in known.named:
        why = Why.NOT_BOUND
    elif office is None and {Role.CLERK, Role.OFFICIAL} & place.roles:
        why = Why.NO_OFFICE
    else:
        name = "".join(char for char in entry.name if char.isprintable()).strip()[:_MOST_NAME]
        if not _fits(user, name):
            why = Why.NAME
        else:
            head = place.head and office == place.office
            wanted.people[user] = PersonEntry(user, name, office, place.roles, place.clearance, head)
            wanted.ids[user] = entry
    if why is not None:
        wanted.left_out.append((user, why))


def _leave(wanted: Wanted, person: Person) -> None:
    wanted.people[person.username] = PersonEntry(
        person.username, person.name, None, frozenset(), Level.OPEN, active=False
    )
    wanted.leaving.add(person.username)


def _fits(user: str, name: str) -> bool:
    try:
        require_person_names(user, name)
    except Refused:
        return False
    return True


def _offices(known: Known, found: Sequence[DirectoryOffice]) -> dict[str, OfficeEntry]:
    """Offices as the directory has them; one without another above it there stays where it is here."""
    entries: dict[str, OfficeEntry] = {}
    for one in found:
        code = one.code.casefold()
        above = [unit for unit in found if unit is not one and one.dn.casefold().endswith("," + unit.dn.casefold())]
        parent = max(above, key=lambda unit: len(unit.dn)).code.casefold() if above else None
        if parent is None and code in known.offices:
            parent = known.offices[code].parent
        name = "".join(char for char in one.name if char.isprintable()).strip()[:_MOST_NAME] or code
        if code in entries:
            raise Refused(f"two units of the directory have the code {code!r}", "see [ldap] office_code_attribute")
        require_office_names(code, name)
        entries[code] = OfficeEntry(code, name, parent)
    return entries


class Bound:
    """The origin of a list from the directory: whom it changes must be bound to the entry it was made from."""

    def __init__(self, archive: Archive, wanted: Wanted) -> None:
        self._archive, self._wanted = archive, wanted

    def check(self, operation: Operation, plan: PeoplePlan) -> None:
        """Raise Refused for somebody who is not bound, or not to this entry; note new names of entries."""
        door, session = self._archive.door, operation.session
        links = {row.person_id: row for row in linked_people(door, session).values()}
        users = {entry.user for entry in (*plan.changed, *plan.added)} | set(plan.deactivated)
        for person in session.scalars(select(Person).where(Person.username.in_(users))):
            entry, link = self._wanted.ids.get(person.username), links.get(person.id)
            held = link is not None and (entry is None or link.entry == entry_digest(door, entry.stable_id))
            if not held:
                raise Refused(f"{person.username!r} is not bound to this entry of the directory", "begin anew")
        by_digest = {bytes(row.entry): row for row in links.values()}
        for entry in self._wanted.ids.values():
            link = by_digest.get(entry_digest(door, entry.stable_id))
            if link is not None and link.user != entry.user.casefold():
                link.user = entry.user.casefold()
                operation.audit("person.directory_name", "person", link.person_id)

    def added(self, operation: Operation, person: Person, entry: PersonEntry) -> None:
        found = self._wanted.ids[entry.user]
        link_new_person(self._archive.door, operation, person, found.stable_id, found.user.casefold())
        operation.audit("person.bound", "person", person.id)
