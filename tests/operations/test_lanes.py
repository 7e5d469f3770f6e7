"""What the operator is told of the lanes: everything about the work, nothing about records that are not theirs."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from archive_fixtures import OWNER, pdf, take_in
from text_material import Paper, picture

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.capture import work
from edms.capture.lanes import LanesNow, lanes_now
from edms.core.clock import FixedClock
from edms.jobs.model import Lane
from edms.jobs.turns import Turns
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.text.ocr import ocr_available

Person = Callable[[Archive, str], Actor]
CONSOLE = console_actor("tests")
SECRET = "Surat rahasia mutasi"


def of(told: LanesNow, lane: Lane) -> tuple[int, int, int]:
    (found,) = (one for one in told.lanes if one.lane == lane.value)
    return found.waiting, found.running, found.pausing


def test_waiting_running_and_pausing_are_told_by_office(archive: Archive, person: Person) -> None:
    for clerk, count in (("clerk-dinkes", 3), ("clerk-bappeda", 1)):
        for number in range(count):
            take_in(archive, pdf(f"Surat {clerk} {number}"), by=clerk, work=False)
    assert of(lanes_now(CONSOLE, archive), Lane.QUICK) == (4, 0, 0)
    first = work._claim(archive, OWNER, Lane.QUICK, Turns())
    second = work._claim(archive, OWNER, Lane.QUICK, Turns())
    assert first is not None
    assert second is not None
    work._fail(archive, second, f"cannot read {SECRET}")
    told = lanes_now(CONSOLE, archive)
    assert of(told, Lane.QUICK) == (2, 1, 1)
    assert of(told, Lane.LONG) == (0, 0, 0)
    assert sum(one.waiting for lane in told.lanes for one in lane.offices) == 2
    (running,), (failing,) = told.running, told.failing
    assert (running.worker, running.attempts, running.step) == (OWNER, 1, "examine")
    assert running.record_id == first.subject_id
    assert (failing.record_id, failing.attempts, failing.worker) == (second.subject_id, 1, "")
    assert failing.until > archive.clock.now()
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    clock.set(clock.now() + timedelta(hours=1))
    assert of(lanes_now(CONSOLE, archive), Lane.QUICK) == (4, 0, 0), "the lease has run out, and so has the pause"


def test_titles_and_reasons_only_of_what_one_may_see(embedded: Archive, person: Person) -> None:
    take_in(embedded, pdf("Surat"), name=f"{SECRET}.pdf", level=Level.RESTRICTED, work=False)
    taken = work._claim(embedded, OWNER, Lane.QUICK, Turns())
    assert taken is not None
    for words, kind in (("", "running"), (SECRET, "failing")):
        if words:
            work._fail(embedded, taken, f"cannot read {SECRET}")
        for who in (CONSOLE, person(embedded, "admin")):
            told = lanes_now(who, embedded)
            (job,) = getattr(told, kind)
            assert (job.title, job.error) == ("", "")
            assert SECRET not in str(told.as_dict())
    for name in ("clerk-dinkes", "official-dinkes", "auditor"):
        with pytest.raises(NotPermitted):
            lanes_now(person(embedded, name), embedded)
    cleared = dataclasses.replace(person(embedded, "records"), clearance=Level.RESTRICTED)
    (job,) = lanes_now(cleared, embedded).failing
    assert (job.title, job.error) == (SECRET, f"cannot read {SECRET}")
    below = dataclasses.replace(cleared, clearance=Level.OPEN)
    (job,) = lanes_now(below, embedded).failing
    assert (job.title, job.error) == ("", "")


def test_the_pages_that_are_read_are_told(embedded: Archive) -> None:
    if not ocr_available(embedded.settings.text).available:
        pytest.skip("tesseract is not installed")
    text = embedded.settings.text.model_copy(update={"pages_at_once": 2})
    archive = dataclasses.replace(embedded, settings=embedded.settings.model_copy(update={"text": text}))
    paper = Paper()
    for number in range(3):
        paper = paper.scan(picture(f"Lembar {number}", 30))
    scan = take_in(archive, paper.bytes(), name="pindai.pdf", work=False)
    assert work.work_once(archive, OWNER, work.lanes_of(work.QUICK))
    assert work.work_once(archive, OWNER, work.lanes_of(work.LONG))
    told = lanes_now(CONSOLE, archive)
    assert [(one.record_id, one.pages, one.done) for one in told.scans] == [(scan.record_id, 3, 0)]
    assert of(told, Lane.LONG) == (2, 0, 0)
    assert work._claim(archive, "mesin/7", Lane.LONG, Turns()) is not None
    (job,) = lanes_now(CONSOLE, archive).running
    assert (job.record_id, job.first, job.last, job.worker, job.lane) == (scan.record_id, 1, 2, "mesin/7", "long")
    assert work.take_over(archive, "mesin/7") == 1
    assert work.work_once(archive, OWNER, work.lanes_of(work.LONG))
    (done,) = lanes_now(CONSOLE, archive).scans
    assert (done.pages, done.done) == (3, 2)
