"""What holds of every decision, over invented facts, rules, holds and days."""

import copy
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from edms.core.settings import RetentionSettings
from edms.retention.dates import add_period, cutoff_date
from edms.retention.decide import decide, tier_of
from edms.retention.explain import headline, outcome_names, reason_text, step_text
from edms.retention.types import (
    ActiveMode,
    Cutoff,
    Decision,
    EventFact,
    Fate,
    HoldFact,
    Options,
    Outcome,
    Period,
    Phase,
    Reason,
    ReasonCode,
    RetentionFacts,
    Rule,
    Step,
    Tier,
    TriggerType,
)

DAYS = st.dates(date(1900, 1, 1), date(2150, 12, 31))
PERIODS = st.builds(Period, st.integers(0, 30), st.integers(0, 30), st.integers(0, 800))
TRIGGERS = st.sampled_from(TriggerType)
FISCAL = st.sampled_from([(12, 31), (3, 31), (6, 30), (2, 29), (2, 28), (9, 15)])
OPTIONS = st.builds(Options, st.integers(1, 20), st.sampled_from(["total", "active", "inactive"]), FISCAL)
HOLDS = st.lists(st.builds(HoldFact, st.uuids().map(str), st.text(max_size=10)), max_size=3).map(tuple)
EVENTS = st.lists(
    st.builds(EventFact, TRIGGERS, DAYS, st.booleans(), st.sampled_from(["", "serah terima"])), max_size=4
)
FACTS = st.builds(
    RetentionFacts,
    document_date=st.none() | DAYS,
    events=EVENTS.map(tuple),
    folder_closed_on=st.none() | DAYS,
    transferred=st.sampled_from([None, True, False]),
    maximum_on=st.none() | DAYS,
    maximum_basis=st.just("UU 27/2022"),
    **dict.fromkeys(
        ("terjaga", "vital", "open_case", "in_other_batch", "legacy_unverified", "fixity_failed", "snapshot_drift",
         "rule_superseded", "terjaga_released", "vital_released", "erasure_accepted",
         "disposal_file"),
        st.booleans(),
    ),
)  # fmt: skip
RULES = st.builds(
    Rule,
    edition=st.just("e"),
    code=st.just("1"),
    series=st.just("s"),
    class_codes=st.just(("1",)),
    active_mode=st.sampled_from(ActiveMode),
    active=PERIODS,
    inactive=PERIODS,
    fate=st.sampled_from(Fate),
    fate_text=st.just("Musnah, kecuali"),
    triggers=st.lists(TRIGGERS, max_size=3, unique=True).map(tuple),
    trigger_label=st.sampled_from(["", "serah terima", "yang lain"]),
    any_trigger=st.booleans(),
    cutoff=st.sampled_from(Cutoff),
    vital=st.booleans(),
    terjaga=st.booleans(),
    legal_ref=st.just("Perwal 1/2026"),
)
ORDER = (Phase.ACTIVE, Phase.INACTIVE, Phase.DUE)
FINAL = (Outcome.ELIGIBLE, Outcome.REVIEW_DUE)


def codes(decision: Decision) -> set[ReasonCode]:
    return {reason.code for reason in decision.reasons}


@given(FACTS, RULES, HOLDS, OPTIONS, DAYS, DAYS)
def test_time_only_goes_forward(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, one: date, two: date
) -> None:
    """Phases follow each other, dates do not depend on the day, and what became due stays due."""
    earlier, later = sorted((one, two))
    before, after = (decide(facts, rule, holds, day, options) for day in (earlier, later))
    assert (before.active_until, before.due_on, before.steps) == (after.active_until, after.due_on, after.steps)
    if before.phase in ORDER:
        assert ORDER.index(before.phase) <= ORDER.index(after.phase)
    else:
        assert before == after
    if before.outcome in FINAL and facts.transferred is not False:
        assert after.outcome is before.outcome


@given(FACTS, RULES, OPTIONS, DAYS)
def test_due_on_or_after_the_date(facts: RetentionFacts, rule: Rule, options: Options, today: date) -> None:
    decision = decide(facts, rule, (), today, options)
    assume(decision.due_on is not None)
    assert decision.due_on is not None
    assert decision.active_until is not None
    assert decision.active_until <= decision.due_on
    assert (decision.phase is Phase.DUE) == (today >= decision.due_on)
    assert (decision.phase is Phase.ACTIVE) == (today < decision.active_until and today < decision.due_on)


@given(FACTS, RULES, HOLDS.filter(bool), OPTIONS, DAYS)
def test_a_hold_always_wins(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, today: date
) -> None:
    decision = decide(facts, rule, holds, today, options)
    assert decision.outcome not in FINAL
    named = [reason.arguments["hold"] for reason in decision.reasons if reason.code is ReasonCode.HELD]
    assert named == [hold.id for hold in holds]


