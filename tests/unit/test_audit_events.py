"""A leaf says what the event said, in one spelling, whatever the details are."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfc8785 import CanonicalizationError

from edms.audit.events import AuditEvent, leaf_bytes, read_leaf, spelled

MOMENT = datetime(2026, 11, 24, 3, 0, 0, 7, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def event(**changed: Any) -> AuditEvent:
    told = {"action": "record.viewed", "actor_kind": "person", "actor_id": "p1", "actor_name": "Siti"}
    return AuditEvent(**{**told, "subject_kind": "record", "subject_id": "r1", **changed})


@given(st.dictionaries(texts, values, max_size=4), texts)
def test_every_leaf_that_is_written_can_be_read(details: dict[str, Any], name: str) -> None:
    told = read_leaf(leaf_bytes(event(details=details, actor_name=name), 7, MOMENT))
    assert told["details"] == details
    assert told["actor"] == {"kind": "person", "id": "p1", "name": name}
    assert (told["index"], told["at"], told["outcome"]) == (7, "2026-11-24T03:00:00.000007Z", "done")


def test_a_time_is_spelled_in_utc_with_six_digits() -> None:
    jakarta = timezone(timedelta(hours=7))
    assert spelled(datetime(2026, 11, 24, 1, 2, 3, tzinfo=jakarta)) == "2026-11-23T18:02:03.000000Z"


@pytest.mark.parametrize("odd", [uuid4(), MOMENT, 2**60, b"bytes", {1: 2}, 1.5, [float("nan")], {"a": 1e20}])
def test_details_that_a_leaf_cannot_say_are_refused(odd: object) -> None:
    with pytest.raises((CanonicalizationError, ValueError)):
        leaf_bytes(event(details={"x": odd}), 0, MOMENT)


@pytest.mark.parametrize(
    ("field", "most"), [("action", 80), ("actor_kind", 20), ("actor_id", 120), ("subject_kind", 40), ("subject_id", 80)]
)
def test_what_does_not_fit_its_column_is_refused(field: str, most: int) -> None:
    event(**{field: "x" * most})
    with pytest.raises(ValueError, match=f"{field} .* {most} characters"):
        event(**{field: "x" * (most + 1)})


@pytest.mark.parametrize(
    "leaf", [b"", b"\xff", b"\xef\xbb\xbf{}", b"{}", b"null", b"[" * 100_000, b'{"details":1.50}', b'{"details":NaN}']
)
def test_anything_else_is_refused_in_words(leaf: bytes) -> None:
    with pytest.raises(ValueError, match="the leaf"):
        read_leaf(leaf)
