"""One page of a record with the words of a question marked on its picture: where they stand, and what stands around.

Found on demand in the text of the copy that is shown, behind the door of its pictures; nothing of it is kept.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.contents import PREVIEWED, best_for_pictures, open_watched
from edms.records.copies import marked_level
from edms.records.model import ComponentRole, RecordState
from edms.records.questions import require_length
from edms.records.visible import decided_record
from edms.redaction.areas import PagePlaces, areas_of
from edms.search.marking import Wanted, marks, wanted_in
from edms.search.protocol import Highlight
from edms.search.questions import Questions

WHOLE = 10_000
MOST_PAGES, MOST_MARKS, MOST_PASSAGES = 500, 1000, 40
"""Pages of a record that are looked through for a question, marks on one page, passages beside its picture."""
_AROUND = 60


@dataclass(frozen=True)
class Mark:
    """A marked place of the picture, in ten thousandths of its width and height, and the word that stands there."""

    left: int
    top: int
    width: int
    height: int
    word: str


@dataclass(frozen=True)
class PageHits:
    """Page `page` of `count`. `found`: the pages on which words of the question stand, among those looked through.

    `passages` say what stands around them, for records that are handed out without a mark; `words` how often each is
    there. `pictured`: there is a picture of the page; `marks` are () where its text does not say where it stands.
    """

    record_id: UUID
    title: str
    level: str
    page: int
    count: int
    pictured: bool
    found: tuple[int, ...]
    words: dict[str, int]
    passages: tuple[Highlight, ...]
    marks: tuple[Mark, ...]

    def beside(self, step: int) -> int:
        """Return the next page with words (`step` 1) or the one before (-1), 0 when there is none."""
        if step > 0:
            return next((one for one in self.found if one > self.page), 0)
        return next((one for one in reversed(self.found) if one < self.page), 0)


def page_hits(actor: Actor | None, archive: Archive, record_id: UUID, page: int, text: str) -> PageHits:
    """Return page `page` (first is 1) with the words that `text` asks for. Raises NotFound, LimitExceeded.

    The event is that of looking at pages: one of them within a short time.
    """
    require_length(text, archive.settings.search.max_query_characters)
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, PREVIEWED)
        operation.seldom()
        shown = None if record.state in _SET_ASIDE else best_for_pictures(record)
        written = None if record.state in _SET_ASIDE else record.component(ComponentRole.TEXT)
        pictured = (shown.blob.sealed(), shown.media_type) if shown else None
        sealed = written.blob.sealed() if written else None
        title, level, open_to_all = record.title, record.level or "", marked_level(record) is None
        count = record.page_count or 0
    texts: list[str] = []
    if sealed is not None:
        with open_watched(archive, sealed) as stream:
            texts = [str(one["text"]) for one in json.loads(stream.read())["pages"]]
    count = max(count, len(texts))
    if not 1 <= page <= count:
        raise NotFound()
    wanted = _wanted(archive, text, texts)
    own = texts[page - 1] if page <= len(texts) else ""
    ranges = marks(own, wanted)[:MOST_MARKS]
    return PageHits(
        record_id, title, level, page, count, pictured is not None,
        tuple(number for number, one in enumerate(texts[:MOST_PAGES], 1) if _any(one, wanted)),
        _counted(own[start:end] for start, end in ranges),
        _passages(own, ranges) if open_to_all else (),
        _marks(archive, pictured, page, wanted) if pictured and text.strip() else (),
    )  # fmt: skip


_SET_ASIDE = (RecordState.QUARANTINED.value, RecordState.RETURNED.value)


def _wanted(archive: Archive, text: str, texts: Sequence[str]) -> Wanted:
    query = Questions(archive.settings.search).read(text)
    return wanted_in(query, texts[:MOST_PAGES])


def _any(text: str, wanted: Wanted) -> bool:
    return bool(marks(text, wanted))


def _counted(words: Iterator[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for word in words:
        word = " ".join(word.split()).casefold()
        counted[word] = counted.get(word, 0) + 1
    return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))


def _passages(text: str, ranges: Sequence[tuple[int, int]]) -> tuple[Highlight, ...]:
    """Return the pieces of the page around its marks; marks near each other share one."""
    pieces: list[list[tuple[int, int]]] = []
    for one in ranges:
        if pieces and one[0] - pieces[-1][-1][1] <= _AROUND:
            pieces[-1].append(one)
        elif len(pieces) == MOST_PASSAGES:
            break
        else:
            pieces.append([one])
    return tuple(_passage(text, piece) for piece in pieces)


def _passage(text: str, piece: Sequence[tuple[int, int]]) -> Highlight:
    start, end = max(0, piece[0][0] - _AROUND), min(len(text), piece[-1][1] + _AROUND)
    if start and (space := text.find(" ", start, piece[0][0])) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", piece[-1][1], end)) >= 0:
        end = space
    ranges = tuple((first - start, last - start) for first, last in piece)
    return Highlight(text[start:end], ranges, start > 0, end < len(text))


def _marks(archive: Archive, pictured: tuple[Any, str], page: int, wanted: Wanted) -> tuple[Mark, ...]:
    sealed, media_type = pictured
    with open_watched(archive, sealed) as stream:
        letters, boxes = archive.reader.page_letters(stream, media_type, page)
    places = PagePlaces(letters, boxes)
    return tuple(
        Mark(
            round(area.left * WHOLE), round(area.top * WHOLE), round((area.right - area.left) * WHOLE),
            round((area.bottom - area.top) * WHOLE), letters[start:end],
        )
        for start, end in marks(letters, wanted)[:MOST_MARKS]
        for area in areas_of(page, places, start, end, "word")
    )  # fmt: skip
