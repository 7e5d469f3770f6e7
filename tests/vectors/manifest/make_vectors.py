"""Writes the vectors of mappings, tables and dates of an import (docs/capture.md).

python tests/vectors/manifest/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

MAPPING = '[columns]\nfile = "Berkas"\ntitle = "Perihal"\n'


def accepted() -> Vectors:
    return {
        "mapping": vector("mapping", "two columns", MAPPING, read={"file": "Berkas", "title": "Perihal"}),
        "table": vector(
            "table", "semicolons", "Berkas;Perihal\na.pdf;=1+1\n",
            read=[[["text", "Berkas"], ["text", "Perihal"]], [["text", "a.pdf"], ["formula", "=1+1"]]],
        ),
        "table-quoted": vector("table", "a newline in a cell", 'a,"b\nc"\n', read=[[["text", "a"], ["text", "b\nc"]]]),
        "date": vector("manifest-date", "a day's name in front", "Senin, 3 Mei 2021", read="2021-05-03"),
    }  # fmt: skip


def rejected() -> Vectors:
    mappings = {
        "no-file": ('[columns]\ntitle = "x"\n', "must name the column of `file`"),
        "unknown-field": (f'{MAPPING}colour = "x"\n', "there is no field 'colour'"),
        "unknown-table": (f"{MAPPING}[more]\n", "more"),
        "two-digit-year": (f'{MAPPING}[dates]\nformats = ["%d-%m-%y"]\n', "four digits"),
        "not-toml": ("[columns\n", "is not TOML"),
        "long-number": ("a = " + "9" * 5000, "is not TOML"),
        "nested": ("a = " + "[" * 5000, "is not TOML"),
    }
    tables = {"quote-open": ('a,"b', "is not CSV"), "long-cell": ("x" * 5001, "more than 5000 characters")}
    days = {"two-digit-year": "3-5-21", "february-30": "30 Februari 2024", "words": "kemarin", "empty": ""}
    return {
        **{f"mapping-{why}": vector("mapping", why, text, refused=told) for why, (text, told) in mappings.items()},
        **{f"table-{why}": vector("table", why, text, refused=told) for why, (text, told) in tables.items()},
        "table-not-utf-8": vector("table", "another encoding", b"a,\xe9\n", refused="is not utf-8"),
        **{f"date-{why}": vector("manifest-date", why, text, read=None) for why, text in days.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
