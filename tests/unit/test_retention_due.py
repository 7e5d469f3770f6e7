"""The due date alone is the one that `decide` gives, for any facts, rule and options."""

from datetime import date

from hypothesis import given, settings
from test_retention_properties import FACTS, OPTIONS, RULES

from edms.retention.compare import same_timing
from edms.retention.decide import decide
from edms.retention.due import due_on
from edms.retention.types import Options, RetentionFacts, Rule


@settings(max_examples=400, deadline=None)
@given(FACTS, RULES, OPTIONS)
def test_it_is_what_decide_says(facts: RetentionFacts, rule: Rule, options: Options) -> None:
    assert due_on(facts, rule, options) == decide(facts, rule, (), date(2026, 1, 1), options).due_on


@settings(max_examples=200, deadline=None)
@given(FACTS, RULES, RULES, OPTIONS)
def test_equal_timing_gives_equal_dates(facts: RetentionFacts, one: Rule, two: Rule, options: Options) -> None:
    """What impact passes over because nothing in it can move."""
    for other in (two, Rule(**{**vars_of(two), **timing_of(one)})):
        if same_timing(one, other):
            assert due_on(facts, one, options) == due_on(facts, other, options)


def vars_of(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def timing_of(rule: Rule) -> dict[str, object]:
    names = ("active_mode", "active", "inactive", "triggers", "trigger_label", "any_trigger", "cutoff")
    return {name: getattr(rule, name) for name in names}
