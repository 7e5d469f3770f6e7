"""Archives on each engine, and what a search must find in them, worked out without any index from the database.

The words of these records are made up: no two share a stem, and none is near another, so that whoever looks for one in
the texts finds what the index must find.
"""

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import MOMENT, OWNER, settings_in, take_in
from postgresql_server import new_database
from sqlalchemy import func, insert, select, update

from edms.access.actors import Actor
from edms.bootstrap import open_archive
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.core.settings import Settings
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.index_mending import mend_when_reported
from edms.records.model import Record
from edms.records.searching import INDEX_TOPIC, Question, Results, search
from edms.search.engines import index_folder
from edms.search.serving import open_engines

ENGINES = ["fts5", pytest.param("postgresql", marks=pytest.mark.postgresql), "whoosh"]
WORDS = [
    "qobbarux", "zeltivox", "mundrak", "fyrwopal", "cladjunex", "hesquob", "vortigrum", "jaxxelop", "wumbrost",
    "tchavilq", "grolfenz", "ophizzur", "lyktrobe", "xandquiv", "rustwelf", "evvokrim",
]  # fmt: skip
RECORDS = 5
NOT_WHOLE = {"index-damaged", "index-mending"}


def settings_of(folder: Path, engine: str, postgresql_url: str = "") -> Settings:
    """Return the settings of an installation in `folder` whose index takes few records at a time."""
    settings = settings_in(folder)
    found = settings.search.model_copy(
        update={"engine": engine, "postgresql_url": postgresql_url if engine == "postgresql" else "", "batch_size": 3}
    )
    return settings.model_copy(update={"search": found})


@contextmanager
def archive_on(engine: str, request: pytest.FixtureRequest) -> Iterator[Archive]:
    """Open a demo archive on SQLCipher whose search stands on an engine."""
    installation: Path = request.getfixturevalue("installation")
    with ExitStack() as held:
        url = ""
        if engine == "postgresql":
            server = request.getfixturevalue("postgresql_url")
            url = held.enter_context(new_database(server, f"ordeal_{installation.name}"))
        opened = open_archive(settings_of(installation, engine, url), FixedClock(MOMENT))
        parsers: Archive = request.getfixturevalue("shared_parsers")
        yield dataclasses.replace(opened, sandbox=parsers.sandbox, reader=parsers.reader, ocr=parsers.ocr)
        opened.database.close()


@pytest.fixture(params=ENGINES)
def on_engine(request: pytest.FixtureRequest) -> Iterator[Archive]:
    with archive_on(request.param, request) as archive:
        yield archive


@pytest.fixture(params=["fts5", "whoosh"])
def on_files(request: pytest.FixtureRequest) -> Iterator[Archive]:
    with archive_on(request.param, request) as archive:
        yield archive


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[Archive]:
    with archive_on("postgresql", request) as archive:
        yield archive


def opened_anew(archive: Archive) -> Archive:
    """Return the archive as a process has it that starts now: nothing of the index is in its memory."""
    return dataclasses.replace(archive, index=open_engines(archive.settings, archive.keys.secret("index"), ""))


def filled(archive: Archive, chance: random.Random, count: int = RECORDS) -> Archive:
    """Take in so many documents, and bring the index up to date."""
    for _ in range(count):
        capture(archive, chance)
    work_until_idle(archive, OWNER)
    work(archive)
    return archive


def files_of(archive: Archive) -> list[Path]:
    """Return the files of the index as they lie there now."""
    folder = index_folder(archive.settings, archive.settings.search.engine)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def capture(archive: Archive, chance: random.Random) -> None:
    """Take in one document of some of the words, through all its steps but not into the index."""
    words = [chance.choice(WORDS) for _ in range(chance.randrange(3, 12))]
    accepted = take_in(archive, " ".join(words).encode(), name="surat.txt", work=False, title=f"judul {words[0]}")
    assert accepted.record_id


