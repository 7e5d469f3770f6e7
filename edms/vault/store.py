"""Where sealed bytes lie: the BlobStore contract. It sees names and ciphertext, never a key."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

_NAME = re.compile(r"[0-9a-f]{32}")


def new_name() -> str:
    """Return a fresh random name: 128 bits as hex. It says nothing about what lies under it."""
    return secrets.token_hex(16)


def checked_name(name: str) -> str:
    """Return `name`; raise ValueError unless it is one that `new_name` could make (so never a path)."""
    if not _NAME.fullmatch(name):
        raise ValueError("a blob's name is 32 hexadecimal digits")
    return name


class BlobStore(Protocol):
    """Keeps immutable byte strings under random names. One contract suite runs against every implementation.

    A failure of the store MUST be a StorageFault; a name that `checked_name` refuses MUST raise ValueError.
    """

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> None:
        """Store what `write` puts into the stream it is given.

        MUST be durable on return. MUST refuse a name that is taken (StorageFault). When `write` or the store
        fails, the error MUST reach the caller and nothing may be visible under `name`, then or later.
        """

    def open(self, name: str) -> BinaryIO:
        """Return a seekable stream of the stored bytes. MUST raise NotFound when there is none."""

    def delete(self, name: str) -> None:
        """Remove the bytes, durably. MUST succeed when there are none, so that a deletion can be repeated."""

    def names(self) -> Iterator[str]:
        """Yield the name of every whole blob, each once, in any order; never of one still being written."""

    def exists(self, name: str) -> bool:
        """Say whether a whole blob lies under `name`."""

    def size(self, name: str) -> int:
        """Return the number of stored bytes. MUST raise NotFound when there is none."""

    def written_at(self, name: str) -> datetime:
        """Return when the blob was written, in UTC, by the store's clock. MUST raise NotFound when there is none."""

    def clean_leftovers(self, older_than: datetime) -> int:
        """Remove what crashed writes left before `older_than`; return how many. MUST NOT touch a running write."""
