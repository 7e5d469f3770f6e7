"""Digitisations as they are shown: where each stands, who has to act, and what is in it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty, clash
from edms.digitisation.course import STANDING, ItemState, State
from edms.operation.door import Operation
from edms.records.digitisation_model import CopyMark, Digitisation, DigitisedItem
from edms.records.model import RecordState
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_named import request_to
from edms.records.signatures_states import RequestState, SignatureState
from edms.records.visible import seen_among

LIST, MINUTES = "list", "minutes"
_UNTOLD = ""


@dataclass(frozen=True)
class ItemView:
    """One record of a digitisation. `dpi`: the least resolution of its pages; `bits` likewise.

    Of one that the reader may not see (`seen` false) title, notes and public page are not told.
    """

    id: UUID
    number: int
    record: UUID
    title: str
    kind: str
    paper: str
    page_papers: str
    counted: int
    pages: int
    dpi: int
    bits: int
    format: str
    scanner: str
    note: str
    state: str
    sampled: bool
    added_by: str
    checked_by: str
    reasons: tuple[str, ...]
    check_note: str
    declared: bool
    marked: str
    mark_token: str
    mark_position: int
    seen: bool = True


@dataclass(frozen=True)
class DigitisationView:
    """`stage`: scanning, checking, checked, drawing_up, declaring, to_ask, signing, declined, marking, done, cancelled;
    `waits_for`: whose turn it is, as names. `may_work`, `may_check`: what the actor can do with it."""

    id: UUID
    office: str
    office_id: UUID
    level: str
    title: str
    place: str
    begun_on: date
    source: str
    condition: str
    medium: str
    process_note: str
    class_code: str
    opened_by: str
    opened_at: datetime
    state: str
    stage: str
    waits_for: tuple[str, ...]
    number: str
    signers: tuple[dict[str, Any], ...]
    closed_at: datetime | None
    cancel_reason: str
    list_sha256: str
    csv_sha256: str
    papers: dict[str, UUID]
    request: UUID | None
    items: tuple[ItemView, ...]
    to_check: int
    may_work: bool
    may_check: bool

    @property
    def pages(self) -> int:
        return sum(item.pages for item in self.items)

    def as_dict(self) -> dict[str, Any]:
        """`edms digitisation show --json`."""
        return {
            "digitisation": str(self.id), "office": self.office, "level": self.level, "title": self.title,
            "state": self.state, "stage": self.stage, "waits_for": list(self.waits_for), "number": self.number,
            "list_sha256": self.list_sha256, "csv_sha256": self.csv_sha256,
            "papers": {kind: str(record) for kind, record in self.papers.items()},
            "items": [
                {"item": str(item.id), "number": item.number, "record": str(item.record), "kind": item.kind,
                 "paper": item.paper, "pages": item.pages, "dpi": item.dpi, "bits": item.bits, "state": item.state,
                 "sampled": item.sampled, "reasons": list(item.reasons), "authenticated": item.marked}
                for item in self.items
            ],
        }  # fmt: skip


def facts_of(digitisation: Digitisation) -> RecordFacts:
    """What the policy needs to know: its office, the level of what is in it; never open to other offices."""
    return RecordFacts(digitisation.office_id, Level(digitisation.level), Stage.PENDING)


def standing(digitisation: Digitisation) -> list[DigitisedItem]:
    """The items that are part of it, in order."""
    return [item for item in digitisation.items if ItemState(item.state) in STANDING]


def request_on(session: Session, digitisation: Digitisation) -> SignatureRequest | None:
    """Return the open request to those whom the berita acara names, in their order, or else the newest; one to others
    is none of it."""
    record = {paper.kind: paper.record_id for paper in digitisation.papers}.get(MINUTES)
    return request_to(session, record, digitisation.signers.get("signers", ()))


def in_force(session: Session, digitisation: Digitisation) -> bool:
    """True when all whom the berita acara names have signed it."""
    request = request_on(session, digitisation)
    return request is not None and request.state in (RequestState.COMPLETE.value, RequestState.SUPERSEDED.value)


def stage_of(digitisation: Digitisation, request: SignatureRequest | None) -> tuple[str, tuple[str, ...]]:
    """Return where a digitisation stands, and whom it waits for. `request`: its own, from `request_on`."""
    state = State(digitisation.state)
    if state in (State.OPEN, State.CHECKING, State.CHECKED, State.CANCELLED):
        return {State.OPEN: "scanning", State.CHECKING: "checking", State.CHECKED: "checked",
                State.CANCELLED: "cancelled"}[state], ()  # fmt: skip
    if len(digitisation.papers) < 2:
        return "drawing_up", ()
    if any(paper.record.state != RecordState.DECLARED.value for paper in digitisation.papers):
        return "declaring", ()
    if request is None:
        return "to_ask", ()
    if request.state == RequestState.OPEN.value:
        asked = tuple(one.person.name for one in request.signatures if one.state == SignatureState.ASKED.value)
        return "signing", asked
    if request.state in (RequestState.DECLINED.value, RequestState.WITHDRAWN.value):
        return "declined", ()
    return ("done" if all(item.mark for item in standing(digitisation)) else "marking"), ()


def view_of(operation: Operation, digitisation: Digitisation, *, whole: bool = True) -> DigitisationView:
    """Return a digitisation as the actor, who may see it, is shown it; `whole`: with items that no longer stand."""
    actor, session = operation.actor, operation.session
    request = request_on(session, digitisation)
    of_it = DigitisedItem.digitisation_id == digitisation.id
    seen = seen_among(session, operation.viewing, DigitisedItem.record_id, of_it) if whole else frozenset()
    stage, waits_for = stage_of(digitisation, request)
    facts, items = facts_of(digitisation), digitisation.items if whole else standing(digitisation)
    return DigitisationView(
        digitisation.id, digitisation.office.name, digitisation.office_id, digitisation.level, digitisation.title,
        digitisation.place, digitisation.begun_on, digitisation.source, digitisation.condition, digitisation.medium,
        digitisation.process_note, digitisation.class_code or "", digitisation.opener_name, digitisation.opened_at,
        digitisation.state, stage, waits_for, digitisation.number or "",
        tuple(digitisation.signers.get("signers", ())), digitisation.closed_at, digitisation.cancel_reason or "",
        digitisation.list_sha256 or "", digitisation.csv_sha256 or "",
        {paper.kind: paper.record_id for paper in digitisation.papers}, request.id if request else None,
        tuple(_item(item) if item.record_id in seen else _hidden(item) for item in items),
        sum(item.sampled and item.state == ItemState.ADDED.value for item in items),
        decide(actor, Action.DIGITISATION_WORK, facts).allowed,
        decide(actor, Action.DIGITISATION_CHECK, facts).allowed and not has_worked(digitisation, actor),
    )  # fmt: skip


def being_digitised(session: Session, record_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which of these records are in a digitisation that goes on: the scan is part of it until its authenticated
    copy is made. One that is done holds its record in no disposal back."""
    query = (
        select(DigitisedItem.record_id)
        .outerjoin(CopyMark, CopyMark.item_id == DigitisedItem.id)
        .where(DigitisedItem.record_id.in_(record_ids), DigitisedItem.standing_key.is_not(None),
               CopyMark.item_id.is_(None))
    )  # fmt: skip
    return frozenset(session.scalars(query))


