"""Fixtures of a whole archive: real vault, keys, database, index, sandbox. Made once per process, copied per test."""

import dataclasses
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fpdf import FPDF
from postgresql_server import new_database

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.bootstrap import initialise, open_archive
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.settings import DatabaseSettings, Settings, StorageSettings, TextSettings
from edms.records.archive import Archive
from edms.records.people import console_person, office_by_code
from edms.text.ocr import OcrMyPdfEngine

MOMENT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
OWNER = "tests/0"


def settings_in(folder: Path, url: str = "") -> Settings:
    """Return settings of an installation in `folder`."""
    # Printing takes LibreOffice a second or more for each document: tests that are about it turn it on.
    text = TextSettings(office="off")
    settings = Settings(storage=StorageSettings(path=Path("storage")), database=DatabaseSettings(url=url), text=text)
    return settings.rooted_at(folder)


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo installation under SQLCipher that tests copy."""
    folder = tmp_path_factory.mktemp("template")
    initialise(settings_in(folder), console_actor("tests"), demo=True, clock=FixedClock(MOMENT))
    return folder


@pytest.fixture(scope="session")
def shared_parsers(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive whose sandboxes all tests share: starting them costs more than most tests.

    Its storage is its own: what a test leaves in it is in no copy that another test makes of the template.
    """
    folder = tmp_path_factory.mktemp("parsers")
    shutil.copytree(demo_template / "storage", folder / "storage")
    archive = open_archive(settings_in(folder), FixedClock(MOMENT))
    yield archive
    archive.sandbox.close()
    archive.database.close()


@pytest.fixture
def installation(tmp_path: Path, demo_template: Path) -> Path:
    """The folder of a fresh demo installation under SQLCipher."""
    shutil.copytree(demo_template / "storage", tmp_path / "storage")
    return tmp_path


@pytest.fixture(scope="session")
def postgresql_template(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Iterator[Path]:
    """A demo installation on PostgreSQL that tests copy: its folder, and the database `archive_template`."""
    folder = tmp_path_factory.mktemp("template-postgresql")
    with new_database(postgresql_url, "archive_template") as url:
        initialise(settings_in(folder, url), console_actor("tests"), demo=True, clock=FixedClock(MOMENT))
        yield folder


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def archive(request: pytest.FixtureRequest, tmp_path: Path, shared_parsers: Archive) -> Iterator[Archive]:
    """A fresh demo archive at a fixed time, on both databases."""
    with ExitStack() as held:
        if request.param == "sqlcipher":
            settings = settings_in(request.getfixturevalue("installation"))
        else:
            template = request.getfixturevalue("postgresql_template")
            shutil.copytree(template / "storage", tmp_path / "storage")
            server = request.getfixturevalue("postgresql_url")
            database = new_database(server, f"archive_{tmp_path.name}", "archive_template")
            settings = settings_in(tmp_path, held.enter_context(database))
        opened = open_archive(settings, FixedClock(MOMENT))
        yield dataclasses.replace(
            opened, sandbox=shared_parsers.sandbox, reader=shared_parsers.reader, ocr=shared_parsers.ocr
        )
        opened.database.close()


@pytest.fixture
def embedded(installation: Path, shared_parsers: Archive) -> Iterator[Archive]:
    """A fresh demo archive on the embedded default only."""
    opened = open_archive(settings_in(installation), FixedClock(MOMENT))
    yield dataclasses.replace(
        opened, sandbox=shared_parsers.sandbox, reader=shared_parsers.reader, ocr=shared_parsers.ocr
    )
    opened.database.close()


@pytest.fixture
def person() -> Callable[[Archive, str], Actor]:
    """Return the actor of a demo person."""
    return lambda archive, name: console_person(archive, name, "tests")


@pytest.fixture
def capture() -> Callable[..., Accepted]:
    """The function `take_in`."""
    return take_in


def take_in(
    archive: Archive,
    content: bytes,
    *,
    by: str = "clerk-dinkes",
    name: str = "surat.pdf",
    office: str | None = None,
    class_code: str | None = "000.1.5",
    level: Level | None = Level.OPEN,
    work: bool = True,
    **told: object,
) -> Accepted:
    """Accept a file as a demo clerk and, unless `work=False`, take it through all its steps and into the index."""
    actor = console_person(archive, by, "tests")
    office_id: UUID | None = office_by_code(archive, office) if office else actor.office_id
    assert office_id is not None
    placement = Placement(office_id, class_code, level, description=Description(**told))  # type: ignore[arg-type]
    accepted = accept(actor, archive, IncomingFile(name, io.BytesIO(content)), placement)
    if work:
        settle(archive)
    return accepted


def unread(archive: Archive) -> Archive:
    """Return the archive without recognition of text, which takes longer than all else that is done with a scan."""
    text = archive.settings.text.model_copy(update={"ocr": "off"})
    settings = archive.settings.model_copy(update={"text": text})
    return dataclasses.replace(archive, settings=settings, ocr=OcrMyPdfEngine(archive.sandbox, text))


def settle(archive: Archive) -> None:
    """Do all capture and index work there is."""
    work_until_idle(archive, OWNER)
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass


def when_sealed(archive: Archive) -> None:
    """Let the time pass in which what a person confirmed can be taken back, then do all the work there is."""
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(seconds=archive.settings.capture.undo_seconds))
    settle(archive)


def pdf(*pages: str) -> bytes:
    """Return a born-digital PDF with a page for each text."""
    document = FPDF()
    document.set_creation_date(MOMENT)
    document.set_font("helvetica", size=12)
    for page in pages:
        document.add_page()
        document.multi_cell(0, 8, page)
    return bytes(document.output())
