"""The contract of the command line: what each command answers, in words and in JSON, and with which exit status."""

import json
import shutil
from pathlib import Path

import click
import pytest
from archive_fixtures import pdf, settings_in
from console import Console
from sqlalchemy import select

from edms.audit.model import AuditLeaf
from edms.bootstrap import open_archive
from edms.cli.main import edms, run
from edms.core.config import load_settings
from edms.operation.sessions import Visit, signed_in
from edms.operation.sign_in import SignInRefused, sign_in
from edms.records.archive import Archive
from edms.records.rules import edition_in_force

ROOT = Path(__file__).resolve().parents[2]
CLERKS = {"clerk-dinkes", "clerk-bappeda"}
PEOPLE = {*CLERKS, "official-dinkes", "official-bappeda", "head-dinkes", "records", "auditor", "admin"}


DESCRIBED = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open")


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A file to be captured."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "surat.pdf").write_bytes(pdf("Undangan rapat penanganan banjir rob"))
    return folder / "surat.pdf"


def captured(console: Console, letter: Path) -> str:
    done = console(
        "ingest", letter, "--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait", "--json"
    )
    assert done.status == 0, done
    return str(done.lines[0]["record"])


def test_init_makes_a_whole_archive_below_the_configuration(bare: Console) -> None:
    shutil.copy(ROOT / "config.example.toml", bare.config)
    done = bare("init", "--demo", "--json")
    assert done.status == 0
    assert done.json["created"] is True
    assert done.json["storage"] == str(bare.home / "storage")
    assert {person["user"] for person in done.json["people"]} == PEOPLE
    assert {path.name for path in bare.home.iterdir()} == {"config.toml", "storage"}
    assert (bare.home / "storage").stat().st_mode & 0o777 == 0o700


def test_init_repeated_changes_nothing_and_shows_no_password(bare: Console) -> None:
    first = bare("init", "--demo", "--json").json
    rules = bare("retention", "report", "--format", "json").json
    again = bare("init", "--demo", "--json")
    assert again.status == 0
    assert (again.json["created"], again.json["people"]) == (False, [])
    assert bare("retention", "report", "--format", "json").json == rules
    assert len(first["people"]) == len(PEOPLE)


def test_passwords_are_random_and_let_their_people_in(bare: Console, demo_template: Path, tmp_path: Path) -> None:
    people = {person["user"]: person["password"] for person in bare("init", "--demo", "--json").json["people"]}
    assert len(set(people.values())) == len(PEOPLE)
    assert all(len(password) >= 20 for password in people.values())
    archive = opened(bare)
    access = archive.settings.access
    for user in ("clerk-dinkes", "admin"):
        assert sign_in(archive.door, access, user, people[user], Visit("192.0.2.1"))
    archive.database.close()
    # Made by another `init`: the same name, not the same password. A copy, since trying leaves its event of today.
    shutil.copytree(demo_template / "storage", tmp_path / "other" / "storage")
    other = open_archive(settings_in(tmp_path / "other"))
    with pytest.raises(SignInRefused):
        sign_in(other.door, access, "clerk-dinkes", people["clerk-dinkes"], Visit("192.0.2.1"))
    other.database.close()


def opened(console: Console) -> Archive:
    return open_archive(load_settings(console.config, {}))


def test_without_demo_there_is_one_administrator_who_can_build_the_city(bare: Console) -> None:
    assert [person["user"] for person in bare("init", "--no-passphrase", "--json").json["people"]] == ["admin"]
    assert bare("init", "--json").json["people"] == []
    assert bare("office", "add", "setda", "--name", "Sekretariat Daerah").status == 0
    assert bare("office", "add", "dinkes", "--name", "Dinas Kesehatan", "--parent", "setda", "--json").status == 0
    made = bare("person", "add", "siti", "--name", "Siti", "--role", "clerk", "--office", "dinkes", "--as", "admin",
                "--json")  # fmt: skip
    assert made.json["user"] == "siti"
    people = {line["user"]: line for line in bare("person", "list", "--json").json["people"]}
    assert people["siti"] == {"user": "siti", "name": "Siti", "office": "dinkes", "roles": ["clerk"],
                              "clearance": "restricted", "head": False, "active": True, "holder": None}  # fmt: skip
    assert bare("office", "list", "--json").json["offices"][0] == {
        "code": "dinkes", "name": "Dinas Kesehatan", "parent": "setda",
    }  # fmt: skip
    assert bare("search", "apa", "--as", "siti").status == 0


