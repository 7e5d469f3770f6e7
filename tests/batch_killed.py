"""A process that confirms a batch and makes its parts, and is killed: `main` with folder, URL, batch and POINT.

It is told the version of the plan and the minutes that have passed as well. POINT: `confirmed`, when the confirmation
is about to be committed; `part`, when the next part is about to be; `made`, when the next part has just been;
`divided`, when the last is there and the end is about to be noted.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from archive_fixtures import MOMENT, OWNER, settings_in
from batch_material import with_review

from edms.bootstrap import open_archive
from edms.capture import batch_steps, batches
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.records.people import console_person

DIVIDED = "record.batch_divided"


def _killed(*_anything: Any, **_told: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_at(point: str) -> None:
    accepted, settled, result = batch_steps.accept, batch_steps._settled, batch_steps.StepResult
    if point == "confirmed":
        batches.resume = _killed  # type: ignore[assignment]
    elif point == "part":
        batch_steps._settled = lambda *told: lambda *made: _killed(settled(*told)(*made))
    elif point == "made":
        batch_steps.accept = lambda *told: _killed(accepted(*told))
    elif point == "divided":
        batch_steps.StepResult = lambda name, *told: _killed() if name == DIVIDED else result(name, *told)  # type: ignore[misc,assignment]


def main(folder: str, url: str, batch: str, version: str, minutes: str, point: str) -> None:
    _dies_at(point)
    clock = FixedClock(MOMENT + timedelta(minutes=int(minutes)))
    archive = with_review(open_archive(settings_in(Path(folder), url), clock), "always")
    batches.confirm_batch(console_person(archive, "clerk-dinkes", "tests"), archive, UUID(batch), int(version))
    work_until_idle(archive, OWNER)


if __name__ == "__main__":
    main(*sys.argv[1:])
