"""Commands on reviews of what is kept, and the list of vital records."""

from datetime import datetime
from pathlib import Path

import click

from edms.cli.context import (
    DAY,
    Context,
    as_option,
    asked_id,
    json_option,
    pass_context,
    print_json,
    print_table,
    reason_option,
)
from edms.cli.parts import to_file
from edms.records.reviews import Proposal, judge_review, propose_class_maximum, propose_review, withdraw_review
from edms.records.reviews_model import ReviewKind
from edms.records.reviews_shown import review_desk, vital_csv, vital_list, vital_pdf


@click.group()
def judgement() -> None:
    """Reviews: marks released, vital records, dates of old documents, personal data."""


@judgement.command()
@click.argument("subject", metavar="ID|CLASS")
@click.option("--kind", type=click.Choice([kind.value for kind in ReviewKind]), required=True)
@click.option("--reason", required=True)
@click.option("--told", default="", help="How it is protected, what shows the date, or which law sets the limit.")
@click.option("--day", type=DAY, help="The date of the document, or of the next review.")
@click.option("--months", type=int, help="Of a maximum; without it, what was set before ends.")
@as_option
@pass_context
def propose(
    context: Context,
    subject: str,
    kind: str,
    reason: str,
    told: str,
    day: datetime | None,
    months: int | None,
    username: str,
) -> None:
    """Propose a review of a record; of kind maximum also of a class by its code."""
    actor, archive = context.person(username), context.archive
    if kind == ReviewKind.MAXIMUM and len(subject) < 36:
        made = propose_class_maximum(actor, archive, subject, reason, told, months)
    else:
        proposal = Proposal(ReviewKind(kind), reason, told, day.date() if day else None, months)
        made = propose_review(actor, archive, asked_id(subject), proposal)
    click.echo(str(made))


@judgement.command()
@click.argument("review_id", metavar="REVIEW")
@click.option("--accept/--refuse", "accept", required=True, default=None)
@click.option("--judgement", required=True, help="Why.")
@as_option
@pass_context
def judge(context: Context, review_id: str, accept: bool, judgement: str, username: str) -> None:
    """Accept or refuse what somebody else proposed."""
    judge_review(context.person(username), context.archive, asked_id(review_id), judgement, accept=accept)
    click.echo("accepted" if accept else "refused")


@judgement.command()
@click.argument("review_id", metavar="REVIEW")
@reason_option
@as_option
@pass_context
def withdraw(context: Context, review_id: str, reason: str, username: str) -> None:
    """Take back what this person proposed, while nobody has judged it."""
    withdraw_review(context.person(username), context.archive, asked_id(review_id), reason)
    click.echo("withdrawn")


@judgement.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """What waits for its judge, and the records whose date nobody has verified."""
    desk = review_desk(context.person(username), context.archive)
    if as_json:
        print_json(
            {"waiting": [one.as_dict() for one in desk.waiting], "undated": [str(one) for one, _ in desk.undated]}
        )
        return
    print_table(
        ("review", "kind", "proposed by", "reason", "of"),
        ((str(one.id), one.kind, one.proposed_by, one.reason, one.subject) for one in desk.waiting),
    )
    click.echo(f"{len(desk.undated)} records with a date that nobody has verified")


@judgement.command()
@click.option("--format", "form", type=click.Choice(["csv", "pdf"]), default="csv", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
@as_option
@pass_context
def vital(context: Context, form: str, output: Path, username: str) -> None:
    """Write the list of vital records (Daftar Arsip Vital)."""
    lines, archive = vital_list(context.person(username), context.archive), context.archive
    told = (
        vital_csv(lines).encode()
        if form == "csv"
        else vital_pdf(lines, archive.settings.archive.name, archive.clock.now())
    )
    to_file(output, [told])
    click.echo(f"{len(lines)} vital records")


COMMANDS = (judgement,)
