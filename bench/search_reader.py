"""A process that opens an index, answers the texts on standard input (a JSON list) and prints how its memory grew.

Started by `bench.search_latency`, which has built the index itself and could not tell its own memory from a reader's.
"""

import json
import sys
from pathlib import Path

import psutil

from edms.core.settings import SearchSettings
from edms.search.fts5_index import Fts5Index
from edms.search.protocol import EVERYTHING, SearchRequest
from edms.search.whoosh_index import WhooshIndex

ENGINES = {"whoosh": WhooshIndex, "fts5": Fts5Index}


def main(folder: Path, engine: str) -> None:
    """Print the growth of private memory, and how large it is, in MiB."""
    asked = json.load(sys.stdin)
    process = psutil.Process()
    before = process.memory_full_info().uss
    index = ENGINES[engine](folder, bytes(32), SearchSettings())
    for text in asked:
        index.search(SearchRequest(text, EVERYTHING, limit=20, facets=("class_code", "year", "office")))
    held = process.memory_full_info().uss
    print((held - before) / 2**20, held / 2**20)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