def scanned_by(digitisation: Digitisation) -> dict[Duty, set[str]]:
    """Who opened it, or scanned any of what is or was in it: such a person checks none of it (R88)."""
    people = {name for item in digitisation.items for name in (item.added_by, item.record.received_by)}
    return {Duty.SCAN: {digitisation.opened_by, *people}}


def has_worked(digitisation: Digitisation, actor: Actor) -> bool:
    """True when the actor had a part in it that bars from its check."""
    return clash(Duty.CHECK_SCAN, (actor.id, actor.name), scanned_by(digitisation)) is not None


def _hidden(item: DigitisedItem) -> ItemView:
    """What is told of a record that became one for others to see after it was put in."""
    return replace(
        _item(item),
        title=_UNTOLD,
        note=_UNTOLD,
        check_note=_UNTOLD,
        page_papers=_UNTOLD,
        mark_token=_UNTOLD,
        seen=False,
    )


def _item(item: DigitisedItem) -> ItemView:
    pages: list[dict[str, Any]] = item.pages.get("pages", [])
    dots = [round(min(page["dpi_x"], page["dpi_y"])) for page in pages]
    mark = item.mark
    return ItemView(
        item.id, item.position, item.record_id, item.record.title, item.kind, item.paper,
        ", ".join(f"{number}={item.page_papers[number]}" for number in sorted(item.page_papers, key=int)),
        item.counted, len(pages), min(dots, default=0), min((page["bits"] for page in pages), default=0),
        " ".join((pages[0]["format"], pages[0]["version"])).strip() if pages else "", item.scanner.name, item.note,
        item.state, item.sampled, item.adder_name, item.checker_name or "",
        tuple(item.reasons.get("reasons", ())), item.check_note or "",
        item.record.state == RecordState.DECLARED.value, mark.sha256 if mark else "", mark.token if mark else "",
        mark.component_position if mark else 0,
    )  # fmt: skip
