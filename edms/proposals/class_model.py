"""Which class a document belongs to, learned from what an office has filed. Small, and every suggestion says why.

Complement naive Bayes (Rennie, Shih, Teevan, Karger, ICML 2003, section 4, with the transforms of its table 4): for
few examples and very uneven classes it beats the plain multinomial form, and a suggestion is a sum over words, so that
the words which carried it can be named. How far a suggestion is to be believed is measured on held-out documents, not
taken from the scores, which are no probabilities.
"""

import io
import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy
import snowballstemmer
from numpy.typing import NDArray

FORMAT = 1
MOST_CHARACTERS = 6000
"""How much of a document is looked at: its head and first pages tell the class, its annexes blur it."""
MOST_TERMS = 20_000
LEAST_EXAMPLES = 2
"""A class needs so many documents before it is suggested."""
FOLDS = 5
_SMOOTHING = 1.0
_MOST_REASONS = 5
_BINS = 8
_WORD = re.compile(r"[^\W\d_]{3,40}")
_STEMMER = snowballstemmer.stemmer("indonesian")

Matrix = NDArray[numpy.float64]


@dataclass(frozen=True)
class Example:
    """A filed document: the code of its class and its text (title, parties, first pages)."""

    code: str
    text: str


@dataclass(frozen=True)
class Accuracy:
    """How the model did on documents that it had not seen, in `FOLDS` parts. Shares are percentages.

    `baseline`: always the most frequent class. `steps`: (margin, right of those with at least this margin), rising.
    """

    documents: int
    first: int
    among_three: int
    baseline: int
    steps: tuple[tuple[float, int], ...]

    def certainty(self, margin: float) -> int:
        """Return how many of a hundred held-out suggestions with such a margin were right, 1 to 99."""
        right = [share for least, share in self.steps if margin >= least]
        return min(99, max(1, right[-1])) if right else 1


@dataclass(frozen=True)
class Suggestion:
    """A class, how many of a hundred such suggestions were right, and the words that spoke for it most."""

    code: str
    certainty: int
    words: tuple[str, ...]
    examples: int


