"""A destruction of many records, killed (kill -9) again and again: taken up each time, and no record is half there.

    EDMS_DISPOSAL_ITEMS=10000 EDMS_DISPOSAL_KILLS=20 python -m pytest -n 0 -s tests/operations/test_disposal_many.py

Small by itself. What it found: docs/disposal.md.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import MOMENT
from disposal_people import (
    APPROVER,
    COMMITTEE,
    DECIDER,
    EXECUTOR,
    PROVEN,
    TODAY,
    assessed,
    letter,
    opened,
    ready,
)
from filled_archive import Wanted, fill
from signing_people import who
from sqlalchemy import func, select

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.disposal.certificate import certificate
from edms.disposal.destruction import approve, decide_destruction, propose, request_approval, select_due, set_committee
from edms.disposal.execution import execute
from edms.disposal.views import show_batch
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalItem, Residual
from edms.records.model import Component, Record
from edms.retention.types import Tier
from edms.vault.model import OrderedDestruction, StoredBlob
from edms.verify.destruction import check_certificate
from edms.verify.trust import trusted_from_pem

ITEMS = int(os.environ.get("EDMS_DISPOSAL_ITEMS", "40"))
ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("EDMS_DISPOSAL_KILLS", "2"))
SEED = int(os.environ.get("EDMS_DISPOSAL_SEED", "20261127"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(24 * 3600 if ITEMS > 1000 else 900)]
_CARRIES_OUT = """
import itertools, resource, signal, sys
from datetime import datetime
from pathlib import Path
from uuid import UUID
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.config import load_settings
from edms.disposal.execution import carry_out
from edms.operation.door import Door
from edms.records.people import console_person
config, moment, batch, commits, pause = sys.argv[1:]
archive = open_archive(load_settings(Path(config)), FixedClock(datetime.fromisoformat(moment)))
commit, counted = Door._commit, itertools.count(1)
def told(self, session):
    if next(counted) == int(commits):
        signal.setitimer(signal.ITIMER_REAL, float(pause))
    commit(self, session)
Door._commit = told
carry_out(console_person(archive, "pelaksana", "tests"), archive, UUID(batch))
print("most memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
"""
"""Carries out; a moment after it begins the commit of that number (0: never) the kernel ends it by SIGALRM, which is as
kill -9 here: nobody handles it, and nothing of the program runs any more. Whoever watched from outside, or in a thread,
could come thousands of records late on a busy machine."""


def executing_many(archive: Archive) -> UUID:
    fill(archive, (Wanted("000.1.1", date(2001, 5, number % 27 + 1), f"Naskah {number}") for number in range(ITEMS)))
    batch = opened(archive)
    officer = who(archive, "arsiparis")
    set_committee(officer, archive, batch, COMMITTEE, letter(archive, "SK"))
    assert select_due(officer, archive, batch) == ITEMS
    propose(officer, archive, batch, "U-1")
    assessed(archive, batch)
    request_approval(officer, archive, batch, "M-1")
    approve(who(archive, APPROVER[Tier.LOWER]), archive, batch, letter(archive, "P-1", TODAY))
    decide_destruction(who(archive, DECIDER[Tier.LOWER]), archive, batch, letter(archive, "K-1", TODAY))
    execute(who(archive, EXECUTOR[Tier.LOWER]), archive, batch, PROVEN)
    return batch


def whole_or_gone(archive: Archive, batch: UUID) -> int:
    """Every record of the batch is there to its last byte with its key, or nothing of it is; returns how many went.

    Of one that went, all that can be left are sealed bytes that no row names and no key opens, ordered to go.
    """
    gone = 0
    with archive.database.reader() as session:
        residuals = set(session.scalars(select(Residual.record_id).where(Residual.batch_id == batch)))
        ids = list(session.scalars(select(DisposalItem.record_id).where(DisposalItem.batch_id == batch)))
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            parts: dict[UUID, list[Component]] = {}
            for component in session.scalars(select(Component).where(Component.record_id.in_(part))):
                parts.setdefault(component.record_id, []).append(component)
            for record, state in session.execute(select(Record.id, Record.state).where(Record.id.in_(part))):
                assert (state == "destroyed") == (record in residuals) == (record not in parts)
                gone += state == "destroyed"
                for component in parts.get(record, []):
                    archive.vault.verify(component.blob.sealed())
        orders = select(OrderedDestruction)
        for order in session.scalars(orders):
            assert order.row_removed_at is not None
            assert session.get(StoredBlob, order.blob_id) is None
            if order.bytes_removed_at is not None:
                assert not archive.vault.holds(order.name)
    return gone


def test_many_records_are_destroyed_however_often_it_is_killed(embedded: Archive, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    made = ready(embedded)
    began = time.monotonic()
    batch = executing_many(made)
    print(f"\n{ITEMS} records ready to go after {time.monotonic() - began:.0f} s")
    config = made.settings.storage.path.parent / "config.toml"
    config.write_text('[text]\noffice = "off"\n[disposal]\nmax_items = 100000\n')
    command = [sys.executable, "-c", _CARRIES_OUT, str(config), MOMENT.isoformat(), str(batch)]
    spent, gone, run = 0.0, 0, None
    for round_ in range(KILLS + 1):
        start = time.monotonic()
        commits = 2 * ITEMS // (KILLS + 1) + chance.randrange(20) if round_ < KILLS else 0
        told = [*command, str(commits), f"{chance.random() / 50 + 0.0001:.4f}"]
        run = subprocess.run(told, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        spent += time.monotonic() - start
        assert run.returncode == (-signal.SIGALRM if round_ < KILLS else 0)
        again = open_archive(made.settings, FixedClock(MOMENT))
        now = whole_or_gone(again, batch)
        again.sandbox.close()
        again.database.close()
        assert now >= gone
        gone = now
        print(f"round {round_}: {gone} gone")
    assert gone == ITEMS
    assert run is not None
    print(f"{ITEMS} records in {spent:.0f} s of carrying out, {KILLS} times killed; {run.stdout.strip()} MiB")
    assert show_batch(who(made, "arsiparis"), made, batch).state == "EXECUTED"
    with made.database.reader() as session:
        left = select(func.count()).select_from(OrderedDestruction).where(OrderedDestruction.shredded_at.is_(None))
        assert session.scalar(left) == 0
        assert session.scalar(select(func.count()).select_from(OrderedDestruction)) >= ITEMS
    start = time.monotonic()
    content = certificate(who(made, "arsiparis"), made, batch)
    path = tmp_path / "certificate.json"
    path.write_bytes(content)
    given = time.monotonic() - start
    start = time.monotonic()
    report = check_certificate(path, trusted_from_pem(made.public_pem.encode()))
    assert report.ok, report.faults
    assert report.checked["destroyed records"] == ITEMS
    assert len(re.findall(rb'"state":"DONE"', content)) == ITEMS
    print(f"certificate of {len(content) // 1024} KiB in {given:.1f} s, checked in {time.monotonic() - start:.1f} s")
