"""What the last word in the search box may become: names of fields, codes of classes, offices, correspondents.

Values are those of records that the actor may see at this moment, found by the index under the access rule like any
answer: one that only hidden records have is never offered, and none is kept for this anywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import Scope
from edms.core.errors import IntegrityFault
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import COMPLETED
from edms.records.file_plan import class_titles
from edms.records.questions import require_length
from edms.records.searching import request_within, visible_rows
from edms.search.analysis import fold
from edms.search.query import FEATURE_FIELDS, MIN_PREFIX, TEXT_FIELDS, VALUE_FIELDS

MOST: Final = 8
_LOOKED_AT: Final = 60
"""Newest records among which correspondents are found."""
_LAST = re.compile(r"(?:^|(?<=[\s(]))(?P<minus>-?)(?:(?P<field>[^\W\d_]{2,20}):)?(?P<value>\"[^\"]*|[^\s\"()]*)$")
"""The word at the end, or what stands after an open quotation mark, with its field."""
_FIELDS: Final = {
    "id": (
        "judul", "perihal", "nomor", "dari", "kepada", "isi", "kelas", "kantor", "jenis", "tingkat", "status", "bahasa",
        "tahun", "tanggal", "ada",
    ),
    "en": (
        "title", "subject", "number", "from", "to", "text", "class", "office", "type", "level", "state", "language",
        "year", "date", "has",
    ),
}  # fmt: skip
_FEATURES: Final = {
    "id": ("tandatangan", "lampiran", "teks", "ocr", "salinan", "nomor", "tanggal", "pengirim", "penerima", "penahanan",
           "redaksi"),
    "en": ("signature", "attachment", "text", "scan", "copy", "number", "date", "sender", "recipient", "hold",
           "redaction"),
}  # fmt: skip
_OWN: Final = {"id": {"class_code": "kelas", "office": "kantor", "sender": "dari", "recipient": "kepada"},
               "en": {"class_code": "class", "office": "office", "sender": "from", "recipient": "to"}}  # fmt: skip
_FACETS: Final = frozenset({*VALUE_FIELDS.values(), "year"})


@dataclass(frozen=True)
class Completion:
    """`text`: the whole question with its last word completed. `kind`: `field`, `feature`, or the field of `value`;
    `label` says more of it, `count` of how many visible records it is, 0 where that is not counted."""

    text: str
    kind: str
    value: str
    label: str = ""
    count: int = 0


def complete(actor: Actor | None, archive: Archive, typed: str, language: str = "id") -> tuple[Completion, ...]:
    """Return what the end of `typed` may become, at most `MOST`; `language` of names is "id" or "en".

    One event stands for what is offered within a short time. Of a damaged index only names are offered.
    """
    require_length(typed, archive.settings.search.max_query_characters)
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("list", "completions", COMPLETED)
        operation.seldom()
        found = _LAST.search(typed)
        if found is None:
            return ()
        try:
            return tuple(_Completing(operation, archive, scope, typed, found, language).run())
        except IntegrityFault:
            return ()


class _Completing:
    def __init__(
        self, operation: Operation, archive: Archive, scope: Scope, typed: str, found: re.Match[str], language: str
    ) -> None:
        self._session, self._reader = operation.session, str(operation.actor.id)
        self._archive, self._scope, self._language = archive, scope, language
        self._before = typed[: found.start()] + found["minus"]
        self._field, self._value = found["field"] or "", found["value"].lstrip('"').strip()

    def run(self) -> list[Completion]:
        name = fold(self._field)
        if not name:
            return self._bare()
        if name in FEATURE_FIELDS:
            return self._names(_FEATURES[self._language], "feature", f"{self._field}:")[:MOST]
        if TEXT_FIELDS.get(name) in ("sender", "recipient"):
            return list(self._correspondents((TEXT_FIELDS[name],), self._field))[:MOST]
        facet = "year" if name in ("tahun", "year") else VALUE_FIELDS.get(name, "")
        return list(self._values((facet,), self._field))[:MOST] if facet in _FACETS else []

    def _bare(self) -> list[Completion]:
        if len(self._value) < MIN_PREFIX:
            return []
        names = self._names(_FIELDS[self._language], "field", "", ":")[:3]
        values = list(self._values(("class_code", "office")))
        people = list(self._correspondents(("sender", "recipient")))
        some = [one for kind in ("class_code", "office") for one in [v for v in values if v.kind == kind][:2]]
        return [*names, *some, *people][:MOST]

    def _names(self, names: Iterable[str], kind: str, before: str, after: str = "") -> list[Completion]:
        beginning = fold(self._value)
        return [
            Completion(f"{self._before}{before}{one}{after}", kind, one) for one in names if one.startswith(beginning)
        ]

    def _values(self, facets: tuple[str, ...], field: str = "") -> Iterator[Completion]:
        """Yield values of facets that begin so, or a word of whose title does; the most frequent first."""
        asked = request_within(
            self._session, self._scope, text="", limit=0, sort="newest", facets=facets, highlight=False
        )
        told = self._archive.index.search(asked).facets
        labels = {"class_code": class_titles(self._archive), "office": self._offices(told.get("office", {}))}
        for facet in facets:
            for value, count in told.get(facet, {}).items():
                label = labels.get(facet, {}).get(value, "")
                if value and (_begins(value, self._value) or _begins(label, self._value)):
                    name = field or _OWN[self._language][facet]
                    yield Completion(f"{self._before}{name}:{_quoted(value)}", facet, value, label, count)

    def _offices(self, codes: Iterable[str]) -> dict[str, str]:
        wanted = list(codes)
        if not wanted:
            return {}
        return dict(self._session.execute(select(Office.code, Office.name).where(Office.code.in_(wanted))).all())

    def _correspondents(self, columns: tuple[str, ...], field: str = "") -> Iterator[Completion]:
        """Yield senders and recipients of the newest records that have one with words like these."""
        words = re.findall(r"[^\W_]+", self._value)
        if words and len(words[-1]) < MIN_PREFIX:
            return
        wanted = " ".join([*words[:-1], f"{words[-1]}*"]) if words else ""
        asked = " OR ".join(f"{one}:({wanted})" if words else f"has:{one}" for one in columns)
        request = request_within(
            self._session, self._scope, text=asked, limit=_LOOKED_AT, sort="newest", highlight=False,
            reader=self._reader,
        )  # fmt: skip
        ids = [UUID(hit.record_id) for hit in self._archive.index.search(request).hits]
        counted: Counter[tuple[str, str]] = Counter()
        for row in visible_rows(self._session, self._scope, request.granted, ids).values():
            for column in columns:
                value = " ".join((getattr(row, column) or "").replace('"', " ").split())
                if value and all(_begins(value, word) for word in words):
                    counted[column, value] += 1
        for (column, value), _count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
            name = field or _OWN[self._language][column]
            yield Completion(f"{self._before}{name}:{_quoted(value)}", column, value)


def _begins(text: str, beginning: str) -> bool:
    """Whether the text, or a word in it, begins so."""
    folded, wanted = fold(text), fold(beginning)
    return folded.startswith(wanted) or any(word.startswith(wanted) for word in re.findall(r"[^\W_]+", folded))


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s()]", value) else value
