"""Whether the ways in that nobody sits at can be used now: watched folders, mailboxes, listeners. For `edms doctor`."""

import errno
import imaplib
import os
import smtplib
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.mail import mail_placement
from edms.capture.mailboxes import connected, required, unwilling
from edms.capture.smtp import IDENTITY, tls_of
from edms.core.errors import EdmsError
from edms.core.intake_settings import Listener, Mailbox, WatchedFolder
from edms.records.archive import Archive
from edms.records.findings import Finding

CONNECT_SECONDS = 10.0


def examine_ways_in(actor: Actor | None, archive: Archive) -> list[Finding]:
    """Try every configured way in and take nothing: a folder is looked at, a mailbox signed in to, a port asked."""
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    capture = archive.settings.capture
    found: list[Finding] = []
    for folder in capture.folders:
        found += _folder(folder)
    for box in capture.mailboxes:
        found += _mailbox(archive, box)
    for listener in capture.listeners:
        found += _listener(archive, listener)
    return found


def _folder(folder: WatchedFolder) -> Iterator[Finding]:
    """Files would be captured and never moved away, or never seen."""
    problem = _folder_problem(folder)
    if problem:
        mend = "see: edms watch status; nothing there is lost"
        yield Finding("warning", f"watched folder {folder.name}: {problem}", mend)


def _folder_problem(folder: WatchedFolder) -> str:
    if not folder.path.is_dir():
        return f"{folder.path} is not there; is it mounted?"
    if not os.access(folder.path, os.R_OK | os.X_OK):
        return f"{folder.path} cannot be read by this account"
    for target in (folder.path, folder.done, folder.failed):
        if target.is_dir() and not _writable(target):
            return f"{target} cannot be written by this account"
    return ""


def _writable(folder: Path) -> bool:
    return not os.statvfs(folder).f_flag & os.ST_RDONLY and os.access(folder, os.W_OK | os.X_OK)


def _mailbox(archive: Archive, box: Mailbox) -> Iterator[Finding]:
    """Sign in as a worker would, and look whether the mailbox is there. No message is touched."""
    box = box.model_copy(update={"timeout_seconds": min(box.timeout_seconds, CONNECT_SECONDS)})
    told = ""
    try:
        mail_placement(archive, box, f"[[capture.mailboxes]] {box.name}")
        with connected(box) as server:
            required(server.select(f'"{box.mailbox}"', readonly=True), f"there is no mailbox {box.mailbox}")
    except EdmsError as error:
        told = str(error)
    except (OSError, imaplib.IMAP4.error) as error:
        told = unwilling(box, error)
    if told:
        mend = "see [[capture.mailboxes]]; the messages stay on their server"
        yield Finding("error", f"mailbox {box.name}: {told}", mend)


def _listener(archive: Archive, listener: Listener) -> Iterator[Finding]:
    where = f"listener {listener.name}: {listener.host}:{listener.port}"
    mend = "see [[capture.listeners]]; printers keep what they cannot deliver, for a while"
    if find_spec("aiosmtpd") is None:
        yield Finding(
            "error", f"listener {listener.name}: the SMTP listener is not installed", "pip install 'edms[smtp]'"
        )
        return
    try:
        for route in listener.routes:
            mail_placement(archive, route, f"[[capture.listeners]] {listener.name}")
        tls_of(listener)
    except EdmsError as error:
        yield Finding("error", f"listener {listener.name}: {error}", mend)
        return
    try:
        greeting = _greeting(listener)
    except ConnectionRefusedError:
        yield from _silent(archive, listener, where, mend)
        return
    except (OSError, smtplib.SMTPException) as error:
        yield Finding("error", f"{where} is taken by something that does not answer as a mail server: {error}", mend)
        return
    if IDENTITY in greeting:
        yield Finding("info", f"{where} takes mail")
    else:
        yield Finding("error", f"{where} is taken by another mail server: {greeting[:100]}", mend)


def _greeting(listener: Listener) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listener.host, listener.host)  # noqa: S104 - asked, not opened
    client = smtplib.SMTP(timeout=CONNECT_SECONDS)
    try:
        _code, told = client.connect(host, listener.port)
        return told.decode("ascii", "replace")
    finally:
        client.close()


def _silent(archive: Archive, listener: Listener, where: str, mend: str) -> Iterator[Finding]:
    """Nobody answers there: could it be opened, and who would do that?"""
    try:
        family = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((listener.host, listener.port), family=family).close()
    except OSError as error:
        known = {errno.EACCES: "this account may not open it", errno.EADDRNOTAVAIL: "this machine has no such address"}
        yield Finding(
            "error", f"{where} cannot be opened: {known.get(error.errno or 0, error.strerror or error)}", mend
        )
        return
    served = archive.settings.capture.listen_with_server
    who = "edms serve" if served else "edms mail listen ([capture] listen_with_server is off)"
    yield Finding("warning", f"{where}: nobody listens", f"start it: {who}")
