"""Commands for disposal: the procedure of destruction, a step to a command, each by another person."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

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
    progress_bar,
    reason_option,
)
from edms.cli.parts import to_file
from edms.core.destruction_format import COMMITTEE_CAPACITIES, SIGNING
from edms.disposal.batches import Letter
from edms.disposal.certificate import certificate as certificate_of
from edms.disposal.closing import ask_for_signatures, close
from edms.disposal.course import Tier
from edms.disposal.destruction import (
    VERDICTS,
    Inspected,
    NewBatch,
    approve,
    assess_items,
    cancel,
    conclude,
    decide_destruction,
    exclude,
    open_batch,
    propose,
    reject,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.drafts import draft_paper
from edms.disposal.exclusions import exclusion_text
from edms.disposal.execution import Execution, carry_out, execute
from edms.disposal.papers import draw_up
from edms.disposal.views import list_batches, show_batch


def _letter_options(command: click.decorators.FC) -> click.decorators.FC:
    """Number, date and record of the letter that a step rests on."""
    for option in (
        click.option(
            "--letter", "record", required=True, metavar="RECORD", help="The record that the letter is kept as."
        ),
        click.option("--dated", type=DAY, required=True, help="Date of the letter."),
        click.option("--number", required=True, help="Number of the letter."),
    ):
        command = option(command)
    return command


@click.group()
def disposal() -> None:
    """Disposal (penyusutan): destruction by the law's procedure, each step by another person."""


