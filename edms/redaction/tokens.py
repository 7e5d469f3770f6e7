"""Text cut into words, figures and signs, once, with a count of how often any of them is looked at.

The rules of the finder look at tokens through `Tokens` alone and never further than a fixed number of them, so that
the work grows with the text and with nothing in it. There is no regular expression that could look back.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_DIGITS_MISREAD = str.maketrans("OoQDIl|!SsBZz", "0000111155822")
_NO_GAP, _SPACE, _LINE = "", " ", "\n"


@dataclass(frozen=True, slots=True)
class Token:
    """`gap`: what stands before it: nothing, white space, or the end of a line."""

    text: str
    start: int
    end: int
    gap: str

    @property
    def lower(self) -> str:
        return self.text.casefold()

    @property
    def is_number(self) -> bool:
        return self.text[0].isdecimal() and self.text.isascii()

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()


_END = Token("\0", 0, 0, _LINE)


class Tokens:
    """The tokens of a text. `steps` counts every look at one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = 0
        self._tokens: list[Token] = []
        behind = 0
        for found in _TOKEN.finditer(text):
            between = text[behind : found.start()]
            gap = _LINE if "\n" in between or "\r" in between else _SPACE if between else _NO_GAP
            self._tokens.append(Token(found.group(), found.start(), found.end(), gap if self._tokens else _LINE))
            behind = found.end()

    def __len__(self) -> int:
        return len(self._tokens)

    def at(self, index: int) -> Token:
        """Return the token at `index`, or one that is nothing outside the text."""
        self.steps += 1
        return self._tokens[index] if 0 <= index < len(self._tokens) else _END

    def words_before(self, index: int, most: int, *, lines: int = 1) -> list[str]:
        """Return up to `most` words before `index`, nearest first, small letters, within so many ends of lines."""
        found: list[str] = []
        behind = index
        for _look in range(2 * most + 4):
            lines -= self.at(behind).gap == _LINE
            behind -= 1
            if behind < 0 or lines < 0 or len(found) == most:
                break
            one = self.at(behind)
            if one.is_word:
                found.append(one.lower)
        return found


@dataclass(frozen=True, slots=True)
class Figures:
    """Groups of digits with the signs between them: tokens `first` to `last`; `groups` are lengths; `signs` between."""

    first: int
    last: int
    digits: str
    groups: tuple[int, ...]
    signs: tuple[str, ...]
    start: int
    end: int


def figures_at(tokens: Tokens, index: int, most_groups: int, allowed: str) -> list[Figures]:
    """Return the runs of figures that begin at `index`, shortest first: each one group longer.

    `allowed`: the single signs that may stand between groups on one line; a space among them means white space.
    """
    first = tokens.at(index)
    if not first.is_number:
        return []
    digits, groups, signs, last = first.text, [len(first.text)], [], index
    found = [Figures(index, last, digits, tuple(groups), (), first.start, first.end)]
    while len(groups) < most_groups:
        sign, following = tokens.at(last + 1), tokens.at(last + 2)
        if sign.is_number and sign.gap == _SPACE and " " in allowed:
            sign, following, step = _END, sign, 1
            signs.append(" ")
        elif sign.gap != _LINE and sign.text in allowed and following.is_number and following.gap != _LINE:
            step = 2
            signs.append(sign.text)
        else:
            break
        last += step
        digits += following.text
        groups.append(len(following.text))
        found.append(Figures(index, last, digits, tuple(groups), tuple(signs), first.start, following.end))
    return found


def misread(text: str) -> str:
    """Return `text` with letters as digits that recognition takes for one another."""
    return text.translate(_DIGITS_MISREAD)
