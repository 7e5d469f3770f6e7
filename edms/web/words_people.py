"""What is said of offices, people and positions to administrators, in the reader's language."""

from flask import Flask

from edms.web.language import gettext, message

PEOPLE_ERRORS = (
    message("there is an office %(code)s already"),
    message("an office has a code of 2 to 40 of a-z, 0-9, dot and hyphen, and a name of at most 200 characters"),
    message("%(code)s or its name does not fit"),
    message("%(user)s cannot be a user name"),
    message("2 to 80 of a-z, 0-9, dot and hyphen, beginning with a letter"),
    message("the name of %(user)s has 1 to 200 characters"),
    message("there is a person %(user)s already, or there was one"),
    message("choose another user name"),
    message("a clerk or an official belongs to an office"),
    message("name the office"),
    message("there is no person %(user)s"),
    message("see: edms person list"),
    message("a person has at least one role"),
    message("choose one"),
    message("deactivate who is to have none"),
    message("a position ends after it begins"),
    message("the position ends on %(day)s already"),
    message("acting for somebody needs its decree"),
    message("name its number and date"),
    message("acting for somebody lasts at most %(count)s days"),
    message("give a first and a last day"),
    message("nobody acts for themselves"),
    message("who acts for a head is an official"),
    message("it is ended already"),
    message("%(user)s is in service, with no last day"),
    message("nobody changes the own roles, clearance or positions"),
    message("this is your own account"),
    message("use My account, or ask another administrator"),
    message("choose a rank"),
    message("choose a clearance"),
    message("a day is missing"),
    message("give the first and the last day"),
    message("a service account administers, keeps and audits nothing"),
    message("it may be %(known)s"),
    message("the directory of the city keeps this password"),
    message("an account is confirmed by somebody who administers none"),
    message("an account is confirmed by neither its person nor who gave the way into it"),
    message("the person has not chosen an own password yet"),
    message("confirm it once they told you that they have"),
    message("ask a colleague"),
    message("change it there"),
)
LIST_ERRORS = (
    message("choose a file that has something in it"),
    message("the list is too long for a page"),
    message("at the console: edms people sync"),
    message("this is not the list that was looked at, or it would change something else now"),
    message("hand it in and look at it anew"),
    message("%(name)s has more than %(count)s bytes"),
    message("%(name)s is not UTF-8"),
    message("save it as CSV UTF-8"),
    message("line %(number)s is no CSV: %(fault)s"),
    message("the first line names neither `user` nor `code`"),
    message("see docs/people.md"),
    message("this is not JSON: %(fault)s"),
    message("a list in JSON is an object with `offices` and `people`"),
    message("`offices` and `people` are lists of objects"),
    message("%(where)s: office %(code)s is listed twice"),
    message("%(where)s: %(user)s is listed twice"),
    message("%(where)s: what is %(what)s?"),
    message("known: %(known)s"),
    message("%(where)s: %(column)s is not text"),
    message("%(where)s: %(column)s holds a character that cannot be shown"),
    message("%(where)s: %(value)s is neither yes nor no"),
    message("%(where)s: there is no such role or clearance (%(fault)s)"),
    message("roles: %(roles)s; clearance: %(levels)s"),
    message("office %(code)s is to be below %(above)s, which there is not"),
    message("list that office too"),
    message("office %(code)s would be below itself"),
    message("%(user)s left and is not let in again by a list"),
    message("%(user)s is to belong to office %(code)s, which there is not"),
    message("%(user)s is a clerk or an official and belongs to no office"),
    message("%(user)s has no role"),
    message("%(user)s may not change what %(same)s may do"),
    message("let another administrator do it"),
    message("nobody would be left as an active administrator"),
    message("keep one in the list"),
)
ROLES = {
    "clerk": message("clerk: takes in and classifies for the own office"),
    "official": message("official: reads, decides and signs"),
    "records_officer": message("records officer: keeps the whole archive"),
    "auditor": message("auditor: looks at open records and the audit trail"),
    "administrator": message("administrator: accounts and upkeep, no content"),
    "guest": message("guest: only what is published or granted"),
}
RANKS = {
    "head": message("head of the office"),
    "below_head": message("one level below the head"),
    "staff": message("staff"),
}
STEPS = {
    "office.add": message("office is added"),
    "office.change": message("office is changed"),
    "person.add": message("person is added"),
    "person.change": message("person is changed"),
    "person.deactivate": message("is let in no more"),
}
CAUSES = {
    "added": message("the account was added"),
    "password": message("a new password was given"),
    "second_factor": message("the second factor was forgotten"),
    "readmitted": message("the person was let in again"),
    "directory": message("the account was bound to an entry of the directory"),
    "provider": message("the account was bound to one at the sign-in provider"),
    "program": message("a program got a token"),
}
FIELDS = {
    "name": message("Name"),
    "office": message("Office"),
    "roles": message("Roles"),
    "clearance": message("Clearance"),
    "head": message("Heads the office"),
    "parent": message("Office above"),
}


def role_named(role: str) -> str:
    """A role and what it is for."""
    return gettext(ROLES[role]) if role in ROLES else role


def role_name(role: str) -> str:
    """A role in a word or two."""
    return role_named(role).partition(":")[0]


def rank_name(rank: str) -> str:
    """How high a position stands."""
    return gettext(RANKS[rank]) if rank in RANKS else rank


def step_name(step: str) -> str:
    """What a list does to somebody."""
    return gettext(STEPS[step]) if step in STEPS else step


def opening_cause(cause: str) -> str:
    """By what an administrator gave a way into an account."""
    return gettext(CAUSES[cause]) if cause in CAUSES else cause


def field_name(name: str) -> str:
    """What becomes different."""
    return gettext(FIELDS[name]) if name in FIELDS else name


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        role_named=role_named,
        role_name=role_name,
        rank_name=rank_name,
        step_name=step_name,
        field_name=field_name,
        opening_cause=opening_cause,
    )
