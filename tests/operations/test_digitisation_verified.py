"""What `edms verify` says of digitisations, two operators at once, and a closing that is killed in the middle."""

import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import settings_in, settle
from digitisation_people import (
    OPERATOR,
    SIGNERS,
    authenticated,
    checked,
    opened,
    put_in,
    scan,
    scanned,
    scanner_of,
    signed,
    with_checker,
)
from signing_people import who, with_pilot, with_signer

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.capture import digitisation_close
from edms.core.clock import FixedClock
from edms.core.errors import Refused
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.digitisation_marks import mark_copies
from edms.records.digitisation_model import DigitisationPaper
from edms.records.digitisations import show_digitisation
from edms.signing.authority import AuthorityMaterial
from edms.signing.personal_pilot import PilotSigner
from edms.text.ocr import OcrMyPdfEngine

CONSOLE = console_actor("tests")


def ready(archive: Archive) -> Archive:
    off = archive.settings.text.model_copy(update={"ocr": "off"})
    made = with_pilot(replace(archive, ocr=OcrMyPdfEngine(archive.sandbox, off)))
    with_checker(made)
    return made


@pytest.fixture
def quick(embedded: Archive) -> Archive:
    return ready(embedded)


def kinds(archive: Archive) -> set[str]:
    return {fault.kind for fault in verify_all(CONSOLE, archive).faults}


def tampered(archive: Archive, *statements: str) -> None:
    connection = archive.database.engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        cursor.execute(statement)
        assert cursor.rowcount, statement
    connection.invalidate()


CASES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "list": (
        ("UPDATE digitisations SET listed = replace(listed, 'Surat satu', 'Surat dua')",), {"row", "digitisation"}),
    "list and its hash": (("UPDATE digitisations SET list_sha256 = csv_sha256",), {"row", "digitisation"}),
    "who checked": (("UPDATE digitisation_items SET checked_by = added_by",), {"row"}),
    "item, removed": (
        ("DELETE FROM digitisation_marks", "DELETE FROM digitisation_items"), {"row", "digitisation"}),
    "paper": (("UPDATE digitisation_papers SET sha256 = lower(hex(zeroblob(32))) WHERE kind = 'list'",),
              {"row", "digitisation"}),
    "mark": (("UPDATE digitisation_marks SET sha256 = lower(hex(zeroblob(32)))",), {"row", "digitisation"}),
    "mark, removed": (("DELETE FROM digitisation_marks",), {"row", "digitisation"}),
    "scanner": (("UPDATE scanners SET optical_dpi = 2400",), {"row"}),
    "copy, removed": (("DELETE FROM components WHERE role = 'authenticated'",), {"record", "blob", "digitisation"}),
}  # fmt: skip


def test_verification_of_what_is_whole_and_of_each_thing_that_was_changed(quick: Archive, tmp_path: Path) -> None:
    authenticated(quick, scanned(quick, scan(), title="Surat satu"))
    settle(quick)
    assert verify_all(CONSOLE, quick).faults == []
    quick.database.close()
    database = next(quick.settings.storage.path.glob("*.db"))
    for name, (statements, named) in CASES.items():
        kept = {path: path.read_bytes() for path in database.parent.glob(f"{database.name}*")}
        tampered(quick, *statements)
        assert kinds(quick) == named, name
        quick.database.close()
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)


def test_two_operators_at_once(archive: Archive) -> None:
    """Each scan gets a number of its own, and the record that both take is in once."""
    archive = ready(archive)
    digitisation, scanner = opened(archive), scanner_of(archive)
    shared = scanned(archive, scan(seed=99))
    own = {name: [scanned(archive, scan(seed=place * 10 + number)) for number in range(2)]
           for place, name in enumerate((OPERATOR, "checker-dinkes"), 1)}  # fmt: skip
    refused: list[str] = []
    failed: list[BaseException] = []

    def work(name: str) -> None:
        for record in (own[name][0], shared, own[name][1]):
            try:
                put_in(archive, digitisation, scanner, record, by=name)
            except Refused as error:
                refused.append(error.message)
            except BaseException as error:  # noqa: BLE001 - told below, by the test itself
                failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert failed == []
    assert refused == ["the record is in a digitisation already"]
    items = show_digitisation(who(archive, OPERATOR), archive, digitisation).items
    assert sorted(item.number for item in items) == [1, 2, 3, 4, 5]
    assert {item.record for item in items} == {shared, *own[OPERATOR], *own["checker-dinkes"]}


def _close_and_die(folder: Path, moment: object, digitisation: UUID, dies_at: int) -> None:
    """In a process of its own: close, and be killed when the paper with this number is taken in (0: before any)."""
    archive = with_signer_of(open_archive(settings_in(folder), FixedClock(moment)))  # type: ignore[arg-type]
    taken, accept = [0], digitisation_close.accept

    def accept_or_die(*given: object) -> object:
        if taken[0] == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        taken[0] += 1
        return accept(*given)  # type: ignore[arg-type]

    digitisation_close.accept = accept_or_die  # type: ignore[assignment]
    digitisation_close.close_digitisation(who(archive, OPERATOR), archive, digitisation, "7/2026", SIGNERS)


def with_signer_of(archive: Archive) -> Archive:
    """Personal signatures on, as the archive that enrolled the officials has them."""
    material = AuthorityMaterial.from_json(archive.keys.secret("authority"))
    signer = PilotSigner(material, archive.personal_trust, "Pemerintah Kota", "ID", archive.clock, archive.timestamps)
    return with_signer(archive, signer)


@pytest.mark.parametrize("dies_at", [0, 1], ids=["before-the-list", "before-the-berita-acara"])
def test_a_closing_that_is_killed_goes_on_where_it_was(quick: Archive, installation: Path, dies_at: int) -> None:
    digitisation = checked(quick, scanned(quick, scan()))
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_close_and_die, args=(installation, quick.clock.now(), digitisation, dies_at))
    child.start()
    child.join(180)
    assert child.exitcode == -signal.SIGKILL
    clerk = who(quick, OPERATOR)
    shown = show_digitisation(clerk, quick, digitisation)
    assert (shown.stage, len(shown.papers)) == ("drawing_up", dies_at)
    digitisation_close.draw_up(clerk, quick, digitisation)
    digitisation_close.draw_up(clerk, quick, digitisation)
    with quick.database.reader() as session:
        assert session.query(DigitisationPaper).count() == 2
    settle(quick)
    again = show_digitisation(clerk, quick, digitisation)
    assert (again.stage, again.list_sha256) == ("to_ask", shown.list_sha256)
    assert verify_all(CONSOLE, quick).faults == []


def test_a_marking_that_breaks_off_goes_on_and_two_workers_make_one_copy(
    quick: Archive,
) -> None:
    digitisation = checked(quick, *(scanned(quick, scan(seed=number)) for number in range(3)))
    signed(quick, digitisation)
    assert mark_copies(quick, most=1) == 1
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.append(mark_copies(quick))) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert sum(made) == 2
    assert show_digitisation(who(quick, OPERATOR), quick, digitisation).stage == "done"
    assert verify_all(CONSOLE, quick).faults == []
