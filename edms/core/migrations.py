"""Bringing the database to the shape that this version of the code expects."""

import functools

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from edms.core.database import WRITE_OPTION, Database
from edms.core.errors import ConfigurationError
from edms.core.resources import resource


def upgrade(database: Database) -> None:
    """Migrate to the newest shape, in one transaction per database that supports it. Raises like `require_head`."""
    _refuse_newer(database)
    _run(database, "upgrade", "head")


def downgrade(database: Database, revision: str) -> None:
    """Migrate back to `revision` ("base": no tables). For tests and for the way back after a failed upgrade."""
    _run(database, "downgrade", revision)


def require_head(database: Database) -> None:
    """Raise ConfigurationError when the database is older or newer than the code."""
    _refuse_newer(database)
    if current_revision(database) != _scripts().get_current_head():
        raise ConfigurationError("the database is of an older version", "run: edms init")


def current_revision(database: Database) -> str | None:
    """Return the revision the database is at, None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(database: Database) -> None:
    revision = current_revision(database)
    if revision is None:
        return
    try:
        _scripts().get_revision(revision)
    except CommandError:
        raise ConfigurationError(
            f"the database is of a newer version ({revision}) than this program",
            "install the version of the program that made it; nothing was changed",
        ) from None


def _scripts() -> ScriptDirectory:
    return _scripts_in(str(resource("migrations")))


@functools.cache
def _scripts_in(folder: str) -> ScriptDirectory:
    """The steps that there are, read and compiled once: that was most of what opening an archive cost."""
    return ScriptDirectory.from_config(_config(folder))


def _config(folder: str) -> Config:
    config = Config()
    config.set_main_option("script_location", folder)
    return config


def _run(database: Database, direction: str, revision: str) -> None:
    config = _config(str(resource("migrations")))
    with database.engine.execution_options(**{WRITE_OPTION: True}).begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)
