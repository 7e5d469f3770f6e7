"""Migrations on both databases: down to nothing and up again, head equals the models, names follow the convention."""

import re
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from archive_fixtures import pdf
from sqlalchemy import Connection, inspect, select, text

import edms.schema
from edms.access.actors import console_actor
from edms.access.model import Office
from edms.bootstrap import initialise, open_archive
from edms.core.database import Database, open_database
from edms.core.errors import ConfigurationError
from edms.core.ids import new_id
from edms.core.migrations import _head, current_revision, downgrade, known_revisions, require_head, upgrade
from edms.core.resources import resource
from edms.core.settings import DatabaseSettings
from edms.records.archive import Archive


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request, tmp_path):  # type: ignore[no-untyped-def]
    """A database with nothing in it."""
    url = "" if request.param == "sqlcipher" else request.getfixturevalue("fresh_postgresql_url")
    opened = open_database(DatabaseSettings(url=url), tmp_path / "empty.db", lambda: b"k" * 32)
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


# Made where reading is dear alone; what compares does not ask of an index for which database it is.
OF_SQLITE_ALONE = {"ix_records_counted", "ix_blobs_id_size"}


def differences(connection: Connection) -> list[object]:
    def compared(_one: object, name: str | None, _kind: str, there: bool, _other: object) -> bool:
        return there or name not in OF_SQLITE_ALONE or connection.dialect.name == "sqlite"

    opts = {"compare_type": True, "compare_server_default": True, "include_object": compared}
    context = MigrationContext.configure(connection, opts=opts)
    return compare_metadata(context, edms.schema.metadata)


def test_head_equals_the_models(empty: Database) -> None:
    upgrade(empty)
    with empty.engine.connect() as connection:
        assert differences(connection) == []
    require_head(empty)


def test_a_column_that_lacks_would_be_found(empty: Database) -> None:
    """The comparison sees what it is there to see."""
    upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE offices DROP COLUMN name"))
    with empty.engine.connect() as connection:
        assert len(differences(connection)) == 1


def scripts_of_alembic() -> ScriptDirectory:
    return ScriptDirectory(str(resource("migrations")))


def test_what_every_command_reads_of_the_steps_alembic_says_too() -> None:
    scripts = scripts_of_alembic()
    assert {one.revision: one.down_revision for one in scripts.walk_revisions()} == known_revisions()
    assert scripts.get_current_head() == _head(known_revisions())


def test_there_is_one_head_and_every_step_can_be_undone() -> None:
    scripts = scripts_of_alembic()
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        assert script.doc
        assert callable(script.module.downgrade)


def test_up_down_and_up_again(empty: Database) -> None:
    upgrade(empty)
    made = tables(empty)
    assert made >= set(edms.schema.metadata.tables)
    downgrade(empty, "base")
    assert tables(empty) - {"alembic_version"} == set()
    assert current_revision(empty) is None
    upgrade(empty)
    assert tables(empty) == made
    with empty.engine.connect() as connection:
        assert differences(connection) == []


def test_every_step_down_and_up_again_with_data(archive: Archive, capture) -> None:  # type: ignore[no-untyped-def]
    """Rows of a living archive are no hindrance: not to going back to nothing, nor to starting anew."""
    capture(archive, pdf("Surat keputusan tentang taman kota"))
    revisions = [script.revision for script in scripts_of_alembic().walk_revisions()]
    for earlier in [*revisions[1:], "base"]:
        downgrade(archive.database, earlier)
        if earlier != "base":
            upgrade(archive.database)
            downgrade(archive.database, earlier)
    upgrade(archive.database)
    with archive.database.writer() as session:
        session.add(Office(id=new_id(archive.clock), code="baru", name="Baru", created_at=archive.clock.now()))
        session.flush()
        assert session.scalars(select(Office.code)).all() == ["baru"]


