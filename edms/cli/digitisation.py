"""Commands for alih media: scanners, digitisations, their check, closing, and what comes of them."""

from datetime import date, datetime
from pathlib import Path

import click

from edms.access.levels import Level
from edms.capture.digitisation_close import close_digitisation, draw_up
from edms.capture.digitisation_drafts import draft_digitisation_paper
from edms.cli.context import (
    DAY,
    Context,
    as_option,
    asked_id,
    json_option,
    office_asked,
    pass_context,
    print_json,
    print_table,
    reason_option,
)
from edms.cli.parts import to_file
from edms.core.errors import StorageFault
from edms.digitisation.course import REASONS
from edms.digitisation.standard import Kind
from edms.records.digitisation_check import Finding, check_item, hand_over
from edms.records.digitisation_items import NewItem, add_item, candidates, remove_item, rescan_item
from edms.records.digitisation_list import FORMATS, list_file
from edms.records.digitisation_marks import mark_copies
from edms.records.digitisation_signing import ask_for_signatures
from edms.records.digitisations import (
    NewDigitisation,
    NewScanner,
    add_scanner,
    cancel_digitisation,
    list_digitisations,
    office_scanners,
    open_digitisation,
    retire_scanner,
    show_digitisation,
)

_LEVELS = click.Choice([level.value for level in Level])
office_option = click.option("--office", help="Office code; default: the person's own office.")


@click.group()
def digitisation() -> None:
    """Alih media: scans with their check, berita acara, list and authenticated copies."""


@digitisation.command("scanner-add")
@as_option
@office_option
@click.option("--name", required=True, help="What the office calls it.")
@click.option("--make", required=True)
@click.option("--model", required=True)
@click.option("--serial", required=True)
@click.option("--optical", type=int, required=True, help="Optical resolution in dpi.")
@click.option("--settings", default="", help="How it is set.")
@click.option("--calibrated", type=DAY, help="Day of the last calibration.")
@pass_context
def scanner_add(
    context: Context, username: str, office: str | None, name: str, make: str, model: str, serial: str, optical: int,
    settings: str, calibrated: datetime | None,
) -> None:  # fmt: skip
    """Add a scanner with its settings; after a calibration or another setting, add it anew and retire the old line."""
    actor = context.person(username)
    day: date | None = calibrated.date() if calibrated else None
    told = NewScanner(office_asked(context, actor, office), name, make, model, serial, optical, settings, day)
    click.echo(add_scanner(actor, context.archive, told))


@digitisation.command("scanner-list")
@as_option
@office_option
@pass_context
def scanner_list(context: Context, username: str, office: str | None) -> None:
    """The scanners of an office, those out of use too."""
    actor = context.person(username)
    found = office_scanners(actor, context.archive, office_asked(context, actor, office), retired=True)
    print_table(
        ("scanner", "name", "make and model", "serial", "optical", "calibrated", "in use"),
        ((one.id, one.name, f"{one.make} {one.model}", one.serial, one.optical_dpi, one.calibrated_on or "",
          "no" if one.retired else "yes") for one in found),
    )  # fmt: skip


@digitisation.command("scanner-retire")
@click.argument("scanner_id", metavar="ID")
@as_option
@pass_context
def scanner_retire(context: Context, scanner_id: str, username: str) -> None:
    """Take a scanner out of use."""
    retire_scanner(context.person(username), context.archive, asked_id(scanner_id))
    click.echo(f"{scanner_id} is out of use")


@digitisation.command("open")
@as_option
@office_option
@click.option("--title", required=True, help="What is digitised.")
@click.option("--place", required=True, help="Where it is done.")
@click.option("--source", required=True, help="Where the originals lie.")
@click.option("--condition", required=True, help="How the originals are.")
@click.option("--medium", default="kertas", show_default=True, help="Of the originals.")
@click.option("--process-note", default="", help="What else is to be said of how it was done.")
@click.option("--class", "class_code", help="Class of the berita acara and the list.")
@click.option("--level", type=_LEVELS, default=Level.RESTRICTED.value, show_default=True,
              help="The highest level of what will be in it.")  # fmt: skip
