"""What interrupted uploads leave goes after its grace period, and nothing else ever does."""

import io
import os
from collections.abc import Callable
from datetime import timedelta

from archive_fixtures import pdf

from edms.access.actors import console_actor
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.upkeep import collect_garbage

CONSOLE = console_actor("tests")


def test_what_no_row_names_goes_after_its_grace_period(archive: Archive, capture: Callable[..., Accepted]) -> None:
    capture(archive, pdf("Surat yang tetap"))
    blobs = archive.settings.storage.path / "blobs"
    orphan = archive.vault.put(io.BytesIO(b"an upload that was interrupted"), "original")
    half = blobs / "incoming" / ("ab" * 16)
    half.write_bytes(b"half of one")
    written = {path: path.stat().st_mtime for path in blobs.rglob("*") if path.is_file()}
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    for path in written:
        os.utime(path, (clock.now().timestamp() - 1,) * 2)
    assert collect_garbage(archive) == 0
    assert any("wait to be collected" in note for note in verify_all(CONSOLE, archive).notes)
    clock.set(clock.now() + timedelta(hours=archive.settings.storage.garbage_grace_hours, minutes=1))
    assert collect_garbage(archive) == 2
    assert {path for path in written if not path.exists()} == {half, blobs / orphan.name[:2] / orphan.name}
    assert collect_garbage(archive) == 0
    report = verify_all(CONSOLE, archive)
    assert report.faults == []
    assert not any("wait to be collected" in note for note in report.notes)
