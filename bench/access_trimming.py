"""What it costs that everybody sees only what they may: lists, searches and facets of an official with grants, beside
those of a records officer who sees the whole archive, in the same run.

100,000 records of 200 offices; 2,000 people who hold 50 grants each: 40 on records, 8 on folders, 2 on sets of 20
records. The two ask the same questions in turn, so that what disturbs one disturbs the other. Beside the time that
passed stands the CPU time of the process, which tells the two apart on a machine that others use too.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, selectinload

from bench import material
from bench.installation import installation
from bench.many_records import ManyRecords
from bench.measuring import figure, rounded
from edms.access.actors import Actor
from edms.access.model import Office, Person
from edms.core.ids import new_id
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.grants_model import AccessGrant, RecordSet, RecordSetItem
from edms.records.model import Folder, Record
from edms.records.people import console_person
from edms.records.retention_report import ReportQuestion, retention_report
from edms.records.searching import INDEX_TOPIC, Question, document_of, search
from edms.search.protocol import IndexDocument

FACETS = ("class_code", "year", "office", "level", "record_type", "state")
WORDS_PER_DOCUMENT = 40
RECORD_GRANTS, FOLDER_GRANTS, SET_GRANTS, SET_SIZE = 40, 8, 2, 20
RESTRICTED, UNRESTRICTED = "official-dinkes", "records"
WAITING = 300


@dataclass(frozen=True)
class Size:
    records: int
    offices: int
    people: int
    rounds: int


def run(large: bool) -> dict[str, Any]:
    """Measure 100,000 records, as the project asks; `large` asks each question more often."""
    return measure(Size(100_000, 200, 2_000, 60 if large else 30))


def smoke() -> dict[str, Any]:
    """Measure 200 records."""
    return measure(Size(200, 5, 10, 2))


def measure(size: Size) -> dict[str, Any]:
    """Return `figures` and, by question, the milliseconds of the restricted and the unrestricted person, and those of
    CPU time."""
    with installation() as place:
        archive = place.archive
        _fill(archive, size)
        restricted, unrestricted = (console_person(archive, who, "bench") for who in (RESTRICTED, UNRESTRICTED))
        sees = {who.name: search(who, archive, Question("")).answer.total for who in (restricted, unrestricted)}
        assert 0 < sees[RESTRICTED] < sees[UNRESTRICTED], sees
        told = {name: _both(ask, restricted, unrestricted, size.rounds) for name, ask in _questions(archive).items()}
    figures = [
        figure(
            f"{size.records:,} records, {name}, 50 grants{of}", ours, "ms",
            against=f"unrestricted: {rounded(theirs)} ms", ratio=ours / theirs, target="at most 1.2",
        )
        for name, both in told.items()
        for of, (ours, theirs) in zip(("", ", CPU time"), both, strict=True)
    ]  # fmt: skip
    return {"figures": figures, "sees": sees, "milliseconds": told}


def _questions(archive: Archive) -> dict[str, Callable[[Actor, int], object]]:
    words = [word for word in dict.fromkeys(word.lower() for word in material.words()) if len(word) > 4][:400]
    chance = random.Random(5)
    asked = [f"{chance.choice(words)} {chance.choice(words)}" for _ in range(200)]
    return {
        "list": lambda who, n: retention_report(who, archive, ReportQuestion(limit=50, offset=50 * (n % 4)), "id"),
        "newest": lambda who, n: search(who, archive, Question("", sort="newest", limit=20, offset=20 * (n % 4))),
        "search": lambda who, n: search(who, archive, Question(asked[n])),
        "facets": lambda who, n: search(who, archive, Question(asked[n], facets=FACETS)),
        "search while 300 records wait for the index": lambda who, n: _lagging(archive, who, asked[n]),
    }


def _lagging(archive: Archive, who: Actor, text: str) -> object:
    """Ask while records wait to be indexed, as in the middle of an import. This question is the last one asked."""
    with archive.database.writer() as session:
        if not session.scalar(select(func.count()).where(OutboxEntry.topic == INDEX_TOPIC)):
            ids = session.scalars(select(Record.id).limit(WAITING))
            now = archive.clock.now()
            session.execute(
                insert(OutboxEntry), [{"topic": INDEX_TOPIC, "subject_id": one, "created_at": now} for one in ids]
            )
            session.commit()
    return search(who, archive, Question(text, facets=FACETS))


def _both(ask: Callable[[Actor, int], object], one: Actor, other: Actor, rounds: int) -> list[tuple[float, float]]:
    """Return the median milliseconds of both, who ask in turn: time that passed, then CPU time."""
    clocks = (time.perf_counter, time.process_time)
    times: tuple[list[list[float]], list[list[float]]] = ([], [])
    for number in range(-2, rounds):
        for who, taken in zip((one, other), times, strict=True):
            start = [clock() for clock in clocks]
            ask(who, max(number, 0))
            if number >= 0:
                taken.append([(clock() - began) * 1000 for clock, began in zip(clocks, start, strict=True)])
    ours, theirs = ([_median(column) for column in zip(*taken, strict=True)] for taken in times)
    return list(zip(ours, theirs, strict=True))


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _fill(archive: Archive, size: Size) -> None:
    chance = random.Random(6)
    with archive.database.writer() as session:
        session.execute(insert(Office), [_office(archive, number) for number in range(size.offices - 3)])
        session.commit()
    records = ManyRecords(archive).fill(size.records)
    with archive.database.writer() as session:
        folders = list(session.scalars(select(Folder.id)))
        people = [_person(archive, number) for number in range(size.people)]
        session.execute(insert(Person), people)
        restricted = session.scalars(select(Person.id).where(Person.username == RESTRICTED)).one()
        for person in (restricted, *(one["id"] for one in people)):
            _grants(archive, session, chance, person, records, folders)
        session.commit()
    archive.index.rebuild(_indexed(archive))


def _office(archive: Archive, number: int) -> dict[str, Any]:
    return {"id": new_id(archive.clock), "code": f"opd-{number}", "name": f"OPD {number}",
            "created_at": archive.clock.now()}  # fmt: skip


def _person(archive: Archive, number: int) -> dict[str, Any]:
    return {"id": new_id(archive.clock), "username": f"pegawai-{number}", "name": f"Pegawai {number}",
            "roles": "official", "clearance": "restricted", "password_hash": "", "is_head": False, "active": True,
            "created_at": archive.clock.now()}  # fmt: skip


def _grants(
    archive: Archive, session: Session, chance: random.Random, person: UUID, records: list[UUID], folders: list[UUID]
) -> None:
    office = session.scalars(select(Office.id).limit(1)).one()
    subjects: list[dict[str, UUID]] = [{"record_id": chance.choice(records)} for _ in range(RECORD_GRANTS)]
    subjects += [{"folder_id": chance.choice(folders)} for _ in range(FOLDER_GRANTS)]
    for _ in range(SET_GRANTS):
        made = new_id(archive.clock)
        session.execute(insert(RecordSet), [{"id": made, "title": "S", "made_by": "b", "made_at": archive.clock.now()}])
        chosen = chance.sample(records, min(SET_SIZE, len(records)))
        session.execute(insert(RecordSetItem), [{"set_id": made, "record_id": one} for one in chosen])
        subjects.append({"set_id": made})
    now = archive.clock.now()
    nothing: dict[str, UUID | None] = {"record_id": None, "folder_id": None, "set_id": None}
    rows = [
        {**nothing, **subject, "id": new_id(archive.clock), "person_id": person, "office_id": office, "mode": "view",
         "purpose": "b", "granted_by": "b", "granted_at": now, "until": now + timedelta(days=30), "emergency": False}
        for subject in subjects
    ]  # fmt: skip
    session.execute(insert(AccessGrant), rows)


def _indexed(archive: Archive) -> Iterator[IndexDocument]:
    chance, words = random.Random(2), material.words()
    with archive.database.reader() as session:
        rows = select(Record).options(selectinload(Record.office), selectinload(Record.components))
        for record in session.scalars(rows.order_by(Record.id).execution_options(yield_per=500)):
            start = chance.randrange(max(len(words) - WORDS_PER_DOCUMENT, 1))
            yield replace(document_of(archive, record), text=" ".join(words[start : start + WORDS_PER_DOCUMENT]))
