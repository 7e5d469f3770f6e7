"""The retention report over 100,000 declared records in SQLCipher: counts and a page, one explanation, every row.

`python -m bench.retention_report` prints one JSON object. `page` is what a person waits for: the counts of all
outcomes and the first 50 rows, each decided anew, for a records officer who may see everything; its limit is one
second. `whole` is `edms retention report --format json` as a process of its own, start-up included, every row with its
reasons. Its peer reads the same columns with a bare cursor and writes them as JSON, deciding nothing.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.many_records import ManyRecords
from bench.measuring import figure
from edms.access.actors import Actor, console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.people import console_person
from edms.records.retention_report import Outcome, ReportQuestion, explain_record, retention_report

COUNT = 100_000
LARGE = 250_000
PAGE = 50
ROUNDS = 15
EXPLAINED = 50
LIMIT_SECONDS = 1.0
PLAIN = """SELECT records.id, title, offices.code, class_code, rule_code, rule_edition, fate, active_until, due_on
FROM records JOIN offices ON offices.id = office_id WHERE state = 'declared' ORDER BY due_on NULLS LAST, records.id"""


def run(large: bool) -> dict[str, Any]:
    """Return the figures by number of records."""
    sizes = (COUNT, LARGE) if large else (COUNT,)
    return _with_figures({str(size): measure(size) for size in sizes})


def smoke() -> dict[str, Any]:
    """Measure 200 records."""
    return _with_figures({"200": measure(200)})


def _with_figures(sizes: dict[str, Any]) -> dict[str, Any]:
    figures = []
    for count, found in sizes.items():
        page, whole = found["page"]["median_seconds"], found["whole"]
        named = f"{int(count):,} records"
        limit = f"limit: {LIMIT_SECONDS:g} s"
        plain = f"bare read of the rows: {whole['plain_seconds']} s"
        figures += [
            figure(f"{named}, counts and first page", page * 1000, "ms", against=limit, ratio=page / LIMIT_SECONDS),
            figure(f"{named}, one explained", found["explain"]["median_seconds"] * 1000, "ms"),
            figure(f"{named}, every row as JSON", whole["seconds"], "s", against=plain, ratio=whole["ratio_to_plain"]),
            figure(f"{named}, memory of that", whole["peak_memory_mebibytes"], "MiB"),
        ]
    return {"figures": figures, "limit_seconds": LIMIT_SECONDS, "sizes": sizes}


def measure(count: int) -> dict[str, Any]:
    """Fill an archive of its own with `count` records and measure; seconds, the best and the median of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config.toml").write_text("", "utf-8")
        settings = Settings().rooted_at(home)
        initialise(settings, console_actor("bench"), demo=True)
        archive = open_archive(settings)
        began = time.perf_counter()
        ids = ManyRecords(archive).fill(count)
        filled = time.perf_counter() - began
        officer, clerk = (console_person(archive, name, "bench") for name in ("records", "clerk-dinkes"))
        answer = {
            "filled_per_second": round(count / filled),
            "page": _page(archive, officer, ReportQuestion(limit=PAGE)),
            "page_of_a_clerk": _page(archive, clerk, ReportQuestion(limit=PAGE)),
            "page_by_outcome": {
                outcome.value: _page(archive, officer, ReportQuestion(outcome=outcome.value, limit=PAGE))
                for outcome in Outcome
            },
            "last_page": _page(archive, officer, ReportQuestion(limit=PAGE, offset=count - PAGE)),
            "explain": _explain(archive, officer, random.Random(1).sample(ids, EXPLAINED)),
            "whole": _whole(archive, home, count),
        }
        answer["ratio_to_limit"] = round(answer["page"]["median_seconds"] / LIMIT_SECONDS, 3)
        archive.sandbox.close()
        archive.database.close()
        return answer


def _page(archive: Archive, reader: Actor, question: ReportQuestion) -> dict[str, float]:
    return _seconds(lambda: retention_report(reader, archive, question, "id"), ROUNDS)


def _explain(archive: Archive, reader: Actor, ids: list[UUID]) -> dict[str, float]:
    left = iter(ids)
    return _seconds(lambda: explain_record(reader, archive, next(left), None, "id"), len(ids))


def _seconds(work: Callable[[], object], rounds: int) -> dict[str, float]:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    times.sort()
    return {"best_seconds": round(times[0], 4), "median_seconds": round(times[len(times) // 2], 4)}


def _whole(archive: Archive, home: Path, count: int) -> dict[str, float]:
    """Every row through the console, beside the bare read of the same rows; and how much memory the process took."""
    start = _command(home, "keys", "status", target=Path(os.devnull))
    seconds = min(
        _command(home, "retention", "report", "--format", "json", target=home / "whole.json") for _ in range(2)
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    found = json.loads((home / "whole.json").read_text("utf-8"))
    assert len(found["rows"]) == found["total"] == count, "the report is not whole"
    plain = min(_plain(archive, home / "plain.json") for _ in range(2))
    return {
        "seconds": round(seconds, 2),
        "of_it_start_up": round(start, 2),
        "rows_per_second": round(count / (seconds - start)),
        "bytes": (home / "whole.json").stat().st_size,
        "peak_memory_mebibytes": round(peak),
        "plain_seconds": round(plain, 2),
        "ratio_to_plain": round((seconds - start) / plain, 2),
    }


def _command(home: Path, *arguments: str, target: Path) -> float:
    command = [sys.executable, "-m", "edms.cli.main", "--config", str(home / "config.toml"), *arguments]
    with target.open("wb") as out:
        began = time.perf_counter()
        subprocess.run(command, stdout=out, check=True)
        return time.perf_counter() - began


def _plain(archive: Archive, target: Path) -> float:
    began = time.perf_counter()
    with archive.database.engine.connect() as connection, target.open("w", encoding="utf-8") as out:
        cursor = connection.exec_driver_sql(PLAIN).cursor
        assert cursor is not None
        for row in cursor:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"also {LARGE} records")
    print(json.dumps(run(parser.parse_args().large), indent=1))
