"""Service accounts: what they never are, who answers for them, and that they stop with whoever does (R88)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from archive_fixtures import pdf
from sqlalchemy import select

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.access.token_scopes import TokenScope
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import Refused
from edms.core.secret import Secret
from edms.operation.door import NotPermitted
from edms.operation.tokens import TokenRefused, bearer_of
from edms.reconcile.whole import verify_all
from edms.records.alerts import Unseen, count_alerts, open_alerts
from edms.records.alerts_due import tell_when_changed
from edms.records.archive import Archive
from edms.records.people import NewPerson, add_person, console_person, deactivate_person, list_people, new_password
from edms.records.people_plan import Directory
from edms.records.people_sync import sync_people
from edms.records.positions import NewPosition, change_person, give_position, retire_person
from edms.records.readmission import readmit_person
from edms.records.service_accounts import NewService, add_service, change_holder
from edms.records.tokens import (
    MadeToken,
    NewToken,
    account_tokens,
    create_service_token,
    create_token_by_password,
    revoke_token,
)

CONSOLE = console_actor("tests")
WANTED = NewToken("pemindai", (TokenScope.READ, TokenScope.CAPTURE), "dinkes", 30)


def machine(holder: str = "head-dinkes", clearance: Level = Level.SECRET, *roles: Role) -> NewService:
    return NewService("mesin", "Mesin pemindai", "dinkes", roles or (Role.CLERK,), clearance, holder)


@pytest.fixture
def token(archive: Archive) -> MadeToken:
    """A token of a service account that the head of the office answers for."""
    add_service(CONSOLE, archive, machine())
    return create_service_token(CONSOLE, archive, "mesin", WANTED)


def comes_with(archive: Archive, token: MadeToken) -> Actor:
    return bearer_of(archive.door, archive.settings.access, token.secret.reveal(), "").actor


def test_it_captures_and_reads_for_its_office(
    archive: Archive, token: MadeToken, capture: Callable[..., Accepted]
) -> None:
    record = capture(archive, pdf("Surat"), level=Level.RESTRICTED)
    actor = comes_with(archive, token)
    assert (actor.name, actor.via, actor.roles, actor.clearance) == (
        "mesin", "token pemindai", {Role.CLERK}, Level.SECRET,
    )  # fmt: skip
    assert actor.offices == {actor.office_id}
    assert record.record_id


def test_it_is_cleared_for_no_more_than_its_holder_at_that_moment(archive: Archive, token: MadeToken) -> None:
    change_person(CONSOLE, archive, "head-dinkes", None, Level.RESTRICTED)
    assert comes_with(archive, token).clearance is Level.RESTRICTED
    with pytest.raises(Refused, match="cleared for no more"):
        add_service(CONSOLE, archive, NewService("lain", "Lain", None, (Role.GUEST,), Level.SECRET, "head-dinkes"))


def _leave(archive: Archive, how: str) -> None:
    if how == "deactivated":
        deactivate_person(CONSOLE, archive, "head-dinkes")
    else:
        retire_person(CONSOLE, archive, "head-dinkes", archive.clock.today() - timedelta(days=1))


def told(archive: Archive, username: str) -> list[str]:
    return [alert.kind for alert in open_alerts(console_person(archive, username, "tests"), archive)]


def test_administrators_are_told_which_account_stands_still(archive: Archive, token: MadeToken) -> None:
    """Administrators are told of no record; of an account they are, since they alone can mend it."""
    deactivate_person(CONSOLE, archive, "head-dinkes")
    (alert,) = open_alerts(console_person(archive, "admin", "tests"), archive)
    assert "'mesin'" in alert.detail
    assert count_alerts(console_person(archive, "admin", "tests"), archive) == Unseen(1)
    readmit_person(CONSOLE, archive, "head-dinkes")
    assert told(archive, "admin") == told(archive, "auditor") == []


def test_a_last_day_that_passes_is_told_without_any_act(archive: Archive, token: MadeToken) -> None:
    retire_person(CONSOLE, archive, "head-dinkes", archive.clock.today())
    assert told(archive, "admin") == []
    assert not tell_when_changed(archive)
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(days=1))
    assert tell_when_changed(archive)
    assert told(archive, "admin") == ["account"]
    assert not tell_when_changed(archive), "it is told once"
    deactivate_person(CONSOLE, archive, "mesin")
    assert told(archive, "admin") == [], "an account that is to do nothing lacks nobody"


@pytest.mark.parametrize("how", ["deactivated", "retired"])
def test_when_the_holder_leaves_it_stops_and_it_is_told(archive: Archive, token: MadeToken, how: str) -> None:
    assert verify_all(CONSOLE, archive).ok
    _leave(archive, how)
    assert told(archive, "admin") == ["account"], "at once, and not when the next verification comes to it"
    with pytest.raises(TokenRefused):
        comes_with(archive, token)
    assert [fault.kind for fault in verify_all(CONSOLE, archive).faults] == ["account"]
    assert [alert.kind for alert in open_alerts(console_person(archive, "auditor", "tests"), archive)] == ["account"]
    assert not next(one for one in account_tokens(CONSOLE, archive) if one.account == "mesin").counts
    with pytest.raises(Refused, match="cleared for no more"):
        change_holder(CONSOLE, archive, "mesin", "official-dinkes")
    change_person(CONSOLE, archive, "mesin", None, Level.RESTRICTED)
    change_holder(CONSOLE, archive, "mesin", "official-dinkes")
    assert comes_with(archive, token).clearance is Level.RESTRICTED
    assert told(archive, "admin") == []
    assert verify_all(CONSOLE, archive).ok
    assert open_alerts(console_person(archive, "auditor", "tests"), archive) == []


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.RECORDS_OFFICER, Role.AUDITOR])
def test_it_administers_keeps_and_audits_nothing(archive: Archive, token: MadeToken, role: Role) -> None:
    with pytest.raises(Refused, match="administers, keeps and audits nothing"):
        add_service(CONSOLE, archive, machine("records", Level.OPEN, role))
    with pytest.raises(Refused, match="administers, keeps and audits nothing"):
        change_person(CONSOLE, archive, "mesin", (Role.CLERK, role), None)
    _set(archive, roles=f"clerk,{role.value}")  # by whatever way it came to be
    assert comes_with(archive, token).roles == {Role.CLERK}


def test_it_heads_no_office(archive: Archive, token: MadeToken) -> None:
    with pytest.raises(Refused, match="service account"):
        give_position(CONSOLE, archive, NewPosition("mesin", "setda", Rank.HEAD))
    _set(archive, is_head=True)
    assert comes_with(archive, token).headed == frozenset()


def _set(archive: Archive, **values: object) -> None:
    with archive.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        row = operation.session.scalars(select(Person).where(Person.username == "mesin")).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_it_has_no_other_way_in(archive: Archive, token: MadeToken) -> None:
    with pytest.raises(Refused, match="service account"):
        console_person(archive, "mesin", "tests")
    with pytest.raises(Refused, match="service account"):
        new_password(CONSOLE, archive, "mesin")
    with pytest.raises(Refused, match="service account"):
        add_service(CONSOLE, archive, NewService("lain", "Lain", None, (Role.GUEST,), Level.OPEN, "mesin"))


def test_an_administrator_answers_for_none_that_he_makes_or_gives_tokens_to(archive: Archive, token: MadeToken) -> None:
    admin = console_person(archive, "admin", "tests")
    add_person(CONSOLE, archive, NewPerson("admin-2", "Dua", None, (Role.ADMINISTRATOR,), Level.OPEN))
    other = console_person(archive, "admin-2", "tests")
    with pytest.raises(NotPermitted, match="answer for"):
        add_service(admin, archive, NewService("lain", "Lain", None, (Role.GUEST,), Level.OPEN, "admin"))
    change_person(CONSOLE, archive, "mesin", None, Level.OPEN)
    with pytest.raises(NotPermitted, match="answer for"):
        change_holder(admin, archive, "mesin", "admin")
    change_holder(other, archive, "mesin", "admin")
    for act in (
        lambda: create_service_token(admin, archive, "mesin", NewToken("b", (TokenScope.READ,), "", 1)),
        lambda: change_person(admin, archive, "mesin", None, Level.OPEN),
        lambda: change_holder(admin, archive, "mesin", "auditor"),
    ):
        with pytest.raises(NotPermitted, match="answer for"):
            act()
    create_service_token(other, archive, "mesin", NewToken("b", (TokenScope.READ,), "", 1))
    revoke_token(admin, archive, token.id)  # ending is for every administrator
    with pytest.raises(TokenRefused):
        comes_with(archive, token)


def test_a_list_of_people_leaves_it_alone(archive: Archive, token: MadeToken) -> None:
    plan = sync_people(CONSOLE, archive, Directory(), complete=False)
    assert plan.steps == []
    assert {one.user: one.holder for one in list_people(CONSOLE, archive)}["mesin"] == "head-dinkes"
    assert comes_with(archive, token)


@pytest.mark.parametrize(
    "wanted",
    [
        NewToken("", (TokenScope.READ,), "", 1), NewToken("x" * 61, (TokenScope.READ,), "", 1),
        NewToken("x", (), "", 1), NewToken("x", (TokenScope.READ,), "", 0), NewToken("x", (TokenScope.READ,), "", 366),
        NewToken("x", (TokenScope.READ,), "mars", 1), NewToken("pemindai", (TokenScope.READ,), "", 1),
        NewToken("a\u202eb", (TokenScope.READ,), "", 1),
    ],
)  # fmt: skip
def test_what_no_token_is_made_of(archive: Archive, token: MadeToken, wanted: NewToken) -> None:
    with pytest.raises(Refused):
        create_service_token(CONSOLE, archive, "mesin", wanted)


def test_at_the_console_the_password_is_the_proof(archive: Archive) -> None:
    password = new_password(CONSOLE, archive, "clerk-dinkes")
    clerk = console_person(archive, "clerk-dinkes", "tests")
    with pytest.raises(Refused, match="password is wrong"):
        create_token_by_password(clerk, archive, WANTED, Secret("bukan ini"))
    made = create_token_by_password(clerk, archive, WANTED, Secret(password))
    assert comes_with(archive, made).name == "clerk-dinkes"
