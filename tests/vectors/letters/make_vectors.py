"""Writes the vectors of what is read from letters: numbers, dates, subject, and stored class models.

    python tests/vectors/letters/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

A text is never refused: one in which nothing is found reads as nothing.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place


def model(head: object, weights: bytes = struct.pack("<4f", 1, 0, 0, 1)) -> bytes:
    return zlib.compress(json.dumps(head).encode() + b"\n" + weights, 6)


HEAD = {"format": 1, "codes": ["000", "400"], "counts": [3, 4], "terms": ["undang", "rapat"]}
TRUE = {**HEAD, "accuracy": [7, 60, 90, 50, [[0.0, 60]]]}


def accepted() -> Vectors:
    parts = {name: HEAD[name] for name in ("codes", "counts", "terms")}
    return {
        "number": vector(
            "letter-number", "code first", "000.1.2.3/4461/107.1/2025",
            read=["000.1.2.3/4461/107.1/2025", "000.1.2.3", 4461, None, 2025, None],
        ),
        "number-roman": vector(
            "letter-number", "month in Roman figures", "36/INSP/000.1.2.3/I/2025",
            read=["36/INSP/000.1.2.3/I/2025", "000.1.2.3", 36, 1, 2025, None],
        ),
        "number-ordinance": vector(
            "letter-number", "in a year", "17 tahun 2019", read=["17 TAHUN 2019", None, 17, None, 2019, None]
        ),
        "date-named": vector("letter-dates", "old spelling", "tgl 12 Pebruari 1987.", read=[["1987-02-12", 4, 20]]),
        "date-figures": vector("letter-dates", "day first", "05-09-2024", read=[["2024-09-05", 0, 10]]),
        "model": vector("class-model", "two classes, two words", model(TRUE), read=parts),
    }  # fmt: skip


def rejected() -> Vectors:
    numbers = {"placeholder": "000/{{nomor}}/2025", "blank": "___/INSP/2025", "words": "tanpa nomor", "empty": ""}
    days = {"february-30": "30 Februari 2024", "month-13": "2024-13-01", "too-early": "1 Mei 1799", "empty": ""}
    models = {
        "other-format": model({**TRUE, "format": 2}), "weights-cut": model(TRUE, bytes(15)), "not-compressed": b"{}",
        "no-terms": model({**TRUE, "terms": None}), "counts-short": model({**TRUE, "counts": [3]}), "list": model([1]),
        "terms-short": model({**TRUE, "terms": ["undang"]}), "nested": zlib.compress(b"[" * 100_000), "empty": b"",
    }  # fmt: skip
    return {
        **{f"number-{why}": vector("letter-number", why, text, read=None) for why, text in numbers.items()},
        **{f"date-{why}": vector("letter-dates", why, text, read=[]) for why, text in days.items()},
        "letter-empty": vector("letter", "nothing is there", "", read=[]),
        **{f"model-{why}": vector("class-model", why, content, refused="") for why, content in models.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
