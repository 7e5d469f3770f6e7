"""`edms verify` as an operator runs it, on both databases: sound archives end with 0, every kind of damage with 1 and
a fault that leads to the thing."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from archive_fixtures import pdf, settle
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.cli.main import edms
from edms.core.errors import EdmsError
from edms.records.archive import Archive
from edms.records.components import attach, seal_bytes
from edms.records.evidence import export_bundle, new_checkpoint
from edms.records.model import Component, ComponentRole, Record
from edms.records.people import console_person
from edms.records.visible import decided_record
from edms.vault.model import StoredBlob

CONSOLE = console_actor("tests")
Console = Callable[..., Result]


@pytest.fixture
def console(archive: Archive, tmp_path: Path) -> Console:
    """Run `edms` with the archive's own configuration, as the program does."""
    (tmp_path / "config.toml").write_text(f'[database]\nurl = "{archive.settings.database.url}"\n')

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(edms, ["--config", str(tmp_path / "config.toml"), *map(str, arguments)])

    return run


ATTACKED_ELSEWHERE = {
    ComponentRole.SIGNED,  # what officials signed is held against its rows: test_signatures_verified
    ComponentRole.AUTHENTICATED,  # copies of digitised records: test_digitisation_verified
    ComponentRole.REDACTED,  # redacted documents: test_redactions
}
FOREIGN = Path(__file__).parents[1] / "vectors" / "audit" / "accept" / "checkpoint.json"


def with_attachment(content: bytes) -> bytes:
    """Return the PDF with a file within, which becomes a component of its own."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        document.attachments["lampiran.txt"] = b"Daftar saluran yang rusak"
        document.save(out, deterministic_id=True)
    return out.getvalue()


@pytest.fixture
def filled(archive: Archive, capture: Callable[..., Accepted]) -> Archive:
    """Declared records of both kinds, one that waits for its class, one in quarantine, and a checkpoint."""
    letter = capture(archive, with_attachment(pdf("Surat pertama tentang saluran")), number="005/1/2026")
    capture(archive, b"Catatan teks biasa", name="catatan.txt", level=Level.RESTRICTED)
    copy = seal_bytes(archive, pdf("Surat pertama"), ComponentRole.LATER_COPY)
    officer = console_person(archive, "clerk-dinkes", "tests")
    with archive.door.write(officer, Action.RECORD_RETRY) as operation:
        record = decided_record(operation, letter.record_id, lock=True)
        attach(operation, archive, record, ComponentRole.LATER_COPY, copy, "later-copy.pdf", "application/pdf")
        operation.about("record", record.id, "record.access_copy_made")
    capture(archive, pdf("Menunggu klasifikasi"), class_code=None, level=None)
    capture(archive, b"%PDF-1.5\nrusak")
    new_checkpoint(CONSOLE, archive)
    return archive


def verdict(console: Console, *arguments: str | Path) -> dict[str, Any]:
    """Run a verification; its exit status must be what its answer says."""
    result = console("verify", *arguments, "--json")
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if answer["ok"] else 1)
    assert answer["ok"] == (answer["faults"] == [])
    return answer


def named(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(fault["kind"], fault["id"]) for fault in answer["faults"]}


def blobs(archive: Archive, *, declared: bool = True) -> dict[tuple[str, str], tuple[str, Path]]:
    """Return the blobs of the declared PDF, or of every record, by record and role: name and file."""
    with archive.database.reader() as session:
        query = select(Component).join(Record)
        if declared:
            query = query.where(Record.state == "declared", Record.number.is_not(None))
        found = {(str(part.record_id), part.role): part.blob.name for part in session.scalars(query)}
    files = {path.name: path for path in (archive.settings.storage.path / "blobs").rglob("*") if path.is_file()}
    return {key: (name, files[name]) for key, name in found.items()}


def test_a_sound_archive(
    filled: Archive, console: Console, person: Callable[[Archive, str], Actor], tmp_path: Path
) -> None:
    answer = verdict(console, "--all")
    assert answer["ok"]
    assert answer["checked"] == sum(answer["checked_by_kind"].values()) > 40
    with filled.database.reader() as session:
        ids = list(session.scalars(select(Record.id)))
    assert all(verdict(console, "--record", str(record))["ok"] for record in ids)
    export_bundle(person(filled, "auditor"), filled, UUID(_declared(filled)), tmp_path / "evidence.zip")
    (tmp_path / "archive.pem").write_text(console("keys", "public").stdout)
    told = verdict(console, "--bundle", tmp_path / "evidence.zip", "--key", tmp_path / "archive.pem")
    assert told["ok"], told["faults"]
    text = console("verify", "--all")
    assert text.stdout.splitlines()[-1].startswith("ok: ")


def test_a_bundle_is_held_against_witnesses_and_kept_checkpoints(
    filled: Archive, console: Console, person: Callable[[Archive, str], Actor], tmp_path: Path
) -> None:
    export_bundle(person(filled, "auditor"), filled, UUID(_declared(filled)), tmp_path / "evidence.zip")
    (tmp_path / "archive.pem").write_text(console("keys", "public").stdout)
    with zipfile.ZipFile(tmp_path / "evidence.zip") as bundle:
        (tmp_path / "kept.txt").write_bytes(bundle.read("audit/checkpoint.txt"))
    (tmp_path / "other.txt").write_text(json.loads(FOREIGN.read_text("utf-8"))["note"])
    asked = ("--bundle", tmp_path / "evidence.zip", "--key", tmp_path / "archive.pem")
    assert verdict(console, *asked, "--checkpoint", tmp_path / "kept.txt")["ok"]
    foreign = verdict(console, *asked, "--checkpoint", tmp_path / "kept.txt", "--checkpoint", tmp_path / "other.txt")
    assert "kept elsewhere" in foreign["faults"][0]["detail"]
    witness = "kabupaten-witness+49d27b33+BCVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd"
    absent = verdict(console, *asked, "--witness", witness)
    assert ["kabupaten-witness" in fault["detail"] for fault in absent["faults"]] == [True]
    refused = console("verify", *map(str, asked), "--witness", "kabupaten-witness")
    assert "--witness" in str(refused.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all", "--record", "x"],
        ["--all", "--witness", "x"],
        ["--all", "--key", "config.toml"],
        ["--record", "x", "--checkpoint", "config.toml"],
    ],
    ids=["nothing", "two", "witness without bundle", "key without bundle", "checkpoint alone"],
)
def test_usage(console: Console, tmp_path: Path, arguments: list[str]) -> None:
    named_files = [str(tmp_path / word) if word.endswith(".toml") else word for word in arguments]
    assert console("verify", *named_files).exit_code == 2


def test_no_such_record(console: Console) -> None:
    for unknown in ("01900000-0000-7000-8000-000000000001", "rubbish", "../../etc/passwd"):
        result = console("verify", "--record", unknown)
        assert isinstance(result.exception, EdmsError)
        assert result.exception.exit_code == 1


def _flip_first(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def _flip_middle(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 0x80]) + content[half + 1 :]


def _flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "first": _flip_first,
    "middle": _flip_middle,
    "last": _flip_last,
    "cut": lambda content: content[:-1],
    "empty": lambda _content: b"",
    "appended": lambda content: content + b"\x00",
    "doubled": lambda content: content * 2,
}


def test_damage_to_the_blob_of_any_role(filled: Archive, console: Console) -> None:
    found = blobs(filled)
    assert {role for _record, role in found} == {role.value for role in ComponentRole if role not in ATTACKED_ELSEWHERE}
    for number, ((record, role), (name, path)) in enumerate(sorted(found.items())):
        good = path.read_bytes()
        for what, damage in list(DAMAGE.items())[number % 2 :: 2] if role != "seal" else DAMAGE.items():
            path.write_bytes(damage(good))
            answer = verdict(console, "--record", record)
            assert ("blob", name) in named(answer), (role, what)
            details = " ".join(fault["detail"] for fault in answer["faults"])
            assert role in details
            assert record in details
        path.unlink()
        assert ("blob", name) in named(verdict(console, "--record", record)), role
        path.write_bytes(good)
        assert verdict(console, "--record", record)["ok"], role
    assert verdict(console, "--all")["ok"]


def test_exchanged_blobs(filled: Archive, console: Console) -> None:
    """Two sound blobs, each in the other's place: both are named."""
    (one, first), (two, second) = sorted(blobs(filled, declared=False).values())[:2]
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)
    assert {("blob", one), ("blob", two)} <= named(verdict(console, "--all"))


