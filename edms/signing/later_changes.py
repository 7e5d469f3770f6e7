"""What was done to a PDF after a signature, by kind: told beside the verdict on whether it was permitted.

Which changes are harmless is decided in `verification` (the difference rules of pyHanko, and `appearance`). Here it is
only named what they were, so that a reader knows what to look at. A name says where the later revisions wrote; it
is no proof that nothing else changed, and nothing is permitted because of it.
"""

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError

from edms.signing.appearance import TooComplex, array_at, entry_at, fingerprint, form_fields

SIGNED = "signature"
STAMPED = "timestamp"
VALIDATION_DATA = "validation_data"
FILLED = "form"
ANNOTATED = "annotation"
CONTENT = "content"
OTHER = "other"
KINDS = (SIGNED, STAMPED, VALIDATION_DATA, FILLED, ANNOTATED, CONTENT, OTHER)
HARMLESS = (SIGNED, STAMPED, VALIDATION_DATA, FILLED)

_MOST_PAGES = 5000
_MOST_OBJECTS = 50_000
_ON_A_PAGE = ("/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit")
_Place = tuple[int, int]


def later_changes(embedded: Any, *, permitted: bool) -> tuple[str, ...]:
    """Return the kinds of change since a signature of pyHanko's reader, in the order of `KINDS`.

    `permitted`: what `verification` says of them. Changes that it forbids and that have no other name are `OTHER`.
    """
    reader, revision = embedded.reader, embedded.signed_revision
    if revision >= reader.xrefs.total_revisions - 1:
        return ()
    try:
        found = set(_found(reader, revision))
    except (TooComplex, PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = {OTHER}
    if permitted:
        found &= set(HARMLESS)
    elif found <= set(HARMLESS):
        found.add(OTHER)
    return tuple(kind for kind in KINDS if kind in found)


def _found(reader: Any, revision: int) -> Iterator[str]:
    then = reader.get_historical_resolver(revision)
    for other in reader.embedded_signatures:
        if other.signed_revision > revision:
            yield STAMPED if str(other.sig_object_type) == "/DocTimeStamp" else SIGNED
    touched = _Touched(reader, revision)
    if "/DSS" in reader.root and ("/DSS" not in then.root or touched.below(reader.root.raw_get("/DSS"))):
        yield VALIDATION_DATA
    if _values(then.root) != _values(reader.root):
        yield FILLED
    before, after = dict(_pages(then.root)), dict(_pages(reader.root))
    if list(before) != list(after):
        yield CONTENT
    for place, page in after.items():
        old = before.get(place)
        if old is None:
            continue
        if any(_raw(old, key) != _raw(page, key) or touched.below(_raw(page, key)) for key in _ON_A_PAGE):
            yield CONTENT
        if _notes(old) != _notes(page) or any(touched.below(note) for note in _notes(page)):
            yield ANNOTATED


def _values(root: Any) -> dict[_Place, bytes]:
    """Return a digest of the value of each field that is not a signature."""
    return {
        place: fingerprint(entry_at(field, "/V"))
        for place, (_name, field) in form_fields(root)
        if entry_at(field, "/FT") != "/Sig" and "/V" in field
    }


def _pages(root: Any) -> Iterator[tuple[_Place, Any]]:
    """Yield the pages of a document in their order."""
    waiting: list[Any] = [_raw(root, "/Pages")]
    seen: set[_Place] = set()
    while waiting:
        entry = waiting.pop(0)
        if not isinstance(entry, generic.IndirectObject) or (place := (entry.idnum, entry.generation)) in seen:
            continue
        if len(seen) > _MOST_PAGES:
            raise TooComplex("too many pages")
        seen.add(place)
        node = entry.get_object()
        kids = array_at(node, "/Kids")
        if kids:
            waiting[:0] = kids
        else:
            yield place, node


def _notes(page: Any) -> list[Any]:
    """Return the annotations of a page that are no form fields: notes, stamps, text on top of the page."""
    return [note for note in array_at(page, "/Annots") if _subtype(note) != "/Widget"]


def _subtype(note: Any) -> Any:
    return entry_at(note.get_object() if isinstance(note, generic.IndirectObject) else note, "/Subtype")


def _raw(holder: Any, key: str) -> Any:
    return holder.raw_get(key) if isinstance(holder, generic.DictionaryObject) and key in holder else None


class _Touched:
    """Says whether a later revision wrote an object, or one that it refers to."""

    def __init__(self, reader: Any, revision: int) -> None:
        self._reader, self._revision = reader, revision
        self._seen: set[_Place] = set()

    def below(self, value: Any) -> bool:
        waiting = [value]
        while waiting:
            value = waiting.pop()
            if isinstance(value, generic.IndirectObject):
                place = (value.idnum, value.generation)
                if place in self._seen:
                    continue
                if len(self._seen) > _MOST_OBJECTS:
                    raise TooComplex("too many objects")
                self._seen.add(place)
                if self._reader.xrefs.get_last_change(generic.Reference(*place)) > self._revision:
                    self._seen.discard(place)
                    return True
                value = value.get_object()
            if isinstance(value, generic.DictionaryObject):
                waiting += [value.raw_get(key) for key in value if key not in ("/Parent", "/P", "/Popup")]
            elif isinstance(value, generic.ArrayObject):
                waiting += [value.raw_get(number) for number in range(len(value))]
        return False
