"""kill -9 of whoever confirms a batch and makes its parts, again and again: each part once, whole, and no other."""

import io
from datetime import timedelta

import pytest
from archive_fixtures import MOMENT, OWNER, settle
from batch_killed import DIVIDED
from batch_material import Made, scan_pdf, with_review
from own_processes import KILLED, module
from sqlalchemy import select

from edms.batches.cutting import Duplex
from edms.batches.sheet import Sheet
from edms.capture.batches import begin_batch, confirm_batch, show_batch
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import console_person

POINTS = ("confirmed", "part", "made", "divided")
LEASE_MINUTES = 16
SHEETS = [Sheet("", "400.7", "", "open", f"Surat {at}") for at in (1, 2)]
PAGES = [Made("separator", 1, 0, SHEETS[0]), Made("text", 2), Made("separator", 3, 0, SHEETS[1]), Made("text", 4)]


@pytest.mark.slow
def test_a_batch_whose_confirmation_is_killed_again_and_again_becomes_each_document_once(archive: Archive) -> None:
    archive = with_review(archive, "always")
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id
    given = IncomingFile("tumpukan.pdf", io.BytesIO(scan_pdf(PAGES)))
    batch = begin_batch(clerk, archive, given, Placement(clerk.office_id), Duplex.IN_ORDER).record_id
    work_until_idle(archive, OWNER)
    version = show_batch(clerk, archive, batch).version
    made = []
    for turn, point in enumerate(POINTS):
        told = (archive.settings.storage.path.parent, archive.settings.database.url, batch, version,
                (turn + 1) * LEASE_MINUTES, point)  # fmt: skip
        ended = module("batch_killed", *told)
        assert ended.status == KILLED, (point, ended)
        shown = show_batch(clerk, archive, batch)
        made.append((shown.state, len(shown.parts)))
    assert made == [("review", 0), ("confirmed", 0), ("confirmed", 1), ("confirmed", 2)]
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + timedelta(minutes=LEASE_MINUTES * (len(POINTS) + 1)))
    confirm_batch(clerk, archive, batch, version)
    settle(archive)
    with archive.database.reader() as session:
        found = [
            (one.title, one.state, one.page_count) for one in session.scalars(select(Record).order_by(Record.title))
        ]
        told = [event["action"] for event in archive.trail.history(session, "record", str(batch))]
    assert found == [*((f"Surat {at}", "declared", 1) for at in range(1, 3)), ("tumpukan", "batch", 4)]
    assert (told.count("record.batch_confirmed"), told.count(DIVIDED)) == (1, 1)
