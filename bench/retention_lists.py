"""The lists of retention over many declared records, in SQLCipher and on PostgreSQL: counts, pages, groups, charts.

Asked by a records officer, who reads the whole archive, and by an official, whose every count is narrowed by office,
rank, level and grants. `first page` is what a person waits for: how many there are, and the first 50 rows, each decided
anew; its limit is one second. `python -m bench.retention_lists --records N` measures another size.

The records are hard on it: two thirds of them are past due, as in an archive that never disposed of anything, and
4 % are held. CPU seconds are those of this process; on PostgreSQL the server's come on top, so that only wall time
tells there.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.many_records import ManyRecords
from bench.measuring import figure
from bench.search_postgresql import own_server
from edms.access.actors import Actor, console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.settings import DatabaseSettings, Settings
from edms.records.archive import Archive
from edms.records.forecast import outlook
from edms.records.people import console_person
from edms.records.report_lists import By, ListName
from edms.records.reports import PAGE, ListQuestion, list_counts, list_groups, list_page

COUNT, LARGE = 100_000, 1_000_000
ROUNDS = 3
LIMIT_SECONDS = 1.0
READERS = {"records officer": "records", "official": "official-bappeda"}
PAGES = (
    ListName.TRANSFER, ListName.DESTROY, ListName.DESTROY_UPPER, ListName.REVIEW, ListName.HANDOVER, ListName.AWAITING,
    ListName.HELD, ListName.PAST_DUE, ListName.NO_RULE,
)  # fmt: skip
WITH_CONTENT = "figures of the four charts, a file for each record"
Seconds = dict[str, float]


def run(large: bool) -> dict[str, Any]:
    """Measure 100,000 records; `large` measures 1,000,000."""
    return measure(LARGE if large else COUNT)


def smoke() -> dict[str, Any]:
    """Measure 200 records."""
    return measure(200)


def measure(count: int) -> dict[str, Any]:
    """Return `figures`, and by database, reader and question the best wall and CPU seconds of three."""
    found = {"SQLCipher": _measure_on(count, postgresql=False), "PostgreSQL": _measure_on(count, postgresql=True)}
    figures = []
    for database, readers in found.items():
        for reader, asked in readers.items():
            for name, best in asked.items():
                what = f"{count:,} records, {database}, {reader}: {name}"
                told = f"limit: {LIMIT_SECONDS:g} s; CPU {best['cpu'] * 1000:.0f} ms"
                ratio = best["wall"] / LIMIT_SECONDS
                figures.append(figure(what, best["wall"] * 1000, "ms", against=told, ratio=ratio))
    return {"figures": figures, "limit_seconds": LIMIT_SECONDS, "records": count, "load": os.getloadavg(), **found}


def _measure_on(count: int, *, postgresql: bool) -> dict[str, dict[str, Seconds]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (home / "config.toml").write_text("", "utf-8")
        settings = Settings().rooted_at(home)
        if postgresql:
            url = stack.enter_context(own_server())
            settings = settings.model_copy(update={"database": DatabaseSettings(url=url)})
        initialise(settings, console_actor("bench"), demo=True)
        archive = open_archive(settings)
        stack.callback(archive.database.close)
        stack.callback(archive.sandbox.close)
        many = ManyRecords(archive)
        ids = many.fill(count)
        _kept_up(archive)
        people = {label: console_person(archive, name, "bench") for label, name in READERS.items()}
        found = {label: _asked(archive, person) for label, person in people.items()}
        many.give_content(ids)
        _kept_up(archive)
        for label, person in people.items():
            found[label][WITH_CONTENT] = _best(lambda person=person: outlook(person, archive))
        return found


def _kept_up(archive: Archive) -> None:
    """What the server's own upkeep does within minutes: without it no index alone answers."""
    if not archive.database.is_sqlite:
        with archive.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _asked(archive: Archive, reader: Actor) -> dict[str, Seconds]:
    found = {}
    for name in PAGES:
        found[f"first page of {name.value}"] = _best(
            lambda name=name: list_page(reader, archive, ListQuestion(name), "", PAGE, "id")
        )
    first = list_page(reader, archive, ListQuestion(ListName.PAST_DUE), "", PAGE, "id")
    found["second page of past_due"] = _best(
        lambda: list_page(reader, archive, ListQuestion(ListName.PAST_DUE), first.after or "", PAGE, "id")
    )
    for name, way in ((ListName.DESTROY, By.OFFICE), (ListName.DESTROY, By.CLASS), (ListName.PAST_DUE, By.YEAR)):
        found[f"{name.value} by {way.value}"] = _best(
            lambda name=name, way=way: list_groups(reader, archive, ListQuestion(name), way)
        )
    found["counts of all twelve lists"] = _best(lambda: list_counts(reader, archive, None, ""))
    found["figures of the four charts"] = _best(lambda: outlook(reader, archive))
    return found


def _best(work: Callable[[], object]) -> Seconds:
    best = {"wall": float("inf"), "cpu": float("inf")}
    for _ in range(ROUNDS):
        began, spent = time.perf_counter(), time.process_time()
        work()
        told = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
        best = {name: round(min(best[name], told[name]), 4) for name in best}
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=COUNT, help="how many; each million takes minutes to make")
    print(json.dumps(measure(parser.parse_args().records), indent=1))
