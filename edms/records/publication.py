"""The trail given out: as files over HTTP or in a folder, for auditors' own tools (C2SP tlog-tiles)."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.note import Checkpoint, open_checkpoint
from edms.audit.publication import published, tile_content
from edms.audit.tiles import tile_named, tiles_of
from edms.audit.tree import consistent
from edms.core.errors import IntegrityFault, NotFound, Refused
from edms.records.archive import Archive

CHECKPOINT_FILE = "checkpoint"
_MOST_NOTE_BYTES = 64 * 1024


@dataclass(frozen=True)
class ExportedTrail:
    """What was written: the size of the trail in the folder now, and how many files are new."""

    size: int
    files: int


def trail_file(actor: Actor | None, archive: Archive, name: str) -> bytes:
    """Return one file of the trail: `checkpoint` or `tile/…`. Raises NotFound."""
    with archive.door.disclose(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        operation.about("audit", "", "audit.file_given")
        operation.seldom()
        if name == CHECKPOINT_FILE:
            newest = published(operation.session)
            content = newest[1].encode() if newest else None
        else:
            content = _tile(operation.session, name)
        if content is None:
            raise NotFound()
        return content


def export_trail(actor: Actor | None, archive: Archive, folder: Path) -> ExportedTrail:
    """Write the trail as static files below `folder`, adding to what an earlier export left there.

    A folder with an earlier checkpoint is itself a witness: raises IntegrityFault when the trail did not grow from it,
    and nothing is written then. The checkpoint is written last, so that a folder never promises what it lacks.
    Raises Refused when the folder cannot be used.
    """
    with archive.door.write(actor, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        archive.trail.checkpoint(operation.session)
        size, note = published(operation.session) or (0, "")
        since = _grown_since(operation.session, archive, folder, note)
        operation.about("audit", "", "audit.export")
        operation.note(size=size, since=since)
    count = 0
    for tile in tiles_of(size, since):
        with archive.database.reader() as session:
            content = tile_content(session, tile)
        if content is None:
            raise IntegrityFault(f"{tile.name} went away while it was written", "run: edms verify --all")
        _write(folder / tile.name, content)
        count += 1
    _write(folder / CHECKPOINT_FILE, note.encode())
    return ExportedTrail(size, count + 1)


def _tile(session: Session, name: str) -> bytes | None:
    try:
        tile = tile_named(name)
    except ValueError:
        return None
    return tile_content(session, tile)


def _grown_since(session: Session, archive: Archive, folder: Path, note: str) -> int:
    """Return the size of the checkpoint in the folder (0 for none), having seen that the trail grew from it."""
    earlier = _earlier(folder, archive.trail.public_key)
    if earlier is None:
        return 0
    newest = open_checkpoint(note, archive.trail.public_key)
    cut = earlier.size > newest.size or earlier.origin != newest.origin
    proof = [] if cut else archive.trail.consistency(session, earlier.size, newest.size)
    if cut or not consistent(earlier.size, newest.size, earlier.root, newest.root, proof):
        raise IntegrityFault(
            f"the trail is not one that grew from the checkpoint of {earlier.size} leaves in {folder}",
            "keep that folder as it is: it is evidence; run: edms verify --all --kept its checkpoint",
        )
    return earlier.size


def _earlier(folder: Path, public: bytes) -> Checkpoint | None:
    try:
        with (folder / CHECKPOINT_FILE).open("rb") as file:
            note = file.read(_MOST_NOTE_BYTES + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{folder} cannot be read: {error.strerror}") from None
    return open_checkpoint(note, public)


def _write(file: Path, content: bytes) -> None:
    """Write a file whole under its name or not at all. It is read by others, so it is not private."""
    unfinished = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}") from None
