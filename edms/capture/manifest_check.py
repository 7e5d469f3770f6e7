"""Checking a manifest row by row before anything is taken in: every problem with its row and column."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.capture.incoming import Description, Placement
from edms.capture.indonesian_dates import parse_date
from edms.capture.manifest_files import FileProblem, Inside
from edms.capture.manifest_mapping import Mapping
from edms.capture.manifest_table import Cell, Row, Table
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.classification import check_kip, checked_class
from edms.records.folders import is_known
from edms.records.model import Folder

_LONGEST = {"title": 500, "number": 120, "sender": 300, "recipient": 300, "type": 40, "location": 200, "language": 5}
_DEVELOPMENT, _MEDIUM = 20, 20
_TEMPLATE = re.compile(r"\$\{[^}]*\}|\{\{[^}]*\}\}")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell: `row` as the spreadsheet numbers it (0: the whole table), `column` its heading.

    `severity`: an error keeps the row out, a warning does not.
    """

    row: int
    column: str
    code: str
    message: str
    severity: str = "error"

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Planned:
    """One file of one row, ready to be taken in."""

    row: int
    path: str
    file: Path
    placement: Placement


@dataclass
class Checked:
    """The whole manifest. `given` counts files; a row with an error is in `faulty`, by number, with its paths."""

    planned: list[Planned] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    faulty: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)


def check_manifest(actor: Actor, archive: Archive, folder: Path, table: Table, mapping: Mapping) -> Checked:
    """Return what would be taken in and every problem there is. Reads no file's content and changes nothing."""
    checked = Checked()
    for title in table.missing:
        checked.problems.append(Problem(1, title, "no_column", f"there is no column {title!r}"))
    for title in table.twice:
        checked.problems.append(Problem(1, title, "column_twice", f"there are two columns {title!r}"))
    for note in table.notes:
        checked.problems.append(Problem(0, "", "note", note, "warning"))
    if table.missing or table.twice:
        return checked
    checker = _Checker(actor, archive, folder, mapping)
    for row in table.rows:
        if row.empty:
            checked.problems.append(Problem(row.number, "", "empty_row", "the row is empty and passed over", "warning"))
            continue
        planned, problems, paths = checker.row(row)
        checked.problems += problems
        if any(problem.severity == "error" for problem in problems):
            checked.faulty[row.number] = paths
        else:
            checked.planned += planned
    _across_rows(checked, mapping)
    return checked


