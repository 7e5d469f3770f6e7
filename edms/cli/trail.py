"""Commands on the audit trail: checkpoints, proofs, the trail as files, witnesses."""

from pathlib import Path

import click

from edms.access.actors import Actor
from edms.cli.context import Context, as_option, json_option, pass_context, print_json
from edms.records.evidence import consistency_proof, inclusion_proof, new_checkpoint
from edms.records.publication import export_trail
from edms.records.witnessing import ask_witnesses, own_witness_key, watch

as_or_console = click.option("--as", "username", metavar="USER", help="Act for this person; default: the console.")


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@as_or_console
@json_option
@pass_context
def checkpoint(context: Context, username: str | None, as_json: bool) -> None:
    """Sign the trail as it stands now and print the checkpoint; keep it elsewhere."""
    note = new_checkpoint(_actor(context, username), context.archive)
    if as_json:
        print_json({"checkpoint": note})
    else:
        click.echo(note, nl=False)


@audit.command()
@click.option("--index", type=click.IntRange(0), help="Prove that this leaf is in the trail.")
@click.option("--from", "old_size", type=click.IntRange(0), help="Prove that the trail only grew since this size.")
@as_option
@pass_context
def prove(context: Context, index: int | None, old_size: int | None, username: str) -> None:
    """Print an inclusion or a consistency proof as JSON."""
    if (index is None) == (old_size is None):
        raise click.UsageError("name either --index or --from")
    actor = context.person(username)
    if index is not None:
        print_json(inclusion_proof(actor, context.archive, index))
    elif old_size is not None:
        print_json(consistency_proof(actor, context.archive, old_size))


@audit.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@as_or_console
@json_option
@pass_context
def export(context: Context, folder: Path, username: str | None, as_json: bool) -> None:
    """Write the trail as files that auditors' own tools read; again into the same folder, only what is new.

    Refuses, and exits 1, when the trail did not grow from the checkpoint that lies in the folder.
    """
    written = export_trail(_actor(context, username), context.archive, folder)
    if as_json:
        print_json({"size": written.size, "files": written.files, "folder": str(folder)})
    else:
        click.echo(f"{written.size} leaves in {folder}, {written.files} files written")


@audit.group()
def witness() -> None:
    """Archives that cosign each other's checkpoints."""


@witness.command()
@json_option
@pass_context
def key(context: Context, as_json: bool) -> None:
    """Print the key by which this archive cosigns others: what they put into [audit] witnesses."""
    found = own_witness_key(context.archive)
    if as_json:
        print_json({"name": found.name, "key": found.text})
    else:
        click.echo(found.text)


@witness.command("watch")
@click.argument("trail_key", metavar="KEY")
@as_or_console
@pass_context
def watch_command(context: Context, trail_key: str, username: str | None) -> None:
    """Witness the trail of another archive: KEY is what its `edms audit key` prints."""
    origin = watch(_actor(context, username), context.archive, trail_key)
    click.echo(f"watching {origin}")


@witness.command()
@json_option
@pass_context
def ask(context: Context, as_json: bool) -> None:
    """Have the newest checkpoint cosigned now by every configured witness. Exits 1 when one does not."""
    asked = ask_witnesses(context.archive)
    if as_json:
        print_json({"asked": [{"witness": one.witness, "size": one.size, "problem": one.problem} for one in asked]})
    else:
        for one in asked:
            click.echo(f"{one.witness}: " + (one.problem or f"cosigned {one.size} leaves"))
    if any(one.problem for one in asked):
        raise click.exceptions.Exit(1)


@audit.command("key")
@pass_context
def trail_key(context: Context) -> None:
    """Print the trail's own key as tools for transparency logs take it."""
    click.echo(context.archive.trail.verifier_key)


def _actor(context: Context, username: str | None) -> Actor:
    return context.person(username) if username else context.console()


COMMANDS = (audit,)
