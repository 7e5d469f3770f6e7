"""A damaged index is noticed, set aside and filled again, and nobody has to do anything (DESIGN invariant 6)."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import delete, func, select

from edms.access.actors import Actor
from edms.audit.model import AuditLeaf
from edms.capture.indexing import bring_index_up_to_date
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.index_mending import DAMAGE_TOPIC, MENDING_TOPIC, SET_ASIDE, mend_index, mend_when_reported
from edms.records.model import Record
from edms.records.searching import Question, Results, drain, search

Damage = Callable[[Path, random.Random], None]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("lock"))


def one_is_gone(folder: Path, chance: random.Random) -> None:
    chance.choice([path for path in files(folder) if path.suffix != ".lock"]).unlink()


def one_bit_is_flipped(folder: Path, chance: random.Random) -> None:
    path = chance.choice([path for path in files(folder) if path.stat().st_size])
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def one_is_cut(folder: Path, chance: random.Random) -> None:
    path = chance.choice([path for path in files(folder) if path.stat().st_size > 8])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def a_generation_is_gone(folder: Path, chance: random.Random) -> None:
    shutil.rmtree(next(path for path in folder.iterdir() if path.is_dir()))


DAMAGES: list[Damage] = [one_is_gone, one_bit_is_flipped, one_is_cut, a_generation_is_gone]


def fill(archive: Archive, count: int = 4) -> set[UUID]:
    ids = set()
    for number in range(count):
        ids.add(take_in(archive, pdf(f"Anggaran nomor {number} {uuid4()}")).record_id)
        while drain(archive):
            pass
    return ids


def asked(archive: Archive, actor: Actor) -> Results:
    return search(actor, archive, Question("anggaran", limit=100))


def codes(found: Results) -> set[str]:
    return {notice.code for notice in found.answer.notices}


def work(archive: Archive) -> None:
    """What a worker does between captures, as often as it takes."""
    for _round in range(100):
        if not (mend_when_reported(archive) or bring_index_up_to_date(archive, more_is_coming=False)):
            return
    raise AssertionError("it goes on and on")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_its_files(
    embedded: Archive, person: Callable[[Archive, str], Actor], damage: Damage, seed: int
) -> None:
    """The answer is right, or says that it is not whole; and after a worker has looked it is right."""
    ids, officer = fill(embedded), person(embedded, "records")
    damage(embedded.settings.storage.path / "index", random.Random(f"{damage.__name__}{seed}"))
    damaged = any(True for _fault in embedded.index.verify())
    found = asked(embedded, officer)
    assert {hit.record.id for hit in found.found} == ids or codes(found) & {"index-damaged", "index-mending"}
    new = take_in(embedded, pdf(f"Anggaran perubahan {uuid4()}")).record_id
    work(embedded)
    found = asked(embedded, officer)
    assert {hit.record.id for hit in found.found} == {*ids, new}
    assert found.answer.total == len(ids) + 1
    assert not codes(found)
    assert not list(embedded.index.verify(_versions(embedded)))
    with embedded.database.reader() as session:
        told = session.scalar(select(func.count()).select_from(AuditLeaf).where(AuditLeaf.action == SET_ASIDE)) or 0
    assert told == damaged


def _versions(archive: Archive) -> list[tuple[str, int]]:
    with archive.database.reader() as session:
        return [(str(one), version) for one, version in session.execute(select(Record.id, Record.version))]


def test_while_it_is_filled_the_answer_says_how_much_is_there(
    archive: Archive, person: Callable[[Archive, str], Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(archive, 4)
    fault = type("Fault", (), {"id": "x", "detail": "y"})()
    monkeypatch.setattr(type(archive.index), "verify", lambda _self, _expected=None: iter([fault]))
    assert mend_index(archive)
    officer = person(archive, "records")
    found = asked(archive, officer)
    assert (found.answer.total, [(one.code, one.detail) for one in found.answer.notices]) == (
        0,
        [("index-mending", "0")],
    )
    with archive.database.writer() as session:
        first = session.scalars(select(OutboxEntry.sequence).where(OutboxEntry.topic == MENDING_TOPIC).limit(2)).all()
    small = archive.settings.search.model_copy(update={"batch_size": 2})
    object.__setattr__(archive.settings, "search", small)
    assert drain(archive, topic=MENDING_TOPIC) == 2
    found = asked(archive, officer)
    assert (found.answer.total, codes(found)) == (2, {"index-mending"})
    assert found.answer.notices[0].detail == "50"
    newest = sorted((hit.record.id for hit in found.found), reverse=True)
    with archive.database.reader() as session:
        assert newest == list(session.scalars(select(Record.id).order_by(Record.id.desc()).limit(2)))
    assert len(first) == 2


def test_a_worker_that_was_taking_in_meanwhile_loses_nothing(
    embedded: Archive, person: Callable[[Archive, str], Actor]
) -> None:
    """It forgets the entries that it had read; those of the mending have numbers of their own."""
    ids = fill(embedded)
    folder = embedded.settings.storage.path / "index"
    one_is_gone(folder, random.Random(1))
    assert mend_index(embedded)
    with embedded.database.reader() as session:
        read = list(session.scalars(select(OutboxEntry.sequence).where(OutboxEntry.topic == MENDING_TOPIC)))
    a_generation_is_gone(folder, random.Random(1))
    assert mend_index(embedded), "damaged once more, before anything of it was taken in"
    with embedded.database.writer() as session:
        session.execute(delete(OutboxEntry).where(OutboxEntry.sequence.in_(read)))
        session.commit()
    work(embedded)
    assert {hit.record.id for hit in asked(embedded, person(embedded, "records")).found} == ids


def test_a_report_without_damage_changes_nothing(embedded: Archive, person: Callable[[Archive, str], Actor]) -> None:
    ids = fill(embedded)
    with embedded.database.writer() as session:
        session.add(OutboxEntry(topic=DAMAGE_TOPIC, subject_id=UUID(int=0), created_at=embedded.clock.now()))
        session.commit()
    assert not mend_when_reported(embedded)
    assert not mend_when_reported(embedded)
    assert {hit.record.id for hit in asked(embedded, person(embedded, "records")).found} == ids
