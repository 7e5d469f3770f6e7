"""The query language: words, "phrases", beginnings*, nearly~, field:value, -not, OR, (groups). Any text is a query.

    query  = clause { clause }                 every clause must hold
    clause = [ "-" | NOT | BUKAN ] alternative { OR | ATAU alternative }
    alternative = [ field ":" ] ( word | word* | word~ | "phrase" | from..to | "(" query ")" )

Field names are Indonesian or English. What cannot be taken as typed is read as plain words and named in a notice;
nothing raises. See docs/search-language.md.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from edms.search import dates
from edms.search.analysis import Token, fold, tokens
from edms.search.nearness import farthest
from edms.search.nodes import AllOf, AnyOf, Code, Either, Fuzzy, Node, Not, Phrase, Prefix, Range, Title, Value, Word
from edms.search.protocol import Notice

MAX_CLAUSES: Final = 64
MAX_NEAR: Final = 8
"""Beginnings and nearly-words in one question."""
MAX_DEPTH: Final = 8
MIN_PREFIX: Final = 2

TEXT_FIELDS: Final = {
    "judul": "title", "title": "title",
    "nomor": "number", "no": "number", "number": "number",
    "perihal": "subject", "hal": "subject", "subject": "subject",
    "dari": "sender", "pengirim": "sender", "from": "sender", "sender": "sender",
    "kepada": "recipient", "penerima": "recipient", "to": "recipient", "recipient": "recipient",
    "isi": "text", "teks": "text", "text": "text",
}  # fmt: skip
"""Fields whose words are searched."""

VALUE_FIELDS: Final = {
    "kelas": "class_code", "klasifikasi": "class_code", "class": "class_code",
    "kantor": "office", "unit": "office", "office": "office",
    "tingkat": "level", "keamanan": "level", "level": "level",
    "jenis": "record_type", "type": "record_type",
    "status": "state", "keadaan": "state", "state": "state",
    "bahasa": "language", "language": "language",
}  # fmt: skip
"""Fields whose whole value is compared; a class code also matches the codes below it."""

FEATURE_NAMES: Final = {
    "tandatangan": "signature", "ttd": "signature", "signature": "signature", "signed": "signature",
    "lampiran": "attachment", "attachment": "attachment", "attachments": "attachment",
    "teks": "text", "text": "text",
    "ocr": "ocr", "pindaian": "ocr", "scan": "ocr",
    "salinan": "copy", "copy": "copy",
    "nomor": "number", "number": "number",
    "tanggal": "date", "date": "date",
    "pengirim": "sender", "sender": "sender",
    "penerima": "recipient", "recipient": "recipient",
    "penahanan": "hold", "ditahan": "hold", "hold": "hold", "held": "hold",
    "redaksi": "redaction", "suntingan": "redaction", "redaction": "redaction", "redacted": "redaction",
}  # fmt: skip
"""What `ada:` and `has:` ask for, by its names in questions; the values are `edms.search.protocol.FEATURES`."""

FEATURE_FIELDS: Final = frozenset({"ada", "has"})

RANGE_FIELDS: Final = {"tahun": "year", "year": "year", "tanggal": "date", "date": "date"}


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What is asked, what was not taken as typed, whether it is a question in plain words, and what was typed."""

    root: AllOf
    notices: tuple[Notice, ...] = ()
    question: bool = False
    text: str = ""


_ITEM = re.compile(
    r'(?P<minus>-)?(?:(?P<field>[A-Za-z]{2,14}):)?(?:(?P<open>\()|"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>[^\s"]+))'
)
QUESTION_WORDS: Final = frozenset(
    {"apa", "apakah", "bagaimana", "bagaimanakah", "berapa", "berapakah", "bilamana", "dimana", "dimanakah", "kapan"}
    | {"kapankah", "kemana", "mana", "manakah", "mengapa", "siapa", "siapakah"}
    | {"how", "what", "when", "where", "which", "who", "whose", "why"}
)
TITLES: Final = frozenset(
    {"dr", "drs", "dra", "drg", "drh", "ir", "prof", "hj", "sdr", "sdri", "bpk", "msi", "mkes", "mkom"}
    | {"spd", "mpd", "ssos", "skom", "amd", "ssi", "mhum", "phd", "mba", "ners"}
)
"""Titles and degrees beside names, written without dots, or with one at the end."""
_DEGREE = re.compile(r"[smabd]\.[a-z]{1,5}(?:\.[a-z]{1,4})?", re.ASCII)
"""A degree with dots inside: `S.H`, `M.Si`, `S.Sos`, `A.Md.Kep`."""