@given(FACTS, RULES, HOLDS, OPTIONS, DAYS)
def test_destruction_needs_every_condition(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, today: date
) -> None:
    """Section 2.2 step 7, said the other way round: nothing else makes a record eligible, and nothing less."""
    decision = decide(facts, rule, holds, today, options)
    free = not holds and not any(
        (facts.terjaga, facts.vital, rule.terjaga, rule.vital, facts.open_case, facts.in_other_batch,
         facts.legacy_unverified, facts.fixity_failed, facts.snapshot_drift, facts.disposal_file)
    )  # fmt: skip
    handed_over = rule.active_mode is ActiveMode.NONE or facts.transferred is not False
    due = decision.phase is Phase.DUE
    assert (decision.outcome is Outcome.ELIGIBLE) == (rule.fate is Fate.DESTROY and due and free and handed_over)


@given(FACTS, RULES, HOLDS, OPTIONS, DAYS)
def test_an_unknown_start_is_never_due(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, today: date
) -> None:
    """R33, and a verified event is the only thing that ends the waiting."""
    bare = replace(
        facts, document_date=None, folder_closed_on=None, events=tuple(replace(e, verified=False) for e in facts.events)
    )
    decision = decide(bare, rule, holds, today, options)
    assert (decision.phase, decision.outcome) == (Phase.AWAITING_EVENT, Outcome.CANNOT_EVALUATE)
    assert decision.due_on is None
    assert decision.awaiting == (rule.triggers or (TriggerType.CREATED,))
    assert ReasonCode.AWAITING_EVENT in codes(decision)


@given(FACTS, RULES, HOLDS, OPTIONS, DAYS)
def test_decide_is_pure(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, today: date
) -> None:
    given_before = copy.deepcopy((facts, rule, holds, options))
    assert decide(facts, rule, holds, today, options) == decide(facts, rule, holds, today, options)
    assert (facts, rule, holds, options) == given_before


@given(FACTS, RULES, HOLDS, OPTIONS, DAYS, st.sampled_from(["id", "en"]))
def test_everything_has_words(
    facts: RetentionFacts, rule: Rule, holds: tuple[HoldFact, ...], options: Options, today: date, language: str
) -> None:
    decision = decide(facts, rule, holds, today, options)
    told = [
        headline(decision, language),
        *(reason_text(reason, language) for reason in decision.reasons),
        *(step_text(step, language) for step in decision.steps),
    ]
    assert all(told)
    assert not any("{" in text for text in told if "{" not in "".join(hold.title for hold in holds))


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("code", ReasonCode, ids=str)
def test_every_reason_has_words(code: ReasonCode, language: str) -> None:
    arguments = {"date": "2026-01-01", "events": ["CREATED"], "title": "t", "hold": "h", "text": "x", "basis": "b"}
    text = reason_text(Reason(code, arguments), language)
    assert text
    assert "{" not in text
    assert outcome_names(language).keys() == {str(outcome) for outcome in Outcome}


def test_languages_differ() -> None:
    step = Step("active_end", date(2026, 8, 17), {"years": 1, "months": 2, "days": 3, "mode": "DURATION"})
    assert step_text(step, "id") == "Aktif 1 tahun 2 bulan 3 hari, sampai 17 Agustus 2026"
    assert step_text(step, "en") == "Active for 1 year 2 months 3 days, until 17 August 2026"


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2024-02-29", Period(1), "2025-02-28"),
        ("2024-02-29", Period(4), "2028-02-29"),
        ("2024-02-29", Period(0, 12), "2025-02-28"),
        ("2023-01-31", Period(0, 1), "2023-02-28"),
        ("2024-01-31", Period(0, 1), "2024-02-29"),
        ("2023-12-31", Period(0, 2), "2024-02-29"),
        ("2023-03-31", Period(0, 1, 1), "2023-05-01"),
        ("1900-02-28", Period(100), "2000-02-28"),
        ("9999-06-30", Period(1), "9999-12-31"),
        ("9999-12-30", Period(0, 0, 5), "9999-12-31"),
    ],
    ids=str,
)
def test_periods(start: str, period: Period, end: str) -> None:
    assert add_period(date.fromisoformat(start), period).isoformat() == end


@given(DAYS, PERIODS, PERIODS)
def test_longer_periods_end_later(start: date, one: Period, two: Period) -> None:
    total = Period(one.years + two.years, one.months + two.months, one.days + two.days)
    assert start <= add_period(start, one) <= add_period(start, total)