def test_init_if_missing_leaves_an_archive_alone(bare: Console) -> None:
    assert len(bare("init", "--demo", "--if-missing", "--json").json["people"]) == len(PEOPLE)
    bare("person", "deactivate", "clerk-dinkes")
    again = bare("init", "--demo", "--if-missing", "--json")
    assert (again.status, again.json["people"], again.json["samples"]) == (0, [], None)


def test_init_does_not_put_rules_back_that_were_changed(console: Console, tmp_path: Path) -> None:
    rules = shutil.copytree(ROOT / "retention_rules", tmp_path / "rules")
    for file in rules.glob("*.toml"):
        file.write_text(file.read_text("utf-8") + "\n# looked at again\n", "utf-8")
    console("retention", "impact", rules)
    applied = console("retention", "apply", rules, "--json").json["sha256"]
    assert console("init", "--json").status == 0
    again = console("retention", "apply", rules, "--json").json
    assert again == {"sha256": applied, "changed": 0}
    with opened(console).database.reader() as session:
        assert edition_in_force(session).sha256 == applied


def test_ingest_answers_a_line_for_each_file_and_a_reconciliation(console: Console, letter: Path) -> None:
    shutil.copy(letter, letter.with_name("zz-salinan.pdf"))
    (letter.parent / "rusak.pdf").write_bytes(b"%PDF-1.7\nrusak")
    report = letter.parent.parent / "report.json"
    done = console("ingest", letter.parent, *DESCRIBED, "--wait", "--json", "--report", report)
    *files, total = done.lines
    assert done.status == 0
    assert all(set(line) == {"path", "record", "state", "sha256", "reason"} for line in files)
    states = {Path(line["path"]).name: line["state"] for line in files}
    assert states == {"rusak.pdf": "quarantined", "surat.pdf": "declared", "zz-salinan.pdf": "duplicate"}
    assert {name: total[name] for name in ("given", "captured", "duplicate", "quarantined")} == {
        "given": 3, "captured": 1, "duplicate": 1, "quarantined": 1,
    }  # fmt: skip
    assert json.loads(report.read_text("utf-8"))["given"] == 3
    assert report.with_name("report.json.p7s").stat().st_size > 1000


def test_what_was_captured_is_found_shown_exported_and_explained(console: Console, letter: Path) -> None:
    record = captured(console, letter)
    found = console("search", "banjir", "--as", "official-dinkes", "--facets", "--json").json
    assert found["total"] == 1
    assert set(found["hits"][0]) >= {"record", "title", "office", "class", "level", "date", "score", "snippet"}
    assert found["hits"][0]["record"] == record
    assert found["facets"]["office"] == {"dinkes": 1}
    shown = console("record", "show", record, "--as", "official-dinkes", "--json").json
    assert shown["history"]
    bundle = console.home / "evidence.zip"
    assert console("record", "export", record, "--as", "auditor", "--output", bundle).out == f"{bundle}\n"
    pem = console("keys", "public").out
    (console.home / "archive.pem").write_text(pem, "utf-8")
    checked = console("verify", "--bundle", bundle, "--key", console.home / "archive.pem", "--json")
    assert (checked.status, checked.json["ok"]) == (0, True)
    row = console("retention", "explain", record, "--json").json
    keys = {"record", "class", "rule", "edition", "fate", "phase", "outcome", "due_on", "reasons"}
    assert set(row) >= {*keys, "steps"}
    report = console("retention", "report", "--as-of", "2031-01-01", "--format", "json").json
    assert (report["as_of"], [line["record"] for line in report["rows"]]) == ("2031-01-01", [record])
    assert set(report["rows"][0]) >= keys
    table = console("retention", "report", "--as-of", "2031-01-01", "--format", "csv").out.splitlines()
    assert len(table) == 2
    assert record in table[1]


