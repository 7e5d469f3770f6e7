"""Disposals as they are shown: where each stands, who must act and since when, what is in it, what was done by whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.filters import Columns
from edms.access.policy import Action, decide
from edms.access.scope import Stage
from edms.access.separation import clash
from edms.disposal.batches import ACTIONS, decided_batch, done_of, facts_of
from edms.disposal.course import EXCLUDABLE, Move, State, Step, next_moves
from edms.disposal.papers import lacking
from edms.disposal.people import had, has_capacity, members
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, Residual
from edms.records.dossiers import Dossier, dossier_of
from edms.records.model import RecordState
from edms.records.oversight import looking, may_look, seen_procedures
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_named import request_to
from edms.records.signatures_states import RequestState, SignatureState
from edms.records.visible import decided_record, seen_among, seen_of
from edms.retention.types import Tier

MINUTES = "minutes"
LISTED = "disposals.listed"
_COLUMNS = Columns(DisposalBatch.office_id, DisposalBatch.level, literal(Stage.PENDING.value))


@dataclass(frozen=True)
class ItemView:
    """One record of a disposal. `reasons`: why it is eligible, as it was frozen; `excluded`: why it was taken out.

    Of one that the reader may not see (`seen` false) its place and its state are told.
    """

    id: UUID
    number: int
    record: UUID
    title: str
    class_code: str
    rule: str
    due_on: str
    state: str
    standing: bool
    reasons: tuple[str, ...]
    verdict: str
    note: str
    assessor: str
    excluded: str
    excluded_in: str
    sha256: str
    seen: bool = True


@dataclass(frozen=True)
class StepView:
    step: str
    state: str
    by: str
    at: datetime
    number: str
    dated: date | None
    record: UUID | None
    note: str


@dataclass(frozen=True)
class NextView:
    """A step that can be taken now: by whom, in words of the course, and whether the one who asks may."""

    step: str
    by: str
    may: bool


@dataclass(frozen=True)
class BatchView:
    """`waits_for`: the capacity that must act next, or names of those asked to sign. `since`: from when. `dossier`: its
    folder, and which of its papers and letters the reader may not see; None in lists."""

    id: UUID
    kind: str
    tier: str
    office: str
    office_id: UUID
    level: str
    title: str
    state: str
    since: datetime
    opened_by: str
    opened_at: datetime
    number: str
    place: str
    method: str
    list_sha256: str
    evidence: dict[str, Any]
    evidence_sha256: str
    end_reason: str
    committee: tuple[dict[str, str], ...]
    signers: tuple[dict[str, str], ...]
    papers: dict[str, UUID]
    papers_declared: bool
    request_state: str
    waits_for: tuple[str, ...]
    next: tuple[NextView, ...]
    counts: dict[str, int]
    items: tuple[ItemView, ...]
    steps: tuple[StepView, ...]
    may_exclude: bool
    may_draw_up: bool
    dossier: Dossier | None = None

    def may(self, step: str) -> bool:
        return any(one.step == step and one.may for one in self.next)

    def as_dict(self) -> dict[str, Any]:
        """`edms disposal show --json`."""
        return {
            "disposal": str(self.id), "kind": self.kind, "tier": self.tier, "office": self.office, "level": self.level,
            "title": self.title, "state": self.state, "since": self.since.isoformat(),
            "waits_for": list(self.waits_for),
            "number": self.number, "list_sha256": self.list_sha256, "evidence": self.evidence,
            "papers": {kind: str(record) for kind, record in self.papers.items()}, "counts": self.counts,
            **({"folder": self.dossier.as_dict()} if self.dossier else {}),
            "steps": [
                {"step": one.step, "state": one.state, "by": one.by, "at": one.at.isoformat(), "number": one.number,
                 "dated": one.dated.isoformat() if one.dated else None,
                 "record": str(one.record) if one.record else None, "note": one.note}
                for one in self.steps
            ],
            "items": [
                {"item": str(one.id), "number": one.number, "record": str(one.record), "title": one.title,
                 "class": one.class_code, "rule": one.rule, "due_on": one.due_on, "state": one.state,
                 "verdict": one.verdict, "note": one.note, "excluded": one.excluded}
                for one in self.items
            ],
        }  # fmt: skip


@dataclass(frozen=True)
class ResidualView:
    """What is left of a destroyed record. `batch` and `minutes` (the berita acara) for who may see them."""

    record: UUID
    batch: UUID | None
    title: str
    redacted: bool
    class_code: str
    document_date: date | None
    rule: str
    edition: str
    clause: str
    components: tuple[dict[str, Any], ...]
    destroyed_at: datetime
    destroyed_by: str
    method: str
    minutes_number: str
    minutes: UUID | None


def list_batches(actor: Actor | None, archive: Archive, limit: int = 200) -> list[BatchView]:
    """Return the disposals that the actor may see, the newest first, without what is in them."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        visible = seen_procedures(operation, _COLUMNS)
        operation.about("list", "disposals", LISTED)
        operation.seldom()
        query = select(DisposalBatch).where(visible).order_by(DisposalBatch.opened_at.desc(), DisposalBatch.id.desc())
        return [view_of(operation, archive, row, items=False) for row in operation.session.scalars(query.limit(limit))]


def show_batch(actor: Actor | None, archive: Archive, batch_id: UUID) -> BatchView:
    """Return one with all that is and was in it; to auditors too (`oversight`). Raises NotFound."""
    with archive.door.disclose(actor, looking(actor, Action.DISPOSAL_VIEW)) as operation:
        batch = decided_batch(operation, batch_id)
        operation.seldom()
        return view_of(operation, archive, batch)


