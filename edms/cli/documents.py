"""Commands on documents: ingest, search, record."""

import sys
from pathlib import Path

import click

from edms.access.levels import Level
from edms.capture.copies import lacking_copies, make_copy
from edms.capture.ingest import IngestLine, IngestReport, ingest_paths, wait_until_done
from edms.capture.office_copies import DONE
from edms.capture.reconciliations import sign_and_keep
from edms.cli.context import (
    Context,
    as_option,
    asked_id,
    json_option,
    office_asked,
    pass_context,
    print_json,
    print_table,
    progress_bar,
)
from edms.cli.parts import to_file, to_stdout
from edms.core.errors import Refused
from edms.records.describe import record_details
from edms.records.evidence import export_bundle
from edms.records.questions import KeptQuestion, sort_named
from edms.records.removals import stub_of
from edms.records.search_export import export_search
from edms.records.searching import Notice, Question, search
from edms.records.sheets import Form

LEVELS = click.Choice([level.value for level in Level])
FACETS = ("class_code", "year", "office", "level", "record_type")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@as_option
@click.option("--office", help="Office code; default: the person's own office.")
@click.option("--class", "class_code", help="Classification code; without one a clerk classifies later.")
@click.option("--level", type=LEVELS, help="Security level.")
@click.option("--wait", is_flag=True, help="Wait until every file is captured; works itself when no worker is alive.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the signed reconciliation report there.")
@json_option
@pass_context
def ingest(
    context: Context,
    paths: tuple[Path, ...],
    username: str,
    office: str | None,
    class_code: str | None,
    level: str | None,
    wait: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Capture files or folders; a signed reconciliation at the end says what became of each."""
    archive = context.archive
    actor = context.person(username)
    office_id = office_asked(context, actor, office)
    outcome = ingest_paths(
        actor, archive, paths, office_id, class_code, Level(level) if level else None, progress=progress_bar("ingest")
    )
    if wait:
        outcome = wait_until_done(actor, archive, outcome, progress=progress_bar("capture"))
    for line in outcome.lines:
        _print_line(line, as_json)
    signed = sign_and_keep(actor, archive, outcome, "ingest", office_id)
    if report:
        signed.write(report)
    _print_total(outcome, as_json, signed.sha256)
    if outcome.refused:
        raise click.exceptions.Exit(1)


def _print_line(line: IngestLine, as_json: bool) -> None:
    if as_json:
        print_json(line.as_dict())
    else:
        click.echo(
            f"{line.state:<12} {line.record or '-':<36} {line.sha256[:16]:<16} {line.path}  {line.reason}".rstrip()
        )


def _print_total(outcome: IngestReport, as_json: bool, sha256: str) -> None:
    total = {**outcome.totals(), "report_sha256": sha256}
    if as_json:
        print_json(total)
    else:
        click.echo(", ".join(f"{name} {count}" for name, count in total.items()))


@click.command("search")
@click.argument("query")
@as_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--facets", is_flag=True, help="Count the hits by class, year, office, level and type.")
@click.option(
    "--cursor", default="", help="List what follows an earlier answer: its `cursor` in JSON; or what was before."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "xlsx", "pdf"]),
    default="table",
    show_default=True,
    help="A file of everything that is found, whatever the limit.",
)
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest", "title"]), default="relevance")
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Of a file.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the file there; default: stdout."
)
@json_option
@pass_context
def search_command(
    context: Context,
    query: str,
    username: str,
    limit: int,
    facets: bool,
    cursor: str,
    form: str,
    sort: str,
    language: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Print what that person would find, or take the whole list of it as a file."""
    if form != "table":
        if as_json:
            raise click.UsageError("take --json or --format, not both")
        if form != "csv" and output is None and sys.stdout.isatty():
            raise Refused(f"{form.upper()} is not for a terminal", f"name a file: --output list.{form}")
        kept = KeptQuestion(query, sort=sort_named(sort))
        parts = export_search(context.person(username), context.archive, kept, Form(form), language).parts
        to_file(output, parts) if output else to_stdout(parts)
        return
    question = Question(query, limit=limit, facets=FACETS if facets else (), cursor=cursor, sort=sort_named(sort))
    results = search(context.person(username), context.archive, question)
    if as_json:
        print_json(results.as_dict())
        return
    for notice in results.answer.notices:
        click.echo(_told(notice), err=True)
    if results.answer.suggestion:
        click.echo(f"did you mean: {results.answer.suggestion}", err=True)
    click.echo(f"{results.answer.total} found")
    print_table(
        ("record", "date", "level", "office", "title"),
        (
            (hit.record.id, hit.record.document_date or "", hit.level, hit.record.office.code, hit.record.title)
            for hit in results.found
        ),
    )
    for field, counts in results.answer.facets.items():
        click.echo(f"{field}: " + ", ".join(f"{value} {count}" for value, count in counts.items()))


def _told(notice: Notice) -> str:
    """Return what was made of the question, as the page says it."""
    from edms.web.words_search import NOTICES  # the pages are loaded only when there is something to say

    return NOTICES.get(notice.code, f"{notice.code} %(detail)s") % {"detail": notice.detail}


@click.group()
def record() -> None:
    """One record."""


@record.command()
@click.argument("record_id", metavar="ID")
@as_option
@json_option
@pass_context
def show(context: Context, record_id: str, username: str, as_json: bool) -> None:
    """Metadata, components and history; for auditors and records officers also who saw it."""
    actor = context.person(username)
    details = record_details(actor, context.archive, asked_id(record_id))
    stub = stub_of(actor, context.archive, details.record.id) if details.record.state == "handed_over" else None
    told = details.as_dict() | ({"content_with": stub.as_dict()} if stub else {})
    if as_json:
        print_json(told)
        return
    if stub:
        click.echo(f"the content is with {stub.receiver}, under {stub.reference}")
    for name, value in told.items():
        if not isinstance(value, list):
            click.echo(f"{name}: {value}")
    print_table(("at", "what", "who"), ((e["at"], e["action"], e["actor"]) for e in details.history))
    if details.disclosures:
        click.echo("\nwho saw it")
        seen = ((e["at"], e["action"], e["outcome"], e["actor"]) for e in details.disclosures)
        print_table(("at", "what", "outcome", "who"), seen)


@record.command()
@click.argument("record_id", metavar="ID")
@as_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: ID.evidence.zip")
@pass_context
def export(context: Context, record_id: str, username: str, output: Path | None) -> None:
    """Write the evidence bundle (zip) that anybody can check off line."""
    target = output or Path(f"{record_id}.evidence.zip")
    export_bundle(context.person(username), context.archive, asked_id(record_id), target)
    click.echo(str(target))


@record.command("copy")
@click.argument("record_ids", nargs=-1, metavar="[ID...]")
@click.option("--missing", is_flag=True, help="Every office document that has no copy, oldest first.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="With --missing.")
@as_option
@json_option
@pass_context
def make_copies(
    context: Context, record_ids: tuple[str, ...], missing: bool, limit: int, username: str, as_json: bool
) -> None:
    """Make the access copy (PDF/A-2b) of office documents, later or anew. Exits 1 when one could not be made."""
    actor = context.person(username)
    if missing == bool(record_ids):
        raise click.UsageError("name records, or give --missing")
    wanted = lacking_copies(actor, context.archive, limit) if missing else [asked_id(one) for one in record_ids]
    failed = 0
    for record_id in wanted:
        made = make_copy(actor, context.archive, record_id)
        failed += made.outcome != DONE
        if as_json:
            print_json(made.as_dict())
        else:
            click.echo(f"{made.outcome:<16} {made.record_id} {made.sha256[:16]}  {made.reason}".rstrip())
    if failed:
        raise click.exceptions.Exit(1)


COMMANDS = (ingest, search_command, record)
