"""English sentences from below, found again by their templates and said in the reader's language."""

import re
from collections.abc import Callable, Iterable
from functools import cache

from edms.web.language import gettext


@cache
def pattern(template: str) -> re.Pattern[str]:
    """Return what a sentence made of this template matches, with a group for each of its parts."""
    pieces = re.split(r"%\((\w+)\)s", template)
    parts = [re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>.+)" for at, piece in enumerate(pieces)]
    return re.compile("".join(parts), re.DOTALL)


def in_words(templates: Iterable[str], sentence: str, part: Callable[[str, str], str]) -> str | None:
    """Return a sentence in the reader's language, each part as `part(name, told)` says it; None when it is of none of
    the templates."""
    for template in templates:
        if found := pattern(template).fullmatch(sentence):
            told = {name: part(name, one) for name, one in found.groupdict().items()}
            return gettext(template) % told if told else gettext(template)
    return None
