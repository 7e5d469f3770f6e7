"""Mail that is made to break in, to mislead or to stop what is behind it: what comes in, what is told, what goes on."""

import smtplib
import threading
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import MOMENT, pdf, settle
from mail_server import MailServer
from test_mail import CONSOLE, OWNER, Box, box, configured, facts, message, poll, records

from edms.capture import mailboxes
from edms.capture.mail import Envelope, MailOutcome, take_message
from edms.capture.mailboxes import poll_once
from edms.capture.smtp import listening
from edms.core.clock import FixedClock
from edms.records.archive import Archive

__all__ = ["box"]
NUL, RIGHT_TO_LEFT = "=?utf-8?B?YQBiYw==?=", "\u202e"
PARAMETERS = b"Content-Type: text/plain" + b"; a=b" * 1_200_000
WHO = b"From: a@b.example\r\nTo: c@d.example\r\n"
DEEP = b"".join(b"Content-Type: message/rfc822\r\nSubject: %d\r\n%s\r\n" % (number, WHO) for number in range(200))
HEADERS = {
    "subject": b"Subject: " + b"panjang " * 130_000,
    "recipients": b"Subject: x\r\nTo: " + b"a@b.example, " * 80_000,
    "id": b"Subject: x\r\nMessage-ID: <" + b"a" * 2**20 + b"@x>",
    "parameters": b"Subject: x\r\n" + PARAMETERS,
    "file name": b"Subject: x\r\nContent-Disposition: attachment; filename=" + b"a" * 2**20 + b".pdf",
    "count": b"Subject: x\r\n" + b"X-A: b\r\n" * 130_000 + b"X-B: c",
}


def taken(archive: Archive, folder: Path, content: bytes, keep: str = "message") -> MailOutcome:
    """Take in a message as a listener does that was told it; a way in without a server of its own."""
    routes = [{"recipient": "*", "office": "dinkes", "keep": keep, "class": "000.1.5", "level": "open"}]
    archive = configured(archive, folder, "listeners", port=0, routes=routes)
    return take_message(archive, archive.settings.capture.listeners[0].routes[0], content, Envelope("smtp:surat"))


def told(archive: Archive) -> list[tuple[str, str | None]]:
    settle(archive)
    return [(one.state, one.problem_code) for one in records(archive)]


@pytest.mark.parametrize("keep", ["message", "attachments"])
def test_ten_thousand_attachments(embedded: Archive, tmp_path: Path, keep: str) -> None:
    """One record, with everything in it, which a person looks at: not ten thousand."""
    part = b"--b\r\nContent-Disposition: attachment; filename=%d.txt\r\n\r\nx\r\n"
    head = WHO + b"Subject: banyak\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    outcome = taken(embedded, tmp_path, head + b"".join(part % number for number in range(10_000)), keep)
    assert (outcome.captured, outcome.flags) == (1, ("kept_whole",) if keep == "attachments" else ())
    assert told(embedded) == [("quarantined", "archive_depth")]


@pytest.mark.parametrize("keep", ["message", "attachments"])
@pytest.mark.parametrize("times", [1, 25])
def test_messages_within_messages(embedded: Archive, tmp_path: Path, keep: str, times: int) -> None:
    """200 deep, and so deep that the parser gives up."""
    outcome = taken(embedded, tmp_path, DEEP * times + WHO + b"Subject: terdalam\r\n\r\nisi", keep)
    assert outcome.captured == 1
    ((state, problem),) = told(embedded)
    assert (state, problem in ("archive_depth", "damaged")) == ("quarantined", True)


@pytest.mark.parametrize("header", HEADERS.values(), ids=list(HEADERS))
def test_a_header_of_a_megabyte(embedded: Archive, tmp_path: Path, header: bytes) -> None:
    outcome = taken(embedded, tmp_path, header + b"\r\n\r\nisi surat")
    assert (outcome.captured, outcome.flags) == (1, ()), "it was taken apart, and within its time"
    (record,) = records(embedded)
    assert len(record.title) <= 500
    assert len(record.recipient or "") <= 300
    assert len(record.file_name) <= 200
    assert len(str(facts(record))) < 20_000
    assert taken(embedded, tmp_path, header + b"\r\n\r\nisi surat").records == outcome.records
    other = taken(embedded, tmp_path, header + b"b\r\n\r\nisi surat")
    assert other.records != outcome.records, "another ending of the header is another message"


def test_characters_that_mislead_or_cannot_be_stored(archive: Archive, tmp_path: Path) -> None:
    """On both databases; PostgreSQL stores no NUL, and one such message would stop a mailbox for ever."""
    names = ("..\\..\\etc\\passwd", "../../etc/shadow", f"gaji{RIGHT_TO_LEFT}fdp.txt", "a\tb\x1b[31m.txt", "CON", "")
    parts = "".join(
        f'--b\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n{number}\r\n'
        for number, name in enumerate((*names, NUL))
    )
    head = (
        f"Subject: {NUL} {RIGHT_TO_LEFT}x\x00 dan \u00e9\r\nFrom: {NUL} <a@b.example>\r\nMessage-ID: <a\x00@x>\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nisi\x00 surat\r\n"
    )
    for keep in ("attachments", "message"):
        assert taken(archive, tmp_path, f"{head}{parts}--b--\r\n{keep}".encode(), keep).captured
    found = records(archive)
    kept = {one.file_name for one in found}
    assert kept == {"passwd", "shadow", "gajifdp.txt", "ab[31m.txt", "CON", "attachment", "abc", "abc x dan \u00e9.eml"}
    shown = [*kept, *(str(one.title) + str(one.sender) + str(facts(one)) for one in found)]
    assert not [text for text in shown if any(sign in text for sign in ("\x00", "\\x00", RIGHT_TO_LEFT, "\x1b"))]
    assert {one.title for one in found} >= {"abc x dan \u00e9"}, "what is no ASCII is read as UTF-8"
    settle(archive)


