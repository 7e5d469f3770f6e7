"""`edms alerts`: faults that last, and saying that somebody looked at them."""

import click

from edms.cli.context import Context, as_option, json_option, pass_context, print_json
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.records.alerts import acknowledge as acknowledge_alert
from edms.records.alerts import open_alerts


@click.group()
def alerts() -> None:
    """Faults that verification or a reader met, until they are mended."""


@alerts.command("list")
@json_option
@pass_context
def list_alerts(context: Context, as_json: bool) -> None:
    """List the alerts that last; exits 1 when there is one that nobody has looked at."""
    found = open_alerts(context.console(), context.archive)
    if as_json:
        print_json({"alerts": [one.as_dict() for one in found]})
    else:
        for one in found:
            seen = f", seen by {one.acknowledged_by}: {one.note}" if one.acknowledged_at else ""
            click.echo(f"{one.id} {one.kind} {one.subject}: {one.detail} (since {one.first_seen:%Y-%m-%d %H:%M}{seen})")
        click.echo(f"{len(found)} alerts")
    if any(one.acknowledged_at is None for one in found):
        raise click.exceptions.Exit(1)


@alerts.command()
@click.argument("alert_id", metavar="ALERT")
@click.option("--note", required=True, help="What you found or did.")
@as_option
@pass_context
def acknowledge(context: Context, alert_id: str, note: str, username: str) -> None:
    """Say that you looked at an alert. It stays until the fault is mended."""
    found = parse_id(alert_id)
    if found is None:
        raise NotFound()
    acknowledge_alert(context.person(username), context.archive, found, note)
    click.echo("noted")


COMMANDS = (alerts,)
