"""People pushed by an identity system: SCIM 2.0 as such systems speak it, and what no program does (R88)."""

import json
from typing import Any

import pytest
from token_people import pushing_token
from web_site import Site
from werkzeug.test import TestResponse

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.token_scopes import TokenScope
from edms.core.errors import Refused
from edms.records.people import console_person, deactivate_person, list_people, office_by_code
from edms.records.positions import change_person
from edms.records.tokens import NewToken, create_service_token, create_token
from edms.web import scim_forms as forms

CONSOLE = console_actor("tests")
SITI = {
    "schemas": [forms.USER, forms.ENTERPRISE], "userName": "Siti", "displayName": "Siti Aminah", "externalId": "4711",
    "name": {"givenName": "Siti", "familyName": "Aminah"}, "active": True, "emails": [{"value": "s@kota.example"}],
    "roles": [{"value": "clerk"}], forms.ENTERPRISE: {"department": "dinkes"},
}  # fmt: skip


class Pusher:
    """An identity system with its token."""

    def __init__(self, site: Site, secret: str) -> None:
        self.client = site.app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method: str, path: str, told: Any = None) -> TestResponse:
        content = {"data": json.dumps(told), "content_type": "application/scim+json"} if told is not None else {}
        return self.client.open(f"/scim/v2/{path}", method=method, headers=self.headers, **content)

    def id_of(self, user: str) -> str:
        (found,) = self.ask("GET", f'Users?filter=userName eq "{user}"').json["Resources"]  # type: ignore[index]
        return str(found["id"])


@pytest.fixture
def pusher(site: Site) -> Pusher:
    return Pusher(site, pushing_token(site.archive))


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [forms.PATCH], "Operations": list(operations)}


def line(site: Site, user: str) -> tuple[str | None, tuple[str, ...], str, bool]:
    found = {one.user: one for one in list_people(CONSOLE, site.archive)}[user]
    return found.office, found.roles, found.clearance, found.active


