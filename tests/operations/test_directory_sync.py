"""People and offices brought to what a real directory says: who is added, changed, left out, let out, and never."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from console import Console
from directory_server import READER, Unit
from ports import free_port
from pydantic import ValidationError
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor, console_actor
from edms.access.credentials_model import DirectoryLink
from edms.access.model import Person
from edms.core.directory_settings import DirectorySettings, GroupRule
from edms.core.errors import ConfigurationError, Refused
from edms.core.ldap_settings import LdapSettings
from edms.directory.entries import DirectoryAway
from edms.directory.ldap import LdapDirectory
from edms.operation.door import NotPermitted
from edms.records.alerts import open_alerts
from edms.records.archive import Archive
from edms.records.directory_people import Why
from edms.records.directory_sync import KEEPER, bind_person, sync_directory, sync_when_due
from edms.records.people import list_offices, list_people, new_password

Named = Callable[[Archive, str], Actor]
Opened = Callable[..., Archive]
CONSOLE = console_actor("tests")
RULES = (
    GroupRule(group="arsip", roles=("clerk",), office="dinkes", clearance="restricted"),
    GroupRule(group="kepala", roles=("official",), office="dinkes", clearance="secret", head=True),
    GroupRule(group="pengurus", roles=("administrator",)),
    GroupRule(group="satuan", roles=("clerk",)),
    GroupRule(group="rahasia", clearance="secret"),
)


@pytest.fixture
def opened(archive: Archive, unit: Unit) -> Opened:
    """The archive with this part of the directory, and changes to the settings."""
    import dataclasses

    def run(rules: tuple[GroupRule, ...] = RULES, **changes: Any) -> Archive:
        ldap = LdapSettings.model_validate(unit.settings(**changes))
        settings = archive.settings.model_copy(update={"ldap": ldap, "directory": DirectorySettings(groups=rules)})
        return dataclasses.replace(archive, settings=settings, directory=LdapDirectory(ldap, archive.clock))

    return run


def people_of(archive: Archive) -> dict[str, Any]:
    return {line.user: line for line in list_people(CONSOLE, archive)}


def staffed(unit: Unit, count: int) -> list[str]:
    """Add people p0, p1 … who are clerks of dinkes."""
    dns = [unit.person(f"p{number}") for number in range(count)]
    unit.group("arsip", *dns)
    return dns


def test_everybody_is_brought_to_what_the_groups_say(opened: Opened, unit: Unit) -> None:
    siti, budi = unit.person("siti", name="Siti"), unit.person("Budi")
    unit.person("tamu")
    unit.group("arsip", siti, budi)
    head = unit.group("kepala", budi)
    archive = opened()
    before = list_people(CONSOLE, archive)
    would = sync_directory(CONSOLE, archive, dry_run=True)
    assert list_people(CONSOLE, archive) == before
    done = sync_directory(CONSOLE, archive)
    assert done == would
    assert sorted(done.plan.steps) == [("person.add", "budi"), ("person.add", "siti")]
    found = people_of(archive)
    assert (found["siti"].name, found["siti"].office, found["siti"].roles) == ("Siti", "dinkes", ("clerk",))
    assert (found["budi"].roles, found["budi"].clearance, found["budi"].head) == (("clerk", "official"), "secret", True)
    assert "tamu" not in found
    assert sync_directory(CONSOLE, archive).plan.steps == [], "a second run changes nothing"
    unit.remove(head)
    unit.set(siti, cn="Siti Rahayu")
    assert sorted(sync_directory(CONSOLE, archive).plan.steps) == [("person.change", "budi"), ("person.change", "siti")]
    assert (people_of(archive)["budi"].head, people_of(archive)["siti"].name) == (False, "Siti Rahayu")


def test_local_people_are_never_changed(opened: Opened, unit: Unit) -> None:
    """Neither by a name that the directory has too, nor by not being in it."""
    unit.group("arsip", unit.person("admin"), unit.person("auditor"), unit.person("siti"))
    archive = opened()
    before = people_of(archive)
    done = sync_directory(CONSOLE, archive, complete=True)
    assert done.plan.steps == [("person.add", "siti")]
    assert done.left_out == (("admin", Why.NOT_BOUND), ("auditor", Why.NOT_BOUND))
    after = people_of(archive)
    assert {user: after[user] for user in before} == before


def test_who_is_in_no_group_is_let_out_where_it_is_said_to_be_of_everybody(opened: Opened, unit: Unit) -> None:
    dns = staffed(unit, 3)
    archive = opened()
    sync_directory(CONSOLE, archive)
    unit.leave(f"cn=arsip,{unit.groups}", dns[0])
    unit.remove(dns[1])
    done = sync_directory(CONSOLE, archive)
    assert (done.plan.steps, done.left_out) == ([], (("p0", Why.NO_GROUP),))
    done = sync_directory(CONSOLE, archive, complete=True)
    assert sorted(done.plan.steps) == [("person.deactivate", "p0"), ("person.deactivate", "p1")]
    assert done.left_out == (("p0", Why.NO_GROUP), ("p1", Why.GONE))
    unit.join(f"cn=arsip,{unit.groups}", dns[0])
    done = sync_directory(CONSOLE, archive, complete=True)
    assert (done.plan.steps, done.left_out) == ([], (("p0", Why.LEFT),)), "who left is let in by a person alone"


def test_a_disabled_account_is_let_out_in_any_case(opened: Opened, unit: Unit) -> None:
    dn = unit.person("siti", userAccountControl=512)
    unit.group("arsip", dn, unit.person("budi", userAccountControl=514))
    archive = opened()
    assert sync_directory(CONSOLE, archive).plan.steps == [("person.add", "siti")]
    unit.set(dn, userAccountControl=66050)
    assert sync_directory(CONSOLE, archive).plan.steps == [("person.deactivate", "siti")]
    assert sync_directory(CONSOLE, archive).plan.steps == []


def test_a_broken_directory_locks_no_city_out(opened: Opened, unit: Unit, person: Named) -> None:
    dns = staffed(unit, 20)
    archive = opened()
    sync_directory(CONSOLE, archive)
    for dn in dns[:4]:
        unit.leave(f"cn=arsip,{unit.groups}", dn)
    assert len(sync_directory(CONSOLE, archive, complete=True).plan.deactivated) == 4, "20 %"
    for dn in dns[4:8]:
        unit.leave(f"cn=arsip,{unit.groups}", dn)
    with pytest.raises(Refused, match="4 of 16 people would be let in no more, which is over 20 %"):
        sync_directory(CONSOLE, archive, complete=True)
    assert sum(people_of(archive)[f"p{number}"].active for number in range(20)) == 16
    alerts = open_alerts(person(archive, "auditor"), archive)
    assert [(one.kind, one.subject) for one in alerts] == [("directory", "people")]
    assert "4 of 16" in alerts[0].detail
    assert len(sync_directory(CONSOLE, opened(most_deactivated_percent=25), complete=True).plan.deactivated) == 4
    assert open_alerts(person(archive, "auditor"), archive) == [], "it is over with a run that succeeds"
    with pytest.raises(Refused, match="12 of 12"):
        sync_directory(CONSOLE, opened(people_filter="(uid=nobody)", most_deactivated_percent=100), complete=True)
    assert sum(people_of(archive)[f"p{number}"].active for number in range(20)) == 12


def test_a_directory_that_is_away_changes_nothing_and_is_told_once(opened: Opened, unit: Unit, person: Named) -> None:
    staffed(unit, 2)
    sync_directory(CONSOLE, opened())
    away = opened(servers=(f"ldaps://localhost:{free_port()}",), sync_minutes=5, sync_complete=True)
    for _ in range(2):
        with pytest.raises(DirectoryAway):
            sync_when_due(away)
    assert len(open_alerts(person(away, "auditor"), away)) == 1
    assert people_of(away)["p0"].active
    assert not sync_when_due(opened(sync_minutes=5))
    assert open_alerts(person(away, "auditor"), away) == []


def test_never_without_an_administrator(opened: Opened, unit: Unit) -> None:
    dn = unit.person("wati")
    group = unit.group("pengurus", dn, unit.person("x1"))
    archive = opened()
    sync_directory(CONSOLE, archive)
    with archive.database.writer() as session:
        session.execute(update(Person).where(Person.username.in_(["admin", "x1"])).values(active=False))
        session.commit()
    unit.group("arsip", dn)
    unit.remove(group)
    with pytest.raises(Refused, match="nobody would be left as an active administrator"):
        sync_directory(CONSOLE, archive, complete=True)
    assert people_of(archive)["wati"].roles == ("administrator",)


def test_an_entry_made_anew_is_left_alone_until_it_is_bound(opened: Opened, unit: Unit, person: Named) -> None:
    dn = staffed(unit, 1)[0]
    archive = opened()
    sync_directory(CONSOLE, archive)
    unit.join(f"cn=arsip,{unit.groups}", unit.person("lain"))
    unit.remove(dn)
    unit.group("kepala", unit.person("p0"))
    done = sync_directory(CONSOLE, archive)
    assert (done.plan.steps, done.left_out) == ([("person.add", "lain")], (("p0", Why.NOT_BOUND),))
    with pytest.raises(NotPermitted):
        bind_person(person(archive, "clerk-dinkes"), archive, "p0")
    bind_person(CONSOLE, archive, "p0")
    assert sync_directory(CONSOLE, archive).plan.steps == [("person.change", "p0")]
    assert people_of(archive)["p0"].head
    with pytest.raises(Refused, match="bound to another person"):
        bind_person(CONSOLE, archive, "lain", "p0")
    with pytest.raises(Refused, match="no entry"):
        bind_person(CONSOLE, archive, "lain", "tidak-ada")
    with pytest.raises(Refused, match="directory of the city keeps this password"):
        new_password(CONSOLE, archive, "p0")


def test_a_link_that_was_put_in_around_the_system_counts_for_nothing(opened: Opened, unit: Unit) -> None:
    """Whoever writes rows cannot make an administrator's account theirs."""
    staffed(unit, 1)
    archive = opened()
    sync_directory(CONSOLE, archive)
    with archive.database.writer() as session:
        admin = session.scalars(select(Person.id).where(Person.username == "admin")).one()
        session.execute(update(DirectoryLink).values(person_id=admin))
        session.commit()
    done = sync_directory(CONSOLE, archive, complete=True)
    assert (done.plan.steps, done.left_out) == ([], (("p0", Why.NOT_BOUND),))


