"""Every disclosure is an event, written before anybody has anything in hand; and what was typed never leaks into it."""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import pdf
from console import Console
from sqlalchemy import func, inspect, select, text
from test_every_use_case import ALL, NAMES, call

import edms.records.disclosures as disclosures
from edms.access.actors import Actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf, AuditWaiting
from edms.audit.trail import AuditTrail
from edms.capture.accept import Accepted
from edms.capture.progress import inbox, progress_of
from edms.core.clock import FixedClock
from edms.operation.door import Door, NotPermitted
from edms.records.archive import Archive
from edms.records.contents import download, page_image, text_extract
from edms.records.describe import record_details
from edms.records.disclosures import TrailQuestion, asked_before, trail_entries
from edms.records.evidence import bundle_bytes
from edms.records.model import ComponentRole
from edms.records.publication import CHECKPOINT_FILE, trail_file
from edms.records.retention_report import ReportQuestion, explain_record, open_report
from edms.records.searching import Filters, Question, search
from edms.records.verdicts import signature_verdicts

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]

MARK = "selendangbiru"
NOT_DISCLOSED = {
    "capture.accept.accept": "leaves the event of the capture; of a file that is there already it tells an own one",
    "capture.uploads.unfinished_uploads": "the sender's own uploads, which are no records yet",
    "reconcile.whole.verify_record": "tells faults by id, and no word of any record",
}
"""Use cases whose answer may hold a word of a record although no disclosure is recorded, each with its reason."""


def told(value: Any, depth: int = 6) -> str:
    """Return everything that an answer holds, as text: streams read, iterators walked, rows with their columns."""
    if depth == 0 or value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str | int | float | date | UUID):
        return str(value)
    if hasattr(value, "read"):
        return told(value.read(), depth)
    if hasattr(value, "__enter__") and not hasattr(value, "__next__"):
        with value as inside:
            return told(inside, depth - 1)
    if isinstance(value, dict):
        return " ".join(told(one, depth - 1) for pair in value.items() for one in pair)
    if dataclasses.is_dataclass(value):
        return " ".join(told(getattr(value, field.name), depth - 1) for field in dataclasses.fields(value))
    if hasattr(value, "__table__"):
        return " ".join(told(each, depth - 1) for each in inspect(value).dict.values())
    if hasattr(value, "__iter__"):
        return " ".join(told(one, depth - 1) for one in itertools.islice(value, 1000))
    return ""


def leaves(archive: Archive) -> int:
    with archive.database.reader() as session:
        placed = session.scalar(select(func.count()).select_from(AuditLeaf)) or 0
        return placed + (session.scalar(select(func.count()).select_from(AuditWaiting)) or 0)


def newest(archive: Archive) -> dict[str, Any]:
    with archive.database.writer() as session:
        archive.trail.integrate(session)
        size = archive.trail.size(session)
        return dict(json.loads(archive.trail.leaf(session, size - 1) or b""))


def every_time(archive: Archive) -> Archive:
    """The same archive with a door that lets no disclosure stand for the next."""
    return dataclasses.replace(archive, door=Door(archive.database, archive.trail, archive.clock))


@pytest.fixture
def filled(embedded: Archive, capture: Capture) -> tuple[Archive, UUID]:
    accepted = capture(embedded, pdf(f"Isi tentang {MARK}"), title=f"Surat {MARK}", name=f"{MARK}.pdf")
    capture(embedded, pdf(f"Belum ada kelas, {MARK}"), title=f"Menunggu {MARK}", class_code=None)
    return every_time(embedded), accepted.record_id


READS = [name for name in NAMES if not name.startswith(("records.shredding", "records.keys", "capture.quarantine"))]


