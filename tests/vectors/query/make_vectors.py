"""Writes the vectors of the query language of the search.

    python tests/vectors/query/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

A query is never refused: what was not taken as typed is told by a notice, and what is no range reads as nothing.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place


def told(*nodes: object, notices: list[list[str]] | None = None) -> dict[str, object]:
    return {"tree": ["AllOf", list(nodes)], "notices": notices or []}


def accepted() -> Vectors:
    polio, not_polio = ["Word", "polio", ""], ["Not", ["Word", "polio", ""]]
    return {
        "word": vector("query", "one word", "polio", read=told(polio)),
        "phrase": vector("query", "in quotes", '"surat masuk"', read=told(["Phrase", ["surat", "masuk"], ""])),
        "not": vector("query", "minus", "-polio", read=told(not_polio)),
        "or": vector("query", "either", "polio ATAU banjir", read=told(["AnyOf", [polio, ["Word", "banjir", ""]]])),
        "prefix": vector("query", "a star", "imunis*", read=told(["Prefix", "imunis", ""])),
        "range": vector("range", "two years", "2014..2016", read=[2014, 2016]),
        "range-open": vector("range", "from a day on", "2014-03-01..", read=[2014, None]),
    }


def rejected() -> Vectors:
    ranges = {"empty": "", "dots": "..", "month-13": "2014-13", "words": "kemarin", "other-digits": "\u0662014"}
    return {
        "open-quote": vector(
            "query", "never closed", '"polio', read=told(["Word", "polio", ""], notices=[["open-quote", ""]])
        ),
        "empty": vector("query", "nothing", "", read=told()),
        **{f"range-{why}": vector("range", why, text, read=None) for why, text in ranges.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
