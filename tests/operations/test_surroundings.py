"""What is not a file's fault never sets it aside: it waits until the authority answers or the disk has room."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import OWNER, pdf, settle
from sqlalchemy import Connection, event, select

from edms.access.actors import Actor
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.capture.ingest import IngestReport, ingest_paths, wait_until_done
from edms.capture.progress import progress_of
from edms.capture.work import work_until_idle
from edms.cli.context import progress_bar
from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.jobs.queue import SOON_SECONDS
from edms.records.archive import Archive
from edms.records.searching import Question, search
from edms.signing.remote import HttpTimestamps
from edms.vault.vault import SealedBlob, Vault

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
CAPTURED = ["record:capture", "record.examined", "record.access_copy_made", "record.sealed", "record.declared"]


def nobody_there(archive: Archive) -> Archive:
    """The archive with a timestamp authority at a port where nobody listens."""
    return dataclasses.replace(
        archive, timestamps=HttpTimestamps("http://127.0.0.1:9/tsa", archive.trust, archive.clock)
    )


def later(archive: Archive, **time: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(**(time or {"hours": 1})))


def test_an_authority_that_is_away_for_days_sets_nothing_aside(
    archive: Archive, capture: Capture, person: Person
) -> None:
    cut_off = nobody_there(archive)
    accepted = capture(cut_off, pdf("Surat yang menunggu cap waktu"), work=False)
    for _day in range(10):
        work_until_idle(cut_off, OWNER)
        (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
        assert found.state == "processing"
        assert "does not answer" in found.postponed
        assert found.waits_long(archive.clock.now())
        later(cut_off)
    settle(archive)
    (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
    assert (found.state, found.postponed) == ("declared", "")


def test_what_was_read_is_found_while_the_authority_is_away(archive: Archive, capture: Capture, person: Person) -> None:
    cut_off = nobody_there(archive)
    capture(cut_off, pdf("Surat yang merindukan cap waktu"))
    assert search(person(archive, "clerk-dinkes"), archive, Question("merindukan")).answer.total == 1


def test_a_born_digital_file_is_examined_and_copied_in_one_transaction_and_told_in_order(
    archive: Archive, capture: Capture
) -> None:
    accepted = capture(archive, pdf("Surat yang lahir digital"))
    with archive.database.reader() as session:
        query = select(AuditLeaf).where(AuditLeaf.subject_id == str(accepted.record_id)).order_by(AuditLeaf.at)
        leaves = sorted(session.scalars(query), key=lambda leaf: leaf.index)
    assert [leaf.action for leaf in leaves] == CAPTURED
    assert leaves[1].at == leaves[2].at


def test_a_wait_at_the_console_ends_and_says_what_for(embedded: Archive, person: Person, tmp_path: Path) -> None:
    cut_off = nobody_there(embedded)
    file = tmp_path / "surat.pdf"
    file.write_bytes(pdf("Surat yang menunggu"))
    clerk = person(cut_off, "clerk-dinkes")
    assert clerk.office_id is not None
    report: IngestReport = ingest_paths(
        clerk, cut_off, (file,), clerk.office_id, "000.1.5", None, progress=progress_bar("ingest")
    )
    (line,) = wait_until_done(clerk, cut_off, report, progress=progress_bar("capture")).lines
    assert line.state == "processing"
    assert "does not answer" in line.reason


class FullVault(Vault):
    """A vault on a disk without room."""

    def put(self, *_arguments: object, **_named: object) -> SealedBlob:
        raise StorageFault("cannot write the blob: No space left on device", "free some space, then try again")


def test_a_full_disk_in_a_step_sets_nothing_aside(embedded: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(embedded, pdf("Surat saat cakram penuh"), work=False)
    full = dataclasses.replace(embedded, vault=FullVault(embedded.vault._store, embedded.keys.keys, embedded.clock))
    for _hour in range(6):
        work_until_idle(full, OWNER)
        later(embedded)
    (found,) = progress_of(person(embedded, "clerk-dinkes"), embedded, [accepted.record_id])
    assert "No space left" in found.postponed
    settle(embedded)
    (found,) = progress_of(person(embedded, "clerk-dinkes"), embedded, [accepted.record_id])
    assert found.state == "declared"


@pytest.mark.postgresql
@pytest.mark.parametrize("archive", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_costs_a_step_a_moment(archive: Archive, capture: Capture, person: Person) -> None:
    """A real cut, just before the step's commit; the next transaction has a new connection."""
    accepted = capture(archive, pdf("Surat saat sambungan terputus"), work=False)
    engine, cut = archive.database.engine, []

    def cut_off(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "components" in statement and statement.startswith(("INSERT", "UPDATE")) and not cut:
            cut.append(statement)
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    event.listen(engine, "before_cursor_execute", cut_off)
    work_until_idle(archive, OWNER)
    event.remove(engine, "before_cursor_execute", cut_off)
    assert cut
    (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
    assert "database" in found.postponed
    assert not found.waits_long(archive.clock.now()), "a wait at the console waits for it"
    later(archive, seconds=SOON_SECONDS)
    settle(archive)
    (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
    assert (found.state, found.postponed) == ("declared", "")


def test_a_files_own_fault_still_sets_it_aside(embedded: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(nobody_there(embedded), b"%PDF-1.7\ndamaged")
    (found,) = progress_of(person(embedded, "clerk-dinkes"), embedded, [accepted.record_id])
    assert found.state == "quarantined"