@pytest.mark.parametrize(
    ("ahead", "day", "flags"),
    [
        (timedelta(days=3650), None, ("date_ahead",)),
        (timedelta(days=2), None, ("date_ahead",)),
        (timedelta(days=1), MOMENT.date(), ()),
        (timedelta(), MOMENT.date(), ()),
        (timedelta(days=-400), (MOMENT - timedelta(days=400)).date(), ()),
    ],
    ids=["ten years", "two days", "tomorrow somewhere", "today", "long ago"],
)
def test_the_clock_of_a_sender_that_is_ahead_is_not_believed(
    embedded: Archive, tmp_path: Path, ahead: timedelta, day: date | None, flags: tuple[str, ...]
) -> None:
    mail = message("Surat")
    del mail["Date"]
    mail["Date"] = MOMENT + ahead
    assert taken(embedded, tmp_path, mail.as_bytes()).flags == flags
    (record,) = records(embedded)
    assert (record.document_date, record.received_at) == (day, MOMENT)
    assert facts(record)["date"] == (MOMENT + ahead).date().isoformat(), "what was told is kept"


def nameless(*attached: tuple[str, bytes]) -> EmailMessage:
    mail = message("Tanpa nama", *attached)
    del mail["Message-ID"]
    return mail


def test_without_a_name_and_sent_twice_each_attachment_comes_in_once(embedded: Archive, tmp_path: Path) -> None:
    mail = nameless(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))).as_bytes()
    first = taken(embedded, tmp_path, mail, "attachments")
    again = taken(embedded, tmp_path, b"Received: by another way\r\n" + mail, "attachments")
    assert (len(first.records), again.records) == (2, first.records)
    assert len(records(embedded)) == 2


def test_two_who_fetch_at_once_take_each_message_once(
    box: Box, dovecot: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease of the first runs out while it is at a message; the second does the same ones, and then both go on."""
    archive = box(keep="attachments")
    dovecot.deliver(
        *(message(f"Surat {n}", (f"{n}.pdf", pdf(str(n)))).as_bytes() for n in range(3)), nameless().as_bytes()
    )
    moved, at_move, go_on = mailboxes._move, threading.Event(), threading.Event()
    found: list[Any] = []

    def slow(*arguments: Any) -> None:
        if threading.current_thread() is first and not at_move.is_set():
            at_move.set()
            assert go_on.wait(180)
        moved(*arguments)

    monkeypatch.setattr(mailboxes, "_move", slow)
    first = threading.Thread(target=lambda: found.extend(poll_once(CONSOLE, archive, "first/0")))
    first.start()
    assert at_move.wait(180)
    assert not poll_once(CONSOLE, archive, OWNER)[0].looked, "the first has the lease"
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(seconds=archive.settings.worker.lease_seconds + 1))
    second = poll(archive)
    go_on.set()
    first.join(180)
    assert [one.problem for one in (second, *found)] == ["", ""]
    assert len(records(archive)) == 4
    assert (dovecot.subjects("INBOX"), len(dovecot.subjects("Arsip"))) == ([], 4)


def test_what_nobody_foresaw_stays_and_those_behind_it_come_in(
    box: Box, dovecot: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = box()
    dovecot.deliver(message("Aneh").as_bytes(), message("Biasa").as_bytes())
    take = mailboxes.take_message

    def defect(archive: Archive, rule: Any, content: bytes, envelope: Envelope) -> MailOutcome:
        if b"Aneh" in content:
            raise ZeroDivisionError
        return take(archive, rule, content, envelope)

    monkeypatch.setattr(mailboxes, "take_message", defect)
    found = poll(archive)
    assert (found.captured, found.waiting, "ZeroDivisionError" in found.problem) == (1, 1, True)
    assert (dovecot.subjects("INBOX"), dovecot.subjects("Arsip")) == (["Aneh"], ["Biasa"])
    monkeypatch.undo()
    assert poll(archive).captured == 1


def test_a_listener_takes_what_is_hostile_and_answers(embedded: Archive, tmp_path: Path) -> None:
    pytest.importorskip("aiosmtpd")
    archive = configured(embedded, tmp_path, "listeners", port=0, routes=[{"recipient": "*", "office": "dinkes"}])
    hostile = (DEEP + b"\r\nisi", f"Subject: {NUL}\r\n\r\nisi".encode(), b"\x00\r\n\r\n", b"")
    with listening(archive, archive.settings.capture.listeners[0]) as port:
        for content in hostile:
            with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
                client.sendmail("a@b.example", ["x@y.example"], content)
    assert len(records(archive)) == len(hostile)
