"""Writes the vectors of lists of a destruction, by a second, naive implementation of docs/formats/disposal.md.

    python tests/vectors/disposal/make_vectors.py        writes accept/*.json and reject/*.json again, the same bytes

Each vector has `lines`, `digests` (one for each line) and `list_sha256`. In `reject` the lines are not what one of the
digests says; a reader that works the digests out itself finds others.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import write  # noqa: E402 - a script finds its neighbour by its own place

Told = dict[str, Any]


def line(number: int, **changed: Any) -> Told:
    return {
        "number": number, "record": f"01900000-0000-7000-8000-0000000000{number:02d}", "title": f"Naskah {number}",
        "class": "000.1.1", "class_title": "Ketatausahaan", "level": "open", "letter_number": "445/1/2001",
        "folder": "B-1", "document_date": "2001-05-01", "pages": 2, "development": "", "medium": "", "rule": "A1",
        "edition": "jra-1", "clause": "Perwal 2/2026, hlm. 4", "fate": "Musnah",
        "rule_book": "01900000-0000-7000-8000-00000000b00c", "tier": "LT10", "superseded": False,
        "active_until": "2002-05-01", "due_on": "2004-05-01", "reasons": ["period_elapsed(2004-05-01)"],
        "components": [{"role": "original", "position": 0, "media_type": "application/pdf", "size": 1234,
                        "sha256": "ab" * 32}],
        **changed,
    }  # fmt: skip


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def spelled(one: Told) -> str:
    """RFC 8785 for what stands in a line: texts, whole numbers, truth, nothing, lists and objects of ASCII names."""
    return json.dumps(one, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def vector(*lines: Told, **changed: Any) -> Told:
    digests = [sha(spelled(one)) for one in lines]
    return {"lines": list(lines), "digests": digests, "list_sha256": sha("".join(d + "\n" for d in digests)), **changed}


def accepted() -> dict[str, Told]:
    return {
        "one-line": vector(line(1)),
        "three-lines": vector(line(1), line(2), line(3, tier="GE10", superseded=True)),
        "nothing-described": vector(line(1, title="", folder="", document_date=None, active_until=None, due_on=None)),
        "letters-of-the-world": vector(line(1, title="Surat \u201cpenting\u201d \u2013 \u00e9\u00df\u4e2d\U0001f4c4")),
        "quotes-and-breaks": vector(line(1, title='Kata "kutip", garis \\ dan\tjeda\n')),
        "many-components": vector(line(1, components=[{**line(1)["components"][0], "position": place}
                                                      for place in range(12)])),
        "no-lines": vector(),
    }  # fmt: skip


def rejected() -> dict[str, Told]:
    whole = vector(line(1), line(2))
    lines, digests = whole["lines"], whole["digests"]
    return {
        "a-word-altered": {**whole, "lines": [{**lines[0], "title": "Naskah lain"}, lines[1]]},
        "a-day-altered": {**whole, "lines": [{**lines[0], "due_on": "2003-05-01"}, lines[1]]},
        "a-key-more": {**whole, "lines": [{**lines[0], "remark": ""}, lines[1]]},
        "a-key-less": {**whole, "lines": [{name: value for name, value in lines[0].items() if name != "folder"},
                                          lines[1]]},
        "another-order": {**whole, "lines": lines[::-1]},
        "another-order-of-digests": {**whole, "lines": lines[::-1], "digests": digests[::-1]},
        "a-line-less": {**whole, "lines": lines[:1], "digests": digests[:1]},
        "digests-without-breaks": {**whole, "list_sha256": sha("".join(digests))},
        "digests-in-capitals": {**whole, "list_sha256": sha("".join(one.upper() + "\n" for one in digests))},
        "no-break-at-the-end": {**whole, "list_sha256": sha("\n".join(digests))},
    }  # fmt: skip


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