@pytest.mark.parametrize(
    ("start", "cutoff", "fiscal", "end"),
    [
        ("2024-02-01", Cutoff.NONE, (12, 31), "2024-02-01"),
        ("2024-02-01", Cutoff.MONTH, (12, 31), "2024-02-29"),
        ("2024-12-31", Cutoff.MONTH, (12, 31), "2024-12-31"),
        ("2024-02-01", Cutoff.QUARTER, (12, 31), "2024-03-31"),
        ("2024-04-01", Cutoff.QUARTER, (12, 31), "2024-06-30"),
        ("2024-11-15", Cutoff.QUARTER, (12, 31), "2024-12-31"),
        ("2024-01-01", Cutoff.CALENDAR_YEAR, (3, 31), "2024-12-31"),
        ("2024-01-01", Cutoff.FISCAL_YEAR, (12, 31), "2024-12-31"),
        ("2024-12-31", Cutoff.FISCAL_YEAR, (12, 31), "2024-12-31"),
        ("2024-03-31", Cutoff.FISCAL_YEAR, (3, 31), "2024-03-31"),
        ("2024-04-01", Cutoff.FISCAL_YEAR, (3, 31), "2025-03-31"),
        ("2023-06-01", Cutoff.FISCAL_YEAR, (2, 29), "2024-02-29"),
        ("2024-06-01", Cutoff.FISCAL_YEAR, (2, 29), "2025-02-28"),
        ("9999-12-31", Cutoff.FISCAL_YEAR, (6, 30), "9999-12-31"),
    ],
    ids=str,
)
def test_cutoffs(start: str, cutoff: Cutoff, fiscal: tuple[int, int], end: str) -> None:
    assert cutoff_date(date.fromisoformat(start), cutoff, fiscal).isoformat() == end


@pytest.mark.parametrize("text", ["13-01", "00-10", "31-12", "12-32", "12-00", "1-1", "12-31\n"], ids=repr)
def test_the_end_of_a_fiscal_year_is_a_day(text: str) -> None:
    assert RetentionSettings(fiscal_year_end="06-30").fiscal_year_end == "06-30"
    with pytest.raises(ValidationError):
        RetentionSettings(fiscal_year_end=text)


@given(DAYS, st.sampled_from(Cutoff), FISCAL)
def test_a_cutoff_is_the_end_of_the_period_that_holds_the_day(
    start: date, cutoff: Cutoff, fiscal: tuple[int, int]
) -> None:
    end = cutoff_date(start, cutoff, fiscal)
    longest = {Cutoff.NONE: 0, Cutoff.MONTH: 30, Cutoff.QUARTER: 91}.get(cutoff, 365)
    assert timedelta(0) <= end - start <= timedelta(days=longest)
    assert cutoff_date(end, cutoff, fiscal) == end, "the last day of a period is its own cut-off"


@given(st.lists(TRIGGERS.filter(lambda kind: kind is not TriggerType.CREATED), min_size=2, max_size=4, unique=True),
       st.lists(DAYS, min_size=4, max_size=4), st.booleans(), RULES, DAYS)  # fmt: skip
def test_all_events_mean_the_last_and_any_the_first(
    kinds: list[TriggerType], days: list[date], any_trigger: bool, rule: Rule, today: date
) -> None:
    """One event short, "all" still waits and "any" already counts."""
    rule = replace(rule, triggers=tuple(kinds), any_trigger=any_trigger, trigger_label="")
    events = tuple(EventFact(kind, day) for kind, day in zip(kinds, days, strict=False))
    happened = [event.happened_on for event in events]
    full = decide(RetentionFacts(None, events), rule, (), today)
    assert full.steps[1].on == (min(happened) if any_trigger else max(happened))
    short = decide(RetentionFacts(None, events[:-1]), rule, (), today)
    if any_trigger:
        assert short.steps[1].on == min(happened[:-1])
    else:
        assert (short.phase, short.awaiting) == (Phase.AWAITING_EVENT, (kinds[-1],))


@pytest.mark.parametrize("basis", ["total", "active", "inactive"])
@given(st.integers(0, 240), st.integers(0, 240), st.integers(1, 20))
@example(60, 60, 10)
@example(64, 56, 10)
@example(59, 60, 10)
@example(120, 0, 10)
@example(0, 120, 10)
def test_exactly_the_boundary_is_the_upper_tier(basis: str, active: int, inactive: int, years: int) -> None:
    """R35, in months: no length is ever nearly ten years."""
    rule = Rule("e", "1", "s", (), ActiveMode.DURATION, Period(0, active), Period(0, inactive), Fate.DESTROY, "Musnah")
    months = {"total": active + inactive, "active": active, "inactive": inactive}[basis]
    wanted = Tier.UPPER if months >= years * 12 else Tier.LOWER
    assert tier_of(rule, Options(years, basis)) is wanted
    split = replace(rule, active=Period(active // 12, active % 12), inactive=Period(inactive // 12, inactive % 12))
    assert tier_of(split, Options(years, basis)) is wanted
