"""An administrator who takes an account over sees nothing by it: every way in, and every way around (R88, ADR 0093)."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from signing_people import who

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.access.people import actor_of
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.access.scope import GrantMode
from edms.access.token_scopes import PERSONAL_SCOPES
from edms.core.errors import NotFound, Refused
from edms.core.secret import Secret
from edms.operation.door import NotPermitted
from edms.operation.sessions import Visit, signed_in
from edms.operation.sign_in import sign_in
from edms.operation.tokens import bearer_of
from edms.records.account import change_own_password
from edms.records.account_codes import reset_factors
from edms.records.account_confirmations import Cause, await_confirmation, confirm_account, unconfirmed_accounts
from edms.records.alerts import ACCOUNT_OPENED, Unseen, count_alerts, open_alerts
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.grants import NewGrant, Subject, give_access
from edms.records.people import NewPerson, add_person, deactivate_person, new_password, person_in_service
from edms.records.positions import NewPosition, change_person, give_position
from edms.records.readmission import readmit_person
from edms.records.searching import Question, search
from edms.records.service_accounts import NewService, add_service
from edms.records.tokens import NewToken, create_service_token, create_token

CONSOLE = console_actor("tests")
OWN = "tukang becak naik delman ke pasar"


def administrator(archive: Archive) -> Actor:
    return who(archive, "admin")


def secret_of(archive: Archive, level: Level = Level.RESTRICTED) -> UUID:
    """A record of the health office that its head may see."""
    return take_in(archive, pdf("Rencana mutasi"), level=level).record_id


def entered(archive: Archive, name: str, password: str) -> Actor:
    """Sign in with a password that an administrator gave, and choose an own one: as its person would, or he himself."""
    settings = archive.settings.access
    token = sign_in(archive.door, settings, name, password, Visit())
    found = signed_in(archive.door, settings, token)
    assert found is not None
    new = change_own_password(found.actor, archive, Secret(password), Secret(OWN), token)
    found = signed_in(archive.door, settings, new)
    assert found is not None
    return found.actor


def reaches(archive: Archive, actor: Actor, record: UUID) -> bool:
    """Whether the record's page opens; the search says the same."""
    hits = {hit.record.id for hit in search(actor, archive, Question("mutasi")).found}
    try:
        record_details(actor, archive, record)
    except (NotFound, NotPermitted):
        assert record not in hits
        return False
    return record in hits


def unconfirmed(archive: Archive) -> list[str]:
    return [one.user for one in unconfirmed_accounts(who(archive, "auditor"), archive)]


def test_an_administrator_who_gave_himself_a_way_in_sees_nothing(archive: Archive) -> None:
    record = secret_of(archive)
    assert reaches(archive, who(archive, "head-dinkes"), record)
    password = new_password(administrator(archive), archive, "head-dinkes")
    intruder = entered(archive, "head-dinkes", password)
    assert (intruder.unconfirmed, intruder.roles, intruder.clearance) == (True, {Role.GUEST}, Level.OPEN)
    assert (intruder.offices, intruder.headed) == (frozenset(), frozenset())
    assert not reaches(archive, intruder, record)
    for confirmer in ("admin", "clerk-dinkes", "official-dinkes", "head-dinkes"):
        with pytest.raises(NotPermitted):
            confirm_account(who(archive, confirmer), archive, "head-dinkes")
    confirm_account(who(archive, "records"), archive, "head-dinkes")
    assert reaches(archive, who(archive, "head-dinkes"), record)
    assert unconfirmed(archive) == []


def test_those_who_keep_and_audit_are_alerted_until_it_is_confirmed(archive: Archive) -> None:
    password = new_password(administrator(archive), archive, "clerk-dinkes")
    for name in ("records", "auditor"):
        assert count_alerts(who(archive, name), archive) == Unseen(acts=1)
        (alert,) = open_alerts(who(archive, name), archive)
        assert alert.kind == ACCOUNT_OPENED
        assert "admin" in alert.detail
        assert "clerk-dinkes" in alert.detail
    entered(archive, "clerk-dinkes", password)
    confirm_account(who(archive, "auditor"), archive, "clerk-dinkes")
    assert count_alerts(who(archive, "records"), archive) == Unseen()


def test_it_waits_until_the_person_has_chosen_an_own_password(archive: Archive) -> None:
    password = new_password(administrator(archive), archive, "clerk-dinkes")
    (line,) = unconfirmed_accounts(who(archive, "records"), archive)
    assert (line.user, line.cause, line.made_by, line.ready) == ("clerk-dinkes", Cause.PASSWORD, "admin", False)
    with pytest.raises(Refused, match="own password"):
        confirm_account(who(archive, "records"), archive, "clerk-dinkes")
    entered(archive, "clerk-dinkes", password)
    confirm_account(who(archive, "records"), archive, "clerk-dinkes")
    with pytest.raises(NotFound):
        confirm_account(who(archive, "records"), archive, "clerk-dinkes")


def forgotten_factor(archive: Archive) -> str:
    reset_factors(administrator(archive), archive, "head-dinkes")
    return "head-dinkes"


def let_in_again(archive: Archive) -> str:
    deactivate_person(administrator(archive), archive, "head-dinkes")
    entered(archive, "head-dinkes", readmit_person(administrator(archive), archive, "head-dinkes"))
    return "head-dinkes"


def one_more_account(archive: Archive) -> str:
    new = NewPerson("kepala-baru", "Kepala Baru", "dinkes", (Role.OFFICIAL,), Level.TOP_SECRET, is_head=True)
    entered(archive, "kepala-baru", add_person(administrator(archive), archive, new))
    return "kepala-baru"


