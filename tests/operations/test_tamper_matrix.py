"""One change to any stored thing, and the kind of fault that `edms verify` names. The table is docs/verification.md.

One archive is built and copied for each case; the embedded database, whose file a thief or administrator can reach.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, settings_in, settle, take_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.checkpoints import tend_checkpoints
from edms.records.digitisations import NewScanner, add_scanner
from edms.records.evidence_renewal import renew_evidence as renew
from edms.records.folders import open_folder
from edms.records.holds import place_hold
from edms.records.people import console_person

ROOT = Path(__file__).resolve().parent.parent.parent
CONSOLE = console_actor("tests")
Change = Callable[[Archive], None]


@pytest.fixture(scope="module")
def built(demo_template: Path, shared_parsers: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with at least one row or file of everything that is told apart below."""
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copytree(demo_template / "storage", folder / "storage")
    archive = _open(folder, shared_parsers)
    record = take_in(archive, pdf("Surat pertama tentang saluran"), number="005/1/2026").record_id
    take_in(archive, b"Catatan teks biasa", name="catatan.txt", level=Level.RESTRICTED)
    take_in(archive, pdf("Menunggu klasifikasi"), class_code=None, level=None)
    officer = console_person(archive, "records", "tests")
    assert officer.office_id is not None
    place_hold(officer, archive, [record], "Perkara", "Pengadilan", "sengketa")
    open_folder(officer, archive, officer.office_id, "B-1", "Berkas", "000.1.5", Level.OPEN)
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id is not None
    add_scanner(clerk, archive, NewScanner(clerk.office_id, "Loket 1", "Fujitsu", "fi-7160", "A3EC01234", 600))
    renew(CONSOLE, archive)
    tend_checkpoints(archive)
    settle(archive)
    archive.database.close()
    return folder


def _open(folder: Path, parsers: Archive) -> Archive:
    opened = open_archive(settings_in(folder), FixedClock(MOMENT))
    return dataclasses.replace(opened, sandbox=parsers.sandbox, reader=parsers.reader, ocr=parsers.ocr)


@pytest.fixture
def copied(built: Path, shared_parsers: Archive, tmp_path: Path) -> Iterator[Archive]:
    shutil.copytree(built / "storage", tmp_path / "storage")
    archive = _open(tmp_path, shared_parsers)
    yield archive
    archive.database.close()


def _sql(*statements: str) -> Change:
    """What one does who has the database in his hands; constraints do not hold him up."""

    def change(archive: Archive) -> None:
        connection = archive.database.engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount, statement
        connection.invalidate()

    return change


def _files(archive: Archive, part: str, pattern: str = "*") -> list[Path]:
    found = (archive.settings.storage.path / part).rglob(pattern)
    return sorted(path for path in found if path.is_file() and path.stat().st_size and "lock" not in path.name.lower())


def _blob(archive: Archive, role: str) -> Path:
    with archive.database.reader() as session:
        query = "SELECT b.name FROM blobs b JOIN components c ON c.blob_id = b.id WHERE c.role = :role ORDER BY b.id"
        name = session.execute(text(query), {"role": role}).scalars().first()
    return next(path for path in _files(archive, "blobs") if path.name == name)


