"""The decision, pure: facts, rule, holds and a day in; phase, outcome and every reason out (section 2.2)."""

from datetime import date

from edms.retention.dates import add_period, cutoff_date
from edms.retention.types import (
    ActiveMode,
    Cutoff,
    Decision,
    Fate,
    HoldFact,
    Options,
    Outcome,
    Phase,
    Reason,
    ReasonCode,
    RetentionFacts,
    Rule,
    Step,
    Tier,
    TriggerType,
)

_DEFAULT = Options()


def decide(
    facts: RetentionFacts,
    rule: Rule | None,
    holds: tuple[HoldFact, ...],
    today: date,
    options: Options = _DEFAULT,
) -> Decision:
    """Return what the rule says of a record on `today`. Due on or after the due date; a hold always wins."""
    obstacles = _obstacles(facts, rule, holds)
    if rule is None:
        none = (Reason(ReasonCode.NO_RULE), *obstacles)
        return Decision(Phase.UNKNOWN, Outcome.CANNOT_EVALUATE, None, None, None, None, none, ())
    start, awaiting, steps = _start(facts, rule, options)
    tier = tier_of(rule, options)
    if start is None:
        waiting = Reason(ReasonCode.AWAITING_EVENT, {"events": [str(kind) for kind in awaiting]})
        missing = () if facts.legacy_unverified and not awaiting else (waiting,)
        return Decision(
            Phase.AWAITING_EVENT, Outcome.CANNOT_EVALUATE, rule.fate, tier, None, None,
            (*missing, *obstacles), tuple(steps), awaiting,
        )  # fmt: skip
    active_end, due = _dates(start, rule, options, steps)
    phase = Phase.ACTIVE if today < active_end else Phase.INACTIVE if today < due else Phase.DUE
    reasons = [*_period_reasons(due, phase), *_fate_reasons(rule), *obstacles]
    if phase is Phase.DUE and facts.transferred is False:
        reasons.append(Reason(ReasonCode.NOT_TRANSFERRED))
    return Decision(
        phase, _outcome(rule, phase, reasons), rule.fate, tier, active_end, due, tuple(reasons), tuple(steps)
    )


def tier_of(rule: Rule, options: Options = _DEFAULT) -> Tier:
    """Return who must approve a destruction under `rule`; exactly the boundary belongs to the upper tier (R35)."""
    years = {
        "total": rule.active.in_years + rule.inactive.in_years,
        "active": rule.active.in_years,
        "inactive": rule.inactive.in_years,
    }[options.tier_basis]
    return Tier.UPPER if years >= options.upper_tier_years else Tier.LOWER


def _start(
    facts: RetentionFacts, rule: Rule, options: Options
) -> tuple[date | None, tuple[TriggerType, ...], list[Step]]:
    """Find the day the years count from; None and the events still awaited when it is not known."""
    wanted = rule.triggers or (TriggerType.CREATED,)
    dates = {kind: _date_of(facts, kind, options) for kind in wanted}
    known = {kind: on for kind, on in dates.items() if on is not None}
    missing = tuple(kind for kind in wanted if kind not in known)
    if (missing and not rule.any_trigger) or not known:
        return None, missing, [Step("start", None, {"events": [str(kind) for kind in wanted]})]
    chosen = min(known, key=lambda kind: known[kind]) if rule.any_trigger else max(known, key=lambda kind: known[kind])
    return known[chosen], (), [Step("start", known[chosen], {"event": str(chosen), "label": rule.trigger_label})]


def _date_of(facts: RetentionFacts, kind: TriggerType, options: Options) -> date | None:
    """The day of a trigger. A fiscal year ends by the calendar, so it needs no evidence where the date is known."""
    written = None if facts.legacy_unverified else facts.document_date
    if kind is TriggerType.CREATED:
        return written
    dates = [event.happened_on for event in facts.events if event.type is kind and event.verified]
    if kind is TriggerType.FILE_CLOSED and facts.folder_closed_on is not None:
        dates.append(facts.folder_closed_on)
    if kind is TriggerType.FISCAL_YEAR_END and not dates and written is not None:
        dates.append(cutoff_date(written, Cutoff.FISCAL_YEAR, options.fiscal_year_end))
    return max(dates) if dates else None


def _dates(start: date, rule: Rule, options: Options, steps: list[Step]) -> tuple[date, date]:
    """Return the end of the active and of the inactive period, noting each step."""
    base = cutoff_date(start, rule.cutoff, options.fiscal_year_end)
    if base != start:
        steps.append(Step("cutoff", base, {"cutoff": str(rule.cutoff)}))
    active_end = add_period(base, rule.active) if rule.active_mode is ActiveMode.DURATION else base
    steps.append(Step("active_end", active_end, {"years": rule.active.years, "months": rule.active.months}))
    due = add_period(active_end, rule.inactive)
    steps.append(Step("inactive_end", due, {"years": rule.inactive.years, "months": rule.inactive.months}))
    return active_end, due


def _obstacles(facts: RetentionFacts, rule: Rule | None, holds: tuple[HoldFact, ...]) -> tuple[Reason, ...]:
    """Everything that stands in the way whatever the day; all of it, so that nothing comes as a surprise later."""
    found = [Reason(ReasonCode.HELD, {"hold": hold.id, "title": hold.title}) for hold in holds]
    flags = (
        (facts.terjaga or bool(rule and rule.terjaga), ReasonCode.TERJAGA),
        (facts.vital or bool(rule and rule.vital), ReasonCode.VITAL),
        (facts.open_case, ReasonCode.OPEN_CASE),
        (facts.in_other_batch, ReasonCode.IN_OTHER_BATCH),
        (facts.legacy_unverified, ReasonCode.LEGACY_UNVERIFIED),
        (facts.fixity_failed, ReasonCode.FIXITY_FAILED),
        (facts.snapshot_drift, ReasonCode.SNAPSHOT_DRIFT),
    )
    return (*found, *(Reason(code) for applies, code in flags if applies))


def _period_reasons(due: date, phase: Phase) -> list[Reason]:
    code = ReasonCode.PERIOD_ELAPSED if phase is Phase.DUE else ReasonCode.PERIOD_NOT_ELAPSED
    return [Reason(code, {"date": due.isoformat()})]


def _fate_reasons(rule: Rule) -> list[Reason]:
    if rule.fate is Fate.PERMANENT:
        return [Reason(ReasonCode.PERMANENT)]
    if rule.fate is Fate.REVIEW:
        return [Reason(ReasonCode.CONDITIONAL_FATE, {"text": rule.fate_text})]
    if rule.fate is Fate.PERSONAL_FILE:
        return [Reason(ReasonCode.PERSONAL_FILE)]
    return []


def _outcome(rule: Rule, phase: Phase, reasons: list[Reason]) -> Outcome:
    if phase is not Phase.DUE:
        return Outcome.NOT_ELIGIBLE
    blocking = [
        reason for reason in reasons if reason.code not in (ReasonCode.PERIOD_ELAPSED, ReasonCode.CONDITIONAL_FATE)
    ]
    if rule.fate is Fate.REVIEW and not blocking:
        return Outcome.REVIEW_DUE
    if rule.fate is Fate.DESTROY and not blocking:
        return Outcome.ELIGIBLE
    return Outcome.NOT_ELIGIBLE
