"""`edms verify --all` names every fault: one byte flipped in any blob, any audit row, any index file, any signature."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf
from sqlalchemy import LargeBinary, String, Table, Text, delete, inspect, select, update

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.capture.accept import Accepted
from edms.jobs.model import Job
from edms.reconcile.faults import Report
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.evidence import new_checkpoint
from edms.records.model import Component, ComponentRole, Record
from edms.vault.model import StoredBlob

CONSOLE = console_actor("tests")


@pytest.fixture
def filled(embedded: Archive, capture: Callable[..., Accepted]) -> Archive:
    """An archive with declared, waiting and quarantined records and a checkpoint."""
    capture(embedded, pdf("Surat pertama tentang saluran"), number="005/1/2026")
    capture(embedded, b"Catatan teks biasa", name="catatan.txt", level=Level.RESTRICTED)
    capture(embedded, pdf("Menunggu klasifikasi"), class_code=None, level=None)
    capture(embedded, b"%PDF-1.5\nrusak")
    new_checkpoint(CONSOLE, embedded)
    return embedded


def _flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0x01
    path.write_bytes(bytes(content))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def test_untouched_archive_has_no_fault(filled: Archive) -> None:
    report = verify_all(CONSOLE, filled)
    assert report.ok, report.faults
    assert report.checked["seals"] == 2
    assert report.checked["blobs"] >= 12


def test_any_byte_of_any_blob(filled: Archive) -> None:
    chance = random.Random(1)
    storage = filled.settings.storage.path
    for path in _files(storage / "blobs"):
        position = chance.randrange(path.stat().st_size)
        _flip(path, position)
        report = verify_all(CONSOLE, filled)
        assert not report.ok, f"{path.name} at {position}"
        assert any(path.name in (fault.id, fault.detail) or fault.kind in ("blob", "seal") for fault in report.faults)
        _flip(path, position)
    assert verify_all(CONSOLE, filled).ok


def test_missing_blob(filled: Archive) -> None:
    path = _files(filled.settings.storage.path / "blobs")[0]
    path.unlink()
    assert "blob" in {fault.kind for fault in verify_all(CONSOLE, filled).faults}


def test_any_byte_of_any_index_file(filled: Archive) -> None:
    chance = random.Random(2)
    for path in _files(filled.settings.storage.path / "index"):
        if "lock" in path.name.lower():
            continue
        position = chance.randrange(path.stat().st_size)
        _flip(path, position)
        report = verify_all(CONSOLE, filled)
        assert not report.ok, f"{path.name} at {position}"
        _flip(path, position)
    assert verify_all(CONSOLE, filled).ok


def _altered(value: Any, kind: Any) -> Any:
    if isinstance(kind, LargeBinary):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(kind, String | Text):
        return ("y" if value[:1] == "x" else "x") + value[1:]
    if isinstance(value, int):
        return value + 1
    return None


def _cells(archive: Archive, model: Any) -> Iterator[tuple[Table, dict[str, Any], str, Any, Any]]:
    table: Table = model.__table__
    keys = [column.name for column in table.primary_key]
    with archive.database.reader() as session:
        rows = [dict(row._mapping) for row in session.execute(select(table))]
    for row in random.Random(3).sample(rows, min(12, len(rows))):
        for column in table.columns:
            if column.name in keys or row[column.name] in (None, "", b""):
                continue
            wrong = _altered(row[column.name], column.type)
            if wrong is not None:
                yield table, {key: row[key] for key in keys}, column.name, row[column.name], wrong


def _write(archive: Archive, table: Table, keys: dict[str, Any], column: str, value: Any) -> None:
    with archive.database.writer() as session:
        where = [table.c[key] == wanted for key, wanted in keys.items()]
        session.execute(update(table).where(*where).values({column: value}))
        session.commit()


@pytest.mark.parametrize("model", [AuditLeaf, AuditNode, AuditCheckpoint], ids=lambda model: model.__tablename__)
def test_any_cell_of_the_audit_trail(filled: Archive, model: Any) -> None:
    for table, keys, column, right, wrong in list(_cells(filled, model)):
        _write(filled, table, keys, column, wrong)
        report = verify_all(CONSOLE, filled)
        assert {fault.kind for fault in report.faults} & {"audit", "checkpoint"}, f"{table.name}.{column} {keys}"
        _write(filled, table, keys, column, right)
    report = verify_all(CONSOLE, filled)
    assert report.ok, report.faults[:3]


def test_deleted_audit_row(filled: Archive) -> None:
    with filled.database.writer() as session:
        leaf = session.get_one(AuditLeaf, 20)
        session.delete(leaf)
        session.commit()
    assert "audit" in {fault.kind for fault in verify_all(CONSOLE, filled).faults}


@pytest.mark.parametrize("column", ["title", "class_code", "class_title", "level", "number", "file_name"])
def test_description_edited_in_the_database(filled: Archive, column: str) -> None:
    with filled.database.writer() as session:
        record = session.scalars(select(Record).where(Record.state == "declared", Record.number.is_not(None))).first()
        assert record is not None
        setattr(record, column, "secret" if column == "level" else "disunting")
        session.commit()
    faults = verify_all(CONSOLE, filled).faults
    assert any(fault.kind == "record" and "not what was sealed" in fault.detail for fault in faults)


def _seal_of(archive: Archive, role: ComponentRole) -> tuple[Component, StoredBlob]:
    with archive.database.reader() as session:
        part = session.scalars(select(Component).where(Component.role == role.value)).first()
        assert part is not None
        return part, part.blob


def test_exchanged_seal(filled: Archive) -> None:
    """A valid seal of another record, put in place of this one's, is found."""
    with filled.database.writer() as session:
        one, two = session.scalars(select(Component).where(Component.role == ComponentRole.SEAL.value)).all()[:2]
        first, second = one.record_id, two.record_id
        one.position, two.position = 7, 8
        session.flush()
        one.record_id, two.record_id = second, first
        session.commit()
    assert {"record", "seal"} <= {fault.kind for fault in verify_all(CONSOLE, filled).faults}


