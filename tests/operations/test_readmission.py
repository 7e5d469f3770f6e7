"""Somebody is let in again, by somebody else, with nothing of before but what they were (R88)."""

from datetime import date, timedelta
from uuid import UUID

import pyotp
import pytest
from archive_fixtures import MOMENT
from sqlalchemy import select

from edms.access.actors import console_actor, system_actor
from edms.access.credentials_model import GivenPassword, OneTimeCode, Passkey, RecoveryCode
from edms.access.model import Person
from edms.access.policy import Action
from edms.access.token_scopes import TokenScope
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.core.secret import Secret
from edms.operation.directory_links import is_linked, link_to_entry
from edms.operation.door import NotPermitted
from edms.operation.one_time_codes import take_code
from edms.operation.passkeys import passkey_proof, passkeys_of
from edms.operation.sessions import has_second_factor
from edms.operation.tokens import TokenRefused, bearer_of
from edms.records.account_codes import begin_codes, confirm_codes
from edms.records.archive import Archive
from edms.records.people import console_person, deactivate_person, list_people, new_password
from edms.records.positions import retire_person
from edms.records.readmission import readmit_person
from edms.records.tokens import NewToken, create_token_by_password

CONSOLE = console_actor("tests")
PAST, LATER = MOMENT.date() - timedelta(days=1), date(2027, 1, 31)


@pytest.mark.parametrize("how", ["deactivated", "retired"])
def test_who_left_is_let_in_again_with_another_password_and_without_the_tokens(archive: Archive, how: str) -> None:
    before = {line.user: line for line in list_people(CONSOLE, archive)}["clerk-dinkes"]
    password = new_password(CONSOLE, archive, "clerk-dinkes")
    clerk = console_person(archive, "clerk-dinkes", "tests")
    token = create_token_by_password(clerk, archive, NewToken("p", (TokenScope.READ,), "", 30), Secret(password))
    if how == "deactivated":
        deactivate_person(CONSOLE, archive, "clerk-dinkes")
    else:
        retire_person(CONSOLE, archive, "clerk-dinkes", PAST)
    with pytest.raises(Refused):
        console_person(archive, "clerk-dinkes", "tests")
    again = readmit_person(console_person(archive, "admin", "tests"), archive, "clerk-dinkes")
    assert again not in ("", password)
    assert {line.user: line for line in list_people(CONSOLE, archive)}["clerk-dinkes"] == before
    with pytest.raises(TokenRefused):
        bearer_of(archive.door, archive.settings.access, token.secret.reveal(), "")


def test_second_factors_of_before_are_forgotten_and_those_of_others_stay(archive: Archive) -> None:
    """A phone that somebody handed on after leaving must not sign in once they are back."""
    papers = {name: _second_factors(archive, name) for name in ("clerk-dinkes", "clerk-bappeda")}
    ids = {name: UUID(console_person(archive, name, "tests").id) for name in papers}
    deactivate_person(CONSOLE, archive, "clerk-dinkes")
    readmit_person(CONSOLE, archive, "clerk-dinkes")
    with archive.door.write(system_actor("sign-in"), Action.SIGN_IN) as operation:
        operation.decide()
        for name, worth in (("clerk-dinkes", ""), ("clerk-bappeda", "recovery")):
            assert has_second_factor(operation.session, ids[name]) is bool(worth)
            assert take_code(archive.door, operation, ids[name], papers[name]) == worth
            assert len(passkeys_of(operation.session, ids[name])) == bool(worth)
        left = [set(operation.session.scalars(select(table.person_id))) for table in (OneTimeCode, RecoveryCode)]
        assert left == [{ids["clerk-bappeda"]}] * 2
        operation.unrecorded()


def _second_factors(archive: Archive, username: str) -> str:
    """Give somebody an app for codes and a passkey; return a recovery code."""
    person = console_person(archive, username, "tests")
    code = pyotp.TOTP(begin_codes(person, archive).secret).at(archive.clock.now())
    recovery, _token = confirm_codes(person, archive, code, "")
    with archive.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        row = Passkey(
            id=new_id(archive.clock), person_id=UUID(person.id), credential_id=username.encode(),
            public_key=b"key", sign_count=0, name="ponsel", added_at=operation.now,
        )  # fmt: skip
        row.proof = passkey_proof(archive.door, row)
        operation.session.add(row)
        operation.unrecorded()
    return recovery[0]


def test_whose_password_a_directory_keeps_gets_none_here(archive: Archive) -> None:
    """A password beside that of the directory would be a second way in, which nobody there could close."""
    with archive.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        clerk = operation.session.scalars(select(Person).where(Person.username == "clerk-dinkes")).one()
        link_to_entry(archive.door, operation, clerk, b"entry of the clerk", "clerk-dinkes")
        kept = clerk.id, clerk.password_hash
    deactivate_person(CONSOLE, archive, "clerk-dinkes")
    assert readmit_person(CONSOLE, archive, "clerk-dinkes") == ""
    with archive.database.reader() as session:
        again = session.get_one(Person, kept[0])
        assert (again.active, again.id, again.password_hash) == (True, *kept)
        assert session.get(GivenPassword, kept[0]) is None
        assert is_linked(session, kept[0])


def test_a_retirement_to_come_is_taken_back_and_changes_nothing_else(archive: Archive) -> None:
    _second_factors(archive, "clerk-dinkes")
    retire_person(CONSOLE, archive, "clerk-dinkes", LATER)
    assert readmit_person(CONSOLE, archive, "clerk-dinkes") == ""
    with archive.database.reader() as session:
        clerk = session.scalars(select(Person).where(Person.username == "clerk-dinkes")).one()
        assert has_second_factor(session, clerk.id)  # who never left keeps them
    with pytest.raises(Refused, match="in service"):
        readmit_person(CONSOLE, archive, "clerk-dinkes")


def test_nobody_takes_back_the_own_retirement(archive: Archive) -> None:
    retire_person(CONSOLE, archive, "admin", LATER)
    with pytest.raises(NotPermitted):
        readmit_person(console_person(archive, "admin", "tests"), archive, "admin")


def test_who_never_was_is_not_let_in(archive: Archive) -> None:
    with pytest.raises(Refused, match="no person"):
        readmit_person(CONSOLE, archive, "budi")
