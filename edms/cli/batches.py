"""Commands on batches and separator sheets."""

import os
from pathlib import Path

import click

from edms.access.levels import Level
from edms.batches.cutting import Duplex
from edms.batches.edits import Act, Edit
from edms.batches.sheet import Sheet
from edms.capture.batches import BatchView, begin_batch, confirm_batch, edit_batch, list_batches, show_batch, undo_batch
from edms.capture.given import open_given
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.separators import AskedSheets, print_separators
from edms.cli.context import (
    Context,
    as_option,
    asked_id,
    json_option,
    office_asked,
    pass_context,
    print_json,
    print_table,
)
from edms.core.errors import StorageFault

_LEVELS = click.Choice([level.value for level in Level])


@click.command()
@as_option
@click.option("--office", default="", help="Office code; left out, the sheet leaves the office of the batch.")
@click.option("--class", "classes", multiple=True, help="Classification code; may be given several times.")
@click.option("--folder", default="", help="Code of an open folder of the office.")
@click.option("--level", type=_LEVELS, default=None, help="Security level.")
@click.option("--title", default="", help="Description of the document.")
@click.option("--copies", type=click.IntRange(1, 500), default=1, show_default=True, help="Of each sheet.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="PDF to write.")
@pass_context
def separators(
    context: Context,
    username: str,
    office: str,
    classes: tuple[str, ...],
    folder: str,
    level: str | None,
    title: str,
    copies: int,
    output: Path,
) -> None:
    """Print separator sheets, for the person's own offices and levels."""
    asked = [AskedSheets(Sheet(office, code, folder, level or "", title), copies) for code in classes or ("",)]
    made = print_separators(context.person(username), context.archive, asked)
    try:
        output.write_bytes(made)
    except OSError as error:
        raise StorageFault(f"the sheets cannot be written to {output}: {error.strerror}") from None
    click.echo(f"{len(asked) * copies} sheets in {output}")


@click.group()
def batch() -> None:
    """Scans that hold several documents."""


@batch.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@as_option
@click.option("--office", help="Office code; default: the person's own office.")
@click.option("--class", "class_code", help="Class of documents whose sheet names none.")
@click.option("--level", type=_LEVELS, help="Level of documents whose sheet names none.")
@click.option("--duplex", type=click.Choice(list(Duplex)), default=Duplex.IN_ORDER.value, show_default=True,
              help="How the two sides of the sheets lie in the file.")  # fmt: skip
@pass_context
def take(
    context: Context,
    path: Path,
    username: str,
    office: str | None,
    class_code: str | None,
    level: str | None,
    duplex: str,
) -> None:
    """Capture a batch: a PDF or TIFF. A worker reads it; then it waits for its review."""
    actor = context.person(username)
    placement = Placement(office_asked(context, actor, office), class_code, Level(level) if level else None)
    with open_given(path) as stream:
        incoming = IncomingFile(path.name, stream, os.fstat(stream.fileno()).st_size)
        accepted = begin_batch(actor, context.archive, incoming, placement, Duplex(duplex))
    click.echo(f"{'duplicate' if accepted.duplicate else 'captured'} {accepted.record_id} {accepted.sha256}")


@batch.command("list")
@as_option
@json_option
@pass_context
def list_command(context: Context, username: str, as_json: bool) -> None:
    """The batches that the person may see."""
    found = list_batches(context.person(username), context.archive)
    if as_json:
        for one in found:
            print_json(one.as_dict())
        return
    print_table(
        ("batch", "state", "pages", "documents", "doubts", "file"),
        (
            (one.record_id, one.state, one.pages, len(one.plan.documents), len(one.plan.doubts), one.file_name)
            for one in found
        ),
    )


@batch.command()
@click.argument("batch_id", metavar="ID")
@as_option
@json_option
@pass_context
def show(context: Context, batch_id: str, username: str, as_json: bool) -> None:
    """How a batch is to be cut: documents with their pages, and what is left out."""
    found = show_batch(context.person(username), context.archive, asked_id(batch_id))
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)


def _print(found: BatchView) -> None:
    click.echo(f"{found.state}, plan {found.version}, {found.pages} pages, {found.file_name}")
    for number, one in enumerate(found.plan.documents, 1):
        pages = " ".join(f"{page.number}{f'@{page.turn}' if page.turn else ''}" for page in one.pages)
        said = " ".join(f"{name}={value}" for name, value in one.sheet.as_dict().items() if value)
        part = found.parts[number - 1] if number <= len(found.parts) else ""
        click.echo(f"document {number}: pages {pages}  {said}  {part}".rstrip())
    for left in found.plan.left_out:
        click.echo(f"left out: page {left.page.number} ({left.reason})")
    for doubt in found.plan.doubts:
        click.echo(f"doubt: {doubt}")


@batch.command()
@click.argument("batch_id", metavar="ID")
@click.argument("act", type=click.Choice(list(Act)))
@as_option
@click.option("--plan", "version", type=int, required=True, help="Version of the plan, as `show` says it.")
@click.option("--document", type=click.IntRange(1), default=1, show_default=True)
@click.option("--page", type=click.IntRange(1), default=1, help="Number of the page in the file.")
@click.option("--place", type=click.IntRange(1), default=1, help="Where it goes, counted from 1.")
@click.option("--turn", type=click.Choice(["90", "180", "270"]), default="90", help="Degrees clockwise.")
@pass_context
def edit(
    context: Context, batch_id: str, act: str, username: str, version: int, document: int, page: int, place: int,
    turn: str,
) -> None:  # fmt: skip
    """Change the plan: merge, split, rotate, move, reorder, drop, restore."""
    one = Edit(Act(act), document - 1, page, place - 1, int(turn))
    if one.act is Act.DESCRIBE:
        raise click.UsageError("where a document goes is said on the review page")
    click.echo(f"plan {edit_batch(context.person(username), context.archive, asked_id(batch_id), version, one)}")


@batch.command()
@click.argument("batch_id", metavar="ID")
@as_option
@click.option("--plan", "version", type=int, required=True, help="Version of the plan, as `show` says it.")
@pass_context
def undo(context: Context, batch_id: str, username: str, version: int) -> None:
    """Take back the last change of the plan."""
    click.echo(f"plan {undo_batch(context.person(username), context.archive, asked_id(batch_id), version)}")


@batch.command()
@click.argument("batch_id", metavar="ID")
@as_option
@click.option("--plan", "version", type=int, required=True, help="Version of the plan, as `show` says it.")
@pass_context
def confirm(context: Context, batch_id: str, username: str, version: int) -> None:
    """Confirm the plan: a worker then makes a record of each document."""
    confirm_batch(context.person(username), context.archive, asked_id(batch_id), version)
    click.echo(f"{batch_id} is confirmed")


COMMANDS = (separators, batch)
