"""The finder of personal data: text in, findings with reasons out. Pure, and its work grows only with the text.

It proposes; a person decides. What it misses stays to be seen, so that nothing may be published because it found
nothing. How good it is: docs/personal-data.md. Sources: UU 27/2022 (PDP) art. 4, R49, R66.
"""

from collections.abc import Iterable

from edms.redaction.numbers import misread_at, number_at, passport_at, plate_at, sign_at
from edms.redaction.places import address_at, birth_at, mail_at, name_at
from edms.redaction.tokens import Tokens
from edms.redaction.types import Finding

_RULES = (number_at, sign_at, misread_at, plate_at, passport_at, mail_at, address_at, birth_at, name_at)


def find(text: str) -> tuple[Finding, ...]:
    """Return what may be personal data in `text`, in order, none within another."""
    return find_counted(text)[0]


def find_counted(text: str) -> tuple[tuple[Finding, ...], int]:
    """Return the same, and how many looks at tokens it took."""
    tokens = Tokens(text)
    found = [finding for index in range(len(tokens)) for rule in _RULES for finding in rule(tokens, index)]
    return tuple(_apart(found)), tokens.steps


def _apart(found: Iterable[Finding]) -> list[Finding]:
    """Leave, of findings that overlap, the one that begins first, and of these the longest and surest; one that goes
    on behind it is joined where both are to be covered, so that no end of it shows."""
    kept: list[Finding] = []
    for one in sorted(found, key=lambda each: (each.start, -each.end, -each.confidence)):
        last = kept[-1] if kept else None
        if last is None or one.start >= last.end:
            kept.append(one)
        elif one.proposed and not last.proposed:
            kept[-1] = Finding(one.kind, last.start, max(one.end, last.end), one.confidence, one.reason)
        elif one.proposed and one.end > last.end:
            kept[-1] = Finding(last.kind, last.start, one.end, last.confidence, last.reason)
    return kept
