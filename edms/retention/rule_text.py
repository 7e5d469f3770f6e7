"""A rule as plain data, to be kept with what was decided by it (R3), and back."""

from typing import Any

from pydantic import TypeAdapter

from edms.retention.types import Rule

_RULES = TypeAdapter(Rule)


def rule_as_data(rule: Rule) -> dict[str, Any]:
    """Return every field of a rule as JSON knows it: enumerations by value, periods as their parts."""
    return dict(_RULES.dump_python(rule, mode="json"))


def rule_from_data(told: dict[str, Any]) -> Rule:
    """Return the rule that `rule_as_data` wrote down. Raises ValueError (pydantic's) for anything else."""
    return _RULES.validate_python(told)
