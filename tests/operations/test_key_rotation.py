"""Rotation: every key is wrapped anew, blobs stay as they are, writers are not held up, kill -9 loses nothing."""

import io
import random
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from archive_fixtures import MOMENT, settings_in
from own_processes import Forked
from sqlalchemy import func, insert, select, update

from edms.access.actors import Actor, console_actor
from edms.audit.model import AuditLeaf
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted
from edms.core.errors import KeyUnavailable, StorageFault
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records import keys as rotation
from edms.records.archive import Archive
from edms.records.keys import key_status, rotate
from edms.vault.keyring import KeyRing
from edms.vault.keys import WrappedKey
from edms.vault.model import EpochState, KeyEpoch, KeyRotation, StoredBlob
from edms.vault.rows import add_blob
from edms.vault.sealed import key_data

CONSOLE = console_actor("tests")


def add_rows(archive: Archive, count: int) -> dict[str, bytes]:
    """Insert rows of blobs that have a key and no bytes; return the data keys by blob id."""
    keys, made, rows = archive.keys.keys, {}, []
    for number in range(count):
        blob_id, key = uuid4(), number.to_bytes(32, "big")
        wrapped = keys.wrap(key, key_data(blob_id, "original"))
        made[str(blob_id)] = key
        rows.append(
            {
                "id": blob_id,
                "name": blob_id.hex,
                "purpose": "original",
                "size": 1,
                "sha256": "0" * 64,
                "wrapped_key": wrapped.wrapped,
                "key_id": wrapped.key_id,
                "epoch": wrapped.epoch,
                "created_at": MOMENT,
            }
        )
    with archive.database.writer() as session:
        session.execute(insert(StoredBlob), rows)
        if session.get(KeyEpoch, (keys.key_id, keys.epoch)) is None:
            session.add(KeyEpoch(key_id=keys.key_id, epoch=keys.epoch, state="open", opened_at=MOMENT))
        session.commit()
    return made


def data_keys(archive: Archive) -> dict[str, tuple[int, bytes]]:
    """Return epoch and data key of every blob, unwrapped."""
    with archive.database.reader() as session:
        rows = session.scalars(select(StoredBlob)).all()
        return {
            str(row.id): (
                row.epoch,
                archive.keys.keys.unwrap(row.key_id, row.epoch, row.wrapped_key, key_data(row.id, row.purpose)),
            )
            for row in rows
        }


def test_every_key_is_wrapped_anew_and_no_blob_is_touched(
    archive: Archive, capture: Callable[..., Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    for number in range(3):
        capture(archive, b"surat %d" % number, name=f"{number}.txt")
    folder = archive.settings.storage.path / "blobs"
    blobs = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}
    before = data_keys(archive)
    secret = archive.keys.secret("index")
    report = rotate(CONSOLE, archive)
    assert (report.from_epoch, report.to_epoch, report.blobs) == (1, 2, len(before))
    assert report.secrets == len(archive.keys.names()) >= 5
    after = data_keys(archive)
    assert {epoch for epoch, _key in after.values()} == {2}
    assert {blob: key for blob, (_epoch, key) in after.items()} == {blob: key for blob, (_epoch, key) in before.items()}
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in blobs} == blobs
    assert archive.keys.secret("index") == secret
    assert verify_all(CONSOLE, archive).ok


def test_each_step_leaves_an_event(archive: Archive) -> None:
    add_rows(archive, 3)
    rotate(CONSOLE, archive, destroy_old=True)
    with archive.database.reader() as session:
        named = list(session.scalars(select(AuditLeaf.action).order_by(AuditLeaf.index)))
    named = [name for name in named if not name.startswith("alert.")]  # the rows of this test came around the door
    assert named[-5:] == [
        "keys.rotation_started",
        "keys.epoch_opened",
        "keys.rewrapped",
        "keys.epochs_destroyed",
        "keys.rotated",
    ]


@pytest.mark.parametrize("name", ["clerk-dinkes", "records", "auditor"])
def test_others_may_not(embedded: Archive, person: Callable[[Archive, str], Actor], name: str) -> None:
    with pytest.raises(NotPermitted):
        rotate(person(embedded, name), embedded)
    assert embedded.keys.keys.epochs() == (1,)


def test_status_tells_what_is_under_each_epoch(archive: Archive) -> None:
    add_rows(archive, 4)
    rotate(CONSOLE, archive)
    told = key_status(CONSOLE, archive)
    assert [(row["epoch"], row["state"], row["held"], row["blobs"]) for row in told["epochs"]] == [
        (1, "closed", True, 0),
        (2, "open", True, 4),
    ]
    assert told["rotation"] is None
    rotate(CONSOLE, archive, destroy_old=True)
    states = [(row["epoch"], row["state"], row["held"]) for row in key_status(CONSOLE, archive)["epochs"]]
    assert states == [(1, "destroyed", False), (2, "destroyed", False), (3, "open", True)]


