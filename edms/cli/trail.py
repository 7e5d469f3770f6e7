"""Commands on the audit trail: its events, checkpoints, proofs, the trail as files, witnesses."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from edms.access.actors import Actor
from edms.cli.context import Context, as_option, json_option, pass_context, print_json, print_table
from edms.records.disclosures import MOST_ENTRIES, TrailQuestion, asked_before, trail_entries
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


@audit.command()
@click.option("--record", "record_id", metavar="ID", type=click.UUID, help="Events of this record.")
@click.option("--by", "by", metavar="USER", help="Events of this person, also at the console.")
@click.option("--action", metavar="NAME", default="", help="Events of this name, as record:download.")
@click.option("--since", type=click.DateTime(), help="Events from this time on (UTC).")
@click.option("--disclosures", is_flag=True, help="Only what was shown to somebody, or refused.")
@click.option(
    "--limit", type=click.IntRange(1, MOST_ENTRIES), default=100, show_default=True, help="The newest so many."
)
@as_option
@json_option
@pass_context
def log(
    context: Context,
    record_id: UUID | None,
    by: str | None,
    action: str,
    since: datetime | None,
    disclosures: bool,
    limit: int,
    username: str,
    as_json: bool,
) -> None:
    """Tell events of the trail, oldest first: who did what, who was shown what. Asking is an event, too."""
    asker = context.person(username)
    whose = context.person(by).id if by else ""
    since = since.replace(tzinfo=UTC) if since else None
    question = TrailQuestion(record_id, whose, action, since, disclosures, limit)
    _print_leaves(trail_entries(asker, context.archive, question), as_json)


@audit.command()
@click.argument("query")
@as_option
@json_option
@pass_context
def asked(context: Context, query: str, username: str, as_json: bool) -> None:
    """Tell who searched for just these words, and when. The trail holds a keyed digest of them alone."""
    _print_leaves(asked_before(context.person(username), context.archive, query), as_json)


def _print_leaves(leaves: list[dict[str, Any]], as_json: bool) -> None:
    """One line for each leaf: JSON, or columns."""
    if as_json:
        for leaf in leaves:
            print_json(leaf)
        return
    columns = ("index", "at", "action", "outcome", "who", "subject", "details")
    print_table(columns, ((
        leaf["index"], leaf["at"], leaf["action"], leaf["outcome"], leaf["actor"]["name"],
        f"{leaf['subject']['kind']} {leaf['subject']['id']}".strip(), json.dumps(leaf["details"]),
    ) for leaf in leaves))  # fmt: skip


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
