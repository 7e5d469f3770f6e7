"""Reading a manifest: its rows as cells under the headings of a mapping, parsed in the sandbox (hostile input)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edms.capture.given import open_given
from edms.capture.manifest_mapping import Mapping
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.tables_given import given_table

KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx"}


@dataclass(frozen=True)
class Cell:
    """One cell: kinds as in `edms.text.tables`. `column`: the heading it stands under."""

    kind: str
    text: str
    column: str


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet shows it (the first line is 1), and a cell for each mapped field."""

    number: int
    cells: dict[str, Cell]

    @property
    def empty(self) -> bool:
        return all(cell.kind in ("empty", "merged") for cell in self.cells.values())


@dataclass(frozen=True)
class Table:
    """A manifest as read: `missing` are mapped headings that it lacks, `twice` those that stand in it twice."""

    sha256: str
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    notes: tuple[str, ...]


def read_manifest(archive: Archive, path: Path, mapping: Mapping) -> Table:
    """Read a manifest (.csv or .xlsx). Raises Refused when it cannot be read at all, with the reason."""
    kind = KINDS.get(path.suffix.casefold())
    if kind is None:
        raise Refused(f"{path} is neither .csv nor .xlsx", "save the table as one of them")
    digest, values = given_table(archive, path, lambda: open_given(path), kind, mapping.manifest.model_dump())
    return _under_headings(values, mapping, digest)


def _under_headings(values: dict[str, object], mapping: Mapping, sha256: str) -> Table:
    rows = list(_cells(values.get("rows")))
    first = mapping.manifest.header_row
    headings = [_heading(text) for _kind, text in rows[first - 1]] if len(rows) >= first else []
    places = {field: _heading(title) for field, title in mapping.columns.items()}
    missing = tuple(mapping.columns[field] for field, title in places.items() if title not in headings)
    twice = tuple(mapping.columns[field] for field, title in places.items() if headings.count(title) > 1)
    at = {field: headings.index(title) for field, title in places.items() if title in headings}
    found = tuple(
        Row(
            number,
            {
                field: Cell(*(row[place] if place < len(row) else ("empty", "")), mapping.columns[field])
                for field, place in at.items()
            },
        )
        for number, row in enumerate(rows[first:], first + 1)
    )
    notes = values.get("notes")
    return Table(sha256, found, missing, twice, tuple(map(str, notes)) if isinstance(notes, list) else ())


def _cells(rows: object) -> Iterator[list[tuple[str, str]]]:
    """What the sandbox answered is checked: it may have been taken over by the file."""
    for row in rows if isinstance(rows, list) else ():
        yield [(str(cell[0]), str(cell[1])) for cell in row]


def _heading(text: str) -> str:
    return " ".join(text.split()).casefold()
