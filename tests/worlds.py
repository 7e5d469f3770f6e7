"""Pairs of worlds that differ in what one observer may not see, looked at through channels: docs/leaks.md."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from web_site import Site, Visitor, plain
from werkzeug.test import TestResponse

from edms.access import policy
from edms.access.levels import Level
from edms.access.scope import Scope
from edms.core.errors import NotFound
from edms.records.people import console_person
from edms.records.searching import Filters, Question, search

FACETS = ("class_code", "year", "office", "level", "record_type", "state")
COMPLETED = ("zamr", "dari:", "kepada:zam", "kelas:", "kantor:", "tingkat:", "tahun:", "status:", "bap", "000")
WORDS = ("zamrud", "zamr*", "imunisasi", '"imunisasi campak"', "zamrut", "")


@dataclass(frozen=True)
class World:
    """A site, the id of the record that is hidden in it, or would be, and the ids of what is made of it."""

    site: Site
    hidden: str
    things: dict[str, str] = field(default_factory=dict)

    def visitor(self, observer: str) -> Visitor:
        return self.site.visitor(observer)

    def path(self, path: str) -> str:
        """Return a path with the ids in the place of their names."""
        return path.format(hidden=self.hidden, **self.things)


def there(row: Any) -> Any:
    """What is looked up where a rule is broken on purpose: whoever asks for what is not there is answered so."""
    if row is None:
        raise NotFound()
    return row


Channel = Callable[[World, str], Any]
"""What an observer can tell of a world."""


def seen(answer: TestResponse) -> tuple[int, dict[str, str], str | bytes]:
    """All that an answer tells: its status, its headers but those that differ at every request, its content."""
    assert answer.status_code < 500, "a page that failed tells nothing in either world"
    text = answer.mimetype in ("text/html", "application/json", "text/csv")
    headers = {name: value for name, value in answer.headers if name not in ("Set-Cookie", "X-Request-Id", "Date")}
    headers = {name: re.sub(r"nonce-[\w+/=-]+", "nonce", value) for name, value in headers.items()}
    return answer.status_code, headers, plain(answer) if text else answer.data


def page(*paths: str, **told: Any) -> Channel:
    """A channel: what pages answer. `{hidden}` stands for the record, other names for what is made of it."""

    def look(world: World, observer: str) -> Any:
        visitor = world.visitor(observer)
        return [seen(visitor.get(world.path(path), **told)) for path in paths]

    return look


def sent(*paths: str, **fields: str) -> Channel:
    """A channel: what is answered to a form that is sent to what may be there, whose fields name it too."""

    def look(world: World, observer: str) -> Any:
        visitor = world.visitor(observer)
        told = {name: world.path(value) for name, value in fields.items()}
        return [seen(visitor.post(world.path(path), told)) for path in paths]

    return look


def both(*channels: Channel) -> Channel:
    """A channel of several."""
    return lambda world, observer: [look(world, observer) for look in channels]


def found(*, sort: Any = "relevance", facets: tuple[str, ...] = (), limit: int = 20) -> Channel:
    """A channel: answers of the search, page after page of `limit` hits."""

    def look(world: World, observer: str) -> Any:
        archive = world.site.archive
        actor = console_person(archive, observer, "tests")
        windows = range(0, 3 * limit, limit)
        asked = [Question(text, Filters(), limit, offset, sort, facets) for text in WORDS for offset in windows]
        return [search(actor, archive, question).as_dict() for question in asked]

    return look


def everything_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the rule: everybody may see everything."""
    everything = Scope(everywhere_level=Level.TOP_SECRET, whole_archive=True)
    for right in (policy.view_scope, policy.follow_scope):
        in_place_of(monkeypatch, right, lambda _actor, _at=None: everything)


def in_place_of(monkeypatch: pytest.MonkeyPatch, right: Any, wrong: Any) -> None:
    """Put a broken function in the place of a right one, wherever it was imported."""
    for name, module in list(sys.modules.items()):
        if name.startswith("edms.") and getattr(module, right.__name__, None) is right:
            monkeypatch.setattr(module, right.__name__, wrong)
