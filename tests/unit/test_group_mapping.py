"""What groups of a directory stand for: whoever is in none is nobody here."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edms.access.actors import Role
from edms.access.group_mapping import placement
from edms.access.levels import Level
from edms.core.directory_settings import DirectorySettings, GroupRule

NAMES = ["arsip", "Kepala-Dinkes", "cn=auditor,ou=groups,dc=kota", "staf", "lain"]


@st.composite
def rules(draw: st.DrawFn) -> tuple[GroupRule, ...]:
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        office = draw(st.sampled_from(["", "dinkes", "bappeda"]))
        found.append(
            GroupRule(
                group=name,
                roles=tuple(draw(st.sets(st.sampled_from(["clerk", "official", "auditor"])))),
                office=office,
                head=bool(office) and draw(st.booleans()),
                clearance=draw(st.sampled_from([level.value for level in Level])),
            )
        )
    return tuple(found)


@given(rules(), st.sets(st.sampled_from(NAMES)))
def test_nobody_gets_what_no_group_of_theirs_gives(known: tuple[GroupRule, ...], groups: set[str]) -> None:
    told = placement(groups, known)
    counting = [rule for rule in known if rule.group in groups]
    if not counting:
        assert told is None
        return
    assert told is not None
    assert told.roles == {Role(role) for rule in counting for role in rule.roles}
    assert told.clearance is max((Level(rule.clearance) for rule in counting), key=lambda level: level.rank)
    assert set(told.offices) == {rule.office for rule in counting if rule.office}
    if told.head:
        assert any(rule.head and rule.office == told.office for rule in counting)


@given(rules(), st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES))
def test_one_more_group_takes_nothing_away(known: tuple[GroupRule, ...], groups: set[str], more: str) -> None:
    before, after = placement(groups, known), placement(groups | {more}, known)
    if before is not None:
        assert after is not None
        assert before.roles <= after.roles
        assert after.clearance.permits(before.clearance)
        assert set(before.offices) <= set(after.offices)


def test_names_compare_as_directories_do() -> None:
    rule = GroupRule(group="Kepala-Dinkes", roles=("official",), office="dinkes", head=True)
    told = placement(["KEPALA-dinkes"], [rule])
    assert told is not None
    assert (told.office, told.head) == ("dinkes", True)
    assert placement(["kepala"], [rule]) is None


@pytest.mark.parametrize(
    "groups",
    [
        [{"group": "a"}, {"group": "A"}],
        [{"group": "a", "head": True}],
        [{"group": ""}],
        [{"group": "a", "roles": ["king"]}],
        [{"group": "a", "clearance": "secrets"}],
    ],
)
def test_rules_that_mean_nothing_are_refused(groups: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        DirectorySettings.model_validate({"groups": groups})
