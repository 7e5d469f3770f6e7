"""The decision, pure: facts, rule, holds and a day in; phase, outcome and every reason out (section 2.2)."""

from datetime import date

from edms.retention.dates import add_period, cutoff_date
from edms.retention.types import (
    PARTS_OF_A_YEAR,
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

_DEFAULT = Options()
# A record keeps the edition it was declared under (R3), so that a later one is told and stops nothing.
# What the law on personal data wants sooner than the schedule allows is for people to judge, and hurries nothing (R49).
_TELLS_ONLY = frozenset(
    {
        ReasonCode.PERIOD_ELAPSED,
        ReasonCode.CONDITIONAL_FATE,
        ReasonCode.RULE_SUPERSEDED,
        ReasonCode.MAXIMUM_CONFLICT,
        ReasonCode.MAXIMUM_REACHED,
        ReasonCode.ERASURE_ACCEPTED,
    }
)
# A protected or vital record is kept from destruction until it is reviewed (R46), so neither stops the review itself;
# nor does that it belongs to the file of a disposal, which a review may only make permanent (R41).
_ENDED_BY_REVIEW = frozenset(
    {ReasonCode.TERJAGA, ReasonCode.VITAL, ReasonCode.NOT_TRANSFERRED, ReasonCode.DISPOSAL_FILE}
)


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
    steps = [Step("rule", None, {"rule": rule.code, "edition": rule.edition, "clause": rule.clause})]
    start, awaiting = _start(facts, rule, options, steps)
    tier = tier_of(rule, options)
    if start is None:
        waiting = Reason(ReasonCode.AWAITING_EVENT, {"events": [str(kind) for kind in awaiting]})
        return Decision(
            Phase.AWAITING_EVENT, Outcome.CANNOT_EVALUATE, rule.fate, tier, None, None,
            (waiting, *_fate_reasons(rule), *_personal(facts, None, today), *obstacles), tuple(steps), awaiting,
        )  # fmt: skip
    active_end, due = _dates(start, rule, options, steps)
    phase = Phase.ACTIVE if today < active_end else Phase.INACTIVE if today < due else Phase.DUE
    reasons = [*_period_reasons(due, phase), *_fate_reasons(rule), *_personal(facts, due, today), *obstacles]
    if phase is Phase.DUE and facts.transferred is False and rule.active_mode is not ActiveMode.NONE:
        reasons.append(Reason(ReasonCode.NOT_TRANSFERRED))
    return Decision(
        phase, _outcome(rule, phase, reasons), rule.fate, tier, active_end, due, tuple(reasons), tuple(steps)
    )


def tier_of(rule: Rule, options: Options = _DEFAULT) -> Tier:
    """Return who must approve a destruction under `rule`; exactly the boundary belongs to the upper tier (R35).

    What a review decides leaves that as it was: nobody gets round the National Archives by a short new period.
    """
    if rule.tier_before is not None:
        return rule.tier_before
    length = (rule.active.parts if options.tier_basis != "inactive" else 0) + (
        rule.inactive.parts if options.tier_basis != "active" else 0
    )
    return Tier.UPPER if length >= options.upper_tier_years * PARTS_OF_A_YEAR else Tier.LOWER


def _start(
    facts: RetentionFacts, rule: Rule, options: Options, steps: list[Step]
) -> tuple[date | None, tuple[TriggerType, ...]]:
    """Find the day the years count from, noting the step; None and the events still awaited when it is not known.

    Of several events the last counts ("A dan B": all of them), or with `any_trigger` the first (R79).
    """
    wanted = rule.triggers or (TriggerType.CREATED,)
    if len(wanted) == 1:
        return _start_of_one(facts, wanted[0], rule, options, steps)
    dates = {kind: date_of(facts, kind, rule, options) for kind in wanted}
    known = {kind: on for kind, on in dates.items() if on is not None}
    missing = tuple(kind for kind in wanted if kind not in known)
    if (missing and not rule.any_trigger) or not known:
        steps.append(Step("start", None, {"events": [str(kind) for kind in wanted], "label": rule.trigger_label}))
        return None, missing
    chosen = min(known, key=lambda kind: known[kind]) if rule.any_trigger else max(known, key=lambda kind: known[kind])
    steps.append(Step("start", known[chosen], {"event": str(chosen), "label": rule.trigger_label}))
    return known[chosen], ()


def _start_of_one(
    facts: RetentionFacts, kind: TriggerType, rule: Rule, options: Options, steps: list[Step]
) -> tuple[date | None, tuple[TriggerType, ...]]:
    """The same for a single event, which most rules wait for, without the comparison."""
    on = date_of(facts, kind, rule, options)
    if on is None:
        steps.append(Step("start", None, {"events": [kind.value], "label": rule.trigger_label}))
        return None, (kind,)
    steps.append(Step("start", on, {"event": kind.value, "label": rule.trigger_label}))
    return on, ()


def date_of(facts: RetentionFacts, kind: TriggerType, rule: Rule, options: Options) -> date | None:
    """The day of a trigger. A fiscal year ends by the calendar, so it needs no evidence where the date is known."""
    written = None if facts.legacy_unverified else facts.document_date
    if kind is TriggerType.CREATED:
        return written
    dates = [event.happened_on for event in facts.events if _is_awaited(event, kind, rule)]
    if kind is TriggerType.FILE_CLOSED and facts.folder_closed_on is not None:
        dates.append(facts.folder_closed_on)
    if kind is TriggerType.FISCAL_YEAR_END and not dates and written is not None:
        dates.append(cutoff_date(written, Cutoff.FISCAL_YEAR, options.fiscal_year_end))
    return max(dates) if dates else None


def _is_awaited(event: EventFact, kind: TriggerType, rule: Rule) -> bool:
    """Only a verified event counts, and of kind OTHER only the one that the rule speaks of."""
    if event.type is not kind or not event.verified:
        return False
    told, wanted = event.label.strip().casefold(), rule.trigger_label.strip().casefold()
    return kind is not TriggerType.OTHER or told in ("", wanted)


def days_from(start: date, rule: Rule, options: Options) -> tuple[date, date, date]:
    """Return the cut-off and the ends of the active and of the inactive period. UNTIL_EVENT ends on its event."""
    mode = rule.active_mode
    base = start if mode is ActiveMode.UNTIL_EVENT else cutoff_date(start, rule.cutoff, options.fiscal_year_end)
    active_end = add_period(base, rule.active) if mode is ActiveMode.DURATION else base
    return base, active_end, add_period(active_end, rule.inactive)


def _dates(start: date, rule: Rule, options: Options, steps: list[Step]) -> tuple[date, date]:
    """Return the end of the active and of the inactive period, noting each step."""
    base, active_end, due = days_from(start, rule, options)
    if base != start:
        steps.append(Step("cutoff", base, {"cutoff": str(rule.cutoff)}))
    steps.append(Step("active_end", active_end, {"mode": str(rule.active_mode), **_told(rule.active)}))
    steps.append(Step("inactive_end", due, _told(rule.inactive)))
    return active_end, due


def _told(period: Period) -> dict[str, int]:
    return {"years": period.years, "months": period.months, "days": period.days}


def _obstacles(facts: RetentionFacts, rule: Rule | None, holds: tuple[HoldFact, ...]) -> tuple[Reason, ...]:
    """Everything that stands in the way whatever the day; all of it, so that nothing comes as a surprise later."""
    found = [Reason(ReasonCode.HELD, {"hold": hold.id, "title": hold.title}) for hold in holds]
    if not (facts.flagged or (rule is not None and (rule.terjaga or rule.vital))):
        return tuple(found)
    flags = (
        (facts.terjaga or bool(rule and rule.terjaga and not facts.terjaga_released), ReasonCode.TERJAGA),
        (facts.vital or bool(rule and rule.vital and not facts.vital_released), ReasonCode.VITAL),
        (facts.open_case, ReasonCode.OPEN_CASE),
        (facts.on_loan, ReasonCode.ON_LOAN),
        (facts.in_other_batch, ReasonCode.IN_OTHER_BATCH),
        (facts.legacy_unverified, ReasonCode.LEGACY_UNVERIFIED),
        (facts.fixity_failed, ReasonCode.FIXITY_FAILED),
        (facts.snapshot_drift, ReasonCode.SNAPSHOT_DRIFT),
        (facts.rule_superseded, ReasonCode.RULE_SUPERSEDED),
        # Of what is permanent anyway there is nothing to tell.
        (facts.disposal_file and not (rule and rule.fate is Fate.PERMANENT), ReasonCode.DISPOSAL_FILE),
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


def _personal(facts: RetentionFacts, due: date | None, today: date) -> list[Reason]:
    """What the law on personal data says of it: a maximum that ends before the minimum does, one that is reached."""
    found = []
    told = {"date": facts.maximum_on.isoformat(), "basis": facts.maximum_basis} if facts.maximum_on else {}
    if facts.maximum_on is not None and (due is None or facts.maximum_on < due):
        found.append(Reason(ReasonCode.MAXIMUM_CONFLICT, told))
    if due is not None and facts.maximum_on is not None and facts.maximum_on <= today:
        found.append(Reason(ReasonCode.MAXIMUM_REACHED, told))
    if facts.erasure_accepted:
        found.append(Reason(ReasonCode.ERASURE_ACCEPTED))
    return found


def _outcome(rule: Rule, phase: Phase, reasons: list[Reason]) -> Outcome:
    if phase is not Phase.DUE:
        return Outcome.NOT_ELIGIBLE
    blocking = {reason.code for reason in reasons} - _TELLS_ONLY
    if rule.fate is Fate.REVIEW and not blocking - _ENDED_BY_REVIEW:
        return Outcome.REVIEW_DUE
    if rule.fate is Fate.DESTROY and not blocking:
        return Outcome.ELIGIBLE
    return Outcome.NOT_ELIGIBLE
