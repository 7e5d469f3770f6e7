"""Commands on retention: check, apply, report, explain, evaluate. What comes before applying: retention_rules."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from edms.cli import retention_import, retention_rules
from edms.cli.context import DAY, Context, json_option, pass_context, print_json
from edms.cli.parts import to_file, to_stdout
from edms.cli.report_mailings import mail
from edms.cli.retention_lists import LISTS, WAYS, ListForm, files, late, list_question, write_list
from edms.core.errors import NotFound, Refused
from edms.core.ids import parse_id
from edms.records.nightly import evaluate
from edms.records.report_files import report_csv, report_json
from edms.records.retention import apply_rules
from edms.records.retention_report import Outcome, Report, ReportQuestion, ReportRow, explain_record, open_report
from edms.records.rules import load_rules

TABLE = ("record", "class", "rule", "fate", "outcome", "due on", "why")
WIDTHS = (36, 12, 14, 19, 15, 10, 0)


@click.group()
def retention() -> None:
    """Retention rules and what they say."""


@retention.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def check(folder: Path, as_json: bool) -> None:
    """Validate rule files; a mistake is named with file, line and reason."""
    book = load_rules(folder)
    found = {"ok": True, "sha256": book.sha256, "editions": sorted(book.editions), "rules": len(book.rules())}
    if as_json:
        print_json(found)
    else:
        click.echo(f"ok: {len(book.editions)} editions, {found['rules']} rules, sha256 {book.sha256}")


@retention.command("apply")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--sha256", help="Apply only when the content is the one that was reviewed.")
@click.option("--as", "username", metavar="USER", help="Act for this person; default: the console.")
@json_option
@pass_context
def apply_command(context: Context, folder: Path, sha256: str | None, username: str | None, as_json: bool) -> None:
    """Put rules into force: an audited act. Declared records keep the rules they were declared under."""
    book = load_rules(folder)
    actor = context.person(username) if username else context.console()
    changed = apply_rules(actor, context.archive, book, sha256)
    if as_json:
        print_json({"sha256": book.sha256, "changed": changed})
    else:
        click.echo(f"in force: {book.sha256}; {changed} declared records that had no rule have one now")


@retention.command()
@click.option("--as-of", type=DAY, help="Any day, past or future; default today.")
@click.option("--office", help="Only this office (code).")
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]), help="Only this outcome.")
@click.option("--report", "name", type=click.Choice(LISTS), help="One of the lists, with every row.")
@click.option("--by", type=click.Choice(WAYS), help="Count that list by this, instead of its rows.")
@click.option("--class", "class_code", default="", metavar="CODE", help="Of a list: this class and those below it.")
@click.option("--year", type=click.IntRange(1, 9999), help="Of a list: since this year.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "xlsx", "pdf"]), default="table", show_default=True
)
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file; default: stdout.")
@click.option("--as", "username", default="records", show_default=True, metavar="USER", help="Act for this person.")
@pass_context
def report(
    context: Context,
    as_of: datetime | None,
    office: str | None,
    outcome: str | None,
    name: str | None,
    by: str | None,
    class_code: str,
    year: int | None,
    form: str,
    language: str,
    output: Path | None,
    username: str,
) -> None:
    """What is due, when and why: every row, most urgent first. With --report one of the lists of a records officer."""
    if form in ("pdf", "xlsx") and output is None and sys.stdout.isatty():
        raise Refused(f"{form.upper()} is not for a terminal", f"name a file: --output report.{form}")
    if name is not None:
        if outcome is not None:
            raise Refused("a list has no outcome to choose", "leave out --outcome or --report")
        asked = list_question(name, as_of, office, class_code, year)
        write_list(context, username, asked, by, ListForm(form, language, output))
        return
    if by or class_code or year is not None or form == "xlsx":
        raise Refused("--by, --class, --year and xlsx are of a list", "name it: --report NAME")
    question = ReportQuestion(as_of.date() if as_of else None, office, outcome)
    archive = context.archive
    with open_report(context.person(username), archive, question, language) as found:
        if form == "pdf":
            from edms.records.report_pdf import report_pdf  # fonts and all: 25 MB that no other command needs

            parts: Iterable[bytes] = [report_pdf(found, archive.settings.archive.name, archive.clock.now(), language)]
        else:
            parts = (part.encode() for part in FORMS[form](found))
        if output is None:
            to_stdout(parts)
        else:
            to_file(output, parts)


def _report_table(found: Report) -> Iterator[str]:
    """The rows in columns of fixed width, so that the first is seen before the last is decided."""
    yield f"{found.as_of}: " + ", ".join(f"{name} {count}" for name, count in found.counts.items()) + "\n"
    for cells in (TABLE, *map(_table_row, found.rows)):
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip() + "\n"


def _table_row(row: ReportRow) -> tuple[str, ...]:
    due = row.due_on.isoformat() if row.due_on else "-"
    why = "; ".join(row.reason_texts)
    return str(row.record), row.class_code, row.rule or "-", row.fate or "-", row.outcome, due, why


FORMS: dict[str, Callable[[Report], Iterator[str]]] = {"table": _report_table, "json": report_json, "csv": report_csv}


@retention.command("evaluate")
@json_option
@pass_context
def evaluate_command(context: Context, as_json: bool) -> None:
    """Look at what came due or changed since the last evaluation; the worker does so every night."""
    found = evaluate(context.console(), context.archive)
    if as_json:
        told = None if found is None else {**asdict(found), "day": found.day.isoformat()}
        print_json({"evaluated": told})
    elif found is None:
        click.echo("evaluated today already")
    else:
        click.echo(
            f"{found.day}: {found.looked_at} looked at, {found.to_transfer} due for transfer, "
            f"{found.due} due, {found.overdue} overdue"
        )


@retention.command()
@click.argument("record_id", metavar="ID")
@click.option("--as-of", type=DAY, help="Any day, past or future; default today.")
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option("--as", "username", default="records", show_default=True, metavar="USER", help="Act for this person.")
@json_option
@pass_context
def explain(
    context: Context, record_id: str, as_of: datetime | None, language: str, username: str, as_json: bool
) -> None:
    """The decision on one record and its reasons, step by step."""
    actor, day = context.person(username), as_of.date() if as_of else None
    row = explain_record(actor, context.archive, _id(record_id), day, language)
    if row is None:
        raise NotFound("the record has no class yet, so no rule speaks of it", "classify it first")
    if as_json:
        print_json(row.as_dict(steps=True))
        return
    click.echo(row.headline)
    for number, step in enumerate(row.step_texts, 1):
        click.echo(f"  {number}. {step}")
    for reason in row.reason_texts:
        click.echo(f"  - {reason}")


def _id(text: str) -> UUID:
    found = parse_id(text)
    if found is None:
        raise NotFound()
    return found


for further in (*retention_rules.OF_RETENTION, retention_import.import_command):
    retention.add_command(further)
retention.add_command(files)
retention.add_command(late)
retention.add_command(mail)
COMMANDS = (retention,)
