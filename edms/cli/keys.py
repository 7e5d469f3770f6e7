"""Commands about keys: what outsiders need, what is in use, changing the key, changing the passphrase."""

import sys
from typing import Any

import click

from edms.bootstrap import encrypt_database
from edms.cli.context import (
    Context,
    ask_secretly,
    json_option,
    pass_context,
    print_json,
    print_table,
    progress_bar,
)
from edms.core.unlock import Unlock
from edms.records.evidence import public_keys
from edms.records.keys import key_status, rotate, set_passphrase


@click.group()
def keys() -> None:
    """Keys of the archive."""


@keys.command()
@pass_context
def public(context: Context) -> None:
    """Print what an outsider needs to check us, as PEM."""
    click.echo(public_keys(context.archive), nl=False)


@keys.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Show the key in use, what each of its epochs still wraps, and the named secrets (names only)."""
    found = key_status(context.console(), context.archive)
    if as_json:
        print_json(found)
        return
    print_table(("what", "value"), [(name, _plain(found[name])) for name in ("provider", "key", "epoch", "secrets")])
    click.echo()
    columns = ("epoch", "state", "held", "blobs", "secrets")
    print_table(columns, [tuple(_plain(row[column]) for column in columns) for row in found["epochs"]])
    if found["rotation"]:
        click.echo("\na rotation was interrupted: edms keys rotate finishes it")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


@keys.command("rotate")
@click.option(
    "--destroy-old",
    is_flag=True,
    help="Destroy the old keys at the end: copies of the database made before then open nothing.",
)
@json_option
@pass_context
def rotate_command(context: Context, destroy_old: bool, as_json: bool) -> None:
    """Make a new key-encryption key and wrap every data key under it; beside a running service, safe to repeat.

    Stored files are not rewritten. A rotation that was interrupted is finished instead of beginning another.
    """
    report = rotate(context.console(), context.archive, destroy_old=destroy_old, progress=progress_bar("keys"))
    if as_json:
        print_json(report.as_dict())
        return
    done = "finished the interrupted rotation" if report.resumed else "rotated"
    click.echo(
        f"{done}: epoch {report.from_epoch} -> {report.to_epoch}, {report.blobs} data keys and"
        f" {report.secrets} secrets wrapped anew, old keys {'destroyed' if report.destroyed else 'kept'}"
    )
    if report.destroyed:
        click.echo(
            "Make a backup now: older backups of the database open nothing without old copies of the key folder."
        )


@keys.command()
@click.option("--new", metavar="SOURCE", help="fd:N or file:PATH with the new passphrase; default: asked for twice.")
@pass_context
def passphrase(context: Context, new: str | None) -> None:
    """Set or change the passphrase of the key file. The keys stay the same."""
    source = Unlock(new) if new else Unlock("auto", ask_secretly if sys.stdin.isatty() else None, environment={})
    set_passphrase(context.console(), context.archive, source)
    click.echo("The passphrase is set. Start the service anew before the next rotation of the keys.")


@click.command("encrypt-database")
@json_option
@pass_context
def encrypt_database_command(context: Context, as_json: bool) -> None:
    """Turn the plain SQLite database of an earlier version into an encrypted one. Stop the service first."""
    rows = encrypt_database(context.settings, context.console(), context.unlock)
    if as_json:
        print_json({"tables": rows})
        return
    click.echo(f"encrypted: {len(rows)} tables, {sum(rows.values())} rows, each compared")
    click.echo(
        "The plain file was overwritten and removed. Copies in backups, snapshots, a journal or the spare blocks of a"
        " flash disk are beyond reach: remove the backups, and destroy the disk when it is retired."
    )


COMMANDS = (keys, encrypt_database_command)
