"""What is said of access by permission: why it is not given, in the reader's language."""

from flask import Flask

from edms.web.language import gettext, message

ACCESS_ERRORS = (
    message("say what for"),
    message("whoever looks at it later must understand why"),
    message("a refusal needs its reason"),
    message("the applicant reads it"),
    message("access ends within %(days)s days"),
    message("choose a day from today on"),
    message("%(count)s requests wait already"),
    message("wait for answers, or withdraw some"),
    message("no more is given than was asked for"),
    message("choose an earlier day or a lesser mode"),
    message("ending a grant needs its reason"),
    message("the grant is over already"),
    message("the request is answered or withdrawn already"),
    message("a grant is on a folder, or on 1 to %(count)s records"),
    message("a grant is on records of one office"),
    message("give one for each office"),
    message("%(user)s is cleared to %(clearance)s, and a record is %(level)s"),
    message("a grant lifts no clearance; the administrator changes it, by decree"),
    message("access in an emergency is switched off here"),
    message("ask the office for access"),
    message("no more emergencies of one person are believed today"),
    message("you may see this record as it is"),
    message("open it"),
    message("it is reviewed already"),
    message("access is given by somebody else than the one who gets it"),
    message("ask another head or records officer"),
    message("access taken in an emergency is reviewed by somebody else than the one who took it"),
    message("there is no person %(user)s"),
)

MODES = {"view": message("look"), "download": message("look and take away"), "manage": message("work with it")}
STATES = {
    "open": message("waits"),
    "granted": message("given"),
    "refused": message("refused"),
    "withdrawn": message("withdrawn"),
}

# What would come of it if somebody saw the record who may not: the test of each level in the security scheme (R19).
LEVEL_MEANINGS = {
    "top_secret": message("would endanger the sovereignty, the territory or the safety of the state"),
    "secret": message(
        "would disturb functions of the state, resources or public order, "
        "or gravely harm privacy, competition or a reputation"
    ),
    "restricted": message("would disturb the work of the institution itself, by a loss of money for one"),
    "open": message("would do no harm"),
}


def mode_name(mode: str) -> str:
    """What a grant lets its holder do, in words."""
    return gettext(MODES[mode]) if mode in MODES else mode


def request_state(state: str) -> str:
    """What became of a request, in words."""
    return gettext(STATES[state]) if state in STATES else state


def level_meaning(level: str) -> str:
    """What would come of a record of that level in the wrong hands, in words."""
    return gettext(LEVEL_MEANINGS[level]) if level in LEVEL_MEANINGS else ""


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(mode_name=mode_name, request_state=request_state, level_meaning=level_meaning)
