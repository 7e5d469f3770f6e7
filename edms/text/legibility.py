"""Whether a page's text layer spells words, or is noise behind a picture that a person can read.

Three kinds of bad layers are met: fonts without a map to Unicode (replacement and private-use characters, control
characters), fonts with a wrong map (every letter stands for another, so that vowels and consonants fall where no
language puts them), and layers left by poor recognition (scraps of one or two characters and marks). What is not in
Latin letters is judged by the first kind only. Figures on real documents: docs/text-quality.md.
"""

import math
import re
from collections import Counter

from edms.text.language import language_of

LOOKED_AT = 6000
_ODD_SHARE = 0.05
_FEWEST_WORDS = 20
_WORD = re.compile(r"[^\W\d_]+")
# Control characters, the replacement character, and what is set aside for private use.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_VOWELS = frozenset("aeiouyàáâãäåèéêëìíîïòóôõöùúûüýœæø")
_CONSONANTS_IN_A_ROW = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_SAME_IN_A_ROW = re.compile(r"(.)\1\1")
_UNSPEAKABLE_SHARE = 0.4
_SCRAP_SHARE = 0.55
# How often each letter comes in a thousand, the mean of Indonesian and English (counted in the corpus's 3,109 texts).
_USUAL = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (135, 21, 22, 42, 103, 17, 26, 33, 80, 5, 23, 40, 33, 84, 49, 26, 1, 61, 57, 71, 39, 6, 9, 2, 15, 1),
        strict=True,
    )
)
_USUAL_LENGTH = math.sqrt(sum(count * count for count in _USUAL.values()))
_FEWEST_LETTERS = 200
_LEAST_LIKENESS = 0.77  # of 4,000 pages and texts that can be read, the least like is at 0.79
_SOUND = re.compile(r"(?<![^\W_])(?:[^\W\d_]{3,}|\d[\d.,:/-]*[^\W\d_]{0,2})(?![^\W_])")
_FEWEST_CHARACTERS = 80


def illegible(text: str) -> bool:
    """True when the text is no words of any language."""
    sample = text[:LOOKED_AT]
    visible = "".join(sample.split())
    if not visible:
        return False
    if len(_ODD.findall(visible)) > len(visible) * _ODD_SHARE and len(visible) > 20:
        return True
    return _unspeakable(sample) or _strange_letters(sample) or _scraps(visible, sample)


def _latin(word: str) -> bool:
    return word.isascii() or all(ord(char) < 0x250 for char in word)


def _prose(sample: str) -> list[str]:
    """The words of a text. Abbreviations in capitals (DPRD, PMK) are none, unless all of it is in capitals."""
    words = [word for word in _WORD.findall(sample) if len(word) >= 4 and _latin(word)]
    return [word for word in words if not word.isupper()] or words


def _unspeakable(sample: str) -> bool:
    """True when too many words have no vowel where one must be, or rows of consonants that nobody can say."""
    words = _prose(sample)
    if len(words) < _FEWEST_WORDS:
        return False
    wrong = sum(_hard(word.lower()) for word in words)
    return wrong > len(words) * _UNSPEAKABLE_SHARE


def _hard(word: str) -> bool:
    return (
        not _VOWELS.intersection(word)
        or _CONSONANTS_IN_A_ROW.search(word) is not None
        or _SAME_IN_A_ROW.search(word) is not None
    )


def _strange_letters(sample: str) -> bool:
    """True when the letters are in no order of frequency that a language has: others stand in their places."""
    if language_of(sample) in ("id", "en"):
        return False
    every = Counter("".join(_prose(sample)).lower())
    counts = {char: every[char] for char in _USUAL if char in every}
    if sum(counts.values()) < _FEWEST_LETTERS:
        return False
    length = math.sqrt(sum(count * count for count in counts.values())) * _USUAL_LENGTH
    likeness = sum(count * _USUAL[char] for char, count in counts.items()) / length
    return likeness < _LEAST_LIKENESS


def _scraps(visible: str, sample: str) -> bool:
    """True when most of what is there are marks and scraps, and neither words nor numbers."""
    if len(visible) < _FEWEST_CHARACTERS:
        return False
    letters = "" if visible.isascii() else "".join(filter(str.isalpha, visible))
    if letters and sum(ord(char) < 0x250 for char in letters) < len(letters) / 2:
        return False
    sound = sum(len(piece) for piece in _SOUND.findall(sample))
    leaders = sum(len(piece) for piece in re.findall(r"[._…·=*─━-]{3,}", sample))
    return sound + leaders < len(visible) * (1 - _SCRAP_SHARE)
