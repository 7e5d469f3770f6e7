"""The tree that a question becomes. Every engine evaluates the same tree, so that all find the same documents."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """One word, in `field` or in any text field when it is empty: the very form, or another form of its stem."""

    form: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after another, in the very forms."""

    forms: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A letter number or code: its parts one after another. Planning makes it a `Phrase` among the words: like a word
    it need not be in every document that a sentence finds."""

    forms: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Title:
    """A title or degree beside a name (`dr.`, `S.H.`): it helps the order and is not required, unless it stands alone.
    Planning makes it a `Word` or a `Phrase`."""

    forms: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any word or code that begins so."""

    form: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Any word that is nearly this one (`edms.search.nearness`). Planning makes it a `OneOf`: no engine meets it."""

    form: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of these very forms, counted together as if they were one word."""

    forms: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A field that has this value: `features` that has it among them, `class_code` also the codes below it."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """`year` (number) or `date` (day number, proleptic Gregorian) between two ends, both included; None is open."""

    field: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"


@dataclass(frozen=True, slots=True)
class AnyOf:
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    nodes: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """What was asked for, or what means the same: matches as `AnyOf` of all, ranks by `ranking.EXPANSION_WEIGHT`."""

    asked: "Node"
    others: tuple["Node", ...]


Node: TypeAlias = Word | Phrase | Code | Title | Prefix | Fuzzy | OneOf | Value | Range | Not | AnyOf | AllOf | Either


def parts(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below `node`."""
    if isinstance(node, AnyOf | AllOf):
        return node.nodes
    if isinstance(node, Either):
        return (node.asked, *node.others)
    return (node.node,) if isinstance(node, Not) else ()
