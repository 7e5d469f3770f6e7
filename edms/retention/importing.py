"""Tables of published schedules and classifications made into a draft: each row is understood whole, or reported.

Pure: rows of cells in, the text of a rule file and a report out. What is understood stands in the draft as it stands in
the table; what is not is left out of it and told, with the column, the reason and what may be meant (R28 to R32).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from edms.retention.phrases import (
    ActivePhrase,
    FatePhrase,
    Misread,
    read_active,
    read_event,
    read_fate,
    read_inactive,
    read_level,
)
from edms.retention.rule_file import CODE
from edms.retention.types import ActiveMode, EditionKind, Period

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("code", "kode", "app_code", "kode klasifikasi", "kode_klasifikasi", "no", "nomor"),
    "title": ("title", "series", "jenis arsip", "jenis_arsip", "uraian", "nama", "judul", "jenis", "seri"),
    "parent": ("parent", "induk", "kode induk"),
    "active": ("active_phrase", "aktif", "retensi aktif", "retensi_aktif", "active_years", "active"),
    "trigger": ("active_trigger", "titik hitung", "pemicu"),
    "inactive": ("inactive_phrase", "inaktif", "retensi inaktif", "retensi_inaktif", "inactive_years", "inactive"),
    "fate": ("fate_note_verbatim", "fate_phrase", "keterangan", "nasib akhir", "nasib_akhir", "fate"),
    "fate_default": ("fate_default",),
    "level": ("security_class", "klasifikasi keamanan", "klasifikasi_keamanan", "tingkat klasifikasi", "keamanan"),
    "page": ("pdf_page", "page", "halaman"),
}
"""The headings by which each field is known, in any case of letters; the first that stands in the table."""
NEEDED = {
    EditionKind.SCHEDULE: ("code", "active", "inactive", "fate"),
    EditionKind.CLASSIFICATION: ("code", "title"),
    EditionKind.SECURITY: ("code", "title", "level"),
}


@dataclass(frozen=True)
class Reported:
    """A row that is not in the draft: its line in the table, the field at fault, and why."""

    line: int
    code: str
    field: str
    reason: str
    words: str
    suggestion: str


@dataclass(frozen=True)
class NewEdition:
    """What the draft is to be called; what is not known yet says so in the file."""

    id: str
    kind: EditionKind
    number: str
    title: str
    source: str
    effective_from: date
    source_url: str = ""
    source_sha256: str = ""


@dataclass
class Imported:
    """`given` rows are in `parts` (understood) or named in `reported`, each once."""

    edition: NewEdition
    given: int = 0
    parts: list[dict[str, Any]] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)

    def reasons(self) -> dict[str, int]:
        """Return how many rows were left out for which reason, `field: reason`."""
        return dict(sorted(Counter(f"{one.field}: {one.reason}" for one in self.reported).items()))

    def toml(self) -> str:
        """Return the rule file: a draft, whose rules name no classes until a person says which."""
        told = self.edition
        head = {
            "id": told.id, "kind": told.kind.value, "number": told.number, "title": told.title, "state": "DRAFT",
            "effective_from": told.effective_from, "source": told.source, "source_url": told.source_url,
            "source_sha256": told.source_sha256,
        }  # fmt: skip
        table = "rule" if told.kind is EditionKind.SCHEDULE else "class"
        parts = [_table("[edition]", head), *(_table(f"[[{table}]]", part) for part in self.parts)]
        return "\n".join(parts)


def import_rows(rows: Iterable[tuple[int, Mapping[str, str]]], edition: NewEdition) -> Imported:
    """Read the rows of a table, each with its line and its cells by field (`fields_of`). Never raises for a row."""
    made = Imported(edition)
    read = _rule if edition.kind is EditionKind.SCHEDULE else _class
    kept = list(rows)
    codes = Counter(" ".join(cells.get("code", "").split()) for _line, cells in kept)
    for line, cells in kept:
        made.given += 1
        code = " ".join(cells.get("code", "").split())
        found = read(code, cells, codes, edition.kind)
        if isinstance(found, dict) and codes[code] > 1:
            found = ("code", Misread("twice", code))  # which of them is right, nobody says
        if isinstance(found, dict):
            made.parts.append(found)
        else:
            name, wrong = found
            made.reported.append(Reported(line, code, name, wrong.code, wrong.words, wrong.suggestion))
    return made


def fields_of(headings: Iterable[str], kind: EditionKind) -> tuple[dict[str, int], list[str]]:
    """Return the column of each field that a table's headings name, and the fields that are needed and missing."""
    known = [" ".join(heading.split()).casefold() for heading in headings]
    found = {
        name: next(known.index(synonym) for synonym in synonyms if synonym in known)
        for name, synonyms in COLUMNS.items()
        if any(synonym in known for synonym in synonyms)
    }
    return found, [name for name in NEEDED[kind] if name not in found]


