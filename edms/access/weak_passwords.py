"""Which passwords are too easy to guess: known ones, and those put together from known words and the person's own.

NIST SP 800-63B-4, section 3.1.1.2: length counts, a blocklist is asked (commonly used, expected, breached, words of the
context such as the user name), and nothing is said about capitals, digits or signs. A password is cut into the fewest
pieces a guesser would try: a word of the list, a word of the person's own, a run of digits or of keys, the same again.
Each piece but the own ones counts as one, a character that belongs to none too; fewer than `LEAST_PIECES` is weak.
No network and no number of guesses: the same password gets the same answer on every machine, and it can be explained.
"""

import gzip
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

LIST = Path(__file__).with_name("weak_words.txt.gz")
SHORTEST_WORD, LONGEST_WORD = 3, 24
LEAST_PIECES = 4
_LONGEST_JUDGED = 200
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i",
                              "|": "l", "8": "b", "9": "g"})  # fmt: skip
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfvtgbyhnujmikolp",
         "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "abcdefghijklmnopqrstuvwxyz")  # fmt: skip
_RUNS = tuple(row + row[::-1] for row in _ROWS)
_LEAST_RUN = 3


def plain_letters(text: str) -> str:
    """Return `text` in small letters, digits and signs that stand for a letter read back to it."""
    return text.lower().translate(_LOOK_ALIKES)


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Return the words of the list that comes with the package."""
    return frozenset(gzip.decompress(LIST.read_bytes()).decode("ascii").split("\n"))


def own_words(told: Iterable[str]) -> frozenset[str]:
    """Return the words of names and codes that are the person's own, as `is_weak` takes them."""
    return frozenset(
        plain_letters(word) for text in told for word in re.findall(r"\w+", text) if len(word) >= SHORTEST_WORD
    )


def is_weak(password: str, own: frozenset[str] = frozenset()) -> bool:
    """Say whether a guesser who knows the list and the person's `own` words would soon try `password`."""
    return _pieces(password[:_LONGEST_JUDGED], own) < LEAST_PIECES


def _pieces(password: str, own: frozenset[str]) -> int:
    """Return the fewest pieces that make up `password`: the cheapest way from its beginning to its end.

    A word counts once, however often it is repeated: so the cheapest way is looked for with what it has used so far.
    """
    small, letters = password.lower(), plain_letters(password)
    if len(small) != len(password) or len(letters) != len(password):
        return len(set(password))  # letters whose small form is longer are in no list of ours
    ways: list[tuple[int, frozenset[str]]] = [(0, frozenset())]
    for end in range(1, len(password) + 1):
        found = []
        for start in range(max(0, end - _LONGEST_JUDGED), end):
            cost, used = ways[start]
            piece = _piece(small[start:end], letters[start:end], own)
            if piece is not None:
                free = piece in used or piece in own or not piece.strip()
                found.append((cost + (0 if free else 1), used | {piece}))
        ways.append(min(found, key=lambda way: way[0]))
    return ways[-1][0]


def _piece(small: str, letters: str, own: frozenset[str]) -> str | None:
    """Return what a guesser takes this stretch for, or None when it is nothing in one."""
    if len(small) == 1:
        return small
    if len(set(small)) == 1 or small.isdigit() and len(small) <= 8 or _is_run(small):  # noqa: RUF021 - reads as said
        return small
    for word in (letters, small):
        if len(word) >= SHORTEST_WORD and (word in own or (len(word) <= LONGEST_WORD and word in known_words())):
            return word
    return None


def _is_run(text: str) -> bool:
    return len(text) >= _LEAST_RUN and any(text in run for run in _RUNS)
