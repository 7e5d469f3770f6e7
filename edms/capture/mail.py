"""Mail as documents: a message is taken in once, whole or as its attachments, with what is known of who sent it.

The same message is recognised by its Message-ID and a digest of what travels unchanged: the same by another way is the
same; another content under a known Message-ID is kept, and flagged.
"""

import io
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from edms.access.actors import intake_actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.capture.accept import Accepted, accept
from edms.capture.arrivals import Origin, identity_of
from edms.capture.incoming import MAIL, Description, IncomingFile, Placement, shown_text
from edms.capture.intake_model import Arrival
from edms.core.canonical import sha256_hex
from edms.core.errors import ConfigurationError, Refused
from edms.core.intake_settings import MailPlacing
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.people import office_by_code


@dataclass(frozen=True)
class Envelope:
    """How a message came: where to, who was named as sender, from which address, under TLS or as whom."""

    source: str
    recipients: tuple[str, ...] = ()
    sender: str = ""
    peer: str = ""
    told: str = ""


@dataclass(frozen=True)
class MailOutcome:
    """What became of a message: its records, and what is odd about it (flags)."""

    records: tuple[str, ...]
    captured: int
    duplicate: int
    flags: tuple[str, ...]


def mail_placement(archive: Archive, rule: MailPlacing, where: str) -> Placement:
    """Return where a rule puts mail. Raises ConfigurationError for an office or a class that is not there."""
    try:
        office = office_by_code(archive, rule.office)
        if rule.class_code:
            with archive.database.reader() as session:
                checked_class(session, rule.class_code, archive.clock.today())
    except Refused as error:
        raise ConfigurationError(f"{where}: {error}") from None
    return Placement(office, rule.class_code or None, Level(rule.level) if rule.level else None)


def take_message(archive: Archive, rule: MailPlacing, content: bytes, envelope: Envelope) -> MailOutcome:
    """Take in one message; when this returns all of it is durable. What cannot be divided is kept whole.

    Raises StorageFault, KeyUnavailable, ConfigurationError and Refused; then the sender or the mailbox keeps it, and
    the same message again goes on where this stopped.
    """
    placement = mail_placement(archive, rule, envelope.source)
    told, parts, flags = _apart(archive, content)
    mail = _facts(told, rule, content, envelope)
    whole = rule.keep == "message" or not parts
    if rule.keep == "attachments" and told.get("undivided"):
        flags.append("kept_whole")
    day, ahead = _day(archive, told)
    if ahead:
        flags.append("date_ahead")
    if _reused(archive, envelope.source, told):
        flags.append("message_id_reused")
    mail["flags"] = flags
    name = f"{str(told.get('subject') or 'message')[:150]}.eml"
    pieces = [(name, content)] if whole else list(zip(map(str, told["attachments"]), parts, strict=True))
    described = _described(placement, told, day if whole else None, alone=whole)
    taken = [
        _take(archive, described, mail, envelope.source, told, number, *piece) for number, piece in enumerate(pieces)
    ]
    twice = sum(one.duplicate for one in taken)
    return MailOutcome(tuple(str(one.record_id) for one in taken), len(taken) - twice, twice, tuple(flags))


def _apart(archive: Archive, content: bytes) -> tuple[dict[str, Any], list[bytes], list[str]]:
    """Take the message apart in the sandbox; one that makes the parser fail is kept whole, under its own hash."""
    try:
        limits = replace(archive.sandbox.limits, processes=0)
        answer = archive.sandbox.call("edms.text.mail_parts:take_apart", files=(io.BytesIO(content),), limits=limits)
        told = answer.values
        if len(told["attachments"]) != len(answer.sections):
            raise KeyError("attachments")
    except (SandboxFault, KeyError, TypeError):
        return {"digest": sha256_hex(content), "undivided": "it cannot be read"}, [], ["unreadable"]
    return {name: _shown(value) for name, value in told.items()}, answer.sections, []


def _shown(value: Any) -> Any:
    """What a stranger wrote, fit to be kept and shown: strings, and lists of them."""
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return shown_text(value) if isinstance(value, str) else value


