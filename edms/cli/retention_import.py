"""`edms retention import`: a published table made into a draft, with a report of what was not understood."""

import re
from datetime import datetime
from pathlib import Path

import click

from edms.cli.context import DAY, Context, pass_context, print_json
from edms.core.errors import Refused, StorageFault
from edms.records.rule_tables import EditionKind, Imported, NewEdition, import_table

FILE = click.Path(exists=True, path_type=Path, dir_okay=False)
UNKNOWN = "belum diisi"


@click.command("import")
@click.argument("table", metavar="FILE", type=FILE)
@click.option("--kind", type=click.Choice([kind.value for kind in EditionKind]), required=True)
@click.option("--output", required=True, metavar="draft.toml", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--id", "name", help="The edition's id; default: from the name of the output.")
@click.option("--number", default=UNKNOWN, help="The regulation, as 'Perwal 2/2026'.")
@click.option("--title", default=UNKNOWN, help="Its title.")
@click.option("--source", help="Where the table was published; default: the name of the file.")
@click.option("--source-url", default="", help="Where it can be fetched.")
@click.option("--effective-from", type=DAY, help="Default: the first of January that comes.")
@click.option("--header-row", type=click.IntRange(1, 100), default=1, show_default=True)
@click.option("--sheet", default="", help="Of a workbook; default: the first.")
@click.option("--overwrite", is_flag=True, help="Put it in the place of a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with stable keys.")
@pass_context
def import_command(
    context: Context,
    table: Path,
    kind: str,
    output: Path,
    name: str | None,
    number: str,
    title: str,
    source: str | None,
    source_url: str,
    effective_from: datetime | None,
    header_row: int,
    sheet: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a draft of a rule file from a CSV or XLSX table; exit 1 when a row was not understood."""
    if output.exists() and not overwrite:
        raise Refused(f"{output} is there already", "name another file, or say --overwrite")
    archive = context.archive
    edition = NewEdition(
        id=_id(name or output.stem),
        kind=EditionKind(kind),
        number=number,
        title=title,
        source=source or f"tabel {table.name}",
        effective_from=effective_from.date() if effective_from else archive.clock.today().replace(
            year=archive.clock.today().year + 1, month=1, day=1
        ),
        source_url=source_url,
    )  # fmt: skip
    if len(edition.source) < 10:
        raise Refused("a source has 10 characters or more", "say where the table was published: --source")
    found = import_table(archive, table, edition, header_row, sheet)
    try:
        output.write_text(found.toml(), "utf-8")
    except OSError as error:
        raise StorageFault(f"{output} cannot be written: {error.strerror}") from None
    if as_json:
        print_json(
            {
                "given": found.given,
                "understood": len(found.parts),
                "reported": [vars(one) for one in found.reported],
                "reasons": found.reasons(),
                "output": str(output),
            }
        )
    else:
        _tell(found, output)
    if found.reported:
        click.get_current_context().exit(1)


def _tell(found: Imported, output: Path) -> None:
    for one in found.reported:
        meant = f"; {one.suggestion}?" if one.suggestion else ""
        click.echo(f"line {one.line}: {one.code or '-'}: {one.field}: {one.reason}: {one.words}{meant}")
    click.echo(f"{output}: {found.given} rows, {len(found.parts)} understood, {len(found.reported)} reported")


def _id(text: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:61]
    if len(found) < 2:
        raise Refused("an edition's id has 2 characters or more, of a-z and 0-9", "name one: --id")
    return found
