"""Drawing up the papers of a destruction, each as a record of its own, one by one; taken up again after a crash."""

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.core.errors import Refused
from edms.disposal.batches import decided_batch
from edms.disposal.course import DESTRUCTION, ItemState, State, Step
from edms.disposal.exclusions import exclusion_text
from edms.disposal.papers_text import list_paper, minutes, opinion, request
from edms.disposal.people import members
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, DisposalPaper, DisposalStep
from edms.records.dossiers import file_papers, may_file_more
from edms.records.office_paper import paper_pdf
from edms.records.office_text import PaperText

PROPOSAL, OPINION, REQUEST, DONE_LIST, MINUTES = "proposal", "opinion", "request", "done_list", "minutes"
_NAMES = {
    PROPOSAL: ("daftar-arsip-usul-musnah.pdf", "Daftar Arsip Usul Musnah"),
    OPINION: ("pertimbangan-panitia-penilai.pdf", "Pertimbangan Panitia Penilai Arsip"),
    REQUEST: ("permintaan-persetujuan.pdf", "Permintaan Persetujuan Pemusnahan Arsip"),
    DONE_LIST: ("daftar-arsip-yang-dimusnahkan.pdf", "Daftar Arsip yang Dimusnahkan"),
    MINUTES: ("berita-acara-pemusnahan.pdf", "Berita Acara Pemusnahan Arsip"),
}
_AFTER = {PROPOSAL: Step.PROPOSE, OPINION: Step.REQUEST, REQUEST: Step.REQUEST, DONE_LIST: Step.FINISH,
          MINUTES: Step.FINISH}  # fmt: skip
# Lists name what is in them and bear its level; the others say how many there are, and are open to their signers.
_LISTS = (PROPOSAL, DONE_LIST)


def draw_up(actor: Actor | None, archive: Archive, batch_id: UUID) -> None:
    """Capture the papers of a disposal that are due and not there yet, and put what lies in no folder into its own.
    Raises NotFound, Refused."""
    for kind, after in _AFTER.items():
        with archive.door.read(actor, Action.DISPOSAL_VIEW) as operation:
            batch = decided_batch(operation, batch_id)
            if batch.kind != DESTRUCTION or batch.state in (State.REJECTED.value, State.CANCELLED.value):
                return
            known = {paper.kind: paper.sha256 for paper in batch.papers}
            if kind in known or after.value not in {step.step for step in batch.steps}:
                continue
            content, placement = paper_pdf(paper_text(archive, batch, kind, known)), _placement(archive, batch, kind)
        accept(actor, archive, IncomingFile(_NAMES[kind][0], io.BytesIO(content), len(content)), placement,
               _keeper(archive, batch_id, kind))  # fmt: skip
    with archive.door.read(actor, Action.DISPOSAL_VIEW) as operation:
        more = may_file_more(operation, decided_batch(operation, batch_id))
    if more:
        with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
            batch = decided_batch(operation, batch_id, lock=True)
            operation.about("disposal", batch_id, "disposal.filed")
            operation.note(records=len(file_papers(operation, archive, batch)))


def lacking(batch: DisposalBatch) -> list[str]:
    """Return the papers of the steps that were taken which are not drawn up: a crash came between, or they are next."""
    known, taken = {paper.kind for paper in batch.papers}, {step.step for step in batch.steps}
    return [kind for kind, after in _AFTER.items() if after.value in taken and kind not in known]


def require_papers(batch: DisposalBatch) -> None:
    """Raise Refused while a paper of an earlier step is not drawn up: nobody approves a list that is not there."""
    if lacking(batch):
        raise Refused("its papers are not drawn up yet", "the records unit draws them up: edms disposal draw-up")


def _keeper(archive: Archive, batch_id: UUID, kind: str) -> Callable[[Operation, Accepted], None]:
    def keep(operation: Operation, accepted: Accepted) -> None:
        session = operation.session
        batch = session.get_one(DisposalBatch, batch_id, with_for_update=True, populate_existing=True)
        if session.get(DisposalPaper, (batch_id, kind)) is None:
            session.add(
                DisposalPaper(batch_id=batch_id, kind=kind, record_id=accepted.record_id, sha256=accepted.sha256,
                              drawn_at=operation.now)
            )  # fmt: skip
            operation.audit("disposal.drawn_up", "disposal", batch_id, paper=kind, record=str(accepted.record_id),
                            sha256=accepted.sha256)  # fmt: skip
            file_papers(operation, archive, batch)

    return keep


def file_stem(kind: str) -> str:
    """Return the name of a paper's file, without what it is written as."""
    return _NAMES[kind][0].removesuffix(".pdf")


