"""Commands that stay: serve, and the processes that it starts: serve-pages, worker. Each loads what it needs alone."""

import os
import signal
import sys

import click

from edms.cli.context import Context, on_terminal, pass_context, unlock_option
from edms.core.loading import undisturbed
from edms.core.processes import die_with_parent, no_core_dumps
from edms.web.server import serve as serve_all
from edms.web.server import serve_pages as run_pages


@click.command()
@click.option("--host", help="Address to listen on; default from the configuration.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (0: any free one); default from the configuration.")
@click.option("--workers", type=click.IntRange(0, 64), help="Capture worker processes; default from the configuration.")
@pass_context
def serve(context: Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the pages and run the workers; Ctrl-C stops everything."""
    settings = context.settings
    wanted = settings.worker.processes if workers is None else workers
    fitting = min(wanted, settings.worker.memory(max(1, wanted)).workers)
    if fitting < wanted:
        click.echo(f"[worker] memory_bytes has room for {fitting} of {wanted} workers", err=True)
    if fitting:
        os.environ["EDMS_WORKER__PROCESSES"] = str(fitting)  # the shares are dealt out for those who are there
    serve_all(
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
    with undisturbed():
        from edms.worker.main import run, stop_on_signals

    context.unlock_from(unlock_fd)
    if parent is not None:
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
    die_with_parent(signal.SIGTERM, parent)
    run_pages(context.settings, listener, context.unlock)


COMMANDS = (serve, serve_pages, worker)
