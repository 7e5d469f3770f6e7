"""Shredding reaches further than deleting: an older copy with today's keys opens nothing of what was destroyed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, settings_in
from own_processes import KILLED, Forked
from postgresql_server import made_like
from sqlalchemy import make_url, select

from edms.access.actors import Actor, console_actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import EdmsError, KeyUnavailable, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.holds import place_hold
from edms.records.keys import rotate
from edms.records.model import Component, Record
from edms.records.shredding import order_destruction, shred
from edms.vault.local_store import LocalBlobStore
from edms.vault.model import OrderedDestruction, StoredBlob
from edms.vault.sealed import SealedBlob
from edms.vault.vault import Vault

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]


def order(archive: Archive, actor: Actor, record_id: UUID) -> list[UUID]:
    with archive.door.write(actor, Action.RECORD_DESTROY) as operation:
        record = operation.session.get_one(Record, record_id)
        operation.about("record", record_id)
        return order_destruction(operation, record, "BA-1/2026")


def sealed_of(archive: Archive) -> dict[UUID, list[SealedBlob]]:
    """Return the blobs of each record."""
    with archive.database.reader() as session:
        found: dict[UUID, list[SealedBlob]] = {}
        for part in session.scalars(select(Component)):
            found.setdefault(part.record_id, []).append(part.blob.sealed())
        return found


def copy_of(archive: Archive, folder: Path) -> Archive:
    """Copy database and blobs as a thief or a backup would, and open them with the keys of today's key folder."""
    storage = archive.settings.storage.path
    shutil.copytree(storage, folder / "storage", ignore=shutil.ignore_patterns("keys"))
    url = archive.settings.database.url
    if url:
        name = make_url(url).database or ""
        archive.database.close()
        url = made_like(name, url.replace(name, "postgres"), f"{name}_copy"[:60])
    settings = settings_in(folder, url)
    keys = settings.keys.model_copy(update={"path": storage / "keys"})
    return open_archive(settings.model_copy(update={"keys": keys}), FixedClock(MOMENT))


def opens(vault: Vault, blobs: list[SealedBlob]) -> bool:
    try:
        for blob in blobs:
            vault.verify(blob)
    except EdmsError:
        return False
    return True


def test_a_copy_from_before_opens_nothing_of_it_with_todays_keys(
    archive: Archive, capture: Capture, person: Person, tmp_path: Path
) -> None:
    doomed, *survivors = (capture(archive, b"isi %d" % number, name=f"{number}.txt").record_id for number in range(4))
    before = sealed_of(archive)
    shutil.copytree(archive.settings.storage.path / "keys", tmp_path / "old-keys")
    copy = copy_of(archive, tmp_path / "copy")
    assert all(opens(copy.vault, blobs) for blobs in sealed_of(copy).values()), "the copy was good"
    records = person(archive, "records")
    report = shred(records, archive, order(archive, records, doomed))
    assert report.blobs == len(before[doomed])

    # The copy's own rows and blobs, with today's keys: the wrapped key of the destroyed record opens under no epoch.
    again = open_archive(copy.settings, FixedClock(MOMENT))
    assert sealed_of(again) == before
    for blob in before[doomed]:
        with pytest.raises(KeyUnavailable, match="destroyed"):
            again.vault.open(blob)
        for epoch in again.keys.keys.epochs():
            with pytest.raises(EdmsError):
                again.keys.keys.unwrap(blob.key_id, epoch, blob.wrapped_key, b"edms.blob-key.v1")

    # All others: today's database opens them, from the live store and from the copied blobs alike.
    now = sealed_of(archive)
    copied = Vault(LocalBlobStore(copy.settings.storage.path / "blobs"), archive.keys.keys, archive.clock)
    for record_id in survivors:
        assert len(now[record_id]) == len(before[record_id])
        assert opens(archive.vault, now[record_id])
        assert opens(copied, now[record_id])
    assert doomed not in now
    assert not any((archive.settings.storage.path / "blobs" / b.name[:2] / b.name).exists() for b in before[doomed])

    # What the guarantee rests on: with a copy of the key folder from before, the copy still opens.
    with_old_keys = copy.settings.keys.model_copy(update={"path": tmp_path / "old-keys"})
    thief = open_archive(copy.settings.model_copy(update={"keys": with_old_keys}), FixedClock(MOMENT))
    assert opens(thief.vault, before[doomed])
    for opened in (copy, again, thief):
        opened.database.close()


def test_what_was_not_decided_is_refused_and_nothing_happens(
    archive: Archive, capture: Capture, person: Person
) -> None:
    ordered, other = (capture(archive, b"isi %d" % number, name=f"{number}.txt").record_id for number in range(2))
    records = person(archive, "records")
    ids = order(archive, records, ordered)
    blobs = sealed_of(archive)
    for wanted in ([*ids, blobs[other][0].blob_id], []):
        with pytest.raises(Refused, match="not ordered"):
            shred(records, archive, wanted)
    assert sealed_of(archive) == blobs
    assert archive.keys.keys.epochs() == (1,)


