"""Commands on API tokens: made, listed, revoked."""

import click

from edms.access.token_scopes import TokenScope
from edms.cli.context import Context, ask_secretly, asked_id, json_option, pass_context, print_json, print_table
from edms.cli.people import on_behalf_of
from edms.core.secret import Secret
from edms.records.tokens import (
    MadeToken,
    NewToken,
    account_tokens,
    create_service_token,
    create_token_by_password,
    own_tokens,
    revoke_token,
)

SCOPES = click.Choice([scope.value for scope in TokenScope])


@click.group()
def token() -> None:
    """API tokens: with one a program comes in the place of a person, with less than the person may."""


@token.command("create")
@click.argument("name", metavar="NAME")
@click.option("--scope", "scopes", type=SCOPES, multiple=True, required=True, help="May be given several times.")
@click.option("--office", metavar="CODE", default="", help="The only office it reaches; default: all of the person.")
@click.option("--days", type=click.IntRange(1), default=90, show_default=True)
@click.option("--account", metavar="USER", help="For this service account; --as then names an administrator.")
@click.option("--as", "username", metavar="USER", help="Act for this person; default: the console.")
@json_option
@pass_context
def create_command(
    context: Context, name: str, scopes: tuple[str, ...], office: str, days: int, account: str | None,
    username: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a token and print it, once. For a person (--as) the person's password is asked for."""
    wanted = NewToken(name, tuple(TokenScope(one) for one in scopes), office, days)
    if account:
        made = create_service_token(on_behalf_of(context, username), context.archive, account, wanted)
    elif username:
        password = Secret(ask_secretly(f"password of {username}"))
        made = create_token_by_password(context.person(username), context.archive, wanted, password)
    else:
        raise click.UsageError("say for whom: --as USER, or --account USER for a service account")
    _print_made(made, as_json)


def _print_made(made: MadeToken, as_json: bool) -> None:
    if as_json:
        print_json({"token": str(made.id), "name": made.name, "secret": made.secret.reveal(),
                    "expires_at": made.expires_at.isoformat()})  # fmt: skip
    else:
        click.echo(made.secret.reveal())
        click.echo(f"Shown once and kept nowhere. It ends on {made.expires_at:%Y-%m-%d}; id {made.id}", err=True)


@token.command("list")
@click.option("--own", "username", metavar="USER", help="The tokens of this person; default: of everybody.")
@click.option("--as", "administrator", metavar="USER", help="Act for this administrator; default: the console.")
@json_option
@pass_context
def list_command(context: Context, username: str | None, administrator: str | None, as_json: bool) -> None:
    """List tokens with their holders, their ends and their last use; never their secrets."""
    if username:
        found = own_tokens(context.person(username), context.archive)
    else:
        found = account_tokens(on_behalf_of(context, administrator), context.archive)
    if as_json:
        print_json({"tokens": [one.as_dict() for one in found]})
        return
    print_table(
        ("token", "account", "holder", "name", "may", "office", "ends", "last use", ""),
        (
            (one.id, one.account, one.holder or "-", one.name, ",".join(one.scopes), one.office or "-",
             f"{one.expires_at:%Y-%m-%d}", f"{one.last_used_at:%Y-%m-%d}" if one.last_used_at else "-",
             "" if one.counts else "revoked" if one.revoked_at else "does not count")
            for one in found
        ),
    )  # fmt: skip


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.option("--as", "administrator", metavar="USER", help="Act for this administrator; default: the console.")
@pass_context
def revoke_command(context: Context, token_id: str, administrator: str | None) -> None:
    """Take a token no more, from the next request on."""
    revoke_token(on_behalf_of(context, administrator), context.archive, asked_id(token_id))
    click.echo(f"token {token_id} is revoked")


COMMANDS = (token,)
