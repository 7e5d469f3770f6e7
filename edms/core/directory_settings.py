"""What groups of a directory or of a sign-in provider stand for here: `docs/people.md`."""

from typing import Literal

from pydantic import Field, field_validator

from edms.core.settings_section import Section


class GroupRule(Section):
    """What being in `group` (its name as the directory spells it, or its DN) stands for.

    `head`: heads `office`. A group may give roles, an office, a clearance, or several of them.
    """

    group: str = Field(min_length=1, max_length=400)
    roles: tuple[Literal["clerk", "official", "records_officer", "auditor", "administrator", "guest"], ...] = ()
    office: str = Field("", max_length=60)
    head: bool = False
    clearance: Literal["open", "restricted", "secret", "top_secret"] = "open"


class DirectorySettings(Section):
    """`groups`: from the groups that a sign-in provider or LDAP tells to roles, office and clearance; in order."""

    groups: tuple[GroupRule, ...] = ()

    @field_validator("groups")
    @classmethod
    def _once(cls, value: tuple[GroupRule, ...]) -> tuple[GroupRule, ...]:
        names = [rule.group.casefold() for rule in value]
        if len(set(names)) != len(names):
            raise ValueError("a group stands twice in [[directory.groups]]")
        for rule in value:
            if rule.head and not rule.office:
                raise ValueError(f"group {rule.group}: it makes a head, and names no office")
        return value
