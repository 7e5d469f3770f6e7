"""Identifiers: UUID version 7 (RFC 9562), so that rows lie in the order of their making."""

from uuid import UUID

import uuid_utils

from edms.core.clock import Clock


def new_id(clock: Clock) -> UUID:
    """Return a new UUIDv7 whose timestamp is the clock's; its other 74 bits are random, so it cannot be guessed."""
    nanoseconds = int(clock.now().timestamp() * 1_000_000) * 1_000
    return UUID(int=uuid_utils.uuid7(nanoseconds=nanoseconds).int)


def parse_id(text: str) -> UUID | None:
    """Return the UUID that `text` spells in its canonical form, or None: a malformed id is simply not found."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
