"""Many writers on PostgreSQL: nobody waits for another, nothing is lost, placed twice or taken away unseen."""

import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_processes import Forked
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from edms.audit.events import AuditEvent, read_leaf
from edms.audit.model import AuditLane, AuditLeaf, AuditWaiting
from edms.audit.trail import AuditTrail
from edms.core.clock import FixedClock
from edms.core.database import Database, open_database
from edms.core.settings import DatabaseSettings
from edms.operation.door import Door

pytestmark = pytest.mark.postgresql
SEED = bytes(range(32))
ORIGIN = "edms/arsip-kota"


@pytest.fixture
def database(postgresql_tables_url: str, tmp_path) -> Iterator[Database]:  # type: ignore[no-untyped-def]
    opened = open_database(DatabaseSettings(url=postgresql_tables_url), tmp_path / "none.db", lambda: b"k" * 32)
    yield opened
    opened.close()


@pytest.fixture
def trail(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock, ORIGIN, SEED)


def event(name: str) -> AuditEvent:
    return AuditEvent("test.act", "system", "system:tests", "tests", "record", name)


def write(database: Database, trail: AuditTrail, *names: str) -> None:
    with database.writer() as session:
        trail.append_all(session, [event(name) for name in names])
        session.commit()


def integrate(database: Database, trail: AuditTrail, *, wait: bool = True) -> int:
    with database.writer() as session:
        count = trail.integrate(session, wait=wait)
        session.commit()
    return count


def placed(database: Database) -> list[str]:
    with database.reader() as session:
        return list(session.scalars(select(AuditLeaf.subject_id).order_by(AuditLeaf.index)))


def waiting(database: Database) -> int:
    with database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditWaiting)) or 0


def faults(database: Database, trail: AuditTrail) -> list[tuple[str, str]]:
    with database.reader() as session:
        return [(fault.id, fault.detail) for fault in trail.faults(session)]


def test_a_writer_does_not_wait_for_one_that_has_not_ended(database: Database, trail: AuditTrail) -> None:
    with database.writer() as slow:
        trail.append(slow, event("slow"))
        with database.writer() as quick:
            quick.execute(text("SET LOCAL lock_timeout = '2s'"))
            trail.append(quick, event("quick"))
            quick.commit()
        assert integrate(database, trail) == 1
        assert placed(database) == ["quick"]
        slow.commit()
    assert integrate(database, trail) == 1
    assert placed(database) == ["quick", "slow"]
    assert faults(database, trail) == []


def test_writers_do_not_wait_for_the_integrator_nor_one_integrator_for_another(
    database: Database, trail: AuditTrail
) -> None:
    write(database, trail, "a", "b")
    with database.writer() as under_way:
        assert trail.integrate(under_way) == 2
        write(database, trail, "c")
        assert integrate(database, trail, wait=False) == 0, "somebody is at it"
        under_way.rollback()
    assert placed(database) == [], "one that died has placed nothing"
    assert integrate(database, trail) == 3
    assert integrate(database, trail) == 0
    assert placed(database) == ["a", "b", "c"]


def test_what_was_committed_before_another_began_stands_before_it(database: Database, trail: AuditTrail) -> None:
    with database.writer() as holder:
        trail.append(holder, event("late"))
        for number in range(5):
            write(database, trail, f"early {number}")
        holder.commit()
    write(database, trail, "after all")
    integrate(database, trail)
    order = placed(database)
    assert [name for name in order if name.startswith("early")] == [f"early {number}" for number in range(5)]
    assert order[-1] == "after all"


def test_a_leaf_tells_its_lane_and_number_and_time_never_goes_back(
    database: Database, trail: AuditTrail, clock: FixedClock
) -> None:
    with database.writer() as slow:
        trail.append(slow, event("first written"))
        clock.set(clock.now() + timedelta(seconds=5))
        write(database, trail, "second written")
        integrate(database, trail)
        slow.commit()
    integrate(database, trail)
    with database.reader() as session:
        leaves = [read_leaf(body) for body in session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index))]
    assert [leaf["version"] for leaf in leaves] == [2, 2]
    assert {leaf["sequence"]["number"] for leaf in leaves} == {1}
    assert leaves[0]["sequence"]["lane"] != leaves[1]["sequence"]["lane"]
    assert leaves[0]["at"] == leaves[1]["at"], "the later of its own time and that of the leaf before"
    assert faults(database, trail) == []


