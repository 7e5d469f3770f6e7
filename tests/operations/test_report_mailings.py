"""Lists by mail, through a real SMTP server on loopback: to each reader what that one may see, once, and no more."""

import dataclasses
import email
import email.policy
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import openpyxl
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from archive_fixtures import MOMENT
from sqlalchemy import func, select

from bench.many_records import ManyRecords
from edms.access.actors import Actor, console_actor
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.core.mail_settings import MailSettings
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.people import deactivate_person
from edms.records.report_lists import By, ListName
from edms.records.report_mailings import ATTEMPTS, NewMailing, add_mailing, end_mailing, list_mailings, send_due
from edms.records.reports import ListQuestion, list_groups

People = Callable[[Archive, str], Actor]
TWO = (("records", "records@kota.example"), ("clerk-dinkes", "clerk@kota.example"))


class Letterbox:
    """What a server does with a message: keep it, or refuse it."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusing = False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusing:
            return "451 later, and here is a secret"
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 taken"


class AnyPort(Controller):
    """It looks whether it serves at the port it was given, which is none."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def letterbox() -> Iterator[tuple[Letterbox, int]]:
    box = Letterbox()
    controller = AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


def mailing(archive: Archive, port: int, **more: Any) -> Archive:
    told = MailSettings(
        host="127.0.0.1", port=port, tls="none", sender="arsip@kota.example", domains=("kota.example",), **more
    )
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"mail": told}))


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_each_reader_gets_what_that_one_may_see_once_a_period(
    archive: Archive, person: People, letterbox: tuple[Letterbox, int]
) -> None:
    box, port = letterbox
    archive = mailing(archive, port)
    ManyRecords(archive, seed=6).fill(120)
    add_mailing(person(archive, "records"), archive, NewMailing("Usul musnah", ListName.PAST_DUE, TWO, "weekly"))
    assert send_due(archive) == 2
    assert sorted(box.recipients) == ["clerk@kota.example", "records@kota.example"]
    counts = {}
    for message in box.messages:
        reader = person(archive, "records" if "records@" in message["To"] else "clerk-dinkes")
        groups = list_groups(reader, archive, ListQuestion(ListName.PAST_DUE), By.OFFICE)
        counts[reader.name] = sum(group.count for group in groups)
        assert f"Jumlah: {counts[reader.name]}\n" in body(message)
        assert not list(message.iter_attachments())
        assert "Surat" not in body(message).splitlines()[0]
    assert counts["clerk-dinkes"] < counts["records"]
    assert send_due(archive) == 0
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    clock.set(MOMENT + timedelta(days=7))
    assert send_due(archive) == 2
    clock.set(MOMENT + timedelta(days=100))
    assert send_due(archive) == 2, "what was missed is not made up for"
    assert send_due(archive) == 0
    with archive.database.reader() as session:
        query = select(func.count()).select_from(AuditLeaf)
        assert session.scalar(query.where(AuditLeaf.action == "report.sent")) == 6


def test_an_attachment_has_every_row_and_only_where_it_is_allowed(
    archive: Archive, person: People, letterbox: tuple[Letterbox, int]
) -> None:
    box, port = letterbox
    ManyRecords(archive, seed=6).fill(120)
    new = NewMailing("Lampiran", ListName.PAST_DUE, TWO[:1], form="xlsx")
    officer = person(archive, "records")
    with pytest.raises(Refused):
        add_mailing(officer, mailing(archive, port), new)
    allowed = mailing(archive, port, attachments=True)
    add_mailing(officer, allowed, new)
    assert send_due(allowed) == 1
    (attached,) = box.messages[0].iter_attachments()
    assert str(attached.get_filename()).startswith("past_due-")
    book = openpyxl.load_workbook(io.BytesIO(attached.get_content()))
    assert f"Jumlah: {book.worksheets[0].max_row - 1}\n" in body(box.messages[0])
    small = mailing(archive, port, attachments=True, most_attachment_bytes=1024)
    add_mailing(officer, small, new)
    assert send_due(small) == 1
    assert not list(box.messages[1].iter_attachments())
    assert "terlalu besar" in body(box.messages[1])


def test_a_server_that_refuses_is_asked_again_and_given_up_at_last(
    archive: Archive, person: People, letterbox: tuple[Letterbox, int]
) -> None:
    box, port = letterbox
    archive = mailing(archive, port)
    officer = person(archive, "records")
    add_mailing(officer, archive, NewMailing("Tertahan", ListName.HELD, TWO[:1]))
    box.refusing = True
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    for attempt in range(ATTEMPTS):
        assert list_mailings(officer, archive)[0]["next_on"] == MOMENT.date().isoformat()
        assert send_due(archive) == 0
        assert send_due(archive) == 0, "not again at once"
        clock.set(MOMENT + timedelta(minutes=20 * (attempt + 1)))
    (told,) = list_mailings(officer, archive)
    assert told["next_on"] > MOMENT.date().isoformat()
    assert "451" in told["recipients"][0]["fault"]
    assert "secret" not in told["recipients"][0]["fault"]
    assert not box.messages


def test_who_has_left_gets_nothing(archive: Archive, person: People, letterbox: tuple[Letterbox, int]) -> None:
    box, port = letterbox
    archive = mailing(archive, port)
    add_mailing(person(archive, "records"), archive, NewMailing("Daftar", ListName.HELD, TWO))
    deactivate_person(console_actor("tests"), archive, "clerk-dinkes")
    assert send_due(archive) == 1
    assert box.recipients == ["records@kota.example"]


def test_what_is_ended_is_sent_no_more(archive: Archive, person: People, letterbox: tuple[Letterbox, int]) -> None:
    box, port = letterbox
    archive = mailing(archive, port)
    officer = person(archive, "records")
    one = add_mailing(officer, archive, NewMailing("Daftar", ListName.HELD, TWO))
    end_mailing(officer, archive, one)
    assert send_due(archive) == 0
    assert not box.messages
    with pytest.raises(NotFound):
        end_mailing(officer, archive, one)


def test_mail_goes_to_people_of_the_archive_at_addresses_that_are_allowed(archive: Archive, person: People) -> None:
    archive = mailing(archive, 25)
    officer = person(archive, "records")
    for recipients in (
        (("nobody", "x@kota.example"),), (("records", "x@elsewhere.example"),), (("records", "x"),), (),
        (("records", "x@kota.example\nBcc: y@elsewhere.example"),), (("records", "x@kota.example\n"),),
    ):  # fmt: skip
        with pytest.raises(Refused):
            add_mailing(officer, archive, NewMailing("Daftar", ListName.HELD, recipients))
    with pytest.raises(NotPermitted):
        add_mailing(person(archive, "clerk-dinkes"), archive, NewMailing("Daftar", ListName.HELD, TWO))
    assert send_due(archive) == 0


def test_nothing_crosses_the_network_in_the_clear() -> None:
    with pytest.raises(ValueError, match="this machine only"):
        MailSettings(host="mail.kota.example", tls="none", sender="a@kota.example")
    with pytest.raises(ValueError, match="sender"):
        MailSettings(host="mail.kota.example")
