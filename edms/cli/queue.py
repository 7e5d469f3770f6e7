"""`edms queue`: what the workers have before them."""

from datetime import datetime

import click

from edms.capture.lanes import JobAtWork, lanes_now
from edms.cli.context import Context, json_option, pass_context, print_json, print_table


@click.command()
@click.option("--as", "username", metavar="USER", help="Act for this person, who sees titles; default: the console.")
@json_option
@pass_context
def queue(context: Context, username: str | None, as_json: bool) -> None:
    """Show the lanes of work: what waits, what is under way, by whom, and what failed."""
    found = lanes_now(context.person(username) if username else context.console(), context.archive)
    if as_json:
        print_json(found.as_dict())
        return
    turns = [(lane.lane, one) for lane in found.lanes for one in lane.offices]
    rows = [(lane, one.office, one.waiting, _time(one.since), one.running, one.pausing) for lane, one in turns]
    print_table(("lane", "office", "waiting", "since", "running", "pausing"), rows)
    for scan in found.scans:
        click.echo(f"scan {scan.record_id} {scan.office}: {scan.done} of {scan.pages} pages {scan.title}".rstrip())
    for job in found.running:
        click.echo(f"running {_job(job)}, by {job.worker}")
    for job in found.failing:
        told = f"failing {_job(job)}, attempt {job.attempts}, again at {_time(job.until)}: {job.error}"
        click.echo(told.rstrip(": "))


def _job(job: JobAtWork) -> str:
    pages = f" pages {job.first}-{job.last}" if job.first else ""
    return f"{job.record_id} {job.office}: {job.step}{pages} {job.title}".rstrip()


def _time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else ""


COMMANDS = (queue,)
