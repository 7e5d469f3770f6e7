"""Commands for the evidence that outlives certificates: renewing it, and showing how it stands."""

import click

from edms.cli.context import Context, json_option, pass_context, print_json, print_table, progress_bar
from edms.records.evidence_renewal import RenewalReport, renew_evidence
from edms.records.evidence_status import evidence_status


@click.group()
def evidence() -> None:
    """Evidence records: timestamps over many records, and their renewal."""


@evidence.command()
@json_option
@pass_context
def renew(context: Context, as_json: bool) -> None:
    """Cover new records with one timestamp, and renew the timestamps that age. Exits 1 when a record is left out."""
    waiting = evidence_status(context.console(), context.archive).to_hash
    with progress_bar("evidence")(waiting) as bar:
        report = renew_evidence(context.console(), context.archive, bar.update)
    if as_json:
        print_json(report.as_dict())
    else:
        _tell(report)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _tell(report: RenewalReport) -> None:
    for tree in report.trees:
        by = f"{tree.authority} (development: proves nothing to others)" if tree.development else tree.authority
        what = "records" if tree.kind == "documents" else "chains"
        click.echo(f"tree {tree.number}: {tree.size} {what} under one timestamp, {tree.algorithm}, by {by}")
    if not report.trees:
        click.echo("nothing to cover and nothing to renew")
    for record, reason in report.left_out:
        click.echo(f"LEFT OUT {record}: {reason}")
    for chain in report.lapsed:
        click.echo(f"TOO LATE tree {chain}: its certificate has ended without a renewal")
    if report.waiting:
        click.echo(
            f"{len(report.waiting)} chains end soon, and the authority's certificate ends no later: "
            "they are renewed when it has a new one"
        )


@evidence.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Show what is covered, until when, and what is due."""
    found = evidence_status(context.console(), context.archive)
    if as_json:
        print_json(found.as_dict())
    else:
        print_table(("what", "value"), found.as_dict().items())


COMMANDS = (evidence,)