@pass_context
def open_command(
    context: Context, username: str, office: str | None, title: str, place: str, source: str, condition: str,
    medium: str, process_note: str, class_code: str | None, level: str,
) -> None:  # fmt: skip
    """Open a digitisation; prints its id."""
    actor = context.person(username)
    owner = office_asked(context, actor, office)
    told = NewDigitisation(owner, Level(level), title, place, source, condition, medium, process_note, class_code)
    click.echo(open_digitisation(actor, context.archive, told))


@digitisation.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """The digitisations that the person may see."""
    found = list_digitisations(context.person(username), context.archive)
    if as_json:
        for one in found:
            print_json(one.as_dict())
        return
    print_table(
        ("digitisation", "stage", "waits for", "documents", "pages", "title"),
        ((one.id, one.stage, ", ".join(one.waits_for), len(one.items), one.pages, one.title) for one in found),
    )


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@as_option
@json_option
@pass_context
def show(context: Context, digitisation_id: str, username: str, as_json: bool) -> None:
    """Where a digitisation stands, and what is in it."""
    found = show_digitisation(context.person(username), context.archive, asked_id(digitisation_id))
    if as_json:
        print_json(found.as_dict())
        return
    click.echo(f"{found.stage}, {len(found.items)} documents, {found.pages} pages, {found.title}")
    for one in found.items:
        check = f"to be looked at {one.id}" if one.sampled and one.state == "added" else f"{one.id}"
        click.echo(f"{one.number}: {one.state}, {one.pages} pages, {one.dpi} dpi, {one.bits} bit, {one.title}  {check}")


@digitisation.command("candidates")
@click.argument("digitisation_id", metavar="ID")
@as_option
@pass_context
def candidates_command(context: Context, digitisation_id: str, username: str) -> None:
    """Scans of the office that could be added."""
    found = candidates(context.person(username), context.archive, asked_id(digitisation_id))
    print_table(("record", "pages", "title"), ((one.record, one.pages, one.title) for one in found))


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@click.argument("record_id", metavar="RECORD")
@as_option
@click.option("--scanner", required=True, help="Id of the scanner.")
@click.option("--kind", type=click.Choice(list(Kind)), default=Kind.PAPER.value, show_default=True)
@click.option("--paper", default="A4", show_default=True, help="A4, F4, 4R …, or two sides in millimetres: 120x180.")
@click.option("--page-papers", default="", help="Pages of another paper: 3=A3,7=90x120.")
@click.option("--counted", type=click.IntRange(1), required=True, help="Pages as counted on paper.")
@click.option("--note", default="", help="Needed where fewer or more were scanned.")
@click.option("--instead-of", default="", metavar="ITEM", help="The item in whose place it goes: scanned again.")
@pass_context
def add(
    context: Context, digitisation_id: str, record_id: str, username: str, scanner: str, kind: str, paper: str,
    page_papers: str, counted: int, note: str, instead_of: str,
) -> None:  # fmt: skip
    """Measure a captured scan and add it. What is not scanned as the rule says is refused with page and reason."""
    actor, archive = context.person(username), context.archive
    told = NewItem(asked_id(record_id), asked_id(scanner), Kind(kind), paper, counted, page_papers, note)
    if instead_of:
        click.echo(rescan_item(actor, archive, asked_id(instead_of), told))
    else:
        click.echo(add_item(actor, archive, asked_id(digitisation_id), told))


@digitisation.command()
@click.argument("item_id", metavar="ITEM")
@as_option
@reason_option
@pass_context
def remove(context: Context, item_id: str, username: str, reason: str) -> None:
    """Take a document out before the check."""
    remove_item(context.person(username), context.archive, asked_id(item_id), reason)
    click.echo(f"{item_id} is taken out")


