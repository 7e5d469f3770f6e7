"""What is known about one sealed blob, and the associated data that ties its bytes and its key to it."""

import re
from dataclasses import dataclass
from uuid import UUID

_PURPOSE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class SealedBlob:
    """`name`: where it lies in the store; `size` (bytes) and `sha256` (hex) of the plaintext; the rest opens it."""

    blob_id: UUID
    name: str
    purpose: str
    size: int
    sha256: str
    wrapped_key: bytes
    key_id: str
    epoch: int


def checked_purpose(purpose: str) -> str:
    """Return `purpose`; raise ValueError unless it is a plain lower-case word such as `original`."""
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError("a purpose is up to 64 of a-z, 0-9, _ . - and starts with a letter")
    return purpose


def content_data(blob_id: UUID, purpose: str) -> bytes:
    """Return the associated data of a blob's bytes (docs/formats/vault.md, section 4)."""
    return f"edms.blob.v1|{blob_id}|{checked_purpose(purpose)}".encode("ascii")


def key_data(blob_id: UUID, purpose: str) -> bytes:
    """Return the associated data of a blob's wrapped key; the provider adds its key id and epoch."""
    return f"edms.blob-key.v1|{blob_id}|{checked_purpose(purpose)}".encode("ascii")
