"""`edms serve`: is the archive well, is the address free? Then the watcher takes over; and the page server itself."""

import errno
import os
import socket
import sys
import time
from pathlib import Path

import click

from edms.core.errors import ConfigurationError, EdmsError
from edms.core.loading import undisturbed
from edms.core.processes import no_core_dumps
from edms.core.settings import Settings
from edms.core.unlock import Unlock
from edms.web.streams import readable_bodies

ADDRESS_WAIT_SECONDS = 3.0


def serve(settings: Settings, config: Path | None, host: str, port: int, workers: int, unlock: Unlock) -> None:
    """Serve until SIGINT or SIGTERM. Raises EdmsError, with nothing started, when archive or address are no good.

    The address is taken here and handed on, so that it stays taken while the page server is started again. This
    process then becomes the watcher (`edms.web.watch`), which needs a tenth of its memory. What opens the keys is asked
    for once, here, and reaches it through a pipe.
    """
    from edms.bootstrap import open_archive

    no_core_dumps()
    open_archive(settings, unlock=unlock).database.close()
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"serving on http://{shown}:{port} with {workers} workers; Ctrl-C stops everything", err=True)
    listener.set_inheritable(True)
    given = ["--config", str(config)] if config else []
    mail = bool(settings.capture.listeners) and settings.capture.listen_with_server
    watcher = [sys.executable, "-m", "edms.web.watch", str(listener.fileno()), str(workers), str(int(mail))]
    with unlock.handed_over() as descriptor:
        if descriptor is not None:
            os.set_inheritable(descriptor, True)
            given = ["--unlock-fd", str(descriptor), *given]
        os.execv(sys.executable, [*watcher, *given])  # noqa: S606 # nosec B606 # a list, no shell


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


def serve_pages(settings: Settings, listener: int, unlock: Unlock) -> None:
    """Serve the pages on the open socket `listener` with gunicorn: one process, several threads."""
    with undisturbed():
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
                "limit_request_line": 8190,  # a place in the results of a long question has some thousand characters
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            try:
                app = create_app(open_archive(settings, unlock=unlock))
            except EdmsError as error:
                click.echo(f"edms: {error}", err=True)
                os._exit(error.exit_code)
            app.wsgi_app = readable_bodies(app.wsgi_app)  # type: ignore[method-assign]
            return app

    Pages().run()
