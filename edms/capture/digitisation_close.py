"""Closing a digitisation: it is frozen in one transaction, then list and berita acara become records, one by one.

Killed in between, the next call goes on from what is there: nothing of what is listed can have changed meanwhile.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.people import actor_of
from edms.access.policy import Action
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.digitisation.course import State
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.digitisation_items import standard_of
from edms.records.digitisation_list import drawn_list, list_bytes
from edms.records.digitisation_model import Digitisation, DigitisationPaper
from edms.records.digitisation_papers import list_paper, minutes
from edms.records.digitisation_views import LIST, MINUTES, facts_of, standing
from edms.records.digitisations import decided_digitisation
from edms.records.model import RecordState
from edms.records.office_paper import paper_pdf
from edms.records.office_text import PaperText
from edms.records.signatures import MOST_SIGNERS, able_signers

HEAD, WITNESS = "pimpinan unit pengolah", "saksi"
_NAMES = {LIST: ("daftar-arsip-alih-media.pdf", "Daftar Arsip Alih Media"),
          MINUTES: ("berita-acara-alih-media.pdf", "Berita Acara Alih Media Arsip")}  # fmt: skip


def close_digitisation(
    actor: Actor | None, archive: Archive, digitisation_id: UUID, number: str, signers: Sequence[str]
) -> None:
    """Close a checked digitisation under the number of its berita acara, and draw its papers up. Nothing in it changes
    from then on. `signers`: user names in order, the head of the unit last (R52).

    Raises NotFound; Refused while something is not checked or not declared, or for signers who cannot sign.
    """
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id, lock=True)
        operation.session.refresh(row, ["items"])
        operation.about("digitisation", row.id, "digitisation.closed")
        told = "".join(letter for letter in number if letter.isprintable()).strip()
        if not 1 <= len(told) <= 120:
            raise Refused("the berita acara needs its number")
        _require_closable(row)
        row.number, row.signers = told, {"signers": _signers(operation.session, archive, row, signers)}
        row.state, row.closed_by, row.closed_at = State.CLOSED.value, operation.actor.name, operation.now
        row.listed = drawn_list(operation.session, archive, row, _head(operation.session, archive, row),
                                _names(operation.session, row))  # fmt: skip
        row.list_sha256, row.csv_sha256 = (sha256_hex(list_bytes(row.listed, form)) for form in ("json", "csv"))
        operation.note(
            number=told, documents=len(standing(row)), list_sha256=row.list_sha256, csv_sha256=row.csv_sha256
        )
    draw_up(actor, archive, digitisation_id)


def draw_up(actor: Actor | None, archive: Archive, digitisation_id: UUID) -> None:
    """Capture the papers of a closed digitisation that are not there yet. Raises NotFound, Refused."""
    for kind in (LIST, MINUTES):
        with archive.door.read(actor, Action.DIGITISATION_WORK) as operation:
            row = decided_digitisation(operation, digitisation_id)
            if row.state != State.CLOSED.value:
                raise Refused("the digitisation is not closed")
            known = {paper.kind: paper.sha256 for paper in row.papers}
            if kind in known:
                continue
            content = paper_pdf(paper_text(archive, row, kind, known))
            placement = _placement(archive, row, kind)
        accept(actor, archive, IncomingFile(_NAMES[kind][0], io.BytesIO(content), len(content)), placement,
               _keeper(digitisation_id, kind))  # fmt: skip


def _keeper(digitisation_id: UUID, kind: str) -> Any:
    def keep(operation: Operation, accepted: Accepted) -> None:
        if operation.session.get(DigitisationPaper, (digitisation_id, kind)) is None:
            operation.session.add(
                DigitisationPaper(digitisation_id=digitisation_id, kind=kind, record_id=accepted.record_id,
                                  sha256=accepted.sha256, drawn_at=operation.now)
            )  # fmt: skip
            operation.audit("digitisation.drawn_up", "digitisation", digitisation_id, paper=kind,
                            record=str(accepted.record_id), sha256=accepted.sha256)  # fmt: skip

    return keep


def file_stem(kind: str) -> str:
    """Return the name of a paper's file, without what it is written as."""
    return _NAMES[kind][0].removesuffix(".pdf")


