"""Commands on proposals: what is proposed for a record, and how well an office's filing has taught."""

import click

from edms.cli.context import Context, as_option, json_option, pass_context, print_json, print_table
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.records.class_learning import learning_status
from edms.records.proposals import proposals_of


@click.group()
def proposals() -> None:
    """What is proposed for the description of records that wait."""


@proposals.command()
@click.argument("record", metavar="ID")
@as_option
@json_option
@pass_context
def show(context: Context, record: str, username: str, as_json: bool) -> None:
    """Show what is proposed for one record, the first choice of each field first, and why."""
    record_id = parse_id(record)
    if record_id is None:
        raise NotFound()
    found = proposals_of(context.person(username), context.archive, record_id)
    lines = [one for proposed in found.values() for one in proposed]
    if as_json:
        print_json([one.as_dict() for one in lines])
    else:
        print_table(
            ("field", "value", "because", "read"),
            [(one.proposal.field, one.proposal.value, one.proposal.because, one.proposal.quote) for one in lines],
        )


@proposals.command()
@as_option
@json_option
@pass_context
def status(context: Context, username: str, as_json: bool) -> None:
    """Show how well classes are suggested for each office, measured on documents that were held out."""
    found = [one.as_dict() for one in learning_status(context.person(username), context.archive)]
    if as_json:
        print_json(found)
    elif found:
        print_table(tuple(found[0]), [tuple(row.values()) for row in found])
    else:
        click.echo("nothing was learned yet: it needs filed records of two classes or more")


COMMANDS = (proposals,)
