"""Writes the vectors of separator sheets' codes (docs/batches.md).

python tests/vectors/separators/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

NONE = {"office": "", "class_code": "", "folder": "", "level": "", "title": ""}


def accepted() -> Vectors:
    text = "EDMS-PEMISAH:1?o=setda&t=Surat+masuk"
    return {
        "office-and-title": vector("separator", "two", text, read={**NONE, "office": "setda", "title": "Surat masuk"}),
        "nothing-said": vector("separator", "it only parts", "EDMS-PEMISAH:1?", read=NONE),
    }


def rejected() -> Vectors:
    codes = {
        "other-code": "https://example.test", "other-version": "EDMS-PEMISAH:2?o=a", "no-mark": "EDMS-PEMISAH:1",
        "unknown-field": "EDMS-PEMISAH:1?x=a", "twice": "EDMS-PEMISAH:1?o=a&o=b",
        "too-long": "EDMS-PEMISAH:1?t=" + "a" * 301,
        "control": "EDMS-PEMISAH:1?t=a%00", "not-utf-8": "EDMS-PEMISAH:1?t=%ff",
        "no-value": "EDMS-PEMISAH:1?o", "empty": "",
    }  # fmt: skip
    return {why: vector("separator", why, code, refused="") for why, code in codes.items()}


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
