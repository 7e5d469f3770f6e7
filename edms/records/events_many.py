"""Events of many records at once: noted from a list by one person, verified together by another (R32, R88)."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty, clash, why_apart
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id, parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.events import check_event
from edms.records.folders import records_of
from edms.records.model import Folder, Record, RecordState, TriggerEvent
from edms.records.retention import store_due_dates
from edms.records.visible import facts_for, visible_to
from edms.retention.types import TriggerType

MOST_LINES = 5000
NOTHING = "there is nothing like that, or it is not yours to deal with"
_LIST_COLUMNS = ("subject", "date", "evidence")
_NAMES = {"subject": ("subject", "subjek", "berkas", "arsip", "nip", "nomor", "number"), "date": ("date", "tanggal"),
          "evidence": ("evidence", "bukti", "sk", "dasar")}  # fmt: skip


@dataclass(frozen=True)
class ToldEvent:
    """One line of a list. `subject`: the id of a record or folder, `OFFICE/CODE` of a folder, or a record's number."""

    line: int
    subject: str
    happened_on: date
    evidence: str


@dataclass(frozen=True)
class NotMatched:
    """A line of which nothing was noted, and why."""

    line: int
    subject: str
    why: str


@dataclass(frozen=True)
class EventPreview:
    """A line of which an event would be noted. `title`: of the record, or of the folder when `record` is None."""

    line: int
    subject: str
    title: str
    happened_on: date
    evidence: str
    record: UUID | None


@dataclass(frozen=True)
class NotedMany:
    """What became of a list: its id (None when nothing was noted), how many events, and the lines that met nothing."""

    list_id: UUID | None
    noted: int
    not_matched: tuple[NotMatched, ...]


@dataclass(frozen=True)
class VerifiedMany:
    """How many events were verified and how many due dates changed; and of the others why not."""

    verified: int
    changed: int
    refused: tuple[tuple[UUID, str], ...]


