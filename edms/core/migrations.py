"""Bringing the database to the shape that this version of the code expects.

What shape it has is asked without Alembic: every command asks, and loading Alembic with all its steps was most of what
opening an archive cost. Making and changing shapes is Alembic's alone.
"""

import re
from typing import Literal

from sqlalchemy import column, inspect, select, table

from edms.core.database import WRITE_OPTION, Database
from edms.core.errors import ConfigurationError
from edms.core.resources import resource

_SAID = re.compile(r'^(revision|down_revision) = "([^"]+)"$', re.MULTILINE)
_VERSION = table("alembic_version", column("version_num"))
Revisions = dict[str, str | None]


def upgrade(database: Database) -> None:
    """Migrate to the newest shape, in one transaction per database that supports it. Raises like `require_head`."""
    _refuse_newer(current_revision(database), known_revisions())
    _run(database, "upgrade", "head")


def downgrade(database: Database, revision: str) -> None:
    """Migrate back to `revision` ("base": no tables). For tests and for the way back after a failed upgrade."""
    _run(database, "downgrade", revision)


def require_head(database: Database) -> None:
    """Raise ConfigurationError when the database is older or newer than the code."""
    revision, known = current_revision(database), known_revisions()
    _refuse_newer(revision, known)
    if revision != _head(known):
        raise ConfigurationError("the database is of an older version", "run: edms init")


def current_revision(database: Database) -> str | None:
    """Return the revision the database is at, None when it is empty."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        found: str | None = connection.scalar(select(_VERSION.c.version_num))
        return found


def known_revisions() -> Revisions:
    """Return the revisions that this code knows, each with the one it follows (None: the first), as their files say."""
    found: Revisions = {}
    for file in resource("migrations").glob("versions/*.py"):
        told = dict(_SAID.findall(file.read_text(encoding="utf-8")))
        found[told["revision"]] = told.get("down_revision")
    return found


def _head(known: Revisions) -> str:
    """Return the newest revision: the one that no other follows."""
    (newest,) = known.keys() - set(known.values())
    return newest


def _refuse_newer(revision: str | None, known: Revisions) -> None:
    if revision is not None and revision not in known:
        raise ConfigurationError(
            f"the database is of a newer version ({revision}) than this program",
            "install the version of the program that made it; nothing was changed",
        )


def _run(database: Database, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resource("migrations")))
    with database.engine.execution_options(**{WRITE_OPTION: True}).begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)
