"""Changing over from one search engine to another: both are fed, both forget, and the doctor says when it is time."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edms.access.actors import Actor
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError
from edms.reconcile.search import search_findings
from edms.records.archive import Archive
from edms.records.searching import Question, drain, search
from edms.records.upkeep import KEEPER, drop_index, rebuild_index
from edms.search.errors import IndexDamaged
from edms.search.latency import BOUNDS_MS, ENOUGH_SEARCHES, Histogram, Latencies, advice
from edms.search.protocol import EVERYTHING, IndexDocument, SearchRequest, Upsert
from edms.search.serving import SearchEngines, open_engines

from archive_fixtures import MOMENT  # isort: skip

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]


def served_by(archive: Archive, engine: str) -> SearchEngines:
    """The index as a process opens it whose configuration names `engine`."""
    settings = archive.settings.model_copy(
        update={"search": archive.settings.search.model_copy(update={"engine": engine})}
    )
    return open_engines(settings, archive.keys.secret("index"), settings.database.url or "")


def found(index: SearchEngines, text: str = "") -> int:
    return index.search(SearchRequest(text, EVERYTHING)).total


def test_an_archive_changes_over_without_losing_a_change(archive: Archive, capture: Capture, person: Person) -> None:
    clerk = person(archive, "clerk-dinkes")
    capture(archive, b"Surat tentang satu.", name="surat.txt")
    assert found(archive.index) == 1
    assert rebuild_index(KEEPER, archive, "fts5") == 1
    assert archive.index.beside() == ("fts5",)
    # What comes between the build and the new configuration reaches both.
    capture(archive, b"Surat tentang dua.", name="surat2.txt")
    later = served_by(archive, "fts5")
    changed = dataclasses.replace(archive, index=later)
    assert (
        search(clerk, changed, Question("dua")).answer.total
        == search(clerk, archive, Question("dua")).answer.total
        == 1
    )
    assert later.beside() == ("whoosh",)
    assert set(later.document_versions()) == set(archive.index.document_versions())
    capture(changed, b"Surat tentang tiga.", name="surat3.txt")
    assert found(later) == found(archive.index) == 3
    drop_index(KEEPER, changed, "whoosh")
    assert later.beside() == ()
    assert found(served_by(archive, "whoosh")) == 0
    capture(changed, b"Surat tentang empat.", name="surat4.txt")
    assert found(later) == 4
    assert found(served_by(archive, "whoosh")) == 0
    assert drain(changed) == 0


def test_what_comes_while_the_other_engine_is_built_is_in_it(embedded: Archive, capture: Capture) -> None:
    capture(embedded, b"Surat tentang satu.", name="surat.txt")

    def documents() -> Iterator[IndexDocument]:
        yield IndexDocument("r1", 1, "a", text="satu")
        embedded.index.apply([Upsert(IndexDocument("r2", 1, "a", text="dua"))])

    assert embedded.index.build("fts5", documents()) == 1
    assert found(served_by(embedded, "fts5"), "dua") == 1


def test_a_purge_reaches_every_engine_that_is_kept(embedded: Archive) -> None:
    index = embedded.index
    index.build("fts5", iter([IndexDocument("r1", 1, "a", text="lama")]))
    index.apply([Upsert(IndexDocument("r1", 2, "a", text="baru"))])
    index.purge()
    other = index._engine("fts5")
    with other._reading() as file:  # type: ignore[attr-defined]
        assert file.rows("SELECT count(*) FROM gone") == [(0,)]
    assert found(served_by(embedded, "fts5"), "baru") == 1


def test_a_damaged_engine_beside_is_emptied_and_holds_nobody_up(embedded: Archive) -> None:
    index = embedded.index
    index.build("fts5", iter([IndexDocument("r1", 1, "a", text="lama")]))
    file = next((embedded.settings.storage.path / "index-fts5").rglob("index.db"))
    file.write_bytes(b"x" * file.stat().st_size)
    with pytest.raises(IndexDamaged):
        found(served_by(embedded, "fts5"))
    index.apply([Upsert(IndexDocument("r2", 1, "a", text="baru"))])
    assert found(index, "baru") == 1
    assert index.beside() == ()
    assert found(served_by(embedded, "fts5")) == 0


def test_the_engine_that_serves_is_not_dropped(embedded: Archive) -> None:
    with pytest.raises(ConfigurationError, match="serves"):
        drop_index(KEEPER, embedded, "whoosh")
    with pytest.raises(ConfigurationError, match="no engine"):
        rebuild_index(KEEPER, embedded, "lucene")


def test_reopening_by_the_configuration_takes_the_engine_it_names(embedded: Archive) -> None:
    search_settings = embedded.settings.search.model_copy(update={"engine": "fts5"})
    settings = embedded.settings.model_copy(update={"search": search_settings})
    opened = open_archive(settings, FixedClock(MOMENT))
    assert opened.index.serving == "fts5"
    assert (settings.storage.path / "index-fts5").is_dir()
    opened.database.close()


# Latencies


def test_searches_are_counted_without_their_words(embedded: Archive) -> None:
    index = embedded.index
    for _ in range(25):
        index.search(SearchRequest("rahasia", EVERYTHING))
    told = index.latencies()
    assert told.searches == 25
    again = served_by(embedded, "whoosh").latencies()
    assert again == told
    kept = [path.read_bytes() for path in (embedded.settings.storage.path / "search").iterdir()]
    assert all(not content or all(isinstance(count, int) for count in json.loads(content)) for content in kept)


def test_a_histogram_stays_small_and_forgets(tmp_path: Path) -> None:
    file = tmp_path / "search" / "latencies"
    latencies = Latencies(file)
    for _ in range(30_000):
        latencies.note(0.004)
    assert 10_000 <= latencies.read().searches <= 20_000
    assert file.stat().st_size < 500
    assert latencies.read().percentile(0.95) == 5
    file.write_bytes(b"[1, 2")
    assert latencies.read().searches == 0


def test_the_doctor_says_when_it_is_time(embedded: Archive) -> None:
    slow = [0] * (len(BOUNDS_MS) + 1)
    slow[BOUNDS_MS.index(500)] = ENOUGH_SEARCHES
    assert "one search in twenty" in advice("whoosh", 10, Histogram(tuple(slow)))
    assert "60,000 records" in advice("whoosh", 60_000, Histogram())
    assert advice("whoosh", 10_000, Histogram()) == ""
    slow[BOUNDS_MS.index(500)] -= 1
    assert advice("whoosh", 10, Histogram(tuple(slow))) == ""
    assert advice("fts5", 60_000, Histogram()) == ""
    assert "fts5" in advice("fts5", 2_000_000, Histogram())
    assert advice("postgresql", 50_000_000, Histogram()) == ""
    (embedded.settings.storage.path / "search").mkdir(exist_ok=True)
    slow[BOUNDS_MS.index(500)] += 1
    (embedded.settings.storage.path / "search" / "latencies-whoosh").write_text(json.dumps(slow))
    told = list(search_findings(embedded))
    assert [finding.level for finding in told] == ["info", "warning"]
    assert "edms reindex --engine fts5" in told[1].mend
