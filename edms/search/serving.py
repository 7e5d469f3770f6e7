"""The engine that serves, and those kept up to date beside it while an archive changes over (docs/search.md, ADR 0079).

From the moment another engine is begun to be built, every change and every purge reaches it too: when the configuration
names it, it holds what the old one holds, and what is destroyed meanwhile is destroyed in both.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from edms.core.errors import ConfigurationError, EdmsError
from edms.core.settings import Settings
from edms.search.engines import ENGINES, open_index
from edms.search.errors import IndexDamaged
from edms.search.latency import Histogram, Latencies
from edms.search.protocol import Change, Fault, IndexDocument, SearchAnswer, SearchIndex, SearchRequest

_MARK: Final = "kept-"


class SearchEngines:
    """A `SearchIndex` that answers from the engine of the configuration and feeds every engine that is built.

    `folder` holds an empty file for each engine that is kept, and the histograms of latencies.
    """

    def __init__(self, folder: Path, serving: str, opened: Callable[[str], SearchIndex]) -> None:
        self.serving = serving
        self._folder = folder
        self._open = opened
        self._engines = {serving: opened(serving)}
        self._latencies = Latencies(folder / f"latencies-{serving}")

    @property
    def _index(self) -> SearchIndex:
        return self._engines[self.serving]

    def beside(self) -> tuple[str, ...]:
        """Return the names of the engines that are kept beside the one that serves."""
        names = (path.name.removeprefix(_MARK) for path in self._folder.glob(f"{_MARK}*"))
        return tuple(sorted(name for name in names if name in ENGINES and name != self.serving))

    def latencies(self) -> Histogram:
        """Return how long the searches of all processes took."""
        return self._latencies.read()

    def _engine(self, name: str) -> SearchIndex:
        if name not in self._engines:
            self._engines[name] = self._open(name)
        return self._engines[name]

    # The protocol

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer from the engine that serves. What somebody reads is timed: it is asked for with highlights."""
        start = time.perf_counter()
        answer = self._index.search(request)
        if request.highlight:
            self._latencies.note(time.perf_counter() - start)
        return answer

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in, in every engine."""
        self._everywhere(lambda index: index.apply(changes))

    def purge(self) -> None:
        """Leave nothing of what was destroyed in any engine."""
        self._everywhere(lambda index: index.purge())

    def _everywhere(self, work: Callable[[SearchIndex], None]) -> None:
        work(self._index)
        for name in self.beside():
            try:
                work(self._engine(name))
            except IndexDamaged:
                self._empty(name)  # it serves nobody, and what it holds could not be purged any more
            except EdmsError:
                if name in self.beside():  # else it was dropped while this worked
                    raise

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build the engine that serves anew."""
        return self._index.rebuild(documents)

    def verify(self, expected: Iterable[tuple[str, int]] | None = None) -> Iterator[Fault]:
        """Check the engine that serves."""
        return self._index.verify(expected)

    def document_versions(self) -> Iterator[tuple[str, int]]:
        """Yield what the engine that serves holds."""
        return self._index.document_versions()

    # Changing over

    def build(self, name: str, documents: Iterable[IndexDocument]) -> int:
        """Build the engine `name` while the other serves; from before `documents` is read it is fed every change.

        Raises ConfigurationError when there is no such engine.
        """
        index = self._engine(name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in {name, self.serving}:
            (self._folder / f"{_MARK}{one}").touch(mode=0o600)
        return index.rebuild(documents)

    def drop(self, name: str) -> None:
        """Remove what an engine that does not serve holds. Raises ConfigurationError."""
        self.require_beside(name)
        self._empty(name)

    def require(self, name: str) -> None:
        """Raise ConfigurationError when there is no such engine, or when it cannot be opened."""
        self._engine(name)

    def require_beside(self, name: str) -> None:
        """Raise ConfigurationError when there is no such engine, or when it serves."""
        self.require(name)
        if name == self.serving:
            raise ConfigurationError(f"the engine {name} serves", "name another one in [search] engine first")

    def _empty(self, name: str) -> None:
        """Leave nothing in an engine, and feed it no longer."""
        index = self._engine(name)
        (self._folder / f"{_MARK}{name}").unlink(missing_ok=True)
        index.rebuild(iter(()))


def open_engines(settings: Settings, key: bytes, database_url: str) -> SearchEngines:
    """Open the engine of the configuration. `key`: the index key (32 bytes)."""
    return SearchEngines(
        settings.storage.path / "search",
        settings.search.engine,
        lambda name: open_index(settings, key, database_url, name),
    )
