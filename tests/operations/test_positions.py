"""Positions, acting officials, change of office, retirement: rights follow at once (R21, R22, R88; issue of access)."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, settle, take_in
from hypothesis import given
from hypothesis import strategies as st

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.positions import Post, Rank, reach_of
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.operation.sessions import Visit, signed_in
from edms.operation.sign_in import SignInRefused, sign_in
from edms.records.archive import Archive
from edms.records.describe import record_title
from edms.records.people import NewPerson, add_person, new_password
from edms.records.positions import (
    Acting,
    NewPosition,
    appoint_acting,
    change_person,
    end_acting,
    end_position,
    give_position,
    list_positions,
    move_person,
    retire_person,
)
from edms.records.searching import INDEX_TOPIC, Question, search
from edms.records.visible import decided_record

People = Callable[[Archive, str], Actor]
CONSOLE = console_actor("tests")
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
OFFICES = [UUID(int=number) for number in range(6)]


@given(
    parents=st.lists(st.integers(0, 5) | st.none(), min_size=6, max_size=6),
    posts=st.lists(st.builds(Post, st.sampled_from(OFFICES), st.sampled_from(list(Rank))), max_size=4),
)
def test_a_head_reaches_down_and_nobody_reaches_up(parents: list[int | None], posts: list[Post]) -> None:
    """Over any tree, also one that a hand in the database bent into a ring."""
    above = {OFFICES[n]: None if parent is None else OFFICES[parent] for n, parent in enumerate(parents)}
    reach = reach_of(posts, above)
    assert {post.office_id for post in posts} <= reach.offices
    assert not reach.headed & reach.staff_in
    for office in reach.offices - {post.office_id for post in posts}:
        assert office in reach.headed
        parent = above[office]
        assert parent in reach.headed, "what is reached from above is reached from the office just above it"
    for post in posts:
        if post.rank is Rank.HEAD:
            assert {office for office, parent in above.items() if parent == post.office_id} <= reach.headed


@pytest.fixture
def secret(archive: Archive) -> UUID:
    """A secret record of dinkes, which its head alone is cleared for."""
    return take_in(archive, pdf("Rencana rahasia"), by="records", office="dinkes", level=Level.SECRET).record_id


def sees(archive: Archive, person: People, who: str, record_id: UUID) -> bool:
    """Whether somebody sees a record: on its page and in the search, which must agree."""
    actor = person(archive, who)
    found = {hit.record.id for hit in search(actor, archive, Question("rencana")).found}
    try:
        record_title(actor, archive, record_id)
    except NotFound:
        assert record_id not in found
        return False
    assert record_id in found
    return True


def days_on(archive: Archive, days: int) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + DAY * days)


def test_an_acting_head_sees_on_the_days_of_the_decree(archive: Archive, person: People, secret: UUID) -> None:
    change_person(CONSOLE, archive, "official-bappeda", None, Level.SECRET)
    acting = Acting("official-bappeda", "head-dinkes", "dinkes", TODAY + DAY, TODAY + DAY * 2, "SK 800/7/2026")
    position = appoint_acting(person(archive, "head-dinkes"), archive, acting)
    seen = []
    for day in range(4):
        days_on(archive, day)
        seen.append(sees(archive, person, "official-bappeda", secret))
    assert seen == [False, True, True, False]
    days_on(archive, 1)
    end_acting(person(archive, "head-dinkes"), archive, position)
    assert not sees(archive, person, "official-bappeda", secret), "taken back at once"


def test_acting_passes_on_no_clearance(archive: Archive, person: People, secret: UUID) -> None:
    appoint_acting(CONSOLE, archive, Acting("official-bappeda", "head-dinkes", "dinkes", TODAY, TODAY, "SK 800/7/2026"))
    assert person(archive, "official-bappeda").clearance is Level.RESTRICTED
    assert not sees(archive, person, "official-bappeda", secret)


def test_only_the_head_or_an_administrator_appoints_and_nobody_himself(archive: Archive, person: People) -> None:
    wanted = Acting("official-bappeda", "head-dinkes", "dinkes", TODAY, TODAY, "SK 7")
    for nobody in ("official-dinkes", "official-bappeda", "clerk-dinkes", "records", "auditor"):
        with pytest.raises(NotFound):
            appoint_acting(person(archive, nobody), archive, wanted)
    with pytest.raises(NotPermitted):
        appoint_acting(
            person(archive, "head-dinkes"), archive,
            Acting("head-dinkes", "official-dinkes", "dinkes", TODAY, TODAY, "SK 7"),
        )  # fmt: skip
    with pytest.raises(Refused, match="decree"):
        appoint_acting(CONSOLE, archive, Acting("official-bappeda", "head-dinkes", "dinkes", TODAY, TODAY, " "))
    with pytest.raises(Refused, match="an official"):
        appoint_acting(CONSOLE, archive, Acting("clerk-dinkes", "head-dinkes", "dinkes", TODAY, TODAY, "SK 7"))


def test_a_change_of_office_takes_effect_on_its_day(archive: Archive, person: People) -> None:
    here = take_in(archive, pdf("Rencana dinkes"), level=Level.RESTRICTED).record_id
    there = take_in(archive, pdf("Rencana bappeda"), by="clerk-bappeda", level=Level.RESTRICTED).record_id
    move_person(CONSOLE, archive, "official-dinkes", "bappeda", Rank.BELOW_HEAD, TODAY + DAY)
    for day, expected in ((0, (True, False)), (1, (False, True))):
        days_on(archive, day)
        assert (
            sees(archive, person, "official-dinkes", here),
            sees(archive, person, "official-dinkes", there),
        ) == expected
    assert person(archive, "official-dinkes").office_id == person(archive, "clerk-bappeda").office_id
    lines = [(one.office, one.first, one.last) for one in list_positions(CONSOLE, archive, "official-dinkes")]
    assert lines == [("dinkes", None, TODAY), ("bappeda", TODAY + DAY, None)]


def test_staff_see_what_is_open_and_what_the_scheme_gives_them(archive: Archive, person: People) -> None:
    restricted = take_in(archive, pdf("Rencana terbatas"), level=Level.RESTRICTED).record_id
    open_one = take_in(archive, pdf("Rencana terbuka"), name="b.pdf").record_id
    add_person(CONSOLE, archive, NewPerson("staf", "Staf", None, (Role.AUDITOR,), Level.RESTRICTED))
    change_person(CONSOLE, archive, "staf", (Role.OFFICIAL,), None)
    position = give_position(CONSOLE, archive, NewPosition("staf", "dinkes", Rank.STAFF))
    assert (sees(archive, person, "staf", restricted), sees(archive, person, "staf", open_one)) == (False, True)
    with archive.door.write(person(archive, "clerk-dinkes"), Action.RECORD_CLASSIFY) as operation:
        record = decided_record(operation, restricted)
        record.who_may, record.version = Rank.STAFF.value, record.version + 1
        operation.outbox(INDEX_TOPIC, restricted)
    settle(archive)
    assert sees(archive, person, "staf", restricted)
    end_position(CONSOLE, archive, position, TODAY - DAY)
    assert not person(archive, "staf").offices


def test_who_retires_is_out_the_day_after_and_in_open_sessions(archive: Archive) -> None:
    password = new_password(CONSOLE, archive, "official-dinkes")
    access = archive.settings.access

    def enter() -> str:
        return sign_in(archive.door, access, "official-dinkes", password, Visit("127.0.0.1"))

    token = enter()
    retire_person(CONSOLE, archive, "official-dinkes", TODAY)
    assert signed_in(archive.door, access, token) is not None, "the last day counts"
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + timedelta(hours=14, minutes=1))  # midnight at the archive's place lies between
    assert archive.clock.today() == TODAY + DAY
    with pytest.raises(SignInRefused):
        enter()
    archive.clock.set(MOMENT)
    retire_person(CONSOLE, archive, "official-dinkes", TODAY - DAY)
    assert signed_in(archive.door, access, token) is None, "at once"


def test_an_administrator_changes_nothing_of_his_own(archive: Archive, person: People) -> None:
    """R88: and the attempt is in the trail."""
    admin = person(archive, "admin")
    with pytest.raises(NotPermitted, match="nobody changes"):
        change_person(admin, archive, "admin", (Role.ADMINISTRATOR, Role.RECORDS_OFFICER), Level.TOP_SECRET)
    with pytest.raises(NotPermitted):
        give_position(admin, archive, NewPosition("admin", "dinkes", Rank.HEAD))
    with pytest.raises(NotPermitted):
        move_person(admin, archive, "admin", "dinkes", Rank.HEAD, TODAY)
    with archive.database.reader() as session:
        told = archive.trail.history(session, "person", admin.id)
    assert [entry["outcome"] for entry in told[-3:]] == ["refused"] * 3
    assert {tuple(entry["details"]["reasons"]) for entry in told[-3:]} == {("not_apart:hold_account",)}
