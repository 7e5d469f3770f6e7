"""Fixtures of real sites: the demo archive behind the real application, its people with a password that is known."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from archive_fixtures import MOMENT, settings_in
from sqlalchemy import select
from web_site import PASSWORD, OpenSite, Site

from edms.access.actors import console_actor
from edms.access.model import Person
from edms.access.passwords import hash_password
from edms.access.policy import Action
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.web.app import create_app


@pytest.fixture(scope="session")
def peopled_template(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo installation, its people with a password that is known."""
    folder = tmp_path_factory.mktemp("peopled")
    shutil.copytree(demo_template / "storage", folder / "storage")
    archive = open_archive(settings_in(folder), FixedClock(MOMENT))
    with archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        for person in operation.session.scalars(select(Person)):
            person.password_hash = hash_password(PASSWORD, 12)
    archive.database.close()
    return folder


@pytest.fixture(scope="session")
def open_site(peopled_template: Path, shared_parsers: Archive) -> Iterator[OpenSite]:
    """Return a function that opens a copy of an installation (by default the peopled one) in a folder."""
    opened: list[Archive] = []

    def run(folder: Path, source: Path = peopled_template, **changes: dict[str, Any]) -> Site:
        shutil.copytree(source / "storage", folder / "storage", dirs_exist_ok=True)
        clock = FixedClock(MOMENT)
        archive = open_archive(_changed(settings_in(folder), changes), clock)
        archive = dataclasses.replace(
            archive, sandbox=shared_parsers.sandbox, reader=shared_parsers.reader, ocr=shared_parsers.ocr
        )
        opened.append(archive)
        return Site(archive, create_app(archive), clock)

    yield run
    for archive in opened:
        archive.database.close()


def _changed(settings: Settings, changes: dict[str, dict[str, Any]]) -> Settings:
    sections = {name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()}
    return settings.model_copy(update=sections)


@pytest.fixture
def within_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For how often an address may ask within a minute, all of the test is one moment, however busy the machine is."""
    monkeypatch.setattr("edms.web.limits.time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
def site(open_site: OpenSite, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own."""
    made = open_site(tmp_path)
    yield made
    made.archive.database.close()
