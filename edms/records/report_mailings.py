"""Lists of retention that come by mail, weekly or monthly: to each person with what that person may see (R50).

A mail has counts by office and a link; the list itself only where `[mail] attachments` lets it. Each is made with the
rights its reader has at that moment, so that who has left or may see no more gets nothing or less; that it was shown
is an event as if it had been asked for. A message taken by the server and not yet noted as sent may come twice, with
the same Message-ID.
"""

import logging
import re
from dataclasses import dataclass
from datetime import date, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor, system_actor
from edms.access.model import Person
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotFound, Refused
from edms.core.ids import new_id
from edms.core.mail_settings import ADDRESS
from edms.records.archive import Archive
from edms.records.outgoing_mail import Post, post_of
from edms.records.people import console_person
from edms.records.report_lists import LIST_NAMES, By, ListName
from edms.records.report_model import ReportMailing, ReportRecipient
from edms.records.report_sheets import open_list_sheet
from edms.records.reports import ListQuestion, list_groups
from edms.records.sheets import MEDIA_TYPES, Form, sheet_parts
from edms.retention.dates import add_period
from edms.retention.explain import day as written_day
from edms.retention.types import Period

log = logging.getLogger("edms.mail")
SENDER = system_actor("reports")
EVERY = {"weekly": Period(days=7), "monthly": Period(months=1)}
MOST_RECIPIENTS = 100
ATTEMPTS = 5
AGAIN_AFTER = timedelta(minutes=15)
_WORDS = {
    "id": {"count": "Jumlah", "none": "Tidak ada arsip dalam daftar ini.", "link": "Lihat",
           "large": "Daftar terlalu besar untuk dilampirkan.",
           "why": "Surat ini dikirim oleh sistem arsip menurut hak akses Anda saat ini."},
    "en": {"count": "Count", "none": "There is no record on this list.", "link": "See",
           "large": "The list is too large to be attached.",
           "why": "This mail was sent by the archive, with what you may see at this moment."},
}  # fmt: skip


@dataclass(frozen=True)
class NewMailing:
    """A list to be mailed. `recipients`: user names and addresses; `form` empty: no attachment; `first`: None today."""

    title: str
    name: ListName
    recipients: tuple[tuple[str, str], ...]
    every: str = "monthly"
    office: str = ""
    form: str = ""
    language: str = "id"
    first: date | None = None


def add_mailing(actor: Actor | None, archive: Archive, new: NewMailing) -> UUID:
    """Have a list mailed from now on. Raises Refused for what is no address, or one that mail may not go to."""
    _check(archive, new)
    with archive.door.write(actor, Action.REPORT_MAIL) as operation:
        operation.decide()
        people = {
            person.username: person
            for person in operation.session.scalars(
                select(Person).where(Person.username.in_([name for name, _address in new.recipients]))
            )
        }
        mailing = ReportMailing(
            id=new_id(archive.clock), title=new.title, every=new.every, form=new.form, language=new.language,
            question={"report": new.name.value, "office": new.office}, next_on=new.first or archive.clock.today(),
            made_by=operation.actor.id, made_at=operation.now,
        )  # fmt: skip
        operation.session.add(mailing)
        operation.session.flush()
        for username, address in new.recipients:
            person = people.get(username)
            if person is None or not person.active or person.held_by is not None:
                raise Refused(f"there is no such person to send to: {username[:80]!r}")
            operation.session.add(ReportRecipient(mailing_id=mailing.id, person_id=person.id, address=address))
        operation.about("mailing", mailing.id, "report.mailed_from_now_on")
        operation.note(report=new.name.value, every=new.every, recipients=len(new.recipients))
        return mailing.id


def end_mailing(actor: Actor | None, archive: Archive, mailing_id: UUID) -> None:
    """Have it mailed no more. Raises NotFound."""
    with archive.door.write(actor, Action.REPORT_MAIL) as operation:
        operation.decide()
        mailing = operation.session.get(ReportMailing, mailing_id, with_for_update=True)
        operation.about("mailing", mailing_id, "report.mailed_no_more")
        if mailing is None or mailing.ended_at is not None:
            raise NotFound()
        mailing.ended_by, mailing.ended_at = operation.actor.id, operation.now