def said(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/scim+json"
    told = answer.json
    assert told is not None
    assert (told["schemas"], told["status"]) == ([forms.ERROR], str(answer.status_code))
    return answer.status_code, told.get("scimType", "")


def test_somebody_is_looked_for_added_changed_and_let_out(site: Site, pusher: Pusher) -> None:
    for nobody in ("siti", "si%00ti", "%E2%80%AE"):
        looked = pusher.ask("GET", f'Users?filter=userName eq "{nobody}"')
        assert looked.json["totalResults"] == 0  # type: ignore[index]
    made = pusher.ask("POST", "Users", SITI)
    assert made.status_code == 201
    told = made.json
    assert told is not None
    assert made.headers["Location"] == told["meta"]["location"] == f"http://localhost/scim/v2/Users/{told['id']}"
    assert (told["userName"], told["displayName"], told["active"]) == ("siti", "Siti Aminah", True)
    assert told[forms.ENTERPRISE] == {"department": "dinkes"}
    assert line(site, "siti") == ("dinkes", ("clerk",), "open", True)
    assert site.visitor().sign_in("siti", "").status_code == 401, "no password, no way in by it"
    assert said(pusher.ask("POST", "Users", SITI)) == (409, "uniqueness")
    place = f"Users/{told['id']}"
    assert pusher.ask("GET", place).json == told
    renamed = {"op": "Replace", "path": "displayName", "value": "Siti A."}
    moved = {"op": "replace", "value": {f"{forms.ENTERPRISE}:department": "bappeda", "roles": ["official"]}}
    assert pusher.ask("PATCH", place, patch(renamed, moved)).json["displayName"] == "Siti A."  # type: ignore[index]
    assert line(site, "siti") == ("bappeda", ("official",), "open", True)
    assert pusher.ask("PUT", place, {**SITI, "displayName": "Siti"}).status_code == 200
    assert line(site, "siti") == ("dinkes", ("clerk",), "open", True)
    out = pusher.ask("PATCH", place, patch({"op": "Replace", "path": "active", "value": "False"}))
    assert out.json["active"] is False  # type: ignore[index]
    assert not line(site, "siti")[3]
    back = {"op": "replace", "path": "active", "value": True}
    assert said(pusher.ask("PATCH", place, patch(back))) == (400, "invalidValue")
    assert not line(site, "siti")[3], "an administrator lets in again"


def test_delete_lets_out_and_deletes_nobody(site: Site, pusher: Pusher) -> None:
    clerk, place = site.visitor("clerk-dinkes"), f"Users/{pusher.id_of('clerk-dinkes')}"
    gone = pusher.ask("DELETE", place)
    assert (gone.status_code, gone.data) == (204, b"")
    assert clerk.get("/").status_code == 302, "its sessions end"
    assert pusher.ask("GET", place).json["active"] is False  # type: ignore[index]
    assert said(pusher.ask("DELETE", place)) == (404, "")
    with site.archive.database.reader() as session:
        events = site.archive.trail.history(session, "person", place.partition("/")[2])
    assert events[-1]["action"] in ("person.deactivate", "person.provision")
    assert "person.deactivate" in [event["action"] for event in events]


@pytest.mark.parametrize("user", ["admin", "records", "auditor"])
def test_no_program_touches_who_administers_keeps_or_audits(site: Site, pusher: Pusher, user: str) -> None:
    before, place = line(site, user), f"Users/{pusher.id_of(user)}"
    assert said(pusher.ask("DELETE", place)) == (403, "")
    assert said(pusher.ask("PATCH", place, patch({"op": "replace", "path": "active", "value": False}))) == (403, "")
    assert said(pusher.ask("PUT", place, {"userName": user, "displayName": "X"})) == (403, "")
    assert line(site, user) == before
    with site.archive.database.reader() as session:
        events = site.archive.trail.history(session, "person", place.partition("/")[2])
    assert [event["outcome"] for event in events[-3:]] == ["refused"] * 3


@pytest.mark.parametrize("role", ["administrator", "records_officer", "auditor"])
def test_no_program_makes_somebody_one_of_these(site: Site, pusher: Pusher, role: str) -> None:
    assert said(pusher.ask("POST", "Users", {**SITI, "roles": [{"value": role}]}))[0] == 400
    place, told = f"Users/{pusher.id_of('clerk-dinkes')}", {"op": "add", "path": "roles", "value": [{"value": role}]}
    assert said(pusher.ask("PATCH", place, patch(told)))[0] == 400
    assert line(site, "clerk-dinkes")[1] == ("clerk",)
    assert "siti" not in {one.user for one in list_people(CONSOLE, site.archive)}


def test_it_reaches_no_further_than_who_answers_for_it(site: Site) -> None:
    """The scope is a program's alone, and counts while an administrator answers for it."""
    with pytest.raises(Refused, match="by service accounts alone"):
        admin = console_person(site.archive, "admin", "tests")
        create_token(admin, site.archive, NewToken("x", (TokenScope.PEOPLE,), "", 30))
    clerks = Pusher(site, pushing_token(site.archive, "clerk-dinkes", "mesin"))
    assert said(clerks.ask("GET", "Users")) == (403, "")
    assert said(clerks.ask("POST", "Users", SITI)) == (403, "")
    change_person(CONSOLE, site.archive, "clerk-dinkes", (Role.ADMINISTRATOR,), Level.OPEN)
    assert clerks.ask("GET", "Users").status_code == 200
    assert clerks.client.get("/people", headers=clerks.headers).status_code == 403, "nor what administrators do"
    with pytest.raises(Refused, match="bound to no office"):
        create_service_token(CONSOLE, site.archive, "mesin", NewToken("y", (TokenScope.PEOPLE,), "dinkes", 30))
    deactivate_person(CONSOLE, site.archive, "clerk-dinkes")
    assert clerks.ask("GET", "Users").status_code == 401
    assert "mesin" not in {one.user for one in list_people(CONSOLE, site.archive) if one.holder is None}


def test_pages_and_offices(site: Site, pusher: Pusher) -> None:
    whole = pusher.ask("GET", "Users").json
    assert whole is not None
    users = [one["userName"] for one in whole["Resources"]]
    assert users == sorted(users)
    assert "identitas" not in users, "a program is no person"
    part = pusher.ask("GET", "Users?startIndex=2&count=3").json
    assert part is not None
    assert [one["userName"] for one in part["Resources"]] == users[1:4]
    assert (part["totalResults"], part["startIndex"], part["itemsPerPage"]) == (len(users), 2, 3)
    (office,) = pusher.ask("GET", 'Groups?filter=displayName eq "Dinas Kesehatan"').json["Resources"]  # type: ignore[index]
    assert office["id"] == str(office_by_code(site.archive, "dinkes"))
    assert [one["display"] for one in office["members"]] == ["clerk-dinkes", "head-dinkes", "official-dinkes"]
    assert pusher.ask("GET", f"Groups/{office['id']}").json == office
    without = pusher.ask("GET", "Groups?excludedAttributes=members").json
    assert all("members" not in one for one in without["Resources"])  # type: ignore[index]
    for method in ("POST", "PATCH", "DELETE"):
        assert pusher.ask(method, f"Groups/{office['id']}", {}).status_code in (403, 405)


@pytest.mark.parametrize(
    ("method", "path", "told", "kind"),
    [
        ("GET", 'Users?filter=userName sw "a"', None, "invalidFilter"),
        ("GET", 'Users?filter=emails eq "a"', None, "invalidFilter"),
        ("POST", "Users", {"displayName": "X"}, "invalidValue"),
        ("POST", "Users", {**SITI, "userName": "Siti Aminah"}, "invalidValue"),
        ("POST", "Users", {**SITI, forms.ENTERPRISE: {"department": "mars"}}, "invalidValue"),
        ("POST", "Users", {**SITI, "roles": [{"value": "king"}]}, "invalidValue"),
        ("POST", "Users", {**SITI, "displayName": "a\u202eb"}, "invalidValue"),
        ("POST", "Users", {**SITI, "active": "perhaps"}, "invalidValue"),
        ("POST", "Users", ["siti"], "invalidSyntax"),
        ("PATCH", "Users/{id}", {"Operations": []}, "invalidSyntax"),
        ("PATCH", "Users/{id}", patch({"op": "remove", "path": "displayName"}), "invalidSyntax"),
        ("PATCH", "Users/{id}", patch({"op": "replace", "value": "x"}), "invalidPath"),
        ("PATCH", "Users/{id}", patch(*[{"op": "add", "path": "active", "value": True}] * 51), "invalidSyntax"),
        ("PATCH", "Users/{id}", patch({"op": "replace", "path": "userName", "value": "other"}), "mutability"),
        ("PUT", "Users/{id}", {**SITI, "userName": "other"}, "mutability"),
    ],
    ids=range(15),
)
def test_what_cannot_be_is_said_in_its_words(
    site: Site, pusher: Pusher, method: str, path: str, told: Any, kind: str
) -> None:
    before = list_people(CONSOLE, site.archive)
    answer = pusher.ask(method, path.format(id=pusher.id_of("clerk-dinkes")), told)
    assert said(answer) == (400, kind)
    assert list_people(CONSOLE, site.archive) == before


def test_what_is_no_json_is_refused(pusher: Pusher) -> None:
    for content, kind in ((b"{", "application/scim+json"), (b"[" * 200_000, "application/json"), (b"{}", "text/plain")):
        answer = pusher.client.post("/scim/v2/Users", data=content, content_type=kind, headers=pusher.headers)
        assert said(answer) == (400, "invalidSyntax")


def test_what_the_service_says_of_itself_is_so(pusher: Pusher) -> None:
    config = pusher.ask("GET", "ServiceProviderConfig").json
    assert config is not None
    assert (config["patch"], config["bulk"]["supported"], config["filter"]["maxResults"]) == (
        {"supported": True}, False, forms.MOST,
    )  # fmt: skip
    types = pusher.ask("GET", "ResourceTypes").json["Resources"]  # type: ignore[index]
    for one in types:
        assert pusher.ask("GET", one["endpoint"].lstrip("/")).status_code == 200
    known = {one["id"]: one for one in pusher.ask("GET", "Schemas").json["Resources"]}  # type: ignore[index]
    assert {one["schema"] for one in types} | {forms.ENTERPRISE} == set(known)
    user = pusher.ask("GET", f"Users/{pusher.id_of('clerk-dinkes')}").json
    assert user is not None
    told = {key for key in user if key not in ("schemas", "id", "meta", forms.ENTERPRISE)}
    assert told == {one["name"] for one in known[forms.USER]["attributes"]}
