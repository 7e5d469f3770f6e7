"""A plain SQLite database becomes an encrypted one: the same rows, in one step, and the plain one overwritten."""

import sqlite3
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from edms.core import database_conversion
from edms.core.database_conversion import encrypt_file, is_plain_sqlite
from edms.core.errors import ConfigurationError, IntegrityFault, Refused

KEY = bytes(range(32))
WORD = "kalimantung"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    file = tmp_path / "archive.db"
    connection = sqlite3.connect(file)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 7;"
        "CREATE TABLE records (id INTEGER PRIMARY KEY, title TEXT UNIQUE);"
        'CREATE TABLE "odd ""name" (blob BLOB); CREATE INDEX ix ON records (title);'
    )
    connection.executemany("INSERT INTO records (title) VALUES (?)", [(f"{WORD} {n}",) for n in range(500)])
    connection.execute('INSERT INTO "odd ""name" VALUES (?)', (bytes(256),))
    connection.commit()
    connection.close()
    return file


@pytest.fixture
def watched(plain: Path) -> Path:
    """A second name of the plain file's bytes, by which the test sees what became of them."""
    other = plain.with_name("watched")
    other.hardlink_to(plain)
    return other


def opened(file: Path) -> "sqlcipher.Connection":
    connection = sqlcipher.connect(str(file))
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    return connection


def everything(connection: "sqlcipher.Connection | sqlite3.Connection") -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = connection.execute("SELECT id, title FROM records ORDER BY id").fetchall()
    return found


def test_the_same_rows_under_encryption(plain: Path, watched: Path) -> None:
    before = everything(sqlite3.connect(plain))
    assert is_plain_sqlite(plain)
    assert encrypt_file(plain, KEY) == {"records": 500, 'odd "name': 1}
    assert not is_plain_sqlite(plain)
    assert everything(opened(plain)) == before
    assert opened(plain).execute("PRAGMA user_version").fetchone() == (7,)
    assert WORD.encode() not in plain.read_bytes()
    assert set(watched.read_bytes()) == {0}, "the plain file's own blocks were overwritten"
    assert sorted(path.name for path in plain.parent.iterdir()) == ["archive.db", "watched"]


def test_one_in_use_is_refused_and_left(plain: Path) -> None:
    user = sqlcipher.connect(str(plain), isolation_level=None)  # the same library: two would not see each other's locks
    user.execute("BEGIN IMMEDIATE")
    with pytest.raises(Refused, match="in use"):
        encrypt_file(plain, KEY)
    user.close()
    assert is_plain_sqlite(plain)
    assert len(everything(sqlite3.connect(plain))) == 500


def test_a_damaged_one_is_refused_and_left(plain: Path) -> None:
    content = bytearray(plain.read_bytes())
    content[4096:8192] = bytes(4096)
    plain.write_bytes(content)
    with pytest.raises((IntegrityFault, sqlcipher.DatabaseError)):
        encrypt_file(plain, KEY)
    assert plain.read_bytes()[:16] == database_conversion.PLAIN_HEADER


def test_a_copy_that_differs_is_not_put_in_its_place(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = database_conversion._count

    def lossy(connection: object, *, close: bool = True) -> dict[str, int]:
        found = real(connection, close=close)
        monkeypatch.setattr(database_conversion, "_count", lambda *_a, **_n: {**found, "records": 499})
        return found

    monkeypatch.setattr(database_conversion, "_count", lossy)
    with pytest.raises(IntegrityFault, match="not the same"):
        encrypt_file(plain, KEY)
    assert len(everything(sqlite3.connect(plain))) == 500


def test_cut_off_after_the_exchange_it_is_finished_by_asking_again(
    plain: Path, watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(database_conversion, "_overwrite_and_remove", _die)
        with pytest.raises(KeyboardInterrupt):
            encrypt_file(plain, KEY)
    assert WORD.encode() in watched.read_bytes()
    assert encrypt_file(plain, KEY) == {"records": 500, 'odd "name': 1}
    assert set(watched.read_bytes()) == {0}
    with pytest.raises(ConfigurationError, match="not a plain"):
        encrypt_file(plain, KEY)


def _die(_file: Path) -> None:
    raise KeyboardInterrupt
