"""What a destruction leaves behind is held against the trail: an altered row of it is named (R39, R58)."""

from disposal_people import due, executed, ready
from sqlalchemy import update

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
TABLES = ("disposal_batches", "disposal_items", "disposal_steps", "disposal_papers", "residuals")


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
    told = [fault.detail for fault in found.faults if fault.kind == "row"]
    for table in TABLES:
        assert any(table in detail for detail in told), (table, told)
