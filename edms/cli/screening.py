"""Commands on screening and quarantine."""

import click

from edms.capture.screening import rescan
from edms.cli.context import Context, json_option, pass_context, print_json


@click.group()
def screen() -> None:
    """Screening for malware."""


@screen.command()
@click.option("--all", "everything", is_flag=True, help="Also what was scanned with the same signatures.")
@json_option
@pass_context
def again(context: Context, everything: bool, as_json: bool) -> None:
    """Scan again what was last scanned with other signatures, or never. Exits 1 when malware is found."""
    report = rescan(context.console(), context.archive, everything)
    if as_json:
        print_json(report.as_dict())
    else:
        for record in report.found:
            click.echo(f"MALWARE {record}")
        click.echo(f"{report.scanned} contents scanned, malware found in {len(report.found)} records")
    if report.found:
        raise click.exceptions.Exit(1)


COMMANDS = (screen,)