@disposal.command("open")
@as_option
@click.option("--office", help="Office code; default: the person's own office.")
@click.option("--tier", type=click.Choice([tier.value for tier in Tier]), required=True)
@click.option("--title", required=True)
@click.option("--level", type=click.Choice([level.value for level in Level]), default=Level.OPEN.value)
@click.option("--class", "class_code", default="", help="Class of its papers.")
@json_option
@pass_context
def open_command(
    context: Context, username: str, office: str | None, tier: str, title: str, level: str, class_code: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Open a destruction of records of one office and one tier."""
    actor = context.person(username)
    told = NewBatch(office_asked(context, actor, office), Tier(tier), title, Level(level), class_code)
    made = open_batch(actor, context.archive, told)
    print_made("disposal", made, as_json, str(made))


@disposal.command("committee")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--member", "members", type=(click.Choice(COMMITTEE_CAPACITIES), str), multiple=True, required=True)
@_letter_options
@pass_context
def committee_command(
    context: Context, batch: str, username: str, members: tuple[tuple[str, str], ...], number: str, dated: datetime,
    record: str,
) -> None:  # fmt: skip
    """Name the committee (panitia penilai) by its decree: chair, unit_head, archivist."""
    set_committee(context.person(username), context.archive, asked_id(batch), members, _letter(number, dated, record))


@disposal.command("propose")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--number", required=True, help="Number of the list (daftar usul musnah).")
@click.option("--record", "records", multiple=True, metavar="RECORD", help="Only these; default: all that is due.")
@pass_context
def propose_command(context: Context, batch: str, username: str, number: str, records: tuple[str, ...]) -> None:
    """Put in what is due for destruction in this tier, and freeze the list."""
    actor, batch_id = context.person(username), asked_id(batch)
    if show_batch(actor, context.archive, batch_id).state == "DRAFT":
        chosen = [asked_id(one) for one in records] or None
        click.echo(f"{select_due(actor, context.archive, batch_id, chosen)} records")
    click.echo(f"list {propose(actor, context.archive, batch_id, number)}")


@disposal.command("review")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--item", "items", multiple=True, metavar="ITEM", help="Only these; default: all not looked at yet.")
@click.option("--verdict", type=click.Choice(VERDICTS), default="destroy")
@click.option("--note", default="", help="What was seen.")
@click.option("--opinion", default="", help="The committee's written opinion; it ends the assessment.")
@pass_context
def review_command(
    context: Context, batch: str, username: str, items: tuple[str, ...], verdict: str, note: str, opinion: str
) -> None:
    """Write down what the committee found of records, and give its opinion."""
    actor, batch_id = context.person(username), asked_id(batch)
    if note:
        waiting = {one.id for one in show_batch(actor, context.archive, batch_id).items
                   if one.standing and not one.verdict}  # fmt: skip
        chosen: set[UUID] = {asked_id(one) for one in items} or waiting
        left = assess_items(actor, context.archive, batch_id, {one: Inspected(verdict, note) for one in chosen})
        click.echo(f"{left} records are not looked at yet")
    if opinion:
        conclude(actor, context.archive, batch_id, opinion)


@disposal.command("request")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--number", required=True, help="Number of the letter that asks.")
@pass_context
def request_command(context: Context, batch: str, username: str, number: str) -> None:
    """Ask for the approval."""
    request_approval(context.person(username), context.archive, asked_id(batch), number)


@disposal.command("draw-up")
@click.argument("batch", metavar="ID")
@as_option
@pass_context
def draw_up_command(context: Context, batch: str, username: str) -> None:
    """Draw up the papers that are not there yet, after a crash between a step and its papers."""
    draw_up(context.person(username), context.archive, asked_id(batch))


@disposal.command("approve")
@click.argument("batch", metavar="ID")
@as_option
@_letter_options
@pass_context
def approve_command(context: Context, batch: str, username: str, number: str, dated: datetime, record: str) -> None:
    """Enter the written approval: of the regional head (LT10), of Kepala ANRI (GE10)."""
    letter = _letter(number, dated, record)
    click.echo(f"{approve(context.person(username), context.archive, asked_id(batch), letter)} records")


@disposal.command("decide")
@click.argument("batch", metavar="ID")
@as_option
@_letter_options
@pass_context
def decide_command(context: Context, batch: str, username: str, number: str, dated: datetime, record: str) -> None:
    """Decide by decree that the list is destroyed: head of the office (LT10), regional head (GE10)."""
    decide_destruction(context.person(username), context.archive, asked_id(batch), _letter(number, dated, record))


@disposal.command("execute")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--number", default="", help="Number of the berita acara.")
@click.option("--place", default="", help="Where it is carried out.")
@click.option("--signer", "signers", type=(click.Choice(SIGNING), str), multiple=True, help="Who signs, in order.")
@click.option("--method", default="")
@pass_context
def execute_command(
    context: Context, batch: str, username: str, number: str, place: str, signers: tuple[tuple[str, str], ...],
    method: str,
) -> None:  # fmt: skip
    """Destroy what was decided; again, without options, after it was cut off."""
    actor, batch_id = context.person(username), asked_id(batch)
    if show_batch(actor, context.archive, batch_id).state != "EXECUTING":
        execute(actor, context.archive, batch_id, Execution(number, place, signers, method))
    carry_out(actor, context.archive, batch_id, progress=progress_bar("destroying"))
    counts = show_batch(actor, context.archive, batch_id).counts
    click.echo(f"{counts.get('DONE', 0)} destroyed, {counts.get('EXCLUDED', 0)} taken out")


@disposal.command("ask")
@click.argument("batch", metavar="ID")
@as_option
@pass_context
def ask_command(context: Context, batch: str, username: str) -> None:
    """Ask both heads and the witnesses to sign the berita acara."""
    click.echo(ask_for_signatures(context.person(username), context.archive, asked_id(batch)))


@disposal.command("close")
@click.argument("batch", metavar="ID")
@as_option
@pass_context
def close_command(context: Context, batch: str, username: str) -> None:
    """Close it when all have signed."""
    close(context.person(username), context.archive, asked_id(batch))


@disposal.command("exclude")
@click.argument("item", metavar="ITEM")
@as_option
@reason_option
@pass_context
def exclude_command(context: Context, item: str, username: str, reason: str) -> None:
    """Take one record out, before it is carried out."""
    exclude(context.person(username), context.archive, asked_id(item), reason)


@disposal.command("reject")
@click.argument("batch", metavar="ID")
@as_option
@reason_option
@pass_context
def reject_command(context: Context, batch: str, username: str, reason: str) -> None:
    """Refuse it, as the committee, the approver or the decider."""
    reject(context.person(username), context.archive, asked_id(batch), reason)


@disposal.command("cancel")
@click.argument("batch", metavar="ID")
@as_option
@reason_option
@pass_context
def cancel_command(context: Context, batch: str, username: str, reason: str) -> None:
    """Take it back, before it is carried out."""
    cancel(context.person(username), context.archive, asked_id(batch), reason)


@disposal.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """The disposals that this person may see, the newest first."""
    found = list_batches(context.person(username), context.archive)
    if as_json:
        print_json([one.as_dict() for one in found])
        return
    print_table(
        ("disposal", "kind", "tier", "office", "state", "since", "waits for", "title"),
        ((one.id, one.kind, one.tier, one.office, one.state, f"{one.since:%Y-%m-%d}", ", ".join(one.waits_for),
          one.title) for one in found),
    )  # fmt: skip


@disposal.command("show")
@click.argument("batch", metavar="ID")
@as_option
@json_option
@pass_context
def show_command(context: Context, batch: str, username: str, as_json: bool) -> None:
    """Where one stands, who must act, what was done by whom, and what is in it."""
    found = show_batch(context.person(username), context.archive, asked_id(batch))
    if as_json:
        print_json(found.as_dict())
        return
    click.echo(f"{found.kind} {found.tier} {found.state} since {found.since:%Y-%m-%d %H:%M}: {found.title}")
    click.echo(f"waits for: {', '.join(found.waits_for) or '-'}")
    echo_dossier(found.dossier)
    print_table(
        ("step", "by", "at", "number", "note"),
        ((one.step, one.by, f"{one.at:%Y-%m-%d %H:%M}", one.number, one.note) for one in found.steps),
    )
    print_table(
        ("item", "record", "class", "rule", "due", "state", "reason"),
        (
            (one.id, one.record, one.class_code, one.rule, one.due_on, one.state, exclusion_text(one.excluded, "en"))
            for one in found.items
        ),
    )


@disposal.command("certificate")
@click.argument("batch", metavar="ID")
@as_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_context
def certificate_command(context: Context, batch: str, username: str, output: Path) -> None:
    """Write the certificate that an outsider checks: python -m edms.verify FILE --key KEYS."""
    to_file(output, [certificate_of(context.person(username), context.archive, asked_id(batch))])


@disposal.command("draft")
@click.argument("batch", metavar="ID")
@click.argument("paper", metavar="PAPER")
@as_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_context
def draft_command(context: Context, batch: str, paper: str, username: str, output: Path) -> None:
    """Write a paper that is drawn up (proposal, opinion, request, done_list, minutes) as a draft to edit (DOCX)."""
    made = draft_paper(context.person(username), context.archive, asked_id(batch), paper)
    to_file(output, [made.content])


def _letter(number: str, dated: datetime, record: str) -> Letter:
    return Letter(number, dated.date(), asked_id(record))


COMMANDS = (disposal,)