def _rule(
    code: str, cells: Mapping[str, str], _codes: Mapping[str, int], _kind: EditionKind
) -> dict[str, Any] | tuple[str, Misread]:
    if not code or len(code) > 80:
        return "code", Misread("no_code", code[:80])
    active, inactive = _active(cells), read_inactive(_years(cells.get("inactive", "")))
    fate, level = _fate(cells), read_level(cells.get("level", ""))
    for name, found in (("active", active), ("inactive", inactive), ("fate", fate), ("level", level)):
        if isinstance(found, Misread):
            return name, found
    assert isinstance(active, ActivePhrase)
    assert isinstance(inactive, Period)
    assert isinstance(fate, FatePhrase)
    return {
        "code": code,
        "series": " ".join(cells.get("title", "").split()) or code,
        "classes": [],
        "active_mode": None if active.mode is ActiveMode.DURATION else active.mode.value,
        **_lengths("active", active.period),
        "triggers": [kind.value for kind in active.triggers],
        "trigger_label": active.label,
        "any_trigger": active.any_trigger or None,
        **_lengths("inactive", inactive),
        "fate": fate.fate.value,
        "fate_text": fate.text,
        "exceptions": [{"selector": selector, "fate": told.value} for selector, told in fate.exceptions],
        "security_default": level,
        "page": " ".join(cells.get("page", "").split()),
    }


def _active(cells: Mapping[str, str]) -> ActivePhrase | Misread:
    """The active period; some tables keep what it counts from in a column of its own."""
    length, trigger = _years(cells.get("active", "")), " ".join(cells.get("trigger", "").split())
    if not trigger:
        return read_active(length)
    if not length.strip():
        return read_active(trigger)
    event = read_event(re.sub(r"(?i)^(setelah|sesudah|sejak)\s+", "", trigger))
    plain = read_active(length)
    if isinstance(event, Misread) or isinstance(plain, Misread):
        return event if isinstance(event, Misread) else plain
    return ActivePhrase(plain.mode, plain.period, event[0], trigger, event[1])


def _fate(cells: Mapping[str, str]) -> FatePhrase | Misread:
    """The fate in the words of the law; where a table has a note only for conditions, its plain word."""
    return read_fate(cells.get("fate", "") or cells.get("fate_default", "").replace("_", " "))


def _years(cell: str) -> str:
    """A bare number in a column of years is years."""
    return f"{cell.strip()} tahun" if cell.strip().isdecimal() else cell


def _class(
    code: str, cells: Mapping[str, str], codes: Mapping[str, int], kind: EditionKind
) -> dict[str, Any] | tuple[str, Misread]:
    title, level = " ".join(cells.get("title", "").split()), read_level(cells.get("level", ""))
    if not re.fullmatch(CODE, code) or len(code) > 40:
        return "code", Misread("no_code", code[:80])
    if not title or len(title) > 500:
        return "title", Misread("empty" if not title else "too_long", title[:40])
    if isinstance(level, Misread):
        return "level", level
    if level is None and kind is EditionKind.SECURITY:
        return "level", Misread("empty", "")
    parent = cells.get("parent", "").strip()
    if parent and parent not in codes:
        return "parent", Misread("no_parent", parent[:40])
    if parent == code:
        return "parent", Misread("no_parent", code)
    return {"code": code, "title": title, "parent": parent or _above(code, codes), "default_security": level}


def _above(code: str, codes: Mapping[str, int]) -> str:
    """The nearest code above by its dots that stands in the table; `000` above `000.1`."""
    while "." in code:
        code = code.rpartition(".")[0]
        if code in codes:
            return code
    return ""


def _lengths(name: str, period: Period) -> dict[str, int | None]:
    return {
        f"{name}_years": period.years or None,
        f"{name}_months": period.months or None,
        f"{name}_days": period.days or None,
    }


def _table(heading: str, values: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if value not in (None, "", [])]
    return "\n".join([heading, *lines, ""])


def _value(value: Any) -> str:
    """A value in TOML. A text is written as JSON writes it, which TOML reads alike but for DEL."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode("utf-8")
        return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)
