"""A published table (CSV, XLSX) as people hand it in, read in the sandbox and made into a draft of a rule file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.retention.importing import Imported, NewEdition, fields_of, import_rows
from edms.retention.types import EditionKind
from edms.text.reader import parser_limits, problem_of

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
        with path.open("rb") as stream:
            digest = sha256_hex(stream.read())
            stream.seek(0)
            answer = archive.sandbox.call(
                "edms.text.tables:read_table",
                kind,
                {"encoding": "", "delimiter": "", "sheet": sheet},
                parser_limits(archive.settings.text),
                files=(stream,),
                limits=replace(archive.sandbox.limits, processes=0),
            )
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    except SandboxFault as fault:
        raise Refused(f"{path}: {problem_of(fault).message}", "save the table anew, or divide it") from None
    if answer.values.get("problem"):
        raise Refused(f"{path}: {answer.values['problem']}")
    rows = list(_texts(answer.values.get("rows")))
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
