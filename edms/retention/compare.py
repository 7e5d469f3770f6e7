"""Two rules, or two editions, held against each other: pure."""

from dataclasses import dataclass
from enum import IntFlag

from edms.retention.decide import tier_of
from edms.retention.rulebook import RuleBook
from edms.retention.types import EditionKind, Options, Period, Rule, TriggerType


class Change(IntFlag):
    """What another rule book changes for a record."""

    TITLE = 1
    RULE = 2
    DUE_DATE = 4
    FATE = 8
    TIER = 16
    BECOMES_DUE = 32
    NO_LONGER_DUE = 64
    GAINS_RULE = 128
    LOSES_RULE = 256


CHANGES: tuple[Change, ...] = tuple(Change)


def rule_changes(before: Rule | None, after: Rule | None, options: Options) -> Change:
    """Return what differs between two rules whatever the record: the rule itself, fate, tier, gained, lost."""
    if before is None or after is None:
        if before is after:
            return Change(0)
        return Change.GAINS_RULE if before is None else Change.LOSES_RULE
    found = Change.RULE if before != after else Change(0)
    if (before.fate, before.fate_text) != (after.fate, after.fate_text):
        found |= Change.FATE
    if tier_of(before, options) is not tier_of(after, options):
        found |= Change.TIER
    return found


def same_timing(before: Rule, after: Rule) -> bool:
    """True when both count from the same for the same time, so that they give every record the same dates."""
    return _timing(before) == _timing(after)


def _timing(rule: Rule) -> tuple[object, ...]:
    label = rule.trigger_label.strip().casefold() if TriggerType.OTHER in rule.triggers else ""
    triggers = rule.triggers or (TriggerType.CREATED,)
    return rule.active_mode, rule.active, rule.inactive, triggers, label, rule.any_trigger, rule.cutoff


@dataclass(frozen=True)
class Difference:
    """One code of which two editions do not say the same. `kind`: changed, added, gone; `what`: which parts differ."""

    kind: str
    code: str
    what: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]


_PARTS = ("title", "parent", "rule", "active", "inactive", "trigger", "fate", "level")


def compare_editions(one: RuleBook, first: str, two: RuleBook, second: str) -> list[Difference]:
    """Return every code of which two editions of one kind do not say the same, in order of codes.

    Schedules are compared by the class that a row speaks of, since each city numbers its rows anew; a row that names no
    class by its own code.
    """
    said, says = _said(one, first), _said(two, second)
    found = []
    for code in sorted(said.keys() | says.keys(), key=lambda code: [part.zfill(6) for part in code.split(".")]):
        before, after = said.get(code, {}), says.get(code, {})
        if not after:
            found.append(Difference("gone", code, (), before, {}))
        elif not before:
            found.append(Difference("added", code, (), {}, after))
        else:
            what = tuple(part for part in _PARTS if before.get(part, "") != after.get(part, ""))
            if what:
                found.append(Difference("changed", code, what, before, after))
    return found


def _said(book: RuleBook, edition: str) -> dict[str, dict[str, str]]:
    if book.editions[edition].kind is not EditionKind.SCHEDULE:
        return {
            node.code: {"title": node.title, "parent": node.parent or "", "level": node.default_security or ""}
            for node in book.nodes_of(edition)
        }
    rules = [rule for rule in book.rules() if rule.edition == edition]
    return {code: _told(rule) for rule in rules for code in (rule.class_codes or (rule.code,))}


def _told(rule: Rule) -> dict[str, str]:
    return {
        "rule": rule.code,
        "title": rule.series,
        "active": "" if rule.active == Period() else period_text(rule.active),
        "inactive": "" if rule.inactive == Period() else period_text(rule.inactive),
        "trigger": rule.trigger_label or ", ".join(rule.triggers),
        "fate": rule.fate_text,
        "level": rule.security_default or "",
    }


def period_text(period: Period) -> str:
    """Return a period in signs that need no language: `2 y 6 m 3 d`; `0` for none."""
    parts = [
        f"{count} {sign}" for count, sign in ((period.years, "y"), (period.months, "m"), (period.days, "d")) if count
    ]
    return " ".join(parts) or "0"
