"""kill -9 of the worker that verifies the share of the day: it goes on where it was, and counts each record once."""

from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, take_in
from own_processes import KILLED, module
from rolling_killed import daily

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.reconcile.rolling import VERIFIER, status
from edms.records.archive import Archive

RECORDS = 4
POINTS = ("part 1", "part 3", "record 1", "record 3", "kept", "")
LEASE_MINUTES = 16


@pytest.mark.slow
def test_killed_again_and_again_it_reads_each_record_once(embedded: Archive, tmp_path: Path) -> None:
    for number in range(RECORDS):
        take_in(embedded, pdf(f"Surat {number} tentang saluran"))
    for turn, point in enumerate(POINTS):
        ended = module("rolling_killed", tmp_path, turn * LEASE_MINUTES, point)
        assert ended.status == (KILLED if point else 0), (point, ended)
    later = FixedClock(MOMENT + timedelta(minutes=LEASE_MINUTES * len(POINTS)))
    archive = open_archive(daily(embedded.settings), later)
    told = status(VERIFIER, archive)
    [run] = told["runs"]
    assert run["finished_at"] is not None
    assert (run["records"], run["of_records"], run["faults"], told["never_read"]) == (RECORDS, RECORDS, 0, 0)
    with archive.database.reader() as session:
        events = [event["action"] for event in archive.trail.history(session, "archive", "")]
    archive.database.close()
    assert events.count("archive.verify_started") == events.count("archive.verified") == 1