ROWS: dict[Any, dict[str, list[Any]]] = {
    StoredBlob: {
        "name": ["0" * 32, "../../../etc/passwd"],
        "purpose": ["seal", "text/../seal"],
        "size": [7, 0],
        "sha256": ["0" * 64],
        "wrapped_key": [b"\x00" * 60, b""],
        "key_id": ["0" * 16],
        "epoch": [9],
    },
    Component: {"name": ["lain"], "media_type": ["lain"], "role": ["lain"]},
}


def test_rows_of_blobs_and_components_edited_in_the_database(filled: Archive, console: Console) -> None:
    """Values that we could have written and values that we never would: each ends in a fault, none in an error."""
    record = _declared(filled)
    with filled.database.reader() as session:
        part = session.scalars(
            select(Component).where(Component.record_id == UUID(record), Component.role == "text")
        ).one()
        rows: dict[Any, tuple[Any, str, Any]] = {
            StoredBlob: (part.blob, "blob", None),
            Component: (part, "record", record),
        }
    for model, columns in ROWS.items():
        row, kind, identity = rows[model]
        for column, wrong in [(column, value) for column, values in columns.items() for value in values]:
            _set(filled, model, row.id, column, wrong)
            found = named(verdict(console, "--record", record))
            assert kind in {fault for fault, _id in found}, (column, wrong)
            assert identity is None or (kind, identity) in found, (column, wrong)
            _set(filled, model, row.id, column, getattr(row, column))
    assert verdict(console, "--record", record)["ok"]


def _set(archive: Archive, model: Any, row: UUID, column: str, value: Any) -> None:
    with archive.database.writer() as session:
        session.execute(update(model).where(model.id == row).values({column: value}))
        session.commit()


