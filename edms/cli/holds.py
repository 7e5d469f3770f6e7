"""Commands on holds: place, release, list."""

from uuid import UUID

import click

from edms.cli.context import Context, as_option, json_option, pass_context, print_json, print_table
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.records.holds import AskedScope, list_holds, place_hold, release_hold
from edms.records.holds_model import ScopeKind
from edms.records.questions import KeptQuestion
from edms.records.saved_searches import saved_question


@click.group()
def hold() -> None:
    """Holds: what stops any disposal."""


@hold.command()
@click.argument("records", nargs=-1, metavar="[ID]…")
@click.option("--title", required=True)
@click.option("--mandate", required=True, help="The letter or order that asks for it.")
@click.option("--reason", required=True)
@click.option("--folder", "folders", multiple=True, metavar="OFFICE/CODE", help="A folder, or its id; may be repeated.")
@click.option("--class", "classes", multiple=True, metavar="CODE", help="A class and all below it; may be repeated.")
@click.option("--search", "questions", multiple=True, metavar="QUESTION", help="What a search finds, now and later.")
@click.option("--saved", multiple=True, metavar="NAME", help="What one of your saved searches finds, now and later.")
@click.option("--case", "cases", multiple=True, metavar="NUMBER", help="The open case that the hold stands for.")
@as_option
@json_option
@pass_context
def place(
    context: Context,
    records: tuple[str, ...],
    title: str,
    mandate: str,
    reason: str,
    folders: tuple[str, ...],
    classes: tuple[str, ...],
    questions: tuple[str, ...],
    saved: tuple[str, ...],
    cases: tuple[str, ...],
    username: str,
    as_json: bool,
) -> None:
    """Place a hold on records, folders, classes and searches. What comes to these later falls under it."""
    actor, archive = context.person(username), context.archive
    ids = [_id(text) for text in records]
    asked = [KeptQuestion(text) for text in questions] + [saved_question(actor, archive, name) for name in saved]
    scopes = [
        *(AskedScope(ScopeKind.FOLDER, text) for text in folders),
        *(AskedScope(ScopeKind.CLASS, text) for text in classes),
        *(AskedScope(ScopeKind.QUERY, question=question) for question in asked),
        *(AskedScope(ScopeKind.CASE, text) for text in cases),
    ]
    placed = place_hold(actor, archive, ids, title, mandate, reason, scopes)
    if as_json:
        print_json({"hold": str(placed), "records": [str(one) for one in ids]})
    else:
        click.echo(str(placed))


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@as_option
@pass_context
def release(context: Context, hold_id: str, username: str) -> None:
    """Release a hold; by another person than the one who placed it."""
    release_hold(context.person(username), context.archive, _id(hold_id))
    click.echo("released")


@hold.command("list")
@click.option("--all", "released", is_flag=True, help="Also those that were released.")
@as_option
@json_option
@pass_context
def list_command(context: Context, released: bool, username: str, as_json: bool) -> None:
    """List the holds in force: who, by which mandate, since when, on what, how many records that person may see."""
    found = list_holds(context.person(username), context.archive, released=released)
    if as_json:
        print_json({"holds": [line.as_dict() for line in found]})
        return
    print_table(
        ("hold", "title", "mandate", "placed by", "since", "on", "records"),
        (
            (
                str(line.id), line.title, line.mandate, line.placed_by, f"{line.placed_at:%Y-%m-%d}",
                "; ".join(f"{kind} {words}" for kind, words in line.scopes), line.count,
            )
            for line in found
        ),
    )  # fmt: skip


def _id(text: str) -> UUID:
    found = parse_id(text)
    if found is None:
        raise NotFound()
    return found


COMMANDS = (hold,)
