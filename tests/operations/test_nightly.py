"""The evaluation of each night: what came due is told once, what changed is looked at, nobody who is held is chased."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from archive_fixtures import pdf, take_in
from sqlalchemy import event, func, select

from bench.many_records import ManyRecords
from edms.access.actors import Actor, console_actor
from edms.core.clock import FixedClock
from edms.reconcile.doctor import examine
from edms.records.alerts import RETENTION_LATE, open_alerts
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.holds import place_hold
from edms.records.model import Record
from edms.records.nightly import NIGHT, evaluate, evaluate_when_due

People = Callable[[Archive, str], Actor]


def on(archive: Archive, day: date) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(datetime(day.year, day.month, day.day, 3, tzinfo=UTC))


def told(archive: Archive, actor: Actor, record: object) -> list[str]:
    history = record_details(actor, archive, record).history  # type: ignore[arg-type]
    return [one["action"] for one in history if "transfer_due" in one["action"] or "retention_" in one["action"]]


def test_each_phase_is_told_on_its_night_and_once(archive: Archive, person: People) -> None:
    officer = person(archive, "records")
    record = take_in(archive, pdf("a"), class_code="000.1.1", document_date=date(2026, 3, 1)).record_id
    held = take_in(archive, pdf("b"), class_code="000.1.1", document_date=date(2026, 3, 1)).record_id
    place_hold(officer, archive, [held], "Perkara", "PN", "gugatan")
    first = evaluate(NIGHT, archive)
    assert first is not None
    assert (first.looked_at, first.to_transfer, first.due) == (2, 0, 0), "declared since: looked at, and active"
    assert evaluate(NIGHT, archive) is None, "once a day"
    nights = {}
    for day in (date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 2), date(2028, 3, 1), date(2028, 5, 30)):
        on(archive, day)
        assert evaluate_when_due(archive)
        nights[day] = told(archive, officer, record)
    assert nights[date(2027, 2, 28)] == []
    assert nights[date(2027, 3, 2)] == ["record.transfer_due"]
    assert nights[date(2028, 3, 1)] == ["record.transfer_due", "record.retention_due"]
    assert nights[date(2028, 5, 30)][-1] == "record.retention_overdue"
    alerts = [one for one in open_alerts(officer, archive) if one.kind == RETENTION_LATE]
    assert [one.detail for one in alerts] == ["1 records were due 30 days ago, and nothing is begun"]
    on(archive, date(2028, 5, 29))
    assert evaluate(NIGHT, archive) is None, "a clock that was set back evaluates nothing"


def test_what_is_read_follows_what_came_due(embedded: Archive) -> None:
    """The same night over twice the archive reads as many rows: by the indexes of the days."""
    ManyRecords(embedded, seed=4).fill(300)
    evaluate(NIGHT, embedded)
    on(embedded, embedded.clock.today() + timedelta(days=1))
    found = evaluate(NIGHT, embedded)
    assert found is not None
    assert found.looked_at < 20
    asked: list[tuple[str, object]] = []
    engine = embedded.database.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, text, given, _x, _m: asked.append((text, given)))
    on(embedded, embedded.clock.today() + timedelta(days=1))
    evaluate(NIGHT, embedded)
    scans = [(text, given) for text, given in asked if "active_until >" in text or "due_on >" in text]
    assert len(scans) == 3
    with engine.connect() as connection:
        for text, given in scans:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)  # type: ignore[arg-type]
            plan = " ".join(row[3] for row in rows)
            assert "COVERING INDEX" in plan or "USING INDEX" in plan, plan
            assert "SCAN" not in plan, plan


def test_everything_due_is_told(embedded: Archive) -> None:
    ManyRecords(embedded, seed=6).fill(300)
    today = embedded.clock.today()
    with embedded.database.reader() as session:
        due = session.scalar(select(func.count()).select_from(Record).where(Record.due_on <= today))
    found = evaluate(NIGHT, embedded)
    assert found is not None
    assert found.due == due


def test_what_waits_for_the_night_is_not_said_to_wait_for_the_index(embedded: Archive) -> None:
    take_in(embedded, pdf("a"), class_code="000.1.1", document_date=date(2026, 3, 1))
    assert isinstance(embedded.clock, FixedClock)
    embedded.clock.set(embedded.clock.now() + timedelta(minutes=11))
    assert not [
        finding.what for finding in examine(console_actor("tests"), embedded) if "for the index" in finding.what
    ]