def _in_blob(role: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda archive: _rewrite(_blob(archive, role), change)


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def _flip(place: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        at = min(int(len(content) * place), len(content) - 1)
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return change


def _swap(archive: Archive) -> None:
    one, two = _blob(archive, "original"), _blob(archive, "seal")
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)


def _index_files(archive: Archive) -> None:
    for path in _files(archive, "index"):
        _rewrite(path, _flip(0.5))


_LEAF = '(SELECT max("index") - 3 FROM audit_leaves)'
_RECORD = "state = 'declared'"
_STAMPED = "timestamp IS NOT NULL"

# What is changed: how, and the kinds of fault that are named, no more and no fewer.
MATRIX: dict[str, tuple[Change, set[str]]] = {
    "blob, header": (_in_blob("original", _flip(0.0)), {"blob"}),
    "blob, middle": (_in_blob("original", _flip(0.5)), {"blob"}),
    "blob, last byte": (_in_blob("original", _flip(1.0)), {"blob"}),
    "blob, cut": (_in_blob("original", lambda content: content[:-1]), {"blob"}),
    "blob, extended": (_in_blob("original", lambda content: content + b"x"), {"blob"}),
    "blob, removed": (lambda archive: _blob(archive, "original").unlink(), {"blob"}),
    "blobs, exchanged": (_swap, {"blob", "seal", "evidence"}),
    "manifest": (_in_blob("manifest", _flip(0.5)), {"blob", "seal"}),
    "seal": (_in_blob("seal", _flip(0.5)), {"blob", "seal", "evidence"}),
    "wrapped key": (_sql("UPDATE blobs SET wrapped_key = zeroblob(60) WHERE purpose = 'original'"), {"blob"}),
    "epoch of a key": (_sql("UPDATE blobs SET epoch = 9 WHERE purpose = 'original'"), {"blob"}),
    "key epoch, altered": (_sql("UPDATE key_epochs SET state = 'destroyed'"), {"row"}),
    "key epoch, removed": (_sql("DELETE FROM key_epochs"), {"row"}),
    "person, altered": (_sql("UPDATE people SET roles = 'records_officer' WHERE username = 'admin'"), {"row"}),
    "person, removed": (_sql("DELETE FROM people WHERE username = 'auditor'"), {"row"}),
    "person, inserted": (
        _sql("INSERT INTO people SELECT '00000000000070008000000000000001', 'tamu', name, office_id, roles, clearance,"
             " is_head, password_hash, active, created_at FROM people WHERE username = 'records'"),
        {"row"},
    ),
    "office, altered": (_sql("UPDATE offices SET parent_id = NULL WHERE code = 'dinkes'"), {"row"}),
    "office, removed": (_sql("DELETE FROM offices WHERE code = 'bappeda'"), {"row"}),
    "hold, altered": (_sql("UPDATE holds SET released_at = placed_at"), {"row"}),
    "hold, removed": (_sql("DELETE FROM hold_links", "DELETE FROM holds"), {"row"}),
    "record of a hold, removed": (_sql("DELETE FROM hold_links"), {"row"}),
    "folder, altered": (_sql("UPDATE folders SET closed_on = '2001-01-01'"), {"row"}),
    "folder, removed": (_sql("DELETE FROM folders"), {"row"}),
    "scanner, altered": (_sql("UPDATE scanners SET optical_dpi = 1200"), {"row"}),
    "rule book, altered": (_sql("UPDATE rule_books SET content = content || ' '"), {"row"}),
    "record, title": (_sql(f"UPDATE records SET title = 'lain' WHERE {_RECORD}"), {"record"}),
    "record, due date": (_sql(f"UPDATE records SET due_on = '2001-01-01' WHERE {_RECORD}"), {"record"}),
    "record, state": (_sql(f"UPDATE records SET state = 'pending' WHERE {_RECORD}"), {"record"}),
    "component, altered": (_sql("UPDATE components SET media_type = 'lain' WHERE role = 'text'"), {"record"}),
    "component, removed": (_sql("DELETE FROM components WHERE role = 'text'"), {"record", "blob", "evidence"}),
    "digest of a blob": (_sql("UPDATE blobs SET sha256 = lower(hex(zeroblob(32))) WHERE purpose = 'text'"),
                         {"blob", "record", "evidence"}),
    "leaf, altered": (_sql(f'UPDATE audit_leaves SET body = zeroblob(9) WHERE "index" = {_LEAF}'), {"audit", "row"}),
    "leaf, removed": (_sql(f'DELETE FROM audit_leaves WHERE "index" = {_LEAF}'), {"audit", "row"}),
    "node, altered": (_sql("UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 1 AND position = 2"),
                      {"audit"}),
    "node, removed": (_sql("DELETE FROM audit_nodes WHERE level = 1 AND position = 2"), {"audit"}),
    "checkpoint, altered": (_sql("UPDATE audit_checkpoints SET note = replace(note, 'edms', 'edmt')"),
                            {"checkpoint", "timestamp"}),
    "checkpoint, removed": (_sql("DELETE FROM audit_checkpoints"), {"checkpoint"}),
    "timestamp, altered": (_sql(f"UPDATE audit_checkpoints SET timestamp = zeroblob(90) WHERE {_STAMPED}"),
                           {"checkpoint", "timestamp"}),
    "timestamp, removed": (_sql(f"UPDATE audit_checkpoints SET timestamp = NULL WHERE {_STAMPED}"),
                           {"checkpoint"}),
    "evidence tree, altered": (_sql("UPDATE evidence_trees SET root = zeroblob(32)"), {"evidence"}),
    "evidence tile, altered": (_sql("UPDATE evidence_tiles SET hashes = zeroblob(64)"), {"evidence"}),
    "evidence member, removed": (
        _sql("DELETE FROM evidence_members WHERE position = 0"), {"evidence"}),
    "line of a state, altered": (_sql("UPDATE row_states SET version = version + 1 WHERE kind = 'people'"),
                                 {"row"}),
    "line of a state, removed": (_sql("DELETE FROM row_states WHERE kind = 'people'"), {"row"}),
    "index files": (_index_files, {"index-file"}),
    "outbox": (_sql("INSERT INTO outbox (topic, subject_id, created_at) SELECT 'index', id, received_at FROM records"),
               set()),
    "job, delayed": (_sql("UPDATE jobs SET attempts = attempts + 1"), set()),
    "job, removed": (_sql("DELETE FROM jobs"), {"record"}),
    "session, inserted": (
        _sql("INSERT INTO sign_in_sessions SELECT zeroblob(32), id, created_at, created_at, 'id' FROM people LIMIT 1"),
        set()),
}  # fmt: skip


def test_nothing_changed(copied: Archive) -> None:
    report = verify_all(CONSOLE, copied)
    assert report.ok, report.faults


@pytest.mark.parametrize("name", MATRIX)
def test_one_change(copied: Archive, name: str) -> None:
    change, kinds = MATRIX[name]
    change(copied)
    found = verify_all(CONSOLE, copied).faults
    assert {fault.kind for fault in found} == kinds, found


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 10_000), place=st.floats(0, 1))
def test_any_byte_of_any_blob(copied: Archive, which: int, place: float) -> None:
    files = _files(copied, "blobs")
    path = files[which % len(files)]
    _rewrite(path, _flip(place))
    assert "blob" in {fault.kind for fault in verify_all(CONSOLE, copied).faults}
    _rewrite(path, _flip(place))


def test_the_published_table_is_this_one() -> None:
    told = {}
    for line in (ROOT / "docs" / "verification.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 2 and cells[0] in MATRIX:
            told[cells[0]] = frozenset(cells[1].replace("`", "").split(", ")) - {"none"}
    assert told == {name: kinds for name, (_change, kinds) in MATRIX.items()}
