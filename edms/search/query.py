"""The query language: words, "phrases", beginnings*, field:value, -not, OR. Any text is a query; nothing raises.

    query  = clause { clause }                 every clause must hold
    clause = [ "-" | NOT | BUKAN ] alternative { OR | ATAU alternative }
    alternative = [ field ":" ] ( word | word* | "phrase" | from..to )

Field names are Indonesian or English. What cannot be taken as typed is read as plain words and named in a notice.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from edms.search.analysis import fold, tokens
from edms.search.nodes import AllOf, AnyOf, Code, Node, Not, Phrase, Prefix, Range, Value, Word
from edms.search.protocol import Notice

MAX_CLAUSES: Final = 64
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
    "redaksi": "redaction", "penghitaman": "redaction", "redaction": "redaction",
    "penahanan": "hold", "hold": "hold",
    "salinan": "copy", "copy": "copy",
    "nomor": "number", "number": "number",
    "tanggal": "date", "date": "date",
    "pengirim": "sender", "sender": "sender",
    "penerima": "recipient", "recipient": "recipient",
}  # fmt: skip
"""What `ada:` and `has:` ask for, by its names in questions; the values are `edms.search.protocol.FEATURES`."""

FEATURE_FIELDS: Final = frozenset({"ada", "has"})

RANGE_FIELDS: Final = {"tahun": "year", "year": "year", "tanggal": "date", "date": "date"}


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What is asked, what was not taken as typed, and whether it is a question in plain words."""

    root: AllOf
    notices: tuple[Notice, ...] = ()
    question: bool = False


_ITEM = re.compile(
    r'(?P<minus>-)?(?:(?P<field>[A-Za-z]{2,14}):)?(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>[^\s"]+))'
)
QUESTION_WORDS: Final = frozenset(
    {"apa", "apakah", "bagaimana", "berapa", "dimana", "kapan", "kapankah", "mana", "mengapa", "siapa", "siapakah"}
    | {"how", "what", "when", "where", "which", "who", "whose", "why"}
)
_OR = frozenset({"OR", "ATAU", "|", "||"})
_NOT = frozenset({"NOT", "BUKAN"})
_AND = frozenset({"AND", "DAN", "&", "&&", "+"})


class _Parser:
    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.clauses: list[Node] = []
        self.count = 0

    def run(self, text: str) -> ParsedQuery:
        negate = alternative = False
        for match in _ITEM.finditer(text):
            word = match["word"] if not match["field"] and not match["minus"] else None
            if word in _OR:
                alternative = bool(self.clauses)
            elif word in _NOT:
                negate = True
            elif word not in _AND:
                nodes = self.item(match)
                if self.count + len(nodes) > MAX_CLAUSES:
                    self.notices.append(Notice("too-many-words", str(MAX_CLAUSES)))
                    break
                self.take(nodes, negate or bool(match["minus"]), alternative)
                negate = alternative = False
        asks = text.rstrip().endswith("?") or any(
            isinstance(c, Word) and c.form in QUESTION_WORDS for c in self.clauses
        )
        return ParsedQuery(AllOf(tuple(self.clauses)), tuple(self.notices), asks)

    def take(self, nodes: list[Node], negate: bool, alternative: bool) -> None:
        if not nodes:
            return
        self.count += len(nodes)
        if not negate and not alternative:
            self.clauses += nodes
            return
        node: Node = nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))
        if negate:
            node = Not(node)
        if alternative:
            before = self.clauses.pop()
            node = AnyOf((*(before.nodes if isinstance(before, AnyOf) else (before,)), node))
        self.clauses.append(node)

    def item(self, match: re.Match[str]) -> list[Node]:
        name, phrase, word = fold(match["field"] or ""), match["phrase"], match["word"]
        if phrase is not None and not match["closed"]:
            self.notices.append(Notice("open-quote"))
        value = phrase if phrase is not None else word
        if not name:
            return self.text_nodes(value, phrase is not None, "")
        if name in TEXT_FIELDS:
            return self.text_nodes(value, phrase is not None, TEXT_FIELDS[name])
        if name in VALUE_FIELDS:
            return [Value(VALUE_FIELDS[name], value.strip())] if value.strip() else []
        if name in FEATURE_FIELDS:
            if fold(value) in FEATURE_NAMES:
                return [Value("features", FEATURE_NAMES[fold(value)])]
            self.notices.append(Notice("unknown-feature", value))
            return []
        if name in RANGE_FIELDS:
            span = parse_range(RANGE_FIELDS[name], value)
            if span:
                return [span]
            self.notices.append(Notice("bad-range", match.group()))
            return []
        self.notices.append(Notice("unknown-field", match["field"]))
        return self.text_nodes(f"{match['field']}:{value}", phrase is not None, "")

    def text_nodes(self, value: str, quoted: bool, field: str) -> list[Node]:
        found = list(tokens(value))
        if quoted:
            forms = tuple(part.form for token in found for part in token.parts)
            return [] if not forms else [Word(forms[0], field) if len(forms) == 1 else Phrase(forms, field)]
        if value.endswith("*") and found:
            return self.prefix_nodes(value, field)
        nodes: list[Node] = []
        for token in found:
            if token.whole and any(character.isdigit() for character in token.whole):
                nodes.append(Code(tuple(part.form for part in token.parts), field))
            else:
                nodes += dict.fromkeys(Word(part.form, field) for part in token.parts)
        return nodes

    def prefix_nodes(self, value: str, field: str) -> list[Node]:
        stem = value.rstrip("*")
        cut = max((stem.rfind(mark) for mark in "*,;()[]{}<>!?"), default=-1) + 1
        form = fold(stem[cut:]).strip("-/.:_'\"")
        nodes = self.text_nodes(stem[:cut].replace("*", " "), False, field) if cut else []
        if len(form) < MIN_PREFIX:
            self.notices.append(Notice("short-prefix", value))
            return [*nodes, *self.text_nodes(form, False, field)]
        return [*nodes, Prefix(form, field)]


def parse(text: str, limit: int = 500) -> ParsedQuery:
    """Return the query that `text` (at most `limit` characters of it) spells. Never raises."""
    parser = _Parser()
    if len(text) > limit:
        parser.notices.append(Notice("too-long", str(limit)))
    return parser.run(text[:limit].encode("utf-8", "replace").decode())


def parse_range(field: str, text: str) -> Range | None:
    """Return the range `2014`, `2014..2016`, `2014-03-01..`, `..2016-12` spell; None when it is not one."""
    low_text, dots, high_text = text.partition("..")
    low, high = _ends(low_text), _ends(high_text if dots else low_text)
    if (low_text and not low) or (high_text and not high) or not (low or high):
        return None
    if field == "year":
        return Range(field, low[0].year if low else None, high[1].year if high else None)
    return Range(field, low[0].toordinal() if low else None, high[1].toordinal() if high else None)


_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")


def _ends(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of a year, a month or a day."""
    match = _DAY.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(group) if group else None for group in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        if day:
            return first, first
        if month:
            following = date(first.year + month // 12, month % 12 + 1, 1)
            return first, date.fromordinal(following.toordinal() - 1)
        return first, date(first.year, 12, 31)
    except ValueError:
        return None
