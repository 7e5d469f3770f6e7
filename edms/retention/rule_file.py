"""Reading one rule file: TOML into editions, classes and rules, each mistake with its line.

The format is docs/formats/retention-rules.md.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from edms.retention.errors import RuleMistake
from edms.retention.types import (
    ActiveMode,
    ClassNode,
    Cutoff,
    Edition,
    EditionKind,
    EditionState,
    Fate,
    Period,
    Rule,
    TriggerType,
)

CODE = r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$"
_LEVEL = r"^(open|restricted|secret|top_secret)$"
_KIP = r"^(berkala|serta_merta|setiap_saat|dikecualikan)$"
_HEADER = re.compile(r"^\s*\[\[?\s*([a-z_.]+)\s*\]\]?")
# Nothing else may be carried out without a person: every other phrase is a condition (R31).
_UNCONDITIONAL = {
    Fate.DESTROY: re.compile(r"(di)?musnah(kan)?", re.IGNORECASE),
    Fate.PERMANENT: re.compile(r"(di)?permanen(kan)?", re.IGNORECASE),
}
_TABLES = {EditionKind.CLASSIFICATION: "class", EditionKind.SCHEDULE: "rule", EditionKind.SECURITY: "class"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Edition(_Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")
    kind: EditionKind
    number: str = Field(min_length=1)
    title: str = Field(min_length=1)
    state: EditionState
    effective_from: date
    effective_to: date | None = None
    source: str = Field(min_length=10)
    source_url: str = ""
    source_sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    approval_letter: str = ""
    approval_date: date | None = None
    example: StrictBool = False
    supplements: str = ""


class _Class(_Part):
    code: str = Field(pattern=CODE, max_length=40)
    title: str = Field(min_length=1, max_length=500)
    parent: str = ""
    default_security: str | None = Field(None, pattern=_LEVEL)
    default_kip: str | None = Field(None, pattern=_KIP)
    who_may: str | None = Field(None, pattern=r"^(head|below_head|staff)$")
    personal_data: StrictBool = False


class _Exception(_Part):
    selector: str = Field(min_length=1)
    fate: Fate


class _Rule(_Part):
    code: str = Field(min_length=1, max_length=80)
    series: str = Field(min_length=1)
    classes: tuple[str, ...] = ()
    group: str = Field("", pattern=r"^(FASILITATIF|SUBSTANTIF)?$")
    active_mode: ActiveMode = ActiveMode.DURATION
    active_years: int = Field(0, ge=0, le=200, strict=True)
    active_months: int = Field(0, ge=0, le=1200, strict=True)
    active_days: int = Field(0, ge=0, le=36500, strict=True)
    inactive_years: int = Field(0, ge=0, le=200, strict=True)
    inactive_months: int = Field(0, ge=0, le=1200, strict=True)
    inactive_days: int = Field(0, ge=0, le=36500, strict=True)
    triggers: tuple[TriggerType, ...] = ()
    trigger_label: str = ""
    any_trigger: StrictBool = False
    cutoff: Cutoff = Cutoff.NONE
    fate: Fate
    fate_text: str = Field(min_length=1)
    exceptions: tuple[_Exception, ...] = ()
    security_default: str | None = Field(None, pattern=_LEVEL)
    vital: StrictBool = False
    terjaga: StrictBool = False
    legal_ref: str = ""
    page: str = ""


_LENGTHS = ("active_years", "active_months", "active_days", "inactive_years", "inactive_months", "inactive_days")


def _about_edition(edition: _Edition, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What the keys of an edition say against each other: the key at fault and the reason."""
    if edition.effective_to and edition.effective_to < edition.effective_from:
        yield "effective_to", "effective_to lies before effective_from"
    if edition.state is EditionState.SUPERSEDED and edition.effective_to is None:
        yield "state", "a superseded edition says until when it was in force (effective_to)"
    if edition.kind is EditionKind.SCHEDULE and edition.state is not EditionState.DRAFT and not edition.example:
        if not edition.approval_letter:
            yield (
                "edition",
                "a schedule needs the approval_letter of Kepala ANRI (PP 28/2012 art. 53) or example = true",
            )
        elif edition.approval_date is None:
            yield "approval_letter", "an approval letter has its date (approval_date)"
    for table in ("class", "rule"):
        if table in tables and table != _TABLES[edition.kind]:
            yield "kind", f"an edition of kind {edition.kind} holds no [[{table}]]"


def _about_rule(part: _Rule) -> Iterator[tuple[str, str]]:
    """What the keys of a rule say against each other: the key at fault and the reason."""
    active = part.active_years or part.active_months or part.active_days
    if part.active_mode is ActiveMode.UNTIL_EVENT and not part.triggers:
        yield "active_mode", "is UNTIL_EVENT and names no trigger"
    if part.active_mode is ActiveMode.UNTIL_EVENT and part.cutoff is not Cutoff.NONE:
        yield "cutoff", "is UNTIL_EVENT, which ends on the event itself and takes no cutoff"
    if part.active_mode is not ActiveMode.DURATION and active:
        yield "active_mode", f"is {part.active_mode} and has an active period all the same"
    if len(set(part.triggers)) != len(part.triggers):
        yield "triggers", "names a trigger twice"
    if part.any_trigger and len(part.triggers) < 2:
        yield "any_trigger", "chooses among triggers and names fewer than two"
    if TriggerType.OTHER in part.triggers and not part.trigger_label.strip():
        yield "triggers", "waits for OTHER and does not say what (trigger_label)"
    if len(set(part.classes)) != len(part.classes):
        yield "classes", "names a class twice"
    plain = _UNCONDITIONAL.get(part.fate)
    if plain and (part.exceptions or not plain.fullmatch(part.fate_text.strip())):
        yield "fate", f"is {part.fate} and its text {part.fate_text!r} is more than that: DINILAI_KEMBALI (R31)"


