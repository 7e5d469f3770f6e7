"""Commands on access by permission: ask, answer, give, end, take in an emergency, and see how a grant was used."""

from dataclasses import asdict
from datetime import datetime

import click

from edms.access.scope import GrantMode
from edms.cli.context import (
    DAY,
    Context,
    as_option,
    asked_id,
    json_option,
    pass_context,
    print_json,
    print_made,
    print_table,
)
from edms.cli.context import reason_option as reason
from edms.records.grants import (
    Asked,
    NewGrant,
    Subject,
    approve_request,
    ask_for_access,
    give_access,
    refuse_request,
    review_emergency,
    revoke_access,
    take_in_emergency,
    withdraw_request,
)
from edms.records.grants_views import access_desk, uses_of

MODES = click.Choice([mode.value for mode in GrantMode])
mode_option = click.option("--mode", type=MODES, default=GrantMode.VIEW.value, show_default=True)
until_option = click.option("--until", type=DAY, required=True, help="Last day of it.")
records_option = click.option("--record", "records", multiple=True, metavar="ID", help="May be given several times.")
folder_option = click.option("--folder", metavar="ID", help="All records of a folder, also those filed later.")
purpose_option = click.option("--purpose", required=True, help="What for.")


def _subject(records: tuple[str, ...], folder: str | None) -> Subject:
    return Subject(tuple(asked_id(one) for one in records), asked_id(folder) if folder else None)


@click.group()
def access() -> None:
    """Access by permission: requests, grants, emergencies."""


@access.command("ask")
@click.argument("wanted", metavar="WHAT")
@click.option("--office", required=True, metavar="CODE", help="The office whose record it is.")
@purpose_option
@mode_option
@until_option
@as_option
@json_option
@pass_context
def ask_command(
    context: Context, wanted: str, office: str, purpose: str, mode: str, until: datetime, username: str, as_json: bool
) -> None:
    """Ask an office for access to what WHAT says: an id, a number, or a matter in words."""
    asked = Asked(office, wanted, purpose, GrantMode(mode), until.date())
    made = ask_for_access(context.person(username), context.archive, asked)
    print_made("request", made, as_json, "asked")


@access.command("withdraw")
@click.argument("request", metavar="REQUEST")
@as_option
@pass_context
def withdraw_command(context: Context, request: str, username: str) -> None:
    """Take back an own request."""
    withdraw_request(context.person(username), context.archive, asked_id(request))
    click.echo("withdrawn")


@access.command("refuse")
@click.argument("request", metavar="REQUEST")
@reason
@as_option
@pass_context
def refuse_command(context: Context, request: str, reason: str, username: str) -> None:
    """Answer a request with no."""
    refuse_request(context.person(username), context.archive, asked_id(request), reason)
    click.echo("refused")


@access.command("approve")
@click.argument("request", metavar="REQUEST")
@records_option
@folder_option
@mode_option
@until_option
@as_option
@json_option
@pass_context
def approve_command(
    context: Context, request: str, records: tuple[str, ...], folder: str | None, mode: str, until: datetime,
    username: str, as_json: bool,
) -> None:  # fmt: skip
    """Give what was asked for, on the records that are meant."""
    made = approve_request(
        context.person(username), context.archive, asked_id(request), _subject(records, folder), until.date(),
        GrantMode(mode),
    )  # fmt: skip
    print_made("grant", made, as_json, "granted")


@access.command("give")
@click.argument("user", metavar="USER")
@records_option
@folder_option
@purpose_option
@mode_option
@until_option
@as_option
@json_option
@pass_context
def give_command(
    context: Context, user: str, records: tuple[str, ...], folder: str | None, purpose: str, mode: str,
    until: datetime, username: str, as_json: bool,
) -> None:  # fmt: skip
    """Give a person access without a request."""
    wanted = NewGrant(user, _subject(records, folder), purpose, GrantMode(mode), until.date())
    made = give_access(context.person(username), context.archive, wanted)
    print_made("grant", made, as_json, "granted")


@access.command("revoke")
@click.argument("grant", metavar="GRANT")
@reason
@as_option
@pass_context
def revoke_command(context: Context, grant: str, reason: str, username: str) -> None:
    """End a grant at once."""
    revoke_access(context.person(username), context.archive, asked_id(grant), reason)
    click.echo("revoked")


@access.command("emergency")
@click.argument("record", metavar="RECORD")
@reason
@as_option
@json_option
@pass_context
def emergency_command(context: Context, record: str, reason: str, username: str, as_json: bool) -> None:
    """Break the glass: see one record now; its office and the auditors are alerted."""
    made = take_in_emergency(context.person(username), context.archive, asked_id(record), reason)
    print_made("grant", made, as_json, "granted")


@access.command("review")
@click.argument("grant", metavar="GRANT")
@click.option("--finding", required=True, help="What came out.")
@as_option
@pass_context
def review_command(context: Context, grant: str, finding: str, username: str) -> None:
    """Say what came out about access that was taken in an emergency."""
    review_emergency(context.person(username), context.archive, asked_id(grant), finding)
    click.echo("reviewed")


@access.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """List the person's own requests and grants, and those that the person answers for."""
    desk = access_desk(context.person(username), context.archive)
    if as_json:
        print_json(asdict(desk))
        return
    print_table(
        ("who", "office", "mode", "until", "state", "id"),
        [
            *(
                (one.user, one.office, one.mode, one.until, one.state, one.id)
                for one in (*desk.waiting, *desk.requests)
            ),
            *(
                (one.user, one.office, one.mode, one.until.date(), "stands" if one.stands else "over", one.id)
                for one in dict.fromkeys((*desk.given, *desk.grants))
            ),
        ],
    )


@access.command("uses")
@click.argument("grant", metavar="GRANT")
@as_option
@json_option
@pass_context
def uses_command(context: Context, grant: str, username: str, as_json: bool) -> None:
    """Show from the audit trail how a grant was used."""
    found = uses_of(context.person(username), context.archive, asked_id(grant))
    if as_json:
        print_json({"uses": [asdict(one) for one in found]})
        return
    print_table(("at", "what", "record", ""), ((one.at, one.action, one.record, one.outcome) for one in found))


COMMANDS = (access,)
