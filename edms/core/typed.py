"""What people type into one field, as it is kept."""

from edms.core.errors import Refused

_LEAST_WHY, MOST_WHY = 3, 500


def line(value: str, most: int) -> str:
    """Return what was typed as one line of at most `most` characters, without what cannot be printed."""
    return _printable(value)[:most]


def why(reason: str, most: int = MOST_WHY) -> str:
    """Return a reason as one line. Raises Refused for one under three or over `most` characters: none is cut short."""
    told = _printable(reason)
    if not _LEAST_WHY <= len(told) <= most:
        raise Refused("say in a few words why")
    return told


def _printable(value: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()
