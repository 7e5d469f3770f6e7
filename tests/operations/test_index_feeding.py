"""The index is fed in batches: never one commit per record while more is waiting, and no change is ever lost."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import MOMENT, OWNER, settle
from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.capture import indexing
from edms.capture.accept import Accepted
from edms.capture.indexing import (
    LONGEST_UNFINISHED,
    LONGEST_WAIT,
    LONGEST_WAIT_IN_A_CROWD,
    bring_index_up_to_date,
)
from edms.capture.work import lanes_of, work_once
from edms.core.clock import FixedClock
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.reindexing import INDEX_TOPIC
from edms.records.searching import Question, search
from edms.search.protocol import Change, SearchIndex
from edms.worker.main import run

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
FILES = 30
SCAN = Path(__file__).resolve().parents[2] / "samples" / "pindai-surat-musrenbang.pdf"
ENTRIES_OF_A_FILE = 3
"""Accepted, examined with its copy made, declared."""


class Counting:
    """A real index that remembers how many changes each commit took in, and may die right after one."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self.commits: list[int] = []
        self.dies_after_next = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def apply(self, changes: Sequence[Change]) -> None:
        self._index.apply(changes)
        self.commits.append(len(changes))
        if self.dies_after_next:
            self.dies_after_next = False
            raise KeyboardInterrupt


class UntilIdle(threading.Event):
    """Stops the worker when it has nothing to do: that is when it waits."""

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.set()
        return True


def counted(archive: Archive) -> tuple[Archive, Counting]:
    index = Counting(archive.index)
    return dataclasses.replace(archive, index=index), index


def waiting(archive: Archive) -> int:
    with archive.database.reader() as session:
        return (
            session.scalar(select(func.count()).select_from(OutboxEntry).where(OutboxEntry.topic == INDEX_TOPIC)) or 0
        )


def give(archive: Archive, capture: Capture, count: int, *, unfinished: bool = False) -> list[str]:
    """Hand in files, each findable by a word; they are taken to their end, but not into the index."""
    words = [f"tanda{number:04d}" for number in range(count)]
    for word in words:
        capture(archive, f"Surat tentang {word}.".encode(), name="surat.txt", work=False)
    while not unfinished and work_once(archive, OWNER):
        pass
    return words


def test_a_worker_under_load_commits_batches(archive: Archive, capture: Capture, person: Person) -> None:
    """The worker itself, until nothing waits. The clock stands still, so no entry ever grows too old to wait."""
    archive, index = counted(archive)
    words = give(archive, capture, FILES, unfinished=True)
    run(archive, UntilIdle(), ("quick",))
    assert waiting(archive) == 0
    assert index.commits == [FILES]
    clerk = person(archive, "clerk-dinkes")
    assert [search(clerk, archive, Question(word)).answer.total for word in words] == [1] * FILES


def test_a_few_young_changes_wait_while_more_is_coming(embedded: Archive, capture: Capture) -> None:
    archive, index = counted(embedded)
    give(archive, capture, 3)
    assert not bring_index_up_to_date(archive, more_is_coming=True)
    assert index.commits == []
    assert bring_index_up_to_date(archive, more_is_coming=False)
    assert index.commits == [3]


def test_an_old_change_is_not_kept_waiting(embedded: Archive, capture: Capture) -> None:
    clock = FixedClock(MOMENT)
    archive, index = counted(dataclasses.replace(embedded, clock=clock))
    give(archive, capture, 1)
    clock.set(MOMENT + LONGEST_WAIT - timedelta(milliseconds=1))
    assert not bring_index_up_to_date(archive, more_is_coming=True)
    clock.set(MOMENT + LONGEST_WAIT)
    assert bring_index_up_to_date(archive, more_is_coming=True)
    assert index.commits == [1]


