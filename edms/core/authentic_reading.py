"""Connections to SQLCipher that give no value of a page that is not authentic.

Every page carries an HMAC. Of one that does not open, SQLCipher hands zeros to SQLite and remembers it. SQLite notices
at once where it needs the page for its way; but of a long value it follows the pages to the last one, and from that one
it needs nothing: the value ends in zeros, and no error is told before something is committed. So what SQLCipher
remembers is asked for whenever rows are fetched, before anybody sees them.
"""

from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import event
from sqlalchemy.engine import Engine

_ASK = "PRAGMA cipher_status"


class AuthenticConnection(sqlcipher.Connection):  # type: ignore[misc]
    """A connection whose cursors are `AuthenticCursor`. Until it has its key, `keyed`, there is nothing to ask for."""

    keyed = False

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or AuthenticCursor)

    def is_sound(self) -> bool:
        """Whether every page that was read on this connection was authentic."""
        return not self.keyed or bool(sqlcipher.Cursor(self).execute(_ASK).fetchone() != ("0",))


class AuthenticCursor(sqlcipher.Cursor):  # type: ignore[misc]
    """A cursor that raises DatabaseError (SQLITE_CORRUPT) in place of rows with something of a damaged page in them."""

    def fetchone(self) -> Any:
        return self._authentic(super().fetchone())

    def fetchmany(self, size: int | None = None) -> Any:
        return self._authentic(super().fetchmany(self.arraysize if size is None else size))

    def fetchall(self) -> Any:
        return self._authentic(super().fetchall())

    def __next__(self) -> Any:
        return self._authentic(super().__next__())

    def _authentic(self, rows: Any) -> Any:
        if rows and not self.connection.is_sound():
            error = sqlcipher.DatabaseError("a page of the database is not authentic")
            error.sqlite_errorname = "SQLITE_CORRUPT"
            raise error
        return rows


def give_up_when_damaged(engine: Engine) -> None:
    """Close a connection that met a damaged page as soon as it comes back: its cache holds zeros for that page, and
    nothing else can be read on it any more, however sound."""

    @event.listens_for(engine, "checkin")
    def _look(connection: Any, record: Any) -> None:
        if connection is not None and not connection.is_sound():
            record.invalidate()
