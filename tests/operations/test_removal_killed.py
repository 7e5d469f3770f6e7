"""The removal of content after a hand-over killed (kill -9) before each of its commits: no record is ever half here."""

from uuid import UUID

import pytest
from archive_fixtures import settle
from killed_by_turns import by_turns
from proceedings_people import ORDER, REMOVER, closed_handover, days_later, old_records, shown, staffed
from signing_people import who
from sqlalchemy import select

from edms.access.actors import console_actor
from edms.exchange.removing import carry_out_removal
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.model import Folder, Record
from edms.records.proceedings_model import Proceeding
from edms.records.removals_model import RemovedContent
from edms.retention.proceedings import Kind
from edms.vault.model import OrderedDestruction

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def whole_or_gone(archive: Archive, made: UUID) -> int:
    """Every record is here to its last byte, or nothing of it and its stub is; returns how many are gone."""
    with archive.database.reader() as session:
        left = set(session.scalars(select(RemovedContent.record_id)))
        row = session.get_one(Proceeding, made)
        assert [one.act for one in row.steps].count("order_removal") <= 1, "ordered once"
        for item in row.items:
            record = session.get_one(Record, item.record_id)
            gone = record.id in left
            assert (record.state == "handed_over") == gone == (item.state == "removed")
            assert (item.standing_key is None) == (gone or row.state == "closed")
            if gone:
                assert record.components == []
                continue
            assert {"original", "manifest", "seal"} <= {part.role for part in record.components}
            for part in record.components:
                archive.vault.verify(part.blob.sealed())
        return len(left)


def test_killed_before_every_commit_in_turn(embedded: Archive) -> None:
    made = closed_handover(staffed(embedded), *old_records(embedded, 3))
    days_later(embedded, embedded.settings.disposal.keep_after_handover_days)
    for work, least in (("order_a_removal", 1), ("carry_out_a_removal", 7)):
        turns, gone = 0, 0
        for turn in by_turns(embedded, f"steps_by_turns:{work}", str(made), one_commit_each=False):
            now = whole_or_gone(embedded, made)
            assert now >= gone, "what went does not come back"
            turns, gone = turn, now
        assert turns >= least, work
    assert whole_or_gone(embedded, made) == 3
    assert carry_out_removal(who(embedded, REMOVER), embedded, made) == 0, "again it changes nothing"
    view = shown(embedded, made, Kind.HANDOVER)
    assert (view.state, view.note("remove")["removed"], view.note("order_removal")["number"]) == (
        "removed",
        3,
        ORDER.number,
    )
    assert "removal" in view.papers
    with embedded.database.reader() as session:
        (folder,) = session.scalars(select(Folder.id))
        filed = set(session.scalars(select(Record.id).where(Record.folder_id == folder)))
    assert filed == set(view.papers.values())
    with embedded.database.reader() as session:
        orders = list(session.scalars(select(OrderedDestruction)))
    assert orders
    assert all(one.row_removed_at and one.bytes_removed_at and one.shredded_at for one in orders)
    assert not any(embedded.vault.holds(one.name) for one in orders)
    settle(embedded)
    report = verify_all(console_actor("tests"), embedded)
    assert report.ok, report.faults
    assert report.checked["removed contents"] == 3
