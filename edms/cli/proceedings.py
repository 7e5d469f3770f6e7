"""Commands on transfers to inactive custody, reviews and hand-overs."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from edms.access.levels import Level
from edms.cli.context import (
    DAY,
    Context,
    as_option,
    asked_id,
    echo_dossier,
    json_option,
    office_asked,
    pass_context,
    print_json,
    print_made,
    print_table,
    reason_option,
)
from edms.cli.parts import to_file
from edms.cli.removals import REMOVAL_COMMANDS
from edms.core.errors import NotFound, Refused
from edms.exchange.drafts import draft_proceeding_paper
from edms.exchange.drawing import ask_for_signatures, draw_up
from edms.exchange.handing_over import (
    Approval,
    HandoverDecision,
    approve_handover,
    assess_handover,
    decide_handover,
)
from edms.exchange.sending import close_handover, package_to_file, receive_receipt, send_handover
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.records.people import office_by_code
from edms.records.proceedings import NewProceeding, add_items, cancel_proceeding, exclude_item, open_proceeding
from edms.records.proceedings_views import (
    Kind,
    ProceedingView,
    due_records,
    list_proceedings,
    show_proceeding,
)
from edms.records.reviewing import Panel, assess_review, decide_review, findings_from

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_id = click.argument("proceeding", metavar="ID")


@click.group()
def transfer() -> None:
    """Pemindahan: to the unit kearsipan when active retention has ended (R43)."""


@click.group()
def review() -> None:
    """Penilaian kembali: what the schedule leaves to people, decided for each record (R31, R75)."""


@click.group()
def handover() -> None:
    """Penyerahan arsip statis: to the archival institution, kept until its receipt fits (R44, R45, R82)."""


def _common(group: click.Group, kind: Kind) -> None:
    """The commands that all three have."""

    @group.command("open")
    @as_option
    @click.option("--title", required=True, help="What it is about.")
    @click.option("--office", default=None, help="Whose records; default: the person's own office.")
    @click.option("--to", default=None, help="The unit kearsipan that takes custody (transfer alone).")
    @click.option(
        "--level", type=click.Choice([str(one) for one in Level]), default=str(Level.OPEN), help="The highest."
    )
    @click.option("--class", "class_code", default=None, help="Classification of its papers.")
    @json_option
    @pass_context
    def open_one(
        context: Context, username: str, title: str, office: str | None, to: str | None, level: str,
        class_code: str | None, as_json: bool,
    ) -> None:  # fmt: skip
        """Open a draft."""
        actor = context.person(username)
        to_office = office_by_code(context.archive, to) if to else None
        told = NewProceeding(kind, office_asked(context, actor, office), Level(level), title, class_code, to_office)
        print_made(str(kind), open_proceeding(actor, context.archive, told), as_json, "opened")

    @group.command("due")
    @_id
    @as_option
    @json_option
    @pass_context
    def due(context: Context, proceeding: str, username: str, as_json: bool) -> None:
        """What could be put into a draft, oldest due first."""
        found = due_records(context.person(username), context.archive, asked_id(proceeding))
        rows = [(one.record, one.class_code, one.due_on, one.title) for one in found]
        if as_json:
            print_json(
                [{"record": str(one.record), "class": one.class_code, "due_on": str(one.due_on)} for one in found]
            )
        else:
            print_table(("record", "class", "due on", "title"), rows)

    @group.command("add")
    @_id
    @click.argument("records", nargs=-1, required=True)
    @as_option
    @pass_context
    def add(context: Context, proceeding: str, records: tuple[str, ...], username: str) -> None:
        """Put records into a draft, all or none."""
        ids = [asked_id(one) for one in records]
        click.echo(add_items(context.person(username), context.archive, asked_id(proceeding), ids))

    @group.command("exclude")
    @_id
    @click.argument("record")
    @as_option
    @reason_option
    @pass_context
    def exclude(context: Context, proceeding: str, record: str, username: str, reason: str) -> None:
        """Take a record out, with a reason."""
        actor, wanted = context.person(username), asked_id(record)
        view = show_proceeding(actor, context.archive, asked_id(proceeding), kind)
        found = [item.id for item in view.items if item.record == wanted and item.state == "listed"]
        if not found:
            raise NotFound()
        exclude_item(actor, context.archive, found[0], reason)


def _ending(group: click.Group, kind: Kind) -> None:
    """Giving up, and looking."""

    @group.command("cancel")
    @_id
    @as_option
    @reason_option
    @pass_context
    def cancel(context: Context, proceeding: str, username: str, reason: str) -> None:
        """Give it up; its records are free."""
        cancel_proceeding(context.person(username), context.archive, asked_id(proceeding), reason)

    @group.command("show")
    @_id
    @as_option
    @json_option
    @pass_context
    def show(context: Context, proceeding: str, username: str, as_json: bool) -> None:
        """Where it stands, who did what, and what is in it."""
        _shown(show_proceeding(context.person(username), context.archive, asked_id(proceeding), kind), as_json)

    @group.command("list")
    @as_option
    @json_option
    @pass_context
    def listed(context: Context, username: str, as_json: bool) -> None:
        """Those that this person may see, the newest first."""
        found = list_proceedings(context.person(username), context.archive, kind)
        if as_json:
            print_json([one.as_dict() for one in found])
        else:
            rows = [(one.id, one.stage, one.since.date(), ", ".join(one.waits_for), one.title) for one in found]
            print_table(("id", "stage", "since", "waits for", "title"), rows)


def _with_papers(group: click.Group) -> None:
    """The command of all that draw up papers."""

    @group.command("draw-up")
    @_id
    @as_option
    @pass_context
    def drawn(context: Context, proceeding: str, username: str) -> None:
        """Draw up the papers that are not there yet."""
        draw_up(context.person(username), context.archive, asked_id(proceeding))

    @group.command("draft")
    @_id
    @click.argument("paper", metavar="PAPER")
    @as_option
    @click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
    @pass_context
    def draft(context: Context, proceeding: str, paper: str, username: str, output: Path) -> None:
        """Write a paper that is drawn up as a draft to edit (DOCX). PAPER: as `show --json` names it."""
        made = draft_proceeding_paper(context.person(username), context.archive, asked_id(proceeding), paper)
        to_file(output, [made.content])


def _signed(group: click.Group) -> None:
    """The command of those whose papers are signed."""

    @group.command("ask")
    @_id
    @as_option
    @pass_context
    def ask(context: Context, proceeding: str, username: str) -> None:
        """Put the papers before those who sign them."""
        for request in ask_for_signatures(context.person(username), context.archive, asked_id(proceeding)):
            click.echo(str(request))


for _group, _kind in ((transfer, Kind.TRANSFER), (review, Kind.REVIEW), (handover, Kind.HANDOVER)):
    _common(_group, _kind)
    _ending(_group, _kind)
    _with_papers(_group)
_signed(transfer)
_signed(handover)


def _shown(view: ProceedingView, as_json: bool) -> None:
    if as_json:
        print_json(view.as_dict())
        return
    waits = f", waits for {', '.join(view.waits_for)}" if view.waits_for else ""
    click.echo(f"{view.title}: {view.stage} since {view.since:%Y-%m-%d}{waits}")
    echo_dossier(view.dossier)
    for one in view.steps:
        click.echo(f"  {one.at:%Y-%m-%d %H:%M} {one.act} by {one.by}")
    rows = [
        (one.number, one.record, one.state, one.reason or ", ".join(one.obstacles), one.title) for one in view.items
    ]
    print_table(("no", "record", "state", "why", "title"), rows)


def panel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is said of a panel."""
    for option in (
        click.option("--decree", required=True, help="By which the panel was named."),
        click.option("--member", "members", multiple=True, required=True, help="A member; at least two."),
        click.option("--opinion", required=True, help="What the panel says."),
        click.option("--minutes", default="", help="Number of the minutes of its meeting."),
    ):
        command = option(command)
    return command


