"""Drawing up the papers of a transfer, a review or a hand-over: each becomes a record of its own, one by one.

Killed in between, the next call goes on from what is there: the list was frozen before.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.people import actor_of
from edms.access.policy import Action
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.dossiers import file_papers, may_file_more
from edms.records.office_paper import paper_pdf
from edms.records.office_text import PaperText
from edms.records.proceedings import SUBJECT, decided_proceeding, facts_of, requests_on
from edms.records.proceedings_model import Proceeding, ProceedingPaper
from edms.records.proceedings_papers import handover_minutes, list_paper, review_minutes, statement, transfer_minutes
from edms.records.proceedings_views import PAPERS, SIGNED_PAPERS, paper_stage
from edms.records.signatures import SignaturePlan, SignerChoice, able_signers, choices_for, request_signatures
from edms.records.signatures_states import RequestState
from edms.retention.proceedings import Kind

_MOVED = "DAFTAR ARSIP INAKTIF YANG DIPINDAHKAN"
_GIVEN = "DAFTAR ARSIP STATIS YANG DISERAHKAN"
NAMES = {
    "files": "Daftar Berkas", "contents": "Daftar Isi Berkas", "statement": "Surat Pernyataan",
    "minutes": "Berita Acara", "receipt": "Tanda Terima",
}  # fmt: skip


def draw_up(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> None:
    """Capture the papers that are not there yet, and file what lies in no folder. Raises NotFound; Refused before it is
    listed or decided, and for a review that was decided before such papers were drawn up."""
    with archive.door.read(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id)
        kinds = PAPERS[Kind(row.kind)] if row.list_sha256 else ()
    if not kinds:
        raise Refused("there is nothing to draw up", "see where it stands")
    for kind in kinds:
        with archive.door.read(actor, Action.CUSTODY_WORK) as operation:
            row = decided_proceeding(operation, proceeding_id)
            known = {paper.kind: paper.sha256 for paper in row.papers}
            if kind in known:
                continue
            content, placement = paper_pdf(paper_text(row, kind, known)), placement_of(row, NAMES[kind])
        file = IncomingFile(f"{file_stem(kind)}.pdf", io.BytesIO(content), len(content))
        accept(actor, archive, file, placement, keeper(archive, proceeding_id, kind))
    with archive.door.read(actor, Action.CUSTODY_WORK) as operation:
        more = may_file_more(operation, decided_proceeding(operation, proceeding_id))
    if more:
        with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
            row = decided_proceeding(operation, proceeding_id, lock=True)
            operation.about(SUBJECT, proceeding_id, "proceeding.filed")
            operation.note(records=len(file_papers(operation, archive, row)))


def file_stem(kind: str) -> str:
    """Return the name of a paper's file, without what it is written as."""
    return NAMES[kind].lower().replace(" ", "-")


def keeper(archive: Archive, proceeding_id: UUID, kind: str) -> Callable[[Operation, Accepted], None]:
    """Return what keeps a captured file as the paper of a kind, and puts it into the file of the proceeding, in the
    transaction of its capture."""

    def keep(operation: Operation, accepted: Accepted) -> None:
        session = operation.session
        row = session.get_one(Proceeding, proceeding_id, with_for_update=True, populate_existing=True)
        if session.get(ProceedingPaper, (proceeding_id, kind)) is None:
            session.add(
                ProceedingPaper(proceeding_id=proceeding_id, kind=kind, record_id=accepted.record_id,
                                sha256=accepted.sha256, drawn_at=operation.now)
            )  # fmt: skip
            operation.audit("proceeding.drawn_up", SUBJECT, proceeding_id, paper=kind,
                            record=str(accepted.record_id), sha256=accepted.sha256)  # fmt: skip
            file_papers(operation, archive, row)

    return keep


def placement_of(row: Proceeding, name: str) -> Placement:
    """Where a paper of a proceeding goes: to its office, under its class and at its level."""
    told = Description(title=f"{name} Nomor {row.number or '–'}: {row.title}"[:500], number=row.number,
                       document_date=date.fromisoformat(row.listed["drawn_on"]), record_type=name)  # fmt: skip
    return Placement(row.office_id, row.class_code, Level(row.level), description=told)


def paper_text(row: Proceeding, kind: str, known: Mapping[str, str]) -> PaperText:
    """Return what a paper of a proceeding says. `known`: the SHA-256 of the papers that are drawn up, by kind."""
    listed, digest = row.listed, row.list_sha256 or ""
    title = _MOVED if row.kind == Kind.TRANSFER else _GIVEN
    hashes = {**{NAMES[name]: known[name] for name in ("files", "contents") if name in known}, "JSON": digest}
    if kind in ("files", "contents"):
        return list_paper(listed, kind, f"{title} - {'BERKAS' if kind == 'files' else 'ISI BERKAS'}", digest)
    if kind == "statement":
        return statement(listed, hashes)
    if row.kind == Kind.REVIEW:
        return review_minutes(listed, {"JSON": digest})
    return transfer_minutes(listed, hashes) if row.kind == Kind.TRANSFER else handover_minutes(listed, hashes)


def paper_signers(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> tuple[SignerChoice, ...]:
    """Return who could sign its papers, by name. Raises NotFound, Refused."""
    with archive.door.read(actor, Action.CUSTODY_VIEW) as operation:
        return choices_for(operation.session, archive, facts_of(decided_proceeding(operation, proceeding_id)))


def ask_for_signatures(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> list[UUID]:
    """Ask those named for their signatures on each paper that lacks them; returns the requests. Again after one
    declined. Raises NotFound, Refused."""
    with archive.door.read(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id)
        if paper_stage(row, requests_on(operation, row))[0] not in ("to_ask", "declined"):
            raise Refused("the papers cannot be put before their signers now", "see where it stands")
        settled = {one.record_id for one in requests_on(operation, row)
                   if one.state in (RequestState.OPEN.value, RequestState.COMPLETE.value)}  # fmt: skip
        wanted = [
            (paper.record_id, f"{NAMES[paper.kind]} Nomor {row.number}"[:200])
            for paper in row.papers
            if paper.kind in SIGNED_PAPERS[Kind(row.kind)] and paper.record_id not in settled
        ]
        signers = tuple(one["user"] for one in row.signers["signers"])
    return [
        request_signatures(actor, archive, record, SignaturePlan(signers, reason, "", 0, "bottom_left"))
        for record, reason in wanted
    ]


def signers_named(
    session: Session, archive: Archive, row: Proceeding, names: Sequence[tuple[str, UUID, str]]
) -> list[dict[str, Any]]:
    """Return those who sign, in order: user name, the office that each must head, and in which capacity.

    Raises Refused for somebody who cannot sign, or is not the head.
    """
    users = [user for user, _office, _capacity in names]
    if len(set(users)) != len(users):
        raise Refused("the heads of two units are two people")
    found = able_signers(session, archive, facts_of(row), users)
    for (person, _identity), (_user, office, _capacity) in zip(found, names, strict=True):
        if office not in actor_of(session, person, archive.clock.today()).headed:
            raise Refused(f"{person.username} is not the head of the unit", "choose its head")
    return [
        {"user": person.username, "person": str(person.id), "name": person.name, "position": identity.position,
         "capacity": capacity}
        for (person, identity), (_user, _office, capacity) in zip(found, names, strict=True)
    ]  # fmt: skip
