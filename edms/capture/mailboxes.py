"""IMAP mailboxes: each message is taken in, and moved to "done" on the server only once it is durable here."""

import contextlib
import imaplib
import logging
import re
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.mail import Envelope, mail_placement, take_message
from edms.capture.sources import due_sources, round_at
from edms.capture.sources_status import SourceStatus, status_of
from edms.core.errors import EdmsError, Refused, StorageFault
from edms.core.intake_settings import Mailbox
from edms.core.unlock import Unlock
from edms.records.archive import Archive

log = logging.getLogger("edms.capture")

MESSAGES_IN_A_ROUND = 50
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass
class MailRound:
    """One look at one mailbox."""

    mailbox: str
    captured: int = 0
    duplicate: int = 0
    refused: int = 0
    waiting: int = 0
    flags: list[str] = field(default_factory=list)
    problem: str = ""
    looked: bool = True

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def mailbox_source(mailbox: Mailbox) -> str:
    return f"mail:{mailbox.name}"


def poll_due(archive: Archive, owner: str) -> bool:
    """Look at each mailbox that is due, as a worker does. Returns whether anything came in."""
    boxes = {mailbox_source(box): box for box in archive.settings.capture.mailboxes}
    if not boxes:
        return False
    due = sorted(due_sources(archive, list(boxes), archive.clock.now()))
    rounds = [_look(archive, boxes[source], owner, now=False) for source in due]
    for one in rounds:
        if one.problem:
            log.error("mailbox %s: %s", one.mailbox, one.problem)
    return any(one.captured for one in rounds)


def poll_once(actor: Actor | None, archive: Archive, owner: str) -> list[MailRound]:
    """Look at every mailbox now."""
    archive.door.permit(actor, Action.RECORD_PROCESS)
    return [_look(archive, box, owner, now=True) for box in archive.settings.capture.mailboxes]


def mailbox_status(actor: Actor | None, archive: Archive) -> list[SourceStatus]:
    """Return the state of every mailbox, as of its last look."""
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    return [
        status_of(archive, mailbox_source(box), box.name, f"{box.user}@{box.host}:{box.port}", box.office, "")
        for box in archive.settings.capture.mailboxes
    ]


def _look(archive: Archive, box: Mailbox, owner: str, *, now: bool) -> MailRound:
    found = MailRound(box.name)
    with round_at(archive, mailbox_source(box), owner, box.interval_seconds, now=now) as held:
        if held is None:
            found.looked = False
            return found
        try:
            mail_placement(archive, box, f"[[capture.mailboxes]] {box.name}")
            with connected(box) as server:
                _empty(archive, box, server, found)
        except EdmsError as error:
            found.problem = str(error)
        except (OSError, imaplib.IMAP4.error) as error:
            found.problem = unwilling(box, error)
        held.waiting, held.problem = found.waiting, found.problem
    return found


@contextlib.contextmanager
def connected(box: Mailbox) -> Any:
    """Sign in, under TLS unless it is on this machine and the setting says so. Raises OSError, IMAP4.error."""
    trust = ssl.create_default_context(cafile=str(box.ca_file) if box.ca_file else None)
    server: imaplib.IMAP4
    if box.tls == "implicit":
        server = imaplib.IMAP4_SSL(box.host, box.port, ssl_context=trust, timeout=box.timeout_seconds)
    else:
        server = imaplib.IMAP4(box.host, box.port, timeout=box.timeout_seconds)
    try:
        if box.tls == "starttls":
            server.starttls(trust)
        secret = Unlock(box.password).secret(f"the password of mailbox {box.name}").decode()
        server.login(box.user, secret)
        # What a server can do it says in full to whoever has signed in; before, many name neither MOVE nor UIDPLUS.
        told = required(server.capability(), "it does not say what it can do")
        server.capabilities = tuple(b" ".join(told).decode("ascii", "replace").upper().split())
        yield server
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _empty(archive: Archive, box: Mailbox, server: imaplib.IMAP4, found: MailRound) -> None:
    for folder in (box.done, box.failed):
        server.create(_quoted(folder))  # a NO says that it is there
    required(server.select(_quoted(box.mailbox)), f"there is no mailbox {box.mailbox}")
    listed = required(server.uid("SEARCH", "UNDELETED"), "it cannot be searched")
    uids = (listed[0] or b"").split()
    found.waiting = max(0, len(uids) - MESSAGES_IN_A_ROUND)
    for uid in uids[:MESSAGES_IN_A_ROUND]:
        _message(archive, box, server, uid.decode(), found)


def _message(archive: Archive, box: Mailbox, server: imaplib.IMAP4, uid: str, found: MailRound) -> None:
    told = required(server.uid("FETCH", uid, "(RFC822.SIZE)"), "a message cannot be read")
    size = _SIZE.search(told[0] if isinstance(told[0], bytes) else b"")
    if size and int(size.group(1)) > box.max_message_bytes:
        found.refused += 1
        found.flags.append("too_large")
        _move(server, uid, box.failed)
        return
    fetched = required(server.uid("FETCH", uid, "(BODY.PEEK[])"), "a message cannot be read")
    content = next((part[1] for part in fetched if isinstance(part, tuple)), None)
    if content is None:
        return  # somebody has moved it meanwhile
    try:
        outcome = take_message(archive, box, content, Envelope(mailbox_source(box)))
    except StorageFault:
        raise
    except Refused as error:
        found.refused += 1
        found.flags.append(str(error)[:200])
        _move(server, uid, box.failed)
        return
    except EdmsError:
        raise
    except Exception as error:  # a defect of ours: the message stays, and those behind it come in
        log.exception("mailbox %s: message %s", box.name, uid)
        found.waiting += 1
        found.problem = f"message {uid} cannot be taken in ({type(error).__name__}) and stays; see the log"
        return
    found.captured += outcome.captured
    found.duplicate += outcome.duplicate
    found.flags += outcome.flags
    _move(server, uid, box.done)


def _move(server: imaplib.IMAP4, uid: str, folder: str) -> None:
    """Move a message: at once where the server can (RFC 6851), else copied and only then marked as deleted here."""
    if "MOVE" in server.capabilities:
        moved = server.uid("MOVE", uid, _quoted(folder))
        if moved[0] != "OK" and _is_there(server, uid):
            required(moved, f"a message cannot be moved to {folder}")
        return  # somebody else may have moved it meanwhile
    required(server.uid("COPY", uid, _quoted(folder)), f"a message cannot be copied to {folder}")
    required(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), "a message cannot be marked")
    if "UIDPLUS" in server.capabilities:
        server.uid("EXPUNGE", uid)


def _is_there(server: imaplib.IMAP4, uid: str) -> bool:
    (found, *_rest) = required(server.uid("SEARCH", "UID", uid), "it cannot be searched")
    return bool((found or b"").split())


def unwilling(box: Mailbox, error: Exception) -> str:
    """What it means that a mail server cannot be reached or does not do what is asked."""
    if isinstance(error, (ConnectionError, TimeoutError, socket.gaierror)):
        return f"the mail server {box.host}:{box.port} cannot be reached: {error}"[:500]
    return f"the mail server {box.host} does not do what is asked: {error}"[:500]


def required(answer: tuple[str, Any], problem: str) -> Any:
    """Return what the server answered. Raises StorageFault when that is a no."""
    status, data = answer
    if status != "OK":
        raise StorageFault(f"the mail server refuses: {problem}")
    return data


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