def test_offices_as_units_of_the_directory(opened: Opened, unit: Unit) -> None:
    top = f"ou=dinsos,{unit.people}"
    unit.admin.add(top, "organizationalUnit", {"description": "Dinas Sosial"})
    unit.admin.add(f"ou=UPT-1,{top}", "organizationalUnit", {"description": "UPT Satu"})
    unit.group("satuan", unit.person("siti", unit=f"ou=UPT-1,{top}"), unit.person("budi"))
    wanted = "(&(objectClass=organizationalUnit)(description=*))"
    archive = opened(offices_base=unit.people, offices_filter=wanted)
    done = sync_directory(CONSOLE, archive)
    assert done.plan.steps == [("office.add", "dinsos"), ("office.add", "upt-1"), ("person.add", "siti")]
    assert done.left_out == (("budi", Why.NO_OFFICE),)
    assert ("upt-1", "UPT Satu", "dinsos") in list_offices(CONSOLE, archive)
    assert people_of(archive)["siti"].office == "upt-1"
    assert sync_directory(CONSOLE, archive).plan.steps == []


def test_entries_that_cannot_be_people_are_left_out_and_the_others_not(opened: Opened, unit: Unit) -> None:
    unit.group("arsip", unit.person("siti"), unit.person("dua kata"), unit.person("9angka"))
    unit.group("rahasia", unit.person("budi"))
    archive = opened()
    done = sync_directory(CONSOLE, archive)
    assert done.plan.steps == [("person.add", "siti")]
    assert done.left_out == (("9angka", Why.NAME), ("dua kata", Why.NAME)), "a group without a role is no place"


