"""Years of an archive, day by day, against the law worked out a second time (docs/disposal.md).

    EDMS_YEARS=30 EDMS_YEARS_RECORDS=50000 python -m pytest -n 0 -s tests/operations/test_thirty_years.py

The clock is the archive's own, set to each day in turn. Small by itself; the seed is `EDMS_YEARS_SEED`.
"""

import os
import time

import pytest
from disposal_people import ready
from thirty_years import City

from edms.records.archive import Archive

YEARS = int(os.environ.get("EDMS_YEARS", "2"))
RECORDS = int(os.environ.get("EDMS_YEARS_RECORDS", "300"))
SEED = int(os.environ.get("EDMS_YEARS_SEED", "20261127"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(24 * 3600 if RECORDS > 1000 else 900)]


def test_nothing_goes_that_may_not_and_everything_due_is_told(embedded: Archive) -> None:
    began = time.monotonic()
    city = City(ready(embedded), RECORDS, YEARS, SEED)
    counts = city.live(lambda line: print(f"{time.monotonic() - began:.0f} s, {line}", flush=True))
    assert counts["days"] == 365 * YEARS
    assert counts["destroyed"] > RECORDS // 20
    assert counts["attempts refused"] > 20
    assert counts["holds placed"] > 10
    assert counts["events verified"] > 3
    assert counts["whole at the end"] >= RECORDS - counts["destroyed"] - counts["files damaged"]