def test_every_use_case_that_shows_a_record_leaves_an_event(
    filled: tuple[Archive, UUID], person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked by everybody it may serve, about a record that is there; whatever shows a word of it is counted."""
    archive, record_id = filled
    monkeypatch.setattr("test_every_use_case.ID", record_id)
    shown, silent = set(), []
    for name, function in zip(NAMES, ALL, strict=True):
        if name not in READS:
            continue
        for who in ("records", "clerk-dinkes", "auditor"):
            before = leaves(archive)
            got: list[str] = []
            try:
                call(function, person(archive, who), archive, tmp_path, partial(_keep, got))
            except Exception:  # noqa: BLE001 - refused or not fit to be asked like this: it shows nothing
                continue
            if MARK in "".join(got):
                shown.add(name)
                if leaves(archive) == before and name not in NOT_DISCLOSED:
                    silent.append(f"{name} as {who}")
    assert silent == []
    assert shown >= {
        "records.describe.record_details", "records.contents.text_extract", "records.contents.download",
        "records.searching.search", "records.retention_report.retention_report", "records.retention_report.open_report",
        "records.retention_report.explain_record", "records.evidence.bundle_bytes",
        "capture.progress.progress_of",
    }  # fmt: skip
    assert set(NOT_DISCLOSED) <= set(NAMES)


def _keep(got: list[str], value: Any) -> None:
    got.append(told(value))


SHOWING: list[tuple[str, Callable[[Actor, Archive, UUID], object], str, str]] = [
    ("view", record_details, "record:view", "record"),
    ("download", lambda who, archive, one: download(who, archive, one, ComponentRole.ORIGINAL).stream.close(),
     "record:download", "record"),
    ("picture", lambda who, archive, one: page_image(who, archive, one, 1, 160), "record.previewed", "record"),
    ("text", text_extract, "record.previewed", "record"),
    ("verdicts", signature_verdicts, "record:view", "record"),
    ("explanation", lambda who, archive, one: explain_record(who, archive, one, None, "id"), "record:view", "record"),
    ("bundle", bundle_bytes, "record:export", "record"),
    ("search", lambda who, archive, one: search(who, archive, Question(MARK)), "record:search", "archive"),
    ("inbox", lambda who, archive, one: inbox(who, archive, "pending"), "records.listed", "list"),
    ("progress", lambda who, archive, one: progress_of(who, archive, [one]), "records.listed", "list"),
    ("report", lambda who, archive, one: open_report(who, archive, ReportQuestion(), "id").__enter__(),
     "retention.reported", "archive"),
    ("trail", lambda who, archive, one: trail_file(who, archive, CHECKPOINT_FILE), "audit.file_given", "audit"),
    ("log", lambda who, archive, one: trail_entries(who, archive, TrailQuestion(record=one)), "audit:read", "record"),
    ("asked", lambda who, archive, one: asked_before(who, archive, MARK), "audit.asked", "audit"),
]  # fmt: skip


class _FullDisk(AuditTrail):
    def append_all(self, session, events):  # type: ignore[no-untyped-def]
        raise OSError("no event can be written")


@pytest.mark.parametrize(("show", "action", "kind"), [case[1:] for case in SHOWING], ids=[case[0] for case in SHOWING])
def test_it_leaves_its_event_or_shows_nothing(
    filled: tuple[Archive, UUID], person: Person, show: Callable[..., object], action: str, kind: str
) -> None:
    archive, record_id = filled
    officer = person(archive, "records")
    with archive.database.writer() as session:
        archive.trail.checkpoint(session)
        session.commit()
    before = leaves(archive)
    show(officer, archive, record_id)
    found = newest(archive)
    assert leaves(archive) > before
    assert (found["action"], found["subject"]["kind"], found["outcome"]) == (action, kind, "done")
    assert found["actor"]["id"] == officer.id
    assert "via" in found["actor"]["name"], "what --as shows is told as shown at the console"
    assert MARK not in str(found)
    seed = bytes(32)
    broken = dataclasses.replace(
        archive, door=Door(archive.database, _FullDisk(archive.clock, "edms/test", seed), archive.clock)
    )
    with pytest.raises(OSError, match="no event can be written"):
        show(officer, broken, record_id)


def test_a_report_is_recorded_before_its_first_row(filled: tuple[Archive, UUID], person: Person) -> None:
    archive, _record = filled
    before = leaves(archive)
    with open_report(person(archive, "records"), archive, ReportQuestion(), "id") as report:
        assert leaves(archive) == before + 1
        assert MARK in told(report.rows)
    assert leaves(archive) == before + 1
    assert newest(archive)["details"]["shown"] == 1


def test_a_page_of_thumbnails_is_one_event_for_a_while(embedded: Archive, capture: Capture, person: Person) -> None:
    record_id = capture(embedded, pdf(*"abcdef")).record_id
    clock, officer = embedded.clock, person(embedded, "records")
    assert isinstance(clock, FixedClock)
    before = leaves(embedded)
    for page in range(1, 7):
        page_image(officer, embedded, record_id, page, 160)
    assert leaves(embedded) == before + 1
    assert newest(embedded)["details"] == {"within_minutes": 10}
    page_image(person(embedded, "auditor"), embedded, record_id, 1, 160)
    assert leaves(embedded) == before + 2, "another person is another event"
    clock.set(clock.now() + timedelta(minutes=10))
    page_image(officer, embedded, record_id, 1, 160)
    assert leaves(embedded) == before + 3
    clock.set(clock.now() - timedelta(days=1))
    page_image(officer, embedded, record_id, 1, 160)
    assert leaves(embedded) == before + 4, "a clock that was set back hides nothing"


def test_a_record_page_is_one_event(embedded: Archive, capture: Capture, person: Person) -> None:
    record_id = capture(embedded, pdf("isi")).record_id
    officer = person(embedded, "records")
    before = leaves(embedded)
    record_details(officer, embedded, record_id)
    signature_verdicts(officer, embedded, record_id)
    explain_record(officer, embedded, record_id, None, "id")
    assert leaves(embedded) == before + 1
    record_details(officer, embedded, record_id)
    assert leaves(embedded) == before + 2, "each look at the page is one"


def test_who_saw_it_is_told_to_those_who_supervise_alone(archive: Archive, capture: Capture, person: Person) -> None:
    record_id = capture(archive, pdf("isi"), level=Level.OPEN).record_id
    clerk, auditor = person(archive, "clerk-dinkes"), person(archive, "auditor")
    record_details(clerk, archive, record_id)
    download(clerk, archive, record_id, ComponentRole.ORIGINAL).stream.close()
    with pytest.raises(NotPermitted):
        trail_entries(clerk, archive, TrailQuestion(record=record_id))
    seen = record_details(auditor, archive, record_id)
    assert [(event["action"], event["actor"].partition(" via")[0]) for event in seen.disclosures] == [
        ("record:view", clerk.name), ("record:download", clerk.name)
    ]  # fmt: skip
    assert not {event["action"] for event in seen.history} & set(disclosures.SHOWN)
    own = record_details(clerk, archive, record_id)
    assert own.disclosures == ()
    assert own.history == seen.history


def test_what_was_typed_stands_nowhere(archive: Archive, capture: Capture, person: Person) -> None:
    """Neither in a leaf nor in any column of any table, found or not found, typed by a person or refused."""
    capture(archive, pdf("isi biasa"))
    official, admin = person(archive, "official-dinkes"), person(archive, "admin")
    typed = "rembulanpagi cendanawangi"
    search(official, archive, Question(typed, filters=Filters(year_from=2020)))
    with pytest.raises(NotPermitted):
        search(admin, archive, Question(typed))
    asked_before(person(archive, "auditor"), archive, typed)
    found = list(_cells(archive))
    assert any("record:search" in cell for cell in found), "the check itself can see"
    assert [cell for cell in found if "rembulanpagi" in cell.lower() or "cendanawangi" in cell.lower()] == []


def _cells(archive: Archive) -> Iterator[str]:
    with archive.database.reader() as session:
        for table in inspect(archive.database.engine).get_table_names():
            for row in session.execute(text(f'SELECT * FROM "{table}"')):
                for cell in row:
                    yield bytes(cell).decode("utf-8", "replace") if isinstance(cell, bytes | memoryview) else str(cell)


def test_an_auditor_finds_who_asked_and_is_found_asking(archive: Archive, capture: Capture, person: Person) -> None:
    capture(archive, pdf("isi tentang imunisasi"))
    auditor = person(archive, "auditor")
    search(person(archive, "clerk-dinkes"), archive, Question("Imunisasi  POLIO"))
    search(person(archive, "official-dinkes"), archive, Question("imunisasi polio", filters=Filters(year_from=2020)))
    search(person(archive, "official-dinkes"), archive, Question("imunisasi"))
    found = asked_before(auditor, archive, "imunisasi polio")
    assert [leaf["actor"]["id"] for leaf in found] == [
        person(archive, name).id for name in ("clerk-dinkes", "official-dinkes")
    ]
    assert [leaf["details"]["filters"] for leaf in found] == [[], ["year_from"]]
    assert found[0]["details"]["query"] == newest(archive)["details"]["query"], "to look it up leaves the same digest"
    assert asked_before(auditor, archive, "tidak pernah") == []


def test_without_the_key_a_dictionary_is_of_no_use(archive: Archive) -> None:
    digest = archive.trail.typed_digest("polio")
    assert digest not in {hashlib.new(name, b"polio").hexdigest() for name in ("sha256", "sha3_256", "blake2s")}
    other = AuditTrail(archive.clock, archive.trail.origin, bytes(32))
    assert other.typed_digest("polio") != digest
    assert archive.trail.typed_digest(" POLIO\t") == digest


def test_the_console_reads_through_the_same_door(console: Console, embedded: Archive, capture: Capture) -> None:
    record_id = capture(embedded, pdf("isi tentang taman")).record_id
    console("search", "taman", "--as", "clerk-dinkes")
    console("record", "show", str(record_id), "--as", "clerk-dinkes")
    console("retention", "explain", str(record_id), "--as", "clerk-dinkes")
    log = console("audit", "log", "--disclosures", "--by", "clerk-dinkes", "--as", "auditor", "--json").lines
    assert [leaf["action"] for leaf in log] == ["record:search", "record:view", "record:view"]
    assert all(" via " in leaf["actor"]["name"] for leaf in log)
    asked = console("audit", "asked", "TAMAN", "--as", "records", "--json").lines
    assert [leaf["index"] for leaf in asked] == [log[0]["index"]]
    about = console("audit", "log", "--record", str(record_id), "--action", "record:view", "--as", "auditor").out
    assert about.count("record:view") == 2
    console("audit", "log", "--as", "clerk-dinkes").refused(1, "may not")
    shown = console("record", "show", str(record_id), "--as", "auditor").out
    assert "who saw it" in shown
    assert "who saw it" not in console("record", "show", str(record_id), "--as", "clerk-dinkes").out