def test_verify_exits_1_and_names_the_fault(console: Console, letter: Path) -> None:
    record = captured(console, letter)
    whole = console("verify", "--all", "--json")
    assert (whole.status, whole.json["ok"], whole.json["faults"]) == (0, True, [])
    assert whole.json["checked"] > 0
    blob = next(path for path in (console.home / "storage" / "blobs").rglob("*") if path.is_file())
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(content)
    for arguments in (("--all",), ("--record", record)):
        broken = console("verify", *arguments, "--json")
        assert broken.status == 1
        assert broken.json["ok"] is False
        assert all(set(fault) == {"kind", "id", "detail"} for fault in broken.json["faults"])
        assert broken.json["faults"][0]["id"] == blob.name
        assert console("verify", *arguments).status == 1


def test_holds_are_placed_listed_and_released_by_somebody_else(console: Console, letter: Path) -> None:
    record = captured(console, letter)
    why = ("--title", "Perkara 12", "--mandate", "Surat 180/12", "--reason", "perkara")
    placed = console("hold", "place", record, *why, "--as", "records", "--json").json
    assert placed["records"] == [record]
    listed = console("hold", "list", "--as", "records", "--json").json["holds"]
    assert [line["hold"] for line in listed] == [placed["hold"]]
    refused = console("hold", "release", placed["hold"], "--as", "records")
    assert refused.status in (1, 2)
    assert refused.err.startswith("edms: ")


def test_keys_audit_reindex_and_doctor_answer_in_json(console: Console, letter: Path) -> None:
    captured(console, letter)
    told = console("keys", "status", "--json").json
    assert set(told) == {"provider", "key", "epoch", "epochs", "rotation", "secrets"}
    assert {name for epoch in told["epochs"] for name in epoch} == {"epoch", "state", "held", "blobs", "secrets"}
    assert console("audit", "checkpoint", "--json").json["checkpoint"].startswith("edms/")
    assert "leaf" in json.dumps(console("audit", "prove", "--index", "0", "--as", "auditor").json)
    assert console("audit", "prove", "--from", "1", "--as", "auditor").status == 0
    assert console("reindex", "--json").json == {"documents": 1}
    found = console("doctor", "--json").json
    assert found["ok"] is True
    assert all(set(finding) == {"level", "what", "mend"} for finding in found["findings"])
    assert console("retention", "check", ROOT / "retention_rules", "--json").json["ok"] is True


def test_a_new_password_replaces_the_old_one_and_ends_sessions(bare: Console) -> None:
    people = {p["user"]: p["password"] for p in bare("init", "--demo", "--json").json["people"]}
    archive = opened(bare)
    door, access = archive.door, archive.settings.access
    token = sign_in(door, access, "clerk-dinkes", people["clerk-dinkes"], Visit("192.0.2.1"))
    assert signed_in(door, access, token) is not None
    fresh = bare("person", "password", "clerk-dinkes", "--as", "admin", "--json").json["password"]
    assert signed_in(door, access, token) is None
    with pytest.raises(SignInRefused):
        sign_in(door, access, "clerk-dinkes", people["clerk-dinkes"], Visit("192.0.2.1"))
    token = sign_in(door, access, "clerk-dinkes", fresh, Visit("192.0.2.1"))
    assert bare("person", "deactivate", "clerk-dinkes").status == 0
    assert signed_in(door, access, token) is None
    bare("search", "x", "--as", "clerk-dinkes").refused(2, "there is no person 'clerk-dinkes'")
    archive.database.close()


