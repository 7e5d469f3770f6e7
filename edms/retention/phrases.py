"""Phrases of Indonesian schedules read into rules: exactly, or not at all (R30 to R32).

Nothing is guessed. A phrase is understood when its words are known and stand in a known order; else it is told what was
not understood and, where a known word is near, which one may be meant. A person then mends the table. Pure.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from edms.retention.phrase_words import CONDITIONS, EVENTS, FATES, LEVELS, UNITS, VOCABULARY, WHILE
from edms.retention.types import ActiveMode, Fate, Period, TriggerType

NEAR = 0.75
_PERIOD = re.compile(r"(\d{1,3})\s*(?:\([^)]*\)\s*)?([^\s\d,.;]+)[,.]?(?:\s+(.*))?", re.DOTALL)
_AFTER = re.compile(r"(?:setelah|sesudah|sejak)\s+(.+)", re.DOTALL)
_DASH = frozenset({"-", "–", "—", "0"})
_EXCEPT = re.compile(r"musnah\W*\s+kecuali\s+(.+)", re.DOTALL | re.IGNORECASE)
_MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Misread:
    """Why a phrase is not understood: a stable code, the words at fault, and what may be meant (empty: no idea)."""

    code: str
    words: str
    suggestion: str = ""


@dataclass(frozen=True)
class ActivePhrase:
    """What an active period says."""

    mode: ActiveMode
    period: Period
    triggers: tuple[TriggerType, ...] = ()
    label: str = ""
    any_trigger: bool = False


@dataclass(frozen=True)
class FatePhrase:
    """What a fate says. Only the plain word is destruction or permanent keeping; a condition makes it a review."""

    fate: Fate
    text: str
    exceptions: tuple[tuple[str, Fate], ...] = ()


def read_active(phrase: str) -> ActivePhrase | Misread:
    """Read an active period: `2 Tahun setelah tahun anggaran berakhir`, `selama masih berlaku`, `3 Tahun`, `-`."""
    text = _plain(phrase)
    if not text:
        return Misread("empty", "")
    if len(text) > _MOST_CHARACTERS:
        return Misread("too_long", text[:40])
    if text in _DASH:
        return ActivePhrase(ActiveMode.NONE, Period())
    if text.startswith("selama"):
        return _while(text, phrase)
    found = _period_and_rest(text)
    if isinstance(found, Misread):
        return found
    period, rest = found
    if not rest:
        return ActivePhrase(ActiveMode.DURATION, period)
    after = _AFTER.fullmatch(rest)
    if after is None:
        meant = _meant(rest)
        known = meant.suggestion or rest
        return Misread("no_setelah", rest, f"setelah {known}")
    event = read_event(after.group(1))
    if isinstance(event, Misread):
        return event
    triggers, any_trigger = event
    return ActivePhrase(ActiveMode.DURATION, period, triggers, _label(phrase), any_trigger)


def read_inactive(phrase: str) -> Period | Misread:
    """Read an inactive period: a length, or a dash for none. One that counts from an event has no rule that says so."""
    text = _plain(phrase)
    if not text:
        return Misread("empty", "")
    if text in _DASH:
        return Period()
    found = _period_and_rest(text)
    if isinstance(found, Misread):
        return found
    return Misread("inactive_waits", found[1]) if found[1] else found[0]


def read_fate(phrase: str) -> FatePhrase | Misread:
    """Read a fate. Every condition is `DINILAI_KEMBALI` with its text kept (R31)."""
    text, kept = _plain(phrase), " ".join(phrase.split())
    if not text:
        return Misread("empty", "")
    if len(text) > _MOST_CHARACTERS:
        return Misread("too_long", text[:40])
    if text in FATES:
        return FatePhrase(FATES[text], kept)
    first, _, rest = text.partition(" ")
    first = first.rstrip(",.;:")
    if first not in ("musnah", "dimusnahkan", "permanen", "dipermanenkan"):
        near = get_close_matches(text if len(text) < 40 else first, [*FATES, "musnah kecuali"], 1, NEAR)
        near = near or get_close_matches(first, ["musnah", "permanen"], 1, NEAR)
        return Misread("unknown_fate", kept[:80], near[0] if near else "")
    condition = rest.partition(" ")[0].strip(",.;:")
    if condition not in CONDITIONS:
        near = get_close_matches(condition, CONDITIONS, 1, NEAR)
        return Misread("unknown_condition", rest[:80], near[0] if near else "")
    wrong = _first_typo(rest, strange=True)
    if wrong is not None:
        return wrong
    return FatePhrase(Fate.REVIEW, kept, _exceptions(kept))


def read_level(phrase: str) -> str | Misread | None:
    """Read a security class; an empty one is none, and counts as restricted until somebody says otherwise (R26)."""
    text = re.sub(r"\s*/\s*", "/", _plain(phrase))
    if text in ("", "-"):
        return None
    if text in LEVELS:
        return LEVELS[text]
    near = get_close_matches(text, LEVELS, 1, NEAR)
    return Misread("unknown_level", text[:40], near[0] if near else "")


def read_event(phrase: str) -> tuple[tuple[TriggerType, ...], bool] | Misread:
    """Read what is waited for: kinds of events, and whether the first of several counts.

    A phrase in known words that names no kind of event is `OTHER`, by its own words; one with a strange word is not
    understood.
    """
    text = _plain(phrase).rstrip(".;, ")
    for joint, any_trigger in ((" dan ", False), (" atau ", True)):
        if text in EVENTS:
            return (EVENTS[text],), False
        cuts = [found.start() for found in re.finditer(joint, text)]
        for cut in cuts:
            two = (text[:cut], text[cut + len(joint) :])
            kinds = [EVENTS.get(part.removeprefix("setelah ").strip()) for part in two]
            if kinds[0] and kinds[1] and kinds[0] is not kinds[1]:
                return (kinds[0], kinds[1]), any_trigger
    wrong = _first_typo(text, strange=False)
    return wrong if wrong is not None else ((TriggerType.OTHER,), False)


def _label(phrase: str) -> str:
    """The event in the words of the law, as they stand in the table."""
    told = " ".join(phrase.split())
    found = re.search(r"\b(setelah|sesudah|sejak)\b.*", told, re.IGNORECASE)
    return (found.group() if found else told).rstrip(".;, ")


def _while(text: str, phrase: str) -> ActivePhrase | Misread:
    kind = next((kind for ending, kind in WHILE.items() if text.endswith(ending)), None)
    wrong = _first_typo(text, strange=False)
    if wrong is not None:
        return wrong
    if kind is None:
        return Misread("unknown_while", text, "selama masih berlaku")
    return ActivePhrase(ActiveMode.UNTIL_EVENT, Period(), (kind,), " ".join(phrase.split()))


def _period_and_rest(text: str) -> tuple[Period, str] | Misread:
    found = _PERIOD.fullmatch(text)
    if found is None:
        return Misread("no_period", text[:80])
    count, unit, rest = int(found.group(1)), found.group(2), (found.group(3) or "").strip()
    if unit not in UNITS:
        near = get_close_matches(unit, UNITS, 1, 0.6)
        return Misread("unknown_unit", unit, near[0] if near else "")
    if count > 200:
        return Misread("too_long", f"{count} {unit}")
    name, times = UNITS[unit]
    return Period(**{name: count * times}), rest


def _exceptions(kept: str) -> tuple[tuple[str, Fate], ...]:
    """What a conditional fate excepts, where its fate stands plainly behind it; the text is kept in any case."""
    found = _EXCEPT.fullmatch(kept)
    if found is None:
        return ()
    rest = found.group(1)
    endings = ((r"\W*permanen\.?", Fate.PERMANENT), (r"\W*masuk berkas perse?orangan\.?", Fate.PERSONAL_FILE))
    for ending, fate in endings:
        cut = re.fullmatch(rf"(.+?){ending}", rest, re.DOTALL | re.IGNORECASE)
        if cut is not None and "masuk berkas" not in cut.group(1).lower():
            return ((cut.group(1).strip(" ,.;"), fate),)
    return ()


def _meant(text: str) -> Misread:
    """The text with what is near to known words put right, as a suggestion."""
    mended = [word if word in VOCABULARY else _near(word) or word for word in re.findall(r"[^\s,.;]+", text)]
    return Misread("unknown_word", text, " ".join(mended))


def _first_typo(text: str, *, strange: bool) -> Misread | None:
    """The first word that is broken, or near to a known one without being it. `strange`: others may be names."""
    words = [word for word in re.split(r"[\s,.;:()/\-]+", text) if word]
    for number, word in enumerate(words):
        if word in VOCABULARY or word.isdigit():
            continue
        for length in (2, 3):
            for start in range(max(0, number - length + 1), number + 1):
                joined = "".join(words[start : start + length])
                if start + length <= len(words) and joined in VOCABULARY:
                    return Misread("broken_word", " ".join(words[start : start + length]), joined)
        near = _near(word)
        if near:
            return Misread("unknown_word", word, near)
        if len(word) <= 2 or not (strange or word.isalpha()):
            return Misread("unknown_word", word)
    for one, two in pairwise(words):
        if one in ("di", "ter", "ke") and one + two in VOCABULARY:
            return Misread("broken_word", f"{one} {two}", one + two)
    return None


def _near(word: str) -> str:
    near = get_close_matches(word, VOCABULARY, 1, NEAR) if 4 <= len(word) <= 30 else []
    return near[0] if near else ""


def _plain(phrase: str) -> str:
    return " ".join(phrase.split()).casefold()
