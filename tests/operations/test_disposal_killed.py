"""A destruction killed (kill -9) before each of its commits: no record is ever half there, and all ends well."""

from uuid import UUID

import pytest
from archive_fixtures import MOMENT, settle
from disposal_people import due, executing, ready
from own_processes import KILLED, Forked
from signing_people import who
from sqlalchemy import select

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.disposal.views import show_batch
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.model import Record
from edms.vault.model import OrderedDestruction

pytestmark = pytest.mark.slow
_DIES = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from uuid import UUID
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.config import load_settings
from edms.operation.door import Door
from edms.disposal.execution import carry_out
from edms.records.people import console_person
config, moment, batch, most = sys.argv[1:]
archive = open_archive(load_settings(Path(config)), FixedClock(datetime.fromisoformat(moment)))
real, count = Door._commit, [0]
def commit(self, session):
    count[0] += 1
    if count[0] == int(most):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, session)
Door._commit = commit
carry_out(console_person(archive, "pelaksana", "tests"), archive, UUID(batch))
"""


def whole_or_gone(archive: Archive, records: list[UUID]) -> int:
    """Every record is there to its last byte, or nothing of it is; returns how many are gone."""
    gone = 0
    with archive.database.reader() as session:
        for row in session.scalars(select(Record).where(Record.id.in_(records))):
            if row.state == "destroyed":
                assert row.components == []
                gone += 1
                continue
            assert row.state == "declared"
            assert {"original", "manifest", "seal"} <= {part.role for part in row.components}
            for part in row.components:
                archive.vault.verify(part.blob.sealed())
    return gone


def test_killed_before_every_commit_in_turn(embedded: Archive) -> None:
    made = ready(embedded)
    records = due(made, 3)
    batch = executing(made)
    config = made.settings.storage.path.parent / "config.toml"
    config.write_text('[text]\noffice = "off"\n')
    runs, gone = 0, 0
    while True:
        runs += 1
        done = Forked(_DIES, config, MOMENT.isoformat(), batch, runs).ended()
        again = open_archive(made.settings, FixedClock(MOMENT))
        now = whole_or_gone(again, records)
        assert now >= gone
        gone = now
        again.database.close()
        if done.status == 0:
            break
        assert done.status == KILLED, done
        assert runs < 40
    assert (gone, runs > 5) == (3, True)
    settle(made)
    assert show_batch(who(made, "arsiparis"), made, batch).state == "EXECUTED"
    with made.database.reader() as session:
        orders = list(session.scalars(select(OrderedDestruction)))
    assert orders
    assert all(order.bytes_removed_at and order.shredded_at for order in orders)
    report = verify_all(console_actor("tests"), made)
    assert report.ok, report.faults