def residual_of(actor: Actor | None, archive: Archive, record_id: UUID) -> ResidualView | None:
    """Return what is left of a destroyed record, or None for one that is not. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        decided_record(operation, record_id)
        row = operation.session.get(Residual, record_id)
        if row is None:
            return None
        batch = operation.session.get_one(DisposalBatch, row.batch_id)
        minutes = {paper.kind: paper.record_id for paper in batch.papers}.get(MINUTES)
        seen = seen_of(operation.session, operation.viewing, [minutes] if minutes else [])
        shown = may_look(operation, Action.DISPOSAL_VIEW, facts_of(batch))
        return ResidualView(
            row.record_id, batch.id if shown else None, row.title, row.redacted, row.class_code or "",
            row.document_date, row.rule_code or "", row.rule_edition or "", row.rule_clause,
            tuple(row.components["components"]), row.destroyed_at, row.destroyer_name, row.method, row.minutes_number,
            minutes if minutes in seen else None,
        )  # fmt: skip


def request_on(session: Session, batch: DisposalBatch) -> SignatureRequest | None:
    """Return the open request to those whom the berita acara names, in their order, or else the newest of theirs."""
    record = {paper.kind: paper.record_id for paper in batch.papers}.get(MINUTES)
    return request_to(session, record, batch.signers.get("signers", ()))


def view_of(operation: Operation, archive: Archive, batch: DisposalBatch, *, items: bool = True) -> BatchView:
    """Return a disposal as the actor, who may see it, is shown it."""
    session, actor = operation.session, operation.actor
    request = request_on(session, batch)
    ahead = next_moves(Tier(batch.tier), State(batch.state), done_of(batch))
    may = _judge_of(session, archive, actor, batch)
    exclude = any(one.step is Step.CANCEL and may(one) for one in ahead)
    of_batch = DisposalItem.batch_id == batch.id
    seen = seen_among(session, operation.viewing, DisposalItem.record_id, of_batch) if items else frozenset()
    return BatchView(
        batch.id, batch.kind, batch.tier, batch.office.name, batch.office_id, batch.level, batch.title, batch.state,
        batch.state_since, batch.opener_name, batch.opened_at, batch.number or "", batch.place or "",
        batch.method or "", batch.list_sha256 or "", batch.evidence, batch.evidence_sha256 or "",
        batch.end_reason or "", tuple(members(batch)), tuple(batch.signers.get("signers", ())),
        {paper.kind: paper.record_id for paper in batch.papers},
        all(paper.record.state == RecordState.DECLARED.value for paper in batch.papers),
        request.state if request else "", _waits_for(batch, ahead, request),
        tuple(NextView(one.step.value, one.by.value, may(one)) for one in ahead), _counts(session, batch),
        tuple(_item(item, item.record_id in seen) for item in batch.items) if items else (),
        tuple(StepView(one.step, one.state, one.actor_name, one.at, one.number or "", one.dated, one.record_id,
                       one.note) for one in batch.steps),
        exclude and State(batch.state) in EXCLUDABLE, exclude and bool(lacking(batch)),
        dossier_of(operation, batch) if items else None,
    )  # fmt: skip


def _judge_of(session: Session, archive: Archive, actor: Actor, batch: DisposalBatch) -> Callable[[Move], bool]:
    parts, facts = had(batch), facts_of(batch)

    def may(one: Move) -> bool:
        return (
            decide(actor, ACTIONS[one.duty], facts).allowed
            and has_capacity(session, archive, actor, batch, one.by)
            and clash(one.duty, (actor.id, actor.name), parts) is None
        )

    return may


def _waits_for(batch: DisposalBatch, ahead: tuple[Move, ...], request: SignatureRequest | None) -> tuple[str, ...]:
    if request is not None and request.state == RequestState.OPEN.value:
        return tuple(one.person.name for one in request.signatures if one.state == SignatureState.ASKED.value)
    if batch.state == State.PROPOSED.value:
        return tuple(one["name"] for one in members(batch))
    return (ahead[0].by.value,) if ahead else ()


def _counts(session: Session, batch: DisposalBatch) -> dict[str, int]:
    query = select(DisposalItem.state, func.count()).where(DisposalItem.batch_id == batch.id)
    return dict(iter(session.execute(query.group_by(DisposalItem.state))))


def _item(item: DisposalItem, seen: bool) -> ItemView:
    frozen, standing = item.frozen, item.standing_key is not None
    if not seen:
        return ItemView(item.id, item.position, item.record_id, "", "", "", "", item.state, standing, (),
                        item.verdict or "", "", "", "", item.excluded_in or "", "", seen=False)  # fmt: skip
    original = next((one["sha256"] for one in frozen.get("components", ()) if one["role"] == "original"), "")
    gone = item.record.state == RecordState.DESTROYED.value
    return ItemView(
        item.id, item.position, item.record_id, item.record.title if gone or not frozen else frozen["title"],
        frozen.get("class", item.record.class_code or ""), frozen.get("rule", item.record.rule_code or ""),
        frozen.get("due_on") or "", item.state, standing, tuple(frozen.get("reasons", ())),
        item.verdict or "", item.note or "", item.assessor_name or "", item.excluded_reason or "",
        item.excluded_in or "", original,
    )  # fmt: skip
