"""Commands on events from which retention counts: note, one by one or by list; verify; what waits."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from edms.cli.context import DAY, Context, as_option, asked_id, json_option, pass_context, print_json, print_table
from edms.core.errors import Refused
from edms.records.events_many import NotedMany, NotMatched, awaiting_subjects, read_list, record_events, verify_events
from edms.records.events_shown import TriggerType, awaiting_report, waiting_events

KINDS = [kind.value for kind in TriggerType if kind is not TriggerType.CREATED]
MOST_LIST_BYTES = 4 * 1024**2


@click.group()
def event() -> None:
    """Events from which retention counts."""


@event.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]…")
@click.option("--list", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A CSV of subjects.")
@click.option("--awaiting", is_flag=True, help="Every record that awaits this kind of event.")
@click.option("--office", default="", metavar="CODE", help="With --awaiting: of this office only.")
@click.option("--type", "kind", type=click.Choice(KINDS), required=True)
@click.option("--on", "day", type=DAY, help="The day it happened; a list may say one in each line.")
@click.option("--evidence", default="", help="The decree, minutes or letter that shows it; a list may say its own.")
@click.option("--evidence-record", metavar="ID", help="The record in this archive that shows it.")
@click.option("--label", default="", help="Of kind OTHER: what happened.")
@as_option
@json_option
@pass_context
def record(
    context: Context,
    subjects: tuple[str, ...],
    file: Path | None,
    awaiting: bool,
    office: str,
    kind: str,
    day: datetime | None,
    evidence: str,
    evidence_record: str | None,
    label: str,
    username: str,
    as_json: bool,
) -> None:
    """Note an event of records and folders (id, OFFICE/CODE of a folder, number of a record), by list or one by one."""
    if sum((bool(subjects), file is not None, awaiting)) != 1:
        raise click.UsageError("say of what: subjects, --list FILE or --awaiting")
    actor, archive = context.person(username), context.archive
    happened_on, wrong = (day.date() if day else None), list[NotMatched]()
    if awaiting:
        if happened_on is None:
            raise click.UsageError("--awaiting goes with --on")
        told = awaiting_subjects(actor, archive, TriggerType(kind), happened_on, evidence, office)
    else:
        if file is not None and file.stat().st_size > MOST_LIST_BYTES:
            raise Refused("the list is too large")
        content = file.read_bytes() if file is not None else "\n".join(subjects).encode()
        told, wrong = read_list(content, happened_on, evidence)
    shown = asked_id(evidence_record) if evidence_record else None
    noted = record_events(actor, archive, TriggerType(kind), told, label, shown) if told else NotedMany(None, 0, ())
    missed = [*wrong, *noted.not_matched]
    if as_json:
        print_json(
            {
                "list": str(noted.list_id) if noted.list_id else None,
                "noted": noted.noted,
                "not_matched": [{"line": one.line, "subject": one.subject, "why": one.why} for one in missed],
            }
        )
    else:
        click.echo(f"{noted.noted} noted, waiting for verification; {len(missed)} lines met nothing")
        for one in sorted(missed, key=lambda one: one.line):
            click.echo(f"  line {one.line} {one.subject!r}: {one.why}")
    if missed:
        raise click.exceptions.Exit(1)


@event.command()
@click.argument("events", nargs=-1, metavar="[EVENT]…")
@click.option("--list", "list_id", metavar="LIST", help="All events of this list that wait.")
@as_option
@json_option
@pass_context
def verify(context: Context, events: tuple[str, ...], list_id: str | None, username: str, as_json: bool) -> None:
    """Confirm events that somebody else noted; due dates follow at once."""
    actor, archive = context.person(username), context.archive
    ids: list[UUID] = [asked_id(text) for text in events]
    if list_id:
        wanted = asked_id(list_id)
        ids += [line.id for line in waiting_events(actor, archive) if line.list_id == wanted]
    done = verify_events(actor, archive, ids)
    if as_json:
        refused = [{"event": str(one), "why": why} for one, why in done.refused]
        print_json({"verified": done.verified, "changed": done.changed, "refused": refused})
    else:
        click.echo(f"{done.verified} verified, {done.changed} records changed their due date")
        for one, why in done.refused:
            click.echo(f"  {one}: {why}")
    if done.refused:
        raise click.exceptions.Exit(1)


@event.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """Events that wait for verification."""
    found = waiting_events(context.person(username), context.archive)
    if as_json:
        print_json({"events": [line.as_dict() for line in found]})
        return
    rows = (
        (str(line.id), line.kind, line.happened_on, line.recorded_by, line.evidence, line.subject) for line in found
    )
    print_table(("event", "type", "on", "noted by", "evidence", "of"), rows)


@event.command()
@click.option("--type", "kind", type=click.Choice([kind.value for kind in TriggerType]), default=None)
@click.option("--office", default="", metavar="CODE")
@click.option("--as", "username", default="records", show_default=True, metavar="USER", help="Act for this person.")
@json_option
@pass_context
def awaiting(context: Context, kind: str | None, office: str, username: str, as_json: bool) -> None:
    """Records that wait for an event, the longest waiting first, with the age of the waiting: every row."""
    found = awaiting_report(context.person(username), context.archive, kind or "", office, limit=None)
    if as_json:
        rows = [row.as_dict() for row in found.rows]
        print_json({"total": found.total, "by_kind": found.by_kind, "by_age": list(found.by_age), "rows": rows})
        return
    click.echo(f"{found.as_of}: {found.total} records wait; " + ", ".join(f"{k} {n}" for k, n in found.by_kind.items()))
    rows_told = ((str(row.record), row.class_code, ",".join(row.kinds), row.since, row.days) for row in found.rows)
    print_table(("record", "class", "awaiting", "since", "days"), rows_told)


COMMANDS = (event,)
