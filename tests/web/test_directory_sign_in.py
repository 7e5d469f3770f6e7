"""Signing in with the password of a directory, on the real page, against a real slapd."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from archive_fixtures import MOMENT
from directory_server import PASSWORD, Unit
from ports import free_port
from sqlalchemy import select
from test_second_factor import begun, code, trail
from web_site import PASSWORD as LOCAL
from web_site import OpenSite, Site, plain

from edms.access.actors import console_actor
from edms.access.model import Person, SignInSession
from edms.core.directory_settings import GroupRule
from edms.core.secret import Secret
from edms.directory.entries import Answer
from edms.records.directory_sync import bind_person, sync_directory

CONSOLE = console_actor("tests")
RULES = (
    GroupRule(group="arsip-dinkes", roles=("clerk",), office="dinkes", clearance="restricted"),
    GroupRule(group="arsiparis", roles=("records_officer",), clearance="secret"),
)


@pytest.fixture
def opened(open_site: OpenSite, tmp_path: Path, unit: Unit) -> Any:
    """A site that knows the directory; with changes to its settings."""
    return lambda **changes: open_site(tmp_path, ldap=unit.settings(**changes), directory={"groups": RULES})


@pytest.fixture
def city(opened: Any, unit: Unit) -> Site:
    """Siti is a clerk of dinkes by her group, Budi is in no group that counts."""
    unit.group("arsip-dinkes", unit.person("siti", name="Siti Rahayu"))
    unit.person("budi")
    site: Site = opened()
    return site


def person(site: Site, user: str) -> Person:
    with site.archive.database.reader() as session:
        found = session.scalars(select(Person).where(Person.username == user)).one()
        session.expunge(found)
        return found


def heard(site: Site) -> list[str]:
    """The passwords that are passed on from now on."""
    passed: list[str] = []
    directory: Any = site.archive.directory
    ask = directory.ask

    def listened(user: str, password: Secret) -> Answer:
        passed.append(password.reveal())
        answer: Answer = ask(user, password)
        return answer

    directory.ask = listened
    return passed


def test_who_was_never_here_gets_in_by_the_groups(city: Site) -> None:
    visitor = city.visitor()
    assert visitor.sign_in("Siti", PASSWORD).status_code == 302
    assert "Siti Rahayu" in visitor.get("/account").text
    row = person(city, "siti")
    assert (row.roles, row.clearance, row.active) == ("clerk", "restricted", True)
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 302
    assert "person.bound" in trail(city)
    assert PASSWORD not in trail(city)


def test_wrong_unknown_and_empty_are_one_answer(city: Site) -> None:
    known = city.visitor()
    assert known.sign_in("siti", PASSWORD).status_code == 302
    told = set()
    for name, password in (
        ("siti", "salah"),
        ("tidak-ada", "salah"),
        ("admin", "salah"),
        ("siti", ""),
        ("budi", "salah"),
    ):
        answer = city.visitor().sign_in(name, password)
        assert answer.status_code == 401, name
        told.add(plain(answer).replace(f'value="{name}"', ""))
    assert len(told) == 1
    assert "salah" not in trail(city)


@pytest.mark.parametrize(
    "typed", ["*", "siti)(uid=*", "*)(objectClass=*", "si*", "\\73iti", "siti\0", "uid=siti", "ｓiti"]
)
def test_what_is_typed_is_a_name(city: Site, typed: str) -> None:
    assert city.visitor().sign_in(typed, PASSWORD).status_code == 401


def test_who_is_in_no_group_that_counts_is_told_so(city: Site) -> None:
    answer = city.visitor().sign_in("budi", PASSWORD)
    assert answer.status_code == 403
    assert "administrator" in answer.text
    assert "budi" not in trail(city)


def test_a_disabled_account_does_not_get_in(opened: Any, unit: Unit) -> None:
    dn = unit.person("siti", userAccountControl=512)
    unit.group("arsip-dinkes", dn)
    site = opened()
    assert site.visitor().sign_in("siti", PASSWORD).status_code == 302
    unit.set(dn, userAccountControl=514)
    assert site.visitor().sign_in("siti", PASSWORD).status_code == 401, "the server would take the password"


def test_local_people_keep_their_password_and_it_stays_here(city: Site, unit: Unit) -> None:
    """Also where the directory has somebody of that name: neither gets in as the other."""
    unit.group("arsiparis", unit.person("admin"))
    assert city.visitor().sign_in("admin", LOCAL).status_code == 302
    assert city.visitor().sign_in("admin", PASSWORD).status_code == 401
    assert person(city, "admin").roles == "administrator"


def test_an_entry_made_anew_is_somebody_else_until_an_administrator_binds_it(city: Site, unit: Unit) -> None:
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 302
    dn, group = f"uid=siti,{unit.people}", f"cn=arsip-dinkes,{unit.groups}"
    unit.join(group, f"uid=budi,{unit.people}")
    unit.remove(dn)
    unit.person("siti", "sandi orang lain sama sekali")
    unit.join(group, dn)
    assert city.visitor().sign_in("siti", "sandi orang lain sama sekali").status_code == 403
    sync_directory(CONSOLE, city.archive)
    assert city.visitor().sign_in("siti", "sandi orang lain sama sekali").status_code == 403
    bind_person(CONSOLE, city.archive, "siti")
    assert city.visitor().sign_in("siti", "sandi orang lain sama sekali").status_code == 302


def test_a_local_person_is_bound_and_has_no_password_here_any_more(city: Site, unit: Unit) -> None:
    unit.group("arsiparis", unit.person("records"))
    visitor = city.visitor("records")
    bind_person(CONSOLE, city.archive, "records")
    assert visitor.get("/").status_code == 302, "the sessions ended"
    assert city.visitor().sign_in("records", LOCAL).status_code == 401
    assert visitor.sign_in("records", PASSWORD).status_code == 302
    assert 'href="/account/password"' not in visitor.get("/account").text
    answer = visitor.post("/account/password", {"old": PASSWORD, "new": "kata baru yang panjang", "again":
                                                "kata baru yang panjang"})  # fmt: skip
    assert answer.status_code == 400


def test_a_renamed_entry_is_the_same_person(city: Site, unit: Unit) -> None:
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 302
    unit.rename(f"uid=siti,{unit.people}", "siti.baru")
    visitor = city.visitor()
    assert visitor.sign_in("siti.baru", PASSWORD).status_code == 302
    assert "<dd>siti</dd>" in visitor.get("/account").text, "the trail knows her by one name"
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 401


def test_a_group_counts_from_the_next_sign_in_on(city: Site, unit: Unit) -> None:
    visitor = city.visitor()
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    dn = f"uid=siti,{unit.people}"
    unit.group("arsiparis", dn)
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    assert (person(city, "siti").roles, person(city, "siti").clearance) == ("clerk,records_officer", "secret")
    unit.remove(f"cn=arsiparis,{unit.groups}")
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    assert person(city, "siti").roles == "clerk"
    unit.remove(f"cn=arsip-dinkes,{unit.groups}")
    assert visitor.sign_in("siti", PASSWORD).status_code == 403
    assert person(city, "siti").active, "who is in no group is not let in, and stays until all are looked at"


def test_the_directory_is_away(opened: Any, unit: Unit) -> None:
    unit.person("siti")
    site = opened(servers=(f"ldaps://localhost:{free_port()}",))
    assert site.visitor().sign_in("admin", LOCAL).status_code == 302, "local people get in"
    pages = [site.visitor().sign_in(name, "salah") for name in ("admin", "siti", "tidak-ada")]
    assert {answer.status_code for answer in pages} == {503}, "and the answer does not tell who they are"


def test_proving_it_once_more(city: Site, unit: Unit) -> None:
    visitor = city.visitor()
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    city.clock.set(MOMENT + timedelta(minutes=11))
    assert visitor.post("/account/codes").headers["Location"].startswith("/prove")
    assert visitor.post("/prove", {"proof": "salah", "next": "/account"}).status_code == 401
    assert visitor.post("/prove", {"proof": "", "next": "/account"}).status_code == 401
    assert visitor.post("/prove", {"proof": PASSWORD, "next": "/account"}).headers["Location"] == "/account"
    secret = begun(visitor)
    unit.remove(f"uid=siti,{unit.people}")
    unit.person("siti")
    city.clock.set(MOMENT + timedelta(minutes=40))
    assert visitor.post("/prove", {"proof": PASSWORD, "next": "/account"}).status_code == 401, "an entry made anew"
    assert secret


def test_a_second_factor_counts_as_well(city: Site) -> None:
    visitor = city.visitor()
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    secret = begun(visitor)
    visitor.post("/account/codes/confirm", {"code": pyotp.TOTP(secret).at(city.clock.now())})
    city.clock.set(MOMENT + timedelta(seconds=30))
    other = city.visitor()
    assert other.sign_in("siti", PASSWORD).headers["Location"].startswith("/sign-in/code")
    assert other.get("/").status_code == 302
    assert code(other, pyotp.TOTP(secret).at(city.clock.now())) == 302
    assert other.get("/").status_code == 200


def test_it_can_be_demanded(open_site: OpenSite, tmp_path: Path, unit: Unit) -> None:
    unit.group("arsip-dinkes", unit.person("siti"))
    access = {"second_factor_from": "restricted"}
    site = open_site(tmp_path, ldap=unit.settings(), directory={"groups": RULES}, access=access)
    visitor = site.visitor()
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    assert visitor.get("/").headers["Location"] == "/account/second-factor"


def test_guessing_does_not_lock_the_account_there_nor_the_person_out(city: Site, unit: Unit) -> None:
    """From elsewhere three a name are passed on, from a browser that the person was on before three more."""
    desk = city.visitor()
    assert desk.sign_in("siti", PASSWORD).status_code == 302
    passed = heard(city)
    elsewhere = [city.visitor(environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}) for number in range(12)]
    tried = [visitor.sign_in("siti", f"salah {number}").status_code for number, visitor in enumerate(elsewhere)]
    assert tried == [401] * 3 + [429] * 9
    assert [one for one in passed if one] == ["salah 0", "salah 1", "salah 2"]
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 429, "a new device waits"
    desk.post("/sign-out")
    assert [desk.sign_in("siti", "keliru").status_code for _ in range(2)] == [401, 401]
    assert desk.sign_in("siti", PASSWORD).status_code == 302, "the own desk does not"
    city.clock.set(MOMENT + timedelta(minutes=31))
    assert city.visitor().sign_in("siti", PASSWORD).status_code == 302


def test_many_at_once_do_not_slip_through(city: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    passed = heard(city)
    visitors = [city.visitor(environ_base={"REMOTE_ADDR": f"10.0.1.{number}"}) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda visitor: visitor.sign_in("siti", "salah salah"), visitors))
    assert len([one for one in passed if one]) <= 3


def test_an_outage_uses_no_attempt_up(opened: Any, unit: Unit, open_site: OpenSite, tmp_path: Path) -> None:
    unit.group("arsip-dinkes", unit.person("siti"))
    site = opened()
    directory: Any = site.archive.directory
    servers, directory._servers._settings = (
        directory._servers._settings,
        directory._settings.model_copy(update={"servers": (f"ldaps://localhost:{free_port()}",)}),
    )
    assert [site.visitor().sign_in("siti", PASSWORD).status_code for _ in range(5)] == [503] * 5
    directory._servers._settings = servers
    assert site.visitor().sign_in("siti", PASSWORD).status_code == 302


def test_a_refusal_takes_the_same_steps_whoever_it_is(city: Site, unit: Unit) -> None:
    """What the server is asked for is the same: for a right name, one that nobody has, and a local one."""
    from edms.directory import ldap

    assert city.visitor().sign_in("siti", PASSWORD).status_code == 302
    told: dict[str, list[str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("siti", "tidak-ada", "admin", "NAMA YANG BUKAN NAMA"):
            steps = told[name] = []
            bind, search = ldap.bind, ldap.LdapDirectory._search

            def bound(*given: Any, _bind: Any = bind, _steps: list[str] = steps) -> bool:
                _steps.append("bind")
                return bool(_bind(*given))

            def searched(*given: Any, _search: Any = search, _steps: list[str] = steps, **more: Any) -> Any:
                _steps.append("search")
                return _search(*given, **more)

            patch.setattr(ldap, "bind", bound)
            patch.setattr(ldap.LdapDirectory, "_search", searched)
            assert city.visitor().sign_in(name, "salah").status_code == 401
            patch.undo()
    assert set(map(tuple, told.values())) == {("search", "bind")}


def test_sessions_end_when_the_directory_lets_somebody_go(city: Site, unit: Unit) -> None:
    visitor = city.visitor()
    assert visitor.sign_in("siti", PASSWORD).status_code == 302
    unit.remove(f"cn=arsip-dinkes,{unit.groups}")
    sync_directory(CONSOLE, city.archive)
    assert visitor.get("/").status_code == 200, "left out is not let out"
    sync_directory(CONSOLE, city.archive, complete=True)
    assert visitor.get("/").status_code == 302
    with city.archive.database.reader() as session:
        assert session.scalars(select(SignInSession)).all() == []
