"""Offices and people, for administrators: the tree, who belongs where, adding an office or a person."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import NotFound, Refused
from edms.records.people import NewPerson, add_office, add_person, list_offices
from edms.records.people_shown import MOST_FOUND, find_people, office_members, office_tree
from edms.web.acts import done
from edms.web.arguments import level_asked
from edms.web.identity import actor, archive, require_proof
from edms.web.sentences import error_sentence

pages = Blueprint("people", __name__)
MOST_WORDS = 100


@pages.before_request
def administrators_only() -> None:
    """Nobody else gets as far as a form; each operation decides again. Raises NotPermitted."""
    archive().door.permit(actor(), Action.PEOPLE_MANAGE)


@pages.get("/people")
def listing() -> ResponseReturnValue:
    """The tree of offices and those who belong to none; or whom a search by name finds."""
    who, words = actor(), " ".join(request.args.get("q", "")[:MOST_WORDS].split())
    return render_template(
        "people.html",
        words=words,
        found=find_people(who, archive(), words) if words else None,
        most=MOST_FOUND,
        offices=office_tree(who, archive()),
        without=office_members(who, archive(), ""),
    )


@pages.get("/people/offices/<code>")
def office(code: str) -> ResponseReturnValue:
    """One office: who belongs to it, who holds a position with days there, and the offices below it."""
    who = actor()
    tree = office_tree(who, archive())
    shown = next((one for one in tree if one.code == code), None)
    if shown is None:
        raise NotFound()
    below = [one for one in tree if one.parent == code]
    return render_template(
        "people_office.html", office=shown, below=below, members=office_members(who, archive(), code)
    )


@pages.post("/people/offices")
def add_an_office() -> ResponseReturnValue:
    require_proof()
    form = request.form
    code, name, parent = (form.get(field, "").strip()[:200] for field in ("code", "name", "parent"))
    return done(lambda: add_office(actor(), archive(), code, name, parent or None), url_for("people.listing"))


@pages.get("/people/new")
def form() -> ResponseReturnValue:
    """The form; who it is is asked before it is filled in."""
    require_proof()
    return _form("")


@pages.post("/people/new")
def add() -> ResponseReturnValue:
    """Add a person, and show the password this once."""
    require_proof()
    given = request.form
    try:
        roles = roles_asked(given.getlist("role"))
        if not roles:
            raise Refused("a person has at least one role", "choose one")
        user = given.get("user", "").strip()[:100]
        new = NewPerson(
            user, given.get("name", "").strip()[:300], given.get("office") or None, roles,
            clearance_asked(given.get("clearance")), bool(given.get("head")),
        )  # fmt: skip
        password = add_person(actor(), archive(), new)
    except Refused as refused:
        return _form(error_sentence(refused)), 400
    return render_template("person_password.html", user=user, password=password)


def roles_asked(told: list[str]) -> tuple[Role, ...]:
    """The roles that a form names, each once."""
    return tuple(role for role in Role if role.value in told)


def clearance_asked(told: str | None) -> Level:
    """The clearance that a form names. Raises Refused."""
    level = level_asked(told)
    if level is None:
        raise Refused("choose a clearance")
    return level


def _form(problem: str) -> str:
    return render_template(
        "person_new.html", problem=problem, given=request.form, chosen=request.form.getlist("role"), roles=list(Role),
        levels=list(Level), offices=list_offices(actor(), archive()), asked_office=request.args.get("office", ""),
        characters=archive().settings.access.min_password_characters,
    )  # fmt: skip