def test_history_tells_of_what_still_waits(database: Database, trail: AuditTrail) -> None:
    write(database, trail, "x")
    integrate(database, trail)
    write(database, trail, "x", "y")
    with database.reader() as session:
        assert [entry["index"] for entry in trail.history(session, "record", "x")] == [0, None]


def remove_first(session: Session) -> None:
    session.execute(delete(AuditWaiting).where(AuditWaiting.number == 1))


def remove_last(session: Session) -> None:
    session.execute(delete(AuditWaiting).where(AuditWaiting.number == 3))


def remove_all(session: Session) -> None:
    session.execute(delete(AuditWaiting))


def alter(session: Session) -> None:
    row = session.scalars(select(AuditWaiting).where(AuditWaiting.number == 2)).one()
    row.body = row.body.replace(b'"b"', b'"z"')


def renumber(session: Session) -> None:
    session.execute(update(AuditWaiting).where(AuditWaiting.number == 2).values(number=4))


def invent(session: Session) -> None:
    row = session.scalars(select(AuditWaiting).where(AuditWaiting.number == 3)).one()
    values = {"lane": row.lane, "number": 4, "body": row.body, "mac": bytes(32)}
    session.execute(insert(AuditWaiting).values(**values, subject_kind="record", subject_id="c"))


def repeat(session: Session) -> None:
    row = session.scalars(select(AuditWaiting).where(AuditWaiting.number == 2)).one()
    values = {"lane": row.lane, "number": 2, "body": row.body, "mac": row.mac}
    session.execute(insert(AuditWaiting).values(**values, subject_kind="record", subject_id="b"))


def remove_lane(session: Session) -> None:
    session.execute(delete(AuditLane))


TAMPERING = [
    (remove_first, "removed before it had a place"),
    (remove_last, "removed before it had a place"),
    (remove_all, "events 1 to 3 of lane 1 are missing"),
    (alter, "not what a writer of ours left"),
    (renumber, "not what a writer of ours left"),
    (invent, "not what a writer of ours left"),
    (repeat, "there twice"),
    (remove_lane, "the lane is missing"),
]


@pytest.mark.parametrize(("tamper", "said"), TAMPERING, ids=[case[0].__name__ for case in TAMPERING])
@pytest.mark.parametrize("when", ["while it waits", "after the others were placed", "after more was written"])
def test_one_change_is_named_before_and_after(
    database: Database, trail: AuditTrail, tamper: Callable[[Session], None], said: str, when: str
) -> None:
    """A change to what waits never gets into the tree as ours, and stays visible for good."""
    write(database, trail, "a", "b", "c")
    with database.writer() as session:
        tamper(session)
        session.commit()
    if when != "while it waits":
        integrate(database, trail)
    if when == "after more was written":
        write(database, trail, "d", "e")
        integrate(database, trail)
    found = faults(database, trail)
    assert any(said in detail for _where, detail in found), found
    assert "z" not in placed(database)
    assert len(placed(database)) == len(set(placed(database)))


def test_a_number_that_misses_in_the_tree_is_named_at_its_place(database: Database, trail: AuditTrail) -> None:
    write(database, trail, "a", "b", "c")
    with database.writer() as session:
        session.execute(delete(AuditWaiting).where(AuditWaiting.number == 2))
        session.commit()
    integrate(database, trail)
    found = faults(database, trail)
    assert found == [("1", "event 2 of lane 1 is missing: removed before it had a place in the tree")]


