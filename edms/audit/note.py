"""Checkpoints as signed notes: C2SP tlog-checkpoint and signed-note, Ed25519 (docs/formats/audit.md, section 3)."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edms.core.errors import IntegrityFault

_ALGORITHM = b"\x01"
_DASH = "\u2014"
_MOST_CHARACTERS = 10_000


@dataclass(frozen=True)
class Checkpoint:
    """The state of a trail: `root` is the Merkle root of the first `size` leaves."""

    origin: str
    size: int
    root: bytes


def sign_checkpoint(checkpoint: Checkpoint, seed: bytes) -> str:
    """Return the signed note of `checkpoint` by the Ed25519 key with this 32-byte seed."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"
    public = key.public_key().public_bytes_raw()
    signature = key_id(checkpoint.origin, public) + key.sign(text.encode())
    return f"{text}\n{_DASH} {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that tell keys of one name apart."""
    return hashlib.sha256(name.encode() + b"\n" + _ALGORITHM + public).digest()[:4]


def open_checkpoint(note: str, public: bytes) -> Checkpoint:
    """Check the signature of a note and return its checkpoint. Raises IntegrityFault when anything is wrong."""
    if len(note) > _MOST_CHARACTERS:
        raise IntegrityFault("the checkpoint is too long to be one")
    text, separator, signatures = note.partition("\n\n")
    if not separator:
        raise IntegrityFault("the checkpoint has no signature")
    signed = text + "\n"
    checkpoint = _parse(signed)
    for line in signatures.splitlines():
        if _signed_by(line, checkpoint.origin, signed, public):
            return checkpoint
    raise IntegrityFault("the checkpoint is not signed by the expected key")


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError, binascii.Error):
        raise IntegrityFault("the checkpoint is malformed") from None
    if not origin or size < 0 or str(size) != lines[1] or len(root) != hashlib.sha256().digest_size:
        raise IntegrityFault("the checkpoint is malformed")
    return Checkpoint(origin, size, root)


def _signed_by(line: str, origin: str, text: str, public: bytes) -> bool:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH or parts[1] != origin:
        return False
    try:
        blob = base64.b64decode(parts[2], validate=True)
        if blob[:4] != key_id(origin, public):
            return False
        Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
