"""Watched folders: what is settled there is captured, and moved away once it is durable. Never deleted.

Order of each file: seen twice alike, opened, sealed and hashed, one transaction with record and arrival, then moved to
"done". Killed at any point, the next round finds the arrival and only moves the file.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, BinaryIO, cast
from uuid import UUID

from sqlalchemy import delete, select

from edms.access.actors import Actor, intake_actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.policy import Action
from edms.capture.accept import accept
from edms.capture.arrivals import INTAKE, Origin, identity_of, settle
from edms.capture.folder_files import Seen, SteadyFile, Unsettled, files_in, is_folder, move_away, opened
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.intake_model import Sighting
from edms.capture.sources import Round, due_sources, round_at
from edms.core.errors import ConfigurationError, EdmsError, KeyUnavailable, LimitExceeded, Refused, StorageFault
from edms.core.intake_settings import FolderRule, Placing, WatchedFolder
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.people import office_by_code

FILES_IN_A_ROUND = 50
_UNLIMITED = 10**9

log = logging.getLogger("edms.capture")


@dataclass(frozen=True)
class FolderLine:
    """What became of one file. `state`: captured, duplicate, refused (moved to "failed"), left (with the reason)."""

    folder: str
    path: str
    state: str
    record: str | None = None
    sha256: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "folder": self.folder, "path": self.path, "state": self.state, "record": self.record,
            "sha256": self.sha256, "reason": self.reason,
        }  # fmt: skip


@dataclass
class FolderRound:
    """One look at one folder. `waiting`: files that were still being written; `problem`: with the folder itself."""

    folder: str
    lines: list[FolderLine] = field(default_factory=list)
    waiting: int = 0
    problem: str = ""
    looked: bool = True


def source_of(folder: WatchedFolder) -> str:
    return f"folder:{folder.name}"


def watch_due(archive: Archive, owner: str) -> bool:
    """Look at each watched folder that is due, as a worker does between captures. Returns whether anything came in."""
    folders = {source_of(folder): folder for folder in archive.settings.capture.folders}
    if not folders:
        return False
    came = False
    for source in sorted(due_sources(archive, list(folders), archive.clock.now())):
        found = _look(archive, folders[source], owner, most=FILES_IN_A_ROUND, now=False)
        if found.problem:
            log.error("watched folder %s: %s", found.folder, found.problem)
        came = came or any(line.record for line in found.lines)
    return came


def watch_once(actor: Actor | None, archive: Archive, owner: str, names: Sequence[str] = ()) -> list[FolderRound]:
    """Look at the named folders (all by default) now, and a second time at those where files had yet to settle.

    Raises Refused for a name that is not configured.
    """
    archive.door.permit(actor, Action.RECORD_PROCESS)
    rounds = []
    for folder in _named(archive, names):
        found = _look(archive, folder, owner, most=_UNLIMITED, now=True)
        if found.waiting:
            time.sleep(folder.settle_seconds)
            again = _look(archive, folder, owner, most=_UNLIMITED, now=True)
            found = FolderRound(folder.name, found.lines + again.lines, again.waiting, again.problem, again.looked)
        rounds.append(found)
    return rounds


def _named(archive: Archive, names: Sequence[str]) -> list[WatchedFolder]:
    folders = {folder.name: folder for folder in archive.settings.capture.folders}
    unknown = [name for name in names if name not in folders]
    if unknown:
        known = ", ".join(folders) or "none: see [[capture.folders]]"
        raise Refused(f"there is no watched folder {unknown[0]!r}", f"one of {known}")
    return [folders[name] for name in names] if names else list(folders.values())


def _look(archive: Archive, folder: WatchedFolder, owner: str, most: int, *, now: bool) -> FolderRound:
    """One round; a fault of the folder or of the surroundings ends it and is told, and no file is lost by it."""
    found = FolderRound(folder.name)
    with round_at(archive, source_of(folder), owner, folder.interval_seconds, now=now) as held:
        if held is None:
            found.looked = False
            return found
        try:
            _take_what_is_settled(archive, folder, found, most)
        except EdmsError as error:
            found.problem = str(error)
        except OSError as error:
            found.problem = f"{folder.path} cannot be read: {error.strerror or error}"
        _tell(held, found)
    return found


def _tell(held: Round, found: FolderRound) -> None:
    stuck = [line for line in found.lines if line.state == "left"]
    if stuck and not found.problem:
        found.problem = f"{len(stuck)} files cannot be taken in or moved; the first: {stuck[0].path}: {stuck[0].reason}"
    held.waiting, held.problem = found.waiting, found.problem


def _take_what_is_settled(archive: Archive, folder: WatchedFolder, found: FolderRound, most: int) -> None:
    if not is_folder(folder.path):
        raise StorageFault(
            f"there is no folder {folder.path} that can be read", "is it mounted? nothing in it is taken as deleted"
        )
    placements = Placements(archive, folder)
    settled, found.waiting = _settled(archive, folder, list(files_in(folder)))
    for seen in settled[:most]:
        try:
            found.lines.append(_take(archive, folder, seen, placements))
        except Unsettled:
            found.waiting += 1
        except EdmsError:
            raise
        except Exception as error:  # a defect of ours: the file stays, and the others come in
            log.exception("watched folder %s: %s", folder.name, seen.shown)
            reason = f"cannot be taken in ({type(error).__name__}); see the log"
            found.lines.append(FolderLine(folder.name, seen.shown, "left", reason=reason))
    found.waiting += max(0, len(settled) - most)


def _settled(archive: Archive, folder: WatchedFolder, seen: list[Seen]) -> tuple[list[Seen], int]:
    """Return what has looked the same for long enough, and how many have not; remember how each looks now."""
    source, patience = source_of(folder), timedelta(seconds=folder.settle_seconds)
    with archive.door.write(INTAKE, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        rows = operation.session.scalars(select(Sighting).where(Sighting.source == source))
        known = {row.path_sha256: row for row in rows}
        ready, waiting = [], 0
        for one in seen:
            row = known.pop(name := identity_of(one.shown), None)
            if row is None:
                row = Sighting(source=source, path_sha256=name, looks=one.looks, since=operation.now)
                operation.session.add(row)
            elif row.looks != one.looks:
                row.looks, row.since = one.looks, operation.now
            if operation.now - row.since >= patience:
                ready.append(one)
            else:
                waiting += 1
        operation.session.execute(
            delete(Sighting).where(Sighting.source == source, Sighting.path_sha256.in_(list(known)[:500]))
        )
    return ready, waiting


def _take(archive: Archive, folder: WatchedFolder, seen: Seen, placements: "Placements") -> FolderLine:
    """Capture one file and move it away. Raises Unsettled, and the faults that are not the file's."""
    identity = identity_of(seen.shown, seen.changed_ns, seen.size)
    origin = Origin(source_of(folder), identity, {"path": seen.shown})
    try:
        if seen.refusal:
            raise Refused(seen.refusal)
        placement, actor = placements.of(seen.inside)
        with opened(seen) as steady:
            incoming = IncomingFile(PurePath(seen.shown).name, _stream(steady), seen.size, seen.shown)
            accepted = accept(actor, archive, incoming, placement, origin=origin)
    except (StorageFault, KeyUnavailable, ConfigurationError):
        raise
    except (Refused, LimitExceeded) as error:
        return _moved(archive, folder, seen, FolderLine(folder.name, seen.shown, "refused", reason=str(error)))
    except OSError as error:
        return FolderLine(folder.name, seen.shown, "left", reason=f"cannot be read: {error.strerror or error}")
    state = "duplicate" if accepted.duplicate else "captured"
    line = FolderLine(folder.name, seen.shown, state, str(accepted.record_id), accepted.sha256)
    line = _moved(archive, folder, seen, line)
    if line.state == state:
        settle(archive, origin, accepted.sha256)
    return line