ACTS = st.lists(
    st.sampled_from(["begin", "commit", "rollback", "integrate", "killed integrator", "try"]), min_size=5, max_size=40
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, seed=st.integers(0, 2**16))
def test_any_interleaving_places_every_committed_event_once(
    database: Database, trail: AuditTrail, acts: list[str], seed: int
) -> None:
    """Open transactions, ends of either kind and integrators in any order, against a plain model of what comes out."""
    chance = random.Random(seed)
    names = map(str, itertools.count())
    before = len(placed(database))
    open_ones: list[tuple[Session, list[str], int]] = []
    ended: list[tuple[list[str], int, int]] = []  # names, step of the beginning, step of the commit
    for step, act in enumerate([*acts, "integrate"]):
        if act == "begin" and len(open_ones) < 5:
            session = database.writer()
            own = [f"{seed} {next(names)}" for _ in range(chance.randint(1, 3))]
            trail.append_all(session, [event(name) for name in own])
            open_ones.append((session, own, step))
        elif act in ("commit", "rollback") and open_ones:
            session, own, began = open_ones.pop(chance.randrange(len(open_ones)))
            session.commit() if act == "commit" else session.rollback()
            session.close()
            if act == "commit":
                ended.append((own, began, step))
        elif act == "killed integrator":
            with database.writer() as session:
                trail.integrate(session)
                session.connection().invalidate()
        elif act in ("integrate", "try"):
            integrate(database, trail, wait=act == "integrate")
    for session, _own, _began in open_ones:
        session.rollback()
        session.close()
    order = placed(database)[before:]
    assert sorted(order) == sorted(name for own, _began, _ended in ended for name in own)
    position = {name: number for number, name in enumerate(order)}
    for first, second in itertools.permutations(ended, 2):
        if first[2] < second[1]:
            assert max(position[name] for name in first[0]) < min(position[name] for name in second[0])
    for own, _began, _ended in ended:
        assert [position[name] for name in own] == sorted(position[name] for name in own)
    assert faults(database, trail) == []


def test_writers_and_two_integrators_at_once(database: Database, trail: AuditTrail, clock: FixedClock) -> None:
    failed: list[BaseException] = []
    door = Door(database, trail, clock)
    done = threading.Event()

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the test shows whatever went wrong in the thread
                failed.append(error)

        return threading.Thread(target=run)

    def writer(name: str) -> Callable[[], None]:
        return lambda: [write(database, trail, f"{name}-{number}") for number in range(30)] and None

    def integrator() -> None:
        while not done.is_set():
            door.integrate(wait=False)

    writers = [guarded(writer(f"w{number}")) for number in range(6)]
    integrators = [guarded(integrator) for _ in range(2)]
    for thread in (*writers, *integrators):
        thread.start()
    for thread in writers:
        thread.join(120)
    done.set()
    for thread in integrators:
        thread.join(120)
    door.integrate()
    assert not failed
    order = placed(database)
    assert len(order) == len(set(order)) == 180
    for number in range(6):
        own = [name for name in order if name.startswith(f"w{number}-")]
        assert own == [f"w{number}-{each}" for each in range(30)]
    assert waiting(database) == 0
    assert faults(database, trail) == []


KILLED = """
import itertools, sys
from datetime import UTC, datetime
from pathlib import Path
from edms.audit.events import AuditEvent
from edms.audit.trail import AuditTrail
from edms.core.clock import FixedClock
from edms.core.database import open_database
from edms.core.settings import DatabaseSettings
from edms.operation.door import Door

clock = FixedClock(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
database = open_database(DatabaseSettings(url=sys.argv[1]), Path("none"), bytes)
trail = AuditTrail(clock, "edms/arsip-kota", bytes(range(32)))
door = Door(database, trail, clock)
for number in itertools.count():
    with database.writer() as session:
        trail.append(session, AuditEvent("test.act", "system", "s", "s", "record", f"{sys.argv[2]}-{number}"))
        session.commit()
    print(number, flush=True)
    door.integrate(wait=False)
"""


@pytest.mark.slow
def test_kill_nine_loses_and_doubles_nothing(database: Database, trail: AuditTrail, postgresql_tables_url: str) -> None:
    """Two processes write and integrate; each is killed at some moment, five times over."""
    chance = random.Random(9)
    told: set[str] = set()
    for turn in range(5):
        processes = {name: Forked(KILLED, postgresql_tables_url, name) for name in (f"{turn}a", f"{turn}b")}
        for name, process in processes.items():
            for _line in range(chance.randint(3, 25)):
                told.add(f"{name}-{int(process.stdout.readline())}")
            process.kill()
        for name, process in processes.items():
            rest = process.ended().out.split()
            told.update(f"{name}-{number}" for number in rest if number.isdigit())
    integrate(database, trail)
    order = placed(database)
    assert told <= set(order), "what was said to be committed is in the tree"
    assert len(order) == len(set(order))
    assert faults(database, trail) == []


def test_the_pending_body_is_what_the_format_says(database: Database, trail: AuditTrail) -> None:
    write(database, trail, "a")
    with database.reader() as session:
        row = session.scalars(select(AuditWaiting)).one()
    told = json.loads(row.body)
    assert "index" not in told
    assert told["sequence"] == {"lane": row.lane, "number": row.number}