def test_altered_key_of_a_blob(filled: Archive) -> None:
    _part, blob = _seal_of(filled, ComponentRole.ORIGINAL)
    with filled.database.writer() as session:
        row = session.get_one(StoredBlob, blob.id)
        row.wrapped_key = bytes([row.wrapped_key[0]]) + bytes([row.wrapped_key[1] ^ 1]) + row.wrapped_key[2:]
        session.commit()
    assert "blob" in {fault.kind for fault in verify_all(CONSOLE, filled).faults}


def test_state_set_back_by_hand(filled: Archive) -> None:
    """A declared record cannot be made editable again behind our back."""
    with filled.database.writer() as session:
        record = session.scalars(select(Record).where(Record.state == "declared")).first()
        assert record is not None
        record.state = "pending"
        session.commit()
    assert not verify_all(CONSOLE, filled).ok


def test_record_removed_from_the_database(filled: Archive) -> None:
    """The trail remembers what was received; a row that is gone is named."""
    with filled.database.writer() as session:
        record = session.scalars(select(Record).where(Record.state == "declared")).first()
        assert record is not None
        identity = str(record.id)
        for part in list(record.components):
            record.components.remove(part)
            session.delete(part.blob)
        session.execute(delete(Job).where(Job.subject_id == record.id))
        session.delete(record)
        session.commit()
    faults = verify_all(CONSOLE, filled).faults
    assert ("record", identity) in {(fault.kind, fault.id) for fault in faults}


def test_report_counts_every_table(filled: Archive) -> None:
    report: Report = verify_all(CONSOLE, filled)
    names = set(inspect(filled.database.engine).get_table_names())
    assert {"records", "blobs", "audit_leaves"} <= names
    assert report.as_dict()["checked"] == sum(report.as_dict()["checked_by_kind"].values())
