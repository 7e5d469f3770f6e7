"""What every command shares: the configuration, the archive opened on demand, the actor, and how to answer."""

import getpass
import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from edms.access.actors import Actor, console_actor
from edms.bootstrap import open_archive
from edms.capture.ingest import Bar, ShowProgress
from edms.core.config import load_settings
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.people import console_person


class Context:
    """Opened lazily, so that `edms --help` works without a configuration."""

    def __init__(self, config: Path | None) -> None:
        self._config = config
        self._settings: Settings | None = None
        self._archive: Archive | None = None

    @property
    def config(self) -> Path | None:
        return self._config

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = load_settings(self._config)
        return self._settings

    @property
    def archive(self) -> Archive:
        if self._archive is None:
            self._archive = open_archive(self.settings)
        return self._archive

    def close(self) -> None:
        """End what was opened."""
        if self._archive is not None:
            self._archive.sandbox.close()
            self._archive.database.close()

    def person(self, username: str) -> Actor:
        """The actor for `--as USER`, audited as done at the console by the operating-system user."""
        return console_person(self.archive, username, system_user())

    def console(self) -> Actor:
        return console_actor(system_user())


pass_context = click.make_pass_decorator(Context)
as_option = click.option("--as", "username", required=True, metavar="USER", help="Act for this person.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document with stable keys.")


def system_user() -> str:
    """The operating-system user at the console."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def print_table(headings: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Print rows in columns as wide as their content."""
    table = [tuple(str(cell) for cell in row) for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def progress_bar(label: str) -> ShowProgress:
    """A progress bar on a terminal, nothing in a pipe."""

    def show(length: int) -> AbstractContextManager[Bar]:
        if not on_terminal():
            return nullcontext(_Silent())
        bar: AbstractContextManager[Bar] = click.progressbar(length=length, label=label, file=sys.stderr)
        return bar

    return show


class _Silent:
    def update(self, _count: int) -> None:
        """Show nothing."""


def on_terminal() -> bool:
    """Progress bars are for people: silent in a pipe."""
    return sys.stderr.isatty()
