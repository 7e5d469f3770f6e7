"""What every command shares: the configuration, the archive opened on demand, the actor, and how to answer."""

import getpass
import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from edms.access.actors import Actor, console_actor
from edms.core.config import load_settings
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.core.loading import undisturbed
from edms.core.progress import Bar, ShowProgress, no_progress
from edms.core.settings import Settings
from edms.core.unlock import Unlock

if TYPE_CHECKING:
    from edms.records.archive import Archive
    from edms.records.dossiers import Dossier


class Context:
    """Opened lazily, so that `edms --help` works without a configuration."""

    def __init__(self, config: Path | None) -> None:
        self._config = config
        self._settings: Settings | None = None
        self._archive: Archive | None = None
        self._unlock: Unlock | None = None

    @property
    def config(self) -> Path | None:
        return self._config

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = load_settings(self._config)
        return self._settings

    @property
    def archive(self) -> "Archive":
        if self._archive is None:
            with undisturbed():  # here: what opens no archive starts in 0.16 s of a core, not 0.9
                from edms.bootstrap import open_archive
            self._archive = open_archive(self.settings, unlock=self.unlock)
        return self._archive

    def close(self) -> None:
        """End what was opened."""
        if self._archive is not None:
            self._archive.sandbox.close()
            self._archive.database.close()

    @property
    def unlock(self) -> Unlock:
        """Where the secret that opens the keys comes from; kept, so that it is asked for once."""
        if self._unlock is None:
            self._unlock = Unlock(self.settings.keys.unlock, ask_secretly if sys.stdin.isatty() else None)
        return self._unlock

    def unlock_from(self, descriptor: int | None) -> None:
        """Take the secret from the parent's pipe, now: a process forked from this one could not read it again."""
        if descriptor is not None:
            self._unlock = Unlock(f"fd:{descriptor}")
            self._unlock.secret("what opens the keys")

    def person(self, username: str) -> Actor:
        """The actor for `--as USER`, audited as done at the console by the operating-system user."""
        from edms.records.people import console_person

        return console_person(self.archive, username, system_user())

    def console(self) -> Actor:
        return console_actor(system_user())


pass_context = click.make_pass_decorator(Context)
as_option = click.option("--as", "username", required=True, metavar="USER", help="Act for this person.")
unlock_option = click.option(
    "--unlock-fd", type=click.IntRange(0), hidden=True, help="Where the parent put the secret."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document with stable keys.")
DAY = click.DateTime(["%Y-%m-%d"])
reason_option = click.option("--reason", required=True, help="Why, in a few words.")


def asked_id(text: str) -> UUID:
    """Return the id of a record that was typed. Raises NotFound."""
    record_id = parse_id(text)
    if record_id is None:
        raise NotFound()
    return record_id


def office_asked(context: Context, actor: Actor, code: str | None) -> UUID:
    """Return the office of that code, or the person's own. Raises UsageError for somebody who has none."""
    from edms.records.people import office_by_code

    office_id = office_by_code(context.archive, code) if code else actor.office_id
    if office_id is None:
        raise click.UsageError("this person has no office of their own: name one with --office")
    return office_id


def ask_secretly(question: str) -> str:
    """Ask at the terminal without showing what is typed."""
    typed: str = click.prompt(question, hide_input=True, err=True, default="", show_default=False)
    return typed


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


def echo_dossier(found: "Dossier | None") -> None:
    """Say in which folder the papers of a procedure lie, once there is one."""
    if found is not None and found.id is not None:
        state = f"closed on {found.closed_on}" if found.closed_on else "open"
        click.echo(f"folder {found.code}, {state}, {found.records} records: {found.title}")


def progress_bar(label: str) -> ShowProgress:
    """A progress bar on a terminal, nothing in a pipe."""

    def show(length: int) -> AbstractContextManager[Bar]:
        if not on_terminal():
            return no_progress(length)
        bar: AbstractContextManager[Bar] = click.progressbar(length=length, label=label, file=sys.stderr)
        return bar

    return show


def on_terminal() -> bool:
    """Progress bars are for people: silent in a pipe."""
    return sys.stderr.isatty()


def print_made(kind: str, made: UUID, as_json: bool, said: str) -> None:
    """Show the id of what a command has made: `{kind: id}` as JSON, else behind what is said of it."""
    if as_json:
        print_json({kind: str(made)})
    else:
        click.echo(f"{said}: {made}")
