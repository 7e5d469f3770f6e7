"""Commands on positions: who works where from when until when, who acts for whom, who changes office or retires."""

from dataclasses import asdict
from datetime import date, datetime

import click

from edms.access.actors import Role
from edms.access.levels import Level
from edms.access.positions import Rank
from edms.cli.context import DAY, Context, asked_id, json_option, pass_context, print_json, print_made, print_table
from edms.cli.people import LEVELS, ROLES, as_administrator, on_behalf_of
from edms.records.positions import (
    Acting,
    NewPosition,
    appoint_acting,
    change_person,
    end_acting,
    end_position,
    give_position,
    list_positions,
    move_person,
    retire_person,
)

RANKS = click.Choice([rank.value for rank in Rank])
from_option = click.option("--from", "first", type=DAY, help="First day; default: from always.")
until_option = click.option("--until", "last", type=DAY, help="Last day; default: until it is ended.")
office_option = click.option("--office", metavar="CODE", required=True)
rank_option = click.option("--rank", type=RANKS, default=Rank.BELOW_HEAD.value, show_default=True)


def day_of(moment: datetime | None) -> date | None:
    """Return the day that was typed."""
    return moment.date() if moment else None


@click.group()
def position() -> None:
    """Positions of people and their days: acting officials, changes of office, retirement."""


@position.command("give")
@click.argument("user", metavar="USER")
@office_option
@rank_option
@click.option("--title", default="", help="What the position is called.")
@from_option
@until_option
@as_administrator
@json_option
@pass_context
def give_command(
    context: Context, user: str, office: str, rank: str, title: str, first: datetime | None, last: datetime | None,
    administrator: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Give a person a position beside those held."""
    wanted = NewPosition(user, office, Rank(rank), title, day_of(first), day_of(last))
    made = give_position(on_behalf_of(context, administrator), context.archive, wanted)
    print_made("position", made, as_json, "position")


@position.command("end")
@click.argument("position_id", metavar="POSITION")
@click.option("--on", "last", type=DAY, required=True, help="Last day; one that is over ends it at once.")
@as_administrator
@pass_context
def end_command(context: Context, position_id: str, last: datetime, administrator: str | None) -> None:
    """Let a position end."""
    end_position(on_behalf_of(context, administrator), context.archive, asked_id(position_id), last.date())
    click.echo(f"it ends on {last.date().isoformat()}")


@position.command("move")
@click.argument("user", metavar="USER")
@office_option
@rank_option
@click.option("--from", "first", type=DAY, required=True, help="First day in the new office.")
@as_administrator
@pass_context
def move_command(
    context: Context, user: str, office: str, rank: str, first: datetime, administrator: str | None
) -> None:
    """Move a person to another office: own positions end the day before."""
    move_person(on_behalf_of(context, administrator), context.archive, user, office, Rank(rank), first.date())
    click.echo(f"{user} belongs to {office} from {first.date().isoformat()} on")


@position.command("retire")
@click.argument("user", metavar="USER")
@click.option("--on", "last", type=DAY, required=True, help="Last day of service.")
@as_administrator
@pass_context
def retire_command(context: Context, user: str, last: datetime, administrator: str | None) -> None:
    """Let a person in until a day and no longer."""
    retire_person(on_behalf_of(context, administrator), context.archive, user, last.date())
    click.echo(f"{user} can sign in until {last.date().isoformat()}")


@position.command("change")
@click.argument("user", metavar="USER")
@click.option("--role", "roles", type=ROLES, multiple=True, help="All roles from now on; may be given several times.")
@click.option("--clearance", type=LEVELS)
@as_administrator
@pass_context
def change_command(
    context: Context, user: str, roles: tuple[str, ...], clearance: str | None, administrator: str | None
) -> None:
    """Change somebody's roles or clearance; nobody changes their own."""
    if not roles and not clearance:
        raise click.UsageError("say what is to change: --role, --clearance")
    change_person(
        on_behalf_of(context, administrator),
        context.archive,
        user,
        tuple(Role(role) for role in dict.fromkeys(roles)) or None,
        Level(clearance) if clearance else None,
    )
    click.echo(f"{user} is changed, from the next request on")


@position.command("act")
@click.argument("user", metavar="USER")
@click.option("--instead-of", metavar="USER", required=True, help="The head who is away.")
@office_option
@click.option("--from", "first", type=DAY, required=True)
@click.option("--until", "last", type=DAY, required=True)
@click.option("--mandate", required=True, help="Number and date of the decree.")
@as_administrator
@json_option
@pass_context
def act_command(
    context: Context, user: str, instead_of: str, office: str, first: datetime, last: datetime, mandate: str,
    administrator: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let a person act as head of an office for some days; by its head, or an administrator."""
    wanted = Acting(user, instead_of, office, first.date(), last.date(), mandate)
    made = appoint_acting(on_behalf_of(context, administrator), context.archive, wanted)
    print_made("position", made, as_json, "acting")


@position.command("stop-acting")
@click.argument("position_id", metavar="POSITION")
@as_administrator
@pass_context
def stop_acting_command(context: Context, position_id: str, administrator: str | None) -> None:
    """End at once what somebody holds for another person."""
    end_acting(on_behalf_of(context, administrator), context.archive, asked_id(position_id))
    click.echo("ended")


@position.command("list")
@click.option("--user", default="", metavar="USER")
@as_administrator
@json_option
@pass_context
def list_command(context: Context, user: str, administrator: str | None, as_json: bool) -> None:
    """List positions with their days."""
    found = list_positions(on_behalf_of(context, administrator), context.archive, user)
    if as_json:
        print_json({"positions": [asdict(line) for line in found]})
        return
    print_table(
        ("user", "office", "rank", "from", "until", "instead of", "position"),
        (
            (one.user, one.office, one.rank, one.first or "-", one.last or "-", one.instead_of or "-", one.id)
            for one in found
        ),
    )


COMMANDS = (position,)