def paper_text(archive: Archive, row: Digitisation, kind: str, known: Mapping[str, str]) -> PaperText:
    """Return what a paper of a closed digitisation says. `known`: the SHA-256 of those that are drawn up, by kind."""
    assert row.closed_at is not None, "it is closed"
    hashes = {"JSON": row.list_sha256 or "", "CSV": row.csv_sha256 or ""}
    if kind == LIST:
        return list_paper(row.listed, hashes, row.closed_at)
    told = {"PDF": known[LIST], **hashes}
    return minutes(row.listed, told, row.closed_at, _local(archive, row.closed_at))


def _local(archive: Archive, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(archive.settings.archive.time_zone)).date()


def _placement(archive: Archive, row: Digitisation, kind: str) -> Placement:
    assert row.closed_at is not None, "it is closed"
    title = f"{_NAMES[kind][1]} Nomor {row.number}: {row.title}"
    told = Description(title=title[:500], number=row.number, document_date=_local(archive, row.closed_at),
                       record_type=_NAMES[kind][1][:40])  # fmt: skip
    return Placement(row.office_id, row.class_code, Level(row.level), description=told)


def _require_closable(row: Digitisation) -> None:
    if row.state != State.CHECKED.value:
        raise Refused("the digitisation is not checked yet", "hand it over, and have somebody else look at it")
    waiting = [str(item.position) for item in standing(row) if item.record.state != RecordState.DECLARED.value]
    if waiting:
        raise Refused(f"documents are not declared yet: {', '.join(waiting[:20])}", "describe and classify them first")


def _signers(session: Session, archive: Archive, row: Digitisation, names: Sequence[str]) -> list[dict[str, str]]:
    if not 1 <= len(names) <= MOST_SIGNERS or len(set(names)) != len(names):
        raise Refused(f"a request has 1 to {MOST_SIGNERS} signers, each of them once")
    found = able_signers(session, archive, facts_of(row), names)
    head = found[-1][0]
    if row.office_id not in actor_of(session, head, archive.clock.today()).headed:
        raise Refused("the last to sign is the head of the unit", "name the witnesses first, then the head")
    return [
        {"user": person.username, "person": str(person.id), "name": person.name, "position": identity.position,
         "capacity": HEAD if person is head else WITNESS}
        for person, identity in found
    ]  # fmt: skip


def _names(session: Session, row: Digitisation) -> dict[str, str]:
    """The names of those who worked on it, by the ids that the rows hold."""
    ids = {one for item in standing(row) for one in (item.added_by, item.checked_by) if one}
    people = (session.get(Person, UUID(one)) for one in sorted(ids))
    return {str(person.id): person.name for person in people if person}


def _head(session: Session, archive: Archive, row: Digitisation) -> dict[str, Any]:
    assert row.closed_at is not None, "it is being closed"
    items, names, standard = standing(row), _names(session, row), standard_of(archive)
    return {
        "archive": archive.settings.archive.name, "organisation": archive.settings.archive.organisation,
        "digitisation": str(row.id), "number": row.number, "title": row.title, "office": row.office.name,
        "level": row.level, "place": row.place, "begun_on": row.begun_on.isoformat(),
        "closed_at": row.closed_at.isoformat(), "closed_on": _local(archive, row.closed_at).isoformat(),
        "source": row.source, "condition": row.condition,
        "medium": row.medium, "process_note": row.process_note, "records": len(items),
        "pages": sum(len(item.pages["pages"]) for item in items), "counted": sum(item.counted for item in items),
        "looked_at": sum(item.checked_by is not None for item in items), "widened": row.widened,
        "standard": {"paper_dpi": standard.paper_dpi, "map_dpi": standard.map_dpi, "photo_dpi": standard.photo_dpi,
                     "bits": standard.bits, "rule": standard.rule},
        "operators": sorted({names.get(item.added_by, item.adder_name) for item in items}),
        "checkers": sorted({names.get(item.checked_by, item.checker_name or "") for item in items if item.checked_by}),
        "signers": list(row.signers["signers"]),
    }  # fmt: skip
