"""What later revisions of a PDF may not do to what its signers saw: exchange the look of a field without its value.

A form field has a value and an appearance, and only the appearance is shown. Rules of difference that allow forms to
be filled in allow both to change, so that a shadow attack (Mainka et al., "Shadow Attacks: Hiding and Replacing
Content in Signed PDFs", NDSS 2021) puts another text before the reader, or takes a field away that covered one,
while the value that was filled in stays. Filling a field in changes its value: a look that changes alone is an attack.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic

_MOST_FIELDS = 10_000
_MOST_OBJECTS = 20_000
_DEEPEST = 40
_UNSEEN_FLAGS = 1 | 2 | 32  # Invisible, Hidden, NoView: ISO 32000-1 table 165
_ENCODING_KEYS = frozenset({"/Length", "/Filter", "/DecodeParms"})


class TooComplex(ValueError):
    """There is more in the form than a check may look at: it is then not said to be unchanged."""


def exchanged_looks(reader: Any, revision: int) -> Iterator[str]:
    """Yield the names of the fields whose look changed after `revision` though their value did not.

    `reader` is pyHanko's PdfFileReader; raises what it raises on damaged files, and TooComplex.
    """
    then, now = reader.get_historical_resolver(revision), reader
    before = dict(form_fields(then.root))
    for reference, (name, field) in dict(form_fields(now.root)).items():
        if reference in before and _suspicious(before[reference][1], field):
            yield name


def form_fields(root: Any) -> Iterator[tuple[tuple[int, int], tuple[str, Any]]]:
    """Yield reference, full name and dictionary of every field and widget below the catalogue's form."""
    form = entry_at(root, "/AcroForm")
    waiting = [(entry, "", 0) for entry in array_at(form, "/Fields")]
    seen: set[tuple[int, int]] = set()
    while waiting:
        entry, above, depth = waiting.pop()
        if len(seen) >= _MOST_FIELDS or depth > _DEEPEST:
            raise TooComplex("too many form fields")
        field = entry.get_object() if isinstance(entry, generic.IndirectObject) else entry
        if not isinstance(field, generic.DictionaryObject) or not isinstance(entry, generic.IndirectObject):
            continue
        place = (entry.idnum, entry.generation)
        if place in seen:
            continue
        seen.add(place)
        name = ".".join(part for part in (above, str(entry_at(field, "/T") or "")) if part)
        yield place, (name, field)
        waiting.extend((kid, name, depth + 1) for kid in array_at(field, "/Kids"))


def entry_at(holder: Any, key: str) -> Any:
    """Return what a dictionary has under `key`, references followed; None when there is nothing."""
    found = holder.raw_get(key) if isinstance(holder, generic.DictionaryObject) and key in holder else None
    return found.get_object() if isinstance(found, generic.IndirectObject) else found


def array_at(holder: Any, key: str) -> list[Any]:
    found = entry_at(holder, key)
    return [found.raw_get(number) for number in range(len(found))] if isinstance(found, generic.ArrayObject) else []


def _suspicious(old: Any, new: Any) -> bool:
    if (_flags(old) ^ _flags(new)) & _UNSEEN_FLAGS:
        return True
    return fingerprint(_value(old)) == fingerprint(_value(new)) and _look(old) != _look(new)


def _flags(field: Any) -> int:
    flags = entry_at(field, "/F")
    return int(flags) if isinstance(flags, int) else 0


def _value(field: Any) -> Any:
    """The field's value, which a widget has from the field above it."""
    for _level in range(_DEEPEST):
        if "/V" in field:
            return field.raw_get("/V")
        field = entry_at(field, "/Parent")
        if not isinstance(field, generic.DictionaryObject):
            return None
    return None


def _look(field: Any) -> tuple[bytes, ...]:
    return tuple(fingerprint(entry_at(field, key)) for key in ("/AP", "/AS", "/DA", "/Q", "/F"))


def fingerprint(value: Any) -> bytes:
    """Return a digest of an object and all it refers to: the same for the same content, wherever it lies."""
    digest = hashlib.sha256()
    for piece in _pieces(value, [], [0]):
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.digest()


def _pieces(value: Any, above: list[tuple[int, int]], count: list[int]) -> Iterator[bytes]:
    """Yield the content of an object piece by piece; a reference back to an object above is told by its depth."""
    count[0] += 1
    if count[0] > _MOST_OBJECTS or len(above) > _DEEPEST:
        raise TooComplex("the look of a form field is too complex")
    if isinstance(value, generic.IndirectObject):
        place = (value.idnum, value.generation)
        if place in above:
            yield b"above %d" % above.index(place)
            return
        yield from _pieces(value.get_object(), [*above, place], count)
    elif isinstance(value, generic.DictionaryObject):
        skipped = _ENCODING_KEYS if isinstance(value, generic.StreamObject) else frozenset()
        for key in sorted(set(value.keys()) - skipped - {"/Parent", "/P"}):
            yield str(key).encode()
            yield from _pieces(value.raw_get(key), above, count)
        yield value.data if isinstance(value, generic.StreamObject) else b"end"
    elif isinstance(value, generic.ArrayObject):
        for number in range(len(value)):
            yield from _pieces(value.raw_get(number), above, count)
        yield b"end"
    else:
        yield f"{type(value).__name__} {value!r}".encode()
