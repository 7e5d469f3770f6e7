"""What it costs to record each search: the same questions, as a person asks them, with and without the event.

`python -m bench disclosure_cost`. One demo archive with records in its index; each question is asked in turn through
the door as it is, and through one that decides and reads in the same way and records nothing.
"""

import dataclasses
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.installation import installation
from bench.many_records import ManyRecords
from bench.measuring import figure
from bench.search_latency import FACETS, indexed, questions
from edms.access.actors import Actor
from edms.access.policy import Action
from edms.operation.door import Door, Operation
from edms.records.people import console_person
from edms.records.searching import Question, search


class Silent(Door):
    """Reads as a disclosure does, and records nothing."""

    @contextmanager
    def disclose(self, actor: Actor | None, action: Action) -> Iterator[Operation]:
        """Decide and read, no more."""
        with self.read(actor, action) as operation:
            operation.recorded_by(lambda: None)
            yield operation


def run(large: bool) -> dict[str, Any]:
    """Ask of 1,000 records, `large` of 10,000."""
    return _measured(10_000 if large else 1_000)


def smoke() -> dict[str, Any]:
    """Does it work at all?"""
    return _measured(100)


def _measured(count: int) -> dict[str, Any]:
    with installation() as place:
        archive = place.archive
        ManyRecords(archive).fill(count)
        archive.index.rebuild(indexed(archive, count))
        silent = dataclasses.replace(archive, door=Silent(archive.database, archive.trail, archive.clock))
        official = console_person(archive, "official-dinkes", "bench")
        figures = []
        for kind, texts in questions().items():
            taken: dict[str, list[float]] = {"with": [], "without": []}
            for text in (*texts, *texts):  # once to warm up, and once more to be counted
                for name, one in (("without", silent), ("with", archive)):
                    began = time.perf_counter()
                    search(official, one, Question(text, facets=FACETS))
                    taken[name].append((time.perf_counter() - began) * 1000)
            plain, told = (statistics.median(taken[name][len(texts) :]) for name in ("without", "with"))
            figures.append(
                figure(
                    f"{count:,} records, {kind}", told, "ms", against=f"no event: {plain:.2f} ms", ratio=told / plain
                )
            )
    return {"figures": figures}
