"""Digitisation (alih media) from its opening on: scanners, the batch itself, looking at it, giving it up.

Who may not see a digitisation gets the answer for one that does not exist. What is in it: digitisation_items.py; its
check: digitisation_check.py.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select

from edms.access.actors import Actor
from edms.access.filters import Columns, sql_filter
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.typed import line, why
from edms.digitisation.course import State
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.digitisation_model import Digitisation, Scanner
from edms.records.digitisation_views import DigitisationView, facts_of, in_force, request_on, view_of
from edms.records.signatures import advance
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_states import Act, RequestState

LISTED = "digitisations.listed"
_LEAST_OPTICAL, _MOST_OPTICAL = 72, 9600


@dataclass(frozen=True)
class NewScanner:
    """A scanner to be added, of one office."""

    office_id: UUID
    name: str
    make: str
    model: str
    serial: str
    optical_dpi: int
    settings: str = ""
    calibrated_on: date | None = None


@dataclass(frozen=True)
class ScannerView:
    id: UUID
    name: str
    make: str
    model: str
    serial: str
    optical_dpi: int
    settings: str
    calibrated_on: date | None
    retired: bool


@dataclass(frozen=True)
class NewDigitisation:
    """What is said when one is opened. `level`: the highest of what will be in it; `medium`: of the originals."""

    office_id: UUID
    level: Level
    title: str
    place: str
    source: str
    condition: str
    medium: str = "kertas"
    process_note: str = ""
    class_code: str | None = None


def add_scanner(actor: Actor | None, archive: Archive, told: NewScanner) -> UUID:
    """Add a scanner with its settings. Another setting or a calibration is another line, so that nothing is changed.

    Raises NotFound (not your office), Refused for a line that says too little.
    """
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        operation.decide(RecordFacts(told.office_id, Level.OPEN, Stage.PENDING))
        _require_office(operation, told.office_id)
        named = tuple(line(value, 80) for value in (told.name, told.make, told.model, told.serial))
        if not all(named) or not _LEAST_OPTICAL <= told.optical_dpi <= _MOST_OPTICAL:
            raise Refused("a scanner has a name, a make, a model, a serial number and its optical resolution")
        if told.calibrated_on is not None and told.calibrated_on > archive.clock.today():
            raise Refused("this day has not come yet", "look at the date of the calibration")
        scanner = Scanner(
            id=new_id(archive.clock), office_id=told.office_id, name=named[0], make=named[1], model=named[2],
            serial=named[3], optical_dpi=told.optical_dpi, settings=line(told.settings, 500),
            calibrated_on=told.calibrated_on, added_by=operation.actor.name, added_at=operation.now,
        )  # fmt: skip
        operation.session.add(scanner)
        operation.about("scanner", scanner.id, "scanner.added")
        operation.note(optical_dpi=told.optical_dpi)
        return scanner.id


def retire_scanner(actor: Actor | None, archive: Archive, scanner_id: UUID) -> None:
    """Take a scanner out of use; what was scanned with it keeps naming it. Raises NotFound."""
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        scanner = operation.session.get(Scanner, scanner_id, with_for_update=True)
        operation.about("scanner", scanner_id, "scanner.retired")
        if scanner is None:
            raise NotFound()
        operation.decide(RecordFacts(scanner.office_id, Level.OPEN, Stage.PENDING))
        if scanner.retired_at is not None:
            raise Refused("the scanner is out of use already")
        scanner.retired_at = operation.now


def office_scanners(
    actor: Actor | None, archive: Archive, office_id: UUID, *, retired: bool = False
) -> tuple[ScannerView, ...]:
    """Return the scanners of an office, by name; with `retired` also those out of use. Raises NotFound."""
    with archive.door.read(actor, Action.DIGITISATION_VIEW) as operation:
        operation.decide(RecordFacts(office_id, Level.OPEN, Stage.PENDING))
        query = select(Scanner).where(Scanner.office_id == office_id).order_by(Scanner.name, Scanner.added_at)
        rows = operation.session.scalars(query if retired else query.where(Scanner.retired_at.is_(None)))
        return tuple(
            ScannerView(row.id, row.name, row.make, row.model, row.serial, row.optical_dpi, row.settings,
                        row.calibrated_on, row.retired_at is not None)
            for row in rows
        )  # fmt: skip


def open_digitisation(actor: Actor | None, archive: Archive, told: NewDigitisation) -> UUID:
    """Open a digitisation. Raises NotFound (not your office, above your clearance), Refused."""
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        operation.decide(RecordFacts(told.office_id, told.level, Stage.PENDING))
        _require_office(operation, told.office_id)
        if told.class_code:
            checked_class(operation.session, told.class_code, archive.clock.today())
        lines = tuple(
            line(value, most)
            for value, most in ((told.title, 300), (told.place, 100), (told.source, 300), (told.condition, 300),
                                (told.medium, 100))
        )  # fmt: skip
        if not all(lines):
            raise Refused(
                "a digitisation has a title, a place, a source, the condition of the originals and their medium"
            )
        row = Digitisation(
            id=new_id(archive.clock), office_id=told.office_id, level=told.level.value, state=State.OPEN.value,
            title=lines[0], place=lines[1], source=lines[2], condition=lines[3], medium=lines[4],
            process_note=line(told.process_note, 1000), class_code=told.class_code or None,
            begun_on=archive.clock.today(), opened_by=operation.actor.id, opener_name=operation.actor.name,
            opened_at=operation.now, signers={}, listed={},
        )  # fmt: skip
        operation.session.add(row)
        operation.about("digitisation", row.id, "digitisation.opened")
        operation.note(office=str(told.office_id), level=told.level.value)
        return row.id


def list_digitisations(actor: Actor | None, archive: Archive, limit: int = 100) -> list[DigitisationView]:
    """Return those that the actor may see, the newest first."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        visible = _visible(operation)
        operation.about("list", "digitisations", LISTED)
        operation.seldom()
        query = select(Digitisation).where(visible).order_by(Digitisation.opened_at.desc(), Digitisation.id.desc())
        rows = operation.session.scalars(query.limit(limit))
        return [view_of(operation, row, whole=False) for row in rows]


