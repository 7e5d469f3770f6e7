"""`edms retention report --report NAME`: one of the lists, every row or counted, as table, JSON, CSV, XLSX or PDF."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from edms.cli.context import DAY, Context, as_option, json_option, pass_context, print_json, print_table
from edms.cli.parts import to_file, to_stdout
from edms.core.errors import Refused
from edms.records.file_lists import FileList, open_file_list
from edms.records.report_explanations import offices_late
from edms.records.report_lists import BY_NAMES, By, ListName
from edms.records.report_sheets import list_title, open_list_sheet
from edms.records.reports import ListQuestion, list_groups, open_list
from edms.records.sheets import Form, sheet_parts

LISTS = [name.value for name in ListName]
WAYS = [way.value for way in By]
_PART = 500


@dataclass(frozen=True)
class ListForm:
    """How a list is told: form, language, and where to (None: standard output)."""

    form: str
    language: str
    output: Path | None


def list_question(
    name: str, as_of: datetime | None, office: str | None, class_code: str, year: int | None
) -> ListQuestion:
    """Return the question that the options ask."""
    return ListQuestion(ListName(name), as_of.date() if as_of else None, office or "", class_code, year)


def write_list(context: Context, username: str, asked: ListQuestion, by: str | None, told: ListForm) -> None:
    """Write the rows of a list, or with `by` its counts."""
    if by is not None:
        _counts(context, username, asked, By(by), told)
        return
    actor, archive = context.person(username), context.archive
    if told.form in (Form.CSV, Form.XLSX, Form.PDF):
        with open_list_sheet(actor, archive, asked, told.language) as (sheet, _name):
            _write(told, sheet_parts(sheet, Form(told.form)))
        return
    with open_list(actor, archive, asked, told.language) as (as_of, total, rows):
        if told.form == "json":
            head: dict[str, Any] = {"as_of": as_of.isoformat(), "report": asked.name.value, "total": total, "rows": []}
            _write(told, _json(json.dumps(head)[: -len("]}")], (row.as_dict() for row in rows)))
        else:
            click.echo(f"{list_title(asked.name, told.language)}: {total}")
            print_table(
                ("record", "class", "office", "due on", "since", "days", "title"),
                (
                    (
                        str(one.row.record), one.row.class_code, one.row.office, str(one.row.due_on or "-"),
                        str(one.since or "-"), "-" if one.days is None else str(one.days), one.row.title,
                    )
                    for one in rows
                ),
            )  # fmt: skip


def _counts(context: Context, username: str, asked: ListQuestion, by: By, told: ListForm) -> None:
    if told.form not in ("table", "json"):
        raise Refused("counts are a table or JSON", "for a file leave out --by: it then has every row")
    groups = list_groups(context.person(username), context.archive, asked, by)
    if told.form == "json":
        rows = [{"key": one.key, "title": one.title, "count": one.count} for one in groups]
        total = sum(one.count for one in groups)
        print_json({"report": asked.name.value, "by": by.value, "total": total, "groups": rows})
    else:
        click.echo(list_title(asked.name, told.language))
        print_table(
            (BY_NAMES[told.language][by].lower(), "", "count"),
            ((one.key or "-", one.title, one.count) for one in groups),
        )


def _json(head: str, rows: Iterable[object]) -> Iterator[bytes]:
    """The one document in parts, so that memory stays flat."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    yield head.encode()
    parts: list[str] = []
    for number, row in enumerate(rows):
        parts.append((", " if number else "") + encode(row))
        if len(parts) == _PART:
            yield "".join(parts).encode()
            parts = []
    yield "".join([*parts, "]}\n"]).encode()


def _write(told: ListForm, parts: Iterable[bytes]) -> None:
    if told.output is None:
        to_stdout(parts)
    else:
        to_file(told.output, parts)


@click.command("files")
@click.argument("office", metavar="OFFICE")
@click.option("--contents", is_flag=True, help="Daftar Isi Berkas: what is in the files.")
@click.option("--through", type=DAY, help="Files opened through this day; default today.")
@click.option("--format", "form", type=click.Choice([form.value for form in Form]), default="csv", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file; default: stdout.")
@as_option
@pass_context
def files(
    context: Context,
    office: str,
    contents: bool,
    through: datetime | None,
    form: str,
    output: Path | None,
    username: str,
) -> None:
    """Daftar Berkas of an office, with the columns that the archives inspector asks for."""
    if form != Form.CSV and output is None and sys.stdout.isatty():
        raise Refused(f"{form.upper()} is not for a terminal", f"name a file: --output daftar.{form}")
    name = FileList.CONTENTS if contents else FileList.FILES
    day = through.date() if through else None
    with open_file_list(context.person(username), context.archive, name, office, day) as (sheet, _stem):
        _write(ListForm(form, "id", output), sheet_parts(sheet, Form(form)))


@click.command("late")
@as_option
@json_option
@pass_context
def late(context: Context, username: str, as_json: bool) -> None:
    """The offices whose list of files is late by more than six months; exits 1 when there are any."""
    found = offices_late(context.person(username), context.archive)
    if as_json:
        told = [
            {
                "office": one.office, "name": one.name, "files": one.folders, "oldest": str(one.oldest),
                "delivered_through": str(one.delivered_through) if one.delivered_through else None,
            }
            for one in found
        ]  # fmt: skip
        print_json({"late": told})
    else:
        rows = ((one.office, one.folders, one.oldest, one.delivered_through or "-") for one in found)
        print_table(("office", "files", "oldest closed", "delivered through"), rows)
    sys.exit(1 if found else 0)