def test_a_hold_stops_the_order_and_the_execution(archive: Archive, capture: Capture, person: Person) -> None:
    record_id = capture(archive, b"isi", name="a.txt").record_id
    records = person(archive, "records")
    ids = order(archive, records, record_id)
    place_hold(records, archive, [record_id], "sengketa", "PTUN 1/2026", "perkara")
    with pytest.raises(Refused, match="hold"):
        shred(records, archive, ids)
    with pytest.raises(Refused, match="hold"):
        order(archive, records, record_id)
    assert len(sealed_of(archive)[record_id]) == len(ids)


@pytest.mark.parametrize("name", ["clerk-dinkes", "admin", "auditor"])
def test_only_the_records_officer(embedded: Archive, capture: Capture, person: Person, name: str) -> None:
    record_id = capture(embedded, b"isi", name="a.txt").record_id
    ids = order(embedded, person(embedded, "records"), record_id)
    with pytest.raises(NotPermitted):
        shred(person(embedded, name), embedded, ids)
    assert len(sealed_of(embedded)[record_id]) == len(ids)


def test_events_tell_what_was_destroyed_and_by_what_decision(
    archive: Archive, capture: Capture, person: Person
) -> None:
    record_id = capture(archive, b"isi", name="a.txt").record_id
    records = person(archive, "records")
    ids = order(archive, records, record_id)
    shred(records, archive, ids)
    shred(records, archive, ids)
    with archive.database.reader() as session:
        leaves = session.scalars(select(AuditLeaf).where(AuditLeaf.action == "blob.destroyed")).all()
        assert len(leaves) == len(ids)
        assert all(b"BA-1/2026" in leaf.body and leaf.subject_id == str(record_id) for leaf in leaves)
        done = session.scalars(select(OrderedDestruction)).all()
        assert all(one.row_removed_at and one.bytes_removed_at and one.shredded_at for one in done)
        assert list(archive.trail.faults(session)) == []


def test_a_rotation_that_had_passed_the_key_does_not_count(
    archive: Archive, capture: Capture, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after wrapping everything anew: a copy taken then holds the key under the new epoch."""
    record_id = capture(archive, b"isi", name="a.txt").record_id
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(archive.keys, "rewrap", _fail)
        rotate(console_actor("tests"), archive)
    copied = sealed_of(archive)[record_id]
    assert {blob.epoch for blob in copied} == {2}
    records = person(archive, "records")
    assert shred(records, archive, order(archive, records, record_id)).epoch == 3
    for blob in copied:
        with pytest.raises(KeyUnavailable):
            archive.keys.keys.unwrap(blob.key_id, blob.epoch, blob.wrapped_key, b"")


def _fail() -> int:
    raise RuntimeError


STEPS = {
    "rows": "shredding.remove_bytes",
    "bytes": "shredding.rotate",
    "written down": "type(archive.keys.keys).new_epoch",
    "new key": "keys._close_before",
    "closed": "keys._rewrap_all",
    "half": "type(archive.keys).rewrap",
    "wrapped": "keys._destroy_old",
    "certain": "type(archive.keys.keys).destroy_before",
    "destroyed": "shredding._mark",
}
_KILLED = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from edms.bootstrap import open_archive
from edms.core.config import load_settings
from edms.records import keys, shredding
from edms.records.people import console_person
config, place, *ids = sys.argv[1:]
archive = open_archive(load_settings(Path(config)))
holder, name = place.rsplit(".", 1)
calls = [0]
real = getattr(eval(holder), name)
def die(*arguments, **named):
    calls[0] += 1
    if name != "_mark" or calls[0] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)
setattr(eval(holder), name, die)
shredding.shred(console_person(archive, "records", "tests"), archive, [UUID(one) for one in ids])
"""


@pytest.mark.parametrize("step", list(STEPS), ids=lambda step: step.replace(" ", "-"))
def test_killed_before_any_step_it_is_finished_by_asking_again(
    embedded: Archive, capture: Capture, person: Person, step: str
) -> None:
    doomed, survivor = (capture(embedded, b"isi %d" % n, name=f"{n}.txt").record_id for n in range(2))
    records = person(embedded, "records")
    ids = order(embedded, records, doomed)
    before = sealed_of(embedded)
    config = embedded.settings.storage.path.parent / "config.toml"
    config.write_text("")
    done = Forked(_KILLED, config, STEPS[step], *ids).ended()
    assert done.status == KILLED, done
    again = open_archive(embedded.settings, embedded.clock)
    assert opens(again.vault, sealed_of(again)[survivor]), "the survivor lives at every moment"
    shred(records, again, ids)
    assert opens(again.vault, sealed_of(again)[survivor])
    for blob in before[doomed]:
        with pytest.raises(KeyUnavailable):
            again.keys.keys.unwrap(blob.key_id, blob.epoch, blob.wrapped_key, b"")
    with again.database.reader() as session:
        assert session.scalars(select(StoredBlob.id).where(StoredBlob.id.in_(ids))).all() == []
    again.database.close()
