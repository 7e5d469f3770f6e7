"""Commands on packages for archival institutions: checked, and answered by a receipt."""

from pathlib import Path

import click

from edms.cli.context import Context, as_option, json_option, pass_context, print_json
from edms.exchange.checking import CheckedPackage
from edms.exchange.receiving import Acceptance, issue_receipt, look_at_package

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def exchange() -> None:
    """Packages for archival institutions: checked, and answered by a receipt."""


@exchange.command("check")
@click.argument("package", type=_FILE)
@as_option
@json_option
@pass_context
def check(context: Context, package: Path, username: str, as_json: bool) -> None:
    """Check a package that came: bag, METS, PREMIS, descriptions. Exits 1 when it is not whole."""
    _checked(look_at_package(context.person(username), context.archive, package), as_json)


@exchange.command("receipt")
@click.argument("package", type=_FILE)
@as_option
@click.option("--reference", required=True, help="Number of the accession.")
@click.option("--return", "returned", multiple=True, metavar="RECORD=REASON", help="A record that goes back, and why.")
@click.option("--output", type=_FOLDER, required=True, help="Folder for receipt.json and receipt.p7s.")
@json_option
@pass_context
def answer(
    context: Context, package: Path, username: str, reference: str, returned: tuple[str, ...], output: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Answer a whole package with a receipt that this archive seals."""
    back = {name.strip(): why for name, _, why in (one.partition("=") for one in returned)}
    told = Acceptance(reference, back)
    _checked(issue_receipt(context.person(username), context.archive, package, told, output), as_json)


def _checked(found: CheckedPackage, as_json: bool) -> None:
    told = {
        "ok": found.good, "package": found.name, "manifest_sha256": found.manifest_sha256,
        "records": [{"record": one.record, "faults": list(one.faults)} for one in found.records],
        "faults": list(found.faults),
    }  # fmt: skip
    if as_json:
        print_json(told)
    else:
        click.echo(f"{found.name}: {len(found.records)} records, manifest {found.manifest_sha256}")
        for fault in (*found.faults, *(f"{one.record}: {why}" for one in found.records for why in one.faults)):
            click.echo(f"FAULT {fault}")
    if not found.good:
        raise click.exceptions.Exit(1)


COMMANDS = (exchange,)
