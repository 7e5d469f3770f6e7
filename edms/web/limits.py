"""How large a request may be: whole files in streams, some files in a form, little everywhere else."""

import threading
import time
from collections import OrderedDict

from flask import Request
from werkzeug.exceptions import ClientDisconnected

from edms.core.settings import Settings

SMALL_FORM_BYTES = 1024 * 1024
FILE_FORM_BYTES = 256 * 1024 * 1024
"""A form is kept in memory until all of it has come (no plaintext on the disk), so it may not be as large as a file."""
_DRAIN_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024


def form_limit(settings: Settings) -> int:
    """The most bytes that all files of one form may have together."""
    return min(settings.capture.max_file_bytes, FILE_FORM_BYTES)


def request_limit(request: Request, settings: Settings) -> int:
    """Return the most bytes that the body of `request` may have, by what it is for."""
    if request.endpoint in ("uploads.begin", "uploads.add"):
        return settings.capture.max_file_bytes
    if request.endpoint in ("verification.compare", "verification.compare_copy"):
        return settings.capture.max_file_bytes + SMALL_FORM_BYTES
    if request.endpoint != "capture.receive":
        return SMALL_FORM_BYTES
    if request.mimetype == "multipart/form-data":
        return form_limit(settings) + SMALL_FORM_BYTES
    return settings.capture.max_file_bytes


def drain(request: Request) -> None:
    """Read on and throw away, up to a limit, so that a browser that is still sending comes to read the answer.

    Without it the connection is reset and the person sees a broken page where the reason should stand.
    """
    stream, left = request.environ["wsgi.input"], _DRAIN_BYTES
    while left > 0:
        try:
            got = len(stream.read(_CHUNK_BYTES))
        except (OSError, ClientDisconnected):
            return
        if got == 0:
            return
        left -= got


class Pace:
    """How often one address may ask within a minute, counted by each process for itself.

    A bucket that fills again while nobody asks; addresses that were quiet are forgotten, so that memory stays small.
    """

    _MOST_ADDRESSES = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str, per_minute: int) -> bool:
        """Take one from the bucket of `address`; False when it is empty."""
        now = time.monotonic()
        with self._lock:
            left, since = self._left.pop(address, (float(per_minute), now))
            left = min(float(per_minute), left + (now - since) * per_minute / 60)
            allowed = left >= 1
            self._left[address] = (left - 1 if allowed else left, now)
            if len(self._left) > self._MOST_ADDRESSES:
                self._left.popitem(last=False)
        return allowed
