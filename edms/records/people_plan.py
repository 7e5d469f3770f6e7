"""What a list of offices and people would change in the archive, pure: planned from what is there and what is wanted.

Whoever the list comes from, nobody is deleted, the last active administrator stays one, and the one who acts does not
change what that person itself may do (R88). A plan that would is refused whole, with nothing done.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.errors import Refused


@dataclass(frozen=True)
class OfficeEntry:
    """An office by its code; `parent` is the code of the office above, or None."""

    code: str
    name: str
    parent: str | None = None


@dataclass(frozen=True)
class PersonEntry:
    """A person by user name; `office` is a code or None. Not `active` means: is let in no more."""

    user: str
    name: str
    office: str | None
    roles: frozenset[Role]
    clearance: Level
    head: bool = False
    active: bool = True


@dataclass(frozen=True)
class Directory:
    """Offices by code and people by user name."""

    offices: dict[str, OfficeEntry] = field(default_factory=dict)
    people: dict[str, PersonEntry] = field(default_factory=dict)


@dataclass(frozen=True)
class PeoplePlan:
    """What is to be done, in this order; `changed` ones are given as they shall be."""

    added_offices: tuple[OfficeEntry, ...] = ()
    changed_offices: tuple[OfficeEntry, ...] = ()
    added: tuple[PersonEntry, ...] = ()
    changed: tuple[PersonEntry, ...] = ()
    deactivated: tuple[str, ...] = ()

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What happens to whom, one line each: ("person.add", "siti")."""
        return [
            *(("office.add", one.code) for one in self.added_offices),
            *(("office.change", one.code) for one in self.changed_offices),
            *(("person.add", one.user) for one in self.added),
            *(("person.change", one.user) for one in self.changed),
            *(("person.deactivate", user) for user in self.deactivated),
        ]


def plan_people(
    known: Directory, wanted: Directory, *, acting: str | None = None, complete: bool = False
) -> PeoplePlan:
    """Return what makes `known` say what `wanted` says. Offices that are not named stay as they are; so do people, or
    with `complete` they are deactivated. `acting` is the user name of the person who does it, None for the console.

    Raises Refused, naming the first that cannot be.
    """
    offices = {**known.offices, **wanted.offices}
    added_offices = _parents_first(offices, [code for code in wanted.offices if code not in known.offices])
    wanted_people = dict(wanted.people)
    if complete:
        missing = (one for one in known.people.values() if one.user not in wanted_people)
        wanted_people |= {one.user: replace(one, active=False) for one in missing}
    for one in wanted_people.values():
        _refuse_unfit(known.people.get(one.user), one, offices)
    _refuse_for_own(known, wanted_people, acting)
    _keep_an_administrator(known, wanted_people)
    present = [(known.people[user], one) for user, one in wanted_people.items() if user in known.people]
    return PeoplePlan(
        added_offices=added_offices,
        changed_offices=tuple(one for code, one in wanted.offices.items() if known.offices.get(code, one) != one),
        added=tuple(one for user, one in wanted_people.items() if user not in known.people and one.active),
        changed=tuple(one for before, one in present if one.active and before != one),
        deactivated=tuple(one.user for before, one in present if before.active and not one.active),
    )


def _parents_first(offices: dict[str, OfficeEntry], added: Iterable[str]) -> tuple[OfficeEntry, ...]:
    """Order new offices so that each comes after the one above it. Raises Refused for a parent unknown or a circle."""
    depths = {}
    for entry in offices.values():
        above, seen = entry.parent, {entry.code}
        while above is not None:
            if above not in offices:
                raise Refused(
                    f"office {entry.code!r} is to be below {above!r}, which there is not", "list that office too"
                )
            if above in seen:
                raise Refused(f"office {entry.code!r} would be below itself")
            seen.add(above)
            above = offices[above].parent
        depths[entry.code] = len(seen)
    return tuple(offices[code] for code in sorted(added, key=lambda code: (depths[code], code)))


def _refuse_unfit(before: PersonEntry | None, one: PersonEntry, offices: dict[str, OfficeEntry]) -> None:
    if not one.active:
        return
    if before is not None and not before.active:
        # One who left keeps the name: the audit trail must not speak of two people by it.
        raise Refused(f"{one.user!r} left and is not let in again by a list", "choose another user name")
    if one.office is not None and one.office not in offices:
        raise Refused(f"{one.user!r} is to belong to office {one.office!r}, which there is not", "list that office too")
    if one.office is None and {Role.CLERK, Role.OFFICIAL} & one.roles:
        raise Refused(f"{one.user!r} is a clerk or an official and belongs to no office")
    if not one.roles:
        raise Refused(f"{one.user!r} has no role")


def _refuse_for_own(known: Directory, wanted: dict[str, PersonEntry], acting: str | None) -> None:
    before, after = known.people.get(acting or ""), wanted.get(acting or "")
    if before is not None and after is not None and replace(after, name=before.name) != before:
        raise Refused(f"{acting!r} may not change what {acting!r} may do", "let another administrator do it")


def _keep_an_administrator(known: Directory, wanted: dict[str, PersonEntry]) -> None:
    if any(map(_administers, known.people.values())) and not any(
        map(_administers, {**known.people, **wanted}.values())
    ):
        raise Refused("nobody would be left as an active administrator", "keep one in the list")


def _administers(one: PersonEntry) -> bool:
    return one.active and Role.ADMINISTRATOR in one.roles
