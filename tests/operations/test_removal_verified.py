"""Content removed after a hand-over is held against the trail from both sides: one change, and what is named (R57)."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

from archive_fixtures import pdf, settle, take_in
from proceedings_people import REMOVER, old_records, ordered_removal, staffed
from signing_people import who
from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.orm import Session

from edms.access.actors import console_actor
from edms.core.database import Base
from edms.exchange.removing import carry_out_removal
from edms.reconcile.whole import verify_all, verify_record
from edms.records.archive import Archive
from edms.records.model import Component, Record
from edms.records.proceedings_model import ProceedingItem, ProceedingStep
from edms.records.removals_model import RemovedContent
from edms.vault.model import StoredBlob

Change = Callable[[Session, UUID, UUID], Iterator[None]]
"""What is done around the system to an archive of a record that is gone and one that is here; and, after it was looked
at, undone, in a session of its own."""


def _rows(session: Session, model: type[Base], *where: ColumnElement[bool]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in session.execute(select(model.__table__).where(*where))]


def _removed(model: type[Base], *where: ColumnElement[bool]) -> Change:
    def change(session: Session, gone: UUID, here: UUID) -> Iterator[None]:
        kept = _rows(session, model, *where)
        assert kept
        session.execute(delete(model).where(*where))
        yield
        session.execute(insert(model.__table__), kept)  # type: ignore[arg-type]

    return change


def _altered(model: type[Base], where: Callable[[UUID], ColumnElement[bool]], **values: str) -> Change:
    def change(session: Session, gone: UUID, here: UUID) -> Iterator[None]:
        table = model.__table__
        assert isinstance(table, Table)
        before = session.execute(select(*(table.c[name] for name in values)).where(where(gone))).one()
        session.execute(update(model).where(where(gone)).values(**values))
        yield
        session.execute(update(model).where(where(gone)).values(**dict(before._mapping)))

    return change


def missing(session: Session, gone: UUID, here: UUID) -> Iterator[None]:
    """Content that is here is taken away, without a word."""
    parts = _rows(session, Component, Component.record_id == here)
    ids = [one["blob_id"] for one in parts]
    blobs = _rows(session, StoredBlob, StoredBlob.id.in_(ids))
    session.execute(delete(Component).where(Component.record_id == here))
    session.execute(delete(StoredBlob).where(StoredBlob.id.in_(ids)))
    yield
    session.execute(insert(StoredBlob.__table__), blobs)  # type: ignore[arg-type]
    session.execute(insert(Component.__table__), parts)  # type: ignore[arg-type]


def missing_and_called_handed_over(session: Session, gone: UUID, here: UUID) -> Iterator[None]:
    """As somebody would who knows the tables: the stub's row and its item are made up too, copies of true ones."""
    taken = missing(session, gone, here)
    next(taken)
    session.execute(update(Record).where(Record.id == here).values(state="handed_over"))
    row = _rows(session, RemovedContent)[0]
    item = uuid4()
    session.execute(
        insert(ProceedingItem).values(
            id=item, proceeding_id=row["proceeding_id"], position=99, record_id=here, state="removed", snapshot={},
            decision={}, sent={"mets_sha256": row["mets_sha256"]},
        )
    )  # fmt: skip
    session.execute(insert(RemovedContent).values({**row, "record_id": here, "item_id": item}))
    yield
    session.execute(delete(RemovedContent).where(RemovedContent.record_id == here))
    session.execute(delete(ProceedingItem).where(ProceedingItem.id == item))
    session.execute(update(Record).where(Record.id == here).values(state="declared"))
    next(taken, None)


def _row(gone: UUID) -> ColumnElement[bool]:
    return RemovedContent.record_id == gone


CASES: dict[str, tuple[Change, set[str]]] = {
    "row removed": (_removed(RemovedContent), {"removal", "row"}),
    "another receiver": (_altered(RemovedContent, _row, receiver="Orang lain"), {"removal", "row"}),
    "another order": (_altered(RemovedContent, _row, order_number="999"), {"removal", "row"}),
    "another receipt": (_altered(RemovedContent, _row, receipt_sha256="0" * 64), {"removal", "row"}),
    "called declared": (
        _altered(Record, lambda gone: Record.id == gone, state="declared"), {"removal", "record"},
    ),
    "called destroyed": (
        _altered(Record, lambda gone: Record.id == gone, state="destroyed"), {"removal", "record", "index-extra"},
    ),
    "list of the hand-over set back": (
        _altered(ProceedingItem, lambda gone: ProceedingItem.record_id == gone, state="handed_over"),
        {"removal", "row"},
    ),
    "order removed": (_removed(ProceedingStep, ProceedingStep.act == "order_removal"), {"removal", "row"}),
    "content missing without a word": (missing, {"record", "seal"}),
    "content missing, called handed over": (missing_and_called_handed_over, {"removal", "record", "row"}),
}  # fmt: skip


def test_one_change_around_the_system_is_named(archive: Archive) -> None:
    made, console = staffed(archive), console_actor("tests")
    gone = old_records(made, 1)[0]
    here = take_in(made, pdf("Surat lain"), name="lain.pdf").record_id
    handed = ordered_removal(made, gone)
    carry_out_removal(who(made, REMOVER), made, handed)
    settle(made)
    clean = verify_all(console, made)
    assert clean.ok, clean.faults
    assert clean.checked["removed contents"] == 1
    assert verify_record(console, made, gone).ok
    told: dict[str, set[str]] = {}
    for name, (change, _named) in CASES.items():
        steps: list[Iterator[None]] = []
        with made.database.writer() as session:
            steps.append(change(session, gone, here))
            next(steps[0])
            session.commit()
            told[name] = {fault.kind for fault in verify_all(console, made).faults}
            next(steps[0], None)
            session.commit()
    assert told == {name: named for name, (_change, named) in CASES.items()}
    mended = verify_all(console, made)
    assert mended.ok, mended.faults
