"""Which engine stands behind the search: one line of configuration, `[search] engine` (docs/search.md, ADR 0079).

What is said here of an engine is all that the rest of the system knows of it; a new one is a function and an entry.
Each is loaded when it is opened: what another one stands on costs every command its time.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from edms.core.errors import ConfigurationError
from edms.core.settings import Settings
from edms.search.protocol import SearchIndex

Opener: TypeAlias = Callable[[Settings, bytes, str], SearchIndex]
"""Takes the settings, the index key (32 bytes) and the URL of the server's database ("" on one machine)."""


def index_folder(settings: Settings, name: str) -> Path:
    """Return where the files of an engine are."""
    return settings.storage.path / ("index" if name == "whoosh" else f"index-{name}")


def _whoosh(settings: Settings, key: bytes, database_url: str) -> SearchIndex:
    from edms.search.whoosh_index import WhooshIndex

    return WhooshIndex(index_folder(settings, "whoosh"), key, settings.search)


def _postgresql(settings: Settings, key: bytes, database_url: str) -> SearchIndex:
    url = settings.search.postgresql_url or database_url
    if not url:
        raise ConfigurationError(
            "search.engine: postgresql needs a server", "name it in [database] url or in [search] postgresql_url"
        )
    from edms.search.postgresql.index import PostgresqlIndex

    return PostgresqlIndex(url, key, settings.search, pool_size=settings.database.pool_size)


def _fts5(settings: Settings, key: bytes, database_url: str) -> SearchIndex:
    from edms.search.fts5_index import Fts5Index

    return Fts5Index(index_folder(settings, "fts5"), key, settings.search)


ENGINES: Final[Mapping[str, Opener]] = {"whoosh": _whoosh, "fts5": _fts5, "postgresql": _postgresql}


def open_index(settings: Settings, key: bytes, database_url: str = "", engine: str = "") -> SearchIndex:
    """Open the index of `engine`, of the configured one when it is "". Raises ConfigurationError."""
    name = engine or settings.search.engine
    opener = ENGINES.get(name)
    if opener is None:
        raise ConfigurationError(f"search.engine: there is no engine {name}; there are {', '.join(sorted(ENGINES))}")
    return opener(settings, key, database_url)
