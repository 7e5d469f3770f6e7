"""The plan for a list of people: in any world it settles, deletes nobody, keeps an administrator and gives nobody more
than before by that person's own hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.errors import Refused
from edms.records.people_plan import Directory, OfficeEntry, PeoplePlan, PersonEntry, plan_people

CODES = ("aa", "bb", "cc")
USERS = ("ani", "budi", "citra", "dewi")
# Mostly worlds that can be: what is refused is told case by case below, and would leave little to these properties.
offices = st.fixed_dictionaries(
    {"aa": st.none(), "bb": st.sampled_from((None, "aa"))}, optional={"cc": st.sampled_from((None, "aa", "bb"))}
).map(lambda found: {code: OfficeEntry(code, code.upper(), above) for code, above in found.items()})
people = st.fixed_dictionaries(
    {},
    optional={
        user: st.builds(
            PersonEntry,
            user=st.just(user),
            name=st.sampled_from(("A", "B")),
            office=st.sampled_from(CODES[:2]),
            roles=st.frozensets(st.sampled_from((Role.CLERK, Role.AUDITOR, Role.ADMINISTRATOR)), min_size=1),
            clearance=st.sampled_from(Level),
            head=st.booleans(),
            active=st.sampled_from((True, True, True, False)),
        )
        for user in USERS
    },
)
worlds = st.builds(Directory, offices, people)


def carried_out(known: Directory, plan: PeoplePlan) -> Directory:
    after = Directory(dict(known.offices), dict(known.people))
    after.offices.update({one.code: one for one in (*plan.added_offices, *plan.changed_offices)})
    after.people.update({one.user: one for one in (*plan.added, *plan.changed)})
    after.people.update({user: replace(after.people[user], active=False) for user in plan.deactivated})
    return after


def administrators(world: Directory) -> set[str]:
    return {one.user for one in world.people.values() if one.active and Role.ADMINISTRATOR in one.roles}


@given(worlds, worlds, st.sampled_from((None, *USERS)), st.booleans())
def test_whatever_the_list_it_settles_and_takes_nobody_away(
    known: Directory, wanted: Directory, acting: str | None, complete: bool
) -> None:
    try:
        plan = plan_people(known, wanted, acting=acting, complete=complete)
    except Refused:
        return
    after = carried_out(known, plan)
    assert plan_people(after, wanted, acting=acting, complete=complete).steps == []
    assert known.people.keys() <= after.people.keys()
    assert known.offices.keys() <= after.offices.keys()
    assert administrators(after) or not administrators(known)
    if acting in known.people:
        assert replace(after.people[acting], name="") == replace(known.people[acting], name="")
    if complete:
        assert {one.user for one in after.people.values() if one.active} <= wanted.people.keys()
    there = set(known.offices)
    for office in plan.added_offices:
        assert office.parent is None or office.parent in there
        there.add(office.code)


ANI = PersonEntry("ani", "Ani", None, frozenset({Role.ADMINISTRATOR}), Level.OPEN)
BUDI = PersonEntry("budi", "Budi", "aa", frozenset({Role.CLERK}), Level.OPEN)
KNOWN = Directory({"aa": OfficeEntry("aa", "A")}, {"ani": ANI, "budi": BUDI})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(ANI, active=False), "active administrator"),
        (replace(ANI, roles=frozenset({Role.AUDITOR})), "active administrator"),
        (replace(BUDI, office="zz"), "which there is not"),
        (replace(BUDI, office=None), "belongs to no office"),
        (replace(BUDI, roles=frozenset()), "no role"),
        (replace(BUDI, clearance=Level.SECRET), "may not change"),
    ],
)
def test_what_cannot_be_is_refused_whole(changed: PersonEntry, said: str) -> None:
    with pytest.raises(Refused, match=said):
        plan_people(KNOWN, Directory({}, {changed.user: changed}), acting="budi")


def test_who_left_is_not_let_in_again() -> None:
    known = Directory(KNOWN.offices, {**KNOWN.people, "budi": replace(BUDI, active=False)})
    with pytest.raises(Refused, match="left"):
        plan_people(known, Directory({}, {"budi": BUDI}))


def test_a_circle_of_offices_is_refused() -> None:
    circle = {"aa": OfficeEntry("aa", "A", "bb"), "bb": OfficeEntry("bb", "B", "aa")}
    with pytest.raises(Refused, match="below itself"):
        plan_people(KNOWN, Directory(circle, {}))
