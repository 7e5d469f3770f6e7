"""An SMTP listener for multifunction printers: 250 only when the message is durable, 4xx when it cannot be now."""

import asyncio
import contextlib
import fnmatch
import hmac
import logging
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from edms.capture.mail import Envelope, mail_placement, take_message
from edms.core.errors import ConfigurationError, EdmsError, LimitExceeded, Refused
from edms.core.intake_settings import Listener, MailRoute
from edms.core.unlock import Unlock
from edms.records.archive import Archive

log = logging.getLogger("edms.capture")

IDENTITY = "edms"
START_SECONDS = 60.0
"""What a busy machine may take to start listening; the library gives up after five."""
_LATER = "451 4.3.0 not now: it cannot be stored; try again later"


@contextlib.contextmanager
def listening(archive: Archive, listener: Listener) -> Iterator[int]:
    """Listen while the context lasts; gives the port. Raises ConfigurationError before anything is accepted."""
    try:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult
    except ImportError:
        raise ConfigurationError("the SMTP listener is not installed", "pip install 'edms[smtp]'") from None
    for route in listener.routes:
        mail_placement(archive, route, f"[[capture.listeners]] {listener.name}")
    secret = Unlock(listener.password).secret("the password of the listener") if listener.user else b""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
        right = hmac.compare_digest(given.login, listener.user.encode()) & hmac.compare_digest(given.password, secret)
        # "handled" would mean that we have answered: a wrong password would then wait for ever for its refusal.
        return AuthResult(success=bool(right), handled=False)

    tls = tls_of(listener)

    class Listening(Controller):
        def _run(self, ready_event: threading.Event) -> None:
            """A port that is taken is told at once: without this whoever starts it waits as for a busy machine."""
            super()._run(ready_event)
            ready_event.set()

        def _trigger_server(self) -> None:
            """Its trial of itself goes to the port that was really taken, when any free one was asked for."""
            if self._thread_exception is not None:
                raise self._thread_exception
            server: Any = self.server
            self.port = server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]

    controller = Listening(
        Door(archive, listener),
        hostname=listener.host,
        port=listener.port,
        data_size_limit=listener.max_message_bytes,
        ident=IDENTITY,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=bool(listener.user),
        auth_require_tls=tls is not None,
        authenticator=authenticate if listener.user else None,
        enable_SMTPUTF8=True,
        ready_timeout=START_SECONDS,
    )
    try:
        controller.start()
    except OSError as error:
        raise ConfigurationError(f"listener {listener.name}: {error.strerror or error}") from None
    try:
        yield int(controller.port)
    finally:
        controller.stop()


def tls_of(listener: Listener) -> ssl.SSLContext | None:
    """Return how mail is taken under TLS; None without a certificate. Raises ConfigurationError."""
    if listener.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(listener.certificate, listener.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"listener {listener.name}: certificate or key: {error}") from None
    return context


class Door:
    """What is answered to each command; aiosmtpd calls it. Whoever may not send hears so before any content."""

    def __init__(self, archive: Archive, listener: Listener) -> None:
        self._archive = archive
        self._listener = listener
        self._networks = [ip_network(one) for one in listener.networks]

    async def handle_MAIL(self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if not self._near(session):
            return "550 5.7.1 not from this network"
        allowed = any(fnmatch.fnmatchcase(address.casefold(), one.casefold()) for one in self._listener.senders)
        if not allowed:
            return "550 5.7.1 not from this sender"
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self._route(address) is None:
            return "550 5.1.1 nobody of that name receives documents here"
        if envelope.rcpt_tos and self._route(envelope.rcpt_tos[0]) is not self._route(address):
            return "452 4.5.3 one kind of recipient at a time"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return await asyncio.get_running_loop().run_in_executor(None, self._taken, session, envelope)

    def _taken(self, session: Any, envelope: Any) -> str:
        """Take the message in, in a thread: 250 is said when its rows are committed, and not before."""
        route = self._route(envelope.rcpt_tos[0])
        content: bytes = envelope.content
        head = content.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].lower()
        if head.startswith(b"received:") + head.count(b"\nreceived:") > self._listener.max_hops:
            return "554 5.4.6 it goes round in a loop"
        if route is None:
            return _LATER
        encrypted = "TLS" if session.ssl else "no TLS"
        signed_in = ", signed in" if session.authenticated else ""
        told = Envelope(
            f"smtp:{self._listener.name}",
            tuple(envelope.rcpt_tos),
            str(envelope.mail_from or ""),
            str(session.peer[0]),
            encrypted + signed_in,
        )
        try:
            outcome = take_message(self._archive, route, content, told)
        except (ConfigurationError, LimitExceeded) as error:
            log.error("listener %s: %s", self._listener.name, error)
            return _LATER if isinstance(error, ConfigurationError) else "552 5.3.4 larger than is allowed"
        except Refused as error:
            log.error("listener %s: %s", self._listener.name, error)
            return "554 5.6.0 refused"
        except EdmsError as error:
            log.error("listener %s: %s", self._listener.name, error)
            return _LATER
        except Exception:
            log.exception("listener %s", self._listener.name)
            return _LATER
        return f"250 2.0.0 OK {outcome.records[0]}"

    def _near(self, session: Any) -> bool:
        address = ip_address(str(session.peer[0]))
        return any(address in network for network in self._networks if network.version == address.version)

    def _route(self, address: str) -> MailRoute | None:
        folded = address.casefold()
        routes = self._listener.routes
        return next((one for one in routes if fnmatch.fnmatchcase(folded, one.recipient.casefold())), None)
