"""Who acts. Every operation takes an actor first; no actor means nothing, not everything (invariant 4)."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from edms.access.levels import Level


class Role(StrEnum):
    """What somebody is here to do. A person may hold several."""

    CLERK = "clerk"
    OFFICIAL = "official"
    RECORDS_OFFICER = "records_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    GUEST = "guest"
    """From outside (law enforcement, external auditors): sees what a grant names and nothing else (R22, R23)."""


class ActorKind(StrEnum):
    PERSON = "person"
    CONSOLE = "console"
    SYSTEM = "system"
    PUBLIC = "public"


@dataclass(frozen=True)
class Actor:
    """A person (at the web, or at the console through the operating-system user `via`), or a part of the system.

    `offices` are those of the positions held today, also for another, and of a head all offices below; of these
    `headed` are reached as head and `staff_in` as staff alone. `office_id` is where the person files by default.

    Who comes with an API token is its person, with less: `actions` are all that may be done (None: whatever the rule
    gives), `bound_to` is the only office, and `token_id` names the token. `provisions`: it is a service account that
    an administrator answers for, and may push people (`people:provision`) by a token that was made for that.
    `unconfirmed`: an administrator gave a way into the account, and nobody else has confirmed it yet.
    """

    kind: ActorKind
    id: str
    name: str
    office_id: UUID | None = None
    offices: frozenset[UUID] = frozenset()
    roles: frozenset[Role] = field(default_factory=frozenset)
    clearance: Level = Level.OPEN
    via: str = ""
    headed: frozenset[UUID] = frozenset()
    staff_in: frozenset[UUID] = frozenset()
    actions: frozenset[str] | None = None
    bound_to: UUID | None = None
    token_id: UUID | None = None
    provisions: bool = False
    unconfirmed: bool = False

    @property
    def is_console(self) -> bool:
        """True for the console itself; not for a person at it, with or without roles."""
        return self.kind is ActorKind.CONSOLE and self.id.startswith(CONSOLE_ID)

    def has(self, *roles: Role) -> bool:
        """True when the actor holds at least one of `roles`."""
        return not self.roles.isdisjoint(roles)


def system_actor(part: str) -> Actor:
    """The actor for work that the system does by itself: capture steps, indexing, checkpoints."""
    return Actor(kind=ActorKind.SYSTEM, id=f"system:{part}", name=part)


def intake_actor(source: str, offices: frozenset[UUID], clearance: Level) -> Actor:
    """The actor for a way in that nobody sits at (`folder:NAME`, `mail:NAME`): it captures, for these offices only."""
    return Actor(kind=ActorKind.SYSTEM, id=f"system:{source}", name=source, offices=offices, clearance=clearance)


CONSOLE_ID = "console:"
"""What the id of the console itself begins with. A person at the console has their own id, even one without any role:
such a person is nobody, and not the console."""


def console_actor(user: str) -> Actor:
    """The actor for maintenance at the console by the operating-system user `user`: no content, only upkeep."""
    return Actor(kind=ActorKind.CONSOLE, id=f"{CONSOLE_ID}{user}", name=user, via=user)


PUBLIC = Actor(kind=ActorKind.PUBLIC, id="public", name="public")
"""Anybody at all, without a name: the citizen at the portal (R21, R66)."""