@transfer.command("freeze")
@_id
@as_option
@click.option("--number", required=True, help="Number of the berita acara.")
@click.option("--head", required=True, help="User name of the head of the unit pengolah, who signs first.")
@click.option("--archive-head", required=True, help="User name of the head of the unit kearsipan.")
@pass_context
def freeze(context: Context, proceeding: str, username: str, number: str, head: str, archive_head: str) -> None:
    """Freeze the list and draw its papers up."""
    list_transfer(context.person(username), context.archive, asked_id(proceeding), number, head, archive_head)


@transfer.command("receive")
@_id
@as_option
@pass_context
def receive(context: Context, proceeding: str, username: str) -> None:
    """Take custody, once both heads have signed."""
    click.echo(receive_transfer(context.person(username), context.archive, asked_id(proceeding)))


@review.command("assess")
@_id
@as_option
@panel_options
@click.option("--findings", type=_FILE, required=True, help="JSON: record id to {choice, reason, years, fate, folder}.")
@pass_context
def assess(context: Context, /, proceeding: str, username: str, findings: Path, **panel: Any) -> None:
    """Write down what the panel proposes for each record."""
    actor, made = context.person(username), asked_id(proceeding)
    view = show_proceeding(actor, context.archive, made, Kind.REVIEW)
    items = {str(item.record): item.id for item in view.items}
    try:
        told = json.loads(findings.read_text("utf-8"))
    except (ValueError, OSError):
        raise Refused(f"{findings} is no JSON that can be read") from None
    assess_review(actor, context.archive, made, Panel(**panel), findings_from(told, items))


