"""Commands on loans of paper originals: hand out, take back, list."""

from datetime import datetime
from pathlib import Path

import click

from edms.cli.context import DAY, Context, as_option, asked_id, json_option, pass_context, print_json, print_table
from edms.core.errors import NotFound, Refused
from edms.records.loans import Lending, lend, return_loan
from edms.records.loans_shown import loan_slip, loans_listed, paper_of


@click.group()
def loan() -> None:
    """Loans of the paper original of a record (R24)."""


@loan.command("out")
@click.argument("record", metavar="ID")
@as_option
@click.option("--to", "borrower", default="", help="User name of the borrower.")
@click.option("--to-name", default="", help="A borrower from outside, by name.")
@click.option("--to-office", default="", help="The office of a borrower from outside.")
@click.option("--permission", default="", help="Under which an outsider has a record above open: number and date.")
@click.option("--purpose", required=True, help="What it is wanted for.")
@click.option("--place", required=True, help="Where the paper stands; the slip goes there.")
@click.option("--due", type=DAY, required=True, help="The day by which it is to be back.")
@click.option("--slip", type=click.Path(path_type=Path, dir_okay=False), help="Write the out-indicator (PDF) there.")
@json_option
@pass_context
def lend_out(
    context: Context,
    record: str,
    username: str,
    borrower: str,
    to_name: str,
    to_office: str,
    permission: str,
    purpose: str,
    place: str,
    due: datetime,
    slip: Path | None,
    as_json: bool,
) -> None:
    """Hand out the paper original of a record; of what the borrower has asked for, that is it."""
    actor, record_id = context.person(username), asked_id(record)
    lending = Lending(due.date(), place, purpose, borrower, to_name, to_office, permission)
    loan_id = lend(actor, context.archive, record_id, lending)
    if slip is not None:
        try:
            slip.write_bytes(loan_slip(actor, context.archive, loan_id))
        except OSError as error:
            raise Refused(f"{slip} cannot be written: {error.strerror}", "the paper is lent all the same") from None
    if as_json:
        print_json({"loan": str(loan_id), "record": str(record_id)})
    else:
        click.echo(str(loan_id))


@loan.command("return")
@click.argument("record", metavar="ID")
@as_option
@click.option("--condition", required=True, help="In what condition it came back.")
@pass_context
def take_back(context: Context, record: str, username: str, condition: str) -> None:
    """Take the paper original of a record back."""
    actor = context.person(username)
    out = paper_of(actor, context.archive, asked_id(record)).out
    if out is None:
        raise NotFound("the paper of this record is not out")
    return_loan(actor, context.archive, out.loan, condition)
    click.echo(str(out.loan))


@loan.command("list")
@as_option
@click.option("--office", default="", help="Of the records of this office only.")
@click.option("--overdue", is_flag=True, help="What should be back already; exits 1 when there is any.")
@json_option
@pass_context
def list_loans(context: Context, username: str, office: str, overdue: bool, as_json: bool) -> None:
    """What is out or asked for, overdue first, then by office and day."""
    found = loans_listed(context.person(username), context.archive, office, overdue_only=overdue)
    if as_json:
        print_json([one.as_dict() for one in found])
    else:
        print_table(
            ("office", "due", "state", "borrower", "of", "record", "title"),
            [
                (one.office, one.due_on, "overdue" if one.overdue else one.state, one.borrower, one.borrower_office,
                 one.record, one.title)
                for one in found
            ],
        )  # fmt: skip
    if overdue and found:
        raise click.exceptions.Exit(1)


COMMANDS = (loan,)