def list_mailings(actor: Actor | None, archive: Archive) -> list[dict[str, Any]]:
    """Return what is mailed, when next, to whom, and what became of the last one."""
    with archive.door.read(actor, Action.REPORT_MAIL) as operation:
        operation.decide()
        query = (
            select(ReportMailing, ReportRecipient, Person.username)
            .join(ReportRecipient, ReportRecipient.mailing_id == ReportMailing.id)
            .join(Person, Person.id == ReportRecipient.person_id)
            .where(ReportMailing.ended_at.is_(None))
            .order_by(ReportMailing.made_at, ReportMailing.id, Person.username)
        )
        found: dict[UUID, dict[str, Any]] = {}
        for mailing, recipient, username in operation.session.execute(query):
            told = {
                "mailing": str(mailing.id), "title": mailing.title, **mailing.question, "every": mailing.every,
                "form": mailing.form, "next_on": mailing.next_on.isoformat(), "recipients": [],
            }  # fmt: skip
            sent = recipient.sent_for.isoformat() if recipient.sent_for else None
            one = {"user": username, "address": recipient.address, "sent_for": sent, "fault": recipient.fault}
            found.setdefault(mailing.id, told)["recipients"].append(one)
        return list(found.values())


def send_due(archive: Archive, post: Post | None = None) -> int:
    """Send what is due today and was not sent; return how many the server took. Safe to be done by several at once."""
    post = post or post_of(archive.settings.mail)
    if post is None:
        return 0
    sent = 0
    for mailing, recipient, username in _due(archive):
        if not _taken(archive, recipient):
            continue
        fault: str | None = None
        try:
            post.send(_message(archive, mailing, recipient, username))
            sent += 1
        except EdmsError as error:
            fault = error.message[:300]
            log.error("the report %s for %s was not sent: %s", mailing.id, username, fault)
        _note(archive, mailing, recipient, fault)
    _go_on(archive)
    return sent


def _check(archive: Archive, new: NewMailing) -> None:
    if not 1 <= len(new.title) <= 200 or not new.title.isprintable():
        raise Refused("a mailing has a title of 1 to 200 characters")
    if new.every not in EVERY or new.language not in _WORDS or new.form not in ("", *Form):
        raise Refused("a report is mailed weekly or monthly, as csv, xlsx, pdf or without the list itself")
    if not 1 <= len(new.recipients) <= MOST_RECIPIENTS:
        raise Refused(f"a mailing has 1 to {MOST_RECIPIENTS} recipients")
    if new.form and not archive.settings.mail.attachments:
        raise Refused("lists may not be attached here", "leave out the form, or set [mail] attachments")
    for _username, address in new.recipients:
        if not re.fullmatch(ADDRESS, address) or not address.isascii():
            raise Refused(f"this is no address: {address[:80]!r}")
        if not archive.settings.mail.permits(address):
            raise Refused(f"mail may not go to {address[:80]!r}", "see [mail] domains")


def _due(archive: Archive) -> list[tuple[ReportMailing, ReportRecipient, str]]:
    today = archive.clock.today()
    with archive.database.reader() as session:
        query = (
            select(ReportMailing, ReportRecipient, Person.username)
            .join(ReportRecipient, ReportRecipient.mailing_id == ReportMailing.id)
            .join(Person, Person.id == ReportRecipient.person_id)
            .where(ReportMailing.ended_at.is_(None), ReportMailing.next_on <= today)
            .where(_unsent())
            .order_by(ReportMailing.id, Person.username)
        )
        return [(mailing, recipient, username) for mailing, recipient, username in session.execute(query)]


def _unsent() -> Any:
    unsent = (ReportRecipient.sent_for.is_(None)) | (ReportRecipient.sent_for < ReportMailing.next_on)
    return unsent & (ReportRecipient.attempts < ATTEMPTS)


def _taken(archive: Archive, recipient: ReportRecipient) -> bool:
    """Take the sending of one message upon oneself, for a while: another worker then leaves it alone."""
    with archive.door.write(SENDER, Action.REPORT_MAIL) as operation:
        operation.decide()
        operation.unrecorded()  # what becomes of the message is told once it has become of it
        row = operation.session.get(ReportRecipient, (recipient.mailing_id, recipient.person_id), with_for_update=True)
        if row is None or row.attempts != recipient.attempts:
            return False
        if row.sent_at is not None and row.sent_at > operation.now - AGAIN_AFTER and row.attempts:
            return False
        row.sent_at, row.attempts = operation.now, row.attempts + 1
        return True


