"""The evaluation of a night with 1,000 changed records, over 10,000 records and over 1,000,000, in SQLCipher.

`python -m bench.retention_nightly` prints one JSON object: CPU seconds of one evaluation, as it is done after 1,000
records got another date. Nothing else comes due that night, so that the figures differ by the size of the archive
alone. The limit is that the larger archive costs at most twice the smaller.
"""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import update

from bench.many_records import ManyRecords
from bench.measuring import figure
from edms.access.actors import console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.clock import FixedClock
from edms.core.ids import new_id
from edms.core.settings import Settings
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.nightly import NIGHT, evaluate
from edms.records.nightly_model import RetentionEvaluation
from edms.records.retention import RETENTION_TOPIC

SMALL, USUAL, LARGE = 10_000, 100_000, 1_000_000
CHANGED = 1000
ROUNDS = 3
MOST_RATIO = 2.0
MOMENT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def run(large: bool) -> dict[str, Any]:
    """Return the figures by number of records; `large`: 1,000,000 instead of 100,000."""
    return _with_figures([SMALL, LARGE if large else USUAL])


def smoke() -> dict[str, Any]:
    """Measure 200 and 400 records."""
    return _with_figures([200, 400])


def _with_figures(sizes: list[int]) -> dict[str, Any]:
    found = {str(size): measure(size) for size in sizes}
    small, great = (found[str(size)]["cpu_seconds"] for size in sizes)
    ratio = round(great / small, 2)
    figures = [
        figure(f"{size:,} records, {found[str(size)]['looked_at']:,} changed", found[str(size)]["cpu_seconds"], "s CPU")
        for size in sizes
    ]
    figures.append(
        figure(
            "the larger archive against the smaller", ratio, "times", against=f"limit: {MOST_RATIO:g}", ratio=ratio / 2
        )
    )
    return {"figures": figures, "sizes": found, "ratio": ratio}


def measure(count: int) -> dict[str, Any]:
    """Fill an archive of its own and evaluate ROUNDS nights; the least CPU seconds of one."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings().rooted_at(Path(folder))
        clock = FixedClock(MOMENT)
        initialise(settings, console_actor("bench"), demo=True, clock=clock)
        archive = open_archive(settings, clock)
        ids = ManyRecords(archive).fill(count)
        _quiet(archive)
        times, looked_at = [], 0
        for night in range(1, ROUNDS + 1):
            _change(archive, ids[:: max(1, count // CHANGED)][:CHANGED])
            clock.set(MOMENT + timedelta(days=night))
            began = time.process_time()
            found = evaluate(NIGHT, archive)
            times.append(time.process_time() - began)
            assert found is not None
            looked_at = found.looked_at
        archive.sandbox.close()
        archive.database.close()
    return {"looked_at": looked_at, "cpu_seconds": round(min(times), 3), "all": [round(one, 3) for one in times]}


def _quiet(archive: Archive) -> None:
    """The first evaluation, of the backlog, is over; and no day of these comes in the nights that are measured."""
    ahead, today = timedelta(days=200), archive.clock.today()
    near = (today - ahead, today + ahead)
    with archive.database.writer() as session:
        for column in (Record.due_on, Record.active_until):
            session.execute(update(Record).where(column.between(*near)).values({column: today - timedelta(days=900)}))
        now = archive.clock.now()
        session.add(
            RetentionEvaluation(
                id=new_id(archive.clock), day=today, ended_at=now, looked_at=0, to_transfer=0, due=0, overdue=0
            )
        )
        session.commit()


def _change(archive: Archive, ids: list[UUID]) -> None:
    """What `store_due_dates` leaves behind of each record whose date it changed."""
    with archive.database.writer() as session:
        now = archive.clock.now()
        session.add_all(OutboxEntry(topic=RETENTION_TOPIC, subject_id=one, created_at=now) for one in ids)
        session.commit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"{LARGE} records instead of {USUAL}")
    print(json.dumps(run(parser.parse_args().large), indent=1))
