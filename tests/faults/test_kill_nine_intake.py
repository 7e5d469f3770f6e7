"""kill -9 of a look at a watched folder at random points: every file comes in once, and none is left behind."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from archive_fixtures import settings_in
from console import Console
from sqlalchemy import select

from edms.bootstrap import open_archive
from edms.capture.intake_model import Arrival, IntakeSource
from edms.records.model import Record

FILES = 40
ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "4"))
CONFIG = """
[[capture.folders]]
name = "pemindai"
path = "drop"
office = "dinkes"
settle_seconds = 0
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_folder_whose_looks_are_killed_comes_in_once(bare: Console, installation: Path) -> None:
    chance = random.Random(20261125)
    bare.config.write_text(CONFIG, "utf-8")
    drop = installation / "drop"
    drop.mkdir()
    for number in range(FILES):
        (drop / f"surat-{number:02}.pdf").write_bytes(b"%%PDF-1.7 surat %d" % number)
    for _round in range(ROUNDS):
        started = bare.start("watch", "once", "--json")
        before = len(list(drop.glob("*.pdf")))
        deadline = time.monotonic() + 120
        while len(list(drop.glob("*.pdf"))) == before and time.monotonic() < deadline and started.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.08))
        started.send_signal(signal.SIGKILL)
        started.communicate(timeout=120)
        _forget_lease(installation)
    done = bare("watch", "once", "--json")
    assert done.status == 0, done
    assert list(drop.glob("*.pdf")) == []
    assert len(list((drop / "done").glob("*.pdf"))) == FILES
    archive = open_archive(settings_in(installation))
    with archive.database.reader() as session:
        assert len(session.scalars(select(Record.id)).all()) == FILES
        arrivals = session.scalars(select(Arrival)).all()
        assert [one.details["path"] for one in arrivals if one.duplicate] == []
        assert len({one.details["path"] for one in arrivals}) == len(arrivals) == FILES
    archive.database.close()


def _forget_lease(installation: Path) -> None:
    """What two minutes of waiting would do: each look at the console is another owner's."""
    archive = open_archive(settings_in(installation))
    with archive.database.writer() as session:
        for row in session.scalars(select(IntakeSource)):
            row.leased_until = None
        session.commit()
    archive.database.close()