class RuleFile:
    """The content of one file. `mistakes` is empty when everything in it could be read."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.mistakes: list[RuleMistake] = []
        self.edition: Edition | None = None
        self.supplements = ""
        self.classes: list[tuple[ClassNode, int]] = []
        self.rules: list[tuple[Rule, int]] = []
        self._text = text
        self._read()

    def _read(self) -> None:
        try:
            content = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            self._mistake(int(found.group(1)) if found else self._text.count("\n") + 1, str(error))
            return
        except RecursionError:
            self._mistake(1, "it is nested too deeply")
            return
        except ValueError as error:
            # tomllib hands on what Python says of a number of thousands of digits.
            self._mistake(1, f"it holds a value that cannot be read: {error}")
            return
        for unknown in sorted(content.keys() - {"edition", "class", "rule"}):
            self._mistake(self._top_line(unknown), f"{unknown} is not known here")
        edition = self._one(_Edition, content.get("edition", {}), self._line("edition", 0))
        if edition is None:
            return
        self.supplements = edition.supplements
        self.edition = Edition(**edition.model_dump(exclude={"supplements"}))
        for key, reason in _about_edition(edition, content.keys()):
            self._mistake(self._key_line(self._line("edition", 0), key), reason)
        self._many("class", content, _Class, lambda part, line: self.classes.append((self._class(part), line)))
        self._many("rule", content, _Rule, lambda part, line: self._add_rule(part, line))

    def _many(self, table: str, content: dict[str, Any], kind: type[_Part], add: Callable[[Any, int], None]) -> None:
        entries = content.get(table, [])
        if not isinstance(entries, list):
            self._mistake(self._line(table, 0), f"write [[{table}]], not [{table}]")
            return
        for index, entry in enumerate(entries):
            line = self._line(table, index)
            part = self._one(kind, entry, line)
            if part is not None:
                add(part, line)

    def _one(self, kind: type[_Part], values: Any, line: int) -> Any:
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                key = str(fault["loc"][0]) if fault["loc"] else ""
                told = {"extra_forbidden": "is not a known key", "missing": "is missing"}
                reason = told.get(fault["type"], fault["msg"])
                self._mistake(self._key_line(line, key), f"{'.'.join(map(str, fault['loc']))}: {reason}")
            return None

    def _class(self, part: _Class) -> ClassNode:
        assert self.edition is not None
        return ClassNode(
            self.edition.id, part.code, part.title, part.parent or None, part.default_security, part.default_kip,
            part.who_may, part.personal_data,
        )  # fmt: skip

    def _add_rule(self, part: _Rule, line: int) -> None:
        assert self.edition is not None
        for key, reason in _about_rule(part):
            self._mistake(self._key_line(line, key), f"rule {part.code} {reason}")
        told = part.model_dump(exclude={"classes", "exceptions", *_LENGTHS})
        told["legal_ref"] = part.legal_ref or self.edition.number
        rule = Rule(
            edition=self.edition.id,
            class_codes=part.classes,
            active=Period(part.active_years, part.active_months, part.active_days),
            inactive=Period(part.inactive_years, part.inactive_months, part.inactive_days),
            exceptions=tuple((exception.selector, exception.fate) for exception in part.exceptions),
            **told,
        )
        self.rules.append((rule, line))

    def _line(self, table: str, index: int) -> int:
        """The line of the `index`-th header of `table` (1 when there is none)."""
        seen = 0
        for number, line in enumerate(self._text.splitlines(), 1):
            found = _HEADER.match(line)
            if found and found.group(1) == table:
                if seen == index:
                    return number
                seen += 1
        return 1

    def _key_line(self, start: int, key: str) -> int:
        """The line of `key` in the table that begins at line `start`; the table's own line when it is not written."""
        lines = self._text.splitlines()
        for number in range(start, len(lines) + 1):
            line = lines[number - 1]
            if number > start and _HEADER.match(line):
                break
            if re.match(rf"\s*\[*{re.escape(key)}\b", line) and key:
                return number
        return start

    def _top_line(self, name: str) -> int:
        """The line where a table or key that stands outside every known table is first written."""
        written = re.compile(rf"\s*\[*\s*\"?{re.escape(name)}\b")
        return next((number for number, line in enumerate(self._text.splitlines(), 1) if written.match(line)), 1)

    def _mistake(self, line: int, reason: str) -> None:
        self.mistakes.append(RuleMistake(self.name, line, reason))
