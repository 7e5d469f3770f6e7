"""All engines give the same answer to the same question, and it is the one that counting word by word gives."""

import re
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_search_index import ENGINES

from edms.search.analysis import EXACT, query_word, terms
from edms.search.protocol import (
    EVERYTHING,
    FACETS,
    Delete,
    Filters,
    IndexDocument,
    SearchAnswer,
    SearchIndex,
    SearchRequest,
    Sort,
    Upsert,
)

FORMS = ["anggaran", "dianggarkan", "kesehatan", "sehat", "izin", "perizinan", "jalan", "005/12", "the", "services"]
CLASSES = ["900.1", "900.1.3", "900.10", "000"]
FIELDS = ("title", "subject", "number", "sender", "recipient", "text")

words = st.lists(st.sampled_from(FORMS), max_size=6).map(" ".join)
one_document = st.fixed_dictionaries(
    {
        "access": st.sampled_from(["a", "b", ""]),
        "title": words,
        "text": words,
        "sender": words,
        "office": st.sampled_from(["dinkes", "bappeda", ""]),
        "class_code": st.sampled_from(CLASSES),
        "date": st.one_of(st.none(), st.dates(date(2013, 1, 1), date(2016, 12, 31))),
        "language": st.sampled_from(["id", "en"]),
    }
)
changes = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4), st.one_of(st.none(), one_document)), max_size=14)


def change(number: int, version: int, described: dict[str, Any] | None) -> Upsert | Delete:
    if described is None:
        return Delete(f"r{number}", version)
    return Upsert(IndexDocument(f"r{number}", version, **described))


