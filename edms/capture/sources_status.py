"""How the watched folders are: for `edms watch status` and `edms doctor`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, cast, func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.folder_files import is_folder
from edms.capture.folders import source_of
from edms.capture.intake_model import Arrival, IntakeSource
from edms.records.archive import Archive


@dataclass(frozen=True)
class SourceStatus:
    """A way in: `where` it is, what was wrong at the last look ("" for nothing), counts of all that ever came."""

    name: str
    where: str
    office: str
    problem: str
    looked_at: datetime | None
    waiting: int
    captured: int
    duplicate: int
    last_arrival: datetime | None

    def as_dict(self) -> dict[str, Any]:
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(self).items()}


def folder_status(actor: Actor | None, archive: Archive) -> list[SourceStatus]:
    """Return the state of every watched folder, in the order of the configuration."""
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    return [
        status_of(archive, source_of(folder), folder.name, str(folder.path), folder.office, problem)
        for folder in archive.settings.capture.folders
        for problem in ["" if is_folder(folder.path) else "there is no such folder now, or it cannot be read"]
    ]


def status_of(archive: Archive, source: str, name: str, where: str, office: str, problem: str) -> SourceStatus:
    """Return the state of one source; a `problem` that is seen now goes before that of the last look."""
    with archive.database.reader() as session:
        row = session.get(IntakeSource, source)
        total, twice, last = session.execute(
            select(func.count(), func.sum(cast(Arrival.duplicate, Integer)), func.max(Arrival.arrived_at)).where(
                Arrival.source == source
            )
        ).one()
    told = problem or (row.problem if row and row.problem else "")
    twice = int(twice or 0)
    return SourceStatus(
        name, where, office, told, row.looked_at if row else None, row.waiting if row else 0, total - twice, twice, last
    )
