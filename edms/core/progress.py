"""Showing how far long work has come, without knowing on what."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Bar(Protocol):
    """What shows progress: `click.progressbar`, or nothing in a pipe."""

    def update(self, count: int) -> None: ...


ShowProgress = Callable[[int], AbstractContextManager[Bar]]


class _Silent:
    def update(self, count: int) -> None:
        """Show nothing."""


def no_progress(_length: int) -> AbstractContextManager[Bar]:
    """A ShowProgress that shows nothing."""
    return nullcontext(_Silent())
