"""Commands on rule books before they are in force: impact, drafts; and on records that get another rule."""

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
    progress_bar,
    reason_option,
)
from edms.core.errors import Refused
from edms.records.assignments import NamedRule, reassign_record, record_assignments
from edms.records.drafts import list_drafts, review_rules
from edms.records.editions import name_source
from edms.records.impact import Impact
from edms.records.reassigning import Reassignment, reassign_many
from edms.records.rule_forecast import forecast
from edms.records.rules import load_rules

ACTS = (("applied", "applying"), ("reassigned", "if all were re-assigned"))


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--as-of", type=DAY, help="Any day, past or future; default today.")
@click.option("--as", "username", default="records", show_default=True, metavar="USER", help="Act for this person.")
@json_option
@pass_context
def impact(context: Context, folder: Path, as_of: datetime | None, username: str, as_json: bool) -> None:
    """What rule files would change, before they are applied; kept as a review of their hash."""
    book = load_rules(folder)
    actor = context.person(username)
    day = as_of.date() if as_of else None
    with progress_bar("records")(0) as bar:
        found = review_rules(actor, context.archive, book, day, bar.update)
    if as_json:
        print_json(found.as_dict())
        return
    for line in impact_lines(found):
        click.echo(line)


def impact_lines(found: Impact) -> list[str]:
    """Return the report of an impact for a terminal."""
    kept = found.declared - found.applied["gains_rule"]
    lines = [
        f"{found.sha256} against {found.against or 'nothing'}, as of {found.as_of}",
        f"{found.records} records: {found.declared} declared, {found.undeclared} not yet,"
        f" {found.reviewed} under a review's own terms",
        f"applying changes {found.applied['any']}; {kept} declared records keep the rule they were declared under",
        "",
        f"{'':15}{'applying':>12}{'if all were re-assigned':>26}",
    ]
    for name in found.applied:
        lines.append(f"{name:15}{found.applied[name]:>12}{found.reassigned[name]:>26}")
    for by in ("office", "class_code"):
        lines += ["", f"{'office' if by == 'office' else 'class':20}{'records':>10}{'applying':>12}{'re-assigned':>14}"]
        rows = [one for one in found.summed(by) if one["reassigned"]["any"]]
        lines += [
            f"{one[by] or '-':20}{one['records']:>10}{one['applied']['any']:>12}{one['reassigned']['any']:>14}"
            for one in rows
        ]
    lines += ["", "samples:"] if found.samples else []
    for one in found.samples:
        title, office, code = found.titles.get(one.record, ("-", "-", "-"))
        lines.append(
            f"  {one.change}: {one.record} {office} {code} {title}: {one.rule_before or '-'} {one.due_before or '-'}"
            f" -> {one.rule_after or '-'} {one.due_after or '-'}"
        )
    lines += [f"begins later: {name} on {day}; ask with --as-of {day}" for name, day in found.later]
    lines += [f"marked as a draft, changes nothing: {name}" for name in found.drafts]
    return lines


@click.command("forecast")
@click.option("--year", type=int, help="Default: the next one.")
@click.option("--draft", metavar="DIR", type=click.Path(path_type=Path), help="As if all followed these rule files.")
@click.option("--minutes", type=float, default=3.0, show_default=True, help="Work that one record costs.")
@click.option("--as", "username", default="records", show_default=True, metavar="USER", help="Act for this person.")
@json_option
@pass_context
def forecast_command(
    context: Context, year: int | None, draft: Path | None, minutes: float, username: str, as_json: bool
) -> None:
    """What falls due in a year, by month and fate: records, storage, hours of work."""
    book = load_rules(draft) if draft else None
    asked = year or context.archive.clock.today().year + 1
    with progress_bar("records")(0) as bar:
        found = forecast(context.person(username), context.archive, asked, book, minutes, bar.update)
    if as_json:
        print_json(found.as_dict())
        return
    fates = sorted({fate for _month, fate in found.months})
    rows = [
        (f"{asked}-{number:02}", found.month(number).records, round(found.month(number).bytes / 2**20, 1),
         found.hours(number), *(found.months[number, fate].records if (number, fate) in found.months else 0
                                for fate in fates))
        for number in range(1, 13)
    ]  # fmt: skip
    print_table(("month", "records", "MiB", "hours", *fates), rows)
    click.echo(f"freed by destruction: {found.freed / 2**20:.1f} MiB; due before and still here: {found.backlog}")
    click.echo(f"without a due date: {found.awaiting}")