@review.command("decide")
@_id
@as_option
@reason_option
@click.option("--number", default="", help="Of the berita acara; default: that of the panel's minutes.")
@pass_context
def decide(context: Context, proceeding: str, username: str, reason: str, number: str) -> None:
    """Let what the panel proposed be the schedule of each record from today."""
    click.echo(decide_review(context.person(username), context.archive, asked_id(proceeding), reason, number))


@handover.command("assess")
@_id
@as_option
@panel_options
@click.option("--looked-at", is_flag=True, help="The records themselves were looked at.")
@pass_context
def assess_for_handover(context: Context, /, proceeding: str, username: str, looked_at: bool, **panel: Any) -> None:
    """Write down the committee's opinion."""
    assess_handover(context.person(username), context.archive, asked_id(proceeding), Panel(**panel), looked_at)


@handover.command("approve")
@_id
@as_option
@click.option("--letter", required=True, help="Number of the institution's letter.")
@click.option("--on", type=DAY, required=True, help="Its day.")
@click.option("--receiver", required=True, help="Name of the institution.")
@click.option("--keys", type=_FILE, required=True, help="PEM of the certificates that its receipts are signed under.")
@pass_context
def approve(
    context: Context, proceeding: str, username: str, letter: str, on: datetime, receiver: str, keys: Path
) -> None:
    """Write down the approval of the archival institution, and its keys."""
    told = Approval(letter, on.date(), receiver, keys.read_text("utf-8", "replace"))
    approve_handover(context.person(username), context.archive, asked_id(proceeding), told)


@handover.command("decide")
@_id
@as_option
@click.option("--number", required=True, help="Number of the decree.")
@click.option("--on", type=DAY, required=True, help="Its day.")
@click.option("--head", required=True, help="User name of the head who signs the papers.")
@pass_context
def decide_on_handover(context: Context, proceeding: str, username: str, number: str, on: datetime, head: str) -> None:
    """Decide what is handed over; the list is frozen."""
    told = HandoverDecision(number, on.date(), head)
    decide_handover(context.person(username), context.archive, asked_id(proceeding), told)


@handover.command("package")
@_id
@as_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where it goes.")
@pass_context
def package(context: Context, proceeding: str, username: str, output: Path) -> None:
    """Write the package; prints the SHA-256 that stands for it."""
    click.echo(package_to_file(context.person(username), context.archive, asked_id(proceeding), output))


@handover.command("send")
@_id
@as_option
@click.option("--how", required=True, help="How it was sent, and to whom.")
@pass_context
def send(context: Context, proceeding: str, username: str, how: str) -> None:
    """Say that the package has left."""
    send_handover(context.person(username), context.archive, asked_id(proceeding), how)


@handover.command("receipt")
@_id
@click.argument("receipt", type=_FILE)
@click.argument("signature", type=_FILE)
@as_option
@pass_context
def take_receipt(context: Context, proceeding: str, receipt: Path, signature: Path, username: str) -> None:
    """Take the receiver's receipt and its detached signature. Exits 2 when it is not for what was sent."""
    told = receive_receipt(
        context.person(username), context.archive, asked_id(proceeding), receipt.read_bytes(), signature.read_bytes()
    )
    click.echo(
        f"{told.reference}: {sum(one.verdict == 'accepted' for one in told.records)} of {len(told.records)} taken"
    )


@handover.command("close")
@_id
@as_option
@click.option("--note", default="", help="What is to be remembered.")
@pass_context
def close(context: Context, proceeding: str, username: str, note: str) -> None:
    """Close it; the records have their reference, their content is kept until its removal is ordered."""
    close_handover(context.person(username), context.archive, asked_id(proceeding), note)


for _command in REMOVAL_COMMANDS:
    handover.add_command(_command)

COMMANDS = (transfer, review, handover)
