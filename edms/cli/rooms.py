"""Which module holds which commands, so that a command loads its own room alone: all of them take seconds to load."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from edms.core.loading import undisturbed

ROOMS = {
    "access": ("access",),
    "alerts": ("alerts",),
    "batches": ("separators", "batch"),
    "copies": ("copies",),
    "digitisation": ("digitisation",),
    "disposal": ("disposal",),
    "documents": ("ingest", "search", "record"),
    "events": ("event",),
    "evidence": ("evidence",),
    "exchange": ("exchange",),
    "holds": ("hold",),
    "imports": ("import",),
    "installation": ("init",),
    "intake": ("watch", "mail"),
    "keys": ("keys", "encrypt-database"),
    "loans": ("loan",),
    "people": ("person", "office", "people"),
    "positions": ("position",),
    "proceedings": ("transfer", "review", "handover"),
    "proposals": ("proposals",),
    "queue": ("queue",),
    "retention": ("retention",),
    "redactions": ("redaction",),
    "reviews": ("judgement",),
    "searches": ("saved-search",),
    "screening": ("screen", "quarantine"),
    "serving": ("serve", "serve-pages", "worker"),
    "signatures": ("signature",),
    "tokens": ("token",),
    "trail": ("audit",),
    "upkeep": ("verify", "reindex", "doctor"),
}


class Rooms(MutableMapping[str, click.Command]):
    """The commands by name; the module of one is loaded when it is looked up."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}
        self._room_of = {name: room for room, names in ROOMS.items() for name in names}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            with undisturbed():
                commands = import_module(f"edms.cli.{self._room_of[name]}").COMMANDS
            self._loaded.update((command.name, command) for command in commands)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._room_of[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._room_of, *self._loaded}))

    def __len__(self) -> int:
        return len({*self._room_of, *self._loaded})
