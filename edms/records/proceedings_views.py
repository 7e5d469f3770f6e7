"""Proceedings as they are shown: where each stands, who has to act, since when, and what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select

from edms.access.actors import Actor
from edms.access.filters import Columns
from edms.access.policy import Action, decide
from edms.access.scope import Stage
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.dossiers import Dossier, dossier_of
from edms.records.model import RecordState
from edms.records.oversight import looking, seen_procedures
from edms.records.proceedings import decided_proceeding, facts_of, requests_on
from edms.records.proceedings_due import DueRecord, due_now, obstacles
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.removals import REMOVAL, removable_from
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_states import RequestState, SignatureState
from edms.records.visible import seen_among
from edms.retention.proceedings import ItemState, State, is_open
from edms.retention.proceedings import Kind as Kind

LISTED = "proceedings.listed"
PAPERS = {Kind.TRANSFER: ("files", "contents", "minutes"), Kind.REVIEW: ("minutes",),
          Kind.HANDOVER: ("contents", "statement", "minutes")}  # fmt: skip
SIGNED_PAPERS = {Kind.TRANSFER: ("minutes",), Kind.REVIEW: (), Kind.HANDOVER: ("statement", "minutes")}
_PAPERS_IN = {(Kind.TRANSFER, State.LISTED), (Kind.HANDOVER, State.DECIDED)}


@dataclass(frozen=True)
class ProceedingItemView:
    """One record of it. `obstacles`: what stands in its way at this moment, as codes of the retention report.

    Of one that the reader may not see (`seen` false) its place and its state are told.
    """

    id: UUID
    number: int
    record: UUID
    title: str
    class_code: str
    document_date: date | None
    state: str
    reason: str
    snapshot: dict[str, Any]
    decision: dict[str, Any]
    reference: str
    obstacles: tuple[str, ...]
    seen: bool = True


@dataclass(frozen=True)
class ProceedingStepView:
    act: str
    by: str
    at: datetime
    note: dict[str, Any]


@dataclass(frozen=True)
class ProceedingView:
    """`stage`: its state, or within it drawing_up, declaring, to_ask, signing, declined, signed. `waits_for`: the names
    of those whose turn it is, where they are known. `may_work`, `may_decide`, `may_order_removal`, `may_remove`:
    whether the actor's roles and offices suffice. `removable_from`: the first day on which the removal of content that
    was handed over may be ordered, once it is closed. `dossier`: its folder, and which of its papers the reader may not
    see; None in lists."""

    id: UUID
    kind: str
    office: str
    office_id: UUID
    to_office: str
    level: str
    title: str
    number: str
    state: str
    stage: str
    since: datetime
    waits_for: tuple[str, ...]
    opened_by: str
    opened_at: datetime
    list_sha256: str
    signers: tuple[dict[str, Any], ...]
    receiver: str
    package: dict[str, Any]
    papers: dict[str, UUID]
    requests: tuple[UUID, ...]
    steps: tuple[ProceedingStepView, ...]
    items: tuple[ProceedingItemView, ...]
    may_work: bool
    may_decide: bool
    dossier: Dossier | None = None
    removable_from: date | None = None
    may_order_removal: bool = False
    may_remove: bool = False

    @property
    def standing(self) -> int:
        return sum(item.state != ItemState.EXCLUDED.value for item in self.items)

    @property
    def kept_here(self) -> int:
        """Of how many records that the institution has the content is here still."""
        return sum(item.state == ItemState.HANDED_OVER.value for item in self.items)

    def removals(self, name: str) -> list[tuple[str, str]]:
        """Its papers on removed content, the first first: kind, and `name` with a number from the second on."""
        later = f"{REMOVAL}_"
        numbers = sorted(int(kind.removeprefix(later)) for kind in self.papers if kind.startswith(later))
        first = [(REMOVAL, name)] if REMOVAL in self.papers else []
        return first + [(f"{later}{number}", f"{name} {number}") for number in numbers]

    def note(self, act: str) -> dict[str, Any]:
        """What was told with the last step of this kind; empty before it."""
        return next((one.note for one in reversed(self.steps) if one.act == act), {})

    def as_dict(self) -> dict[str, Any]:
        """`edms transfer|review|handover show --json`."""
        return {
            "proceeding": str(self.id), "kind": self.kind, "office": self.office, "to_office": self.to_office,
            "level": self.level, "title": self.title, "number": self.number, "state": self.state, "stage": self.stage,
            "since": self.since.isoformat(), "waits_for": list(self.waits_for), "list_sha256": self.list_sha256,
            "receiver": self.receiver, "package": self.package,
            "removable_from": self.removable_from.isoformat() if self.removable_from else None,
            "papers": {kind: str(record) for kind, record in self.papers.items()},
            **({"folder": self.dossier.as_dict()} if self.dossier else {}),
            "steps": [{"act": one.act, "by": one.by, "at": one.at.isoformat()} for one in self.steps],
            "items": [
                {"item": str(item.id), "number": item.number, "record": str(item.record), "class": item.class_code,
                 "state": item.state, "reason": item.reason, "decision": item.decision, "reference": item.reference,
                 "obstacles": list(item.obstacles)}
                for item in self.items
            ],
        }  # fmt: skip


def list_proceedings(actor: Actor | None, archive: Archive, kind: Kind, limit: int = 100) -> list[ProceedingView]:
    """Return those of a kind that the actor may see, the newest first, without what is in them."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        columns = Columns(Proceeding.office_id, Proceeding.level, literal(Stage.PENDING.value))
        visible = seen_procedures(operation, columns)
        operation.about("list", f"{kind}s", LISTED)
        operation.seldom()
        query = select(Proceeding).where(visible, Proceeding.kind == kind.value)
        rows = operation.session.scalars(query.order_by(Proceeding.opened_at.desc(), Proceeding.id.desc()).limit(limit))
        return [_view(operation, archive, row, None) for row in rows]


