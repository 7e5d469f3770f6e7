"""Connections to LDAP servers: one after the other, under TLS with a checked certificate, and never for long.

ldap3's own check of host names is older than Python's and its time-outs hold for one read: the TLS context here is
Python's default, and a watchdog ends a conversation that goes on for too long, however the server drags it out.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ldap3 import NONE, SIMPLE, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import LDAPExceptionError
from pyasn1.error import PyAsn1Error

from edms.core.errors import EdmsError
from edms.core.ldap_settings import LdapSettings, server_parts
from edms.core.unlock import Unlock
from edms.directory.entries import DirectoryAway

log = logging.getLogger("edms.directory")
Found = TypeVar("Found")
SUCCESS = 0
_WRONG = frozenset({10, 19, 32, 34, 48, 49, 50, 53})
"""Results of a bind that say "not with this" (RFC 4511, appendix A): a referral among them is not followed."""


class _CheckedTls(Tls):  # type: ignore[misc] # ldap3 has no types
    """TLS with the certificate and the host name checked by Python's `ssl`, TLS 1.2 at least."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context, self._host = context, host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        # The socket is handed over before the handshake, so that the watchdog can end that too.
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=self._host, do_handshake_on_connect=False
        )
        if do_handshake:
            connection.socket.do_handshake()
        self.peer_certificate = connection.socket.getpeercert(binary_form=True)


class Servers:
    """The servers of a directory, in the order in which they are asked. One that failed rests for a while."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._resting: dict[str, float] = {}

    def ask(self, work: Callable[[str, Any], Found], seconds: float = 0) -> Found:
        """Return what `work(server, connection)` gives on the first server that answers, our account being bound.

        `seconds`: how long it may take on each; 0 for as long as one answer may. Raises DirectoryAway.
        """
        problems = []
        for server in self._settings.servers:
            if time.monotonic() < self._resting.get(server, 0.0):
                problems.append(f"{server}: did not answer just now")
                continue
            try:
                with self._connected(server, seconds or self._settings.timeout_seconds) as connection:
                    return work(server, connection)
            except DirectoryAway as fault:
                if fault.passed_on:
                    raise
                problems.append(fault.message)
                self._resting[server] = time.monotonic() + self._settings.retry_after_seconds
                log.warning("the directory: %s", fault.message)
        raise DirectoryAway(f"the directory does not answer: {'; '.join(problems)}", "see: edms doctor")

    @contextmanager
    def _connected(self, address: str, seconds: float) -> Iterator[Any]:
        """Open, protect and bind a connection to one server. Whatever ldap3 raises becomes DirectoryAway, and nothing
        of what it held: a message of the library could name the account or more."""
        scheme, host, port = server_parts(address)
        connection = None
        try:
            connection = self._connection(scheme, host, port)
            with _ended_after(seconds, connection):
                connection.open(read_server_info=False)
                if scheme == "ldap" and self._settings.starttls:
                    connection.start_tls(read_server_info=False)
                if not bind(connection, self._settings.bind_dn, self._secret()):
                    raise DirectoryAway(f"{address}: the account [ldap] bind_dn is not taken")
                yield connection
        except (LDAPExceptionError, PyAsn1Error, OSError, LookupError, ValueError, TypeError, AttributeError) as fault:
            # The library decodes what the server sends, and fails in many ways on what is no LDAP.
            raise DirectoryAway(f"{address}: {_reason(fault)}") from None
        finally:
            if connection is not None:
                _close(connection)

    def _connection(self, scheme: str, host: str, port: int) -> Any:
        context = ssl.create_default_context(cafile=str(self._settings.ca_file) if self._settings.ca_file else None)
        server = Server(
            host,
            port,
            use_ssl=scheme == "ldaps",
            tls=_CheckedTls(context, host),
            get_info=NONE,
            connect_timeout=self._settings.connect_timeout_seconds,
        )
        return Connection(
            server,
            authentication=SIMPLE,
            user=self._settings.bind_dn,
            password="-",  # noqa: S106 # nosec B106 # ldap3 wants one here; `bind` gives the real one
            client_strategy=SYNC,
            auto_referrals=False,
            check_names=False,
            auto_escape=False,  # what is typed is escaped here; a second guess of the library could undo it
            receive_timeout=self._settings.timeout_seconds,
            return_empty_attributes=False,
        )

    def _secret(self) -> str:
        try:
            return Unlock(self._settings.bind_password).secret("the password of [ldap] bind_dn").decode()
        except EdmsError as fault:
            raise DirectoryAway(fault.message) from None


def bind(connection: Any, dn: str, password: str) -> bool:
    """Say whether the server takes this password for `dn`. Raises DirectoryAway when it says neither yes nor no.

    An empty password would be an unauthenticated bind, which succeeds for everybody (RFC 4513, 5.1.2): never sent.
    """
    if not dn or not password:
        return False
    connection.result = None
    try:
        taken = connection.rebind(user=dn, password=password, authentication=SIMPLE, read_server_info=False)
    except LDAPExceptionError:
        if connection.result is None or connection.result.get("result") not in _WRONG:
            raise DirectoryAway("it gave no answer to a bind") from None
        return False
    finally:
        connection.password = "-"  # noqa: S105 - forgets the real one
        connection.request = None
    code = (connection.result or {}).get("result")
    if taken and code == SUCCESS:
        return True
    if code in _WRONG:
        return False
    raise DirectoryAway(f"it answered a bind with {(connection.result or {}).get('description', 'nothing')}")


def certificate_of(connection: Any) -> dict[str, Any] | None:
    """The certificate that the server showed, as Python tells it; None without TLS."""
    found = connection.socket
    return found.getpeercert() if isinstance(found, ssl.SSLSocket) else None


@contextmanager
def _ended_after(seconds: float, connection: Any) -> Iterator[None]:
    """End the conversation after so many seconds, whatever is waited for."""

    def end() -> None:
        with suppress(OSError, AttributeError):
            connection.socket.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(seconds, end)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def _close(connection: Any) -> None:
    with suppress(LDAPExceptionError, OSError, AttributeError):
        connection.strategy.close()


def _reason(fault: Exception) -> str:
    """What the person who looks after it needs, in one line; of the library's own messages nothing else."""
    told = str(fault).lower()
    for sign, said in (
        ("mismatch", "its certificate is of another host name"),
        ("certificate verify failed", "its certificate is not trusted: see [ldap] ca_file"),
        ("starttls failed", "it offers no StartTLS, so nothing was sent"),
        ("wrap socket error", "TLS failed"),
        ("ssl wrapping error", "TLS failed"),
        ("timed out", "no answer in time"),
        ("refused", "the connection is refused"),
        ("name or service not known", "there is no such host"),
    ):
        if sign in told:
            return said
    return f"the conversation broke off ({type(fault).__name__})"
