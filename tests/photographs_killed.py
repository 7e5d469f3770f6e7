"""A process that makes a document of photographs and is killed on the way: `python -m photographs_killed FOLDER URL
POINT UPLOAD…`."""

import os
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from archive_fixtures import MOMENT, settings_in

from edms.access.levels import Level
from edms.bootstrap import open_archive
from edms.capture import accept, photographs
from edms.capture.incoming import Placement
from edms.capture.photographs import ChosenPage, PageParameters, send_photographs
from edms.core.clock import FixedClock
from edms.records.people import console_person
from edms.vault.staging import Staging

POINTS = ("one is sealed", "all are sealed", "rows are written", "committed", "one is forgotten")
NOTHING_COMMITTED = POINTS[:3]
WHOLE = PageParameters(((0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000)))


def killed(*_anything: Any, **_told: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at_the_second(act: Any) -> Any:
    calls = iter((act, killed))
    return lambda *given: next(calls)(*given)


def main(folder: str, url: str, point: str, *uploads: str) -> None:
    archive = open_archive(settings_in(Path(folder), url), FixedClock(MOMENT))
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id
    if point == "one is sealed":
        accept._sealed = killed_at_the_second(accept._sealed)
    elif point == "all are sealed":
        accept._record = killed  # type: ignore[assignment]
    elif point == "rows are written":
        photographs._require_digests = killed
    elif point == "committed":
        Staging.remove = killed  # type: ignore[method-assign]
    else:
        Staging.remove = killed_at_the_second(Staging.remove)  # type: ignore[method-assign]
    pages = [ChosenPage(UUID(one), WHOLE) for one in uploads]
    send_photographs(clerk, archive, pages, "Surat edaran", Placement(clerk.office_id, "000.1.5", Level.OPEN))


if __name__ == "__main__":
    main(*sys.argv[1:])