def test_only_an_administrator_or_the_console_manages_people_and_it_is_audited(console: Console) -> None:
    add = ("person", "add", "budi", "--name", "Budi", "--role", "clerk", "--office", "dinkes")
    for user in ("records", "clerk-dinkes", "auditor", "head-dinkes"):
        console(*add, "--as", user).refused(1, "you may not do this")
        console("person", "password", "admin", "--as", user).refused(1, "you may not do this")
        console("person", "list", "--as", user).refused(1, "you may not do this")
        console("office", "add", "baru", "--name", "Baru", "--as", user).refused(1, "you may not do this")
    assert console(*add, "--as", "admin").status == 0
    console("person", "password", "budi")
    console("person", "deactivate", "budi")
    with opened(console).database.reader() as session:
        leaves = session.scalars(select(AuditLeaf.body).where(AuditLeaf.action.like("person.%"))).all()
    acts = [json.loads(leaf)["action"] for leaf in leaves]
    assert acts[-3:] == ["person.add", "person.password", "person.deactivate"]
    assert "password_hash" not in b"".join(leaves).decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("person", "add", "x", "--name", "X", "--role", "auditor"), ("'x' cannot be a user name",)),
        (("person", "add", "Budi Santoso", "--name", "X", "--role", "auditor"), ("cannot be a user name", "a-z")),
        (("person", "add", "admin", "--name", "X", "--role", "auditor"), ("there is a person 'admin' already",)),
        (("person", "add", "budi", "--name", " ", "--role", "auditor"), ("1 to 200 characters",)),
        (("person", "add", "budi", "--name", "X", "--role", "clerk"), ("belongs to an office", "name the office")),
        (("person", "add", "budi", "--name", "X", "--role", "king"), ("'king'", "clerk")),
        (("person", "add", "budi", "--name", "X", "--role", "clerk", "--office", "x"), ("no office 'x'", "dinkes")),
        (("person", "password", "budi"), ("there is no person 'budi'", "edms person list")),
        (("office", "add", "dinkes", "--name", "X"), ("there is an office 'dinkes' already",)),
        (("office", "add", "A B", "--name", "X"), ("code of 2 to 40",)),
        (("office", "add", "baru", "--name", "X", "--parent", "none"), ("no office 'none'",)),
    ],
    ids=lambda value: "-".join(value[:3]).replace(" ", "_") if isinstance(value, tuple) else "",
)
def test_people_and_offices_that_cannot_be(
    console: Console, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    console(*arguments).refused(2, *words)


NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
WRONG: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "no such command": (2, ("nonsense",), ("No such command 'nonsense'", "edms --help")),
    "no such option": (2, ("doctor", "--nope"), ("--nope", "edms doctor --help")),
    "argument missing": (2, ("search",), ("Missing argument 'QUERY'", "edms search --help")),
    "as nobody": (2, ("search", "x", "--as", "nobody"), ("there is no person 'nobody'",)),
    "as is missing": (2, ("search", "x"), ("--as",)),
    "query too long": (2, ("search", "x" * 600, "--as", "records"), ("500", "search.max_query_characters")),
    "limit": (2, ("search", "x", "--limit", "0", "--as", "records"), ("--limit",)),
    "path": (2, ("ingest", "/no/such/file", "--as", "clerk-dinkes"), ("/no/such/file", "does not exist")),
    "office": (2, ("ingest", ".", "--as", "clerk-dinkes", "--office", "x"), ("there is no office 'x'", "dinkes")),
    "no own office": (2, ("ingest", ".", "--as", "auditor"), ("--office",)),
    "level": (2, ("ingest", ".", "--as", "clerk-dinkes", "--level", "cosmic"), ("'cosmic'", "top_secret")),
    "record that is no id": (1, ("record", "show", "17", "--as", "records"), ("not found",)),
    "record unknown": (1, ("record", "show", NOBODY, "--as", "records"), ("not found",)),
    "export unknown": (1, ("record", "export", NOBODY, "--as", "records"), ("not found",)),
    "explain unknown": (1, ("retention", "explain", NOBODY), ("not found",)),
    "verify unknown": (1, ("verify", "--record", NOBODY), ("not found",)),
    "verify nothing": (2, ("verify",), ("--all",)),
    "verify two things": (2, ("verify", "--all", "--record", NOBODY), ("--all",)),
    "bundle missing": (2, ("verify", "--bundle", "/no/such.zip"), ("/no/such.zip",)),
    "no rules": (2, ("retention", "check", "/no/such/folder"), ("/no/such/folder",)),
    "as of no day": (2, ("retention", "report", "--as-of", "2031-02-30"), ("2031-02-30",)),
    "report office": (2, ("retention", "report", "--office", "x"), ("there is no office 'x'",)),
    "hold unknown": (1, ("hold", "release", NOBODY, "--as", "records"), ("not found",)),
    "proof of nothing": (2, ("audit", "prove", "--as", "auditor"), ("--index", "--from")),
    "leaf unknown": (1, ("audit", "prove", "--index", "999999", "--as", "auditor"), ("leaf",)),
    "size unknown": (1, ("audit", "prove", "--from", "999999", "--as", "auditor"), ("leaves",)),
    "port": (2, ("serve", "--port", "70000"), ("70000", "65535")),
    "host": (2, ("serve", "--host", "198.51.100.1", "--port", "0"), ("198.51.100.1", "[server]")),
    "not permitted": (1, ("hold", "list", "--as", "admin"), ("you may not do this",)),
}