def one_more_with_rights_later(archive: Archive) -> str:
    new = NewPerson("tamu", "Tamu", None, (Role.GUEST,), Level.OPEN)
    entered(archive, "tamu", add_person(administrator(archive), archive, new))
    give_position(administrator(archive), archive, NewPosition("tamu", "dinkes", Rank.HEAD))
    change_person(administrator(archive), archive, "tamu", (Role.OFFICIAL, Role.RECORDS_OFFICER), Level.TOP_SECRET)
    return "tamu"


def a_records_officer_first(archive: Archive) -> str:
    """Taking over whoever could confirm does not help: that account confirms nothing either."""
    entered(archive, "records", new_password(administrator(archive), archive, "records"))
    entered(archive, "head-dinkes", new_password(administrator(archive), archive, "head-dinkes"))
    with pytest.raises(NotPermitted):
        confirm_account(who(archive, "records"), archive, "head-dinkes")
    return "head-dinkes"


def open_by_grant(archive: Archive) -> str:
    """A grant that stands reaches no further than what is open."""
    record = secret_of(archive)
    until = date(2026, 12, 1)
    give_access(who(archive, "head-dinkes"), archive,
                NewGrant("official-bappeda", Subject((record,)), "tugas", GrantMode.VIEW, until))  # fmt: skip
    assert reaches(archive, who(archive, "official-bappeda"), record)
    entered(archive, "official-bappeda", new_password(administrator(archive), archive, "official-bappeda"))
    assert not reaches(archive, who(archive, "official-bappeda"), record)
    return "official-bappeda"


WAYS: tuple[Callable[[Archive], str], ...] = (
    forgotten_factor, let_in_again, one_more_account, one_more_with_rights_later, a_records_officer_first,
    open_by_grant,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_by_one_administrator_reaches_content(embedded: Archive, way: Callable[[Archive], str]) -> None:
    record = secret_of(embedded)
    name = way(embedded)
    assert who(embedded, name).unconfirmed
    assert not reaches(embedded, who(embedded, name), record)
    assert name in unconfirmed(embedded)


def test_a_token_of_the_account_reaches_no_further_than_the_account(embedded: Archive) -> None:
    record = secret_of(embedded)
    made = create_token(who(embedded, "clerk-dinkes"), embedded, NewToken("p", PERSONAL_SCOPES, "", 30))
    secret = made.secret.reveal()
    assert reaches(embedded, bearer_of(embedded.door, embedded.settings.access, secret, "").actor, record)
    new_password(administrator(embedded), embedded, "clerk-dinkes")
    assert not reaches(embedded, bearer_of(embedded.door, embedded.settings.access, secret, "").actor, record)


def test_nor_does_a_program_whose_token_an_administrator_made(embedded: Archive) -> None:
    record = secret_of(embedded)
    service = NewService("mesin", "Mesin", "dinkes", (Role.CLERK,), Level.RESTRICTED, "head-dinkes")
    add_service(administrator(embedded), embedded, service)
    wanted = NewToken("baca", PERSONAL_SCOPES, "", 30)
    made = create_service_token(administrator(embedded), embedded, "mesin", wanted)

    def program() -> Actor:
        return bearer_of(embedded.door, embedded.settings.access, made.secret.reveal(), "").actor

    assert not reaches(embedded, program(), record)
    confirm_account(who(embedded, "records"), embedded, "mesin")
    assert reaches(embedded, program(), record)


def test_somebody_who_keeps_and_administers_confirms_nothing(embedded: Archive) -> None:
    both = NewPerson("dua", "Dua Peran", "setda", (Role.CLERK, Role.RECORDS_OFFICER, Role.ADMINISTRATOR), Level.SECRET)
    add_person(CONSOLE, embedded, both, keeps_password=True)
    reset_factors(administrator(embedded), embedded, "clerk-dinkes")
    with pytest.raises(NotPermitted, match="administers none"):
        confirm_account(who(embedded, "dua"), embedded, "clerk-dinkes")
    assert who(embedded, "clerk-dinkes").unconfirmed


def test_nobody_confirms_the_own_account(embedded: Archive) -> None:
    """An account that waits is a guest's, who confirms nothing."""
    reset_factors(administrator(embedded), embedded, "auditor")
    with embedded.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        held = person_in_service(operation, "auditor")
        before = actor_of(operation.session, held, embedded.clock.today())
    assert before.unconfirmed
    with pytest.raises(NotPermitted):
        confirm_account(before, embedded, "auditor")


def test_the_console_itself_holds_nothing_up(embedded: Archive) -> None:
    """Whoever has the console acts for anybody there: a way in that it gives adds nothing."""
    new_password(CONSOLE, embedded, "clerk-dinkes")
    assert not who(embedded, "clerk-dinkes").unconfirmed
    assert unconfirmed(embedded) == []


def test_only_administrators_open_accounts(embedded: Archive) -> None:
    """A records officer who holds an account up could lock others out: the function asks for the role."""
    with embedded.door.write(who(embedded, "records"), Action.RECORD_SEARCH) as operation:
        operation.decide()
        await_confirmation(operation, person_in_service(operation, "head-dinkes"), Cause.PASSWORD)
    assert not who(embedded, "head-dinkes").unconfirmed


def test_the_trail_tells_who_gave_the_way_and_who_confirmed(embedded: Archive) -> None:
    reset_factors(administrator(embedded), embedded, "clerk-dinkes")
    confirm_account(who(embedded, "records"), embedded, "clerk-dinkes")
    clerk = who(embedded, "clerk-dinkes").id
    with embedded.database.reader() as session:
        told: list[dict[str, Any]] = [dict(one) for one in embedded.trail.history(session, "person", clerk)]
    assert [one["action"] for one in told][-2:] == ["person.second_factor_reset", "person.confirmed"]
    assert told[-1]["details"]["cause"] == Cause.SECOND_FACTOR