def paper_text(archive: Archive, batch: DisposalBatch, kind: str, known: Mapping[str, str]) -> PaperText:
    """Return what a paper of a disposal says. `known`: the SHA-256 of the papers that are drawn up. Raises Refused."""
    step = _step(batch, _AFTER[kind])
    head = _head(archive, batch, kind)
    if kind == PROPOSAL:
        rows = [{**item.frozen, "remark": "Musnah"} for item in batch.items if item.frozen_sha256]
        return list_paper(head, "DAFTAR ARSIP USUL MUSNAH", rows, batch.list_sha256 or "", step.at)
    if kind == OPINION:
        return opinion(head, _step(batch, Step.ASSESS).at)
    if kind == REQUEST:
        return request(head, step.at)
    if kind == DONE_LIST:
        rows = [{**item.frozen, "remark": f"Dimusnahkan; berita acara {batch.number}"} for item in _done(batch)]
        return list_paper(head, "DAFTAR ARSIP YANG DIMUSNAHKAN", rows, batch.list_sha256 or "", step.at)
    if DONE_LIST not in known:
        raise Refused("the list of what was destroyed is drawn up first")
    head["done_list_sha256"] = known[DONE_LIST]
    return minutes(head, step.at, local_day(archive, step.at))


def _done(batch: DisposalBatch) -> list[DisposalItem]:
    return [item for item in batch.items if item.state == ItemState.DONE.value]


def _head(archive: Archive, batch: DisposalBatch, kind: str) -> dict[str, Any]:
    """What the papers say of the whole, as far as the disposal has come."""
    frozen = [item for item in batch.items if item.frozen_sha256]
    assessed = [item for item in frozen if item.verdict is not None]
    withheld = [item for item in frozen if item.state == ItemState.EXCLUDED.value]
    evidence = batch.evidence
    return {
        "organisation": archive.settings.archive.organisation, "office": batch.office.name, "tier": batch.tier,
        "level": batch.level if kind in _LISTS else Level.OPEN.value, "number": _number(batch, kind),
        "title": batch.title, "place": batch.place or "", "list_sha256": batch.list_sha256 or "",
        "proposal_number": _told(batch, Step.PROPOSE), "committee_decree": f"Keputusan {_told(batch, Step.COMMITTEE)}",
        "approval": _told(batch, Step.APPROVE), "decree": _told(batch, Step.DECIDE), "members": members(batch),
        "opinion": next((step.note for step in batch.steps if step.step == Step.ASSESS.value), ""),
        "looked_at": len(assessed), "kept": sum(item.verdict == "keep" for item in assessed),
        "records": sum(item.verdict == "destroy" for item in assessed), "destroyed": len(_done(batch)),
        "method": batch.method or "", "executor": _by(batch, Step.EXECUTE), "signers": batch.signers.get("signers", []),
        "withheld": [
            {"number": item.frozen["number"], "class": item.frozen["class"],
             "reason": exclusion_text(item.excluded_reason or "", "id")}
            for item in withheld
        ],
        "components": evidence.get("components", 0), "bytes": evidence.get("bytes", 0),
        "elsewhere": evidence.get("same_bytes_elsewhere", 0), "evidence_sha256": batch.evidence_sha256 or "",
    }  # fmt: skip


def _number(batch: DisposalBatch, kind: str) -> str:
    if kind in (DONE_LIST, MINUTES):
        return batch.number or ""
    return _told(batch, Step.PROPOSE if kind == PROPOSAL else Step.REQUEST)


def _told(batch: DisposalBatch, step: Step) -> str:
    """Number and date of the letter of a step, as a paper names it."""
    found = next((one for one in reversed(batch.steps) if one.step == step.value), None)
    if found is None:
        return ""
    return f"Nomor {found.number} tanggal {found.dated.isoformat()}" if found.dated else found.number or ""


def _by(batch: DisposalBatch, step: Step) -> str:
    return next((one.actor_name for one in reversed(batch.steps) if one.step == step.value), "")


def _step(batch: DisposalBatch, step: Step) -> DisposalStep:
    return next(one for one in reversed(batch.steps) if one.step == step.value)


def local_day(archive: Archive, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(archive.settings.archive.time_zone)).date()


def _placement(archive: Archive, batch: DisposalBatch, kind: str) -> Placement:
    number = _number(batch, kind)
    told = Description(
        title=f"{_NAMES[kind][1]} Nomor {number}: {batch.title}"[:500], number=number[:120],
        document_date=local_day(archive, _step(batch, _AFTER[kind]).at), record_type=_NAMES[kind][1][:40],
    )  # fmt: skip
    level = Level(batch.level) if kind in _LISTS else Level.OPEN
    return Placement(batch.office_id, batch.class_code, level, description=told)
