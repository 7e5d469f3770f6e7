"""From text to the terms of the index, and from a query's words to the same terms. Indonesian and English.

Every word is indexed twice at the same position: as written (folded to lower case without accents) and as its stem, so
that `pembangunan`, `dibangun` and `membangun` meet while the form that was asked for ranks first. A letter number or a
code (`005/1234/2023`, `900.1.3.1`) is one term as a whole and one for each part; a word broken by a hyphen at the end
of a line, as OCR leaves it, is joined.
"""

import re
import threading
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

import snowballstemmer
from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
from Sastrawi.Stemmer.Stemmer import Stemmer
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

VERSION: Final = 2
"""Grows when the same text yields other terms; an index of another version is to be rebuilt."""

EXACT: Final = b"x"
STEM: Final[dict[str, bytes]] = {"id": b"i", "en": b"e"}
MAX_TERM: Final = 64
LEAD_WORDS: Final = 16
"""How many words at the beginning of a text say what it is about: a letter's subject, an article's first sentence."""
TITLE_KEY_BYTES: Final = 32
Language = Literal["id", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")

_PART = r"(?:[^\W_]+|[\u0300-\u036f]+)+"
_BROKEN = r"[-\u2010\u00ad][ \t]*\r?\n[ \t]*"
_JOIN = rf"(?:{_BROKEN}|[-/.:_'\u2010\u2011\u2019\u00ad])"
_TOKEN = re.compile(rf"{_PART}(?:{_JOIN}{_PART})*")
_WORD = re.compile(_PART)
_PIECE = re.compile(rf"({_PART})|({_BROKEN}|\u00ad)|(.)", re.DOTALL)

_STOP_ID = """
ada adalah agar akan antara apa apabila apakah atas atau bagaimana bagaimanakah bagi bahwa banyak beberapa begitu
berapa berapakah bilamana bisa dalam dan dapat dari daripada darimana darimanakah dengan di dia dimana dimanakah hal
hanya harus hingga ia ialah ini itu jadi jika juga kami kapan kapankah karena ke kemana kemanakah kepada kita lagi
lain maka mana manakah masih mengapa mengapakah menjadi mereka namun nya oleh pada
para per pernah pula saat saja sampai sangat saya sebagai sebelum sebuah secara sedang sehingga sejak selama
seluruh semua seorang seperti serta sesuai setelah siapa siapakah suatu sudah tanpa telah tentang terhadap
tersebut tetapi tiap untuk yaitu yakni yang
"""
_STOP_EN = """
a an and are as at be been but by can could did do does for from had has have he her his how i if in into is
it its may me more most my no not of on or our shall she should so such than that the their them then there
these they this those to was we were what when where which who whom whose why will with would you your
"""
STOP_WORDS: Final = {"id": frozenset(_STOP_ID.split()), "en": frozenset(_STOP_EN.split())}
_ALL_STOP_WORDS = STOP_WORDS["id"] | STOP_WORDS["en"]


@dataclass(frozen=True, slots=True)
class Part:
    """A word or a piece of a number: its folded form, its place among the parts, its characters `[start, end)`."""

    form: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """What stands between two separators: `whole` is set when it has several parts and means something as one."""

    parts: tuple[Part, ...]
    whole: str
    joined: bool


def fold(text: str) -> str:
    """Return `text` in lower case without accents (compatibility forms resolved)."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def title_key(title: str) -> str:
    """Return what titles are ordered by, in the order of code points: folded, its first `TITLE_KEY_BYTES` in UTF-8."""
    return " ".join(fold(title).split()).encode()[:TITLE_KEY_BYTES].decode("utf-8", "ignore")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of `text` in order; positions count parts from 0."""
    position = 0
    for match in _TOKEN.finditer(text):
        surface = match.group()
        if surface.isalnum():
            yield Token((Part(fold(surface)[:MAX_TERM], position, match.start(), match.end()),), "", False)
            position += 1
            continue
        token = _compound(surface, match.start(), position)
        position += len(token.parts)
        yield token


def lead(text: str) -> str:
    """Return the beginning of `text`, up to the end of its `LEAD_WORDS`-th word."""
    last = next(islice(_WORD.finditer(text), LEAD_WORDS - 1, None), None)
    return text[: last.end()] if last else text


def part_starts(text: str) -> Iterator[int]:
    """Yield the character at which each part of `text` begins, in the order of their positions."""
    return (match.start() for match in _WORD.finditer(text))


def part_start(text: str, number: int) -> int:
    """Return the character at which the part `number`, from 0, of `text` begins; 0 when it has fewer parts."""
    found = next(islice(_WORD.finditer(text), number, None), None)
    return found.start() if found else 0


def _compound(surface: str, start: int, position: int) -> Token:
    parts: list[Part] = []
    whole = ""
    joined = True
    for piece in _PIECE.finditer(surface):
        word, _broken, other = piece.groups()
        if word:
            form = fold(word)
            whole += form
            parts.append(Part(form[:MAX_TERM], position + len(parts), start + piece.start(), start + piece.end()))
        elif other:
            joined = False
            whole += "'" if other == "\u2019" else "-" if other in "\u2010\u2011" else other
    if len(parts) == 1 or len(whole) > MAX_TERM:
        whole = ""
    return Token(tuple(parts), whole, joined and bool(whole))


_lock = threading.Lock()
_stemmers = {"id": snowballstemmer.stemmer("indonesian"), "en": snowballstemmer.stemmer("english")}


@lru_cache(maxsize=1)
def _dictionary_stemmer() -> Stemmer:
    """The stemmer of Asian (2007) with its list of roots, without its cache, which grows with each misread word."""
    return Stemmer(ArrayDictionary(StemmerFactory().get_words()))


@lru_cache(maxsize=200_000)
def stem(word: str, language: Language) -> str:
    """Return the stem of a folded word.

    Of an Indonesian word the root that the dictionary knows, and where it knows none, what Snowball's rules leave:
    `menemukan` is `temu`, which the rules alone miss, and `pertanggungjawaban` is `tanggungjawab`, which is no root.
    """
    with _lock:  # the stemmers keep the word they work on
        if language == "id":
            root = str(_dictionary_stemmer().stem_word(word))
            if root != word or _dictionary_stemmer().dictionary.contains(word):
                return root
        return str(_stemmers[language].stemWord(word))


def is_stop_word(form: str) -> bool:
    return form in _ALL_STOP_WORDS


@lru_cache(maxsize=200_000)
def _word_terms(form: str, language: Language) -> tuple[bytes, ...]:
    exact = EXACT + form.encode()
    if form in STOP_WORDS[language] or not form.isalpha():
        return (exact,)
    return (exact, STEM[language] + stem(form, language).encode())


@lru_cache(maxsize=200_000)
def _surface_terms(surface: str, language: Language) -> tuple[bytes, ...]:
    return _word_terms(fold(surface)[:MAX_TERM], language)


def _compound_terms(token: Token, language: Language) -> Iterator[tuple[bytes, int]]:
    at = token.parts[0].position
    if token.joined:
        yield from ((term, at) for term in _word_terms(token.whole, language))
    elif token.whole:
        yield EXACT + token.whole.encode(), at
    for part in token.parts:
        yield from ((term, part.position) for term in _word_terms(part.form, language))


def guess_language(text: str) -> Language:
    """Return `en` when English function words clearly outnumber Indonesian ones at the start of the text."""
    words = [fold(word) for word in re.findall(r"[^\W\d_]+", text[:20_000])]
    english = sum(word in STOP_WORDS["en"] for word in words)
    indonesian = sum(word in STOP_WORDS["id"] for word in words)
    return "en" if english > 2 * indonesian else "id"


def language_of(name: str, text: str) -> Language:
    """Return the language to stem in: the one named when we know it, else the guessed one."""
    return "en" if name == "en" else "id" if name == "id" else guess_language(text)


def terms(text: str, language: Language) -> "dict[bytes, array[int]]":
    """Return the terms of a field, each with its ascending positions (unsigned 32 bit)."""
    found: dict[bytes, array[int]] = {}
    position = 0
    for match in _TOKEN.finditer(text):
        surface = match.group()
        if surface.isalnum():
            for term in _surface_terms(surface, language):
                places = found.get(term)
                if places is None:
                    found[term] = array("I", (position,))
                else:
                    places.append(position)
            position += 1
            continue
        token = _compound(surface, match.start(), position)
        for term, at in _compound_terms(token, language):
            places = found.setdefault(term, array("I"))
            if not places or places[-1] != at:
                places.append(at)
        position += len(token.parts)
    return found


def surface_matches(text: str) -> Iterator[re.Match[str]]:
    """Return what stands between two separators, with its place."""
    return _TOKEN.finditer(text)


def surfaces(text: str) -> list[str]:
    """Return what stands between two separators, as written and in order: what `surface_terms` takes."""
    return _TOKEN.findall(text)


def surface_terms(surface: str, language: Language) -> tuple[int, tuple[tuple[bytes, int], ...]]:
    """Return how many positions a surface takes, and its terms, each with its position from the surface's first.

    All of a text one after another are what `terms` returns: for those who count many texts at once.
    """
    if surface.isalnum():
        return 1, tuple((term, 0) for term in _surface_terms(surface, language))
    token = _compound(surface, 0, 0)
    return len(token.parts), tuple(dict.fromkeys(_compound_terms(token, language)))


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query: `exact` forms any of which is the word itself, and its `stems` in either language."""

    exact: bytes
    stems: tuple[bytes, ...]
    stop: bool


def query_word(form: str) -> QueryWord:
    """Return what to look up for one folded word."""
    stop = is_stop_word(form)
    stems: tuple[bytes, ...] = ()
    if form.isalpha() and not stop:
        stems = tuple(STEM[language] + stem(form, language).encode() for language in LANGUAGES)
    return QueryWord(EXACT + form.encode(), stems, stop)
