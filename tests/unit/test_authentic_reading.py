"""No page of the embedded database that is not authentic gives a value, wherever in a long value it stands."""

from pathlib import Path

import pytest
from sqlalchemy import text

from edms.core.database import Database, open_database
from edms.core.errors import IntegrityFault
from edms.core.settings import DatabaseSettings

PAGE = 4096
ROWS = {number: f"nilai {number} " * 2500 for number in range(3)}


def opened(file: Path) -> Database:
    return open_database(DatabaseSettings(), file, lambda: b"k" * 32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("long") / "test.db"
    database = opened(file)
    with database.writer() as session:
        session.execute(text("CREATE TABLE long (id INTEGER PRIMARY KEY, value TEXT)"))
        session.execute(text("CREATE TABLE short (value TEXT)"))
        session.execute(text("INSERT INTO short VALUES ('rapat')"))
        for number, value in ROWS.items():
            session.execute(text("INSERT INTO long VALUES (:id, :value)"), {"id": number, "value": value})
        session.commit()
    database.close()
    return file


def test_a_damaged_page_is_told_and_never_read_as_zeros(stored: Path, tmp_path: Path) -> None:
    good = stored.read_bytes()
    refused = right = 0
    for page in range(2, len(good) // PAGE + 1):
        bad = bytearray(good)
        bad[page * PAGE - PAGE // 2] ^= 1
        file = tmp_path / f"{page}.db"
        file.write_bytes(bad)
        database = opened(file)
        for number, value in ROWS.items():
            for _again in range(2):  # the second time from what is cached
                try:
                    with database.reader() as session:
                        got = session.scalar(text("SELECT value FROM long WHERE id = :id"), {"id": number})
                        assert got == value, page
                        right += 1
                except IntegrityFault:
                    refused += 1
        database.close()
        file.unlink()
    pages = sum(len(value) for value in ROWS.values()) // PAGE
    assert refused > pages
    assert right > pages


def test_what_is_sound_is_read_on_after_damage_was_met(stored: Path, tmp_path: Path) -> None:
    good = bytearray(stored.read_bytes())
    good[-PAGE // 2] ^= 1  # the last page of the last value
    file = tmp_path / "test.db"
    file.write_bytes(good)
    database = opened(file)
    for _again in range(3):
        with database.reader() as session, pytest.raises(IntegrityFault, match="damaged"):
            session.execute(text("SELECT value FROM long WHERE id = 2")).all()
        with database.reader() as session:
            assert session.scalar(text("SELECT value FROM short")) == "rapat"
            assert session.execute(text("SELECT value FROM long WHERE id = 0")).one() == (ROWS[0],)
        with database.writer() as session:
            session.execute(text("UPDATE short SET value = 'rapat'"))
            session.commit()
    database.close()
