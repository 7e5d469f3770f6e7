"""A published table (CSV, XLSX) as people hand it in, read in the sandbox and made into a draft of a rule file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.tables_given import given_table
from edms.retention.importing import Imported, NewEdition, fields_of, import_rows
from edms.retention.types import EditionKind

__all__ = ["EditionKind", "Imported", "NewEdition", "import_table"]
_KINDS = {".csv": "csv", ".xlsx": "xlsx"}
_MOST_BYTES = 20 * 1024 * 1024


def import_table(archive: Archive, path: Path, edition: NewEdition, header_row: int = 1, sheet: str = "") -> Imported:
    """Read the table under its headings. Raises Refused when it cannot be read, or lacks a column that is needed.

    The hash of the file is kept with the edition as that of its source, where none is named (R4).
    """
    kind = _KINDS.get(path.suffix.casefold())
    if kind is None:
        raise Refused(f"{path} is neither .csv nor .xlsx", "save the table as one of them")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Refused(f"{path} is larger than 20 MiB", "divide the table")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    digest, values = given_table(
        archive, path, lambda: path.open("rb"), kind, {"encoding": "", "delimiter": "", "sheet": sheet}
    )
    rows = list(_texts(values.get("rows")))
    if len(rows) < header_row:
        raise Refused(f"{path} has no line {header_row} with headings")
    places, missing = fields_of(rows[header_row - 1], edition.kind)
    if missing:
        raise Refused(
            f"{path} has no column for {', '.join(missing)}", "name the columns as docs/retention-import.md says"
        )
    under = (
        (line, {name: row[place] if place < len(row) else "" for name, place in places.items()})
        for line, row in enumerate(rows[header_row:], header_row + 1)
        if any(row)
    )
    named = edition if edition.source_sha256 else replace(edition, source_sha256=digest)
    return import_rows(under, named)


def _texts(rows: object) -> Iterator[list[str]]:
    """The cells as texts. What the sandbox answered is checked: it may have been taken over by the file. A formula is
    kept as it is written, and is then no phrase that anybody understands."""
    for row in rows if isinstance(rows, list) else ():
        yield [
            cell[1] if isinstance(cell, list) and len(cell) == 2 and isinstance(cell[1], str) else ""
            for cell in (row if isinstance(row, list) else ())
        ]
