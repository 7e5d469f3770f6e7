"""Sign-in by the organisation's provider: who is let in, what their groups make of them, and how it ends."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from lying_provider import Lies
from provider_site import CONSOLE, ProviderSite, is_in
from sqlalchemy import select, update
from test_second_factor import enrolled
from web_site import PASSWORD, Visitor

from edms.access.actors import Role
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.provider_model import ProviderBinding
from edms.core.errors import Refused
from edms.records.account_sessions import sign_out_person
from edms.records.people import NewPerson, add_person, deactivate_person, list_people
from edms.records.positions import retire_person
from edms.records.provider_bindings import bind_provider, unbind_provider


def person(provided: ProviderSite, user: str) -> tuple[str | None, tuple[str, ...], str, bool]:
    line = next(one for one in list_people(CONSOLE, provided.site.archive) if one.user == user)
    return line.office, line.roles, line.clearance, line.head


def actions(provided: ProviderSite) -> list[str]:
    return [one["action"] for one in provided.events()]


def test_who_is_not_known_is_refused_and_nobody_is_made(provided: ProviderSite) -> None:
    before = len(list_people(CONSOLE, provided.site.archive))
    visitor = provided.visitor()
    provided.sign_in(visitor, preferred_username="clerk-dinkes", groups=["/dinkes/arsip"])
    assert not is_in(visitor), "the user name proves nothing"
    assert provided.reasons() == ["unknown"]
    assert len(list_people(CONSOLE, provided.site.archive)) == before


def test_an_administrator_binds_and_unbinds(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    with pytest.raises(Refused, match="already"):
        provided.bind("clerk-dinkes", "s-2")
    with pytest.raises(Refused, match="somebody else's"):
        provided.bind("clerk-bappeda")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    local = provided.site.visitor("clerk-dinkes")
    unbind_provider(CONSOLE, provided.site.archive, "clerk-dinkes")
    assert not is_in(visitor), "its sessions have ended"
    assert is_in(local), "others go on"
    provided.sign_in(visitor, "kode-dua")
    assert provided.reasons() == ["unknown"]
    assert {"account.provider_bound", "account.provider_unbound"} <= set(actions(provided))


@pytest.mark.parametrize("provided", [{"create_people": True}], indirect=True)
def test_somebody_new_is_made_as_the_groups_say(provided: ProviderSite) -> None:
    visitor = provided.visitor()
    provided.sign_in(visitor, preferred_username="Siti", name="Siti Rahayu", groups=["/DINKES/arsip", "/lain"])
    assert is_in(visitor)
    assert person(provided, "siti") == ("dinkes", ("clerk",), "restricted", False)
    assert {"person.add", "account.provider_bound", "session.signed_in"} <= set(actions(provided))
    assert "/account/password" not in visitor.get("/account").text
    page = visitor.get("/prove").text
    assert 'action="/prove/provider"' in page
    assert 'name="proof"' not in page, "there is no password to ask for"
    stranger = provided.visitor()
    assert stranger.sign_in("siti", "").status_code == 401
    assert stranger.sign_in("siti", PASSWORD).status_code == 401, "there is no password"
    provided.sign_in(stranger, "kode-dua", preferred_username="lain", groups=["/bappeda"])
    assert person(provided, "siti") == ("dinkes", ("clerk",), "restricted", False), "groups are not followed"
    visitor.post("/sign-out")
    for number, (told, why) in enumerate(
        [({"preferred_username": "budi", "groups": ["/lain"]}, "no_group"),
         ({"preferred_username": "budi"}, "no_group"),
         ({"preferred_username": "clerk-dinkes", "groups": ["/bappeda"]}, "name_taken"),
         ({"preferred_username": "Budi Santoso", "groups": ["/bappeda"]}, "name_taken"),
         ({"groups": ["/bappeda"]}, "name_taken"),
         ({"preferred_username": "budi", "groups": ["/hilang"]}, "groups_unfit")]
    ):  # fmt: skip
        provided.sign_in(visitor, f"d-{number}", sub=f"t-{number}", **told)
        assert not is_in(visitor)
        assert provided.reasons()[-1] == why, told


@pytest.mark.parametrize("provided", [{"bind_by_user_name": True}], indirect=True)
def test_by_the_user_name_once_and_never_an_administrator(provided: ProviderSite) -> None:
    visitor = provided.visitor()
    provided.sign_in(visitor, preferred_username="clerk-dinkes")
    assert is_in(visitor)
    other = provided.visitor()
    provided.sign_in(other, "kode-dua", sub="s-2", preferred_username="clerk-dinkes")
    provided.sign_in(other, "c-3", sub="s-3", preferred_username="admin")
    deactivate_person(CONSOLE, provided.site.archive, "clerk-bappeda")
    provided.sign_in(other, "c-4", sub="s-4", preferred_username="clerk-bappeda")
    provided.sign_in(other, "c-5", sub="s-5", preferred_username="tidak-ada")
    assert provided.reasons() == ["name_taken", "name_taken", "name_taken", "unknown"]
    assert not is_in(other)
    provided.sign_in(other, "c-6", preferred_username="records")
    assert other.get("/account").text.count("clerk-dinkes"), "bound is bound, whatever it is called now"


@pytest.mark.parametrize("provided", [{"follow_groups": True}], indirect=True)
def test_groups_are_followed_at_each_sign_in_and_act_at_once(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    first, second = provided.visitor(), provided.visitor()
    provided.sign_in(first, groups=["/dinkes/arsip"])
    assert "person.change" not in actions(provided), "nothing has changed"
    assert first.get("/capture").status_code == 200
    provided.sign_in(second, "kode-dua", groups=["/bappeda"], name="Nama Baru")
    assert person(provided, "clerk-dinkes") == ("bappeda", ("official",), "restricted", False)
    assert first.get("/capture").status_code == 404, "in the session that was open too"
    assert "Nama Baru" in second.get("/account").text
    (event,) = [one for one in provided.events() if one["action"] == "person.change"]
    assert (event["actor"]["kind"], event["details"]["roles"]) == ("system", "official")

    third = provided.visitor()
    provided.sign_in(third, "c-3", groups=["/lain"])
    assert provided.reasons() == ["no_group"]
    assert not is_in(third)
    assert not is_in(first), "and out of what was open"
    assert person(provided, "clerk-dinkes")[1] == ("official",), "a mapper that fell out takes nobody's office"
    provided.sign_in(third, "c-4", groups=["/hilang"])
    assert provided.reasons()[-1] == "groups_unfit"
    assert person(provided, "clerk-dinkes")[0] == "bappeda"
    provided.sign_in(third, "c-5", _claim_names={"groups": "src1"})
    assert provided.reasons()[-1] == "no_group", "groups that stand elsewhere are none"


@pytest.mark.parametrize("provided", [{"follow_groups": True}], indirect=True)
def test_the_last_administrator_stays_one(provided: ProviderSite) -> None:
    provided.bind("admin")
    visitor = provided.visitor()
    provided.sign_in(visitor, groups=["/bappeda"])
    assert provided.reasons() == ["groups_unfit"]
    assert person(provided, "admin")[1] == ("administrator",)
    second = NewPerson("admin-dua", "Administrator Dua", None, (Role.ADMINISTRATOR,), Level.OPEN)
    add_person(CONSOLE, provided.site.archive, second)
    provided.sign_in(visitor, "kode-dua", groups=["/bappeda"])
    assert person(provided, "admin")[1] == ("official",)


@pytest.mark.parametrize("how", ["deactivated", "retired"])
def test_who_left_is_out_whatever_the_provider_says(provided: ProviderSite, how: str) -> None:
    provided.bind("clerk-dinkes")
    archive = provided.site.archive
    if how == "deactivated":
        deactivate_person(CONSOLE, archive, "clerk-dinkes")
    else:
        retire_person(CONSOLE, archive, "clerk-dinkes", provided.site.clock.today() - timedelta(days=1))
    visitor = provided.visitor()
    provided.sign_in(visitor)
    assert provided.reasons() == ["not_in_service"]
    assert not is_in(visitor)


def test_a_row_put_in_or_given_to_somebody_else_lets_nobody_in(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    with provided.site.archive.database.writer() as session:
        records = session.scalars(select(Person.id).where(Person.username == "records")).one()
        session.execute(update(ProviderBinding).values(person_id=records))
        session.commit()
    visitor = provided.visitor()
    provided.sign_in(visitor)
    assert provided.reasons() == ["binding_altered"]
    assert not is_in(visitor)


@pytest.mark.parametrize("provided", [{"second_factor_values": ("mfa",)}], indirect=True)
def test_the_second_factor_of_here_is_asked_for_unless_the_provider_had_one(provided: ProviderSite) -> None:
    provided.bind("head-dinkes")
    secret, _codes, _visitor = enrolled(provided.site, "head-dinkes")
    visitor = provided.visitor()
    answer = provided.sign_in(visitor, amr=["pwd"])
    assert answer.headers["Location"].startswith("/sign-in/code")
    assert not is_in(visitor)
    provided.site.clock.set(provided.site.clock.now() + timedelta(seconds=60))
    visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(provided.site.clock.now())})
    assert is_in(visitor)
    other = provided.visitor()
    assert provided.sign_in(other, "kode-dua", amr=["pwd", "mfa"]).headers["Location"] == "/"
    assert is_in(other)
    event = [one for one in provided.events() if one["action"] == "session.signed_in"][-1]
    assert event["details"]["methods"] == ["pwd", "mfa"]
    asked = provided.begin(other, "/prove/provider")
    provided.provider.grant("c-3", asked, amr=["pwd"])
    provided.come_back(other, asked, "c-3")
    assert "session.proof_failed" in actions(provided)


def prove(provided: ProviderSite, visitor: Visitor, code: str, **claims: Any) -> str:
    asked = provided.begin(visitor, "/prove/provider", next="/account/password")
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    provided.provider.grant(code, asked, **claims)
    if claims.get("auth_time", 0) is None:
        provided.provider.codes[code]["claims"].pop("auth_time")
    return provided.come_back(visitor, asked, code).headers["Location"]


def needs_proof(visitor: Visitor) -> bool:
    return "/prove" in visitor.post("/account/codes").headers.get("Location", "")


def test_a_session_there_that_is_old_is_no_proof_of_now(provided: ProviderSite) -> None:
    """Who is let on without being asked has proven nothing: what asks for a recent proof leads to the provider."""
    provided.bind("clerk-dinkes")
    now = int(provided.site.clock.now().timestamp())
    visitor = provided.visitor()
    provided.sign_in(visitor, auth_time=now - 3600)
    assert needs_proof(visitor)
    assert "/prove?" in prove(provided, visitor, "kode-dua", auth_time=now - 3600)
    assert "/prove?" in prove(provided, visitor, "c-3", auth_time=None)
    assert "/prove?" in prove(provided, visitor, "c-4", auth_time=now + 3600)
    assert "/prove?" in prove(provided, visitor, "c-5", auth_time="kemarin")
    assert provided.reasons() == ["authenticated_at"] * 4
    assert "/prove?" in prove(provided, visitor, "c-6", sub="s-9"), "somebody else"
    assert needs_proof(visitor)
    assert prove(provided, visitor, "c-7") == "/account/password"
    assert not needs_proof(visitor)
    unsaid = provided.visitor()
    asked = provided.begin(unsaid)
    provided.provider.grant("c-8", asked)
    provided.provider.codes["c-8"]["claims"].pop("auth_time")
    provided.come_back(unsaid, asked, "c-8")
    assert needs_proof(unsaid)


def test_a_proof_is_of_who_is_signed_in(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.site.visitor("clerk-dinkes")
    asked = provided.begin(visitor, "/prove/provider")
    provided.provider.grant("kode-satu", asked)
    sign_out_person(CONSOLE, provided.site.archive, "clerk-dinkes")
    answer = provided.come_back(visitor, asked)
    assert answer.headers["Location"] == "/sign-in?next=/", "and not back to an answer that is used up"
    assert actions(provided)[-1] == "session.proof_failed"
    assert not is_in(visitor)


def test_signing_out_leads_to_the_provider_and_is_done_here_first(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    page = visitor.post("/sign-out")
    assert f"{provided.provider.issuer}/end?client_id=arsip&amp;post_logout_redirect_uri=http" in page.text
    assert "eyJ" not in page.text, "no token is kept, so none is sent"
    assert not is_in(visitor)
    local = provided.site.visitor("clerk-dinkes")
    assert local.post("/sign-out").headers["Location"] == "/sign-in"
    provided.sign_in(visitor, "kode-dua")
    provided.site.clock.set(provided.site.clock.now() + timedelta(minutes=59))
    provided.provider.lies = Lies(redirect="metadata")
    provided.site.clock.set(provided.site.clock.now() + timedelta(minutes=1))
    assert visitor.post("/sign-out").headers["Location"] == "/sign-in", "the provider is away"


def test_the_provider_ends_sessions_by_name_and_by_account(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    provided.bind("records", "s-2")
    one, two, other = provided.visitor(), provided.visitor(), provided.visitor()
    local = provided.site.visitor("clerk-dinkes")
    provided.sign_in(one, "kode-satu", sid="there-1")
    provided.sign_in(two, "kode-dua", sid="there-2")
    provided.sign_in(other, "c-3", sub="s-2", sid="there-3")

    def tell(token: str) -> int:
        return provided.visitor().client.post("/sign-in/provider/logout", data={"logout_token": token}).status_code

    token = provided.provider.logout_token(sid="there-1")
    assert tell(token) == 200
    assert (is_in(one), is_in(two)) == (False, True)
    assert tell(token) == 400
    assert provided.reasons() == ["replayed"]
    assert tell(provided.provider.logout_token(sid="there-2", sub="s-2")) == 200
    assert is_in(two), "that session there is not of that account"
    assert tell(provided.provider.logout_token(sub="s-1")) == 200
    assert (is_in(two), is_in(local), is_in(other)) == (False, True, True)
    ended = [event["details"]["ended"] for event in provided.events() if event["action"] == "session.ended_by_provider"]
    assert ended == [1, 0, 1]


def test_a_session_keeps_its_mark_when_its_token_changes(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    before = visitor.client.get_cookie("edms_session")
    told = {"old": PASSWORD, "new": "tukang becak naik delman", "again": "tukang becak naik delman"}
    assert visitor.post("/account/password", told).status_code == 302
    assert visitor.client.get_cookie("edms_session") != before
    token = provided.provider.logout_token(sid="there-1")
    provided.visitor().client.post("/sign-in/provider/logout", data={"logout_token": token})
    assert not is_in(visitor)


def test_the_account_page_shows_it_and_lets_it_go_when_another_way_stands(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    with provided.site.archive.database.writer() as session:
        session.execute(update(Person).where(Person.username == "clerk-dinkes").values(password_hash=""))
        session.commit()
    page = visitor.get("/account?lang=en").text
    assert "/account/provider/give-up" not in page
    assert visitor.post("/account/provider/give-up").status_code == 400
    other = provided.visitor()
    provided.sign_in(other, "kode-dua")
    with provided.site.archive.database.writer() as session:
        session.execute(update(Person).where(Person.username == "clerk-dinkes").values(password_hash="$argon2id$x"))
        session.commit()
    assert "/account/provider/give-up" in visitor.get("/account").text
    assert visitor.post("/account/provider/give-up").headers["Location"] == "/account"
    assert (is_in(visitor), is_in(other)) == (True, False)
    provided.sign_in(other, "c-3")
    assert provided.reasons() == ["unknown"]


def test_giving_it_up_asks_for_a_proof(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.site.visitor("clerk-dinkes")
    provided.site.clock.set(provided.site.clock.now() + timedelta(minutes=11))
    assert "/prove" in visitor.post("/account/provider/give-up").headers["Location"]


def test_without_a_provider_there_is_no_way_and_no_button(site: Any) -> None:
    visitor = site.visitor()
    assert "/sign-in/provider" not in visitor.get("/sign-in").text
    assert visitor.post("/sign-in/provider").status_code == 404
    assert visitor.get("/sign-in/provider/answer").status_code == 404
    assert visitor.client.post("/sign-in/provider/logout", data={"logout_token": "x"}).status_code == 404
    with pytest.raises(Refused, match="no sign-in provider"):
        bind_provider(CONSOLE, site.archive, "clerk-dinkes", "s-1")


def test_with_tls_what_binds_the_way_there_is_this_hosts_alone(provided: ProviderSite) -> None:
    from dataclasses import replace

    from edms.web.app import create_app

    settings = provided.site.archive.settings
    server = settings.server.model_copy(update={"public_url": "https://arsip.kota.example"})
    archive = replace(provided.site.archive, settings=settings.model_copy(update={"server": server}))
    visitor = Visitor(
        create_app(archive), base_url="https://arsip.kota.example", headers={"Referer": "https://arsip.kota.example/"}
    )
    answer = visitor.post("/sign-in/provider")
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if "edms_form" in one]
    assert cookie.startswith("__Host-edms_form=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_an_administrator_binds_and_unbinds_on_the_page_and_somebody_else_confirms(provided: ProviderSite) -> None:
    admin = provided.site.visitor("admin", headers={"Accept-Language": "en"})
    path = "/people/accounts/clerk-dinkes"
    assert f'action="{path}/bind-provider"' in admin.get(path).text
    assert "Done." in admin.post(f"{path}/bind-provider", {"told": "s-1"}, follow_redirects=True).text
    assert f'action="{path}/unbind-provider"' in admin.get(path).text
    clerk = provided.visitor()
    assert provided.sign_in(clerk, sub="s-1").status_code == 302
    assert clerk.get("/capture").status_code == 404, "whoever has that account at the provider reaches nothing yet"
    assert provided.site.visitor("records").post("/confirmations/clerk-dinkes").status_code == 302
    assert clerk.get("/capture").status_code == 200
    assert "Done." in admin.post(f"{path}/unbind-provider", follow_redirects=True).text
    assert clerk.get("/capture").status_code == 302
