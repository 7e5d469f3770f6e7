"""The same on PostgreSQL, database and index engine alike: one pair of worlds, the channels that ask either of them.

Filters of the database are other conditions there, and facets, totals and scores come of sealed posting lists.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, settings_in, take_in
from postgresql_server import new_database
from sqlalchemy import select
from web_site import PASSWORD, Site
from worlds import COMPLETED, FACETS, Channel, World, everything_seen, found, page

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.passwords import hash_password
from edms.access.policy import Action
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.settings import SearchSettings
from edms.records.archive import Archive
from edms.web.app import create_app

pytestmark = pytest.mark.postgresql
OBSERVERS = ("clerk-dinkes", "official-dinkes")
SECRET = pdf("Rencana zamrud tentang imunisasi campak yang tidak boleh dibaca")
CHANNELS: dict[str, Channel] = {
    "search page": page("/search?q=zamrud", "/search?q=imunisasi", "/search?q=zamr*", "/search"),
    "hits, total and scores": found(),
    "facets": found(facets=FACETS),
    "order": found(sort="title"),
    "paging": found(sort="newest", limit=1),
    "completed words": page(*(f"/search/complete.json?q={typed}" for typed in COMPLETED)),
    "lists taken away": page("/search/list.csv?q=zamrud", "/search/list.csv?q=imunisasi"),
    "overview": page("/"),
    "retention list": page("/retention", "/retention.csv", "/retention/lists", "/retention/lists/no_rule"),
    "charts of retention": page("/retention/outlook"),
}
"""What hides a record by the verdict on it alone asks no database for it: test_leaks.py."""


@pytest.fixture(scope="module")
def worlds(
    postgresql_template: Path, postgresql_url: str, shared_parsers: Archive, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, World]]:
    """The one without, and the one with a record of another office and one above the clearance."""
    common = tmp_path_factory.mktemp("leaks_common")
    shutil.copytree(postgresql_template / "storage", common / "storage")
    with ExitStack() as held:
        url = held.enter_context(new_database(postgresql_url, "leaks_common", "archive_template"))
        site = _site(common, url, shared_parsers)
        take_in(site.archive, pdf("Laporan imunisasi campak"), name="laporan.pdf")
        take_in(site.archive, pdf("Rencana imunisasi kota"), by="clerk-bappeda", name="rencana.pdf")
        site.archive.database.close()
        made = []
        for name in ("leaks_without", "leaks_having"):
            folder = tmp_path_factory.mktemp(name)
            shutil.copytree(common / "storage", folder / "storage")
            url = held.enter_context(new_database(postgresql_url, name, "leaks_common"))
            made.append(_site(folder, url, shared_parsers))
            held.callback(made[-1].archive.database.close)
        without, having = made
        told = {"sender": "Zamrud", "recipient": "Zamrud", "name": "zamrud.pdf"}
        hidden = take_in(having.archive, SECRET, by="clerk-bappeda", level=Level.RESTRICTED, **told).record_id  # type: ignore[arg-type]
        take_in(having.archive, SECRET, by="records", office="dinkes", level=Level.SECRET, **told)  # type: ignore[arg-type]
        yield World(without, str(hidden)), World(having, str(hidden))


def _site(folder: Path, url: str, parsers: Archive) -> Site:
    settings = settings_in(folder, url).model_copy(update={"search": SearchSettings(engine="postgresql")})
    clock = FixedClock(MOMENT)
    opened = open_archive(settings, clock)
    archive = replace(opened, sandbox=parsers.sandbox, reader=parsers.reader, ocr=parsers.ocr)
    with archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        for person in operation.session.scalars(select(Person)):
            person.password_hash = hash_password(PASSWORD, 12)
    return Site(archive, create_app(archive), clock)


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_both_worlds_look_the_same(worlds: tuple[World, World], channel: str, observer: str) -> None:
    without, having = (CHANNELS[channel](world, observer) for world in worlds)
    assert having == without


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_channel_tells_when_the_rule_is_broken(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    everything_seen(monkeypatch)
    without, having = (CHANNELS[channel](world, "clerk-dinkes") for world in worlds)
    assert having != without
