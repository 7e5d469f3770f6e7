"""Which disclosures were recorded a short while ago, so that a page of thumbnails is one event and not two hundred."""

import threading
from collections.abc import Hashable
from datetime import datetime, timedelta

MOST_KEPT = 10_000


class Recently:
    """What this process has recorded within `window`. Another process knows nothing of it and records again: there may
    be more events than needed, never fewer."""

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self._at: dict[Hashable, datetime] = {}
        self._lock = threading.Lock()

    def has(self, key: Hashable, now: datetime) -> bool:
        """True when `key` was recorded within the window before `now`. A clock that was set back forgets."""
        with self._lock:
            at = self._at.get(key)
        return at is not None and at <= now < at + self.window

    def add(self, key: Hashable, now: datetime) -> None:
        """Remember that `key` was recorded, durably, at `now`."""
        with self._lock:
            self._at.pop(key, None)
            self._at[key] = now
            if len(self._at) > MOST_KEPT:
                del self._at[next(iter(self._at))]
