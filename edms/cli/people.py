"""Commands on people and offices: who may sign in, and where they belong."""

from dataclasses import asdict
from pathlib import Path

import click

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.people import SERVICE_ROLES
from edms.cli.context import Context, json_option, pass_context, print_json, print_table
from edms.records.account_codes import reset_factors
from edms.records.account_confirmations import confirm_account, unconfirmed_accounts
from edms.records.account_sessions import sign_out_everybody, sign_out_person
from edms.records.directory_sync import bind_person, sync_directory
from edms.records.people import (
    NewPerson,
    add_office,
    add_person,
    deactivate_person,
    list_offices,
    list_people,
    new_password,
)
from edms.records.people_files import read_people_file
from edms.records.people_sync import sync_people
from edms.records.provider_bindings import bind_provider, unbind_provider
from edms.records.readmission import readmit_person
from edms.records.service_accounts import NewService, add_service, change_holder

ROLES = click.Choice([role.value for role in Role])
SERVICE = click.Choice(sorted(role.value for role in SERVICE_ROLES))
LEVELS = click.Choice([level.value for level in Level])
as_administrator = click.option(
    "--as", "administrator", metavar="USER", help="Act for this administrator; default: the console."
)


def on_behalf_of(context: Context, administrator: str | None) -> Actor:
    """The actor of a command on people: that administrator, or the console."""
    return context.person(administrator) if administrator else context.console()


def print_passwords(passwords: dict[str, str]) -> None:
    """Show new passwords, the only time that they are to be seen."""
    print_table(("user", "password"), passwords.items())
    click.echo("Shown once and kept nowhere; a new one: edms person password USER")


def _print_password(user: str, password: str, as_json: bool) -> None:
    if as_json:
        print_json({"user": user, "password": password})
    else:
        print_passwords({user: password})


@click.group()
def person() -> None:
    """People who sign in."""


@person.command("add")
@click.argument("user", metavar="USER")
@click.option("--name", required=True, help="The name that is shown.")
@click.option("--role", "roles", type=ROLES, multiple=True, required=True, help="May be given several times.")
@click.option("--office", metavar="CODE", help="The office the person belongs to.")
@click.option("--clearance", type=LEVELS, default=Level.RESTRICTED.value, show_default=True)
@click.option("--head", is_flag=True, help="Heads the office, so sees the offices below it too.")
@as_administrator
@json_option
@pass_context
def add_person_command(
    context: Context,
    user: str,
    name: str,
    roles: tuple[str, ...],
    office: str | None,
    clearance: str,
    head: bool,
    administrator: str | None,
    as_json: bool,
) -> None:
    """Add a person; prints a random password once."""
    new = NewPerson(user, name, office, tuple(Role(role) for role in dict.fromkeys(roles)), Level(clearance), head)
    _print_password(user, add_person(on_behalf_of(context, administrator), context.archive, new), as_json)


@person.command("add-service")
@click.argument("user", metavar="USER")
@click.option("--name", required=True, help="The name that is shown.")
@click.option("--holder", metavar="USER", required=True, help="The person who answers for it.")
@click.option("--role", "roles", type=SERVICE, multiple=True, required=True, help="May be given several times.")
@click.option("--office", metavar="CODE", help="The office it works for.")
@click.option("--clearance", type=LEVELS, default=Level.OPEN.value, show_default=True)
@as_administrator
@pass_context
def add_service_command(
    context: Context, user: str, name: str, holder: str, roles: tuple[str, ...], office: str | None, clearance: str,
    administrator: str | None,
) -> None:  # fmt: skip
    """Add a service account for a program: it has tokens and no password, and stops when its holder leaves."""
    given = tuple(Role(role) for role in dict.fromkeys(roles))
    wanted = NewService(user, name, office, given, Level(clearance), holder)
    add_service(on_behalf_of(context, administrator), context.archive, wanted)
    click.echo(f"{user} is a service account of {holder}; a token for it: edms token create --account {user}")


@person.command("change-holder")
@click.argument("user", metavar="USER")
@click.option("--holder", metavar="USER", required=True, help="The person who answers for it from now on.")
@as_administrator
@pass_context
def change_holder_command(context: Context, user: str, holder: str, administrator: str | None) -> None:
    """Let somebody else answer for a service account."""
    change_holder(on_behalf_of(context, administrator), context.archive, user, holder)
    click.echo(f"{holder} answers for {user}")