def read_list(
    content: bytes, default_day: date | None = None, evidence: str = ""
) -> tuple[list[ToldEvent], list[NotMatched]]:
    """Read a CSV (comma or semicolon; a heading names subject, date, evidence, in Indonesian or English), and what was
    not understood of it. Without a heading each line is a subject. Raises Refused for what is no such list."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("the list is not in UTF-8", "save it as CSV UTF-8") from None
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        raise Refused("the list cannot be read as CSV", "save it as CSV UTF-8") from None
    if len(rows) > MOST_LINES + 1:
        raise Refused(f"a list has at most {MOST_LINES} lines", "cut it in parts")
    places = _places(rows[0]) if rows else {}
    told: list[ToldEvent] = []
    wrong: list[NotMatched] = []
    for number, row in enumerate(rows[1 if places else 0 :], 2 if places else 1):
        cells = {name: row[at].strip() for name, at in (places or {"subject": 0}).items() if at < len(row)}
        subject = cells.get("subject", "")
        if not any(cell.strip() for cell in row):
            continue
        day = _day(cells.get("date", "")) or (None if cells.get("date") else default_day)
        if not subject:
            wrong.append(NotMatched(number, "", "no record or folder is named"))
            continue
        if day is None:
            wrong.append(NotMatched(number, subject[:120], "no day that can be read"))
            continue
        told.append(ToldEvent(number, subject, day, cells.get("evidence") or evidence))
    return told, wrong


def record_events(
    actor: Actor | None,
    archive: Archive,
    kind: TriggerType,
    told: Sequence[ToldEvent],
    label: str = "",
    evidence_record: UUID | None = None,
) -> NotedMany:
    """Note an event of each record or folder of a list that the actor may note events of; all in one act.

    A line that meets nothing, nothing of the actor's, or more than one record, is returned and stops no other. None of
    them counts before somebody else has verified it. Raises Refused, NotFound for the record that is the evidence.
    """
    if not told or len(told) > MOST_LINES:
        raise Refused(f"a list has 1 to {MOST_LINES} lines")
    with archive.door.write(actor, Action.EVENT_WORK) as operation:
        operation.decide()
        if evidence_record is not None:
            _require_shown(operation, evidence_record)
        list_id, wrong, noted = new_id(archive.clock), list[NotMatched](), 0
        for found in _matched(operation, archive, kind, told, label):
            if isinstance(found, NotMatched):
                wrong.append(found)
                continue
            line, record_id, folder_id = found
            event = TriggerEvent(
                id=new_id(archive.clock), record_id=record_id, folder_id=folder_id, type=kind.value,
                label=label[:200], happened_on=line.happened_on, evidence=line.evidence[:500],
                recorded_by=operation.actor.id, recorded_at=operation.now, list_id=list_id,
                evidence_record_id=evidence_record,
            )  # fmt: skip
            operation.session.add(event)
            what, subject = ("record", record_id) if record_id else ("folder", folder_id)
            assert subject is not None
            details = {"event": str(event.id), "type": kind.value, "happened_on": line.happened_on.isoformat()}
            operation.audit(f"{what}.event_recorded", what, subject, **details)
            noted += 1
        operation.about("list", list_id, "events.recorded")
        operation.note(type=kind.value, noted=noted, not_matched=len(wrong))
        return NotedMany(list_id if noted else None, noted, tuple(wrong))


def preview_events(
    actor: Actor | None, archive: Archive, kind: TriggerType, told: Sequence[ToldEvent], label: str = ""
) -> tuple[tuple[EventPreview, ...], tuple[NotMatched, ...]]:
    """Return what noting this list would note, line by line, and the lines that meet nothing; nothing is noted.

    Raises Refused as `record_events`.
    """
    if not told or len(told) > MOST_LINES:
        raise Refused(f"a list has 1 to {MOST_LINES} lines")
    with archive.door.disclose(actor, Action.EVENT_WORK) as operation:
        operation.decide()
        operation.about("list", "events", LISTED)
        shown, wrong = list[EventPreview](), list[NotMatched]()
        for found in _matched(operation, archive, kind, told, label):
            if isinstance(found, NotMatched):
                wrong.append(found)
                continue
            line, record_id, folder_id = found
            subject = operation.session.get(Record, record_id) or operation.session.get(Folder, folder_id)
            assert subject is not None, "it was met just now"
            shown.append(
                EventPreview(line.line, line.subject, subject.title, line.happened_on, line.evidence, record_id)
            )
        operation.note(shown=len(shown))
        return tuple(shown), tuple(wrong)


def _matched(
    operation: Operation, archive: Archive, kind: TriggerType, told: Sequence[ToldEvent], label: str
) -> Iterator[tuple[ToldEvent, UUID | None, UUID | None] | NotMatched]:
    """Yield each line with the record or the folder that it names, or why nothing is noted of it."""
    seen: set[tuple[UUID | None, date]] = set()
    for line in told:
        try:
            check_event(archive, kind, line.happened_on, line.evidence, label)
            record_id, folder_id = _subject(operation, line.subject)
        except NotFound:
            yield NotMatched(line.line, line.subject[:120], NOTHING)
            continue
        except Refused as error:
            yield NotMatched(line.line, line.subject[:120], error.message)
            continue
        key = (record_id or folder_id, line.happened_on)
        if key in seen:
            yield NotMatched(line.line, line.subject[:120], "the list names it twice")
            continue
        seen.add(key)
        yield line, record_id, folder_id


def awaiting_subjects(
    actor: Actor | None, archive: Archive, kind: TriggerType, happened_on: date, evidence: str, office: str = ""
) -> list[ToldEvent]:
    """Return a line for each record that awaits this kind of event and of which the actor may note one: the end of a
    fiscal year, or of a term of office, comes for all of them at once. Raises Refused beyond the most of a list."""
    with archive.door.read(actor, Action.EVENT_WORK) as operation:
        operation.decide()
        query = select(Record).join(Office, Office.id == Record.office_id)
        query = query.where(
            Record.state == RecordState.DECLARED.value, Record.due_on.is_(None), visible_to(operation.viewing),
            ("," + Record.awaiting + ",").contains(f",{kind.value},", autoescape=True),
        )  # fmt: skip
        if office:
            query = query.where(Office.code == office)
        found = [record for record in operation.session.scalars(query.order_by(Record.id)) if _may(operation, record)]
    if len(found) > MOST_LINES:
        raise Refused(f"a list has at most {MOST_LINES} lines", "name an office")
    return [ToldEvent(number, str(record.id), happened_on, evidence) for number, record in enumerate(found, 1)]


def verify_events(actor: Actor | None, archive: Archive, event_ids: Sequence[UUID]) -> VerifiedMany:
    """Confirm events that others noted, each by itself, in one act; the due dates follow at once (R88).

    One that is not there, not the actor's to judge, noted by the actor or settled already is refused and stops none of
    the others.
    """
    if len(event_ids) > MOST_LINES:
        raise Refused(f"at most {MOST_LINES} events are verified at once")
    with archive.door.write(actor, Action.EVENT_WORK) as operation:
        operation.decide()
        session = operation.session
        records: dict[UUID, None] = {}
        refused: list[tuple[UUID, str]] = []
        verified = 0
        for event_id in dict.fromkeys(event_ids):
            event = session.get(TriggerEvent, event_id, with_for_update=True)
            why = _why_not(operation, event)
            if why or event is None:
                refused.append((event_id, why or NOTHING))
                continue
            event.verified_by, event.verified_at = operation.actor.id, operation.now
            verified += 1
            if event.folder_id is not None:
                records |= dict.fromkeys(records_of(session, event.folder_id))
                operation.audit("folder.event_verified", "folder", event.folder_id, event=str(event_id))
            elif event.record_id is not None:
                records[event.record_id] = None
                operation.audit("record.event_verified", "record", event.record_id, event=str(event_id))
        changed = store_due_dates(session, archive, list(records))
        operation.about("list", "events", "events.verified")
        operation.note(verified=verified, refused=len(refused), changed=changed)
        return VerifiedMany(verified, changed, tuple(refused))


def may_judge(operation: Operation, event: TriggerEvent) -> bool:
    """Whether the actor may deal with events of this one's record or folder."""
    if event.folder_id is not None:
        folder = operation.session.get(Folder, event.folder_id)
        return folder is not None and _may_folder(operation, folder)
    record = operation.session.get(Record, event.record_id)
    return record is not None and _may(operation, record)