def test_a_rule_that_names_no_office_is_refused_whole(opened: Opened, unit: Unit) -> None:
    staffed(unit, 1)
    with pytest.raises(Refused, match="which there is not"):
        sync_directory(CONSOLE, opened((GroupRule(group="arsip", roles=("clerk",), office="salah"),)))


def test_who_may(opened: Opened, archive: Archive, unit: Unit, person: Named) -> None:
    staffed(unit, 1)
    with pytest.raises(NotPermitted):
        sync_directory(person(archive, "records"), opened(), dry_run=True)
    assert sync_directory(person(archive, "admin"), opened(), dry_run=True).plan.steps
    with pytest.raises(ConfigurationError, match="no directory"):
        sync_directory(KEEPER, archive)
    assert not sync_when_due(opened()), "off by default"


def test_two_at_once_do_it_once(opened: Opened, unit: Unit) -> None:
    from concurrent.futures import ThreadPoolExecutor

    staffed(unit, 5)
    archive = opened()

    def run(_number: int) -> list[tuple[str, str]]:
        try:
            return sync_directory(CONSOLE, archive).plan.steps
        except (Refused, IntegrityError):  # the other one was first
            return []

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(run, range(3)))
    assert sorted(step for steps in done for step in steps) == [("person.add", f"p{number}") for number in range(5)]
    with archive.database.reader() as session:
        assert session.scalar(text("SELECT count(*) FROM directory_links")) == 5