@person.command("password")
@click.argument("user", metavar="USER")
@as_administrator
@json_option
@pass_context
def password_command(context: Context, user: str, administrator: str | None, as_json: bool) -> None:
    """Give a person a new random password, printed once; ends that person's sessions."""
    _print_password(user, new_password(on_behalf_of(context, administrator), context.archive, user), as_json)


@person.command("reset-second-factor")
@click.argument("user", metavar="USER")
@as_administrator
@pass_context
def reset_second_factor_command(context: Context, user: str, administrator: str | None) -> None:
    """Forget the second factors of somebody who has lost them; ends that person's sessions."""
    reset_factors(on_behalf_of(context, administrator), context.archive, user)
    click.echo(f"{user} signs in with the password alone, until a second factor is set up again")


@person.command("bind-provider")
@click.argument("user", metavar="USER")
@click.argument("subject", metavar="SUBJECT")
@as_administrator
@pass_context
def bind_provider_command(context: Context, user: str, subject: str, administrator: str | None) -> None:
    """Let the account SUBJECT (its `sub`) at the sign-in provider be this person's."""
    bind_provider(on_behalf_of(context, administrator), context.archive, user, subject)
    click.echo(f"{user} signs in by that account at {context.archive.settings.oidc.issuer}")


@person.command("unbind-provider")
@click.argument("user", metavar="USER")
@as_administrator
@pass_context
def unbind_provider_command(context: Context, user: str, administrator: str | None) -> None:
    """Let nobody in as this person by the sign-in provider; ends the sessions that came by it."""
    unbind_provider(on_behalf_of(context, administrator), context.archive, user)
    click.echo(f"{user} no longer signs in by the provider")


@person.command("sign-out")
@click.argument("user", metavar="USER", required=False)
@click.option("--everybody", is_flag=True, help="All people, after a theft or before work on the system.")
@as_administrator
@pass_context
def sign_out_command(context: Context, user: str | None, everybody: bool, administrator: str | None) -> None:
    """End every session of a person, or of everybody; all can sign in anew."""
    if (user is None) is not everybody:
        raise click.UsageError("name a person, or say --everybody")
    if user is None:
        click.echo(f"{sign_out_everybody(on_behalf_of(context, administrator), context.archive)} sessions ended")
        return
    sign_out_person(on_behalf_of(context, administrator), context.archive, user)
    click.echo(f"{user} is signed out everywhere")


@person.command("deactivate")
@click.argument("user", metavar="USER")
@as_administrator
@pass_context
def deactivate_command(context: Context, user: str, administrator: str | None) -> None:
    """Let somebody in no more; what that person did stays in the audit trail."""
    deactivate_person(on_behalf_of(context, administrator), context.archive, user)
    click.echo(f"{user} can no longer sign in")


@person.command("readmit")
@click.argument("user", metavar="USER")
@as_administrator
@json_option
@pass_context
def readmit_command(context: Context, user: str, administrator: str | None, as_json: bool) -> None:
    """Let somebody in again who was deactivated or has retired, or take a retirement to come back."""
    password = readmit_person(on_behalf_of(context, administrator), context.archive, user)
    if as_json or password:
        _print_password(user, password, as_json)
    else:
        click.echo(f"{user} is in service again, without a last day")


@person.command("confirm")
@click.argument("user", metavar="USER", required=False)
@click.option("--as", "username", required=True, metavar="USER", help="A records officer or an auditor.")
@json_option
@pass_context
def confirm_command(context: Context, user: str | None, username: str, as_json: bool) -> None:
    """Say that the account of USER is in that person's hands; without USER list the accounts that wait for it."""
    who = context.person(username)
    if user is not None:
        confirm_account(who, context.archive, user)
        click.echo(f"{user} reaches what that person may see")
        return
    waiting = unconfirmed_accounts(who, context.archive)
    if as_json:
        print_json([{"user": one.user, "cause": one.cause, "by": one.made_by, "at": one.made_at.isoformat(),
                     "ready": one.ready} for one in waiting])  # fmt: skip
    else:
        rows = [(one.user, one.cause, one.made_by, one.made_at, one.ready) for one in waiting]
        print_table(("user", "cause", "by", "at", "ready"), rows)


