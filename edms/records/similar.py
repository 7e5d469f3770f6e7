"""Records like one: what its own words find, under the access rule of whoever looks.

Two questions are put together and asked like any other: the letter numbers in its text, for what it answers and what
answers it, and the words that stand most often in its title and text. Every engine weighs the words by how rare they
are among what the actor may see.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import IntegrityFault
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.disclosures import SIMILAR
from edms.records.searching import granted_now, request_within, visible_rows
from edms.records.visible import decided_record
from edms.search.analysis import is_stop_word, tokens

MOST: Final = 6
_LEAST_LIKE: Final = 0.1
"""Of the score that the record itself has: what is less alike shares a word or two by chance."""
_MOST_WORDS, _MOST_NUMBERS, _LEAST_LETTERS = 45, 5, 4
_READ_CHARACTERS: Final = 20_000
_TITLE_COUNTS: Final = 3


@dataclass(frozen=True)
class Similar:
    """A record that is like another."""

    id: UUID
    title: str
    date: date | None
    number: str
    office: str


def similar_records(actor: Actor | None, archive: Archive, record_id: UUID) -> tuple[Similar, ...]:
    """Return the records most like one, at most `MOST`, the likest first. Raises NotFound.

    Of a record without words none, nor while the index is damaged. One event stands for looks within a short time.
    """
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, SIMILAR)
        operation.seldom()
        text = "\n".join(page["text"] for page in read_pages(archive, record))[:_READ_CHARACTERS]
        numbers, words = questions_of(record.title, text, archive.settings.search.max_query_characters)
        scope, ids = operation.viewing, list[UUID]()
        for asked, least in ((numbers, 0.0), (words, _LEAST_LIKE)):
            if not asked:
                continue
            request = request_within(
                operation.session, scope, text=asked, limit=MOST + 1, highlight=False, reader=str(operation.actor.id)
            )
            try:
                hits = archive.index.search(request).hits
            except IntegrityFault:
                return ()
            own = next((hit.score for hit in hits if hit.record_id == str(record_id)), 0.0)
            ids += [UUID(hit.record_id) for hit in hits if hit.score >= least * own]
        ids = [one for one in dict.fromkeys(ids) if one != record_id]
        rows = visible_rows(operation.session, scope, granted_now(operation.session, scope), ids)
        found = tuple(
            Similar(row.id, row.title, row.document_date, row.number or "", row.office.name)
            for row in (rows[one] for one in ids if one in rows)
        )[:MOST]
        operation.note(records=[str(one.id) for one in found])
        return found


def questions_of(title: str, text: str, most_characters: int) -> tuple[str, str]:
    """Return the questions that find what is like this: by letter numbers, and by words that say much; "" for none."""
    counted: Counter[str] = Counter()
    numbers: dict[str, None] = {}
    for source, weight in ((title, _TITLE_COUNTS), (text, 1)):
        for token in tokens(source):
            if "/" in token.whole and any(letter.isdigit() for letter in token.whole):
                numbers[token.whole] = None
            for part in token.parts:
                if part.form.isalpha() and len(part.form) >= _LEAST_LETTERS and not is_stop_word(part.form):
                    counted[part.form] += weight
    # Of words that stand equally often the longer is the rarer one, mostly.
    ranked = sorted(counted, key=lambda word: (-math.log1p(counted[word]) * len(word), word))
    return _fitting(list(numbers)[:_MOST_NUMBERS], most_characters), _fitting(ranked[:_MOST_WORDS], most_characters)


def _fitting(words: Iterable[str], most_characters: int) -> str:
    asked = ""
    for word in words:
        longer = f"{asked} OR {word}" if asked else word
        if len(longer) > most_characters:
            break
        asked = longer
    return asked