@pytest.mark.slow
def test_five_thousand(embedded: Archive, unit: Unit) -> None:
    import dataclasses

    unit.admin.raise_exceptions = True
    members = []
    for number in range(5000):
        members.append(f"uid=p{number},{unit.people}")
        unit.admin.add(members[-1], "inetOrgPerson", {"cn": f"Orang {number}", "sn": "x"})
    unit.group("arsip", *members)
    ldap = LdapSettings.model_validate(unit.settings())
    settings = embedded.settings.model_copy(update={"ldap": ldap, "directory": DirectorySettings(groups=RULES)})
    archive = dataclasses.replace(embedded, settings=settings, directory=LdapDirectory(ldap, embedded.clock))
    assert len(sync_directory(CONSOLE, archive).plan.added) == 5000
    assert sync_directory(CONSOLE, archive, complete=True).plan.steps == []


def configured(installation: Path, unit: Unit, **changes: Any) -> None:
    told = {"servers": [f"ldaps://localhost:{unit.server.tls_port}"], **changes}
    (installation / "config.toml").write_text(
        f"""[ldap]
servers = {json.dumps(told["servers"])}
ca_file = "{unit.server.certificate}"
bind_dn = "{READER}"
bind_password = "file:{unit.secret}"
people_base = "{unit.people}"
groups_base = "{unit.groups}"
[[directory.groups]]
group = "arsip"
roles = ["clerk"]
office = "dinkes"
""",
        "utf-8",
    )


def test_by_commands(installation: Path, unit: Unit, console: Console) -> None:
    configured(installation, unit)
    assert "the directory answers, and shows our account nobody" in console("doctor").out
    unit.group("arsip", unit.person("siti"), unit.person("admin"))
    found = console("people", "sync-ldap", "--dry-run", "--json").json
    assert found == {
        "done": False,
        "steps": [{"step": "person.add", "id": "siti"}],
        "left_out": [{"user": "admin", "why": "not_bound"}],
    }
    done = console("people", "sync-ldap", "--complete")
    assert "person.add  siti" in done.out
    assert "not_bound" in done.out
    assert "admin signs in with the password of the directory" in console("person", "bind", "admin").out
    console("person", "password", "siti").refused(2, "the directory of the city keeps this password")
    told = console("doctor").out
    assert "info: people of the directory sign in by ldaps://localhost" in told
    assert "warning: the certificate of the directory is good for 29 days more" in told or "days more" in told


def test_doctor_says_why_nobody_of_the_directory_gets_in(installation: Path, unit: Unit, console: Console) -> None:
    unit.group("arsip", unit.person("siti"))
    configured(installation, unit)
    console("people", "sync-ldap")
    configured(installation, unit, servers=[f"ldaps://localhost:{free_port()}"])
    assert "the connection is refused" in console("doctor").out
    console("people", "sync-ldap").refused(1, "the directory does not answer", "refused")
    (installation / "config.toml").write_text("", "utf-8")
    assert "1 people have their password in a directory, and none is named" in console("doctor").out
    console("people", "sync-ldap").refused(2, "there is no directory")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"servers": ("ldap://dc1.kota.example",), "starttls": False}, "starttls may be off on this machine only"),
        ({"servers": ("http://dc1.kota.example",)}, "is no address of a directory"),
        ({"servers": ("ldaps://user@dc1.kota.example",)}, "is no address of a directory"),
        ({"servers": ("ldaps://dc1.kota.example",), "bind_password": ""}, "servers need people_base"),
        ({"groups": "nested", "groups_base": ""}, "need groups_base"),
        ({"people_filter": "objectClass=person"}, "stands in brackets"),
        ({"user_attribute": "uid)(x=*"}, "should match pattern"),
        ({"bind_password": "rahasia"}, "should match pattern"),
    ],
)
def test_settings_that_are_refused(unit: Unit, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LdapSettings.model_validate(unit.settings(**changes))