@person.command("list")
@as_administrator
@json_option
@pass_context
def list_people_command(context: Context, administrator: str | None, as_json: bool) -> None:
    """List everybody, those who left too."""
    found = list_people(on_behalf_of(context, administrator), context.archive)
    if as_json:
        print_json({"people": [asdict(line) for line in found]})
        return
    print_table(
        ("user", "name", "office", "roles", "clearance", "holder", ""),
        (
            (line.user, line.name, line.office or "-", ",".join(line.roles), line.clearance, line.holder or "",
             "" if line.active else "left")
            for line in found
        ),
    )  # fmt: skip


@click.group()
def office() -> None:
    """Offices of the city, a tree."""


@office.command("add")
@click.argument("code", metavar="CODE")
@click.option("--name", required=True)
@click.option("--parent", metavar="CODE", help="The office above.")
@as_administrator
@json_option
@pass_context
def add_office_command(
    context: Context, code: str, name: str, parent: str | None, administrator: str | None, as_json: bool
) -> None:
    """Add an office."""
    made = add_office(on_behalf_of(context, administrator), context.archive, code, name, parent)
    if as_json:
        print_json({"office": code, "id": str(made)})
    else:
        click.echo(f"office {code} added")


@office.command("list")
@as_administrator
@json_option
@pass_context
def list_offices_command(context: Context, administrator: str | None, as_json: bool) -> None:
    """List the offices."""
    found = list_offices(on_behalf_of(context, administrator), context.archive)
    if as_json:
        print_json({"offices": [{"code": code, "name": name, "parent": parent} for code, name, parent in found]})
    else:
        print_table(("code", "name", "above"), ((code, name, parent or "-") for code, name, parent in found))


@click.group()
def people() -> None:
    """Offices and people from a list."""


@people.command("sync")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--complete", is_flag=True, help="The list is of everybody: who is not in it is deactivated.")
@as_administrator
@json_option
@pass_context
def sync_command(
    context: Context, file: Path, dry_run: bool, complete: bool, administrator: str | None, as_json: bool
) -> None:
    """Add, change and deactivate offices and people as FILE (CSV or JSON) says; nobody is deleted."""
    wanted = read_people_file(file)
    actor = on_behalf_of(context, administrator)
    plan = sync_people(actor, context.archive, wanted, complete=complete, dry_run=dry_run)
    if as_json:
        print_json({"done": not dry_run, "steps": [{"step": step, "id": name} for step, name in plan.steps]})
    else:
        print_table(("would do" if dry_run else "done", ""), plan.steps)
    if plan.added and not dry_run:
        click.echo("New people sign in once they have a password: edms person password USER", err=True)


@people.command("sync-ldap")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option(
    "--complete", is_flag=True, help="Who is no longer in the directory, or in no group that counts, is let out."
)
@as_administrator
@json_option
@pass_context
def sync_ldap_command(
    context: Context, dry_run: bool, complete: bool, administrator: str | None, as_json: bool
) -> None:
    """Add, change and deactivate offices and people as the directory of [ldap] says; nobody is deleted."""
    actor = on_behalf_of(context, administrator)
    done = sync_directory(actor, context.archive, complete=complete, dry_run=dry_run)
    if as_json:
        steps = [{"step": step, "id": name} for step, name in done.plan.steps]
        left_out = [{"user": user, "why": str(why)} for user, why in done.left_out]
        print_json({"done": not dry_run, "steps": steps, "left_out": left_out})
        return
    print_table(("would do" if dry_run else "done", ""), done.plan.steps)
    if done.left_out:
        print_table(("left as it is", "why"), done.left_out)


@person.command("bind")
@click.argument("user", metavar="USER")
@click.option("--entry", "there", metavar="NAME", default="", help="The name in the directory, where it is another.")
@as_administrator
@pass_context
def bind_command(context: Context, user: str, there: str, administrator: str | None) -> None:
    """Bind a person to an entry of the directory, which keeps the password from then on; ends the person's sessions."""
    bind_person(on_behalf_of(context, administrator), context.archive, user, there)
    click.echo(f"{user} signs in with the password of the directory")


COMMANDS = (person, office, people)
