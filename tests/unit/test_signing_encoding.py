"""What a seal costs, counted in encodings, whatever the lengths of the names in its certificates happen to be."""

import sys
from types import FrameType
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from pyhanko.sign.timestamps import TimeStamper

import edms.signing.seals
from edms.core.clock import FixedClock
from edms.signing.authority import create_authority
from edms.signing.local import DevelopmentTimestamps

assert edms.signing.seals, "importing it mends asn1crypto"
NESTED = 20


def encodings(structure: Any) -> int:
    """Return how often anything was asked for its encoding while `structure` is encoded by force."""
    count = 0

    def seen(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_name == "dump"
        assert count < 1_000_000, "each level encodes those below more than once"

    sys.setprofile(seen)
    try:
        structure.dump(force=True)
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def token(clock: FixedClock) -> cms.ContentInfo:
    """A timestamp token as it was put together, not as it would be read."""
    stamper: TimeStamper = DevelopmentTimestamps(create_authority("Kota", "ID", clock, 5), clock).pyhanko()
    imprint = tsp.MessageImprint({"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)})
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 7, "cert_req": True})
    return stamper._token(request)  # type: ignore[attr-defined]


def test_encoding_by_force_visits_each_part_a_few_times(token: cms.ContentInfo) -> None:
    assert encodings(token) < 2000


def test_a_length_that_ends_in_0x80_costs_no_more() -> None:
    """asn1crypto takes such a length for an indefinite one and forces the encoding, at every level that has it."""
    structure: Any = core.OctetString(bytes(0x180 - 4))
    for _level in range(NESTED):
        structure = _wrapped(structure)
    structure.dump()
    assert encodings(structure) < 40 * NESTED


def _wrapped(inner: Any) -> Any:
    class Wrapping(core.Sequence):  # type: ignore[misc]
        _fields = [("inner", type(inner))]  # noqa: RUF012 - as asn1crypto declares fields

    return Wrapping({"inner": inner})


def test_a_change_after_an_encoding_is_encoded(token: cms.ContentInfo) -> None:
    before = token.dump()
    token["content"]["signer_infos"][0]["signature"] = bytes(64)
    changed = token.dump()
    assert changed != before
    assert cms.ContentInfo.load(changed)["content"]["signer_infos"][0]["signature"].native == bytes(64)