def _visible(operation: Operation) -> ColumnElement[bool]:
    columns = Columns(Digitisation.office_id, Digitisation.level, literal(Stage.PENDING.value))
    return sql_filter(operation.scope(), columns)


def show_digitisation(actor: Actor | None, archive: Archive, digitisation_id: UUID) -> DigitisationView:
    """Return one with all that is and was in it. Raises NotFound."""
    with archive.door.disclose(actor, Action.DIGITISATION_VIEW) as operation:
        row = decided_digitisation(operation, digitisation_id)
        operation.seldom()
        return view_of(operation, row)


def cancel_digitisation(actor: Actor | None, archive: Archive, digitisation_id: UUID, reason: str) -> None:
    """Give one up, with a reason; its records are free for another. Not once all have signed its berita acara.

    Raises NotFound, Refused.
    """
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id, lock=True)
        operation.about("digitisation", row.id, "digitisation.cancelled")
        if row.state == State.CANCELLED.value:
            raise Refused("the digitisation was given up already")
        if in_force(operation.session, row):
            raise Refused("the berita acara is signed, and what it says stands")
        told = why(reason)
        withdraw_open(operation, row)
        row.state, row.cancelled_at, row.cancel_reason = State.CANCELLED.value, operation.now, told
        for item in row.items:
            item.standing_key = None


def decided_digitisation(operation: Operation, digitisation_id: UUID, *, lock: bool = False) -> Digitisation:
    """Return the row after the access decision on it, with `lock` held until the end. NotFound for unknown and
    forbidden alike."""
    row = operation.session.get(Digitisation, digitisation_id, with_for_update=lock or None)
    operation.about("digitisation", digitisation_id)
    if row is None:
        raise NotFound()
    operation.decide(facts_of(row))
    return row


def withdraw_open(operation: Operation, row: Digitisation) -> None:
    """Take back what is being signed; the last signature may be given in this moment, and then it was too late."""
    request = request_on(operation.session, row)
    if request is None:
        return
    operation.session.get(SignatureRequest, request.id, with_for_update=True, populate_existing=True)
    for one in request.signatures:
        operation.session.refresh(one)
    if request.state == RequestState.COMPLETE.value:
        raise Refused("the berita acara is signed, and what it says stands")
    if request.state == RequestState.OPEN.value:
        advance(operation, request, Act.WITHDRAW)
        request.close_reason = "the digitisation was given up"


def _require_office(operation: Operation, office_id: UUID) -> None:
    if operation.session.get(Office, office_id) is None:
        raise Refused("there is no such office")