_OR = frozenset({"OR", "ATAU", "|", "||"})
_NOT = frozenset({"NOT", "BUKAN"})
_AND = frozenset({"AND", "DAN", "&", "&&", "+"})


@dataclass(slots=True)
class _Group:
    """A query, or what stands between parentheses: the field and sign before it, and what was read of it so far."""

    name: str = ""
    negate: bool = False
    alternative: bool = False
    clauses: list[Node] = field(default_factory=list)
    next_negated: bool = False
    next_alternative: bool = False


class _Parser:
    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.groups = [_Group()]
        self.count = 0
        self.near = 0

    def run(self, text: str) -> ParsedQuery:
        at = 0
        while at < len(text):
            if text[at] == ")":
                self.close()
                at += 1
            elif not (match := _ITEM.match(text, at)):
                at += 1
            elif match["open"] is not None:
                self.open(match)
                at = match.end()
            else:
                taken = self.item(text, at, match)
                if taken is None:
                    self.notices.append(Notice("too-many-words", str(MAX_CLAUSES)))
                    break
                at = taken
        if len(self.groups) > 1:
            self.notices.append(Notice("open-parenthesis"))
        while len(self.groups) > 1:
            self.close()
        clauses = self.groups[0].clauses
        asks = text.rstrip().endswith("?") or any(isinstance(c, Word) and c.form in QUESTION_WORDS for c in clauses)
        return ParsedQuery(AllOf(tuple(clauses)), tuple(dict.fromkeys(self.notices)), asks, text)

    def open(self, match: re.Match[str]) -> None:
        if len(self.groups) > MAX_DEPTH:
            self.notices.append(Notice("too-deep", str(MAX_DEPTH)))
            return
        outer = self.groups[-1]
        name = match["field"] or outer.name
        self.groups.append(_Group(name, outer.next_negated or bool(match["minus"]), outer.next_alternative))
        outer.next_negated = outer.next_alternative = False

    def close(self) -> None:
        if len(self.groups) == 1:
            return  # a parenthesis of the text itself, as in a list: 3)
        group = self.groups.pop()
        self.take(group.clauses, group.negate, group.alternative)

    def item(self, text: str, at: int, match: re.Match[str]) -> int | None:
        """Take one item and return where the next may begin; None when there are too many."""
        group = self.groups[-1]
        word = match["word"] if not match["field"] and not match["minus"] else None
        if word in _OR:
            group.next_alternative = bool(group.clauses)
        elif word in _NOT:
            group.next_negated = True
        elif word not in _AND:
            end, value = self.value(text, match)
            nodes = self.nodes(match["field"] or group.name, value, match)
            self.count += len(nodes)
            if self.count > MAX_CLAUSES:
                return None
            self.take(nodes, group.next_negated or bool(match["minus"]), group.next_alternative)
            group.next_negated = group.next_alternative = False
            return end
        return match.end()

    def value(self, text: str, match: re.Match[str]) -> tuple[int, str]:
        """Return where the value of an item ends and what it is: a date may go on past spaces."""
        if match["phrase"] is not None:
            if not match["closed"]:
                self.notices.append(Notice("open-quote"))
            return match.end(), match["phrase"]
        start, name = match.start("word"), fold(match["field"] or "")
        dated = (dates.SPAN if name in RANGE_FIELDS else dates.WRITTEN).match(text, start)
        if dated and (name in RANGE_FIELDS or not name or name in TEXT_FIELDS):
            return dated.end(), dated.group()
        value = match["word"]
        while value.endswith(")") and value.count(")") > value.count("("):
            value = value[:-1]
        return start + len(value), value

    def take(self, nodes: list[Node], negate: bool, alternative: bool) -> None:
        clauses = self.groups[-1].clauses
        if not nodes:
            return
        if not negate and not alternative:
            clauses += nodes
            return
        node: Node = nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))
        if negate:
            node = Not(node)
        if alternative and clauses:
            before = clauses.pop()
            node = AnyOf((*(before.nodes if isinstance(before, AnyOf) else (before,)), node))
        clauses.append(node)

    def nodes(self, given: str, value: str, match: re.Match[str]) -> list[Node]:
        name, quoted = fold(given), match["phrase"] is not None
        if not name:
            return self.text_nodes(value, quoted, "")
        if name in TEXT_FIELDS:
            return self.text_nodes(value, quoted, TEXT_FIELDS[name])
        if name in VALUE_FIELDS:
            return [Value(VALUE_FIELDS[name], value.strip())] if value.strip() else []
        if name in FEATURE_FIELDS:
            if fold(value) in FEATURE_NAMES:
                return [Value("features", FEATURE_NAMES[fold(value)])]
            self.notices.append(Notice("unknown-feature", value))
            return []
        if name in RANGE_FIELDS:
            if span := parse_range(RANGE_FIELDS[name], value):
                return [span]
            self.notices.append(Notice("bad-range", f"{given}:{value}"))
            return []
        self.notices.append(Notice("unknown-field", given))
        return self.text_nodes(f"{given}:{value}", quoted, "")

    def text_nodes(self, value: str, quoted: bool, name: str) -> list[Node]:
        found = list(tokens(value))
        if quoted:
            forms = tuple(part.form for token in found for part in token.parts)
            return [] if not forms else [Word(forms[0], name) if len(forms) == 1 else Phrase(forms, name)]
        if (day := dates.ends(value)) and day[0] == day[1]:
            forms = tuple(part.form for token in found for part in token.parts)
            others: list[Node] = [Phrase(one, name) for one in dates.spellings(day[0]) if one != forms]
            ranges = [] if name else [Range("date", day[0].toordinal(), day[0].toordinal())]
            return [Either(Code(forms, name), (*others, *ranges))]
        if found and value.endswith(("*", "~")):
            return self.prefix_nodes(value, name) if value.endswith("*") else self.fuzzy_nodes(value, found, name)
        return [node for token in found for node in self.token_nodes(value, token, name)]

    def token_nodes(self, value: str, token: Token, name: str) -> list[Node]:
        forms = tuple(part.form for part in token.parts)
        after = value[token.parts[-1].end :][:1]
        if _DEGREE.fullmatch(token.whole) or (len(forms) == 1 and forms[0] in TITLES and after in ("", ".", ",")):
            return [Title(forms, name)]
        if token.whole and any(character.isdigit() for character in token.whole):
            return [Code(forms, name)]
        return list(dict.fromkeys(Word(form, name) for form in forms))

    def fuzzy_nodes(self, value: str, found: list[Token], name: str) -> list[Node]:
        forms = [part.form for token in found for part in token.parts]
        if len(forms) > 1 or not farthest(forms[0]):
            self.notices.append(Notice("not-nearly", value))
            return self.text_nodes(value.rstrip("~"), False, name)
        return self.bounded(Fuzzy(forms[0], name), forms[0])

    def bounded(self, node: Node, form: str) -> list[Node]:
        self.near += 1
        if self.near <= MAX_NEAR:
            return [node]
        self.notices.append(Notice("too-many-near", str(MAX_NEAR)))
        return [Word(form)]

    def prefix_nodes(self, value: str, name: str) -> list[Node]:
        stem = value.rstrip("*")
        cut = max((stem.rfind(mark) for mark in "*,;()[]{}<>!?"), default=-1) + 1
        form = fold(stem[cut:]).strip("-/.:_'\"")
        nodes = self.text_nodes(stem[:cut].replace("*", " "), False, name) if cut else []
        if len(form) < MIN_PREFIX:
            self.notices.append(Notice("short-prefix", value))
            return [*nodes, *self.text_nodes(form, False, name)]
        return [*nodes, *self.bounded(Prefix(form, name), form)]


def parse(text: str, limit: int = 500) -> ParsedQuery:
    """Return the query that `text` (at most `limit` characters of it) spells. Never raises."""
    parser = _Parser()
    if len(text) > limit:
        parser.notices.append(Notice("too-long", str(limit)))
    return parser.run(text[:limit].encode("utf-8", "replace").decode())


def parse_range(name: str, text: str) -> Range | None:
    """Return the range `2014`, `2014..2016`, `2014-03-01..`, `..17 Agustus 2014` spell; None when it is not one."""
    low_text, dots, high_text = text.partition("..")
    low, high = dates.ends(low_text), dates.ends(high_text if dots else low_text)
    if (low_text.strip() and not low) or (high_text.strip() and not high) or not (low or high):
        return None
    if name == "year":
        return Range(name, low[0].year if low else None, high[1].year if high else None)
    return Range(name, low[0].toordinal() if low else None, high[1].toordinal() if high else None)
