"""Search indexes on a real PostgreSQL: each folder that a test names stands for a schema of its own."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edms.core.settings import SearchSettings
from edms.search.postgresql.index import PostgresqlIndex

KEY = bytes(range(32))
KEPT_OPEN = 10


def schema_of(folder: Path) -> str:
    """Return the schema that stands for a folder."""
    return f"search_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


@pytest.fixture
def open_postgresql_index(fresh_postgresql_url: str) -> Iterator[Callable[[Path], PostgresqlIndex]]:
    """What opens the index of a folder, as often as it is asked. What was opened long ago is closed."""
    opened: list[PostgresqlIndex] = []
    mine = os.getpid()

    def opener(folder: Path) -> PostgresqlIndex:
        index = PostgresqlIndex(fresh_postgresql_url, KEY, SearchSettings(), schema_of(folder))
        if os.getpid() == mine:  # a forked child shares the sockets of what its parent opened
            opened.append(index)
            if len(opened) > KEPT_OPEN:
                opened.pop(0).close()
        return index

    yield opener
    for index in opened:
        index.close()