class ClassModel:
    """Weights of words for classes: `weights[class, word]`, the higher the likelier."""

    def __init__(self, codes: Sequence[str], counts: Sequence[int], terms: Sequence[str], weights: Matrix) -> None:
        self.codes = tuple(codes)
        self.counts = tuple(counts)
        self.terms = tuple(terms)
        self._weights = weights
        self._place = {term: place for place, term in enumerate(self.terms)}
        self.accuracy = Accuracy(0, 0, 0, 0, ())

    def scores(self, text: str) -> Matrix:
        """Return the score of each class for `text`, in the order of `codes`; zeros when no word is known."""
        places, values = self._vector(text)
        if not len(places):
            return numpy.zeros(len(self.codes))
        return numpy.asarray(self._weights[:, places] @ values)

    def suggest(self, text: str, most: int = 3) -> list[Suggestion]:
        """Return the likeliest classes, best first; none when no word of `text` is known."""
        scores = self.scores(text)
        if len(scores) < 2 or not scores.any():
            return []
        order = numpy.argsort(-scores, kind="stable")[:most]
        margin = float(scores[order[0]] - scores[order[1]])
        first = self.accuracy.certainty(margin)
        found = [Suggestion(self.codes[order[0]], first, self._reasons(text, int(order[0])), self.counts[order[0]])]
        left = max(1, (100 - first) // max(1, len(order)))
        found += [Suggestion(self.codes[at], left, self._reasons(text, int(at)), self.counts[at]) for at in order[1:]]
        return found

    def _vector(self, text: str) -> tuple[NDArray[numpy.int64], Matrix]:
        counted = Counter(place for word in words_of(text) if (place := self._place.get(stem(word))) is not None)
        places = numpy.fromiter(counted.keys(), dtype=numpy.int64, count=len(counted))
        values = numpy.log1p(numpy.fromiter(counted.values(), dtype=numpy.float64, count=len(counted)))
        return places, values / (numpy.linalg.norm(values) or 1.0)

    def _reasons(self, text: str, at: int) -> tuple[str, ...]:
        """The words, as they stand in the text, that raise this class most above the mean of all."""
        places, values = self._vector(text)
        if not len(places):
            return ()
        lift = (self._weights[at, places] - self._weights[:, places].mean(axis=0)) * values
        best = [int(places[place]) for place in numpy.argsort(-lift)[:_MOST_REASONS] if lift[place] > 0]
        written = {self._place.get(stem(word)): word for word in reversed(words_of(text))}
        return tuple(written[place] for place in best)

    def to_bytes(self) -> bytes:
        """Return the model for storage: JSON head, a newline, and the weights as float32; compressed. No pickle."""
        head = {
            "format": FORMAT,
            "codes": self.codes,
            "counts": self.counts,
            "terms": self.terms,
            "accuracy": [
                self.accuracy.documents,
                self.accuracy.first,
                self.accuracy.among_three,
                self.accuracy.baseline,
                self.accuracy.steps,
            ],
        }
        out = io.BytesIO()
        out.write(json.dumps(head, ensure_ascii=False).encode() + b"\n")
        out.write(self._weights.astype("<f4").tobytes())
        return zlib.compress(out.getvalue(), 6)

    @classmethod
    def from_bytes(cls, content: bytes) -> "ClassModel":
        """Read a stored model. Raises ValueError when it is damaged or of another format."""
        try:
            head, _, weights = zlib.decompress(content).partition(b"\n")
            told: dict[str, Any] = json.loads(head)
            if told["format"] != FORMAT:
                raise ValueError("a class model of another format")
            table = numpy.frombuffer(weights, dtype="<f4").astype(numpy.float64)
            if len(told["counts"]) != len(told["codes"]):
                raise ValueError("a class model in which a class has no count")
            shape = len(told["codes"]), len(told["terms"])
            model = cls(told["codes"], told["counts"], told["terms"], table.reshape(shape))
            documents, first, among_three, baseline, steps = told["accuracy"]
            model.accuracy = Accuracy(
                documents, first, among_three, baseline, tuple((float(least), int(share)) for least, share in steps)
            )
        except (zlib.error, KeyError, TypeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"not a class model: {type(error).__name__}") from None
        return model


def train(examples: Sequence[Example]) -> ClassModel | None:
    """Learn from filed documents, and measure on held-out ones. None when fewer than two classes have enough."""
    usable = _usable(examples)
    model = _fit(usable)
    if model is not None:
        model.accuracy = held_out(usable)
    return model


def held_out(examples: Sequence[Example]) -> Accuracy:
    """Train on all parts but one and suggest for that one, each in turn; the same examples give the same figures."""
    outcomes: list[tuple[float, bool, bool]] = []
    for fold in range(FOLDS):
        model = _fit([one for place, one in enumerate(examples) if place % FOLDS != fold])
        if model is None:
            continue
        for one in examples[fold::FOLDS]:
            scores = model.scores(one.text)
            order = numpy.argsort(-scores, kind="stable")
            right = [model.codes[at] == one.code for at in order[:3]]
            outcomes.append((float(scores[order[0]] - scores[order[1]]), right[0], any(right)))
    if not outcomes:
        return Accuracy(0, 0, 0, 0, ())
    frequent = Counter(one.code for one in examples).most_common(1)[0][1]
    return Accuracy(
        len(outcomes),
        _percent(sum(right for _margin, right, _three in outcomes), len(outcomes)),
        _percent(sum(three for _margin, _right, three in outcomes), len(outcomes)),
        _percent(frequent, len(examples)),
        _steps([(margin, right) for margin, right, _three in outcomes]),
    )


def _steps(outcomes: list[tuple[float, bool]]) -> tuple[tuple[float, int], ...]:
    """Cut the margins into equal parts, each with its share of right ones: never falling as the margin rises."""
    ranked = sorted(outcomes)
    steps: list[tuple[float, int]] = []
    for part in numpy.array_split(numpy.arange(len(ranked)), min(_BINS, max(1, len(ranked) // 10))):
        right = sum(ranked[at][1] for at in part)
        # One more right and one more wrong than were seen (Laplace): a few lucky hits are no certainty.
        share = _percent(right + 1, len(part) + 2)
        steps.append((ranked[part[0]][0] if steps else 0.0, max([share, *(earlier for _least, earlier in steps)])))
    return tuple(steps)


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _usable(examples: Sequence[Example]) -> list[Example]:
    """Those of classes with enough documents, class by class in turn, so that every fold holds some of each."""
    seen = Counter(one.code for one in examples)
    kept = [one for one in examples if seen[one.code] >= LEAST_EXAMPLES]
    return sorted(kept, key=lambda one: one.code)


def _fit(examples: Sequence[Example]) -> ClassModel | None:
    codes = sorted({one.code for one in examples})
    if len(codes) < 2:
        return None
    documents = [Counter(stem(word) for word in words_of(one.text)) for one in examples]
    spread = Counter(term for document in documents for term in document)
    terms = [term for term, _count in sorted(spread.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]]
    place = {term: at for at, term in enumerate(terms)}
    row = {code: at for at, code in enumerate(codes)}
    rarity = numpy.log(len(documents) / numpy.array([spread[term] for term in terms], dtype=numpy.float64)) + 1e-9
    sums = numpy.zeros((len(codes), len(terms)))
    for example, document in zip(examples, documents, strict=True):
        places = [place[term] for term in document if term in place]
        values = numpy.log1p([document[terms[at]] for at in places]) * rarity[places]
        sums[row[example.code], places] += values / (numpy.linalg.norm(values) or 1.0)
    complement = sums.sum(axis=0) - sums + _SMOOTHING
    weights = -numpy.log(complement / complement.sum(axis=1, keepdims=True))
    weights /= numpy.abs(weights).sum(axis=1, keepdims=True)
    counts = Counter(one.code for one in examples)
    return ClassModel(codes, [counts[code] for code in codes], terms, weights * len(terms))


def words_of(text: str) -> list[str]:
    """Return the words of the part of `text` that is looked at, folded, in order."""
    folded = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold()
    return _WORD.findall(folded)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of a folded word; English words stay nearly as they are."""
    return str(_STEMMER.stemWord(word))
