"""Writes the vectors of what clamd answers to INSTREAM.

python tests/vectors/clamd/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place


def accepted() -> Vectors:
    return {
        "clean": vector("clamd", "clean", "stream: OK", read=["clean", ""]),
        "found": vector("clamd", "malware", "stream: Eicar-Test FOUND", read=["infected", "Eicar-Test"]),
        "limit": vector(
            "clamd", "a limit is no verdict", "stream: Heuristics.Limits.Exceeded.MaxFiles FOUND",
            read=["not_scanned", "it passes a limit of the scanner (Heuristics.Limits.Exceeded.MaxFiles)"],
        ),
        "too-large": vector(
            "clamd", "over StreamMaxLength", "INSTREAM size limit exceeded. ERROR",
            read=["not_scanned", "it is larger than the scanner takes (StreamMaxLength)"],
        ),
    }  # fmt: skip


def rejected() -> Vectors:
    answers = {
        "empty": "", "cut": "stream: O", "more": "stream: OK\n", "two": "stream: OK\0stream: X FOUND",
        "lower": "stream: ok",
        "another": "UNKNOWN COMMAND", "error": "stream: Can't allocate memory ERROR", "no-name": "stream:  FOUND",
        "name-with-spaces": "stream: a b FOUND", "file": "/tmp/x: OK",
    }  # fmt: skip
    return {why: vector("clamd", why, answer, refused="the malware scanner reports") for why, answer in answers.items()}


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
