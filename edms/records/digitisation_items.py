"""What is in a digitisation: records added, measured, taken out, scanned again. Two operators may add at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.policy import Action, decide
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.sandbox import SandboxFault
from edms.core.typed import why
from edms.digitisation.course import ItemState, State
from edms.digitisation.judge import ScannedPage, judge_all
from edms.digitisation.standard import BadPaper, Kind, Standard, page_papers, paper_sides
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.digitisation_model import Digitisation, DigitisedItem, Scanner
from edms.records.digitisation_views import standing
from edms.records.digitisations import decided_digitisation
from edms.records.facts import facts_of, find
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.visible import visible_to

_MEASURED = ("application/pdf", "image/tiff", "image/jpeg", "image/png", "image/jp2", "image/jpx")
_READY = (RecordState.PENDING.value, RecordState.DECLARED.value)
_MOST_TOLD = 20


class WrongScan(Refused):
    """Pages that are not scanned as they must be: `sentences` names each with its page."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        more = f" ({len(sentences) - _MOST_TOLD} more)" if len(sentences) > _MOST_TOLD else ""
        super().__init__("; ".join(sentences[:_MOST_TOLD]) + more, "scan them again, or say which paper they are")
        self.sentences = sentences


@dataclass(frozen=True)
class NewItem:
    """A record to be added: what the original is, its paper, pages that have another (`3=A3`), pages as counted on
    paper, the scanner, and a note (required where fewer or more pages were scanned than counted)."""

    record_id: UUID
    scanner_id: UUID
    kind: Kind
    paper: str
    counted: int
    page_papers: str = ""
    note: str = ""


@dataclass(frozen=True)
class Candidate:
    """A record that could be added."""

    record: UUID
    title: str
    file_name: str
    pages: int
    media_type: str


@dataclass(frozen=True)
class _Measured:
    sha256: str
    pages: list[dict[str, Any]]


def standard_of(archive: Archive) -> Standard:
    """The rule that scans are held against here."""
    told = archive.settings.digitisation
    return Standard(told.paper_dpi, told.map_dpi, told.photo_dpi, told.bits, told.rule)


def add_item(actor: Actor | None, archive: Archive, digitisation_id: UUID, told: NewItem) -> UUID:
    """Measure a record and add it. Raises NotFound; WrongScan with page and reason; Refused: not open, above its
    level, of another office, in a digitisation already, counted otherwise without a note."""
    return _placed(actor, archive, digitisation_id, told, None)


def rescan_item(actor: Actor | None, archive: Archive, item_id: UUID, told: NewItem) -> UUID:
    """Put another record in the place of an item: scanned again. Raises as `add_item` does."""
    with archive.door.read(actor, Action.DIGITISATION_WORK) as operation:
        digitisation_id = _decided_item(operation, item_id).digitisation_id
    return _placed(actor, archive, digitisation_id, told, item_id)


