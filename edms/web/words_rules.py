"""What is said of editions, drafts and their impact, in the reader's language."""

from flask import Flask

from edms.web.language import gettext, message

RULES_EVENTS = {
    "retention.impact_shown": message("looked at what a draft of rules would change"),
    "retention.forecast_shown": message("looked at a forecast of what falls due"),
    "retention.reviewed": message("reviewed a draft of rules"),
    "retention.draft_handed_in": message("handed in a draft of rules"),
    "retention.draft_withdrawn": message("withdrew a draft of rules"),
    "retention.source_named": message("named a record as the source of an edition"),
    "record.reassigned": message("gave a record another rule"),
    "retention.assigned": message("another rule was given"),
}
RULES_ERRORS = (
    message("nobody has reviewed these rules"),
    message("look at what it would change first: edms retention impact DIR"),
    message("the draft is withdrawn"),
    message("hand it in again"),
    message("these rules were not reviewed against the ones that are in force now"),
    message("the draft is withdrawn already"),
    message("rules are put into force by somebody else than who handed them in or alone reviewed them"),
    message("editions of two kinds say nothing of each other"),
    message("choose two of one kind"),
    message("a forecast is for a year from 1900 to 2200, and for at most 600 minutes a record"),
    message("two files have the same name"),
    message("name each file once"),
    message("a draft is rule files: .toml, or a .zip of them"),
    message("see: docs/formats/retention-rules.md"),
    message("a rule file is not UTF-8"),
    message("save it as UTF-8"),
    message("the zip is too large for rule files"),
    message("the zip cannot be read"),
    message("make it anew, without a password"),
)
KINDS = {
    "KLASIFIKASI": message("Classification"),
    "JRA": message("Retention schedule (JRA)"),
    "SKKAAD": message("Security scheme (SKKAAD)"),
}
STANDINGS = {
    "in_force": message("in force"),
    "later": message("begins later"),
    "closed": message("no longer in force"),
    "draft": message("draft"),
}
CHANGE_NAMES = {
    "any": message("changed in any way"),
    "title": message("class title"),
    "rule": message("rule"),
    "due_date": message("due date"),
    "fate": message("fate"),
    "tier": message("who approves destruction"),
    "becomes_due": message("become due"),
    "no_longer_due": message("no longer due"),
    "gains_rule": message("get a rule"),
    "loses_rule": message("lose their rule"),
}
PART_NAMES = {
    "title": message("title"),
    "parent": message("class above"),
    "rule": message("row"),
    "active": message("active"),
    "inactive": message("inactive"),
    "trigger": message("counts from"),
    "fate": message("fate"),
    "level": message("level"),
}
DIFFERENCES = {"changed": message("changed"), "added": message("added"), "gone": message("gone")}
_ALL = {**KINDS, **STANDINGS, **CHANGE_NAMES, **DIFFERENCES}


def rule_word(name: str) -> str:
    """Return the name of a kind, a standing, a change or a difference."""
    return gettext(_ALL[name]) if name in _ALL else name


def part_word(name: str) -> str:
    """Return the name of a part of a class or rule."""
    return gettext(PART_NAMES[name]) if name in PART_NAMES else name


def period_word(text: str) -> str:
    """Return a period `2 y 6 m` in words of the reader."""
    words = {"y": gettext("years"), "m": gettext("months"), "d": gettext("days")}
    return " ".join(words.get(part, part) for part in text.split()) if text and text != "0" else "–"


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(rule_word=rule_word, part_word=part_word, period_word=period_word)
