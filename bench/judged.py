"""Judged collections: documents, questions as people typed them, and which documents somebody found relevant.

Every folder of `ir` in the shared corpus that holds `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` (the layout of
BEIR) is one. A document that is listed for a question with a grade above zero is relevant, and all alike: the direction
of Cranfield's grades is disputed.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

DEPTH: Final = 100
"""How many hits of each question are looked at."""

Ask = Callable[[str], Sequence[str]]
"""Gives the ids found for a question, best first, at most `DEPTH`."""


@dataclass(frozen=True)
class Collection:
    """`documents`: (id, title, text); `questions`: (id, text); `relevant`: ids of documents by question."""

    name: str
    documents: list[tuple[str, str, str]]
    questions: list[tuple[str, str]]
    relevant: Mapping[str, frozenset[str]]


def collections(folder: Path) -> Iterator[Collection]:
    """Yield the collections below `folder`, by name."""
    for place in sorted(folder.iterdir() if folder.is_dir() else ()):
        if all((place / name).is_file() for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")):
            yield read(place)


def read(folder: Path) -> Collection:
    """Read one collection. Questions without a relevant document are left out: nothing can be measured by them."""
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        if float(grade) > 0:
            relevant.setdefault(question, set()).add(document)
    documents = [(one["_id"], one.get("title") or "", one["text"]) for one in _lines(folder / "corpus.jsonl")]
    questions = [(one["_id"], one["text"]) for one in _lines(folder / "queries.jsonl") if one["_id"] in relevant]
    return Collection(folder.name, documents, questions, {key: frozenset(ids) for key, ids in relevant.items()})


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@dataclass(frozen=True)
class Quality:
    """nDCG@10 (Järvelin, Kekäläinen 2002), reciprocal rank (Voorhees 1999), share of the relevant in the first 100."""

    ndcg: float
    reciprocal: float
    recall: float


def mean(each: Sequence[Quality]) -> Quality:
    """Return the means over questions; there is at least one."""
    return Quality(*(sum(values) / len(each) for values in zip(*map(astuple, each), strict=True)))


def judged(found: Sequence[str], relevant: frozenset[str]) -> Quality:
    """Judge one answer: the ids found, best first, against the relevant ones."""
    gains = [1 / math.log2(place + 2) for place, one in enumerate(found[:10]) if one in relevant]
    best = [1 / math.log2(place + 2) for place in range(min(10, len(relevant)))]
    first = next((1 / (place + 1) for place, one in enumerate(found) if one in relevant), 0.0)
    return Quality(sum(gains) / sum(best), first, len(relevant.intersection(found)) / len(relevant))
