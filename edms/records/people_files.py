"""Lists of offices and people as files: CSV with a heading, or JSON with `offices` and `people`."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.errors import Refused
from edms.records.people_plan import Directory, OfficeEntry, PersonEntry

MOST_BYTES = 16 * 1024 * 1024
"""A list of 100,000 people is about half of it."""
_OFFICE_COLUMNS = {"code", "name", "parent"}
_PERSON_COLUMNS = {"user", "name", "office", "roles", "clearance", "head", "active"}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def read_people_file(path: Path) -> Directory:
    """Read a list of offices and people: by its ending JSON, else CSV. Raises Refused with the line or entry."""
    with path.open("rb") as file:
        return directory_of(file.read(MOST_BYTES + 1), path.name)


def directory_of(content: bytes, name: str) -> Directory:
    """Read the bytes of such a list, whose file is called `name`. Raises Refused with the line or entry."""
    if len(content) > MOST_BYTES:
        raise Refused(f"{name} has more than {MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refused(f"{name} is not UTF-8", "save it as CSV UTF-8") from fault
    return _from_json(text) if name.lower().endswith(".json") else _from_csv(text)


def _from_csv(text: str) -> Directory:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = set(reader.fieldnames or ())
        rows = [(f"line {reader.line_num}", row) for row in reader]
    except csv.Error as fault:
        raise Refused(f"line {reader.line_num} is no CSV: {fault}") from fault
    if "user" in columns:
        return _directory([], rows)
    if "code" in columns:
        return _directory(rows, [])
    raise Refused("the first line names neither `user` nor `code`", "see docs/people.md")


def _from_json(text: str) -> Directory:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Refused(f"this is not JSON: {fault}") from fault
    if not isinstance(document, dict) or not document.keys() <= {"offices", "people"}:
        raise Refused("a list in JSON is an object with `offices` and `people`", "see docs/people.md")
    found = [document.get(part, []) for part in ("offices", "people")]
    if not all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in found):
        raise Refused("`offices` and `people` are lists of objects", "see docs/people.md")
    offices, people = ([(f"{part} entry {place}", one) for place, one in enumerate(rows, 1)]
                       for part, rows in zip(("office", "person"), found, strict=True))  # fmt: skip
    return _directory(offices, people)


def _directory(offices: list[tuple[str, Any]], people: list[tuple[str, Any]]) -> Directory:
    directory = Directory()
    for where, row in offices:
        values = _values(where, row, _OFFICE_COLUMNS)
        office = OfficeEntry(values["code"], values["name"], values["parent"] or None)
        if directory.offices.setdefault(office.code, office) is not office:
            raise Refused(f"{where}: office {office.code!r} is listed twice")
    for where, row in people:
        person = _person(where, _values(where, row, _PERSON_COLUMNS))
        if directory.people.setdefault(person.user, person) is not person:
            raise Refused(f"{where}: {person.user!r} is listed twice")
    return directory


def _values(where: str, row: Mapping[Any, Any], columns: set[str]) -> dict[str, str]:
    unknown = [key for key in row if key not in columns]
    if unknown:
        raise Refused(
            f"{where}: what is {unknown[0] or 'the value beyond the last column'!r}?",
            f"known: {', '.join(sorted(columns))}",
        )
    return {column: _text(where, column, row.get(column)) for column in columns}


def _text(where: str, column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column == "roles" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if not isinstance(value, str):
        raise Refused(f"{where}: {column} is not text")
    if not value.strip().isprintable():
        raise Refused(f"{where}: {column} holds a character that cannot be shown")
    return value.strip()


def _person(where: str, values: dict[str, str]) -> PersonEntry:
    try:
        return PersonEntry(
            user=values["user"],
            name=values["name"],
            office=values["office"] or None,
            roles=frozenset(Role(role) for role in values["roles"].replace(";", " ").split()),
            clearance=Level(values["clearance"] or Level.OPEN),
            head=_YES_NO[values["head"].lower() or "no"],
            active=_YES_NO[values["active"].lower() or "yes"],
        )
    except KeyError as fault:
        raise Refused(f"{where}: {fault} is neither yes nor no") from fault
    except ValueError as fault:
        raise Refused(
            f"{where}: there is no such role or clearance ({fault})",
            f"roles: {', '.join(Role)}; clearance: {', '.join(Level)}",
        ) from fault
