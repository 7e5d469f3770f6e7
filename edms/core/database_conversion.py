"""Turning a plain SQLite file into a SQLCipher one: copied, compared, put in its place, the plain one overwritten.

Overwriting reaches the blocks that the file has now. Copies that a journal, a snapshot, a backup or a flash disk's own
remapping keep are beyond it, and beyond any program: whoever needs them gone replaces the medium.
"""

import os
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from edms.core.errors import ConfigurationError, IntegrityFault, Refused

PLAIN_HEADER = b"SQLite format 3\0"
PLAIN_SUFFIX = ".plain"
NEW_SUFFIX = ".encrypting"
_ZEROS = bytes(1024 * 1024)


def is_plain_sqlite(file: Path) -> bool:
    """Say whether `file` is a SQLite database that anyone can read."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(PLAIN_HEADER)) == PLAIN_HEADER
    except FileNotFoundError:
        return False


def encrypt_file(file: Path, key: bytes) -> dict[str, int]:
    """Encrypt the plain database `file` under the 32-byte `key`; return the number of rows by table.

    Killed anywhere it can be called again. Raises ConfigurationError (not plain), Refused (in use), IntegrityFault
    (damaged, or the copy differs).
    """
    new, old = file.with_name(file.name + NEW_SUFFIX), file.with_name(file.name + PLAIN_SUFFIX)
    if not is_plain_sqlite(file):
        if not old.exists():
            raise ConfigurationError(f"{file} is not a plain SQLite database", "there is nothing to convert")
        _overwrite_and_remove(old)  # an earlier call was interrupted after the exchange
        return _count(_opened(file, key))
    new.unlink(missing_ok=True)
    rows = _copy(file, new, key)
    _make_durable(new)
    old.unlink(missing_ok=True)
    os.link(file, old)
    new.replace(file)
    _make_durable(file.parent)
    for left in (file.with_name(file.name + ending) for ending in ("-wal", "-shm", "-journal")):
        if left.exists():
            _overwrite_and_remove(left)
    _overwrite_and_remove(old)
    return rows


def _copy(file: Path, new: Path, key: bytes) -> dict[str, int]:
    plain = sqlcipher.connect(str(file), timeout=1, isolation_level=None)
    try:
        # Out of WAL and locked: everything committed is in the one file, and nobody can add to it.
        if plain.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
            raise Refused(f"{file} is in use", "stop the service first")
        plain.execute("PRAGMA locking_mode = EXCLUSIVE")
        plain.execute("BEGIN EXCLUSIVE")
        plain.execute("COMMIT")
        if plain.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise IntegrityFault(f"{file} is damaged and was not converted", "restore it from a backup")
        plain.execute("ATTACH DATABASE ? AS encrypted KEY ?", (str(new), f"x'{key.hex()}'"))
        plain.execute("SELECT sqlcipher_export('encrypted')")
        version = plain.execute("PRAGMA user_version").fetchone()[0]
        plain.execute(f"PRAGMA encrypted.user_version = {int(version)}")
        plain.execute("DETACH DATABASE encrypted")
        return _compared(plain, new, key)
    except sqlcipher.OperationalError as fault:
        if "locked" in str(fault):
            raise Refused(f"{file} is in use", "stop the service first") from None
        raise
    finally:
        plain.close()


def _compared(plain: Any, new: Path, key: bytes) -> dict[str, int]:
    """Return the rows by table when both databases have the same schema and counts, and the new one is sound."""
    copy = _opened(new, key)
    try:
        schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        rows = _count(copy, close=False)
        sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        authentic = copy.execute("PRAGMA cipher_integrity_check").fetchone() is None
        same = plain.execute(schema).fetchall() == copy.execute(schema).fetchall()
        if not (sound and authentic and same and rows == _count(plain, close=False)):
            raise IntegrityFault("the encrypted copy is not the same as the database", "nothing was changed")
        return rows
    finally:
        copy.close()


def _opened(file: Path, key: bytes) -> Any:
    connection = sqlcipher.connect(str(file), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


def _count(connection: Any, *, close: bool = True) -> dict[str, int]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    quoted = {name: '"' + name.replace('"', '""') + '"' for (name,) in names}
    found = {name: connection.execute(f"SELECT count(*) FROM {word}").fetchone()[0] for name, word in quoted.items()}  # noqa: S608 # nosec B608 # names of tables that are there, quoted
    if close:
        connection.close()
    return found


def _overwrite_and_remove(file: Path) -> None:
    with file.open("r+b", buffering=0) as opened:
        left = os.fstat(opened.fileno()).st_size
        while left > 0:
            left -= opened.write(_ZEROS[:left])
        os.fsync(opened.fileno())
    file.unlink()
    _make_durable(file.parent)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