def _declared(archive: Archive) -> str:
    with archive.database.reader() as session:
        return str(session.scalars(select(Record.id).where(Record.number.is_not(None))).one())


@pytest.mark.parametrize("column", ["name", "media_type", "role"])
def test_a_components_row_edited_in_the_database(filled: Archive, console: Console, column: str) -> None:
    record = _declared(filled)
    with filled.database.writer() as session:
        where = (Component.record_id == UUID(record), Component.role == "text")
        session.execute(update(Component).where(*where).values({column: "lain"}))
        session.commit()
    assert ("record", record) in named(verdict(console, "--all"))


def test_another_records_wrapped_key(filled: Archive, console: Console) -> None:
    """A key that opens another blob does not open this one."""
    (one, _), (two, _) = sorted(blobs(filled, declared=False).values())[:2]
    with filled.database.writer() as session:
        first = session.scalars(select(StoredBlob).where(StoredBlob.name == one)).one()
        second = session.scalars(select(StoredBlob).where(StoredBlob.name == two)).one()
        first.wrapped_key, second.wrapped_key = second.wrapped_key, first.wrapped_key
        session.commit()
    assert {("blob", one), ("blob", two)} <= named(verdict(console, "--all"))


def test_a_leaf_removed_and_one_edited_are_named_by_their_index(filled: Archive, console: Console) -> None:
    with filled.database.writer() as session:
        edited = session.get_one(AuditLeaf, 11)
        edited.body = edited.body.replace(b'"outcome":"done"', b'"outcome":"dona"')
        session.delete(session.get_one(AuditLeaf, 17))
        session.commit()
    faults = [fault for fault in verdict(console, "--all")["faults"] if fault["kind"] == "audit"]
    assert {"11", "17"} <= {fault["id"] for fault in faults}


def test_an_older_state_put_back_whole_is_found_by_a_checkpoint_kept_elsewhere(
    embedded: Archive, capture: Callable[..., Accepted], tmp_path: Path
) -> None:
    """Database, blobs and index of yesterday agree with each other: only what was kept outside tells."""
    capture(embedded, pdf("Yang lama"))
    storage, old = embedded.settings.storage.path, tmp_path / "old"
    embedded.database.close()
    shutil.copytree(storage, old)
    lost = capture(embedded, pdf("Yang baru dan memberatkan"))
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(new_checkpoint(CONSOLE, embedded))
    embedded.database.close()

    def run(*arguments: str | Path) -> dict[str, Any]:
        (tmp_path / "config.toml").write_text("")
        told = CliRunner().invoke(
            edms, ["--config", str(tmp_path / "config.toml"), "verify", "--json", *map(str, arguments)]
        )
        answer: dict[str, Any] = json.loads(told.stdout)
        assert told.exit_code == (0 if answer["ok"] else 1)
        return answer

    assert run("--all", "--checkpoint", kept)["ok"]
    for part in ("archive.db", "archive.db-wal", "archive.db-shm"):
        (storage / part).unlink(missing_ok=True)
        if (old / part).exists():
            shutil.copy(old / part, storage / part)
    told = run("--all", "--checkpoint", kept)
    assert "checkpoint" in {kind for kind, _id in named(told)}
    # The database alone put back: the index still knows the record.
    assert str(lost.record_id) in {identity for _kind, identity in named(run("--all"))}
    shutil.rmtree(storage)
    shutil.copytree(old, storage)
    assert run("--all")["ok"]
    assert not run("--all", "--checkpoint", kept)["ok"]


def test_a_blob_without_a_row_is_no_fault_and_is_told(filled: Archive, console: Console) -> None:
    """An upload that was interrupted before it was acknowledged: nobody was told of it, and nothing is lost."""
    _name, path = next(iter(blobs(filled).values()))
    shutil.copy(path, path.with_name(path.name[:2] + "f" * (len(path.name) - 2)))
    settle(filled)
    answer = verdict(console, "--all")
    assert answer["ok"]
    assert any("interrupted" in note for note in answer["notes"])


def test_a_damaged_bundle(
    filled: Archive, console: Console, person: Callable[[Archive, str], Actor], tmp_path: Path
) -> None:
    """Whatever byte differs: a fault, or it is one that says nothing (a date) and the content is equal."""
    target = tmp_path / "evidence.zip"
    export_bundle(person(filled, "auditor"), filled, UUID(_declared(filled)), target)
    good = target.read_bytes()
    content = _content(good)
    found = 0
    for place in range(0, len(good), len(good) // 60):
        wrong = good[:place] + bytes([good[place] ^ 0x20]) + good[place + 1 :]
        target.write_bytes(wrong)
        result = console("verify", "--bundle", target)
        found += result.exit_code
        assert result.stdout.startswith("FAULT ") if result.exit_code else _content(wrong) == content, place
    assert found > 50
    target.write_bytes(b"not a zip")
    assert console("verify", "--bundle", target).exit_code == 1


def _content(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as package:
        return {name: package.read(name) for name in package.namelist()}
