"""A destruction from the due list to its end, on both databases and in both tiers."""

import pytest
from disposal_people import closed, due, ready
from signing_people import who

from edms.disposal.views import residual_of, show_batch
from edms.records.archive import Archive
from edms.retention.types import Tier


@pytest.mark.parametrize("tier", Tier)
def test_from_the_due_list_to_the_closed_batch(archive: Archive, tier: Tier) -> None:
    made = ready(archive)
    records = due(made, 2, tier)
    batch = closed(made, tier)
    shown = show_batch(who(made, "arsiparis"), made, batch)
    assert (shown.state, shown.counts) == ("CLOSED", {"DONE": 2})
    assert set(shown.papers) == {"proposal", "opinion", "request", "done_list", "minutes"}
    for record in records:
        left = residual_of(who(made, "records"), made, record)
        assert left is not None
        assert (left.batch, left.minutes) == (batch, shown.papers["minutes"])
        assert {"original", "manifest", "seal"} <= {one["role"] for one in left.components}
