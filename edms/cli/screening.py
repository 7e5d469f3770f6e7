"""Commands on screening and quarantine."""

import click

from edms.capture.held import held_files
from edms.capture.quarantine import give_back, release, retry
from edms.capture.screening import rescan
from edms.cli.context import Context, as_option, asked_id, json_option, pass_context, print_json, print_table


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


@click.group()
def quarantine() -> None:
    """What was set aside, and the ways out."""


@quarantine.command("list")
@as_option
@click.option("--returned", is_flag=True, help="What was given back to its senders instead.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@pass_context
def list_command(context: Context, username: str, returned: bool, limit: int, as_json: bool) -> None:
    """What lies in quarantine, as far as that person may see it."""
    found, total = held_files(context.person(username), context.archive, returned, limit)
    if as_json:
        for one in found:
            print_json(one.as_dict())
        return
    print_table(
        ("record", "received", "by", "size", "type", "code", "file"),
        (
            (
                one.record,
                f"{one.received_at:%Y-%m-%d}",
                one.received_by,
                one.size,
                one.media_type,
                one.code,
                one.file_name,
            )
            for one in found
        ),
    )
    click.echo(f"{total} in all")


@quarantine.command("retry")
@click.argument("record_id", metavar="ID")
@as_option
@pass_context
def retry_command(context: Context, record_id: str, username: str) -> None:
    """Read a file again from the beginning."""
    retry(context.person(username), context.archive, asked_id(record_id))
    click.echo(f"{record_id} is read again")


@quarantine.command("release")
@click.argument("record_id", metavar="ID")
@as_option
@click.option("--reason", required=True, help="Why it is kept as it is.")
@pass_context
def release_command(context: Context, record_id: str, username: str, reason: str) -> None:
    """Let a file go on as it is: by a records officer who did not hand it in."""
    release(context.person(username), context.archive, asked_id(record_id), reason)
    click.echo(f"{record_id} is released")


@quarantine.command("return")
@click.argument("record_id", metavar="ID")
@as_option
@click.option("--reason", required=True, help="What the sender is to do.")
@pass_context
def return_command(context: Context, record_id: str, username: str, reason: str) -> None:
    """Give a file back to its sender; its bytes stay sealed."""
    give_back(context.person(username), context.archive, asked_id(record_id), reason)
    click.echo(f"{record_id} is returned")


COMMANDS = (screen, quarantine)