def show_proceeding(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, kind: Kind | None = None
) -> ProceedingView:
    """Return one with all that is in it, each item as it stands at this moment; to auditors too (`oversight`). Raises
    NotFound."""
    with archive.door.disclose(actor, looking(actor, Action.CUSTODY_VIEW)) as operation:
        row = decided_proceeding(operation, proceeding_id, kind)
        operation.seldom()
        found: dict[UUID, tuple[str, ...]] = {}
        if is_open(Kind(row.kind), State(row.state)):
            live = [item for item in row.items if item.state == ItemState.LISTED.value]
            found = {item.id: told for item, told in obstacles(operation.session, archive, row, live)}
        of_it = ProceedingItem.proceeding_id == row.id
        seen = seen_among(operation.session, operation.viewing, ProceedingItem.record_id, of_it)
        items = [_item(item, found.get(item.id, ())) if item.record_id in seen else _hidden(item) for item in row.items]
        return _view(operation, archive, row, items)


def due_records(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> list[DueRecord]:
    """Return the first records of the office that are due for a draft, oldest due first. Raises NotFound."""
    with archive.door.disclose(actor, Action.CUSTODY_VIEW) as operation:
        row = decided_proceeding(operation, proceeding_id)
        operation.seldom()
        return due_now(operation, archive, row)


def paper_stage(row: Proceeding, requests: Sequence[SignatureRequest]) -> tuple[str, tuple[str, ...]]:
    """Return how far the papers are, and whom they wait for: drawing_up, declaring, to_ask, signing, declined,
    signed."""
    kind = Kind(row.kind)
    papers = {paper.kind: paper for paper in row.papers}
    if any(name not in papers for name in PAPERS[kind]):
        return "drawing_up", ()
    wanted = [papers[name] for name in SIGNED_PAPERS[kind]]
    if any(paper.record.state != RecordState.DECLARED.value for paper in wanted):
        return "declaring", ()
    newest: dict[UUID, SignatureRequest] = {}
    for request in requests:
        newest.setdefault(request.record_id, request)
    states = {paper.kind: newest[paper.record_id].state if paper.record_id in newest else "" for paper in wanted}
    if "" in states.values():  # a crash came between two papers: the other is put before its signers too
        return "to_ask", ()
    if RequestState.OPEN.value in states.values():
        asked = [one.person.name for request in newest.values() for one in request.signatures
                 if one.state == SignatureState.ASKED.value]  # fmt: skip
        return "signing", tuple(dict.fromkeys(asked))
    if all(state in (RequestState.COMPLETE.value, RequestState.SUPERSEDED.value) for state in states.values()):
        return "signed", ()
    return "declined", ()


def stage_of(row: Proceeding, requests: Sequence[SignatureRequest]) -> tuple[str, tuple[str, ...]]:
    """Return where it stands, and whom it waits for as far as they are known by name."""
    if (Kind(row.kind), State(row.state)) in _PAPERS_IN:
        return paper_stage(row, requests)
    return row.state, ()


def _view(
    operation: Operation, archive: Archive, row: Proceeding, items: Sequence[ProceedingItemView] | None
) -> ProceedingView:
    requests = requests_on(operation, row)
    stage, waits_for = stage_of(row, requests)
    facts, actor = facts_of(row), operation.actor
    return ProceedingView(
        row.id, row.kind, row.office.name, row.office_id, row.to_office.name if row.to_office else "", row.level,
        row.title, row.number or "", row.state, stage, row.since, waits_for, row.opener_name, row.opened_at,
        row.list_sha256 or "", tuple(row.signers.get("signers", ())), str(row.receiver.get("name", "")), row.package,
        {paper.kind: paper.record_id for paper in row.papers}, tuple(one.id for one in requests),
        tuple(ProceedingStepView(one.act, one.by_name, one.at, one.note) for one in row.steps), tuple(items or ()),
        decide(actor, Action.CUSTODY_WORK, facts).allowed, decide(actor, Action.CUSTODY_DECIDE, facts).allowed,
        None if items is None else dossier_of(operation, row), removable_from(archive, row),
        row.office_id in actor.headed and decide(actor, Action.CUSTODY_ORDER_REMOVAL, facts).allowed,
        decide(actor, Action.CUSTODY_REMOVE, facts).allowed,
    )  # fmt: skip


def _hidden(item: ProceedingItem) -> ProceedingItemView:
    return ProceedingItemView(
        item.id, item.position, item.record_id, "", "", None, item.state, "", {}, {}, "", (), seen=False
    )


def _item(item: ProceedingItem, found: tuple[str, ...]) -> ProceedingItemView:
    record = item.record
    return ProceedingItemView(
        item.id, item.position, item.record_id, record.title, record.class_code or "", record.document_date, item.state,
        item.reason or "", item.snapshot, item.decision, item.reference or "", found,
    )  # fmt: skip