def test_a_writer_that_knows_only_the_old_epoch_goes_on(archive: Archive, capture: Callable[..., Accepted]) -> None:
    """Another process, whose provider has not looked at the key file since before the rotation."""
    running = open_archive(archive.settings, archive.clock)
    rotate(CONSOLE, archive)
    assert running.keys.keys.epoch == 1
    capture(running, b"sesudah", name="sesudah.txt", work=False)
    assert {epoch for epoch, _key in data_keys(archive).values()} == {2}
    assert running.keys.keys.epoch == 2
    running.database.close()


def test_a_file_whose_storing_outlasts_the_whole_rotation_is_refused_not_lost(archive: Archive) -> None:
    sealed = archive.vault.put(io.BytesIO(b"lama"), "original")
    rotate(CONSOLE, archive, destroy_old=True)
    with archive.database.writer() as session:
        assert session.get_one(KeyEpoch, (sealed.key_id, 1)).state == EpochState.DESTROYED
        with pytest.raises(KeyUnavailable):
            add_blob(session, archive.vault, sealed, MOMENT)


def test_a_row_left_under_the_old_key_keeps_it_from_being_destroyed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add_rows(archive, 5)
    one = next(iter(made))
    monkeypatch.setattr(rotation, "_rewrap_all", lambda *_arguments: iter(()))
    with pytest.raises(StorageFault, match="still under the old key"):
        rotate(CONSOLE, archive, destroy_old=True)
    monkeypatch.undo()
    assert data_keys(archive)[one][1] == made[one]
    report = rotate(CONSOLE, archive)
    assert report.resumed
    assert report.destroyed, "what was begun to be destroyed is destroyed when it is taken up again"
    assert {blob: key for blob, (_epoch, key) in data_keys(archive).items()} == made


def test_a_row_destroyed_while_its_batch_is_wrapped_stays_destroyed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add_rows(archive, 5)
    gone = next(iter(made))
    real = rotation._write

    def write_late(session: object, batch: object, new: list[WrappedKey]) -> int:
        session.execute(StoredBlob.__table__.delete().where(StoredBlob.id == batch[0].id))  # type: ignore[attr-defined,index]
        return real(session, batch, new)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "_write", write_late)
    rotate(CONSOLE, archive)
    assert len(data_keys(archive)) == 4
    assert gone in made


_KILLED = """
import sys
from pathlib import Path
from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.core.config import load_settings
from edms.records import keys
keys.BATCH = 40
archive = open_archive(load_settings(Path(sys.argv[1])))
print("open", flush=True)
keys.rotate(console_actor("tests"), archive, destroy_old=True)
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_every_key(installation: Path) -> None:
    """kill -9 at random moments of real processes; each next one takes the rotation up."""
    config = installation / "config.toml"
    config.write_text("")
    archive = open_archive(settings_in(installation))
    made = add_rows(archive, 2000)
    chance, killed = random.Random(3), 0
    for _round in range(60):
        process = Forked(_KILLED, config)
        assert process.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0.02, 0.5))
        process.kill()
        out = process.ended().out
        if "done" in out:
            break
        killed += 1
    if "done" not in out:
        rotate(CONSOLE, archive)
    assert killed >= 1
    again = open_archive(settings_in(installation))
    assert {blob: key for blob, (_epoch, key) in data_keys(again).items()} == made
    assert key_status(CONSOLE, again)["rotation"] is None
    with again.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(KeyRotation)) == 1
        assert session.scalar(select(func.min(StoredBlob.epoch))) == again.keys.keys.epoch == 2
    assert again.keys.keys.epochs() == (2,)
    with again.database.reader() as session:
        assert list(again.trail.faults(session)) == []
    archive.database.close()
    again.database.close()


def test_a_secret_and_a_row_are_refused_under_a_foreign_key(archive: Archive) -> None:
    """A row set to another key id is not silently skipped: it stays, and cannot be opened."""
    made = add_rows(archive, 2)
    with archive.database.writer() as session:
        session.execute(
            update(StoredBlob).where(StoredBlob.name == next(iter(made)).replace("-", "")).values(key_id="x")
        )
        session.commit()
    rotate(CONSOLE, archive)
    with pytest.raises(KeyUnavailable):
        data_keys(archive)


def test_the_ring_opens_in_a_new_process(embedded: Archive) -> None:
    rotate(CONSOLE, embedded, destroy_old=True)
    ring = KeyRing.open(embedded.settings.keys_path)
    assert {name: ring.secret(name) for name in ring.names()}.keys() == set(embedded.keys.names())
