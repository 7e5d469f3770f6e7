"""Places in a list of results, sealed: where a page ended, for the next one to begin there, and where it began, for
the one before to end there (`SearchRequest.cursor`).

A place is the rank of a hit, not a number of hits: documents that come or go before it move nothing. Scores
depend on statistics, which change with every document that is added; so the place carries the statistics of the first
page (of visible documents alone), and the pages after it are ranked with those.
"""

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edms.search.errors import BadCursor
from edms.search.protocol import SearchRequest

LONGEST: Final = 16_384
"""Characters of a cursor at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """`key`: what a hit was ordered by, most significant first; `frozen`: what the engine keeps for the pages to come,
    in values of JSON; `back`: what is wanted stands before it, and not after."""

    key: tuple[int | float | str, ...]
    frozen: dict[str, Any] = field(default_factory=dict)
    back: bool = False


class Cursors:
    """Seals and opens places under a key of its own, derived from that of the index (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(HKDF(SHA256(), 64, None, b"edms search cursor 1").derive(key))

    def seal(self, request: SearchRequest, place: Place) -> str:
        """Return the cursor for the hits beside `place`, of this question and reader: URL-safe characters."""
        body = json.dumps(
            [place.key, place.frozen, int(place.back)], ensure_ascii=False, separators=(",", ":")
        ).encode()
        # Deterministic (RFC 5297): the same answer has the same cursor, whatever is hidden beside it.
        sealed = self._cipher.encrypt(zlib.compress(body), [_question(request)])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, request: SearchRequest) -> Place | None:
        """Return the place that the request's cursor names, None for the first page. Raises BadCursor."""
        cursor = request.cursor
        if not cursor:
            return None
        try:
            if len(cursor) > LONGEST or request.offset:
                raise BadCursor
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            body = self._cipher.decrypt(sealed, [_question(request)])
        except (InvalidTag, ValueError, binascii.Error):
            raise BadCursor from None
        key, frozen, *back = json.loads(zlib.decompress(body))
        return Place(tuple(key), frozen, any(back))


def _question(request: SearchRequest) -> bytes:
    """Return a digest of what a cursor is bound to: the question and the reader, not limit, facets and highlights."""
    filters = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name in request.filters.names()
        for value in (getattr(request.filters, name),)
    }
    bound = [request.reader, request.text, request.sort, filters]
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode("utf-8", "surrogatepass")).digest()
