"""Offices and people at the web: what administrators see and do, with whose consent, and what they may not (R88)."""

import io
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from web_site import PASSWORD, Site, Visitor

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.positions import Rank
from edms.access.token_scopes import TokenScope
from edms.records.account_codes import begin_codes, confirm_codes
from edms.records.people import NewPerson, add_person, console_person, list_offices, list_people, office_by_code
from edms.records.people_lists import review_list
from edms.records.people_shown import person_page
from edms.records.positions import NewPosition, give_position, list_positions
from edms.records.service_accounts import NewService, add_service
from edms.records.tokens import NewToken, create_service_token

CONSOLE = console_actor("tests")
CLERK = "/people/accounts/clerk-dinkes"
LIST = (
    "user,name,office,roles,clearance,head,active\n"
    "clerk-dinkes,Petugas <b>Baru</b>,bappeda,clerk official,secret,no,yes\n"
    "siti,Siti Aminah,dinkes,clerk,open,no,yes\n"
    "official-bappeda,Pejabat Bappeda,bappeda,official,restricted,no,no\n"
)


@pytest.fixture
def admin(site: Site) -> Visitor:
    return site.visitor("admin", headers={"Accept-Language": "en"})


def shown_password(page: str) -> str:
    found = re.search(r'id="made-password" readonly value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def line(site: Site, user: str) -> tuple[str | None, tuple[str, ...], str, bool]:
    found = {one.user: one for one in list_people(CONSOLE, site.archive)}[user]
    return found.office, found.roles, found.clearance, found.active


def events(site: Site, kind: str, subject: str) -> list[dict[str, Any]]:
    with site.archive.database.reader() as session:
        return [dict(event) for event in site.archive.trail.history(session, kind, subject)]


def hand_in(visitor: Visitor, content: str, name: str = "orang.csv", **fields: str) -> str:
    """Hand in a list; return the page that says what it would change."""
    told = {"csrf_token": visitor.token(), "file": (io.BytesIO(content.encode()), name), **fields}
    answer = visitor.client.post("/people/list", data=told, content_type="multipart/form-data", **visitor.base)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def carried(page: str) -> dict[str, str]:
    """What the page that was looked at sends when its button is pressed."""
    return dict(re.findall(r'<input type="hidden" name="(carried|name|seal|complete)" value="([^"]*)">', page))


def test_the_tree_its_people_and_who_is_found(site: Site, admin: Visitor) -> None:
    page = admin.get("/people").text
    places = [page.index(f'href="/people/offices/{code}"') for code in ("setda", "bappeda", "dinkes")]
    assert places == sorted(places)
    assert "Kepala Dinas Kesehatan" in page
    without = page.split("People of no office")[1]
    assert "Auditor Inspektorat" in without
    assert "Petugas Arsip" not in without
    office = admin.get("/people/offices/dinkes").text
    assert office.index("Kepala Dinas Kesehatan") < office.index("Petugas Arsip Dinkes")
    assert "Petugas Arsip Bappeda" not in office
    found = admin.get("/people?q=arsip+BAPPEDA").text.split("Offices")[0]
    assert re.findall(r"/people/accounts/([a-z-]+)", found) == ["clerk-bappeda"]
    assert admin.get("/people/offices/nowhere").status_code == 404
    for nobody in ("nobody", "%00", "Admin", "x" * 300):
        assert admin.get(f"/people/accounts/{nobody}").status_code == 404


def test_an_office_and_a_person_are_added(site: Site, admin: Visitor) -> None:
    told = {"code": "puskesmas", "name": "Puskesmas <i>Utara</i>", "parent": "dinkes"}
    assert admin.post("/people/offices", told).status_code == 302
    assert "Puskesmas &lt;i&gt;Utara&lt;/i&gt;" in admin.get("/people").text
    assert ("puskesmas", "Puskesmas <i>Utara</i>", "dinkes") in list_offices(CONSOLE, site.archive)
    again = admin.post("/people/offices", told, follow_redirects=True)
    assert "there is an office &#39;puskesmas&#39; already" in again.text
    new = {"user": "Siti A", "name": "Siti", "office": "puskesmas", "role": ["clerk", "official"], "clearance": "open"}
    wrong = admin.post("/people/new", new)
    assert wrong.status_code == 400
    assert 'value="Siti A"' in wrong.text
    assert '<option value="puskesmas" selected>' in wrong.text
    for change in ({"role": []}, {"clearance": "cosmic"}, {"office": ""}, {"user": "clerk-dinkes"}):
        assert admin.post("/people/new", {**new, "user": "siti", **change}).status_code == 400
    made = admin.post("/people/new", {**new, "user": "siti"})
    password = shown_password(made.text)
    assert line(site, "siti") == ("puskesmas", ("clerk", "official"), "open", True)
    assert password not in admin.get("/people/accounts/siti").text
    siti = site.visitor()
    assert siti.sign_in("siti", password).status_code == 302
    assert siti.get("/").headers["Location"] == "/account/password", "another one is to be chosen first"


def test_a_new_password_signing_out_and_leaving(site: Site, admin: Visitor) -> None:
    clerk = site.visitor("clerk-dinkes")
    assert "<dt>Sessions</dt><dd>1</dd>" in admin.get(CLERK).text
    assert admin.post(f"{CLERK}/sign-out").status_code == 302
    assert clerk.get("/").status_code == 302
    assert "<dt>Sessions</dt><dd>0</dd>" in admin.get(CLERK).text
    clerk = site.visitor("clerk-dinkes")
    password = shown_password(admin.post(f"{CLERK}/password").text)
    assert clerk.get("/").status_code == 302
    assert clerk.sign_in("clerk-dinkes").status_code == 401
    assert clerk.sign_in("clerk-dinkes", password).status_code == 302
    assert admin.post(f"{CLERK}/deactivate").status_code == 302
    assert clerk.get("/").status_code == 302
    left = admin.get(CLERK).text
    assert "Let in again" in left
    assert f"{CLERK}/password" not in left
    assert "there is no person" in admin.post(f"{CLERK}/password", follow_redirects=True).text
    again = shown_password(admin.post(f"{CLERK}/readmit").text)
    assert again != password
    assert site.visitor().sign_in("clerk-dinkes", again).status_code == 302


def test_lost_second_factors_are_forgotten(site: Site, admin: Visitor) -> None:
    clerk = console_person(site.archive, "clerk-dinkes", "tests")
    code = pyotp.TOTP(begin_codes(clerk, site.archive).secret).at(site.clock.now())
    confirm_codes(clerk, site.archive, code, "")
    assert "app for codes; 10 recovery codes are left." in admin.get(CLERK).text
    assert admin.post(f"{CLERK}/second-factor").status_code == 302
    assert "<dt>Second factor</dt><dd>none</dd>" in admin.get(CLERK).text
    site.visitor("clerk-dinkes")


def test_positions_with_days_and_who_acts_for_a_head(site: Site, admin: Visitor) -> None:
    official = "/people/accounts/official-dinkes"
    today = site.clock.today()
    days = {"first": today.isoformat(), "last": (today + timedelta(days=14)).isoformat()}
    acting = {"office": "dinkes", "instead_of": "head-dinkes", "mandate": "SP 800/1/2026", **days}
    assert admin.post(f"{official}/act", acting).status_code == 302
    given = {"office": "bappeda", "rank": "staff", "title": "Anggota tim", "first": "", "last": ""}
    assert admin.post(f"{official}/give", given).status_code == 302
    first, second = sorted(list_positions(CONSOLE, site.archive, "official-dinkes"), key=lambda one: one.office)
    assert (first.office, first.rank, first.title, first.last) == ("bappeda", "staff", "Anggota tim", None)
    assert (second.instead_of, second.mandate, second.last) == ("head-dinkes", "SP 800/1/2026", today + timedelta(14))
    page = admin.get(official).text
    assert "acting for head-dinkes" in page
    assert "SP 800/1/2026" in admin.get("/people/offices/dinkes").text
    told = {"user": "official-dinkes"}
    assert admin.post(f"/people/positions/{second.id}/stop-acting", told).headers["Location"] == official
    ended = {**told, "last": (today - timedelta(days=1)).isoformat()}
    assert admin.post(f"/people/positions/{first.id}/end", ended).status_code == 302
    assert not any(one.holds for one in list_positions(CONSOLE, site.archive, "official-dinkes"))
    moved = {"office": "setda", "rank": "below_head", "first": today.isoformat()}
    assert admin.post(f"{official}/move", moved).status_code == 302
    assert line(site, "official-dinkes")[0] == "setda"
    assert admin.post(f"{official}/retire", {"last": (today + timedelta(days=3)).isoformat()}).status_code == 302
    assert "Take the last day back" in admin.get(official).text
    for wrong, said in (
        ({**acting, "mandate": " "}, "needs its decree"), ({**acting, "last": ""}, "a day is missing"),
        ({**acting, "last": "soon"}, "this is not a date"), ({**acting, "instead_of": "x"}, "there is no person"),
    ):  # fmt: skip
        assert said in admin.post(f"{official}/act", wrong, follow_redirects=True).text


def test_roles_and_clearance_count_from_the_next_click(site: Site, admin: Visitor) -> None:
    clerk = site.visitor("clerk-dinkes")
    assert clerk.get("/reports").status_code == 403
    assert (
        admin.post(f"{CLERK}/change", {"role": ["clerk", "records_officer"], "clearance": "secret"}).status_code == 302
    )
    assert line(site, "clerk-dinkes")[1:3] == (("clerk", "records_officer"), "secret")
    assert clerk.get("/reports").status_code == 200
    for wrong in ({"role": [], "clearance": "open"}, {"role": ["king"], "clearance": "open"}, {"role": ["clerk"]}):
        assert admin.post(f"{CLERK}/change", wrong).status_code == 302
    assert line(site, "clerk-dinkes")[1:3] == (("clerk", "records_officer"), "secret")


def test_nobody_grants_to_oneself_and_the_trail_has_each_attempt(site: Site, admin: Visitor) -> None:
    """The attack: an administrator who wants to read sends the forms that the own page does not offer."""
    before, own, today = line(site, "admin"), "/people/accounts/admin", site.clock.today().isoformat()
    page = admin.get(own).text
    assert "This is you." in page
    assert "<form" not in page.split('id="main"')[1]
    place = {"office": "dinkes", "rank": "head", "first": today, "last": today}
    acting = {**place, "instead_of": "head-dinkes", "mandate": "SP 1"}
    attempts = {
        "change": {"role": ["administrator", "records_officer"], "clearance": "top_secret"},
        "give": place, "act": acting, "move": place, "retire": {"last": today}, "readmit": {},
    }  # fmt: skip
    for act, told in attempts.items():
        answer = admin.post(f"{own}/{act}", told)
        assert answer.status_code == 403, act
        assert "obody changes the own roles, clearance or positions" in answer.text
    assert line(site, "admin") == before
    assert list_positions(CONSOLE, site.archive, "admin") == []
    given = give_position(CONSOLE, site.archive, NewPosition("admin", "setda", Rank.STAFF))
    ended = {"user": "admin", "last": today}
    assert admin.post(f"/people/positions/{given}/end", ended).status_code == 403, "nor is one ended by its holder"
    me = console_person(site.archive, "admin", "tests")
    told_of = (("person", me.id), ("office", str(office_by_code(site.archive, "dinkes"))))
    refused = [event for one in told_of for event in events(site, *one) if event["outcome"] == "refused"]
    assert len(refused) == len(attempts)
    assert all(event["details"]["reasons"] == ["not_apart:hold_account"] for event in refused)
    for act in ("password", "second-factor", "sign-out", "deactivate"):
        assert "this is your own account" in admin.post(f"{own}/{act}", follow_redirects=True).text
    assert line(site, "admin")[1:] == before[1:]
    assert site.visitor().sign_in("admin", PASSWORD).status_code == 302


def test_who_answers_for_a_service_account_does_not_change_it(site: Site, admin: Visitor) -> None:
    add_service(CONSOLE, site.archive, NewService("mesin", "Mesin", "dinkes", (Role.CLERK,), Level.OPEN, "admin"))
    for act, told in {
        "change": {"role": ["clerk"], "clearance": "open"},
        "give": {"office": "bappeda", "rank": "staff"},
    }.items():
        assert admin.post(f"/people/accounts/mesin/{act}", told).status_code == 403
    page = admin.get("/people/accounts/mesin").text
    assert "a service account comes with API tokens alone" in page
    assert "is a service account" in admin.post("/people/accounts/mesin/password", follow_redirects=True).text


def test_every_act_asks_who_it_is_when_that_is_long_ago(site: Site, admin: Visitor) -> None:
    minutes = site.archive.settings.access.proof_minutes
    site.clock.set(site.clock.now() + timedelta(minutes=minutes, seconds=1))
    before = list_people(CONSOLE, site.archive)
    page = admin.get(CLERK).text
    assert "<form" not in page.split('id="main"')[1]
    assert 'href="/prove?next=/people/accounts/clerk-dinkes"' in page
    acts = ("password", "readmit", "second-factor", "sign-out", "deactivate", "change", "give", "act", "move", "retire")
    some = "/people/positions/00000000-0000-7000-8000-000000000000"
    for path in (
        *(f"{CLERK}/{act}" for act in acts), f"{some}/end", f"{some}/stop-acting", "/people/offices", "/people/new",
        "/people/list/apply",
    ):  # fmt: skip
        answer = admin.post(path, {"role": "clerk", "clearance": "open"})
        assert (answer.status_code, answer.headers["Location"][:6]) == (302, "/prove"), path
    for path in ("/people/new", "/people/list"):
        assert admin.get(path).headers["Location"].startswith("/prove"), path
    assert list_people(CONSOLE, site.archive) == before
    admin.post("/prove", {"proof": PASSWORD})
    assert f'action="{CLERK}/password"' in admin.get(CLERK).text


def test_a_list_is_looked_at_and_carried_out_just_so(site: Site, admin: Visitor) -> None:
    before = list_people(CONSOLE, site.archive)
    page = hand_in(admin, LIST)
    assert "This list would change 3 things. Nothing is changed yet." in page
    assert "Petugas &lt;b&gt;Baru&lt;/b&gt;" in page
    assert "<del>dinkes</del> → <ins>bappeda</ins>" in page
    assert "<del>clerk</del> → <ins>clerk, official</ins>" in page
    assert list_people(CONSOLE, site.archive) == before
    assert admin.post("/people/list/apply", carried(page)).headers["Location"] == "/people"
    assert line(site, "clerk-dinkes") == ("bappeda", ("clerk", "official"), "secret", True)
    assert line(site, "siti") == ("dinkes", ("clerk",), "open", True)
    assert not line(site, "official-bappeda")[3]
    assert "This list changes nothing" in hand_in(admin, LIST)
    (event,) = [one for one in events(site, "archive", "") if one["action"] == "people.sync"]
    assert re.search(r"SHA-256 ([0-9a-f]{64})", page).group(1) == event["details"]["file"]  # type: ignore[union-attr]


def test_nothing_but_what_was_looked_at_is_carried_out(site: Site, admin: Visitor) -> None:
    before = list_people(CONSOLE, site.archive)
    told = carried(hand_in(admin, LIST))
    more = carried(hand_in(admin, LIST.replace("siti,Siti Aminah,dinkes,clerk", "siti,Siti Aminah,dinkes,auditor")))
    for wrong in (
        {**told, "carried": more["carried"]}, {**told, "seal": ""}, {**told, "seal": "ü"}, {**told, "complete": "1"},
        {**told, "carried": told["carried"][:-8]}, {**told, "carried": "!"}, {**told, "carried": ""},
    ):  # fmt: skip
        assert admin.post("/people/list/apply", wrong).status_code == 400
    add_person(CONSOLE, site.archive, NewPerson("second", "Kedua", None, (Role.ADMINISTRATOR,), Level.OPEN))
    other = console_person(site.archive, "second", "tests")
    theirs = review_list(other, site.archive, LIST.encode(), "orang.csv")
    assert admin.post("/people/list/apply", {**told, "seal": theirs.seal}).status_code == 400, "who looked carries out"
    assert admin.post(f"{CLERK}/change", {"role": "clerk", "clearance": "open"}).status_code == 302
    late = admin.post("/people/list/apply", told)
    assert late.status_code == 302, "the same comes of it"
    assert len(list_people(CONSOLE, site.archive)) == len(before) + 2


def test_a_list_that_would_do_something_else_meanwhile_is_looked_at_anew(site: Site, admin: Visitor) -> None:
    told = carried(hand_in(admin, LIST))
    add_person(CONSOLE, site.archive, NewPerson("siti", "Siti", "dinkes", (Role.CLERK,), Level.SECRET))
    answer = admin.post("/people/list/apply", told)
    assert answer.status_code == 400
    assert "it would change something else now" in answer.text
    assert line(site, "siti")[2] == "secret"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (LIST + "admin,Administrator,,administrator records_officer,top_secret,no,yes\n", "a.csv", "may not change"),
        ("user,name\nsiti,Siti\n", "a.csv", "has no role"),
        ("user,name,roles\nsiti,Siti,king\n", "a.csv", "no such role or clearance"),
        ("nama\nsiti\n", "a.csv", "names neither"),
        ("{", "a.json", "This is not JSON"),
        ("", "a.csv", "Choose a file"),
        ("user,name,roles\n" + "x" * 900_001, "a.csv", "too long for a page"),
    ],
    ids=["own roles", "no role", "king", "heading", "json", "empty", "long"],
)
def test_what_no_list_does(site: Site, admin: Visitor, content: str, name: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        hand_in(admin, content, name)


def test_a_list_of_everybody_keeps_an_administrator(site: Site, admin: Visitor) -> None:
    with pytest.raises(AssertionError, match="may not change"):
        hand_in(admin, LIST, complete="1")
    page = hand_in(admin, LIST + "admin,Administrator,,administrator,open,no,yes\n", complete="1")
    assert page.count("is let in no more</td>") == 6, page
    assert admin.post("/people/list/apply", carried(page)).status_code == 302
    active = {one.user for one in list_people(CONSOLE, site.archive) if one.active}
    assert active == {"admin", "clerk-dinkes", "siti"}


def test_a_page_says_what_it_is_of_who_left_and_of_programs(site: Site, admin: Visitor) -> None:
    add_service(CONSOLE, site.archive, NewService("mesin", "Mesin", "dinkes", (Role.CLERK,), Level.OPEN, "records"))
    create_service_token(CONSOLE, site.archive, "mesin", NewToken("p", (TokenScope.READ,), "", 30))
    page = person_page(console_person(site.archive, "admin", "tests"), site.archive, "mesin")
    assert (page.holder, page.has_password, page.sessions) == ("records", False, 0)
    assert "service account" in admin.get("/people/offices/dinkes").text


def test_a_program_is_added_listed_and_given_to_another(site: Site, admin: Visitor) -> None:
    assert "No program has an account here." in admin.get("/people/programs").text
    told = {"user": "mesin", "name": "Pemindai <b>", "holder": "head-dinkes", "office": "dinkes", "role": "clerk",
            "clearance": "restricted"}  # fmt: skip
    assert admin.post("/people/programs", told).status_code == 302
    create_service_token(CONSOLE, site.archive, "mesin", NewToken("pemindai", (TokenScope.READ,), "", 30))
    page = admin.get("/people/programs").text
    assert "Pemindai &lt;b&gt;" in page
    assert "head-dinkes" in page
    assert "pemindai <small" in page
    again = admin.post("/people/programs", told, follow_redirects=True)
    assert "there is a person &#39;mesin&#39; already" in again.text
    own = admin.post("/people/programs", {**told, "user": "lain", "holder": "admin"})
    assert own.status_code == 403, "for a program that he answers for himself another administrator is asked"
    given = admin.post("/people/accounts/mesin/holder", {"told": "records"}, follow_redirects=True)
    assert "Done." in given.text
    assert person_page(console_person(site.archive, "admin", "tests"), site.archive, "mesin").holder == "records"
    assert {one.user for one in list_people(CONSOLE, site.archive) if one.holder} == {"mesin"}


def test_what_cannot_be_bound_is_said(site: Site, admin: Visitor) -> None:
    """Where there is neither directory nor provider no form is offered; one that is sent all the same is refused."""
    page = admin.get(CLERK).text
    assert f"{CLERK}/bind" not in page
    answer = admin.post(f"{CLERK}/bind-provider", {"told": "s-1"}, follow_redirects=True)
    assert "there is no sign-in provider" in answer.text
    assert "this is your own account" in admin.post(
        "/people/accounts/admin/bind-provider", {"told": "s-1"}, follow_redirects=True
    ).text  # fmt: skip
