"""A process that verifies its share and is killed: `python -m rolling_killed FOLDER MINUTES POINT`.

POINT: `record N`, when the Nth record is about to be read; `kept`, when what was found is about to be committed;
`part N`, when the Nth part of the whole is about to be kept; or nothing, and it goes on until all is done.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive_fixtures import MOMENT, settings_in

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.settings import Settings
from edms.reconcile import rolling


def daily(settings: Settings) -> Settings:
    """Return settings by which everything is read every day, and a slice is not the shorter the busier the machine."""
    told = {"every_days": 1, "slice_seconds": 60.0}
    return settings.model_copy(update={"verification": settings.verification.model_copy(update=told)})


def _dies_at(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    return called


def main(folder: str, minutes: str, point: str = "") -> None:
    clock = FixedClock(MOMENT + timedelta(minutes=int(minutes)))
    archive = open_archive(daily(settings_in(Path(folder))), clock)
    what, _, number = point.partition(" ")
    name = {"record": "check_record", "kept": "mark_fixity", "part": "keep_part"}.get(what)
    if name:
        setattr(rolling, name, _dies_at(int(number or 1), getattr(rolling, name)))
    while rolling.verify_share(archive):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
