"""`edms retention mail`: lists of retention that come by mail, to each reader what that one may see."""

import sys
from datetime import datetime

import click

from edms.cli.context import DAY, Context, as_option, json_option, pass_context, print_json, print_table
from edms.core.errors import NotFound, Refused
from edms.core.ids import parse_id
from edms.records.report_lists import ListName
from edms.records.report_mailings import EVERY, NewMailing, add_mailing, end_mailing, list_mailings, send_due
from edms.records.sheets import Form


@click.group("mail")
def mail() -> None:
    """Lists that come by mail, weekly or monthly."""


@mail.command("add")
@click.argument("name", metavar="REPORT", type=click.Choice([name.value for name in ListName]))
@click.option("--title", required=True)
@click.option("--to", "recipients", multiple=True, required=True, metavar="USER=ADDRESS", help="May be given again.")
@click.option("--every", type=click.Choice(sorted(EVERY)), default="monthly", show_default=True)
@click.option("--office", default="", help="Only this office (code).")
@click.option("--attach", "form", default="", type=click.Choice(["", *(form.value for form in Form)]))
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option("--first", type=DAY, help="When the first one is sent; default today.")
@as_option
@pass_context
def add(
    context: Context,
    name: str,
    title: str,
    recipients: tuple[str, ...],
    every: str,
    office: str,
    form: str,
    language: str,
    first: datetime | None,
    username: str,
) -> None:
    """Have a list mailed to people of the archive."""
    pairs = tuple(_recipient(one) for one in recipients)
    day = first.date() if first else None
    new = NewMailing(title, ListName(name), pairs, every, office, form, language, day)
    click.echo(str(add_mailing(context.person(username), context.archive, new)))


def _recipient(text: str) -> tuple[str, str]:
    username, equals, address = text.partition("=")
    if not equals:
        raise Refused(f"{text[:80]!r} is no recipient", "written USER=ADDRESS")
    return username, address


@mail.command("list")
@as_option
@json_option
@pass_context
def listing(context: Context, username: str, as_json: bool) -> None:
    """What is mailed, when next, to whom, and what became of the last one."""
    found = list_mailings(context.person(username), context.archive)
    if as_json:
        print_json({"mailings": found})
        return
    rows = [
        (one["mailing"], one["title"], one["report"], one["every"], one["next_on"], f"{to['user']}={to['address']}",
         to["fault"] or to["sent_for"] or "-")
        for one in found
        for to in one["recipients"]
    ]  # fmt: skip
    print_table(("mailing", "title", "report", "every", "next on", "to", "last"), rows)


@mail.command("end")
@click.argument("mailing", metavar="MAILING")
@as_option
@pass_context
def end(context: Context, mailing: str, username: str) -> None:
    """Have a list mailed no more."""
    found = parse_id(mailing)
    if found is None:
        raise NotFound()
    end_mailing(context.person(username), context.archive, found)
    click.echo("ended")


@mail.command("send")
@pass_context
def send(context: Context) -> None:
    """Send now what is due, as the workers do by themselves; exits 1 where no mail server is named."""
    if not context.archive.settings.mail.host:
        click.echo("no mail server is named: set [mail] host", err=True)
        sys.exit(1)
    click.echo(f"sent {send_due(context.archive)}")
