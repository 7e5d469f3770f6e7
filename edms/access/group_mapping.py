"""From groups of a directory to what a person is here: roles, office, clearance (ASVS 5.0.0, 6.8 and 8.2). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.directory_settings import GroupRule


@dataclass(frozen=True)
class Placement:
    """What the groups of somebody add up to. `offices`: every office that a group names, in the order of the rules; the
    first is where the person belongs. `told` are the rules' groups that counted."""

    roles: frozenset[Role]
    offices: tuple[str, ...]
    head: bool
    clearance: Level
    told: tuple[str, ...]

    @property
    def office(self) -> str | None:
        """The code of the office that the person belongs to, None for one of no office."""
        return self.offices[0] if self.offices else None


def placement(groups: Iterable[str], rules: Sequence[GroupRule]) -> Placement | None:
    """Return what somebody in `groups` is, None when no rule knows any of them: then nobody is let in by them.

    Names compare without regard to case, as LDAP does. The roles of all rules count together, the clearance is the
    highest, the office is that of the first rule which names one, and its head only whom a rule of that office says.
    """
    held = {group.casefold() for group in groups}
    found = [rule for rule in rules if rule.group.casefold() in held]
    if not found:
        return None
    offices = tuple(dict.fromkeys(rule.office for rule in found if rule.office))
    return Placement(
        roles=frozenset(Role(role) for rule in found for role in rule.roles),
        offices=offices,
        head=any(rule.head and rule.office == offices[0] for rule in found if rule.office),
        clearance=max((Level(rule.clearance) for rule in found), key=lambda level: level.rank),
        told=tuple(rule.group for rule in found),
    )
