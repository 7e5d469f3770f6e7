"""Small derived things kept sealed in rows, so that no row shows content: not to the server of the database either."""

import io
from functools import lru_cache

from edms.core.segments import SegmentReader, SegmentWriter
from edms.records.archive import Archive
from edms.vault.keyring import KeyRing

# What lies under this secret is derived, like the index: losing the secret loses nothing that cannot be made again.
_UNDER = "index"


def seal_row(archive: Archive, content: bytes, purpose: bytes) -> bytes:
    """Return `content` sealed for one `purpose` (which names the row, so that rows cannot be exchanged)."""
    raw = io.BytesIO()
    writer = SegmentWriter(raw, _key(archive.keys), purpose)
    writer.write(content)
    writer.close()
    return raw.getvalue()


def unseal_row(archive: Archive, sealed: bytes, purpose: bytes) -> bytes:
    """Return what was sealed. Raises IntegrityFault when it was altered or belongs to another row."""
    return SegmentReader(io.BytesIO(sealed), _key(archive.keys), purpose).read()


@lru_cache(maxsize=8)
def _key(ring: KeyRing) -> bytes:
    return ring.secret(_UNDER)
