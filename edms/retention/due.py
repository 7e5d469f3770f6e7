"""The due date alone, as `decide` has it, for counting a million records: no reasons, no steps. Pure."""

from datetime import date

from edms.retention.dates import add_period, cutoff_date
from edms.retention.decide import _date_of
from edms.retention.types import ActiveMode, Options, RetentionFacts, Rule, TriggerType


def due_on(facts: RetentionFacts, rule: Rule, options: Options) -> date | None:
    """Return `decide(…).due_on`, which does not depend on the day it is asked; a test holds the two together."""
    wanted = rule.triggers or (TriggerType.CREATED,)
    days = [_date_of(facts, kind, rule, options) for kind in wanted]
    known = [day for day in days if day is not None]
    if not known or (len(known) < len(days) and not rule.any_trigger):
        return None
    start = min(known) if rule.any_trigger else max(known)
    if rule.active_mode is not ActiveMode.UNTIL_EVENT:
        start = cutoff_date(start, rule.cutoff, options.fiscal_year_end)
    active_end = add_period(start, rule.active) if rule.active_mode is ActiveMode.DURATION else start
    return add_period(active_end, rule.inactive)
