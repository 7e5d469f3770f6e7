"""Signed notes and checkpoints: C2SP signed-note and tlog-checkpoint, Ed25519 (docs/formats/audit.md, section 3)."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edms.core.errors import IntegrityFault

MOST_CHARACTERS = 64 * 1024
MOST_SIGNATURES = 64
MOST_LEAVES = 2**53
KEY_ID_BYTES = 4
ED25519 = 1
_PUBLIC_BYTES = 32
_LINE = "\u2014 "
_NO_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
"""Control characters; and halves of surrogate pairs, which JSON can carry and nobody can sign."""
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class NoteSignature:
    """A signature line: the name of the key that is said to have signed, its 4-byte id, and what it signed with."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True)
class Checkpoint:
    """The state of a trail: `root` is the Merkle root (32 bytes) of the first `size` leaves."""

    origin: str
    size: int
    root: bytes


def key_name(text: str) -> str:
    """Return `text` as the name of a key: what signed-note forbids (white space, control characters, +) becomes "-"."""
    return re.sub(r"[\s+\x00-\x1f\ud800-\udfff]+", "-", text.strip()) or "archive"


def key_id(name: str, public: bytes, kind: int = ED25519) -> bytes:
    """Return the four bytes that tell keys of one name apart. `kind` is the signature type (signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:KEY_ID_BYTES]


def verifier_key(name: str, public: bytes, kind: int = ED25519) -> str:
    """Return the key as tools for transparency logs take it: NAME+KEYID+BASE64 (C2SP vkey, Go's sumdb/note)."""
    return f"{name}+{key_id(name, public, kind).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def read_verifier_key(text: str) -> tuple[int, str, bytes]:
    """Return kind, name and raw Ed25519 key (32 bytes) of a verifier key. Raises ValueError when it is none."""
    name, _plus, rest = text.partition("+")
    told, _plus, encoded = rest.partition("+")
    blob = _decoded(encoded)
    if blob is None or len(blob) != 1 + _PUBLIC_BYTES or name != key_name(name):
        raise ValueError("that is not a key of the form NAME+ID+KEY")
    kind, public = blob[0], blob[1:]
    if told != key_id(name, public, kind).hex():
        raise ValueError("the key does not fit its name and id: a part of it was lost")
    return kind, name, public


def sign_note(text: str, name: str, seed: bytes) -> str:
    """Return the signed note of `text` by the Ed25519 key with this 32-byte seed.

    Raises ValueError when `text` or `name` is not one that every reader takes.
    """
    if not text.endswith("\n") or _NO_TEXT.search(text):
        raise ValueError("the text of a note ends with a newline and has no other control or half character")
    if name != key_name(name):
        raise ValueError(f"a key name has no white space and no plus sign: {name!r}")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = key_id(name, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n{signature_line(name, signature)}"


def signature_line(name: str, signature: bytes) -> str:
    """Return the line of a note for a key's id and signature, with its newline."""
    return f"{_LINE}{name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, public: bytes, name: str | None = None) -> str:
    """Return the text of a note that the key signed. Signatures of unknown keys are ignored.

    `name` is the key's; None takes the first line of the text, as it is for a checkpoint signed by its own log.
    Raises IntegrityFault when the note is malformed or not signed by the key, and when the key's signature is wrong.
    """
    text, signatures = note_parts(note)
    known = name if name is not None else text.partition("\n")[0]
    wanted = (known, key_id(known, public))
    ours = [one.value for one in signatures if (one.name, one.key_id) == wanted]
    if not ours:
        raise IntegrityFault("the note is not signed by the expected key")
    for signature in ours:
        _require(signature, text, public)
    return text


def note_parts(note: str) -> tuple[str, list[NoteSignature]]:
    """Return the text of a note and its signatures, none of them checked. Raises IntegrityFault when malformed."""
    if len(note) > MOST_CHARACTERS or _NO_TEXT.search(note):
        raise IntegrityFault("the note is too long or has characters that a note may not have")
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise IntegrityFault("the note has no signature")
    text, lines = note[: cut + 1], note[cut + 2 : -1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise IntegrityFault("the note has too many signatures")
    return text, [_signature(line) for line in lines]


def sign_checkpoint(checkpoint: Checkpoint, seed: bytes) -> str:
    """Return the checkpoint as a note signed by its own log, whose key is named by the origin."""
    root = base64.b64encode(checkpoint.root).decode()
    return sign_note(f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n", checkpoint.origin, seed)


def open_checkpoint(note: str, public: bytes) -> Checkpoint:
    """Check the signature of a note and return its checkpoint. Raises IntegrityFault when anything is wrong.

    Extension lines after the third are allowed and ignored (tlog-checkpoint).
    """
    lines = open_note(note, public).split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise IntegrityFault("the checkpoint is malformed")
    root = _decoded(lines[2])
    if root is None or len(root) != hashlib.sha256().digest_size or int(lines[1]) > MOST_LEAVES:
        raise IntegrityFault("the checkpoint is malformed")
    return Checkpoint(lines[0], int(lines[1]), root)


def _signature(line: str) -> NoteSignature:
    parts = line.removeprefix(_LINE).split(" ")
    blob = _decoded(parts[1]) if len(parts) == 2 else None
    if not line.startswith(_LINE) or blob is None or len(blob) <= KEY_ID_BYTES or not parts[0]:
        raise IntegrityFault("a signature line of the note is malformed")
    return NoteSignature(parts[0], blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _require(signature: bytes, text: str, public: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except (ValueError, InvalidSignature):
        raise IntegrityFault("the signature of the note is wrong: the note was altered") from None


def _decoded(text: str) -> bytes | None:
    """Decode standard base64 in its only spelling; None when it is not that."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if base64.b64encode(value).decode() == text else None
