"""Changing the key-encryption key while the service runs: every data key is wrapped anew, no blob is touched.

Each step can be cut off by kill -9 and is taken up where it stood; `KeyRotation` remembers which one is under way.
The order, and why nobody loses a key (docs/formats/vault.md, section 9):

1. The rotation is written down, then the provider makes the new key.
2. The old epochs are closed. From here on no row comes in under them (`edms.vault.rows`).
3. Data keys are wrapped anew in batches until none is left under a closed epoch; then the secrets of the key ring.
4. With `destroy_old`: that nothing is left is made certain under a lock, then the old keys are destroyed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import ConfigurationError, StorageFault
from edms.core.ids import new_id
from edms.core.progress import ShowProgress, no_progress
from edms.core.unlock import Unlock
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.vault.file_provider import FileKeyProvider, checked_passphrase
from edms.vault.keys import WrappedKey, Wrapping
from edms.vault.model import EpochState, KeyEpoch, KeyRotation, StoredBlob
from edms.vault.opening import PASSPHRASE
from edms.vault.rows import epoch_state
from edms.vault.sealed import key_data

BATCH = 5000


@dataclass(frozen=True)
class RotationReport:
    """What a rotation did. `resumed`: an interrupted one was finished instead of beginning another."""

    from_epoch: int
    to_epoch: int
    blobs: int
    secrets: int
    resumed: bool
    destroyed: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "from_epoch": self.from_epoch,
            "epoch": self.to_epoch,
            "rewrapped": self.blobs,
            "secrets": self.secrets,
            "resumed": self.resumed,
            "old_destroyed": self.destroyed,
        }


@dataclass(frozen=True)
class _Rotation:
    id: UUID
    from_epoch: int
    to_epoch: int
    destroy_old: bool
    resumed: bool


def rotate(
    actor: Actor | None,
    archive: Archive,
    *,
    destroy_old: bool = False,
    progress: ShowProgress = no_progress,
    action: Action = Action.KEYS_MANAGE,
) -> RotationReport:
    """Begin a rotation, or finish the one that was interrupted. Raises KeyUnavailable, StorageFault; safe to repeat."""
    rotation = _begin(actor, archive, action, destroy_old)
    with archive.database.reader() as session:
        waiting = session.scalar(select(func.count()).select_from(StoredBlob).where(_older(archive, rotation))) or 0
    blobs = 0
    with progress(waiting) as bar:
        for count in _rewrap_all(actor, archive, action, rotation):
            blobs += count
            bar.update(count)
    secrets = archive.keys.rewrap()
    if rotation.destroy_old:
        _destroy_old(actor, archive, action, rotation)
    with archive.door.write(actor, action) as operation:
        operation.decide()
        found = operation.session.get_one(KeyRotation, rotation.id, with_for_update=True)
        found.finished_at = found.finished_at or operation.now
        operation.about("key", archive.keys.keys.key_id, "keys.rotated")
        operation.note(epoch=rotation.to_epoch, blobs=blobs, secrets=secrets, old_destroyed=rotation.destroy_old)
    return RotationReport(
        rotation.from_epoch, rotation.to_epoch, blobs, secrets, rotation.resumed, rotation.destroy_old
    )


def key_status(actor: Actor | None, archive: Archive) -> dict[str, Any]:
    """Return the key in use, each epoch with what is under it, the names of the secrets, and an unfinished rotation."""
    keys = archive.keys.keys
    with archive.door.read(actor, Action.KEYS_MANAGE) as operation:
        operation.decide()
        session = operation.session
        count = select(StoredBlob.epoch, func.count()).where(StoredBlob.key_id == keys.key_id)
        blobs = dict(iter(session.execute(count.group_by(StoredBlob.epoch))))
        known = {
            row.epoch: row.state for row in session.scalars(select(KeyEpoch).where(KeyEpoch.key_id == keys.key_id))
        }
        unfinished = _unfinished(session, keys.key_id)
        rotation = {"from": unfinished.from_epoch, "to": unfinished.to_epoch} if unfinished else None
    keys.refresh()
    held, secrets = set(keys.epochs()), Counter(archive.keys.epochs())
    return {
        "provider": archive.settings.keys.provider,
        "key": keys.key_id,
        "epoch": keys.epoch,
        "epochs": [
            {
                "epoch": epoch,
                "state": known.get(epoch, EpochState.OPEN.value),
                "held": epoch in held,
                "blobs": blobs.get(epoch, 0),
                "secrets": secrets[epoch],
            }
            for epoch in sorted(held | set(known) | set(blobs))
        ],
        "rotation": rotation,
        "secrets": archive.keys.names(),
    }


def set_passphrase(actor: Actor | None, archive: Archive, new: Unlock) -> None:
    """Lock the key file by a passphrase from `new`. Raises ConfigurationError when another provider holds the key,
    Refused when it is too short."""
    provider = archive.keys.keys
    if not isinstance(provider, FileKeyProvider):
        raise ConfigurationError(
            f"the key is held by {archive.settings.keys.provider}", "change its PIN or token with its own tools"
        )
    archive.door.permit(actor, Action.KEYS_MANAGE)
    passphrase = checked_passphrase(new.new_secret(PASSPHRASE))
    with archive.door.write(actor, Action.KEYS_MANAGE) as operation:
        operation.decide()
        operation.about("key", provider.key_id, "keys.passphrase_set")
        provider.set_passphrase(passphrase)


def _unfinished(session: Session, key_id: str) -> KeyRotation | None:
    query = select(KeyRotation).where(KeyRotation.key_id == key_id, KeyRotation.finished_at.is_(None))
    return session.scalars(query.order_by(KeyRotation.started_at).limit(1)).one_or_none()


def _begin(actor: Actor | None, archive: Archive, action: Action, destroy_old: bool) -> _Rotation:
    """Write down what is begun, have the new key made, and close the old epochs; or take up what was written down."""
    keys = archive.keys.keys
    with archive.door.write(actor, action) as operation:
        operation.decide()
        keys.refresh()
        found = _unfinished(operation.session, keys.key_id)
        resumed = found is not None
        if found is None:
            found = KeyRotation(
                id=new_id(archive.clock),
                key_id=keys.key_id,
                from_epoch=keys.epoch,
                destroy_old=destroy_old,
                started_at=operation.now,
            )
            operation.session.add(found)
        for epoch in keys.epochs():
            epoch_state(operation.session, keys.key_id, epoch, operation.now)
        found.destroy_old = destroy_old = found.destroy_old or destroy_old
        rotation_id, from_epoch = found.id, found.from_epoch
        operation.about("key", keys.key_id, "keys.rotation_resumed" if resumed else "keys.rotation_started")
        operation.note(from_epoch=from_epoch, destroy_old=destroy_old)
    to_epoch = keys.new_epoch(from_epoch, archive.clock.now())
    with archive.door.write(actor, action) as operation:
        operation.decide()
        _close_before(operation, keys.key_id, to_epoch)
        operation.session.get_one(KeyRotation, rotation_id).to_epoch = to_epoch
        operation.about("key", keys.key_id, "keys.epoch_opened")
        operation.note(epoch=to_epoch)
    return _Rotation(rotation_id, from_epoch, to_epoch, destroy_old, resumed)


def _close_before(operation: Operation, key_id: str, epoch: int) -> None:
    """Close the older epochs. On PostgreSQL this waits for the transactions that insert under them."""
    session = operation.session
    epoch_state(session, key_id, epoch, operation.now)
    older = select(KeyEpoch).where(KeyEpoch.key_id == key_id, KeyEpoch.epoch < epoch).with_for_update()
    for row in session.scalars(older):
        if row.state == EpochState.OPEN:
            row.state, row.closed_at = EpochState.CLOSED.value, operation.now


def _older(archive: Archive, rotation: _Rotation) -> Any:
    return (StoredBlob.key_id == archive.keys.keys.key_id) & (StoredBlob.epoch < rotation.to_epoch)


def _rewrap_all(actor: Actor | None, archive: Archive, action: Action, rotation: _Rotation) -> Iterator[int]:
    """Wrap batch after batch anew, in the order of the index; yield how many each time, until none is left."""
    after: tuple[int, UUID] | None = None
    while True:
        batch = _next_batch(archive, rotation, after)
        if not batch:
            if after is None:
                return
            after = None  # from the start again: rows whose insertion was under way when the epochs were closed
            continue
        after = batch[-1].epoch, batch[-1].id
        new = archive.keys.keys.rewrap([_wrapping(row) for row in batch])
        with archive.door.write(actor, action) as operation:
            operation.decide()
            count = _write(operation.session, batch, new)
            operation.about("key", archive.keys.keys.key_id, "keys.rewrapped")
            operation.note(epoch=rotation.to_epoch, blobs=count)
        yield count


def _next_batch(archive: Archive, rotation: _Rotation, after: tuple[int, UUID] | None) -> Sequence[Any]:
    query = select(StoredBlob.id, StoredBlob.purpose, StoredBlob.wrapped_key, StoredBlob.key_id, StoredBlob.epoch)
    query = query.where(_older(archive, rotation))
    if after is not None:
        query = query.where(tuple_(StoredBlob.epoch, StoredBlob.id) > after)
    with archive.database.reader() as session:
        return session.execute(query.order_by(StoredBlob.epoch, StoredBlob.id).limit(BATCH)).all()


def _wrapping(row: Any) -> Wrapping:
    return Wrapping(WrappedKey(row.key_id, row.epoch, row.wrapped_key), key_data(row.id, row.purpose))


_REWRAP = (
    update(StoredBlob)
    .where(StoredBlob.id == bindparam("of_blob"), StoredBlob.epoch == bindparam("old_epoch"))
    .values(wrapped_key=bindparam("new_key"), epoch=bindparam("new_epoch"))
)


def _write(session: Session, batch: Sequence[Any], new: Sequence[WrappedKey]) -> int:
    """Update the rows that are still as they were read: one destroyed or wrapped anew meanwhile is left alone."""
    values = [
        {"of_blob": row.id, "old_epoch": row.epoch, "new_key": key.wrapped, "new_epoch": key.epoch}
        for row, key in zip(batch, new, strict=True)
    ]
    result: Any = session.connection().execute(_REWRAP, values)
    return int(result.rowcount)


def _destroy_old(actor: Actor | None, archive: Archive, action: Action, rotation: _Rotation) -> None:
    """Make certain that nothing is left under the old keys, then destroy them."""
    keys = archive.keys.keys
    with archive.door.write(actor, action) as operation:
        operation.decide()
        older = select(KeyEpoch).where(KeyEpoch.key_id == keys.key_id, KeyEpoch.epoch < rotation.to_epoch)
        for row in operation.session.scalars(older.with_for_update()):
            row.state, row.destroyed_at = EpochState.DESTROYED.value, row.destroyed_at or operation.now
        left = operation.session.scalar(select(func.count()).select_from(StoredBlob).where(_older(archive, rotation)))
        behind = [epoch for epoch in archive.keys.epochs() if epoch < rotation.to_epoch]
        if left or behind:
            raise StorageFault(f"{left} keys and {len(behind)} secrets are still under the old key", "rotate again")
        operation.about("key", keys.key_id, "keys.epochs_destroyed")
        operation.note(before=rotation.to_epoch)
    keys.destroy_before(rotation.to_epoch)
