"""What a destruction leaves behind is held against the trail: an altered row of it is named (R39, R58)."""

from disposal_people import due, executed, ready
from sqlalchemy import select, update

from edms.access.actors import console_actor
from edms.capture.indexing import bring_index_up_to_date
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, DisposalPaper, DisposalStep, Residual

ALTERED = (
    update(DisposalBatch).values(title="lain"), update(DisposalItem).values(excluded_reason="lain"),
    update(DisposalStep).values(actor_name="lain"), update(DisposalPaper).values(sha256="0" * 64),
    update(Residual).values(method="lain"),
)  # fmt: skip


def test_an_altered_row_of_a_destruction_is_named(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    executed(archive)
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass
    clean = verify_all(console_actor("tests"), archive)
    assert clean.ok, clean.faults
    for change in ALTERED:
        with archive.database.writer() as session:
            session.execute(change)
            session.commit()
    found = verify_all(console_actor("tests"), archive)
    told = [fault for fault in found.faults if fault.kind == "row"]
    assert len(told) == len(rows_of(archive)), told


def rows_of(archive: Archive) -> list[object]:
    """Every row of the five tables: all of them were altered."""
    with archive.database.reader() as session:
        kinds = (DisposalBatch, DisposalItem, DisposalStep, DisposalPaper, Residual)
        return [row for kind in kinds for row in session.scalars(select(kind))]
