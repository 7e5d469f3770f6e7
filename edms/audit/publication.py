"""What of the trail is given out: the newest checkpoint with its cosignatures, tiles and entry bundles."""

from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from edms.audit.cosignature import with_cosignatures
from edms.audit.model import AuditCheckpoint, AuditCosignature, AuditLeaf, AuditNode
from edms.audit.tiles import Tile, bundle_bytes, width_at

_LEAVES, _NODES = cast(Table, AuditLeaf.__table__), cast(Table, AuditNode.__table__)


def newest_checkpoint(session: Session) -> AuditCheckpoint | None:
    """Return the row of the newest checkpoint, None before the first."""
    return session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).one_or_none()


def published(session: Session) -> tuple[int, str] | None:
    """Return size and note of the newest checkpoint, its cosignatures joined to it; None before the first."""
    row = newest_checkpoint(session)
    return (row.size, cosigned_note(session, row)) if row else None


def cosigned_note(session: Session, checkpoint: AuditCheckpoint) -> str:
    """Return a checkpoint's note with the lines of its witnesses."""
    query = select(AuditCosignature.line).where(AuditCosignature.size == checkpoint.size)
    return with_cosignatures(checkpoint.note, "".join(session.scalars(query.order_by(AuditCosignature.witness))))


def tile_content(session: Session, tile: Tile) -> bytes | None:
    """Return the bytes of a tile or entry bundle; None when no checkpoint covers it yet.

    Raises ValueError when a row of it is missing: the trail is damaged.
    """
    size = session.scalar(select(func.max(AuditCheckpoint.size))) or 0
    if not 0 < tile.width <= width_at(size, tile.level, tile.position):
        return None
    last = tile.first + tile.width
    if tile.level is None:
        wanted = select(_LEAVES.c.body).where(_LEAVES.c.index >= tile.first, _LEAVES.c.index < last)
        found = list(session.scalars(wanted.order_by(_LEAVES.c.index)))
    else:
        wanted = select(_NODES.c.hash).where(_NODES.c.level == tile.node_level)
        wanted = wanted.where(_NODES.c.position >= tile.first, _NODES.c.position < last)
        found = list(session.scalars(wanted.order_by(_NODES.c.position)))
    if len(found) != tile.width:
        raise ValueError(f"the trail lacks rows of {tile.name}; run: edms verify --all")
    return bundle_bytes(found) if tile.level is None else b"".join(found)
