"""Mail that the archive sends: one message to one person, by the server of `[mail]`, never in the clear off this
machine."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Protocol

from edms.core.errors import EdmsError
from edms.core.mail_settings import MailSettings
from edms.core.unlock import Unlock


class MailFault(EdmsError):
    """The message was not taken: the server is away, or it refuses it."""

    exit_code = 1


class Post(Protocol):
    """MUST raise MailFault unless the server has taken the message for its one recipient; MUST NOT send it twice."""

    def send(self, message: EmailMessage) -> None: ...


class SmtpPost:
    """A post by SMTP (RFC 5321), each message over a connection of its own: reports are few."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, message: EmailMessage) -> None:
        """Send to the address in `To`. Raises MailFault."""
        told = self._settings
        try:
            with self._connected() as server:
                if told.tls == "starttls":
                    server.starttls(context=self._trusted())
                if told.user:
                    server.login(told.user, Unlock(told.password).secret("the password of outgoing mail").decode())
                server.send_message(message, from_addr=told.sender, to_addrs=[message["To"].addresses[0].addr_spec])
        except (smtplib.SMTPException, OSError) as error:
            # What a server says may hold anything; its kind and code are enough.
            code = getattr(error, "smtp_code", "")
            raise MailFault(f"the mail server did not take it: {type(error).__name__} {code}".strip()) from None

    def _connected(self) -> smtplib.SMTP:
        told = self._settings
        if told.tls == "implicit":
            return smtplib.SMTP_SSL(told.host, told.port, timeout=told.timeout_seconds, context=self._trusted())
        return smtplib.SMTP(told.host, told.port, timeout=told.timeout_seconds)

    def _trusted(self) -> ssl.SSLContext:
        ca_file = self._settings.ca_file
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def post_of(settings: MailSettings) -> Post | None:
    """Return the post that the settings name, or None where nothing is to be sent."""
    return SmtpPost(settings) if settings.host else None
