"""A process that signs as an official and is killed on the way: `python -m signing_killed FOLDER URL USER POINT`."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from archive_fixtures import MOMENT, settings_in
from signing_people import give, under_pilot

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.records import signatures_sign

POINTS = ("signed", "kept", "advanced")
"""The signature is made; the signed document lies in the vault; its turn has moved on and nothing is committed."""


def _killed(*_anything: Any, **_told: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, url: str, user: str, point: str) -> None:
    archive = under_pilot(open_archive(settings_in(Path(folder), url), FixedClock(MOMENT)))
    if point == "signed":
        signatures_sign._store = _killed
    elif point == "kept":
        signatures_sign.advance = _killed
    else:
        signatures_sign._fill = _killed
    give(archive, user)


if __name__ == "__main__":
    main(*sys.argv[1:])
