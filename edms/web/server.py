"""`edms serve`: one parent that watches over the page server and the capture workers, and nothing else.

Each child dies with the parent, however the parent ends; a child that ends is started again, with a growing pause
when it ends at once.
"""

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click

from edms.core.errors import ConfigurationError, EdmsError
from edms.core.settings import Settings

log = logging.getLogger("edms.serve")

GRACE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 30.0
SOON_SECONDS = 10.0
ADDRESS_WAIT_SECONDS = 3.0


class Child:
    """One process that is kept running."""

    def __init__(self, arguments: list[str], listener: socket.socket | None = None) -> None:
        self._arguments = [sys.executable, "-m", "edms.cli.main", *arguments]
        self._inherited = () if listener is None else (listener.fileno(),)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._not_before = 0.0

    def keep_running(self) -> None:
        """Start the process, or start it again when it has ended."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            log.warning("%s ended with %s", self._arguments[-2:], self._process.returncode)
            self._pause = (
                min(max(1.0, self._pause * 2), LONGEST_PAUSE_SECONDS) if now - self._started < SOON_SECONDS else 0.0
            )
            self._not_before = now + self._pause
            self._process = None
        if self._process is None and now >= self._not_before:
            self._started = now
            self._process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, pass_fds=self._inherited)

    def tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, until: float) -> None:
        """Wait for the end; kill when `until` (monotonic seconds) has passed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def serve(settings: Settings, config: Path | None, host: str, port: int, workers: int) -> None:
    """Run until SIGINT or SIGTERM. Raises EdmsError, with nothing started, when archive or address are no good.

    The address is taken here and handed on, so that it stays taken while the page server is started again.
    """
    from edms.bootstrap import open_archive

    open_archive(settings).database.close()
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    me = str(os.getpid())
    given = ["--config", str(config)] if config else []
    pages = ["serve-pages", "--listener", str(listener.fileno()), "--parent", me]
    children = [Child([*given, *pages], listener)]
    children += [Child([*given, "worker", "--parent", me]) for _number in range(workers)]
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"serving on http://{shown}:{port} with {workers} workers; Ctrl-C stops everything", err=True)
    while not stopping:
        for child in children:
            child.keep_running()
        time.sleep(0.2)
    listener.close()
    for child in children:
        child.tell(signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.wait(until)


def _listen(host: str, port: int) -> socket.socket:
    """Take the address. Waits a little for a server that is just ending; raises ConfigurationError."""
    until = time.monotonic() + ADDRESS_WAIT_SECONDS
    while True:
        try:
            family, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
                0
            ]
            return socket.create_server(address[:2], family=family, backlog=2048)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ConfigurationError(
                    f"cannot serve on {host}:{port}: {error.strerror or error}", "see [server] host and port"
                ) from None
        if time.monotonic() > until:
            raise ConfigurationError(
                f"something else serves on {host}:{port} already", "stop it, or choose another: edms serve --port 8081"
            )
        time.sleep(0.2)


def serve_pages(settings: Settings, listener: int) -> None:
    """Serve the pages on the open socket `listener` with gunicorn: one process, several threads."""
    from gunicorn.app.base import BaseApplication

    from edms.bootstrap import open_archive
    from edms.web.app import create_app

    class Pages(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {
                "bind": f"fd://{listener}",
                "workers": 1,
                "worker_class": "gthread",
                "threads": settings.server.threads,
                "graceful_timeout": 10,
                "timeout": 600,
                "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 - a heartbeat, no data
                "proc_name": "edms-pages",
                "accesslog": None,
                "loglevel": "warning",
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            try:
                return create_app(open_archive(settings))
            except EdmsError as error:
                click.echo(f"edms: {error}", err=True)
                os._exit(error.exit_code)

    Pages().run()
