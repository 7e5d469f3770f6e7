"""The trail as files: an outsider's own reading of them gives our roots; a folder kept from before finds a rewind."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from trails import grow, rewind

from edms.access.actors import Actor, console_actor
from edms.audit import tree
from edms.audit.model import AuditCheckpoint
from edms.audit.note import open_checkpoint
from edms.audit.tiles import bundle_leaves, tile_named
from edms.core.errors import IntegrityFault, NotFound, Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.checkpoints import note_digest, tend_checkpoints
from edms.records.evidence import new_checkpoint
from edms.records.publication import export_trail, trail_file
from edms.signing.timestamp_token import read_token

CONSOLE = console_actor("tests")
Person = Callable[[Archive, str], Actor]


def leaves_in(folder: Path) -> list[bytes]:
    """Read the entry bundles as tlog-tiles tells it, the widest of each."""
    widest: dict[int, tuple[int, Path]] = {}
    for file in (folder / "tile" / "entries").rglob("*"):
        if file.is_file():
            tile = tile_named(file.relative_to(folder).as_posix())
            widest[tile.position] = max(widest.get(tile.position, (0, file)), (tile.width, file))
    found: list[bytes] = []
    for _position, (width, file) in sorted(widest.items()):
        found += bundle_leaves(file.read_bytes(), width)
    return found


def test_an_outsider_reads_our_root_from_the_files(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    for more in (0, 300, 1, 700):
        grow(archive, more)
        written = export_trail(CONSOLE, archive, folder)
        note = open_checkpoint((folder / "checkpoint").read_text("utf-8"), archive.trail.public_key)
        leaves = leaves_in(folder)
        assert note.size == written.size == len(leaves)
        assert tree.root_of(map(tree.leaf_hash, leaves)) == note.root
        assert [json.loads(leaf)["index"] for leaf in leaves] == list(range(note.size))
    for file in (folder / "tile" / "0").rglob("*"):
        if file.is_file():
            tile = tile_named(file.relative_to(folder).as_posix())
            hashes = b"".join(tree.leaf_hash(leaf) for leaf in leaves[tile.first : tile.first + tile.width])
            assert file.read_bytes() == hashes


def test_what_was_written_is_not_written_again(embedded: Archive, tmp_path: Path) -> None:
    grow(embedded, 600)
    first = export_trail(CONSOLE, embedded, tmp_path / "trail")
    again = export_trail(CONSOLE, embedded, tmp_path / "trail")
    assert first.files > 5
    assert again.size == first.size + 1, "the export itself is an event"
    assert again.files == 3, "one partial tile, one partial bundle, the checkpoint"


def test_a_folder_from_before_finds_a_rewound_trail(embedded: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    with embedded.database.reader() as session:
        before = embedded.trail.size(session)
    grow(embedded, 30)
    export_trail(CONSOLE, embedded, folder)
    kept = (folder / "checkpoint").read_bytes()
    rewind(embedded, before)
    grow(embedded, 5)
    with pytest.raises(IntegrityFault, match="not one that grew"):
        export_trail(CONSOLE, embedded, folder)
    grow(embedded, 50, "test.another_act")
    with pytest.raises(IntegrityFault, match="not one that grew"):
        export_trail(CONSOLE, embedded, folder)
    assert (folder / "checkpoint").read_bytes() == kept


def test_only_auditors_read_it(embedded: Archive, person: Person) -> None:
    new_checkpoint(CONSOLE, embedded)
    auditor = person(embedded, "auditor")
    note = trail_file(auditor, embedded, "checkpoint")
    size = open_checkpoint(note.decode(), embedded.trail.public_key).size
    leaves = bundle_leaves(trail_file(auditor, embedded, f"tile/entries/000.p/{size}"), size)
    hashes = trail_file(auditor, embedded, f"tile/0/000.p/{size}")
    assert hashes == b"".join(map(tree.leaf_hash, leaves))
    for absent in (f"tile/0/000.p/{size + 1}", "tile/0/000", "tile/1/000", "tile/0/001", "tile/../x", "nothing"):
        with pytest.raises(NotFound):
            trail_file(auditor, embedded, absent)
    for name in ("clerk-dinkes", "official-dinkes", "admin"):
        with pytest.raises(NotPermitted):
            trail_file(person(embedded, name), embedded, "checkpoint")


def test_a_folder_that_cannot_be_used_is_refused(embedded: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused):
        export_trail(CONSOLE, embedded, tmp_path / "file" / "below")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "checkpoint").write_text("not a note\n")
    with pytest.raises(IntegrityFault):
        export_trail(CONSOLE, embedded, tmp_path / "foreign")


def test_the_workers_sign_and_timestamp_what_has_grown(archive: Archive) -> None:
    assert tend_checkpoints(archive) is True
    with archive.database.reader() as session:
        newest = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).one()
    assert newest.timestamp is not None
    assert read_token(newest.timestamp).imprint == hashlib.sha256(newest.note.encode()).digest()
    assert note_digest(newest.note) == hashlib.sha256(newest.note.encode()).digest()
    assert tend_checkpoints(archive) is False
    grow(archive, 3)
    assert tend_checkpoints(archive) is False, "the next is due in an hour"


def test_a_checkpoints_timestamp_is_verified(embedded: Archive) -> None:
    tend_checkpoints(embedded)
    report = verify_all(CONSOLE, embedded)
    assert report.ok
    assert report.checked["checkpoint timestamps"] == 1
    with embedded.database.writer() as session:
        row = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).one()
        assert row.timestamp
        row.timestamp = row.timestamp[:-20] + bytes([row.timestamp[-20] ^ 1]) + row.timestamp[-19:]
        session.commit()
    kinds = {fault.kind for fault in verify_all(CONSOLE, embedded).faults}
    assert kinds == {"timestamp", "checkpoint"}, "the timestamp is wrong, and the row is not the one that was written"
