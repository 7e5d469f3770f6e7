"""Commands on redactions: begun, marked by the finder and by terms, made, approved, fetched, withdrawn.

Areas are drawn by hand on the page alone, and there every page is looked at as it will be.
"""

from pathlib import Path
from typing import Any

import click

from edms.capture.redaction_waiting import wait_for_redaction
from edms.cli.context import (
    Context,
    as_option,
    asked_id,
    json_option,
    pass_context,
    print_json,
    print_made,
    print_table,
    reason_option,
)
from edms.cli.parts import to_file
from edms.core.errors import Refused
from edms.records.redaction_make import find_terms, produce_redaction, propose_areas, redacted_copy
from edms.records.redactions import (
    Purpose,
    RedactionView,
    State,
    approve_redaction,
    open_redaction,
    redactions_of,
    save_areas,
    show_redaction,
    withdraw_redaction,
)
from edms.redaction.types import Area, Kind

_PIECE = 1 << 20
_PROPOSED = frozenset(kind.value for kind in Kind)
redaction_argument = click.argument("redaction_id", metavar="REDACTION")


@click.group("redaction")
def redaction() -> None:
    """Releasing a record without what it says of people."""


@redaction.command("list")
@click.argument("record", metavar="RECORD")
@as_option
@json_option
@pass_context
def list_command(context: Context, record: str, username: str, as_json: bool) -> None:
    """List the redactions of a record, oldest first, and which of them may be released."""
    found = redactions_of(context.person(username), context.archive, asked_id(record))
    if as_json:
        print_json([_as_dict(one) for one in found])
        return
    print_table(
        ("redaction", "state", "for", "ground", "begun by", "on", "released"),
        [(one.id, _state(one), one.purpose.value, one.ground, one.opened_by, f"{one.opened_at:%Y-%m-%d}",
          "yes" if one.releasable else "no") for one in found],
    )  # fmt: skip


@redaction.command("open")
@click.argument("record", metavar="RECORD")
@click.option("--for", "purpose", type=click.Choice([one.value for one in Purpose]), required=True)
@click.option("--ground", required=True, help="The article that the record, or a part of it, is excluded by.")
@reason_option
@as_option
@json_option
@pass_context
def open_command(
    context: Context, record: str, purpose: str, ground: str, reason: str, username: str, as_json: bool
) -> None:
    """Begin a redaction of a declared record, and print its id."""
    actor = context.person(username)
    made = open_redaction(actor, context.archive, asked_id(record), Purpose(purpose), ground, reason)
    print_made("redaction", made, as_json, "redaction begun")


@redaction.command("propose")
@redaction_argument
@as_option
@json_option
@pass_context
def propose_command(context: Context, redaction_id: str, username: str, as_json: bool) -> None:
    """Say what may be personal data on the record's pages. It shows the words: mind who reads along."""
    found = propose_areas(context.person(username), context.archive, asked_id(redaction_id))
    if as_json:
        print_json([
            {"number": number, "page": one.page, "kind": one.finding.kind.value, "words": one.words,
             "because": one.finding.reason, "proposed": one.finding.proposed, "places": len(one.areas)}
            for number, one in enumerate(found, 1)
        ])  # fmt: skip
        return
    print_table(
        ("number", "page", "kind", "words", "because", ""),
        [(number, one.page, one.finding.kind.value, " ".join(one.words.split()), one.finding.reason,
          "not to be seen" if not one.areas else "" if one.finding.proposed else "told only")
         for number, one in enumerate(found, 1)],
    )  # fmt: skip


