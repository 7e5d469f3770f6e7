"""The worker: takes capture steps and keeps the index up to date, until told to stop.

Each lane that it serves has a thread of its own, so neither ever waits for the other: recognition computes in other
processes, with a lower priority, and its thread mostly waits for them.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from edms.access.actors import system_actor
from edms.capture.folders import watch_due
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.mailboxes import poll_due
from edms.capture.places import take_place
from edms.capture.screening import rescan_when_newer
from edms.capture.upload_upkeep import look_after_uploads
from edms.capture.work import LONG, QUICK, Lanes, lanes_of, work_once
from edms.core.errors import EdmsError
from edms.reconcile.rolling import verify_share
from edms.records.alerts_due import tell_when_changed
from edms.records.archive import Archive
from edms.records.checkpoints import tend_checkpoints
from edms.records.class_learning import learn_when_due
from edms.records.digitisation_marks import mark_copies
from edms.records.directory_sync import sync_when_due
from edms.records.evidence_renewal import renew_when_due
from edms.records.hold_binding import follow_held_searches
from edms.records.index_mending import mend_index, mend_when_reported
from edms.records.nightly import evaluate_when_due
from edms.records.report_mailings import send_due
from edms.records.saved_searches import watch_searches
from edms.records.upkeep import collect_garbage

log = logging.getLogger("edms.worker")

PAUSE_AFTER_FAULT_SECONDS = 5.0
TEND_EVERY_SECONDS = 30.0
INTEGRATE_EVERY_SECONDS = 2.0
LEAST_PAUSE = 20
"""A chore rests at least so many times as long as it took."""
EVIDENCE_LOOK_SECONDS = 600.0
VERIFY_EVERY_SECONDS = 5.0
RESCAN_EVERY_SECONDS = 120.0
LEARN_EVERY_SECONDS = 300.0
WATCH_EVERY_SECONDS = 60.0
MEND_EVERY_SECONDS = 2.0
MAIL_EVERY_SECONDS = 300.0
MARK_EVERY_SECONDS = 15.0
TELL_EVERY_SECONDS = 60.0
EVIDENCE_KEEPER = system_actor("evidence")


@dataclass
class Chore:
    """Something to be done now and then, between captures: how often, and when next (monotonic seconds)."""

    every_seconds: float
    work: Callable[[Archive], object]
    due: float = 0.0
    rests: float = LEAST_PAUSE


def chores(verifying: float = 0.05, following_minutes: int = 0) -> list[Chore]:
    """What a worker looks after. Each is safe to be done by several workers at once.

    `verifying`: the share of its time that it may spend on reading what is stored. `following_minutes`: how often
    people are brought to what a directory says, 0 for never.
    """
    return [
        Chore(INTEGRATE_EVERY_SECONDS, integrate_trail),
        Chore(VERIFY_EVERY_SECONDS, verify_share, rests=1 / verifying - 1),
        Chore(TEND_EVERY_SECONDS, tend_checkpoints),
        Chore(6 * 3600, collect_garbage),
        Chore(RESCAN_EVERY_SECONDS, rescan_when_newer),
        Chore(60, look_after_uploads),
        Chore(MARK_EVERY_SECONDS, mark_copies),
        Chore(MEND_EVERY_SECONDS, mend_when_reported),
        Chore(24 * 3600, mend_index, due=time.monotonic() + 3600),  # for what no question reads
        Chore(WATCH_EVERY_SECONDS, watch_searches),
        Chore(TELL_EVERY_SECONDS, tell_when_changed),
        Chore(MAIL_EVERY_SECONDS, send_due),
        Chore(WATCH_EVERY_SECONDS, follow_held_searches),
        Chore(900, evaluate_when_due),
        Chore(LEARN_EVERY_SECONDS, learn_when_due, due=time.monotonic() + LEARN_EVERY_SECONDS),
        Chore(max(following_minutes, 1) * 60.0, sync_when_due),
        Chore(EVIDENCE_LOOK_SECONDS, look_after_evidence, due=time.monotonic() + EVIDENCE_LOOK_SECONDS),
    ]


def run(archive: Archive, stopping: threading.Event, lanes: Collection[str] = (QUICK, LONG)) -> None:
    """Serve `lanes` until `stopping` is set; whoever serves the quick one also feeds the index and does the chores.

    Faults of the surroundings (disk full, database away) are logged and outlived.
    """
    place = take_place(archive)
    if place is None:
        log.error("every place at the workbench is taken")
        return
    beside = threading.Thread(target=_serve_long, args=(archive, place.owner, stopping), name="long lane")
    try:
        if LONG in lanes:
            beside.start()
        if QUICK in lanes:
            _serve_quick(archive, place.owner, stopping)
        else:
            stopping.wait()
    finally:
        stopping.set()
        if beside.is_alive():
            beside.join()
        place.leave()


def _serve_quick(archive: Archive, owner: str, stopping: threading.Event) -> None:
    kept = chores(archive.settings.verification.share_of_time, archive.settings.ldap.sync_minutes)
    lane = lanes_of(QUICK)
    while not stopping.is_set():
        came = _outlive(lambda: _ways_in(archive, owner), stopping)
        if not _outlive(lambda: _round(archive, owner, lane), stopping) and not came:
            for chore in kept:
                _do_when_due(archive, chore, stopping)
            stopping.wait(archive.settings.worker.poll_seconds)


def _serve_long(archive: Archive, owner: str, stopping: threading.Event) -> None:
    lane = lanes_of(LONG)
    while not stopping.is_set():
        if not _outlive(lambda: work_once(archive, owner, lane), stopping):
            stopping.wait(archive.settings.worker.poll_seconds)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the step under way is finished first."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping


def _ways_in(archive: Archive, owner: str) -> bool:
    folders, mail = watch_due(archive, owner), poll_due(archive, owner)
    return folders or mail


def _round(archive: Archive, owner: str, lane: Lanes) -> bool:
    worked = work_once(archive, owner, lane)
    return bring_index_up_to_date(archive, more_is_coming=worked) or worked


def _do_when_due(archive: Archive, chore: Chore, stopping: threading.Event) -> None:
    """One that waits long for somebody else (an authority or a witness that is away) comes the more seldom."""
    began = time.monotonic()
    if began >= chore.due:
        _outlive(lambda: bool(chore.work(archive)), stopping)
        ended = time.monotonic()
        chore.due = ended + max(chore.every_seconds, (ended - began) * chore.rests)


def integrate_trail(archive: Archive) -> bool:
    """Give places in the trail's tree to events that a process left which died before it did so itself."""
    return archive.door.integrate(wait=False) > 0


def look_after_evidence(archive: Archive) -> bool:
    """Cover new records with a timestamp and renew what ages, when the setting says it is time; say what went wrong."""
    report = renew_when_due(EVIDENCE_KEEPER, archive)
    if report is None:
        return False
    for tree in report.trees:
        log.info("evidence tree %d over %d %s", tree.number, tree.size, tree.kind)
    if not report.ok:
        log.error("evidence: %d records left out, %d chains too late", len(report.left_out), len(report.lapsed))
    return True


def _outlive(work: Callable[[], bool], stopping: threading.Event) -> bool:
    started = time.monotonic()
    try:
        return work()
    except EdmsError as error:
        log.error("%s", error)
    except Exception:
        log.exception("the worker met a fault after %.1f s and goes on", time.monotonic() - started)
    stopping.wait(PAUSE_AFTER_FAULT_SECONDS)
    return False