def _require_shown(operation: Operation, record_id: UUID) -> None:
    """Require that the actor may see the record that is named as evidence. Raises NotFound."""
    record = operation.session.get(Record, record_id)
    operation.about("record", record_id)
    if record is None:
        raise NotFound()
    operation.decide(facts_for(operation, record), Action.RECORD_VIEW)


def _why_not(operation: Operation, event: TriggerEvent | None) -> str:
    if event is None or not may_judge(operation, event):
        return NOTHING
    if event.verified_at is not None or event.voided_at is not None:
        return "the event is verified or voided already"
    earlier = {Duty.RECORD_EVENT: [event.recorded_by]}
    if clash(Duty.VERIFY_EVENT, (operation.actor.id, operation.actor.name), earlier) is not None:
        return why_apart(Duty.VERIFY_EVENT)
    return ""


def _subject(operation: Operation, told: str) -> tuple[UUID | None, UUID | None]:
    """The record or the folder that a line names. Raises NotFound, Refused for a number that several records bear."""
    session, one = operation.session, parse_id(told)
    if one is not None:
        record = session.get(Record, one)
        if record is not None and _may(operation, record):
            return record.id, None
        folder = session.get(Folder, one)
    else:
        office, _, code = told.partition("/")
        query = select(Folder).join(Office, Office.id == Folder.office_id)
        folder = session.scalars(query.where(Office.code == office, Folder.code == code)).first() if code else None
    if folder is not None and _may_folder(operation, folder):
        return None, folder.id
    bearing = select(Record).where(Record.number == told, visible_to(operation.viewing)).order_by(Record.id).limit(20)
    mine = [record for record in session.scalars(bearing) if one is None and _may(operation, record)]
    if len(mine) > 1:
        raise Refused("several records bear this number")
    if not mine:
        raise NotFound()
    return mine[0].id, None


def _may(operation: Operation, record: Record) -> bool:
    return decide(operation.actor, Action.RECORD_EVENT, facts_for(operation, record)).allowed


def _may_folder(operation: Operation, folder: Folder) -> bool:
    facts = RecordFacts(folder.office_id, Level(folder.level), Stage.PENDING)
    return decide(operation.actor, Action.RECORD_EVENT, facts).allowed


def _places(heading: Sequence[str]) -> dict[str, int]:
    """Which column holds what; nothing when the first line is no heading."""
    cells = [cell.strip().casefold() for cell in heading]
    found = {}
    for name in _LIST_COLUMNS:
        at = next((cells.index(one) for one in _NAMES[name] if one in cells), None)
        if at is not None:
            found[name] = at
    return found if "subject" in found else {}


def _day(told: str) -> date | None:
    """A day as 2026-11-24 or 24/11/2026 or 24-11-2026."""
    for parts in _splits(told):
        try:
            return date(*parts)
        except ValueError:
            continue
    return None


def _splits(told: str) -> Iterator[tuple[int, int, int]]:
    parts = told.replace("/", "-").split("-")
    if len(told) <= 10 and len(parts) == 3 and all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        first, second, third = (int(part) for part in parts)
        yield (first, second, third) if len(parts[0].strip()) == 4 else (third, second, first)
