"""What the database says when it cannot go on, in words for a person.

Only faults of the surroundings are translated (busy, full, gone, damaged), and a text that cannot be stored. A broken
constraint or a wrong statement stays what it is, since it is either handled by the code that caused it or a defect of
ours.
"""

import os
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from edms.core.errors import DatabaseAway, EdmsError, IntegrityFault, Refused, StorageFault

RETRY = "try again in a moment; nothing was changed"
# Names of SQLite's result codes (sqlite.org/rescode.html); extended codes begin with the name of the primary one.
_SQLITE = (
    ("SQLITE_BUSY", DatabaseAway, "another process writes to the database, and did not finish in time", RETRY),
    ("SQLITE_LOCKED", DatabaseAway, "another process writes to the database, and did not finish in time", RETRY),
    ("SQLITE_FULL", StorageFault, "the disk of the database is full", "free some space, then try again"),
    ("SQLITE_READONLY", StorageFault, "the database may not be written to", "check the disk and the permissions"),
    (
        "SQLITE_CANTOPEN",
        StorageFault,
        "the database cannot be opened",
        "is the folder there, and may it be written to?",
    ),
    ("SQLITE_PERM", StorageFault, "the database may not be opened", "check the permissions"),
    (
        "SQLITE_IOERR",
        StorageFault,
        "the disk of the database failed",
        "free some space if it is full, else check the disk",
    ),
    (
        "SQLITE_NOTADB",
        IntegrityFault,
        "the database cannot be read: it is damaged, or the keys are another archive's",
        "check [storage] path and [keys] path, else restore database and keys from one backup",
    ),
    ("SQLITE_CORRUPT", IntegrityFault, "the database is damaged", "restore it from its backup"),
)
# Classes and codes of SQLSTATE (PostgreSQL manual, appendix A).
_POSTGRESQL = (
    ("53100", StorageFault, "the disk of the database is full", "free some space, then try again"),
    ("53", DatabaseAway, "the database server has no room for another connection", "lower [database] pool_size"),
    ("25006", StorageFault, "the database may not be written to", "is [database] url that of a replica?"),
    ("40", DatabaseAway, "somebody else changed the same rows", RETRY),
    ("55P03", DatabaseAway, "another process writes to the database, and did not finish in time", RETRY),
    ("57", DatabaseAway, "the database server is going down or starting up", RETRY),
    ("58", StorageFault, "the disk of the database server failed", "see the server's log"),
    ("42501", StorageFault, "the database user lacks a right", "let that user own the database"),
)


def speak_plainly(engine: Engine) -> None:
    """Make `engine` raise an EdmsError for faults of the surroundings instead of what the driver says."""

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        if context.is_pre_ping:  # the pool asks whether a connection still lives and deals with the answer itself
            return
        fault = _not_writable(context, engine.url.database) or plain_fault(context.original_exception)
        if fault is not None:
            raise fault


def _not_writable(context: ExceptionContext, file: str | None) -> EdmsError | None:
    """Say why SQLite cannot write its file, or open it at all: then it lacks files of its own beside it."""
    name = getattr(context.original_exception, "sqlite_errorname", "")
    if file is None or not name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return None
    folder = Path(file).parent
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return StorageFault(f"the disk of the database is read-only: {folder}", "make it writable, then try again")
    except OSError as error:
        return StorageFault(f"the folder of the database cannot be read: {folder}: {error.strerror}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return StorageFault(f"the folder of the database may not be written to: {folder}", "check the permissions")
    return None


def plain_fault(error: BaseException) -> EdmsError | None:
    """Return the error for a person that `error` of a driver amounts to, or None when it is not of the surroundings."""
    name = getattr(error, "sqlite_errorname", None)
    if name:
        for start, kind, message, mend in _SQLITE:
            if name.startswith(start):
                return kind(message, mend)
        return None
    if type(error).__module__.split(".")[0] != "psycopg":
        return None
    if "cannot contain NUL" in str(error):  # the driver's words; the server has no code for it
        return Refused("a text holds a character that cannot be stored (NUL)", "write it without")
    if not _is_operational(error):
        return None
    state = getattr(error, "sqlstate", None)
    if not state:
        # A refused connection has no code: what the server said (no such database, wrong password) is in the text.
        return DatabaseAway(
            f"no connection to the database: {_first_line(error)}", "does the server run, and is [database] url right?"
        )
    for start, kind, message, mend in _POSTGRESQL:
        if state.startswith(start):
            return kind(message, mend)
    return None


def _is_operational(error: BaseException) -> bool:
    """DB-API's OperationalError, or the one programming error that is the administrator's: a right that lacks."""
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__) or (
        getattr(error, "sqlstate", None) in ("42501", "25006")
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
