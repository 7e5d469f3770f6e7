"""Two archives watch each other, over real HTTP: what grew is cosigned, what was rewound or forked is found."""

import dataclasses
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, settings_in
from sqlalchemy import delete, select
from trails import grow, rewind
from werkzeug.serving import make_server

from edms.access.actors import console_actor
from edms.audit.cosignature import cosign, cosigned_at
from edms.audit.model import AuditCheckpoint, AuditCosignature, WitnessedTrail
from edms.audit.note import Checkpoint, sign_checkpoint, verifier_key
from edms.audit.publication import published
from edms.audit.witness_client import Witness
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.errors import Refused
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.evidence import new_checkpoint
from edms.records.witnessing import ask_witnesses, own_witness_key, watch
from edms.web.app import create_app

CONSOLE = console_actor("tests")


@pytest.fixture
def neighbour(demo_template: Path, tmp_path: Path) -> Iterator[Archive]:
    """Another archive, which witnesses."""
    folder = tmp_path / "neighbour"
    folder.mkdir()
    shutil.copytree(demo_template / "storage", folder / "storage")
    settings = settings_in(folder)
    named = settings.model_copy(update={"archive": settings.archive.model_copy(update={"name": "Arsip Kabupaten"})})
    opened = open_archive(named, FixedClock(MOMENT))
    yield opened
    opened.sandbox.close()
    opened.database.close()


@pytest.fixture
def address(neighbour: Archive) -> Iterator[str]:
    """Where the neighbour's pages are served."""
    server = make_server("127.0.0.1", 0, create_app(neighbour), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/witness"
    server.shutdown()
    thread.join()


@pytest.fixture
def ours(embedded: Archive, neighbour: Archive, address: str) -> Archive:
    """Our archive, which asks the neighbour; the neighbour knows its key."""
    watch(CONSOLE, neighbour, embedded.trail.verifier_key)
    return dataclasses.replace(embedded, witnesses=(Witness(address, own_witness_key(neighbour)),))


def test_what_grew_is_cosigned_again_and_again(ours: Archive, neighbour: Archive) -> None:
    key = own_witness_key(neighbour)
    for _turn in range(3):
        grow(ours, 5)
        new_checkpoint(CONSOLE, ours)
        (asked,) = ask_witnesses(ours)
        assert asked.problem == ""
        with ours.database.reader() as session:
            size, note = published(session) or (0, "")
            assert asked.size == size
            assert cosigned_at(note, key) == MOMENT
            assert list(ours.trail.faults(session)) == []
        with neighbour.database.reader() as session:
            known = session.get_one(WitnessedTrail, ours.trail.origin)
            assert (known.size, known.cosigned_at) == (size, MOMENT)
    assert ask_witnesses(ours) == []


def test_a_witness_asked_for_the_first_time_tells_what_it_knows(ours: Archive) -> None:
    """A cosignature that we lost: the witness answers with the size it has, and we prove from there."""
    new_checkpoint(CONSOLE, ours)
    assert ask_witnesses(ours)[0].problem == ""
    with ours.database.writer() as session:
        session.execute(delete(AuditCosignature))
        session.commit()
    grow(ours, 3)
    new_checkpoint(CONSOLE, ours)
    assert ask_witnesses(ours)[0].problem == ""


def test_an_archive_put_back_to_yesterday_is_found(ours: Archive) -> None:
    grow(ours)
    new_checkpoint(CONSOLE, ours)
    with ours.database.reader() as session:
        yesterday = ours.trail.size(session)
    grow(ours, 20)
    new_checkpoint(CONSOLE, ours)
    assert ask_witnesses(ours)[0].problem == ""
    rewind(ours, yesterday)
    with ours.database.reader() as session:
        assert list(ours.trail.faults(session)) == [], "by itself the archive cannot tell"
    new_checkpoint(CONSOLE, ours)
    (asked,) = ask_witnesses(ours)
    assert asked.size is None
    assert "has cosigned" in asked.problem


def test_another_history_of_the_same_length_or_longer_is_found(ours: Archive) -> None:
    with ours.database.reader() as session:
        before = ours.trail.size(session)
    grow(ours, 10)
    new_checkpoint(CONSOLE, ours)
    assert ask_witnesses(ours)[0].problem == ""
    rewind(ours, before)
    grow(ours, 40, "test.another_act")
    new_checkpoint(CONSOLE, ours)
    (asked,) = ask_witnesses(ours)
    assert asked.size is None
    assert "refused (422)" in asked.problem


def test_nobody_else_is_cosigned(ours: Archive, neighbour: Archive) -> None:
    """An unknown trail, and a known one under another key."""
    with neighbour.database.writer() as session:
        session.execute(delete(WitnessedTrail))
        session.commit()
    new_checkpoint(CONSOLE, ours)
    assert "refused (404)" in ask_witnesses(ours)[0].problem
    watch(CONSOLE, neighbour, ours.trail.verifier_key)
    with ours.database.writer() as session:
        newest = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).one()
        newest.note = sign_checkpoint(Checkpoint(ours.trail.origin, newest.size, b"r" * 32), b"z" * 32)
        session.commit()
    assert "refused (403)" in ask_witnesses(ours)[0].problem
    with pytest.raises(Refused, match="another key"):
        watch(CONSOLE, neighbour, verifier_key(ours.trail.origin, b"\2" * 32))


@pytest.mark.parametrize("key", ["", "x", "a+b+c", "arsip-kota+00000000+AAAA"])
def test_keys_that_are_none_are_refused(neighbour: Archive, key: str) -> None:
    with pytest.raises(Refused):
        watch(CONSOLE, neighbour, key)


def test_a_witness_that_lies_is_not_believed(ours: Archive) -> None:
    """An answer signed by another key than the configured one is no cosignature, and nothing is kept."""
    (witness,) = ours.witnesses
    other = dataclasses.replace(witness.key, public=b"\1" * 32)
    lied_to = dataclasses.replace(ours, witnesses=(Witness(witness.url, other),))
    new_checkpoint(CONSOLE, lied_to)
    (asked,) = ask_witnesses(lied_to)
    assert "no cosignature by the configured key" in asked.problem
    with ours.database.reader() as session:
        assert list(session.scalars(select(AuditCosignature))) == []


def test_a_witness_that_is_away_holds_nothing_up(ours: Archive) -> None:
    (witness,) = ours.witnesses
    away = dataclasses.replace(ours, witnesses=(Witness("http://127.0.0.1:9/witness", witness.key),))
    new_checkpoint(CONSOLE, away)
    assert "does not answer" in ask_witnesses(away)[0].problem


def test_an_altered_cosignature_is_named(ours: Archive) -> None:
    new_checkpoint(CONSOLE, ours)
    ask_witnesses(ours)
    report = verify_all(CONSOLE, ours)
    assert report.ok
    assert report.checked["cosignatures"] == 1
    with ours.database.writer() as session:
        row = session.scalars(select(AuditCosignature)).one()
        row.line = cosign(sign_checkpoint(Checkpoint("x", 1, b"r" * 32), b"s" * 32), row.witness, b"w" * 32, MOMENT)
        session.commit()
    assert {fault.kind for fault in verify_all(CONSOLE, ours).faults} == {"cosignature", "checkpoint"}
    without = verify_all(CONSOLE, dataclasses.replace(ours, witnesses=())).faults
    assert {fault.kind for fault in without} == {"checkpoint"}, "the row is not the one that was written"
