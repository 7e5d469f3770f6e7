"""Cosignatures by witnesses: C2SP tlog-cosignature, version 1, Ed25519 (docs/formats/audit.md, section 8).

A witness says: at this time, this was the largest consistent state of that trail that I have seen. Whoever holds the
cosignature finds a trail that was rewound or told differently to somebody else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edms.audit.note import (
    NoteSignature,
    key_id,
    key_name,
    note_parts,
    read_verifier_key,
    signature_line,
    verifier_key,
)
from edms.core.errors import IntegrityFault

KIND = 4
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_LATEST = 2**63 - 1


@dataclass(frozen=True)
class WitnessKey:
    """Who a witness is: its name and its raw Ed25519 key (32 bytes)."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.public, KIND)

    @property
    def text(self) -> str:
        """The key as tools for transparency logs take it: NAME+KEYID+BASE64."""
        return verifier_key(self.name, self.public, KIND)


def witness_key(name: str, seed: bytes) -> WitnessKey:
    """Return the public half of the witness key with this 32-byte seed."""
    return WitnessKey(name, Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def witness_key_from(text: str) -> WitnessKey:
    """Read a key as `WitnessKey.text` spells it. Raises ValueError."""
    kind, name, public = read_verifier_key(text)
    if kind != KIND:
        raise ValueError("that is the key of a trail, not of a witness")
    return WitnessKey(name, public)


def cosign(note: str, name: str, seed: bytes, at: datetime) -> str:
    """Return the signature line (with its newline) by which the witness `name` cosigns a checkpoint at the time `at`.

    Raises ValueError when the name is none for a key, IntegrityFault when `note` is not a note.
    """
    if name != key_name(name):
        raise ValueError(f"a key name has no white space and no plus sign: {name!r}")
    text, _signatures = note_parts(note)
    seconds = int(at.timestamp())
    key = Ed25519PrivateKey.from_private_bytes(seed)
    stamped = seconds.to_bytes(_TIME_BYTES, "big") + key.sign(_message(text, seconds))
    return signature_line(name, witness_key(name, seed).key_id + stamped)


def cosigned_at(note: str, witness: WitnessKey) -> datetime | None:
    """Return when the witness cosigned the note, the latest time if more than once; None when it did not.

    Raises IntegrityFault when a line claims to be by the witness and its signature is wrong, or the note is malformed.
    """
    text, signatures = note_parts(note)
    times = [_checked(signature, text, witness) for signature in signatures if _by(signature, witness)]
    return max(times, default=None)


def with_cosignatures(note: str, lines: str) -> str:
    """Return the note with further signature lines. Raises IntegrityFault when the outcome is not a note."""
    joined = note + lines
    note_parts(joined)
    return joined


def _by(signature: NoteSignature, witness: WitnessKey) -> bool:
    return signature.name == witness.name and signature.key_id == witness.key_id


def _checked(signature: NoteSignature, text: str, witness: WitnessKey) -> datetime:
    stamped = signature.value
    seconds = int.from_bytes(stamped[:_TIME_BYTES], "big")
    if len(stamped) != _TIME_BYTES + _SIGNATURE_BYTES or seconds > _LATEST:
        raise IntegrityFault("the cosignature is malformed")
    try:
        Ed25519PublicKey.from_public_bytes(witness.public).verify(stamped[_TIME_BYTES:], _message(text, seconds))
        return datetime.fromtimestamp(seconds, UTC)
    except InvalidSignature:
        raise IntegrityFault("the cosignature is wrong: the checkpoint is not the one that was cosigned") from None
    except (ValueError, OverflowError, OSError):
        raise IntegrityFault("the cosignature is malformed") from None


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
