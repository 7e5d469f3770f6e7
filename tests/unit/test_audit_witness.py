"""Cosignatures and the rules of a witness: what it signs, what it refuses, with which status (C2SP tlog-witness)."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from edms.audit import tree
from edms.audit.cosignature import WitnessKey, cosign, cosigned_at, with_cosignatures, witness_key
from edms.audit.note import Checkpoint, open_checkpoint, sign_checkpoint
from edms.audit.witness import KnownLog, Submission, WitnessRefusal, judged, read_submission
from edms.core.errors import IntegrityFault

LOG, OTHER, WITNESS = b"l" * 32, b"o" * 32, b"w" * 32
NAME = "arsip.kabupaten-witness"
AT = datetime(2026, 11, 25, 1, 2, 3, tzinfo=UTC)
PUBLIC = witness_key("x", LOG).public
STEP = base64.b64encode(bytes(32)) + b"\n"
NODES: dict[tuple[int, int], bytes] = {}
for made in map(tree.Frontier().add, (tree.leaf_hash(bytes([number])) for number in range(64))):
    NODES |= {(level, position): value for level, position, value in made}


def nodes(level: int, position: int) -> bytes:
    return NODES[level, position]


def note(size: int, seed: bytes = LOG, root: bytes | None = None) -> str:
    return sign_checkpoint(Checkpoint("arsip-kota", size, root or tree.root_at(nodes, size)), seed)


def submission(old: int, size: int) -> Submission:
    return Submission(old, tuple(tree.consistency_path(nodes, old, size)), note(size))


def known(size: int) -> KnownLog:
    return KnownLog(PUBLIC, size, tree.root_at(nodes, size))


def test_a_cosignature_as_the_specification_spells_it() -> None:
    """Built here from the words of tlog-cosignature, byte by byte."""
    line = cosign(note(7), NAME, WITNESS, AT)
    head, name, encoded = line.rstrip("\n").split(" ")
    blob = base64.b64decode(encoded)
    public = witness_key(NAME, WITNESS).public
    assert (head, name) == ("—", NAME)
    assert blob[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert int.from_bytes(blob[4:12], "big") == int(AT.timestamp())
    text = note(7).partition("\n\n")[0] + "\n"
    Ed25519PublicKey.from_public_bytes(public).verify(
        blob[12:], f"cosignature/v1\ntime {int(AT.timestamp())}\n{text}".encode()
    )


def test_a_cosigned_checkpoint_says_when_and_stays_the_logs_own() -> None:
    witness = witness_key(NAME, WITNESS)
    cosigned = with_cosignatures(note(7), cosign(note(7), NAME, WITNESS, AT))
    assert cosigned_at(cosigned, witness) == AT
    assert open_checkpoint(cosigned, PUBLIC).size == 7
    assert cosigned_at(note(7), witness) is None
    assert cosigned_at(cosigned, WitnessKey("another", witness.public)) is None
    later = with_cosignatures(cosigned, cosign(note(7), NAME, WITNESS, AT.replace(hour=5)))
    assert cosigned_at(later, witness) == AT.replace(hour=5)


def test_a_cosignature_of_another_checkpoint_or_key_is_refused() -> None:
    witness = witness_key(NAME, WITNESS)
    moved = note(8) + cosign(note(7), NAME, WITNESS, AT)
    forged = note(7) + cosign(note(7), NAME, OTHER, AT).replace(
        base64.b64encode(witness_key(NAME, OTHER).key_id).decode()[:5], ""
    )
    with pytest.raises(IntegrityFault, match="not the one that was cosigned"):
        cosigned_at(moved, witness)
    with pytest.raises(IntegrityFault):
        cosigned_at(forged, witness)
    with pytest.raises(IntegrityFault):
        with_cosignatures(note(7), "— not a signature\n")
    blob = witness.key_id + b"short"
    with pytest.raises(IntegrityFault, match="malformed"):
        cosigned_at(note(7) + f"— {NAME} {base64.b64encode(blob).decode()}\n", witness)


@given(st.integers(0, 64), st.integers(0, 64))
def test_what_only_grew_is_cosigned(one: int, other: int) -> None:
    old, size = sorted((one, other))
    told = read_submission(submission(old, size).to_bytes())
    assert told == submission(old, size)
    assert judged(told, known(old)).size == size


@pytest.mark.parametrize(
    ("asked", "state", "status"),
    [
        (submission(3, 9), None, 404),
        (Submission(3, (), note(9, OTHER)), known(3), 403),
        (Submission(12, (), note(9)), known(12), 400),
        (submission(3, 9), known(5), 409),
        (submission(0, 9), known(5), 409),
        (Submission(9, (), note(9, root=b"r" * 32)), known(9), 409),
        (Submission(3, submission(3, 9).proof, note(9, root=b"r" * 32)), known(3), 422),
        (Submission(3, submission(3, 9).proof[:-1], note(9)), known(3), 422),
        (Submission(3, submission(4, 9).proof, note(9)), known(3), 422),
        (Submission(0, (b"p" * 32,), note(9)), KnownLog(PUBLIC), 422),
    ],
    ids=[
        "unknown trail", "another key", "old size too large", "behind the witness", "forgotten witness",
        "a fork of the same size", "a fork", "a cut proof", "another proof", "a proof from nothing",
    ],
)  # fmt: skip
def test_refusals(asked: Submission, state: KnownLog | None, status: int) -> None:
    with pytest.raises(WitnessRefusal) as refused:
        judged(asked, state)
    assert refused.value.status == status
    if status == 409:
        assert state is not None
        assert refused.value.latest == state.size


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 1\n", b"\xff\n\n", b"old 01\n\nx", b"old -1\n\nx", b"new 1\n\nx", b"old 1\nAAAA\n\nx",
        b"old 1\n" + b"A" * 44 + b"\n\nx", b"old 1\n" + STEP * 64 + b"\nx",
        b"old 1\n\n" + b"x" * 70_000,
    ],
    ids=["empty", "no note", "not text", "zero in front", "negative", "not old", "short hash", "no hash", "64 steps",
         "huge"],
)  # fmt: skip
def test_malformed_requests(body: bytes) -> None:
    with pytest.raises(WitnessRefusal) as refused:
        read_submission(body)
    assert refused.value.status == 400
