"""The due date alone, as `decide` has it, for counting a million records: no reasons, no steps. Pure."""

from datetime import date

from edms.retention.decide import date_of, days_from
from edms.retention.types import Options, RetentionFacts, Rule, TriggerType


def due_on(facts: RetentionFacts, rule: Rule, options: Options) -> date | None:
    """Return `decide(…).due_on`, which does not depend on the day it is asked; a test holds the two together."""
    wanted = rule.triggers or (TriggerType.CREATED,)
    days = [date_of(facts, kind, rule, options) for kind in wanted]
    known = [day for day in days if day is not None]
    if not known or (len(known) < len(days) and not rule.any_trigger):
        return None
    return days_from(min(known) if rule.any_trigger else max(known), rule, options)[2]
