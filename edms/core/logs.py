"""The log of a process on standard error: times in UTC, one line for each entry, whatever was in the message.

Events of the audit trail are something else; this is what whoever runs the machine reads.
What comes from outside (an address, a file name) may hold line breaks and terminal sequences: they are written as
escapes, so that nobody can put an entry into the log or hide one (R86, ASVS 16.4.1).
"""

import logging
from datetime import UTC, datetime


class OneLine(logging.Formatter):
    """`2026-01-05T08:00:00.000Z WARNING edms.web: message`; lines of a traceback follow, each behind `  | `."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry. Characters that print nothing are escapes as Python writes them."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines = [f"{at} {record.levelname} {record.name}: {escaped(record.getMessage())}"]
        if record.exc_info:
            lines += [f"  | {escaped(line)}" for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(lines)


def escaped(text: str) -> str:
    """Return `text` with everything that is no printable character written as an escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def log_to_standard_error() -> None:
    """Write what no other handler takes in this form. Handlers that somebody has installed stay as they are."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(OneLine())
    logging.lastResort = handler
