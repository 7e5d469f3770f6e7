"""Worked cases: the whole decision, steps and reasons included, compared with what was worked out by hand."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edms.retention.decide import decide
from edms.retention.rulebook import RuleBook, load_rules
from edms.retention.types import Decision, EventFact, HoldFact, Options, RetentionFacts, Rule, Step, TriggerType

ROOT = Path(__file__).resolve().parents[2]
CASES: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/golden/retention.toml").read_text("utf-8"))["case"]


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rules(ROOT / "retention_rules")


def rule_of(book: RuleBook, case: dict[str, Any]) -> Rule:
    rule = book.rule(case["edition"], case["rule"])
    assert rule is not None
    return rule


def facts_of(told: dict[str, Any]) -> RetentionFacts:
    events = tuple(EventFact(TriggerType(kind), on, verified, label) for kind, on, verified, label in told["events"])
    return RetentionFacts(**{"document_date": None, **told, "events": events})


def options_of(told: dict[str, Any]) -> Options:
    month, day = told.pop("fiscal_year_end", "12-31").split("-")
    return Options(**told, fiscal_year_end=(int(month), int(day)))


def written(step: Step) -> str:
    """One step as the golden file writes it: name, day, what decided."""
    told = step.arguments
    length = "+".join(f"{told[unit]}{unit[0]}" for unit in ("years", "months", "days") if told.get(unit))
    events = "+".join(told.get("events", ()))
    parts = (step.name, str(step.on or "-"), told.get("event"), events, told.get("cutoff"), told.get("mode"), length)
    return " ".join(part for part in parts if part)


def whole(decision: Decision) -> dict[str, Any]:
    return {
        "phase": decision.phase,
        "outcome": decision.outcome,
        "fate": decision.fate,
        "tier": decision.tier,
        "active_until": decision.active_until,
        "due_on": decision.due_on,
        "awaiting": list(decision.awaiting),
        "reasons": list(decision.reason_codes),
        "steps": [written(step) for step in decision.steps[1:]],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_worked_case(book: RuleBook, case: dict[str, Any]) -> None:
    rule = rule_of(book, case)
    holds = tuple(HoldFact(*hold) for hold in case.get("holds", ()))
    facts = facts_of({"events": [], **case["facts"]})
    decision = decide(facts, rule, holds, case["today"], options_of(dict(case.get("options", {}))))
    wanted = ("phase", "outcome", "fate", "tier", "active_until", "due_on", "awaiting", "reasons", "steps")
    assert whole(decision) == {"active_until": None, "due_on": None, "awaiting": []} | {
        key: case[key] for key in wanted if key in case
    }
    first = decision.steps[0]
    assert (first.name, first.arguments["rule"], first.arguments["edition"]) == ("rule", case["rule"], case["edition"])
    assert case["law"].startswith(rule.legal_ref), "the case cites another regulation than the rule"
    assert first.arguments["clause"] == rule.legal_ref + (f", p. {rule.page}" if rule.page else "")


def test_the_cases_cover_what_the_model_knows(book: RuleBook) -> None:
    """At least thirty cases of law, and every kind of fate, phase, outcome and way of being active."""
    assert sum("Contoh" not in case["law"] for case in CASES) >= 30
    assert len({case["name"] for case in CASES}) == len(CASES)
    for key, kinds in (("fate", 4), ("phase", 4), ("outcome", 4), ("tier", 2)):
        assert len({case[key] for case in CASES}) == kinds, key
    assert {rule_of(book, case).active_mode for case in CASES} == {"DURATION", "UNTIL_EVENT"}


def test_no_rule() -> None:
    decision = decide(RetentionFacts(date(2000, 1, 1), terjaga=True), None, (HoldFact("h", "Perkara"),), date.max)
    assert whole(decision) == {
        "phase": "UNKNOWN",
        "outcome": "CANNOT_EVALUATE",
        "fate": None,
        "tier": None,
        "active_until": None,
        "due_on": None,
        "awaiting": [],
        "reasons": ["no_rule", "held(h,Perkara)", "terjaga"],
        "steps": [],
    }
