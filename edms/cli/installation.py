"""Commands of an installation: init, serve, worker."""

import os
import signal
import sys

import click

from edms.bootstrap import InitReport, archive_exists, initialise
from edms.cli.context import Context, json_option, on_terminal, pass_context, print_json, unlock_option
from edms.cli.people import print_passwords
from edms.cli.samples import capture_samples
from edms.core.processes import no_core_dumps
from edms.records.people import anybody
from edms.worker.main import run, stop_on_signals


@click.command()
@click.option("--demo", is_flag=True, help="Add the demo offices and people, with random passwords printed once.")
@click.option("--samples", is_flag=True, help="Capture the sample archive (needs --demo, now or before).")
@click.option("--if-missing", is_flag=True, help="Do nothing when there is an archive with people already.")
@click.option("--no-passphrase", is_flag=True, help="Leave a new key file without a passphrase, as a demo's is.")
@json_option
@pass_context
def init(context: Context, demo: bool, samples: bool, if_missing: bool, no_passphrase: bool, as_json: bool) -> None:
    """Make storage, keys and database; migrate an older database; safe to repeat."""
    where = str(context.settings.storage.path)
    if if_missing and archive_exists(context.settings) and anybody(context.archive):
        _answer_init(context, InitReport(created=False), None, as_json)
        return
    report = initialise(
        context.settings, context.console(), demo=demo, unlock=context.unlock, locked=not (demo or no_passphrase)
    )
    if not as_json:
        # Before the samples: who breaks off while they are captured has the passwords.
        click.echo(f"archive ready in {where}")
        if report.passwords:
            print_passwords(report.passwords)
    _answer_init(context, report, capture_samples(context) if samples else None, as_json)


def _answer_init(context: Context, report: InitReport, samples: dict[str, int] | None, as_json: bool) -> None:
    if as_json:
        people = [{"user": user, "password": password} for user, password in report.passwords.items()]
        where = str(context.settings.storage.path)
        print_json({"storage": where, "created": report.created, "people": people, "samples": samples})
    elif samples:
        click.echo("samples: " + ", ".join(f"{name} {count}" for name, count in samples.items()))


@click.command()
@click.option("--host", help="Address to listen on; default from the configuration.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (0: any free one); default from the configuration.")
@click.option("--workers", type=click.IntRange(0, 64), help="Capture worker processes; default from the configuration.")
@pass_context
def serve(context: Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the pages and run the workers; Ctrl-C stops everything."""
    from edms.web.server import serve as serve_pages

    settings = context.settings
    wanted = settings.worker.processes if workers is None else workers
    fitting = min(wanted, settings.worker.memory(max(1, wanted)).workers)
    if fitting < wanted:
        click.echo(f"[worker] memory_bytes has room for {fitting} of {wanted} workers", err=True)
    if fitting:
        os.environ["EDMS_WORKER__PROCESSES"] = str(fitting)  # the shares are dealt out for those who are there
    serve_pages(
        settings,
        context.config,
        host=host or settings.server.host,
        port=settings.server.port if port is None else port,
        workers=fitting,
        unlock=context.unlock,
    )


@click.command()
@click.option("--parent", type=int, hidden=True, help="End when this process, which started us, ends.")
@unlock_option
@pass_context
def worker(context: Context, parent: int | None, unlock_fd: int | None) -> None:
    """Run capture and indexing jobs until told to stop."""
    context.unlock_from(unlock_fd)
    if parent is not None:
        from edms.core.processes import die_with_parent

        die_with_parent(signal.SIGTERM, parent)
    stopping = stop_on_signals()
    no_core_dumps()
    run(context.archive, stopping, context.archive.settings.worker.lanes)
    if on_terminal():
        click.echo("worker stopped", err=True)
    sys.exit(0)


@click.command("serve-pages", hidden=True)
@click.option("--listener", type=int, required=True)
@click.option("--parent", type=int, required=True)
@unlock_option
@pass_context
def serve_pages(context: Context, listener: int, parent: int, unlock_fd: int | None) -> None:
    """The page server alone; started and watched by `edms serve`."""
    context.unlock_from(unlock_fd)
    no_core_dumps()
    from edms.core.processes import die_with_parent
    from edms.web.server import serve_pages as run_pages

    die_with_parent(signal.SIGTERM, parent)
    run_pages(context.settings, listener, context.unlock)


COMMANDS = (init, serve, serve_pages, worker)
