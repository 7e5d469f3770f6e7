"""Commands on the ways in that nobody sits at: watched folders."""

import os
import signal
import socket
from contextlib import ExitStack

import click

from edms.capture.folders import watch_once
from edms.capture.mailboxes import mailbox_status, poll_once
from edms.capture.smtp import listening
from edms.capture.sources_status import SourceStatus, folder_status
from edms.cli.context import Context, json_option, pass_context, print_json, print_table, unlock_option
from edms.core.processes import die_with_parent, no_core_dumps
from edms.worker.main import stop_on_signals


@click.group()
def watch() -> None:
    """Watched folders."""


@watch.command()
@click.argument("names", nargs=-1)
@json_option
@pass_context
def once(context: Context, names: tuple[str, ...], as_json: bool) -> None:
    """Look at the watched folders (all, or those named) now, and capture what is settled. Exits 1 on a problem."""
    owner = f"{socket.gethostname()}/console-{os.getpid()}"
    rounds = watch_once(context.console(), context.archive, owner, names)
    for found in rounds:
        for line in found.lines:
            if as_json:
                print_json(line.as_dict())
            else:
                click.echo(f"{line.state:<10} {line.record or '-':<36} {line.path}  {line.reason}".rstrip())
    problems = [f"{found.folder}: {found.problem}" for found in rounds if found.problem]
    busy = [found.folder for found in rounds if not found.looked]
    lines = [line for found in rounds for line in found.lines]
    total = {
        **{state: sum(line.state == state for line in lines) for state in ("captured", "duplicate", "refused", "left")},
        "waiting": sum(found.waiting for found in rounds),
        "busy": busy,
        "problems": problems,
    }
    if as_json:
        print_json(total)
    else:
        click.echo(", ".join(f"{name} {count}" for name, count in total.items() if isinstance(count, int)))
        for name in busy:
            click.echo(f"{name}: a worker is at it")
        for problem in problems:
            click.echo(f"problem: {problem}")
    if problems or total["refused"]:
        raise click.exceptions.Exit(1)


@watch.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """How each watched folder is: when it was looked at, what waits there, what came. Exits 1 on a problem."""
    found = folder_status(context.console(), context.archive)
    if as_json:
        print_json({"folders": [one.as_dict() for one in found]})
    else:
        print_status(found)
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)


def print_status(found: list[SourceStatus]) -> None:
    print_table(
        ("name", "office", "waiting", "captured", "duplicate", "looked at", "where", "problem"),
        (
            (
                one.name,
                one.office,
                one.waiting,
                one.captured,
                one.duplicate,
                f"{one.looked_at:%Y-%m-%d %H:%M:%S}" if one.looked_at else "never",
                one.where,
                one.problem,
            )
            for one in found
        ),
    )


@click.group()
def mail() -> None:
    """Mailboxes, and the listener for multifunction printers."""


@mail.command("once")
@json_option
@pass_context
def mail_once(context: Context, as_json: bool) -> None:
    """Look at every configured mailbox now. Exits 1 on a problem."""
    owner = f"{socket.gethostname()}/console-{os.getpid()}"
    rounds = poll_once(context.console(), context.archive, owner)
    for found in rounds:
        if as_json:
            print_json(found.as_dict())
        else:
            counts = f"captured {found.captured}, duplicate {found.duplicate}, refused {found.refused}"
            click.echo(f"{found.mailbox}: {counts}, waiting {found.waiting} {found.problem}".rstrip())
    if any(found.problem or found.refused for found in rounds):
        raise click.exceptions.Exit(1)


@mail.command("status")
@json_option
@pass_context
def mail_status(context: Context, as_json: bool) -> None:
    """How each mailbox is, as of its last look. Exits 1 on a problem."""
    found = mailbox_status(context.console(), context.archive)
    if as_json:
        print_json({"mailboxes": [one.as_dict() for one in found]})
    else:
        print_status(found)
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)


@mail.command()
@click.option("--parent", type=int, hidden=True, help="End when this process, which started us, ends.")
@unlock_option
@pass_context
def listen(context: Context, parent: int | None, unlock_fd: int | None) -> None:
    """Take mail from multifunction printers until told to stop, at every configured listener."""
    context.unlock_from(unlock_fd)
    if parent is not None:
        die_with_parent(signal.SIGTERM, parent)
    no_core_dumps()
    listeners = context.settings.capture.listeners
    if not listeners:
        raise click.UsageError("no listener is configured: see [[capture.listeners]]")
    stopping = stop_on_signals()
    with ExitStack() as held:
        for one in listeners:
            port = held.enter_context(listening(context.archive, one))
            click.echo(f"{one.name}: listening on {one.host}:{port}", err=True)
        stopping.wait()


COMMANDS = (watch, mail)