class Reference:
    """What an index should hold and find, the slow way."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, IndexDocument | None]] = {}

    def apply(self, made: Upsert | Delete) -> None:
        one = made.document if isinstance(made, Upsert) else None
        record_id, version = (one.record_id, one.version) if one else (made.record_id, made.version)  # type: ignore[union-attr]
        if record_id not in self.held or self.held[record_id][0] < version:
            self.held[record_id] = (version, one)

    def visible(self, tokens: frozenset[str] | None, granted: frozenset[str], withheld: frozenset[str]) -> list[Any]:
        standing = [one for _, one in self.held.values() if one]
        return [
            one
            for one in standing
            if one.record_id not in withheld
            and (tokens is None or (one.access and one.access in tokens) or one.record_id in granted)
        ]


def _terms(one: IndexDocument, name: str) -> dict[bytes, Any]:
    return terms(getattr(one, name), "en" if one.language == "en" else "id")


def _has_word(one: IndexDocument, form: str) -> bool:
    word = query_word(form)
    wanted = {word.exact, *word.stems}
    return any(wanted & _terms(one, name).keys() for name in FIELDS)


def _has_beginning(one: IndexDocument, start: str) -> bool:
    beginning = EXACT + start.encode()
    return any(term.startswith(beginning) for name in FIELDS for term in _terms(one, name))


def _has_phrase(one: IndexDocument, phrase: str) -> bool:
    wanted = re.findall(r"\w+", phrase)
    return any(
        f" {' '.join(wanted)} " in f" {' '.join(re.findall(r'[a-z0-9]+', getattr(one, name)))} " for name in FIELDS
    )


QUESTIONS = (
    "",
    "anggaran",
    "sehat izin",
    '"jalan izin"',
    "per*",
    "-jalan",
    "izin OR services",
    "005/12",
    "kelas:900.1",
)


def expected(one: IndexDocument, question: str) -> bool:
    """Return whether a document answers one of `QUESTIONS`."""
    tests = {
        "": True,
        "anggaran": _has_word(one, "anggaran"),
        "sehat izin": _has_word(one, "sehat") and _has_word(one, "izin"),
        '"jalan izin"': _has_phrase(one, "jalan izin"),
        "per*": _has_beginning(one, "per"),
        "-jalan": not _has_word(one, "jalan"),
        "izin OR services": _has_word(one, "izin") or _has_word(one, "services"),
        "005/12": _has_phrase(one, "005 12"),
        "kelas:900.1": one.class_code in ("900.1", "900.1.3"),
    }
    return tests[question]


def _facets(found: list[IndexDocument]) -> dict[str, dict[str, int]]:
    values = {
        name: Counter(str(getattr(one, name)) for one in found if getattr(one, name))
        for name in FACETS
        if name != "year"
    }
    values["year"] = Counter(str(one.date.year) for one in found if one.date)
    return {name: dict(counts) for name, counts in values.items()}


def _told(answer: SearchAnswer) -> object:
    hits = [(hit.record_id, hit.version, round(hit.score, 3), dict(hit.highlights)) for hit in answer.hits]
    return answer.total, hits, answer.facets, answer.notices


def _pages(index: SearchIndex, request: dict[str, Any]) -> list[str]:
    found, cursor = list[str](), ""
    for _ in range(20):
        answer = index.search(SearchRequest(**request, limit=2, cursor=cursor))
        found += [hit.record_id for hit in answer.hits]
        cursor = answer.cursor
        if not cursor:
            break
    back = list[str]()
    while answer.previous:
        answer = index.search(SearchRequest(**request, limit=2, cursor=answer.previous))
        back = [hit.record_id for hit in answer.hits] + back
    assert back == found[: len(back)]
    assert (len(found) - len(back) <= 2 and answer.start == 0) or len(found) >= 40
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(changes, min_size=1, max_size=3),
    tokens=st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "b"]), max_size=2)),
    granted=st.frozensets(st.sampled_from(["r0", "r1", "r2", "none"]), max_size=2),
    withheld=st.frozensets(st.sampled_from(["r0", "r3", "none"]), max_size=2),
    sort=st.sampled_from(["relevance", "newest", "oldest", "title"]),
    rebuilt=st.booleans(),
)
def test_every_engine_answers_alike(
    batches: list[list[tuple[int, int, Any]]],
    tokens: frozenset[str] | None,
    granted: frozenset[str],
    withheld: frozenset[str],
    sort: Sort,
    rebuilt: bool,
) -> None:
    reference = Reference()
    with ExitStack() as stack:
        indexes = {
            name: opened(Path(stack.enter_context(tempfile.TemporaryDirectory()))) for name, opened in ENGINES.items()
        }
        for batch in batches:
            made = [change(*one) for one in batch]
            for one in sorted(
                made, key=lambda each: each.version if isinstance(each, Delete) else each.document.version
            ):
                reference.apply(one)
            for index in indexes.values():
                index.apply(made)
        standing = [one for _, one in reference.held.values() if one]
        if rebuilt:
            for index in indexes.values():
                index.rebuild(iter(standing))
        for index in indexes.values():
            assert dict(index.document_versions()) == {one.record_id: one.version for one in standing}
        visible = reference.visible(tokens, granted, withheld)
        access = EVERYTHING if tokens is None else tokens
        for question in QUESTIONS:
            request: dict[str, Any] = {
                "text": question, "access": access, "granted": granted, "withheld": withheld, "sort": sort,
            }  # fmt: skip
            found = [one for one in visible if expected(one, question)]
            told = {}
            for name, index in indexes.items():
                answer = index.search(SearchRequest(**request, facets=FACETS, limit=50))
                if not any(notice.code in ("not-all-words", "any-word") for notice in answer.notices):
                    assert {hit.record_id for hit in answer.hits} == {one.record_id for one in found}, (name, question)
                    assert answer.total == len(found)
                    assert {facet: dict(counts) for facet, counts in answer.facets.items()} == _facets(found)
                assert _pages(index, request) == [hit.record_id for hit in answer.hits]
                told[name] = _told(answer)
            first = next(iter(told.values()))
            assert all(other == first for other in told.values()), question


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents=st.lists(one_document, max_size=10), low=st.integers(2013, 2016), high=st.integers(2013, 2016))
def test_every_engine_narrows_alike(documents: list[dict[str, Any]], low: int, high: int) -> None:
    made = [IndexDocument(f"r{number}", 1, **one) for number, one in enumerate(documents)]
    chosen = Filters(class_prefix="900.1", offices=frozenset({"dinkes"}), year_from=low, year_to=high)
    wanted = {
        one.record_id
        for one in made
        if one.class_code in ("900.1", "900.1.3")
        and one.office == "dinkes"
        and one.date
        and low <= one.date.year <= high
    }
    with ExitStack() as stack:
        for opened in ENGINES.values():
            index = opened(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            index.apply([Upsert(one) for one in made])
            answer = index.search(SearchRequest("", EVERYTHING, filters=chosen, limit=50))
            assert ({hit.record_id for hit in answer.hits}, answer.total) == (wanted, len(wanted))