def test_upgrading_an_archive_at_head_touches_nothing(archive: Archive, capture) -> None:  # type: ignore[no-untyped-def]
    capture(archive, pdf("Surat keputusan tentang taman kota"))
    with archive.database.reader() as session:
        before = session.execute(text("SELECT id, title, state FROM records")).all()
    upgrade(archive.database)
    with archive.database.reader() as session:
        assert session.execute(text("SELECT id, title, state FROM records")).all() == before
    assert before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = tables(empty)
    for step in (upgrade, require_head):
        with pytest.raises(
            ConfigurationError, match=r"newer version \(9999\).*install the version.*nothing was changed"
        ):
            step(empty)
    assert tables(empty) == before
    assert current_revision(empty) == "9999"


def test_a_database_of_an_older_version_is_told_what_to_do(empty: Database) -> None:
    with pytest.raises(ConfigurationError, match=r"older version \(run: edms init\)"):
        require_head(empty)


NEXT = """revision = "next"
down_revision = "{head}"
from alembic import op
def upgrade():
    op.execute("CREATE TABLE of_the_next (id INTEGER)")
    op.execute("INSERT INTO of_the_next SELECT 1 FROM offices")
    {last}
def downgrade():
    op.execute("DROP TABLE of_the_next")
"""


def next_step(folder: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """Let the code be one step further on than it is; `last` is the last statement of that step."""
    (folder / "next").mkdir(exist_ok=True)
    copied = shutil.copytree(resource("migrations"), folder / "next" / "migrations", dirs_exist_ok=True)
    (copied / "versions" / "next.py").write_text(
        NEXT.format(head=scripts_of_alembic().get_current_head(), last=last), "utf-8"
    )
    monkeypatch.setattr("edms.core.migrations.resource", lambda _name: copied)


def test_an_archive_of_the_last_version_is_told_to_init_and_then_opens(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        next_step(tmp_path, newer, "pass")
        with pytest.raises(ConfigurationError, match=r"older version \(run: edms init\)"):
            open_archive(archive.settings)
        initialise(archive.settings, console_actor("tests"), demo=True)
        assert "of_the_next" in tables(archive.database)
        open_archive(archive.settings).database.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        open_archive(archive.settings)
    with pytest.raises(ConfigurationError, match="newer version"):
        initialise(archive.settings, console_actor("tests"), demo=True)


def test_a_step_that_fails_leaves_nothing_half_done(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_step(tmp_path, monkeypatch, "raise OSError(28, 'No space left on device')")
    before = tables(archive.database), current_revision(archive.database)
    with pytest.raises(OSError, match="No space"):
        upgrade(archive.database)
    assert (tables(archive.database), current_revision(archive.database)) == before
    next_step(tmp_path, monkeypatch, "pass")
    upgrade(archive.database)
    with archive.database.reader() as session:
        assert session.scalar(text("SELECT count(*) FROM of_the_next")) == 3


NAMES = {
    "pk": r"pk_{table}",
    "fk": r"fk_{table}_\w+",
    "uq": r"uq_{table}_\w+",
    "ix": r"ix_\w+",
    "ck": r"ck_{table}_\w+",
}


def test_constraints_are_named_by_convention_in_the_database(empty: Database) -> None:
    upgrade(empty)
    found = inspect(empty.engine)
    wrong = []
    for table in sorted(edms.schema.metadata.tables):
        named = [
            ("pk", found.get_pk_constraint(table)["name"]),
            *(("fk", one["name"]) for one in found.get_foreign_keys(table)),
            *(("uq", one["name"]) for one in found.get_unique_constraints(table)),
            *(("ck", one["name"]) for one in found.get_check_constraints(table)),
            *(("ix", one["name"]) for one in found.get_indexes(table) if not one.get("duplicates_constraint")),
        ]
        assert named[0][1] is not None
        wrong += [name for kind, name in named if not re.fullmatch(NAMES[kind].format(table=table), str(name))]
    assert wrong == []
