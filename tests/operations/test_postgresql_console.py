"""One line of configuration puts the archive on PostgreSQL; the console is the same."""

import json
import re
from pathlib import Path

import pytest
from archive_fixtures import pdf
from console import Console

pytestmark = pytest.mark.postgresql


@pytest.fixture
def scaled_out(bare: Console, fresh_postgresql_url: str) -> Console:
    """A console whose configuration names an empty database on a real server."""
    bare.config.write_text(f"[database]\nurl = {json.dumps(fresh_postgresql_url)}\n", "utf-8")
    return bare


def test_the_same_commands_work(scaled_out: Console, tmp_path: Path) -> None:
    edms = scaled_out
    edms("search", "x", "--as", "records").refused(2, "there is no archive in the database", "edms init")
    people = edms("init", "--demo", "--json").json["people"]
    assert len(people) == 8
    assert edms("init", "--demo", "--json").json["people"] == []
    assert not (edms.home / "storage" / "archive.db").exists()
    (tmp_path / "surat.pdf").write_bytes(pdf("Undangan rapat penanganan banjir rob"))
    described = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open")
    *files, total = edms("ingest", tmp_path / "surat.pdf", *described, "--wait", "--json").lines
    assert (files[0]["state"], total["given"], total["captured"]) == ("declared", 1, 1)
    record = files[0]["record"]
    found = edms("search", "banjir", "--as", "official-dinkes", "--json").json
    assert [hit["record"] for hit in found["hits"]] == [record]
    report = edms("retention", "report", "--as-of", "2031-01-01", "--format", "json").json
    assert [row["record"] for row in report["rows"]] == [record]
    assert edms("reindex", "--json").json == {"documents": 1}
    assert edms("person", "password", "clerk-dinkes").status == 0
    checked = edms("verify", "--all", "--json")
    assert (checked.status, checked.json["faults"]) == (0, [])
    database = [one["what"] for one in edms("doctor", "--json").json["findings"] if "database" in one["what"]]
    assert any("PostgreSQL" in what for what in database)


def test_a_lost_key_folder_gets_no_new_key(scaled_out: Console) -> None:
    """The data is elsewhere, so an empty storage folder does not mean a new archive."""
    assert scaled_out("init", "--demo").status == 0
    (scaled_out.home / "storage").rename(scaled_out.home / "lost")
    scaled_out("init", "--demo").refused(2, "the key file", "is missing", "put the key folder back")
    assert not (scaled_out.home / "storage" / "keys").exists()


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (
            lambda url: re.sub(r"/empty_[^?]*", "/no_such_database", url),
            1,
            ("no connection", "no_such_database", "[database] url"),
        ),
        (lambda _url: "postgresql+psycopg://user:geheim@127.0.0.1:1/name", 1, ("no connection", "does the server run")),
        (lambda _url: "postgresql+psycopg://user:geheim@host:port/name", 2, ("database.url is not an address",)),
        (lambda _url: "mysql://user:geheim@host/name", 2, ("database.url must start with postgresql+psycopg://",)),
    ],
    ids=["no database", "no server", "no address", "another product"],
)
def test_a_server_that_does_not_answer(scaled_out, fresh_postgresql_url, change, status, words) -> None:  # type: ignore[no-untyped-def]
    scaled_out.config.write_text(f"[database]\nurl = {json.dumps(change(fresh_postgresql_url))}\n", "utf-8")
    for command in (("init",), ("search", "x", "--as", "records")):
        done = scaled_out(*command)
        done.refused(status, *words)
        assert "geheim" not in done.err, "the password of the database is shown"