@digitisation.command("hand-over")
@click.argument("digitisation_id", metavar="ID")
@as_option
@pass_context
def hand_over_command(context: Context, digitisation_id: str, username: str) -> None:
    """Hand over to the check; says how many documents are to be looked at."""
    click.echo(f"{hand_over(context.person(username), context.archive, asked_id(digitisation_id))} to be looked at")


@digitisation.command()
@click.argument("item_id", metavar="ITEM")
@as_option
@click.option("--reject", "reasons", multiple=True, type=click.Choice(REASONS), help="May be given several times.")
@click.option("--note", default="", help="Needed with other.")
@pass_context
def check(context: Context, item_id: str, username: str, reasons: tuple[str, ...], note: str) -> None:
    """Accept a document, or send it back with --reject. Not by those who scanned any of it."""
    finding = Finding(not reasons, reasons, note)
    click.echo(check_item(context.person(username), context.archive, asked_id(item_id), finding).value)


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@as_option
@click.option("--number", required=True, help="Of the berita acara.")
@click.option("--signer", "signers", multiple=True, required=True, metavar="USER",
              help="Who signs, in order; the head of the unit last.")  # fmt: skip
@pass_context
def close(context: Context, digitisation_id: str, username: str, number: str, signers: tuple[str, ...]) -> None:
    """Close it and draw up list and berita acara. Nothing in it changes from then on."""
    close_digitisation(context.person(username), context.archive, asked_id(digitisation_id), number, signers)
    click.echo(f"{digitisation_id} is closed")


@digitisation.command("draw-up")
@click.argument("digitisation_id", metavar="ID")
@as_option
@pass_context
def draw_up_command(context: Context, digitisation_id: str, username: str) -> None:
    """Draw up what a closing that was broken off left out."""
    draw_up(context.person(username), context.archive, asked_id(digitisation_id))
    click.echo(f"list and berita acara of {digitisation_id} are drawn up")


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@as_option
@pass_context
def ask(context: Context, digitisation_id: str, username: str) -> None:
    """Put the berita acara before those it names; they sign as in `edms signature`."""
    click.echo(ask_for_signatures(context.person(username), context.archive, asked_id(digitisation_id)))


@digitisation.command()
@pass_context
def mark(context: Context) -> None:
    """Make the authenticated copies that are due, as a worker does."""
    made = 0
    while count := mark_copies(context.archive):
        made += count
    click.echo(f"{made} authenticated copies made")


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@as_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@pass_context
def export(context: Context, digitisation_id: str, username: str, form: str, output: Path) -> None:
    """Write the list of what was digitised, byte for byte as its hash stands in the berita acara."""
    content = list_file(context.person(username), context.archive, asked_id(digitisation_id), form)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise StorageFault(f"the list cannot be written to {output}: {error.strerror}") from None
    click.echo(f"list in {output}")


@digitisation.command("draft")
@click.argument("digitisation_id", metavar="ID")
@click.argument("paper", metavar="PAPER")
@as_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_context
def draft_command(context: Context, digitisation_id: str, paper: str, username: str, output: Path) -> None:
    """Write a paper that is drawn up (list, minutes) as a draft to edit (DOCX)."""
    made = draft_digitisation_paper(context.person(username), context.archive, asked_id(digitisation_id), paper)
    to_file(output, [made.content])


@digitisation.command()
@click.argument("digitisation_id", metavar="ID")
@as_option
@reason_option
@pass_context
def cancel(context: Context, digitisation_id: str, username: str, reason: str) -> None:
    """Give one up; its records are free for another. Not once all have signed."""
    cancel_digitisation(context.person(username), context.archive, asked_id(digitisation_id), reason)
    click.echo(f"{digitisation_id} is given up")


COMMANDS = (digitisation,)
