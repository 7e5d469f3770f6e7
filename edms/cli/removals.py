"""Commands on the removal of content that was handed over: parts of `edms handover`."""

from pathlib import Path

import click

from edms.cli.context import Context, as_option, asked_id, pass_context, progress_bar, reason_option
from edms.cli.parts import to_file
from edms.exchange.certificate import removal_certificate
from edms.exchange.removing import RemovalOrder, carry_out_removal, order_removal


@click.command("order-removal")
@click.argument("proceeding", metavar="ID")
@as_option
@click.option("--number", required=True, help="Number of the order.")
@reason_option
@pass_context
def order(context: Context, proceeding: str, username: str, number: str, reason: str) -> None:
    """Order that content which the institution has be removed here; prints of how many records."""
    told = RemovalOrder(number, reason)
    click.echo(order_removal(context.person(username), context.archive, asked_id(proceeding), told))


@click.command("remove")
@click.argument("proceeding", metavar="ID")
@as_option
@pass_context
def remove(context: Context, proceeding: str, username: str) -> None:
    """Remove what was ordered to be, record by record; again after a crash."""
    actor = context.person(username)
    carry_out_removal(actor, context.archive, asked_id(proceeding), progress=progress_bar("removing"))


@click.command("certificate")
@click.argument("proceeding", metavar="ID")
@as_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_context
def certificate(context: Context, proceeding: str, username: str, output: Path) -> None:
    """Write the certificate that an outsider checks: python -m edms.verify FILE --key KEYS --receiver-key KEYS."""
    to_file(output, [removal_certificate(context.person(username), context.archive, asked_id(proceeding))])


REMOVAL_COMMANDS = (order, remove, certificate)