def test_in_a_crowd_it_waits_longer(embedded: Archive, capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "A_CROWD", 1)
    clock = FixedClock(MOMENT)
    archive, index = counted(dataclasses.replace(embedded, clock=clock))
    give(archive, capture, 1)
    give(archive, capture, 3, unfinished=True)
    clock.set(MOMENT + LONGEST_WAIT)
    assert not bring_index_up_to_date(archive, more_is_coming=True)
    clock.set(MOMENT + LONGEST_WAIT_IN_A_CROWD)
    assert bring_index_up_to_date(archive, more_is_coming=True)
    assert index.commits == [1]


def test_a_backlog_makes_no_commit_for_each_of_its_records(embedded: Archive, capture: Capture) -> None:
    """What counts is how long a record has rested, not how long ago it came in."""
    archive, index = counted(embedded)
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    give(archive, capture, 3, unfinished=True)
    clock.set(MOMENT + 5 * LONGEST_WAIT)
    assert work_once(archive, OWNER)
    assert not bring_index_up_to_date(archive, more_is_coming=True)
    clock.set(MOMENT + 6 * LONGEST_WAIT)
    assert work_once(archive, OWNER)
    assert bring_index_up_to_date(archive, more_is_coming=True)
    assert index.commits == [2]


def test_what_a_quick_step_will_change_again_is_not_written_before(embedded: Archive, capture: Capture) -> None:
    """Nor for ever left out: a backlog of an hour is findable by title after a minute."""
    clock = FixedClock(MOMENT)
    archive, index = counted(dataclasses.replace(embedded, clock=clock))
    give(archive, capture, 2, unfinished=True)
    clock.set(MOMENT + LONGEST_UNFINISHED - timedelta(milliseconds=1))
    assert not bring_index_up_to_date(archive, more_is_coming=False)
    assert work_once(archive, OWNER)
    assert bring_index_up_to_date(archive, more_is_coming=False)
    assert index.commits == [1]
    clock.set(MOMENT + LONGEST_UNFINISHED)
    assert bring_index_up_to_date(archive, more_is_coming=True)
    assert index.commits == [1, 1]


def test_what_waits_for_recognition_is_found_by_its_title(embedded: Archive, capture: Capture, person: Person) -> None:
    archive, index = counted(embedded)
    clerk = person(archive, "clerk-dinkes")
    capture(archive, SCAN.read_bytes(), name="tanda pindaian.pdf", work=False)
    assert work_once(archive, OWNER, lanes_of("quick"))
    assert bring_index_up_to_date(archive, more_is_coming=False)
    assert index.commits == [1]
    assert search(clerk, archive, Question("tanda")).answer.total == 1


def test_many_changes_of_one_record_are_one_change(embedded: Archive, capture: Capture) -> None:
    archive, index = counted(embedded)
    give(archive, capture, 2)
    assert waiting(archive) == 2 * ENTRIES_OF_A_FILE
    settle(archive)
    assert index.commits == [2]


def test_a_backlog_is_taken_in_by_batches(embedded: Archive, capture: Capture) -> None:
    search_settings = embedded.settings.search.model_copy(update={"batch_size": 4})
    settings = embedded.settings.model_copy(update={"search": search_settings})
    archive, index = counted(dataclasses.replace(embedded, settings=settings))
    give(archive, capture, 10)
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass
    assert index.commits == [4, 4, 2]


def test_a_batch_is_repeated_after_a_death_and_doubles_nothing(
    archive: Archive, capture: Capture, person: Person
) -> None:
    """Killed between the commit of the index and that of the outbox: the changes still wait, and are made again."""
    archive, index = counted(archive)
    words = give(archive, capture, 3)
    index.dies_after_next = True
    with pytest.raises(KeyboardInterrupt):
        bring_index_up_to_date(archive, more_is_coming=False)
    assert waiting(archive) == 3 * ENTRIES_OF_A_FILE
    settle(archive)
    clerk = person(archive, "clerk-dinkes")
    assert [search(clerk, archive, Question(word)).answer.total for word in words] == [1, 1, 1]
    assert len(list(archive.index.document_versions())) == 3
