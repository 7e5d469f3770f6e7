"""The audit trail on both databases: order, rollback, proofs, and the naming of every fault."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.event import listen
from sqlalchemy.orm import Session
from trails import set_lanes_back

from edms.audit import tree
from edms.audit.events import MOST_LEAF_BYTES, AuditEvent, Numbered, leaf_at, told_of
from edms.audit.inspection import BATCH, Fault
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import open_checkpoint
from edms.audit.trail import AuditTrail
from edms.core.clock import FixedClock
from edms.core.database import Database

SEED = bytes(range(32))
ORIGIN = "edms/arsip-kota"


def event(number: int = 0, subject: str = "r1") -> AuditEvent:
    return AuditEvent("record.viewed", "person", "p1", "Siti Aminah", "record", subject, details={"number": number})


@pytest.fixture
def trail(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock, ORIGIN, SEED)


def filled(database: Database, trail: AuditTrail, count: int, *checkpoints: int) -> list[str]:
    """Append `count` leaves with checkpoints at some sizes, and return those."""
    notes = []
    with database.writer() as session:
        for number in range(count):
            trail.append(session, event(number, f"r{number % 3}"))
            if number + 1 in checkpoints:
                notes.append(trail.checkpoint(session))
        trail.integrate(session)
        session.commit()
    return notes


def settled(database: Database, trail: AuditTrail) -> int:
    """Give every event its place, and return the size of the trail."""
    with database.writer() as session:
        trail.integrate(session)
        session.commit()
        return trail.size(session)


def found(database: Database, trail: AuditTrail, *kept: str) -> list[Fault]:
    with database.reader() as session:
        return list(trail.faults(session, kept))


def named(faults: list[Fault]) -> list[tuple[str, str]]:
    return [(fault.kind, fault.id) for fault in faults]


def test_indexes_have_no_gaps_and_the_tree_is_that_of_the_leaves(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 37)
    with database.reader() as session:
        bodies = list(session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index)))
        assert [json.loads(body)["index"] for body in bodies] == list(range(37))
        hashes = [tree.leaf_hash(body) for body in bodies]
        for size in range(1, 38):
            for index in (0, size // 2, size - 1):
                path = trail.inclusion(session, index, size)
                assert tree.included(hashes[index], index, size, path, tree.root_of(hashes[:size]))
            proof = trail.consistency(session, size, 37)
            assert tree.consistent(size, 37, tree.root_of(hashes[:size]), tree.root_of(hashes), proof)
    assert found(database, trail) == []


def test_a_proof_is_one_question_and_an_event_is_few(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 300)
    asked: list[str] = []
    listen(database.engine, "before_cursor_execute", lambda _c, _cur, text, _told, _x, _m: asked.append(text))
    with database.reader() as session:
        for size in (2, 3, 64, 200, 255, 300):
            for make in (trail.inclusion, trail.consistency):
                session.connection()
                asked.clear()
                make(session, 1, size)
                assert len(asked) == 1
    with database.writer() as session:
        session.connection()
        asked.clear()
        trail.append(session, event())
        # The newest leaf, the nodes to go on from, leaf, nodes; on PostgreSQL the lane and the event that waits.
        assert len(asked) == (4 if database.is_sqlite else 2)
        session.rollback()


def test_many_events_at_once_are_the_same_as_one_by_one(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 1)
    with database.writer() as session:
        trail.append_all(session, [])
        trail.append_all(session, [event(0), event(1), event(2)])
        trail.append(session, event(3))
        trail.append_all(session, [event(number) for number in range(4, 20)])
        together = trail.checkpoint(session)
        assert open_checkpoint(together, trail.public_key).size == 21
        session.rollback()
        assert trail.size(session) == 1
        for number in range(20):
            trail.append(session, event(number))
        assert trail.checkpoint(session) == together


def test_an_event_goes_with_its_transaction(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 5)
    with database.writer() as session:
        trail.append(session, event())
        session.rollback()
    with database.writer() as session:
        trail.append(session, event())
        session.commit()
    assert settled(database, trail) == 6
    assert found(database, trail) == []


def test_writers_at_the_same_time_lose_nothing(database: Database, trail: AuditTrail) -> None:
    start, failed = threading.Barrier(4), []

    def write() -> None:
        start.wait(120)
        try:
            for number in range(10):
                with database.writer() as session:
                    trail.append_all(session, [event(number), event(number)])
                    session.commit()
        except Exception as error:  # noqa: BLE001 - the test shows whatever went wrong in the thread
            failed.append(error)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert not failed
    assert settled(database, trail) == 80
    assert found(database, trail) == []


def test_time_never_goes_back_when_the_clock_does(database: Database, trail: AuditTrail, clock: FixedClock) -> None:
    filled(database, trail, 2)
    before = clock.now()
    clock.set(before - timedelta(days=400))
    filled(database, trail, 1)
    clock.set(before + timedelta(seconds=1))
    filled(database, trail, 1)
    with database.reader() as session:
        assert list(session.scalars(select(AuditLeaf.at).order_by(AuditLeaf.index))) == [
            *[before] * 3,
            before + timedelta(seconds=1),
        ]
    assert found(database, trail) == []


def test_history_tells_of_one_subject_in_order(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 9)
    with database.reader() as session:
        history = trail.history(session, "record", "r1")
        assert [entry["details"]["number"] for entry in history] == [1, 4, 7]
        assert history[0]["actor"] == "Siti Aminah"
        assert trail.history(session, "folder", "r1") == []


def test_a_checkpoint_is_of_what_the_transaction_sees(database: Database, trail: AuditTrail) -> None:
    empty, *_ = [filled(database, trail, 0)]
    assert empty == []
    with database.writer() as session:
        note = trail.checkpoint(session)
        assert open_checkpoint(note, trail.public_key).root == tree.EMPTY_ROOT
        trail.append(session, event())
        again = trail.checkpoint(session)
        assert trail.checkpoint(session) == again
        assert open_checkpoint(again, trail.public_key).size == 1
        assert trail.latest_checkpoint(session) == (1, again)
        session.commit()
    assert found(database, trail, note, again) == []


def test_what_does_not_fit_a_leaf_is_refused_before_it_is_written(database: Database, trail: AuditTrail) -> None:
    with pytest.raises(ValueError, match="subject_id"):
        event(subject="x" * 81)
    huge = AuditEvent("a", "person", "p", "n", "record", "r", details={"x": "y" * MOST_LEAF_BYTES})
    with database.writer() as session:
        with pytest.raises(ValueError, match="more than 65535 bytes"):
            trail.append_all(session, [event(), huge])
        trail.integrate(session)
        assert trail.size(session) == 0


def change_body(session: Session) -> None:
    body = session.scalar(select(AuditLeaf.body).where(AuditLeaf.index == 6))
    assert body
    session.execute(update(AuditLeaf).where(AuditLeaf.index == 6).values(body=body.replace(b"Siti", b"Budi")))


def spoil_body(session: Session) -> None:
    session.execute(update(AuditLeaf).where(AuditLeaf.index == 6).values(body=b"\xff{"))


def change_column(session: Session) -> None:
    session.execute(update(AuditLeaf).where(AuditLeaf.index == 6).values(subject_id="r9"))


def change_time(session: Session) -> None:
    at = session.scalar(select(AuditLeaf.at).where(AuditLeaf.index == 6))
    assert at
    session.execute(update(AuditLeaf).where(AuditLeaf.index == 6).values(at=at - timedelta(seconds=1)))


def delete_leaf(session: Session) -> None:
    session.execute(delete(AuditLeaf).where(AuditLeaf.index == 6))


def delete_two(session: Session) -> None:
    session.execute(delete(AuditLeaf).where(AuditLeaf.index.in_((6, 7))))


def cut_leaves(session: Session) -> None:
    session.execute(delete(AuditLeaf).where(AuditLeaf.index >= 9))


def change_leaf_node(session: Session) -> None:
    session.execute(update(AuditNode).where(AuditNode.level == 0, AuditNode.position == 6).values(hash=bytes(32)))


def change_node(session: Session) -> None:
    session.execute(update(AuditNode).where(AuditNode.level == 2, AuditNode.position == 1).values(hash=bytes(32)))


def delete_node(session: Session) -> None:
    session.execute(delete(AuditNode).where(AuditNode.level == 1, AuditNode.position == 3))


def add_node(session: Session) -> None:
    session.execute(insert(AuditNode).values(level=1, position=50, hash=bytes(32)))


def add_leaf_before(session: Session) -> None:
    row = {"body": b"{}", "action": "", "actor_id": "", "subject_kind": "", "subject_id": ""}
    at = session.scalar(select(AuditLeaf.at).limit(1))
    session.execute(insert(AuditLeaf).values(index=-1, at=at, **row))


def add_leaf_far(session: Session) -> None:
    row = {"body": b"{}", "action": "", "actor_id": "", "subject_kind": "", "subject_id": ""}
    at = session.scalar(select(AuditLeaf.at).limit(1))
    session.execute(insert(AuditLeaf).values(index=2**40, at=at, **row))


def change_note(session: Session) -> None:
    note = session.scalar(select(AuditCheckpoint.note).where(AuditCheckpoint.size == 8))
    assert note
    session.execute(
        update(AuditCheckpoint).where(AuditCheckpoint.size == 8).values(note=note.replace("\n8\n", "\n7\n"))
    )


def move_note(session: Session) -> None:
    session.execute(update(AuditCheckpoint).where(AuditCheckpoint.size == 8).values(size=7))


MATRIX = [
    (change_body, [("audit", "6")]),
    (spoil_body, [("audit", "6"), ("audit", "6")]),
    (change_column, [("audit", "6")]),
    (change_time, [("audit", "6")]),
    (delete_leaf, [("audit", "6")]),
    (delete_two, [("audit", "6")]),
    (cut_leaves, [("checkpoint", "11"), ("audit", "node 0/9"), ("audit", "node 0/10"), ("audit", "node 1/4")]),
    (change_leaf_node, [("audit", "node 0/6")]),
    (change_node, [("audit", "node 2/1")]),
    (delete_node, [("audit", "node 1/3")]),
    (add_node, [("audit", "node 1/50")]),
    (add_leaf_before, [("audit", "-1")]),
    (add_leaf_far, [("audit", "11"), ("audit", "11")]),
    (change_note, [("checkpoint", "8")]),
    (move_note, [("checkpoint", "7")]),
]


@pytest.mark.parametrize(("tamper", "expected"), MATRIX, ids=[case[0].__name__ for case in MATRIX])
def test_one_change_is_named(
    database: Database, trail: AuditTrail, tamper: Callable[[Session], None], expected: list[tuple[str, str]]
) -> None:
    filled(database, trail, 11, 4, 8, 11)
    assert found(database, trail) == []
    with database.writer() as session:
        tamper(session)
        session.commit()
    counted = [] if database.is_sqlite or tamper is not cut_leaves else [("audit", "lane 1")]
    assert named(found(database, trail)) == expected + counted


def leaf(database: Database, told: AuditEvent, index: int, at: datetime) -> bytes:
    """Return the leaf as this database would have it, all from one writer."""
    numbered = None if database.is_sqlite else Numbered(1, index + 1)
    return leaf_at(told_of(told, at, numbered), index)


def rewrite(session: Session, leaves: list[bytes]) -> None:
    """Do what somebody does who knows the format but has no signing key: make leaves and all nodes anew."""
    first = session.scalars(select(AuditLeaf).order_by(AuditLeaf.index)).all()[0]
    session.expunge_all()
    for table in (AuditLeaf, AuditNode):
        session.execute(delete(table))
    growing = tree.Frontier()
    for index, body in enumerate(leaves):
        told = json.loads(body)
        row = AuditLeaf(
            index=index,
            body=body,
            at=first.at,
            action=told["action"],
            actor_id=told["actor"]["id"],
            subject_kind=told["subject"]["kind"],
            subject_id=told["subject"]["id"],
            lane=told.get("sequence", {}).get("lane"),
            number=told.get("sequence", {}).get("number"),
        )
        session.add(row)
        made = growing.add(tree.leaf_hash(body))
        session.add_all(AuditNode(level=level, position=place, hash=value) for level, place, value in made)
    session.flush()
    set_lanes_back(session)
    session.commit()


@pytest.mark.parametrize("forgery", ["changed", "dropped", "inserted", "swapped"])
def test_a_forger_without_the_key_is_found_by_the_next_checkpoint(
    database: Database, trail: AuditTrail, clock: FixedClock, forgery: str
) -> None:
    filled(database, trail, 11, 4, 8, 10)
    numbers = list(range(11))
    forged = {
        "changed": [*numbers[:6], 99, *numbers[7:]],
        "dropped": [*numbers[:6], *numbers[7:]],
        "inserted": [*numbers[:6], 99, *numbers[6:]],
        "swapped": [*numbers[:6], 7, 6, *numbers[8:]],
    }[forgery]
    leaves = [leaf(database, event(n, f"r{n % 3}"), i, clock.now()) for i, n in enumerate(forged)]
    with database.writer() as session:
        rewrite(session, leaves)
    faults = found(database, trail)
    assert named(faults) == [("checkpoint", "8")]
    assert "from leaf 4 on" in faults[0].detail


def test_back_dating_is_found_when_all_hashes_fit(database: Database, trail: AuditTrail, clock: FixedClock) -> None:
    filled(database, trail, 3)
    leaves = [leaf(database, event(n), n, clock.now() - timedelta(days=n == 1)) for n in range(3)]
    with database.writer() as session:
        rewrite(session, leaves)
        at = clock.now() - timedelta(days=1)
        session.execute(update(AuditLeaf).where(AuditLeaf.index == 1).values(at=at))
        session.commit()
    faults = found(database, trail)
    assert named(faults) == [("audit", "1")]
    assert "dated before" in faults[0].detail


def test_a_whole_earlier_state_is_found_with_a_checkpoint_kept_outside(database: Database, trail: AuditTrail) -> None:
    kept = filled(database, trail, 11, 5, 11)
    with database.writer() as session:
        session.execute(delete(AuditCheckpoint).where(AuditCheckpoint.size == 11))
        session.execute(delete(AuditLeaf).where(AuditLeaf.index >= 9))
        session.execute(delete(AuditNode).where((AuditNode.position + 1) * text("(1 << level)") > 9))
        set_lanes_back(session)
        session.commit()
    assert found(database, trail) == [], "a rewound copy is whole in itself"
    faults = found(database, trail, *kept)
    assert named(faults) == [("checkpoint", "11")]
    assert "was cut" in faults[0].detail


def test_a_history_rewritten_with_the_key_is_found_with_a_checkpoint_kept_outside(
    database: Database, trail: AuditTrail, clock: FixedClock
) -> None:
    kept = filled(database, trail, 8, 8)
    with database.writer() as session:
        session.execute(delete(AuditCheckpoint))
        rewrite(session, [leaf(database, event(n + 100), n, clock.now()) for n in range(8)])
        trail.checkpoint(session)
        session.commit()
    assert found(database, trail) == []
    assert named(found(database, trail, *kept)) == [("checkpoint", "8")]


def test_a_checkpoint_of_somebody_else_proves_nothing(database: Database, trail: AuditTrail, clock: FixedClock) -> None:
    filled(database, trail, 2)
    with database.writer() as session:
        other_key = AuditTrail(clock, ORIGIN, bytes(32)).checkpoint(session)
        session.rollback()
        other_archive = AuditTrail(clock, "edms/elsewhere", SEED).checkpoint(session)
        session.rollback()
    faults = found(database, trail, other_key, other_archive, "nonsense")
    assert named(faults) == [("checkpoint", "kept 1"), ("checkpoint", "kept 2"), ("checkpoint", "kept 3")]


def test_an_append_upon_a_damaged_tree_is_refused(database: Database, trail: AuditTrail) -> None:
    filled(database, trail, 3)
    with database.writer() as session:
        session.execute(delete(AuditNode).where(AuditNode.level == 1))
        with pytest.raises(ValueError, match="edms verify --all"):
            trail.append(session, event())
            trail.integrate(session)


def test_more_leaves_than_a_batch(database: Database, trail: AuditTrail) -> None:
    size = 2 * BATCH + 7
    with database.writer() as session:
        trail.append_all(session, [event(number) for number in range(size)])
        trail.checkpoint(session)
        session.commit()
    assert found(database, trail) == []
    with database.writer() as session:
        session.execute(delete(AuditLeaf).where(AuditLeaf.index.between(5, BATCH + 5)))
        session.execute(
            update(AuditNode).where(AuditNode.level == 0, AuditNode.position == BATCH + 9).values(hash=b"x")
        )
        session.commit()
    faults = found(database, trail)
    assert named(faults) == [("audit", "5"), ("audit", str(BATCH)), ("audit", f"node 0/{BATCH + 9}")]
    assert "leaves 5 to 1023 are missing" in faults[0].detail
