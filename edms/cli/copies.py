"""Commands on numbered copies: whose copy of a record it was that turned up somewhere."""

import click

from edms.cli.context import Context, as_option, asked_id, json_option, pass_context, print_json, print_table
from edms.records.copies import trace_copies


@click.group()
def copies() -> None:
    """Copies of records above "open" that were handed out, each with a number."""


@copies.command()
@click.argument("record", metavar="ID")
@click.argument("number", required=False, type=click.IntRange(1, 2**31 - 1))
@as_option
@json_option
@pass_context
def trace(context: Context, record: str, number: int | None, username: str, as_json: bool) -> None:
    """Say who was given copy NUMBER of a record, when and of what; without a number, every copy."""
    found = trace_copies(context.person(username), context.archive, asked_id(record), number)
    if as_json:
        print_json([one.as_dict() for one in found])
        return
    columns = ("number", "at", "person", "kind", "what", "level")
    print_table(columns, [tuple(one.as_dict()[name] for name in columns) for one in found])


COMMANDS = (copies,)
