"""One person, for administrators: how that person signs in, roles, clearance, positions; and the acts on them.

Every act is one operation that the console has too, and is asked for with a fresh proof of who it is. What would be a
grant to oneself the operations refuse (R88), and the refusal is an event; the other acts on the own account are not
done here, but under *My account*.
"""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.access.positions import Rank
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.operation.proof import ProofNeeded
from edms.records.account_codes import reset_factors
from edms.records.account_sessions import sign_out_person
from edms.records.directory_sync import bind_person
from edms.records.people import deactivate_person, list_offices, list_people, new_password
from edms.records.people_shown import person_page
from edms.records.positions import (
    LONGEST_ACTING_DAYS,
    Acting,
    NewPosition,
    appoint_acting,
    change_person,
    end_acting,
    end_position,
    give_position,
    move_person,
    retire_person,
)
from edms.records.provider_bindings import bind_provider, unbind_provider
from edms.records.readmission import readmit_person
from edms.records.service_accounts import change_holder
from edms.web.acts import refused
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext
from edms.web.views.people import administrators_only, clearance_asked, roles_asked

pages = Blueprint("people_accounts", __name__)
pages.before_request(administrators_only)


@pages.get("/people/accounts/<username>")
def show(username: str) -> ResponseReturnValue:
    """One person. What changes something is offered to who has just proven who they are."""
    who = actor()
    person = person_page(who, archive(), username)
    proven = _proven()
    return render_template(
        "person.html", person=person, proven=proven, roles=list(Role), levels=list(Level), ranks=list(Rank),
        offices=list_offices(who, archive()) if proven else (), today=archive().clock.today(),
        heads=[line for line in list_people(who, archive()) if line.head and line.active] if proven else (),
        most_days=LONGEST_ACTING_DAYS, directory=archive().directory is not None,
        provider=archive().provider is not None,
    )  # fmt: skip


@pages.post("/people/accounts/<username>/password")
def password(username: str) -> ResponseReturnValue:
    return _with_password(username, lambda: new_password(actor(), archive(), username), own_elsewhere=True)


@pages.post("/people/accounts/<username>/readmit")
def readmit(username: str) -> ResponseReturnValue:
    return _with_password(username, lambda: readmit_person(actor(), archive(), username))


@pages.post("/people/accounts/<username>/<any('second-factor','sign-out','deactivate'):act>")
def close(username: str, act: str) -> ResponseReturnValue:
    """Forget second factors, end sessions, let in no more: of somebody else."""
    require_proof()
    acts = {"second-factor": reset_factors, "sign-out": sign_out_person, "deactivate": deactivate_person}
    return _on(username, lambda: acts[act](actor(), archive(), username), own_elsewhere=True)


@pages.post("/people/accounts/<username>/<any('change','give','act','move','retire'):act>")
def grant(username: str, act: str) -> ResponseReturnValue:
    """Roles and clearance; positions with their days; acting for somebody; another office; the last day."""
    require_proof()
    acts = {"change": _change, "give": _give, "act": _act_for, "move": _move, "retire": _retire}
    return _on(username, lambda: acts[act](username))


@pages.post("/people/accounts/<username>/<any('bind','bind-provider','unbind-provider','holder'):act>")
def tie(username: str, act: str) -> ResponseReturnValue:
    """To an entry of the directory, to an account at the provider or to none any more; of a program, to its holder."""
    require_proof()
    told = request.form.get("told", "").strip()[:300]
    acts: dict[str, Callable[[], object]] = {
        "bind": lambda: bind_person(actor(), archive(), username, told),
        "bind-provider": lambda: bind_provider(actor(), archive(), username, told),
        "unbind-provider": lambda: unbind_provider(actor(), archive(), username),
        "holder": lambda: change_holder(actor(), archive(), username, told),
    }
    return _on(username, acts[act], own_elsewhere=True)


@pages.post("/people/positions/<uuid:position_id>/<any('end','stop-acting'):act>")
def end(position_id: UUID, act: str) -> ResponseReturnValue:
    require_proof()
    username = request.form.get("user", "")[:80]
    back = url_for("people_accounts.show", username=username) if username else url_for("people.listing")
    if act == "stop-acting":
        return _done(lambda: end_acting(actor(), archive(), position_id), back, username)
    return _done(lambda: end_position(actor(), archive(), position_id, _day("last")), back, username)


def _change(username: str) -> None:
    roles, clearance = roles_asked(request.form.getlist("role")), clearance_asked(request.form.get("clearance"))
    change_person(actor(), archive(), username, roles, clearance)


def _give(username: str) -> None:
    form = request.form
    first, last = date_asked(form.get("first")), date_asked(form.get("last"))
    office, title = form.get("office", "")[:40], form.get("title", "")
    give_position(actor(), archive(), NewPosition(username, office, _rank(), title, first, last))


def _act_for(username: str) -> None:
    instead_of, office, mandate = (request.form.get(name, "").strip() for name in ("instead_of", "office", "mandate"))
    wanted = Acting(username, instead_of[:80], office[:40], _day("first"), _day("last"), mandate)
    appoint_acting(actor(), archive(), wanted)


def _move(username: str) -> None:
    move_person(actor(), archive(), username, request.form.get("office", "")[:40], _rank(), _day("first"))


def _retire(username: str) -> None:
    retire_person(actor(), archive(), username, _day("last"))


def _on(username: str, act: Callable[[], object], *, own_elsewhere: bool = False) -> ResponseReturnValue:
    back = url_for("people_accounts.show", username=username)
    if person_page(actor(), archive(), username).own and own_elsewhere:
        return refused(_own(), back)
    return _done(act, back, username)


def _with_password(username: str, act: Callable[[], str], *, own_elsewhere: bool = False) -> ResponseReturnValue:
    """An act that may give a password, which is shown this once."""
    require_proof()
    made: list[str] = []
    answer = _on(username, lambda: made.append(act()), own_elsewhere=own_elsewhere)
    return render_template("person_password.html", user=username, password=made[0]) if any(made) else answer


def _done(act: Callable[[], object], back: str, username: str) -> ResponseReturnValue:
    """Do it and lead `back`; what cannot be is said there, and what is nobody's own to do is no page of ours (403)."""
    try:
        act()
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, back)
    flash(gettext("Done. It counts from the next click of %(user)s on.") % {"user": username}, "good")
    return redirect(back)


def _own() -> Refused:
    return Refused("this is your own account", "use My account, or ask another administrator")


def _proven() -> bool:
    try:
        require_proof()
    except ProofNeeded:
        return False
    return True


def _rank() -> Rank:
    told = request.form.get("rank", "")
    if told not in list(Rank):
        raise Refused("choose a rank")
    return Rank(told)


def _day(name: str) -> date:
    day = date_asked(request.form.get(name))
    if day is None:
        raise Refused("a day is missing", "give the first and the last day")
    return day
