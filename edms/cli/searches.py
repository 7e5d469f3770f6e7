"""Commands on the searches that a person keeps."""

import click

from edms.cli.context import Context, as_option, asked_id, json_option, pass_context, print_json, print_table
from edms.records.questions import KeptQuestion
from edms.records.saved_searches import drop_saved_search, save_search, saved_searches


@click.group("saved-search")
def saved_search() -> None:
    """Searches that a person keeps under a name, and what is new in them."""


@saved_search.command("list")
@as_option
@json_option
@pass_context
def list_saved(context: Context, username: str, as_json: bool) -> None:
    """Print what that person keeps, and how much is new in what is watched."""
    lines = saved_searches(context.person(username), context.archive)
    if as_json:
        print_json(
            [
                {
                    "id": str(line.id),
                    "name": line.name,
                    "question": line.question.as_dict(),
                    "watched": line.watched,
                    "too_many": line.too_many,
                    "new": line.fresh_count,
                    "newest": [{"record": str(one.id), "title": one.title} for one in line.fresh],
                }
                for line in lines
            ]
        )
        return
    told = ((line.id, line.name, line.question.text, "yes" if line.watched else "", line.fresh_count) for line in lines)
    print_table(("id", "name", "query", "watched", "new"), told)


@saved_search.command("add")
@click.argument("name")
@click.argument("query")
@as_option
@click.option("--watch", is_flag=True, help="Tell the person what is new in it.")
@pass_context
def add(context: Context, name: str, query: str, username: str, watch: bool) -> None:
    """Keep QUERY under NAME for that person."""
    question = KeptQuestion(" ".join(query.split()))
    click.echo(str(save_search(context.person(username), context.archive, name, question, watched=watch)))


@saved_search.command("remove")
@click.argument("search_id", metavar="ID")
@as_option
@pass_context
def remove(context: Context, search_id: str, username: str) -> None:
    """Keep a search no more."""
    drop_saved_search(context.person(username), context.archive, asked_id(search_id))


COMMANDS = (saved_search,)
