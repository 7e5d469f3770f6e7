"""Taking an existing archive in by its manifest: each file of each row once, however often the command is killed.

What identifies a file is its path below the folder; with its bytes it is an arrival of the source `import:FOLDER`. The
same command goes on where it stopped, and so does one with a manifest that was mended meanwhile.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.capture.accept import accept
from edms.capture.arrivals import Origin, identity_of
from edms.capture.folder_files import Seen, SteadyFile, Unsettled, look
from edms.capture.incoming import IncomingFile
from edms.capture.ingest import IngestLine, IngestReport
from edms.capture.intake_model import Arrival
from edms.capture.manifest_check import Checked, Planned
from edms.capture.manifest_files import open_inside
from edms.core.errors import EdmsError, KeyUnavailable, Refused, StorageFault
from edms.core.progress import ShowProgress
from edms.records.archive import Archive


@dataclass(frozen=True)
class ImportLine(IngestLine):
    """What became of one file of the manifest's row `row`."""

    row: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {"row": self.row, **super().as_dict()}


def source_of(folder: Path) -> str:
    """Return the name under which what comes from a folder is kept: the folder itself, not the manifest of the day."""
    return f"import:{identity_of(os.fsencode(folder.resolve()).hex())[:32]}"


def begun(archive: Archive, folder: Path) -> int:
    """Return how many files of the folder were taken in before."""
    with archive.database.reader() as session:
        query = select(func.count()).select_from(Arrival).where(Arrival.source == source_of(folder))
        return session.scalar(query) or 0


def require_begun(archive: Archive, folder: Path) -> None:
    """Raise Refused when nothing of the folder was taken in yet: what was to be gone on with is another folder."""
    if not begun(archive, folder):
        raise Refused(f"no import of {folder} was begun", "is it the same folder? without --resume it begins")


def import_planned(
    actor: Actor, archive: Archive, folder: Path, checked: Checked, progress: ShowProgress
) -> IngestReport:
    """Take in what was checked. Every file that the manifest names is on one line; one that is refused does not stop
    the others. Raises StorageFault and KeyUnavailable, after which the same command goes on."""
    lines: list[IngestLine] = []
    source = source_of(folder)
    known = _known(archive, source)
    with progress(len(checked.planned)) as bar:
        for planned in checked.planned:
            lines.append(_taken_in(actor, archive, folder, planned, source, known))
            bar.update(1)
    for row, paths in sorted(checked.faulty.items()):
        reasons = "; ".join(one.message for one in checked.problems if one.row == row and one.severity == "error")
        lines += [ImportLine(path, None, "refused", "", reasons, row) for path in paths]
    return IngestReport(tuple(sorted(lines, key=_row)))


def _row(line: IngestLine) -> int:
    return cast(ImportLine, line).row


Known = dict[tuple[str, str], tuple[UUID, str, bool]]


def _known(archive: Archive, source: str) -> Known:
    """What was taken in before, by identity and looks, so that it need not be read again."""
    with archive.database.reader() as session:
        columns = (Arrival.identity, Arrival.details, Arrival.record_id, Arrival.sha256, Arrival.duplicate)
        rows = session.execute(select(*columns).where(Arrival.source == source))
        return {
            (identity, str(details.get("looks"))): (record_id, sha256, duplicate)
            for identity, details, record_id, sha256, duplicate in rows
        }


def _taken_in(
    actor: Actor,
    archive: Archive,
    folder: Path,
    planned: Planned,
    source: str,
    known: Known,
) -> ImportLine:
    try:
        inside = planned.file.relative_to(folder)
        seen = look(planned.file, inside)
        origin = Origin(source, identity_of(seen.shown), {"row": planned.row, "path": seen.shown, "looks": seen.looks})
        before = known.get((origin.identity, seen.looks))
        if before is not None:
            record_id, sha256, duplicate = before
            return _line(planned, str(record_id), sha256, duplicate=duplicate)
        with open_inside(folder, planned.file) as stream:
            accepted = accept(actor, archive, _incoming(stream, seen), planned.placement, origin=origin)
    except (StorageFault, KeyUnavailable):
        raise
    except EdmsError as error:
        return ImportLine(planned.path, None, "refused", "", str(error), planned.row)
    except Unsettled:
        return ImportLine(planned.path, None, "refused", "", "it changes while it is read", planned.row)
    except OSError as error:
        return ImportLine(planned.path, None, "refused", "", f"cannot be read: {error.strerror or error}", planned.row)
    return _line(planned, str(accepted.record_id), accepted.sha256, duplicate=accepted.duplicate)


def _incoming(stream: BinaryIO, seen: Seen) -> IncomingFile:
    steady = SteadyFile(stream, seen)
    return IncomingFile(Path(seen.shown).name, cast(BinaryIO, steady), seen.size, seen.shown)


def _line(planned: Planned, record: str, sha256: str, *, duplicate: bool) -> ImportLine:
    return ImportLine(planned.path, record, "duplicate" if duplicate else "captured", sha256, "", planned.row)


def refuse_faulty(checked: Checked, *, skip_faulty: bool) -> None:
    """Raise Refused when the manifest has an error, unless faulty rows are to be left out and the others taken in."""
    whole = [problem for problem in checked.problems if problem.severity == "error" and problem.row in _whole(checked)]
    if whole:
        raise Refused(whole[0].message, "mend the mapping or the heading of the column")
    if checked.errors and not skip_faulty:
        raise Refused(
            f"the manifest has {checked.errors} errors in {len(checked.faulty)} rows, and nothing was taken in",
            "--dry-run lists them; --skip-faulty takes in the other rows",
        )


def _whole(checked: Checked) -> Sequence[int]:
    """Rows of errors that belong to no row of their own: headings."""
    return () if checked.planned or checked.faulty else (0, 1)
