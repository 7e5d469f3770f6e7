"""What a worker looks after between captures: when it is due, whatever goes wrong, and never most of its time."""

import threading
import time

from edms.core.errors import StorageFault
from edms.records.archive import Archive
from edms.worker import main as worker


def test_a_chore_is_done_when_it_is_due(embedded: Archive) -> None:
    done: list[Archive] = []
    chore = worker.Chore(1000.0, done.append)
    for _round in range(3):
        worker._do_when_due(embedded, chore, threading.Event())
    assert done == [embedded]


def test_a_chore_that_waits_for_others_comes_the_more_seldom(embedded: Archive) -> None:
    began = time.monotonic()
    chore = worker.Chore(0.0, lambda _archive: time.sleep(0.05))
    worker._do_when_due(embedded, chore, threading.Event())
    assert chore.due - began >= 0.05 * worker.LEAST_PAUSE


def test_a_fault_does_not_end_the_worker(embedded: Archive) -> None:
    stopping = threading.Event()
    stopping.set()  # so that the pause after a fault is none

    def fails(_archive: Archive) -> None:
        raise StorageFault("the disk is full")

    chore = worker.Chore(1000.0, fails)
    worker._do_when_due(embedded, chore, stopping)
    assert chore.due > time.monotonic()


def test_every_chore_runs_on_a_fresh_archive(embedded: Archive) -> None:
    for chore in worker.chores():
        chore.work(embedded)