def _facts(told: dict[str, Any], rule: MailPlacing, content: bytes, envelope: Envelope) -> dict[str, Any]:
    """What is kept of the message beside its bytes. Only the results of the named server are believed."""
    results = [str(one) for one in told.get("authentication") or ()]
    wanted = rule.authserv_id.casefold()
    # The topmost one: a server puts its own above whatever the sender wrote there (RFC 8601, section 5).
    believed = (
        next((one for one in results if wanted and one.split(";")[0].split()[:1] == [wanted]), "") if wanted else ""
    )
    return {
        "message_id": str(told.get("message_id") or ""),
        "from": str(told.get("from") or ""),
        "to": str(told.get("to") or ""),
        "subject": str(told.get("subject") or ""),
        "date": str(told.get("date") or ""),
        "body": str(told.get("body") or "") if rule.keep == "attachments" else "",
        "sha256": sha256_hex(content),
        "authentication_results": believed,
        "authentication": "told by the receiving server" if believed else "unverified",
        "other_results": len(results) - bool(believed),
        "dkim_signatures": int(told.get("dkim_signatures") or 0),
        "envelope_from": shown_text(envelope.sender)[:400],
        "envelope_to": _shown(list(envelope.recipients)[:50]),
        "peer": envelope.peer,
        "told": envelope.told,
        "undivided": str(told.get("undivided") or ""),
    }


def _reused(archive: Archive, source: str, told: dict[str, Any]) -> bool:
    """Whether another content came under this Message-ID before."""
    name = str(told.get("message_id") or "")
    if not name:
        return False
    with archive.database.reader() as session:
        digests = session.scalars(
            select(Arrival.details["digest"].as_string()).where(
                Arrival.source == source, Arrival.details["message_id"].as_string() == name
            )
        )
        return any(digest != told["digest"] for digest in digests)


def _day(archive: Archive, told: dict[str, Any]) -> tuple[date | None, bool]:
    """Return the day that the sender's clock told, and whether it is still to come here; then it is not believed.

    Somewhere it is tomorrow already: that is today.
    """
    try:
        day = date.fromisoformat(str(told.get("date") or ""))
    except ValueError:
        return None, False
    today = archive.clock.today()
    return (None, True) if day > today + timedelta(days=1) else (min(day, today), False)


def _described(placement: Placement, told: dict[str, Any], day: date | None, *, alone: bool) -> Placement:
    subject = " ".join(str(told.get("subject") or "").split())
    described = Description(
        title=subject[:500] or None if alone else None,
        document_date=day,  # of a mail alone: the date of a letter is not that of the mail that carries it
        sender=str(told.get("from") or "")[:300] or None,
        recipient=str(told.get("to") or "")[:300] or None,
    )
    return replace(placement, description=described)


def _take(
    archive: Archive,
    placement: Placement,
    mail: dict[str, Any],
    source: str,
    told: dict[str, Any],
    number: int,
    name: str,
    content: bytes,
) -> Accepted:
    """Take in one piece, once: told apart by the message and its place there, whichever way the message came."""
    identity = identity_of(str(told.get("message_id") or ""), str(told["digest"]), number)
    before = _before(archive, source, identity)
    if before is not None:
        return before
    level = placement.level or UNCLASSIFIED_COUNTS_AS
    clearance = level if level.permits(UNCLASSIFIED_COUNTS_AS) else UNCLASSIFIED_COUNTS_AS
    actor = intake_actor(source, frozenset({placement.office_id}), clearance)
    details = {"message_id": mail["message_id"], "digest": str(told["digest"]), "part": number, "flags": mail["flags"]}
    incoming = IncomingFile(name, io.BytesIO(content), len(content), facts={MAIL: mail})
    return accept(actor, archive, incoming, placement, origin=Origin(source, identity, details))


def _before(archive: Archive, source: str, identity: str) -> Accepted | None:
    with archive.database.reader() as session:
        row = session.scalars(select(Arrival).where(Arrival.source == source, Arrival.identity == identity)).first()
        return Accepted(row.record_id, "", row.sha256, row.size, row.duplicate, repeated=True) if row else None