def change_all(archive: Archive, chance: random.Random) -> None:
    """Give every record a title of other words and queue it, as one act of everybody would."""
    with archive.database.writer() as session:
        for record_id in session.scalars(select(Record.id)).all():
            values: dict[str, Any] = {"title": f"judul {chance.choice(WORDS)}", "version": Record.version + 1}
            session.execute(update(Record).where(Record.id == record_id).values(**values))
            session.execute(
                insert(OutboxEntry).values(topic=INDEX_TOPIC, subject_id=record_id, created_at=archive.clock.now())
            )
        session.commit()


@dataclasses.dataclass(frozen=True)
class Kept:
    """What the database says of one record."""

    record_id: str
    title: str
    text: str
    version: int

    def has(self, question: str, need: Callable[[Iterable[bool]], bool] = all) -> bool:
        """Whether a question finds it: words, `-word` for none, `word*` for beginnings, or one phrase in quotes.

        `need`: `any` where the answer says that it is of any of the words.
        """
        if question.startswith('"'):
            return any(f" {question[1:-1]} " in f" {part} " for part in (self.title, self.text))
        words = f"{self.title} {self.text}".split()
        excluded = [one[1:] for one in question.split() if one.startswith("-")]
        wanted = [one for one in question.split() if not one.startswith("-")]
        return need(self._has_word(one, words) for one in wanted) and not set(excluded) & set(words)

    @staticmethod
    def _has_word(asked: str, words: list[str]) -> bool:
        if asked.endswith("*"):
            return any(word.startswith(asked[:-1]) for word in words)
        return asked in words


def kept(archive: Archive) -> list[Kept]:
    """Read every record from the database and the vault, and nothing from the index."""
    with archive.database.reader() as session:
        return [
            Kept(
                str(record.id),
                record.title,
                " ".join(word for page in read_pages(archive, record) for word in page["text"].split()),
                record.version,
            )
            for record in session.scalars(select(Record))
        ]


def questions() -> list[str]:
    one, two, three, *_ = random.Random(5).sample(WORDS, 3)
    return [
        *WORDS[::8], f"{one} {two}", f"{one} -{two}", f'"{two} {three}"', f"{two[:3]}*", f"{one[:5]}* -{three}",
        "judul",
    ]  # fmt: skip


def asked(archive: Archive, actor: Actor, question: str) -> Results:
    return search(actor, archive, Question(question, limit=200))


def compare(archive: Archive, actor: Actor, *, whole: bool, before: Sequence[Kept] | None = None) -> bool:
    """Ask every question, and hold the answers against the records as the database has them.

    `whole`: every answer must be whole, as it is when nothing waits for the index. Else one that says that it is not
    may lack records; but what it finds is right. `before`: the records before changes that wait for the index: what is
    found may be of then, and may be lacking. Returns whether no answer said that it was not whole.
    """
    records, all_whole = kept(archive), True
    for question in questions():
        results = asked(archive, actor, question)
        found = [str(hit.record.id) for hit in results.found]
        need = any if "not-all-words" in _codes(results) else all
        right = {one.record_id for one in records if one.has(question, need)}
        then = {one.record_id for one in before or () if one.has(question, need)}
        assert len(found) == len(set(found)) == results.answer.total
        if before is not None or (_codes(results) & NOT_WHOLE and not whole):
            all_whole = all_whole and not _codes(results) & NOT_WHOLE
            assert set(found) <= right | then, question
        else:
            assert set(found) == right, (question, results.answer.notices)
    return all_whole


def _codes(results: Results) -> set[str]:
    return {notice.code for notice in results.answer.notices}


def work(archive: Archive, between: Callable[[], object] = lambda: None) -> int:
    """Do what a worker does between captures, as often as it takes; a full disk is outlived. Returns the faults met."""
    faults = 0
    for _round in range(300):
        try:
            if not (mend_when_reported(archive) or bring_index_up_to_date(archive, more_is_coming=False)):
                return faults
        except StorageFault:
            faults += 1
            if faults > 3:
                return faults
        between()
    raise AssertionError("it goes on and on")


def versions(archive: Archive) -> list[tuple[str, int]]:
    return [(one.record_id, one.version) for one in kept(archive)]


def waiting(archive: Archive) -> int:
    """Return how many changes wait for the index."""
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).where(OutboxEntry.topic == INDEX_TOPIC)) or 0