def remove_item(actor: Actor | None, archive: Archive, item_id: UUID, reason: str) -> None:
    """Take a record out before the check, with a reason; the row stays and says so. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        item = _decided_item(operation, item_id, lock=True)
        _require_open(item.digitisation)
        if item not in standing(item.digitisation):
            raise Refused("it is no longer part of the digitisation")
        item.state, item.standing_key, item.check_note = ItemState.REMOVED.value, None, why(reason)
        operation.about("digitisation", item.digitisation_id, "digitisation.item_removed")
        operation.note(item=str(item.id), record=str(item.record_id))


def candidates(actor: Actor | None, archive: Archive, digitisation_id: UUID, limit: int = 200) -> list[Candidate]:
    """Return scans of the office that are in no digitisation, the newest first, up to its level."""
    with archive.door.disclose(actor, Action.DIGITISATION_VIEW) as operation:
        row = decided_digitisation(operation, digitisation_id)
        operation.seldom()
        visible = visible_to(operation.viewing)
        taken = select(DigitisedItem.record_id).where(DigitisedItem.standing_key.is_not(None))
        query = (
            select(Record, Component.media_type)
            .join(Component, Component.record_id == Record.id)
            .where(visible, Record.office_id == row.office_id, Record.state.in_(_READY),
                   Component.role == ComponentRole.ORIGINAL.value, Component.media_type.in_(_MEASURED),
                   Record.id.not_in(taken))
            .order_by(Record.received_at.desc(), Record.id.desc())
            .limit(limit)
        )  # fmt: skip
        return [
            Candidate(record.id, record.title, record.file_name, record.page_count or 0, media_type)
            for record, media_type in operation.session.execute(query)
            if _level(record) in Level.up_to(Level(row.level))
        ]


def _placed(actor: Actor | None, archive: Archive, digitisation_id: UUID, told: NewItem, replaces: UUID | None) -> UUID:
    """Measure outside of any transaction, then write unless something has changed meanwhile."""
    others = _papers(told)
    with archive.door.read(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id)
        scanner, part = _fitting(operation, row, told, replaces)
        optical, sha256 = scanner.optical_dpi, part.blob.sha256
    pages = measured_pages(archive, part)
    _require_good(archive, told, others, pages, optical)
    try:
        with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
            row = decided_digitisation(operation, digitisation_id, lock=True)
            operation.session.refresh(row, ["items"])
            _scanner, part = _fitting(operation, row, told, replaces)
            if part.blob.sha256 != sha256:
                raise Refused("the file is another one by now", "try again")
            item = _new_item(operation, archive, row, told, others, _Measured(sha256, pages))
            _replace(row, replaces, item)
            operation.session.add(item)
            operation.about(
                "digitisation", row.id, "digitisation.item_added" if replaces is None else "digitisation.rescanned"
            )
            operation.note(item=str(item.id), record=str(told.record_id), sha256=sha256, pages=len(pages),
                           kind=told.kind.value, scanner=str(told.scanner_id),
                           **({"replaces": str(replaces)} if replaces else {}))  # fmt: skip
            operation.session.flush()
            return item.id
    except IntegrityError:
        raise Refused("the record is in a digitisation already") from None


def _papers(told: NewItem) -> dict[int, str]:
    try:
        paper_sides(told.paper)
        return page_papers(told.page_papers)
    except BadPaper as bad:
        raise Refused(str(bad), "a name such as A4, F4 or 4R, or two sides in millimetres such as 120x180") from None


def _fitting(
    operation: Operation, row: Digitisation, told: NewItem, replaces: UUID | None
) -> tuple[Scanner, Component]:
    """Return scanner and original of what is to be added, if it can be now."""
    _require_open(row)
    session = operation.session
    record = find(session, told.record_id)
    if record is None or not decide(operation.actor, Action.RECORD_VIEW, facts_of(record)).allowed:
        raise NotFound()
    scanner = session.get(Scanner, told.scanner_id)
    if scanner is None or scanner.office_id != row.office_id or scanner.retired_at is not None:
        raise Refused("the office has no such scanner in use")
    if record.office_id != row.office_id:
        raise Refused("the record belongs to another office")
    if not Level(row.level).permits(_level(record)):
        raise Refused("the record is above the level of the digitisation", "open another one of its level")
    part = record.component(ComponentRole.ORIGINAL)
    if record.state not in _READY or part is None or part.media_type not in _MEASURED:
        raise Refused("the record is no scan that was examined", "wait until it was, or see why it was set aside")
    taken = select(DigitisedItem).where(DigitisedItem.standing_key == record.id.hex)
    if session.scalars(taken).first() is not None:
        raise Refused("the record is in a digitisation already")
    if replaces is not None and not any(item.id == replaces for item in standing(row)):
        raise Refused("it is no longer part of the digitisation")
    _loaded = part.blob, record.components
    return scanner, part


def measured_pages(archive: Archive, part: Component) -> list[dict[str, Any]]:
    """Measure every page of an original in the sandbox. Raises Refused when it cannot be."""
    limits = archive.settings.text
    try:
        with open_component(archive, part) as stream:
            answer = archive.sandbox.call(
                "edms.text.scans:measure", part.media_type, limits.max_pages, limits.max_page_pixels,
                files=(stream,),
            )  # fmt: skip
    except SandboxFault as fault:
        raise Refused(f"the scan cannot be measured: {fault.message}") from None
    pages: list[dict[str, Any]] = answer.values["pages"]
    return pages


def _require_good(
    archive: Archive, told: NewItem, others: Mapping[int, str], pages: list[dict[str, Any]], optical: int
) -> None:
    if max(others, default=0) > len(pages):
        raise Refused(f"it has {len(pages)} pages", "look at the pages with a paper of their own")
    if told.counted < 1 or (told.counted != len(pages) and len(told.note.strip()) < 3):
        raise Refused(f"{told.counted} pages were counted and {len(pages)} scanned", "say in a note why")
    found = judge_all(
        [ScannedPage.from_dict(page) for page in pages], told.kind, told.paper, others, optical, standard_of(archive)
    )
    if found:
        raise WrongScan(tuple(one.sentence for one in found))


def _new_item(
    operation: Operation,
    archive: Archive,
    row: Digitisation,
    told: NewItem,
    others: Mapping[int, str],
    found: _Measured,
) -> DigitisedItem:
    if len(standing(row)) >= archive.settings.digitisation.max_items:
        raise Refused(
            f"a digitisation has at most {archive.settings.digitisation.max_items} documents", "open another one"
        )
    return DigitisedItem(
        id=new_id(archive.clock), digitisation_id=row.id,
        position=max((one.position for one in row.items), default=0) + 1,
        record_id=told.record_id, standing_key=told.record_id.hex, scanner_id=told.scanner_id, kind=told.kind.value,
        paper=told.paper.strip(), page_papers={str(number): paper for number, paper in others.items()},
        counted=told.counted, pages={"pages": found.pages}, sha256=found.sha256, note=told.note.strip()[:1000],
        state=ItemState.ADDED.value, added_by=operation.actor.id, adder_name=operation.actor.name,
        added_at=operation.now, reasons={},
    )  # fmt: skip


def _replace(row: Digitisation, replaces: UUID | None, item: DigitisedItem) -> None:
    for one in row.items:
        if one.id == replaces:
            one.state, one.standing_key, one.replaced_by = ItemState.REPLACED.value, None, item.id


def _decided_item(operation: Operation, item_id: UUID, *, lock: bool = False) -> DigitisedItem:
    item = operation.session.get(DigitisedItem, item_id)
    operation.about("digitisation_item", item_id)
    if item is None:
        raise NotFound()
    decided_digitisation(operation, item.digitisation_id, lock=lock)
    operation.session.refresh(item)
    return item


def _require_open(row: Digitisation) -> None:
    if row.state != State.OPEN.value:
        raise Refused("the digitisation is not open for scanning", "what is checked or closed stands as it is")


def _level(record: Record) -> Level:
    return Level(record.level) if record.level else UNCLASSIFIED_COUNTS_AS
