"""`strings` over everything under `storage/`, after the sample archive was captured by the real program."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from archive_fixtures import settings_in
from judges import asked
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from edms.bootstrap import open_archive
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.model import Component, Record

LONG = 8
"""Letters from which on a word does not stand in random bytes by chance: 256^-8 for each place."""
BY_CHANCE = 2
"""So many different shorter words in one file may be chance: a leaking file shows hundreds."""
WORD = re.compile(r"[A-Za-z]{5,}")
DESCRIBED = ("title", "number", "sender", "recipient", "file_name")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo archive with all samples, made by the program; `temporary` was its folder for temporary files."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "config.toml").write_text("")
    (folder / "temporary").mkdir()
    command = [sys.executable, "-m", "edms.cli.main", "--config", str(folder / "config.toml")]
    with (folder / "output").open("wb") as output:
        made = subprocess.run(
            [*command, "init", "--demo", "--samples", "--json"],
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder / "temporary"), "HOME": str(folder / "temporary")},
            timeout=280,
            check=False,
        )
    assert made.returncode == 0, (folder / "output").read_text()
    return folder


def words_of(archive: Archive) -> set[str]:
    """Every word of five letters or more of every title, description and text."""
    found: set[str] = set()
    query = select(Record).options(selectinload(Record.components).selectinload(Component.blob))
    with archive.database.reader() as session:
        for record in session.scalars(query):
            told = [str(getattr(record, name) or "") for name in DESCRIBED]
            texts = [page["text"] for page in read_pages(archive, record)]
            found |= {word.lower() for word in chain.from_iterable(map(WORD.findall, told + texts))}
    return found


def readable(folder: Path, words: set[str], ours: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield files and words of records in them that `strings` shows, in either width; `ours` are words of formats."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        shown = b"\n".join(asked("strings", "-n", "5", "-e", width, path).stdout for width in ("s", "l", "b"))
        seen = set(WORD.findall(f"{path.relative_to(folder)}\n{shown.decode('ascii', 'replace')}".lower()))
        hits = (seen & words) - ours
        hits |= {word for word in words - ours if len(word) >= LONG and word.encode() in shown.lower()}
        if any(len(word) >= LONG for word in hits) or len(hits) > BY_CHANCE:
            yield path.name, sorted(hits)


# What stands in names of files and in the JSON of the key folder; some of these are words of the samples, too.
FORMATS = {
    *("archive", "audit", "authority", "blobs", "created", "current", "database", "epoch", "epochs", "format"),
    *("generation", "incoming", "index", "keys", "place", "rebuild", "secret", "secrets", "session", "signing"),
    *("storage", "value", "version", "wrapped"),
}


@pytest.mark.slow
def test_no_word_of_any_sample_stands_under_storage(samples: Path) -> None:
    archive = open_archive(settings_in(samples))
    words = words_of(archive)
    assert len(words) > 500
    for word in ("stunting", "wijayakusuma", "posyandu"):
        assert word in words
    # Opened: the write-ahead log lies there too.
    assert (samples / "storage" / "archive.db-wal").exists()
    assert dict(readable(samples / "storage", words, FORMATS)) == {}
    # What the program said, and what it left in its folder for temporary files and its home.
    said = json.loads((samples / "output").read_text())
    assert set(said) == {"storage", "created", "people", "samples"}
    assert dict(readable(samples / "temporary", words, FORMATS)) == {}
    archive.database.close()
    # And the check sees what there is to see.
    (samples / "temporary" / "planted").write_bytes(os.urandom(1000) + "Wijayakusuma".encode("utf-16-le"))
    assert dict(readable(samples / "temporary", words, FORMATS)) == {"planted": ["wijayakusuma"]}


@pytest.mark.slow
def test_the_samples_are_sound_to_the_console(samples: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "edms.cli.main", "--config", str(samples / "config.toml"), "verify", "--all", "--json"],
        capture_output=True,
        timeout=120,
        check=False,
    )
    answer = json.loads(told.stdout)
    assert (told.returncode, answer["faults"]) == (0, [])
    assert answer["checked_by_kind"]["seals"] >= 28