@redaction.command("mark")
@redaction_argument
@click.option("--proposed", is_flag=True, help="Cover what `propose` proposes.")
@click.option("--except", "left_out", type=click.IntRange(1), multiple=True, help="But not this number of the list.")
@click.option("--term", "terms", multiple=True, help="A name or word to be covered wherever it stands.")
@as_option
@json_option
@pass_context
def mark_command(
    context: Context,
    redaction_id: str,
    proposed: bool,
    left_out: tuple[int, ...],
    terms: tuple[str, ...],
    username: str,
    as_json: bool,
) -> None:
    """Cover what is proposed and what is named, in place of what was marked so before; areas by hand stay."""
    actor, archive, identity = context.person(username), context.archive, asked_id(redaction_id)
    if not proposed and not terms:
        raise click.UsageError("say what is to be covered: --proposed, --term")
    view = show_redaction(actor, archive, identity)
    areas: list[Area] = [one for one in view.areas if one.origin not in _PROPOSED and one.origin != "term"]
    if proposed:
        found = enumerate(propose_areas(actor, archive, identity), 1)
        areas += [
            area for number, one in found if one.finding.proposed and number not in left_out for area in one.areas
        ]
    places = find_terms(actor, archive, identity, terms)
    areas += places.areas
    save_areas(actor, archive, identity, view.version, areas, terms)
    told = {"areas": len(set(areas)), "missing": list(places.missing), "within": list(places.within)}
    if as_json:
        print_json(told)
        return
    click.echo(f"{told['areas']} areas are marked")
    for name, words in (("found nowhere", places.missing), ("not covered, longer words", places.within)):
        if words:
            click.echo(f"{name}: {', '.join(words)}", err=True)


@redaction.command("make")
@redaction_argument
@click.option("--looked-at", is_flag=True, help="I have looked at every page as it will be.")
@click.option("--wait", is_flag=True, help="Wait for a long one; works itself when no worker is alive.")
@as_option
@json_option
@pass_context
def make_command(
    context: Context, redaction_id: str, looked_at: bool, wait: bool, username: str, as_json: bool
) -> None:
    """Make the redacted document; one of many pages is left to the workers. Exits 1 when it came to nothing."""
    actor, archive, identity = context.person(username), context.archive, asked_id(redaction_id)
    if not looked_at:
        raise Refused("nobody has looked at the pages yet", "look at each page covered, then say --looked-at")
    produce_redaction(actor, archive, identity)
    view = wait_for_redaction(actor, archive, identity) if wait else show_redaction(actor, archive, identity)
    if as_json:
        print_json(_as_dict(view))
    else:
        click.echo(f"{_state(view)} {view.sha256}".rstrip())
    if view.state is State.DRAFT:
        raise Refused(view.work.told if view.work else "it came to nothing")


@redaction.command("approve")
@redaction_argument
@as_option
@pass_context
def approve_command(context: Context, redaction_id: str, username: str) -> None:
    """Approve a redacted document for publication: somebody else than those who had a hand in it."""
    approve_redaction(context.person(username), context.archive, asked_id(redaction_id))
    click.echo("approved")


@redaction.command("fetch")
@redaction_argument
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Write it there.")
@as_option
@pass_context
def fetch_command(context: Context, redaction_id: str, output: Path, username: str) -> None:
    """Write the redacted document to a file."""
    found = redacted_copy(context.person(username), context.archive, asked_id(redaction_id))
    with found.stream as stream:
        to_file(output, iter(lambda: stream.read(_PIECE), b""))
    click.echo(found.sha256)


@redaction.command("withdraw")
@redaction_argument
@reason_option
@as_option
@pass_context
def withdraw_command(context: Context, redaction_id: str, reason: str, username: str) -> None:
    """Withdraw a redaction at any stage: nobody gets it any more, and what was made stays as evidence."""
    withdraw_redaction(context.person(username), context.archive, asked_id(redaction_id), reason)
    click.echo("withdrawn")


def _state(view: RedactionView) -> str:
    return f"making {view.work.done}/{view.work.pages}" if view.state is State.MAKING and view.work else view.state


def _as_dict(view: RedactionView) -> dict[str, Any]:
    making = view.work if view.state is State.MAKING else None
    return {
        "redaction": str(view.id), "record": str(view.record_id), "state": view.state.value,
        "purpose": view.purpose.value, "ground": view.ground, "reason": view.reason, "areas": len(view.areas),
        "pages": view.pages or view.page_count, "pages_done": making.done if making else None,
        "sha256": view.sha256 or None, "recognised": view.recognised, "releasable": view.releasable,
        "opened_by": view.opened_by, "opened_at": view.opened_at.isoformat(), "made_by": view.made_by or None,
        "approved_by": view.approved_by or None, "withdrawn_by": view.withdrawn_by or None,
        "told": view.work.told if view.work else "",
    }  # fmt: skip


COMMANDS = (redaction,)
