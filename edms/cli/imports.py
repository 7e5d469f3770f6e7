"""`edms import`: an existing archive by its manifest."""

import csv
import sys
from pathlib import Path

import click

from edms.capture.ingest import IngestReport, wait_until_done
from edms.capture.manifest_check import Checked, Problem, check_manifest
from edms.capture.manifest_import import ImportLine, import_planned, refuse_faulty, require_begun
from edms.capture.manifest_mapping import load_mapping
from edms.capture.manifest_table import read_manifest
from edms.capture.reconciliations import sign_and_keep
from edms.cli.context import Context, as_option, json_option, pass_context, print_json, print_table, progress_bar
from edms.records.report_files import safe_cell

COLUMNS = ("row", "column", "severity", "code", "message")
FILE = click.Path(exists=True, path_type=Path, dir_okay=False)


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, path_type=Path, file_okay=False))
@click.option("--manifest", required=True, type=FILE, help="The table of the documents, .csv or .xlsx.")
@click.option("--mapping", "mapping_file", required=True, type=FILE, help="What its columns mean (TOML).")
@as_option
@click.option("--dry-run", is_flag=True, help="Take nothing in; list every problem with its row and column.")
@click.option("--resume", is_flag=True, help="Go on, and refuse when nothing of the folder was taken in yet.")
@click.option("--skip-faulty", is_flag=True, help="Leave rows with errors out and take in the others.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the problems of a dry run as CSV.")
@click.option("--wait", is_flag=True, help="Wait until every file has come to rest; works itself when no worker is.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the signed reconciliation report there.")
@json_option
@pass_context
def import_command(
    context: Context,
    folder: Path,
    manifest: Path,
    mapping_file: Path,
    username: str,
    dry_run: bool,
    resume: bool,
    skip_faulty: bool,
    as_csv: bool,
    wait: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Take in an existing archive: FOLDER with its documents, and a table that describes them.

    The same command goes on where it was broken off; each file comes in once.
    """
    archive = context.archive
    actor = context.person(username)
    if actor.office_id is None:
        raise click.UsageError("this person has no office of their own")
    mapping = load_mapping(mapping_file)
    if resume:
        require_begun(archive, folder)
    table = read_manifest(archive, manifest, mapping)
    checked = check_manifest(actor, archive, folder, table, mapping)
    if dry_run:
        _print_problems(checked, as_csv=as_csv, as_json=as_json)
        raise click.exceptions.Exit(1 if checked.errors else 0)
    refuse_faulty(checked, skip_faulty=skip_faulty)
    outcome = import_planned(actor, archive, folder, checked, progress_bar("import"))
    if wait:
        outcome = wait_until_done(actor, archive, outcome, progress=progress_bar("capture"))
    signed = sign_and_keep(
        actor, archive, outcome, "import", actor.office_id, manifest=manifest.name, manifest_sha256=table.sha256
    )
    if report:
        signed.write(report)
    _print_outcome(outcome, signed.sha256, as_json=as_json)
    if outcome.refused:
        raise click.exceptions.Exit(1)


def _print_problems(checked: Checked, *, as_csv: bool, as_json: bool) -> None:
    total = {"files": len(checked.planned), "rows_with_errors": len(checked.faulty), "errors": checked.errors}
    if as_json:
        print_json({**total, "ok": not checked.errors, "problems": [one.as_dict() for one in checked.problems]})
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows([safe_cell(value) for value in _values(problem)] for problem in checked.problems)
    else:
        if checked.problems:
            print_table(COLUMNS, map(_values, checked.problems))
        click.echo(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in total.items()))


def _values(problem: Problem) -> tuple[object, ...]:
    return problem.row or "", problem.column, problem.severity, problem.code, " ".join(problem.message.split())


def _print_outcome(outcome: IngestReport, sha256: str, *, as_json: bool) -> None:
    total = {**outcome.totals(), "report_sha256": sha256}
    for line in outcome.lines:
        row = line.row if isinstance(line, ImportLine) else 0
        if as_json:
            print_json(line.as_dict())
        else:
            click.echo(f"{row:>6} {line.state:<12} {line.record or '-':<36} {line.path}  {line.reason}".rstrip())
    if as_json:
        print_json(total)
    else:
        click.echo(", ".join(f"{name} {count}" for name, count in total.items()))


COMMANDS = (import_command,)