@pytest.mark.parametrize(("status", "arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_refused_in_one_line(
    console: Console, status: int, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    console(*arguments).refused(status, *words)


def test_refused_files_make_ingest_exit_1_with_a_reason_for_each(console: Console, letter: Path) -> None:
    console.config.write_text("[capture]\nmax_file_bytes = 100\n", "utf-8")
    (letter.parent / "kecil.txt").write_text("Surat edaran tentang kebersihan", "utf-8")
    done = console("ingest", letter.parent, "--as", "clerk-dinkes", "--json")
    assert (done.status, done.err) == (1, "")
    small, large, total = done.lines
    assert (small["state"], large["state"]) == ("captured", "refused")
    assert "[capture] max_file_bytes" in large["reason"]
    assert (total["given"], total["captured"], total["refused"]) == (2, 1, 1)


def test_an_unknown_class_is_refused_before_any_file(console: Console, letter: Path) -> None:
    console("ingest", letter, "--as", "clerk-dinkes", "--class", "999.9").refused(2, "there is no class '999.9'")
    assert console("search", "banjir", "--as", "clerk-dinkes", "--json").json["total"] == 0


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in sorted(group.commands.items()):
        found += every_command(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", every_command(edms), ids=" ".join)
def test_every_command_explains_itself_without_a_configuration(
    path: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*path, "--help"]) == 0
    assert "Usage: edms" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [("search", "x", "--as", "records"), ("doctor",), ("verify", "--all"), ("serve", "--port", "0"), ("worker",),
     ("keys", "public"), ("reindex",), ("person", "list")],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_without_an_archive_each_says_how_to_make_one(bare: Console, arguments: tuple[str, ...]) -> None:
    bare(*arguments).refused(2, f"there is no archive in {bare.home / 'storage'}", "edms init")
    assert {path.name for path in bare.home.iterdir()} == {"config.toml"}


def test_fewer_workers_are_started_where_the_memory_is_for_fewer(console: Console) -> None:
    console.config.write_text(f"[worker]\nmemory_bytes = {2 * 2**30}\n")
    server, said = console.serving("--workers", "3", start_new_session=True)
    try:
        assert said.startswith("[worker] memory_bytes has room for 1 of 3 workers\n")
        assert "with 1 workers" in said
    finally:
        server.terminate()
        server.communicate(timeout=120)