def _stream(steady: SteadyFile) -> BinaryIO:
    return cast(BinaryIO, steady)  # what capture asks of a stream is `read`


def _moved(archive: Archive, folder: WatchedFolder, seen: Seen, line: FolderLine) -> FolderLine:
    """Move what was dealt with; where that cannot be done it stays, known, and is tried again next time."""
    refused = line.state == "refused"
    note = f"{line.reason}\n{seen.shown}\n{archive.clock.now().isoformat()}" if refused else ""
    try:
        move_away(seen, folder.failed if refused else folder.done, note)
    except Unsettled:
        if refused:
            raise
        log.warning("watched folder %s: a newer file took the name of one that was captured", folder.name)
    except (OSError, Refused) as error:
        where = "failed" if refused else "done"
        why = error.strerror or error if isinstance(error, OSError) else error
        reason = f"{line.reason or line.state}, and cannot be moved to {where}: {why}"
        return FolderLine(line.folder, line.path, "left", line.record, line.sha256, reason)
    return line


class Placements:
    """Where the files of one folder go, by the first of its rules that fits. Raises Refused for what is not there."""

    def __init__(self, archive: Archive, folder: WatchedFolder) -> None:
        self._archive = archive
        self._folder = folder
        self._made: dict[int, Placement] = {}
        own = self._checked(folder)
        for number, rule in enumerate(folder.rules):
            self._made[number] = self._checked(_inherited(rule, folder))
        self._made[-1] = own
        levels = [placement.level or UNCLASSIFIED_COUNTS_AS for placement in self._made.values()]
        clearance = max((*levels, UNCLASSIFIED_COUNTS_AS), key=lambda level: level.rank)
        offices = frozenset(placement.office_id for placement in self._made.values())
        self._actor = intake_actor(source_of(folder), offices, clearance)

    def of(self, inside: PurePath) -> tuple[Placement, Actor]:
        """Return where the file at this path below the folder goes, and who brings it."""
        for number, rule in enumerate(self._folder.rules):
            if _fits(rule.below, inside.parent):
                return self._made[number], self._actor
        return self._made[-1], self._actor

    def _checked(self, placing: Placing) -> Placement:
        try:
            office: UUID = office_by_code(self._archive, placing.office)
            if placing.class_code:
                with self._archive.database.reader() as session:
                    checked_class(session, placing.class_code, self._archive.clock.today())
        except Refused as error:
            raise ConfigurationError(f"[[capture.folders]] {self._folder.name}: {error}") from None
        return Placement(office, placing.class_code or None, Level(placing.level) if placing.level else None)


def _inherited(rule: FolderRule, folder: WatchedFolder) -> Placing:
    return Placing(
        office=rule.office or folder.office,
        class_code=rule.class_code or folder.class_code,
        level=rule.level or folder.level,
    )


def _fits(pattern: str, inside: PurePath) -> bool:
    """Whether a path lies in the folder that the pattern names, or below it; `*` stands for any one name."""
    wanted = pattern.split("/")
    parts = inside.parts[: len(wanted)]
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
