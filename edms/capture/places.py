"""Places at the workbench: one operating-system lock per worker on this machine.

Whoever holds the lock of a place knows that its former holder is dead, so the leases of that place are freed at once
and a killed worker's step is taken up again without waiting for the lease to run out.
"""

import fcntl
import os
import socket
from pathlib import Path

from edms.capture.work import take_over
from edms.records.archive import Archive

MOST_PLACES = 256


class Place:
    """A held place. `owner` is its name in leases."""

    def __init__(self, descriptor: int, owner: str) -> None:
        self._descriptor = descriptor
        self.owner = owner

    def leave(self) -> None:
        os.close(self._descriptor)


def take_place(archive: Archive, *, first_only: bool = False) -> Place | None:
    """Take the first free place and free its dead holder's leases. With `first_only`, None when it is taken."""
    folder = archive.settings.storage.path / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1 if first_only else MOST_PLACES):
        descriptor = _locked(folder / f"place-{number}.lock")
        if descriptor is not None:
            place = Place(descriptor, f"{socket.gethostname()}/{number}")
            take_over(archive, place.owner)
            return place
    return None


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
