"""Which faults of a database are told in plain words, and which stay what they are."""

import psycopg
import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from edms.core.database import Database
from edms.core.database_faults import plain_fault
from edms.core.errors import DatabaseAway, EdmsError, IntegrityFault, Refused, StorageFault
from edms.web.statuses import status_of


def of_sqlite(name: str) -> BaseException:
    error = sqlcipher.OperationalError("what SQLite says")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("SQLITE_BUSY", DatabaseAway, "another process writes"),
        ("SQLITE_BUSY_SNAPSHOT", DatabaseAway, "another process writes"),
        ("SQLITE_FULL", StorageFault, "full"),
        ("SQLITE_READONLY_DBMOVED", StorageFault, "may not be written"),
        ("SQLITE_CANTOPEN", StorageFault, "cannot be opened"),
        ("SQLITE_IOERR_WRITE", StorageFault, "disk of the database failed"),
        ("SQLITE_NOTADB", IntegrityFault, "the keys are another archive's"),
        ("SQLITE_CORRUPT_INDEX", IntegrityFault, "damaged"),
    ],
)
def test_of_sqlite(name: str, kind: type[EdmsError], words: str) -> None:
    fault = plain_fault(of_sqlite(name))
    assert isinstance(fault, kind)
    assert words in fault.message
    assert fault.mend


@pytest.mark.parametrize("name", ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_ERROR", "SQLITE_MISMATCH"])
def test_a_defect_of_ours_stays_a_defect(name: str) -> None:
    assert plain_fault(of_sqlite(name)) is None
    assert plain_fault(ValueError("no database")) is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "full"), ("53300", "no room for another connection"), ("25006", "may not be written"),
        ("40001", "same rows"), ("40P01", "same rows"), ("55P03", "another process writes"),
        ("57P01", "going down"), ("58030", "disk of the database server"), ("42501", "lacks a right"),
    ],
)  # fmt: skip
def test_of_postgresql(state: str, words: str) -> None:
    fault = plain_fault(psycopg.errors.lookup(state)("what PostgreSQL says"))
    assert isinstance(fault, StorageFault)
    assert words in fault.message
    assert fault.mend
    passes = state[:2] in ("40", "55", "57") or state == "53300"
    assert isinstance(fault, DatabaseAway) is passes
    assert status_of(fault) == (503 if passes else 507), "a page that sends a file in pieces tries again after a 503"


@pytest.mark.parametrize("state", ["23505", "42P01", "42601", "22P02"])
def test_a_defect_of_ours_on_postgresql_stays_a_defect(state: str) -> None:
    assert plain_fault(psycopg.errors.lookup(state)("what PostgreSQL says")) is None


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_is_told_by_the_error_alone(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What the driver would log besides stands on a console, where one line is to say all."""
    rows = [{"level": 0, "position": number, "hash": b"h" * 32} for number in range(50)]
    with database.writer() as session, database.reader() as other:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        gone = text("SELECT pg_terminate_backend(:pid, 60000)")
        assert other.scalar(gone, {"pid": pid}), "it was cut, and is gone"
        with pytest.raises(DatabaseAway):
            session.execute(
                text("INSERT INTO audit_nodes (level, position, hash) VALUES (:level, :position, :hash)"), rows
            )
    assert caplog.records == []


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_text_that_cannot_be_stored_is_refused(database: Database) -> None:
    with database.writer() as session, pytest.raises(Refused, match="NUL"):
        session.execute(text("SELECT :text"), {"text": "a\x00b"})


def test_engines_leave_defects_alone(database: Database) -> None:
    with database.writer() as session, pytest.raises((OperationalError, ProgrammingError)):
        session.execute(text("SELECT nothing FROM nowhere"))
    row = "INSERT INTO audit_nodes (level, position, hash) VALUES (0, 0, :hash)"
    with database.writer() as session, pytest.raises(IntegrityError):
        for _time in range(2):
            session.execute(text(row), {"hash": b"h" * 32})
