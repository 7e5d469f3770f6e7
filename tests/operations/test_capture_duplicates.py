"""The same bytes again: reported within the office, never stored twice, never told to others, also in a race."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixtures import pdf, settle
from own_processes import Forked
from sqlalchemy import select

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement
from edms.core.database import Database
from edms.core.errors import NotFound
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.model import Record
from edms.records.searching import Question, search

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
ROUNDS = 5
WRITERS = 4

# What a second process does: open the installation in its folder and accept the file it is given.
ACCEPTING = """
import sys
from pathlib import Path
from archive_fixtures import settings_in
from edms.bootstrap import open_archive
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.records.people import console_person
archive = open_archive(settings_in(Path(sys.argv[1]), sys.argv[2]))
clerk = console_person(archive, "clerk-dinkes", "tests")
print("ready", flush=True)
sys.stdin.readline()
with open(sys.argv[3], "rb") as stream:
    accepted = accept(clerk, archive, IncomingFile("surat.pdf", stream), Placement(clerk.office_id))
print(accepted.record_id, accepted.duplicate)
"""


def stored(archive: Archive) -> int:
    return sum(path.is_file() for path in (archive.settings.storage.path / "blobs").rglob("*"))


def all_records(database: Database) -> list[Record]:
    with database.reader() as session:
        return list(session.scalars(select(Record)))


def take(archive: Archive, clerk: Actor, content: bytes) -> Accepted:
    assert clerk.office_id is not None
    return accept(clerk, archive, IncomingFile("surat.pdf", io.BytesIO(content)), Placement(clerk.office_id))


def test_many_threads_with_one_file_make_one_record(archive: Archive, person: Person) -> None:
    """All at the same moment: one is taken in, the others are told of it, and one blob lies in the store."""
    clerk = person(archive, "clerk-dinkes")
    for number in range(ROUNDS):
        content, outcomes, together = pdf(f"Surat nomor {number}"), list[Accepted](), threading.Barrier(WRITERS)

        def send(content: bytes = content, told: list[Accepted] = outcomes, gate: threading.Barrier = together) -> None:
            gate.wait(120)
            told.append(take(archive, clerk, content))

        threads = [threading.Thread(target=send) for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(outcomes) == WRITERS, "every sender was answered"
        assert [outcome.duplicate for outcome in outcomes].count(False) == 1
        assert len({outcome.record_id for outcome in outcomes}) == 1
        assert stored(archive) == number + 1
    settle(archive)
    assert len(all_records(archive.database)) == ROUNDS
    assert verify_all(console_actor("tests"), archive).ok


def test_processes_with_one_file_make_one_record(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "surat.pdf"
    path.write_bytes(pdf("Surat yang dikirim dua kali"))
    folder, url = archive.settings.storage.path.parent, archive.settings.database.url
    senders = [Forked(ACCEPTING, folder, url, path) for _ in range(2)]
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        sender.tell("\n")
    answers = [sender.ended().out.split() for sender in senders]
    assert sorted(duplicate for _record, duplicate in answers) == ["False", "True"]
    assert len({record for record, _duplicate in answers}) == 1
    assert stored(archive) == 1


def test_another_office_learns_nothing_from_sending_the_same(
    archive: Archive, capture: Capture, person: Person
) -> None:
    """Not whether it is there, not by whom, not by a state, and not by what it may see afterwards (invariant 5)."""
    content = pdf("Laporan flamboyan tertutup")
    first = capture(archive, content, level=Level.RESTRICTED, title="Laporan")
    second = capture(archive, content, by="clerk-bappeda", title="Laporan")
    assert not second.duplicate
    assert second.record_id != first.record_id
    bappeda = person(archive, "clerk-bappeda")
    found = search(bappeda, archive, Question("flamboyan"))
    assert [hit.record.id for hit in found.found] == [second.record_id]
    told = str(record_details(bappeda, archive, second.record_id).as_dict())
    assert str(first.record_id) not in told
    assert "duplicate" not in told


def test_a_duplicate_is_in_the_history_of_what_was_there_first(
    archive: Archive, capture: Capture, person: Person
) -> None:
    content = pdf("Surat edaran")
    first = capture(archive, content)
    again = capture(archive, content, name="salinan.pdf")
    assert (again.duplicate, again.record_id, again.sha256) == (True, first.record_id, first.sha256)
    events = [
        event["action"] for event in record_details(person(archive, "clerk-dinkes"), archive, first.record_id).history
    ]
    assert "record.duplicate" in events


def test_what_is_quarantined_is_a_duplicate_too(archive: Archive, capture: Capture) -> None:
    first = capture(archive, b"%PDF-1.4 broken")
    again = capture(archive, b"%PDF-1.4 broken")
    assert (again.duplicate, again.record_id, again.state) == (True, first.record_id, "quarantined")


def test_a_duplicate_cannot_be_told_where_capture_is_not_allowed(
    archive: Archive, capture: Capture, person: Person
) -> None:
    content = pdf("Surat")
    capture(archive, content)
    dinkes = person(archive, "clerk-dinkes").office_id
    assert dinkes is not None
    before = stored(archive)
    bappeda = person(archive, "clerk-bappeda")
    with pytest.raises(NotFound, match=r"^not found$"):
        accept(bappeda, archive, IncomingFile("a.pdf", io.BytesIO(content)), Placement(dinkes))
    assert stored(archive) == before