class _Checker:
    """Checks row after row; what rows share (offices, classes, folders) is looked up once."""

    def __init__(self, actor: Actor, archive: Archive, folder: Path, mapping: Mapping) -> None:
        self._actor = actor
        self._archive = archive
        self._mapping = mapping
        self._inside = Inside(folder, archive.settings.capture.max_file_bytes)
        self._today = archive.clock.today()
        self._classes: dict[str, str | Refused] = {}
        with archive.database.reader() as session:
            self._offices = {office.code: office.id for office in session.scalars(select(Office))}
            self._folders = {(one.office_id, one.code): one for one in session.scalars(select(Folder))}

    def row(self, row: Row) -> tuple[list[Planned], list[Problem], tuple[str, ...]]:
        """Return the row's files, its problems and the paths it names."""
        problems: list[Problem] = []
        told = _Told(row, self._mapping, problems)
        paths = self._files(told)
        placement = self._placement(told)
        planned = []
        for number, (path, file) in enumerate(paths, 1):
            if placement is not None and file is not None:
                planned.append(Planned(row.number, path, file, _numbered(placement, number, len(paths))))
        return planned, problems, tuple(path for path, _file in paths)

    def _files(self, told: "_Told") -> list[tuple[str, Path | None]]:
        text = told.text("file")
        separator = self._mapping.manifest.several
        names = [name.strip() for name in text.split(separator)] if separator else [text]
        found: list[tuple[str, Path | None]] = []
        for name in [name for name in names if name] or [""]:
            try:
                found.append((name, self._inside.file(name)))
            except FileProblem as problem:
                told.problem("file", problem.code, problem.message)
                found.append((name, None))
        return found

    def _placement(self, told: "_Told") -> Placement | None:
        office_id = self._office(told)
        level = self._level(told)
        class_code = self._class(told)
        kip = told.value("kip") or None
        permitted = self._fits(told, office_id, level, kip)
        day, unverified = self._date(told)
        if office_id is None:
            return None
        return Placement(
            office_id,
            class_code,
            level,
            self._folder(told, office_id) if permitted else None,
            Description(
                title=told.short("title") or None,
                number=told.short("number") or None,
                document_date=day,
                sender=told.short("sender") or None,
                recipient=told.short("recipient") or None,
                record_type=told.short("type") or None,
                development=told.short("development", _DEVELOPMENT) or None,
                medium=told.short("medium", _MEDIUM) or None,
                language=told.short("language") or None,
                location=told.short("location") or None,
                kip=kip,
                legacy_unverified=unverified,
            ),
        )

    def _office(self, told: "_Told") -> UUID | None:
        code = told.value("office")
        if not code:
            if self._actor.office_id is None:
                told.problem("office", "no_office", "no office is named")
            return self._actor.office_id
        office_id = self._offices.get(code) or self._offices.get(code.casefold())
        if office_id is None:
            told.problem("office", "unknown_office", f"there is no office {code[:40]!r}")
        return office_id

    def _level(self, told: "_Told") -> Level | None:
        word = told.value("level")
        if not word:
            return None
        try:
            return Level(word)
        except ValueError:
            told.problem("level", "unknown_level", f"{word[:40]!r} is no security level")
            return None

    def _class(self, told: "_Told") -> str | None:
        code = told.value("class")
        if not code:
            return None
        if code not in self._classes:
            try:
                with self._archive.database.reader() as session:
                    self._classes[code] = checked_class(session, code, self._today).edition
            except Refused as refusal:
                self._classes[code] = refusal
        found = self._classes[code]
        if isinstance(found, Refused):
            told.problem("class", "unknown_class", str(found))
            return None
        edition = told.value("edition")
        if edition and edition != found:
            message = f"class {code} in force is of edition {found}, the manifest says {edition[:80]!r}"
            told.problem("edition", "other_edition", message)
        return code

    def _fits(self, told: "_Told", office_id: UUID | None, level: Level | None, kip: str | None) -> bool:
        """That the KIP category does not contradict the level (R67), and that the person may file it there."""
        try:
            check_kip(level, kip)
        except Refused as refusal:
            told.problem(
                "kip", "kip_contradiction" if "is not a KIP" not in str(refusal) else "unknown_kip", str(refusal)
            )
        if office_id is None:
            return False
        verdict = decide(self._actor, Action.RECORD_CAPTURE, RecordFacts(office_id, level, Stage.PENDING))
        if not verdict.allowed:
            message = "you may not file there or at that level"
            told.problem("level" if "above_clearance" in verdict.reasons else "office", "not_permitted", message)
        return verdict.allowed

    def _date(self, told: "_Told") -> tuple[date | None, bool]:
        """Return the day, and whether it is not known: such a record is LEGACY_UNVERIFIED, never of today (R33)."""
        cell, shape = told.cell("date"), self._mapping.dates
        if cell is None:
            return None, True
        if cell.kind == "date":
            return self._past(told, date.fromisoformat(cell.text)), False
        text = told.text("date")
        if text.casefold() in {word.casefold() for word in shape.unknown}:
            return None, True
        if _YEAR.fullmatch(text) and shape.year_alone_is_unknown and 1000 <= int(text) <= self._today.year:
            told.problem("date", "year_alone", f"only the year {text} is known: LEGACY_UNVERIFIED", "warning")
            return None, True
        if cell.kind == "number":
            told.problem("date", "serial_date", f"{text} is a bare number: format the cell as a date")
            return None, False
        day = parse_date(text, shape.formats)
        if day is None:
            told.problem("date", "bad_date", f"{text[:40]!r} is no date in any of the formats of the mapping")
            return None, False
        return self._past(told, day), False

    def _past(self, told: "_Told", day: date) -> date:
        if day > self._today:
            told.problem("date", "future_date", f"{day.isoformat()} has not come yet")
        return day

    def _folder(self, told: "_Told", office_id: UUID) -> UUID | None:
        code = told.value("folder")
        if not code:
            return None
        found = self._folders.get((office_id, code))
        if found is None or not is_known(found, self._actor.clearance):
            told.problem("folder", "unknown_folder", f"the office has no folder {code[:80]!r}")
        elif found.closed_on is not None:
            told.problem("folder", "closed_folder", f"folder {code[:80]!r} is closed")
        return found.id if found else None


