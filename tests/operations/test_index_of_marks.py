"""Holds, redactions and signatures made here reach the index by themselves: it finds what the database holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import settle, take_in
from redaction_material import plain
from signing_people import ask, decree, give, with_pilot
from sqlalchemy import select

from edms.bootstrap import open_archive
from edms.records.archive import Archive
from edms.records.holds import place_hold, release_hold
from edms.records.model import Hold, HoldLink
from edms.records.people import console_person
from edms.records.redaction_make import produce_redaction
from edms.records.redaction_model import Redaction
from edms.records.redactions import Purpose, approve_redaction, open_redaction, save_areas, withdraw_redaction
from edms.records.searching import Question, every_document, search
from edms.redaction.types import Area
from edms.text.ocr import OcrMyPdfEngine

ENGINES = ("whoosh", "fts5", "postgresql")
TOLD = ("Sengketa", "Surat 1/2026", "perkara")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, archive: Archive, tmp_path: Path) -> Iterator[Archive]:
    """The archive with each engine that it can have."""
    if request.param == "postgresql" and archive.database.is_sqlite:
        pytest.skip("this engine needs a server")
    settings = archive.settings.model_copy(
        update={"search": archive.settings.search.model_copy(update={"engine": request.param})}
    )
    opened = open_archive(settings, archive.clock)
    off = settings.text.model_copy(update={"ocr": "off"})
    with opened.database.reader() as session:
        opened.index.rebuild(every_document(opened, session))
    yield replace(opened, sandbox=archive.sandbox, reader=archive.reader, ocr=OcrMyPdfEngine(archive.sandbox, off))
    opened.database.close()


def found(archive: Archive, question: str) -> set[UUID]:
    settle(archive)
    told = search(console_person(archive, "records", "tests"), archive, Question(question)).as_dict()
    return {UUID(hit["record"]) for hit in told["hits"]}


def agree(archive: Archive) -> tuple[set[UUID], set[UUID]]:
    """What is held and what is redacted, by the database; by the index it is the same."""
    with archive.database.reader() as session:
        query = select(HoldLink.record_id).join(Hold, Hold.id == HoldLink.hold_id).where(Hold.released_at.is_(None))
        held = set(session.scalars(query))
        redacted = set(session.scalars(select(Redaction.record_id).where(Redaction.state.in_(("made", "approved")))))
    assert found(archive, "ada:penahanan") == found(archive, "has:hold") == held
    assert found(archive, "ada:redaksi") == found(archive, "has:redaction") == redacted
    return held, redacted


def test_holds_and_redactions_reach_the_index(engine: Archive) -> None:
    first, second = (take_in(engine, plain() + b"%" * number, name=f"{number}.pdf").record_id for number in range(2))
    clerk, official = (console_person(engine, name, "tests") for name in ("clerk-dinkes", "official-dinkes"))
    records = console_person(engine, "records", "tests")
    assert agree(engine) == (set(), set())
    one = place_hold(records, engine, [first, second], *TOLD)
    place_hold(records, engine, [first], *TOLD)
    assert agree(engine)[0] == {first, second}
    release_hold(replace(records, id=str(one), name="rekan"), engine, one)  # by a colleague
    assert agree(engine)[0] == {first}
    redaction = open_redaction(clerk, engine, second, Purpose.PUBLICATION, "UU 14/2008 pasal 17", "permohonan 1")
    assert agree(engine)[1] == set()
    save_areas(clerk, engine, redaction, 1, [Area(1, 0.1, 0.1, 0.9, 0.9)], ())
    produce_redaction(clerk, engine, redaction)
    assert agree(engine)[1] == {second}
    approve_redaction(official, engine, redaction)
    assert agree(engine)[1] == {second}
    withdraw_redaction(clerk, engine, redaction, "sudah tidak berlaku")
    assert agree(engine) == ({first}, set())
    with engine.database.reader() as session:  # a rebuild says the same as what came by itself
        engine.index.rebuild(every_document(engine, session))
    assert agree(engine) == ({first}, set())


def test_a_signature_made_here_reaches_the_index(archive: Archive) -> None:
    pilot = with_pilot(archive)
    record = decree(pilot)
    ask(pilot, record)
    assert found(pilot, "ada:tandatangan") == set()
    give(pilot, "official-dinkes")
    assert found(pilot, "ada:tandatangan") == {record}