def _note(archive: Archive, mailing: ReportMailing, recipient: ReportRecipient, fault: str | None) -> None:
    with archive.door.write(SENDER, Action.REPORT_MAIL) as operation:
        operation.decide()
        operation.about("mailing", mailing.id, "report.sent" if fault is None else "report.not_sent")
        operation.note(person=str(recipient.person_id), due_on=mailing.next_on.isoformat())
        row = operation.session.get_one(ReportRecipient, (recipient.mailing_id, recipient.person_id))
        row.fault = fault
        if fault is None:
            row.sent_for, row.attempts = mailing.next_on, 0


def _go_on(archive: Archive) -> None:
    """A mailing whose last message was sent, or given up, is due a period later; days that passed meanwhile are not
    made up for."""
    today = archive.clock.today()
    with archive.door.write(SENDER, Action.REPORT_MAIL) as operation:
        operation.decide()
        operation.unrecorded()
        due = select(ReportMailing).where(ReportMailing.ended_at.is_(None), ReportMailing.next_on <= today)
        for mailing in operation.session.scalars(due.with_for_update()):
            rows = operation.session.scalars(
                select(ReportRecipient).where(ReportRecipient.mailing_id == mailing.id)
            ).all()
            unsent = [row for row in rows if row.sent_for is None or row.sent_for < mailing.next_on]
            if any(row.attempts < ATTEMPTS for row in unsent):
                continue
            while mailing.next_on <= today:
                mailing.next_on = add_period(mailing.next_on, EVERY[mailing.every])
            for row in rows:
                row.attempts = 0


def _message(archive: Archive, mailing: ReportMailing, recipient: ReportRecipient, username: str) -> EmailMessage:
    """Make the mail of one person with that person's own rights. Raises Refused for who is here no more."""
    settings, words, language = archive.settings, _WORDS[mailing.language], mailing.language
    reader = console_person(archive, username, "mail")
    asked = ListQuestion(ListName(mailing.question["report"]), None, mailing.question["office"])
    groups = list_groups(reader, archive, asked, By.OFFICE)
    title = f"{LIST_NAMES[language][asked.name]}, {written_day(archive.clock.today(), language)}"
    lines = [title, "", f"{words['count']}: {sum(group.count for group in groups)}"]
    lines += [f"- {group.title}: {group.count}" for group in groups] or [words["none"]]
    if settings.server.public_url:
        office = f"?office={asked.office}" if asked.office else ""
        lines += ["", f"{words['link']}: {settings.server.public_url}/retention/lists/{asked.name.value}{office}"]
    message = EmailMessage()
    message["Subject"] = f"[{settings.archive.name}] {mailing.title}"
    message["From"] = Address(settings.archive.name, addr_spec=settings.mail.sender)
    message["To"] = Address(addr_spec=recipient.address)
    message["Date"] = format_datetime(archive.clock.now())
    domain = settings.mail.sender.partition("@")[2]
    message["Message-ID"] = f"<{mailing.id}.{recipient.person_id}.{mailing.next_on}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    attached = _attached(archive, reader, asked, mailing) if mailing.form and settings.mail.attachments else None
    if mailing.form and settings.mail.attachments and attached is None:
        lines += ["", words["large"]]
    message.set_content("\n".join([*lines, "", words["why"]]))
    if attached is not None:
        content, name = attached
        kind, _, subtype = MEDIA_TYPES[Form(mailing.form)].partition(";")[0].partition("/")
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return message


def _attached(archive: Archive, reader: Actor, asked: ListQuestion, mailing: ReportMailing) -> tuple[bytes, str] | None:
    """The list as a file, or None when it is larger than may be attached."""
    held = bytearray()
    with open_list_sheet(reader, archive, asked, mailing.language) as (sheet, stem):
        for part in sheet_parts(sheet, Form(mailing.form)):
            held += part
            if len(held) > archive.settings.mail.most_attachment_bytes:
                return None
    return bytes(held), f"{stem}.{mailing.form}"
