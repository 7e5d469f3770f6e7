"""Lists of offices and people handed in at the web: looked at first, then carried out exactly as they were looked at.

Nothing is kept between the two. Who looks at a list gets a seal over who it was, the bytes of the list and all that it
would change; who carries it out brings the same bytes and that seal. When the archive has changed meanwhile, so that
the list would do something else, it is refused and looked at anew.
"""

import hmac
from dataclasses import asdict, dataclass

from edms.access.actors import Actor
from edms.access.model import Person
from edms.access.policy import Action
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.people import PersonLine, list_offices, list_people
from edms.records.people_files import directory_of
from edms.records.people_plan import OfficeEntry, PeoplePlan, PersonEntry
from edms.records.people_sync import sync_people


@dataclass(frozen=True)
class Change:
    """One step of a list: `step` as in `PeoplePlan.steps`, of whom, and what becomes of it: (what, before, after)."""

    step: str
    id: str
    name: str
    details: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class ReviewedList:
    """A list that was looked at. `seal`: what it is carried out with."""

    sha256: str
    complete: bool
    changes: tuple[Change, ...]
    seal: str


def review_list(
    actor: Actor | None, archive: Archive, content: bytes, name: str, *, complete: bool = False
) -> ReviewedList:
    """Return what the list `content`, a file called `name`, would change; nothing is changed. Raises Refused."""
    offices = {code: (shown, above or "") for code, shown, above in list_offices(actor, archive)}
    people = {line.user: line for line in list_people(actor, archive)}
    plan = sync_people(actor, archive, directory_of(content, name), complete=complete, dry_run=True)
    changes = [
        *(_office_change("office.add", one, ("", "")) for one in plan.added_offices),
        *(_office_change("office.change", one, offices[one.code]) for one in plan.changed_offices),
        *(Change("person.add", one.user, one.name, _of_person(None, one)) for one in plan.added),
        *(Change("person.change", one.user, one.name, _of_person(people[one.user], one)) for one in plan.changed),
        *(Change("person.deactivate", user, people[user].name) for user in plan.deactivated),
    ]
    digest = sha256_hex(content)
    return ReviewedList(digest, complete, tuple(changes), _seal(archive, actor, digest, plan, complete))


def apply_list(
    actor: Actor | None, archive: Archive, content: bytes, name: str, seal: str, *, complete: bool = False
) -> PeoplePlan:
    """Carry out a list that the actor has looked at, or nothing of it; return what was done.

    Raises Refused unless `seal` is of this list, this actor and just these changes.
    """
    archive.door.permit(actor, Action.PEOPLE_MANAGE)  # before anything of the list is read
    origin = _Looked(actor, archive, sha256_hex(content), seal, complete)
    return sync_people(actor, archive, directory_of(content, name), complete=complete, origin=origin)


@dataclass(frozen=True)
class _Looked:
    """Lets a list do what was looked at (`edms.records.people_sync.Origin`); binds nobody to anything."""

    actor: Actor | None
    archive: Archive
    sha256: str
    seal: str
    complete: bool

    def check(self, operation: Operation, plan: PeoplePlan) -> None:
        expected = _seal(self.archive, self.actor, self.sha256, plan, self.complete)
        if not hmac.compare_digest(expected.encode(), self.seal.encode("utf-8", "replace")):
            raise Refused(
                "this is not the list that was looked at, or it would change something else now",
                "hand it in and look at it anew",
            )
        operation.note(file=self.sha256)

    def added(self, _operation: Operation, _person: Person, _entry: PersonEntry) -> None:
        """People of a list are bound to nothing."""


def _seal(archive: Archive, actor: Actor | None, digest: str, plan: PeoplePlan, complete: bool) -> str:
    told = {
        "actor": actor.id if actor else "", "file": digest, "complete": complete,
        "steps": [list(step) for step in plan.steps],
        "offices": [asdict(one) for one in (*plan.added_offices, *plan.changed_offices)],
        "people": [{**asdict(one), "roles": sorted(one.roles)} for one in (*plan.added, *plan.changed)],
    }  # fmt: skip
    return archive.door.keyed(b"edms people list 1\0", canonical_json(told)).hex()


def _office_change(step: str, one: OfficeEntry, before: tuple[str, str]) -> Change:
    pairs = (("name", before[0], one.name), ("parent", before[1], one.parent or ""))
    return Change(step, one.code, one.name, tuple(pair for pair in pairs if pair[1] != pair[2]))


def _of_person(before: PersonLine | None, one: PersonEntry) -> tuple[tuple[str, str, str], ...]:
    """What becomes different; of somebody new all that there is. Roles are named with blanks between, in one order."""
    pairs = (
        ("name", before.name if before else "", one.name),
        ("office", (before.office or "") if before else "", one.office or ""),
        ("roles", " ".join(sorted(before.roles)) if before else "", " ".join(sorted(one.roles))),
        ("clearance", before.clearance if before else "", one.clearance.value),
        ("head", ("yes" if before.head else "no") if before else "no", "yes" if one.head else "no"),
    )
    return tuple(pair for pair in pairs if pair[1] != pair[2])
