"""Writing the row of a blob, under an epoch that is still open."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edms.core.errors import KeyUnavailable
from edms.vault.model import EpochState, KeyEpoch, StoredBlob
from edms.vault.sealed import SealedBlob
from edms.vault.vault import Vault

_TRIES = 3


def add_blob(session: Session, vault: Vault, sealed: SealedBlob, now: datetime) -> StoredBlob:
    """Add the row of a blob that the vault made durable; flushed with the session.

    A rotation may have closed the blob's epoch while it was being stored: then its key is wrapped anew first, so that
    the rotation, which has passed, has nothing left behind it. Raises KeyUnavailable when the old key is gone already.
    """
    for _try in range(_TRIES):
        if epoch_state(session, sealed.key_id, sealed.epoch, now) == EpochState.OPEN:
            blob = StoredBlob.of(sealed, now)
            session.add(blob)
            return blob
        sealed = vault.rewrap(sealed)
    raise KeyUnavailable("the keys were changed while the file was being stored", "send it again")


def epoch_state(session: Session, key_id: str, epoch: int, now: datetime) -> str:
    """Return the state of an epoch, held until the transaction ends. One not heard of before is written down as open.

    A rotation writes down every epoch it is about to close before it closes any, so none comes up behind its back.
    """
    query = select(KeyEpoch.state).where(KeyEpoch.key_id == key_id, KeyEpoch.epoch == epoch)
    state = session.scalar(query.with_for_update(read=True))
    if state is None:
        with suppress(IntegrityError), session.begin_nested():  # another process may have just added it
            session.add(KeyEpoch(key_id=key_id, epoch=epoch, state=EpochState.OPEN.value, opened_at=now))
        state = session.scalar(query.with_for_update(read=True))
    return state or EpochState.CLOSED.value