@click.command()
@as_option
@json_option
@pass_context
def drafts(context: Context, username: str, as_json: bool) -> None:
    """Rule books that were handed in or reviewed."""
    found = list_drafts(context.person(username), context.archive)
    if as_json:
        print_json({"drafts": [vars(one) for one in found]})
        return
    print_table(
        ("draft", "sha256", "handed in", "editions", "state"),
        (
            (one.id, one.sha256[:12], one.made_at.date(), len(one.editions), _state(one.standing, one.reviewed, one))
            for one in found
        ),
    )


def _state(standing: bool, reviewed: bool, one: object) -> str:
    if standing:
        return "in force"
    if getattr(one, "withdrawn_at", None):
        return "withdrawn"
    return "reviewed" if reviewed else "not reviewed"


@click.command()
@click.argument("record_id", metavar="ID")
@click.option("--rule", metavar="EDITION/CODE", help="A rule of the book in force; default: that of its class.")
@reason_option
@as_option
@json_option
@pass_context
def reassign(context: Context, record_id: str, rule: str | None, reason: str, username: str, as_json: bool) -> None:
    """Give a declared record another rule; the one it had stays readable."""
    given = None
    if rule is not None:
        edition, _, code = rule.partition("/")
        if not code:
            raise Refused("a rule is named by its edition and code", "for example --rule jra-kota/900.1.3")
        given = NamedRule(edition, code)
    made = reassign_record(context.person(username), context.archive, asked_id(record_id), given, reason)
    if as_json:
        print_json({"assignment": str(made)})
    else:
        click.echo(str(made))


@click.command()
@click.argument("record_id", metavar="ID")
@as_option
@json_option
@pass_context
def assignments(context: Context, record_id: str, username: str, as_json: bool) -> None:
    """The rules that a record was under, one after the other."""
    found = record_assignments(context.person(username), context.archive, asked_id(record_id))
    if as_json:
        print_json({"assignments": found})
        return
    print_table(
        ("source", "rule", "fate", "since", "until", "reason"),
        (
            (one["source"], f"{one['edition']}/{one['rule']}", one["fate"], one["since"][:10],
             (one["until"] or "-")[:10], one["reason"])
            for one in found
        ),
    )  # fmt: skip


@click.command("reassign-all")
@click.option("--edition", required=True, help="Records that were declared under it.")
@click.option("--office", help="Only of this office (code).")
@click.option("--class", "class_code", help="Only of this class.")
@reason_option
@as_option
@json_option
@pass_context
def reassign_all(
    context: Context,
    edition: str,
    office: str | None,
    class_code: str | None,
    reason: str,
    username: str,
    as_json: bool,
) -> None:
    """Give all records of an edition the rule of their class in the book in force; see `impact` first."""
    asked = Reassignment(edition, reason, office, class_code)
    with progress_bar("records")(0) as bar:
        done = reassign_many(context.person(username), context.archive, asked, bar.update)
    if as_json:
        print_json(vars(done))
    else:
        click.echo(f"{done.given} records: {done.reassigned} given another rule, {done.same} left as they are,"
                   f" {done.reviewed} under a review's terms")  # fmt: skip


@click.command()
@click.argument("edition")
@click.argument("record_id", metavar="RECORD")
@as_option
@json_option
@pass_context
def source(context: Context, edition: str, record_id: str, username: str, as_json: bool) -> None:
    """Name the record that holds the published document of an edition."""
    made = name_source(context.person(username), context.archive, edition, asked_id(record_id))
    if as_json:
        print_json({"source": str(made)})
    else:
        click.echo(str(made))


OF_RETENTION = (assignments, reassign_all, source, impact, forecast_command, drafts, reassign)