class _Told:
    """What one row says of each field: the cell, else the default of the mapping."""

    def __init__(self, row: Row, mapping: Mapping, problems: list[Problem]) -> None:
        self._row = row
        self._mapping = mapping
        self._problems = problems
        for name, cell in row.cells.items():
            _check_kind(cell, lambda code, message, name=name: self.problem(name, code, message))  # type: ignore[misc]

    def cell(self, name: str) -> Cell | None:
        return self._row.cells.get(name)

    def text(self, name: str) -> str:
        """The cell's text; what a template left unfilled counts as nothing (R16)."""
        cell = self.cell(name)
        found = cell.text if cell is not None and cell.kind in ("text", "number", "date") else ""
        return "" if _TEMPLATE.search(found) else found

    def value(self, name: str) -> str:
        """The field as the archive spells it: its word translated by the mapping, else the default."""
        return self._mapping.value_of(name, self.text(name) or self._mapping.defaults.get(name, ""))

    def short(self, name: str, most: int = 0) -> str:
        found, longest = self.value(name), most or _LONGEST[name]
        if len(found) > longest:
            self.problem(name, "too_long", f"{len(found)} characters; {longest} are kept at most")
        return found

    def problem(self, name: str, code: str, message: str, severity: str = "error") -> None:
        column = self._mapping.columns.get(name, f"(default of {name})")
        self._problems.append(Problem(self._row.number, column, code, message, severity))


def _check_kind(cell: Cell, tell: Callable[[str, str], None]) -> None:
    if cell.kind == "formula":
        tell("formula", f"the cell holds a formula ({cell.text[:40]!r}): put its value there")
    elif cell.kind == "error":
        tell("cell_error", f"the cell holds the error {cell.text}")
    elif cell.kind == "merged":
        tell("merged", "the cell is covered by a merged one: take the merge apart and fill in each row")
    elif "\ufffd" in cell.text:
        tell("encoding", "the cell holds characters that were lost when the table was saved")


def _numbered(placement: Placement, number: int, count: int) -> Placement:
    """The files of one row share everything but the number in their title."""
    if count == 1 or placement.description.title is None:
        return placement
    title = f"{placement.description.title[:480]} ({number}/{count})"
    return replace(placement, description=replace(placement.description, title=title))


def _across_rows(checked: Checked, mapping: Mapping) -> None:
    """Files that stand in two rows, and numbers that an office has given twice."""
    column = mapping.columns["file"]
    same = Counter(os.path.realpath(one.file) for one in checked.planned)
    twice = [one for one in checked.planned if same[os.path.realpath(one.file)] > 1]
    for one in twice:
        checked.problems.append(Problem(one.row, column, "file_twice", f"{one.path} stands in the manifest twice"))
    for number in {one.row for one in twice}:
        checked.faulty[number] = tuple(one.path for one in checked.planned if one.row == number)
    checked.planned = [one for one in checked.planned if one.row not in checked.faulty]
    checked.problems += _numbers_twice(checked.planned, mapping)
    checked.problems.sort(key=lambda problem: problem.row)


def _numbers_twice(planned: Iterable[Planned], mapping: Mapping) -> Iterator[Problem]:
    rows: dict[tuple[UUID, str], set[int]] = {}
    for one in planned:
        if number := one.placement.description.number:
            rows.setdefault((one.placement.office_id, number), set()).add(one.row)
    for (_office, number), found in rows.items():
        for row in sorted(found) if len(found) > 1 else ():
            others = ", ".join(str(other) for other in sorted(found - {row})[:5])
            message = f"number {number!r} also stands in row {others}"
            yield Problem(row, mapping.columns.get("number", ""), "number_twice", message, "warning")
