"""A list of offices and people, carried out on real databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console

from edms.access.actors import Actor, console_actor
from edms.access.positions import Rank
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.people import list_offices, list_people, office_by_code
from edms.records.people_files import read_people_file
from edms.records.people_sync import sync_people
from edms.records.positions import move_person

Named = Callable[[Archive, str], Actor]
LIST = """{"offices": [{"code": "upt", "name": "UPT", "parent": "dinsos"},
 {"code": "dinsos", "name": "Dinas Sosial", "parent": "setda"}],
 "people": [{"user": "budi", "name": "Budi", "office": "upt", "roles": ["clerk", "official"], "clearance": "secret"},
 {"user": "clerk-dinkes", "name": "Petugas", "office": "dinsos", "roles": "clerk", "head": true},
 {"user": "clerk-bappeda", "name": "x", "active": false}]}"""


def written(folder: Path, text: str, name: str = "list.json") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_list_is_carried_out_once(archive: Archive, tmp_path: Path, person: Named) -> None:
    wanted = read_people_file(written(tmp_path, LIST))
    admin = person(archive, "admin")
    before = list_people(admin, archive)
    would = sync_people(admin, archive, wanted, dry_run=True)
    assert list_people(admin, archive) == before
    assert sync_people(admin, archive, wanted) == would
    assert would.steps == [
        ("office.add", "dinsos"), ("office.add", "upt"), ("person.add", "budi"), ("person.change", "clerk-dinkes"),
        ("person.deactivate", "clerk-bappeda"),
    ]  # fmt: skip
    people = {line.user: line for line in list_people(admin, archive)}
    assert (people["budi"].office, people["budi"].roles, people["budi"].clearance) == (
        "upt",
        ("clerk", "official"),
        "secret",
    )
    assert (people["clerk-dinkes"].office, people["clerk-dinkes"].head) == ("dinsos", True)
    assert not people["clerk-bappeda"].active
    assert ("upt", "UPT", "dinsos") in list_offices(admin, archive)
    assert sync_people(admin, archive, wanted).steps == []


def test_only_an_administrator_may_and_not_for_the_own_roles(archive: Archive, tmp_path: Path, person: Named) -> None:
    raised = read_people_file(
        written(tmp_path, "user,name,office,roles,clearance\nadmin,A,,administrator auditor,open\n", "a.csv")
    )
    with pytest.raises(NotPermitted):
        sync_people(person(archive, "clerk-dinkes"), archive, raised, dry_run=True)
    with pytest.raises(Refused, match="may not change"):
        sync_people(person(archive, "admin"), archive, raised)


def test_the_console_itself_is_nobody_in_the_list(archive: Archive, tmp_path: Path) -> None:
    """Also where the user of the operating system is called like somebody who is."""
    raised = read_people_file(
        written(tmp_path, "user,name,office,roles,clearance\nadmin,A,,administrator auditor,open\n", "a.csv")
    )
    assert sync_people(console_actor("admin"), archive, raised).steps == [("person.change", "admin")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "user,name\nani,A\nani,A\n", "line 3: 'ani' is listed twice"),
        ("a.csv", "user,name\nani,A,more\n", "line 2: what is"),
        ("a.csv", "user,name,salary\nani,A,1\n", "what is 'salary'"),
        ("a.csv", "user,name,roles\nani,A,king\n", "line 2: there is no such role or clearance .'king'"),
        ("a.csv", "user,name,head\nani,A,maybe\n", "neither yes nor no"),
        ("a.csv", "name\nani\n", "neither `user` nor `code`"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", '{"people": [1]}', "lists of objects"),
        ("a.json", '{"people": [{"user": 1}]}', "user is not text"),
        ("a.json", '{"people": [{"user": "ani", "name": "A\\u0000"}]}', "person entry 1: name holds"),
        ("a.json", '{"people": [{"user": "ani", "name": "A\\ud800"}]}', "person entry 1: name holds"),
    ],
)
def test_a_bad_list_is_refused_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_people_file(written(tmp_path, text, name))


def test_a_name_that_cannot_be_one_changes_nothing(embedded: Archive, tmp_path: Path, person: Named) -> None:
    wanted = read_people_file(written(tmp_path, "user,name,roles\nani,A,auditor\nBad Name,B,auditor\n", "a.csv"))
    with pytest.raises(Refused, match="Bad Name"):
        sync_people(person(embedded, "admin"), embedded, wanted)
    assert "ani" not in {line.user for line in list_people(person(embedded, "admin"), embedded)}


def test_the_command_says_what_it_would_do_and_does_it(console: Console, tmp_path: Path) -> None:
    file = str(written(tmp_path, "user,name,roles\nani,A,auditor\n", "a.csv"))
    steps = [{"step": "person.add", "id": "ani"}]
    assert console("people", "sync", file, "--dry-run", "--json").json == {"done": False, "steps": steps}
    assert console("people", "sync", file, "--as", "admin", "--json").json == {"done": True, "steps": steps}
    assert console("people", "sync", file, "--json").json == {"done": True, "steps": []}
    console("people", "sync", file, "--complete", "--as", "admin").refused(2, "'admin' may not change")


def test_who_has_positions_with_days_is_placed_by_them(archive: Archive, tmp_path: Path, person: Named) -> None:
    """Whom the list leaves where they are keeps the position; whom it moves leaves it."""
    admin, today = person(archive, "admin"), archive.clock.today()
    move_person(admin, archive, "official-dinkes", "bappeda", Rank.BELOW_HEAD, today)
    line = "official-dinkes,Pejabat Dinkes,{},official,restricted\n"
    header = "user,name,office,roles,clearance\n"
    stays = read_people_file(written(tmp_path, header + line.format("bappeda"), "a.csv"))
    assert sync_people(admin, archive, stays).steps == []
    moves = read_people_file(written(tmp_path, header + line.format("setda"), "b.csv"))
    assert sync_people(admin, archive, moves).steps == [("person.change", "official-dinkes")]
    actor = person(archive, "official-dinkes")
    assert actor.offices == {actor.office_id} == {office_by_code(archive, "setda")}
    assert sync_people(admin, archive, moves).steps == []
