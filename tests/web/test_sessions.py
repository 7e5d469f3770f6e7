"""Signing in and staying signed in: limits, endings, what a stolen or planted cookie is worth."""

import hashlib
import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import MOMENT
from sqlalchemy import func, select, update
from web_site import PASSWORD, OpenSite, Site, Visitor, plain

import edms.operation.sign_in
from edms.access.model import Person, SignInSession
from edms.web.cookies import SESSION as COOKIE


def sessions(site: Site) -> int:
    with site.archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(SignInSession)) or 0


def cookie(visitor: Visitor, name: str = COOKIE) -> str:
    found = visitor.client.get_cookie(name)
    return found.value if found else ""


def actions(site: Site) -> list[str]:
    with site.archive.database.reader() as session:
        size = site.archive.trail.size(session)
        leaves = [site.archive.trail.leaf(session, index) or b"" for index in range(size - 5, size)]
    return [leaf.decode() for leaf in leaves]


def test_in_and_out(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    assert visitor.get("/").status_code == 200
    token = cookie(visitor)
    assert visitor.post("/sign-out").headers["Location"] == "/sign-in"
    assert cookie(visitor) == ""
    visitor.client.set_cookie(COOKIE, token)
    assert visitor.get("/").status_code == 302, "the token of an ended session opens nothing"
    assert sessions(site) == 0


@pytest.mark.parametrize(
    ("after", "alive"),
    [(timedelta(minutes=59), True), (timedelta(minutes=61), False)],
    ids=["within the hour", "after the hour"],
)
def test_an_idle_session_ends(site: Site, after: timedelta, alive: bool) -> None:
    visitor = site.visitor("clerk-dinkes")
    site.clock.set(MOMENT + after)
    assert (visitor.get("/").status_code == 200) is alive


def test_use_keeps_a_session_alive_but_not_for_ever(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    for step in range(1, 18):
        site.clock.set(MOMENT + step * timedelta(minutes=40))
        assert visitor.get("/").status_code == 200, step
    site.clock.set(MOMENT + timedelta(hours=12, minutes=1))
    assert visitor.get("/").status_code == 302


@pytest.fixture
def strict(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site with a limit of three attempts."""
    return open_site(tmp_path, access={"sign_in_attempts": 3})


def test_the_limit_of_attempts(strict: Site) -> None:
    visitor = strict.visitor()
    answers = [visitor.sign_in("clerk-dinkes", "salah salah salah").status_code for _ in range(3)]
    assert answers == [401] * 3
    late = visitor.sign_in("clerk-dinkes")
    assert late.status_code == 429, "the right password comes too late"
    assert "15" in late.text
    assert visitor.sign_in("official-dinkes").status_code == 302, "another name is not held up"
    elsewhere = strict.visitor(environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.sign_in("clerk-dinkes").status_code == 302, "nobody can lock somebody else out"
    strict.clock.set(MOMENT + timedelta(minutes=16))
    assert visitor.sign_in("clerk-dinkes").status_code == 302


def test_a_success_clears_the_count(strict: Site) -> None:
    visitor = strict.visitor()
    for password in ("salah", "salah", PASSWORD, "salah", "salah", PASSWORD):
        assert visitor.sign_in("clerk-dinkes", password).status_code == (302 if password == PASSWORD else 401)


def test_unknown_names_cost_the_same_and_look_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Any] = []
    real = edms.operation.sign_in.password_matches

    def counted(password: str, password_hash: str | None) -> bool:
        checked.append(password_hash)
        return real(password, password_hash)

    monkeypatch.setattr(edms.operation.sign_in, "password_matches", counted)
    pages = []
    for name in ("clerk-dinkes", "nobody-here"):
        answer = site.visitor().post("/sign-in", {"username": name, "password": "salah"})
        assert answer.status_code == 401
        pages.append(plain(answer).replace(name, "NAME"))
    assert pages[0] == pages[1]
    assert checked[0] is not None
    assert checked[1] is None
    assert real("x", None) is False


def test_both_failures_are_in_the_trail_without_the_password_or_the_unknown_name(site: Site) -> None:
    visitor = site.visitor()
    visitor.sign_in("clerk-dinkes", "rahasia-yang-salah")
    visitor.sign_in("kata-sandi-di-kolom-nama", "x")
    visitor.sign_in("clerk-dinkes")
    told = "\n".join(actions(site))
    assert told.count("session.sign_in_failed") == 2
    assert "session.signed_in" in told
    assert "rahasia-yang-salah" not in told
    assert "kata-sandi-di-kolom-nama" not in told, "people type passwords into the wrong field"
    assert PASSWORD not in told


def test_a_planted_cookie_is_not_taken_up(site: Site) -> None:
    visitor = site.visitor()
    visitor.client.set_cookie(COOKIE, "planted-by-somebody-else")
    assert visitor.sign_in("clerk-dinkes").status_code == 302
    assert cookie(visitor) not in ("", "planted-by-somebody-else")
    assert len(cookie(visitor)) >= 43


def test_signing_in_anew_ends_what_was_before(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    before, form = cookie(visitor), visitor.token()
    assert visitor.sign_in("clerk-bappeda").status_code == 302
    assert cookie(visitor) != before
    assert sessions(site) == 1
    late = visitor.client.post("/language", data={"csrf_token": form, "language": "en"})
    assert late.status_code == 400, "a form of the visit before is no form of this one"


def test_a_person_who_leaves_is_out_at_once(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    with site.archive.database.writer() as session:
        session.execute(update(Person).where(Person.username == "clerk-dinkes").values(active=False))
        session.commit()
    assert visitor.get("/").status_code == 302
    assert site.visitor().sign_in("clerk-dinkes").status_code == 401


TARGETS = {
    "/search?q=a": "/search?q=a",
    "": "/",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "/\t/evil.example": "/",
    "/\n/evil.example": "/",
    "\\\\evil.example": "/",
    "https://evil.example": "/",
    "javascript:alert(1)": "/",
    "evil.example": "/",
    " //evil.example": "/",
}


@pytest.mark.parametrize("target", TARGETS, ids=[str(number) for number in range(len(TARGETS))])
def test_the_way_back_stays_on_this_server(site: Site, target: str) -> None:
    answer = site.visitor().sign_in("clerk-dinkes", next=target)
    assert answer.headers["Location"] == TARGETS[target]
    answer = site.visitor("clerk-dinkes").post("/language", {"language": "en", "next": target})
    assert answer.headers["Location"] == TARGETS[target]


def test_the_way_back_is_where_one_wanted_to_go(site: Site) -> None:
    visitor = site.visitor()
    sent = visitor.get("/search?q=imunisasi&page=2").headers["Location"]
    page = visitor.get(sent).text
    assert 'name="next" value="/search?q=imunisasi&amp;page=2"' in page
    assert (
        visitor.sign_in("clerk-dinkes", next="/search?q=imunisasi&page=2").headers["Location"].startswith("/search?q=")
    )


def test_the_language_stays_with_the_person(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes", headers={"Accept-Language": "id"})
    assert '<html lang="id">' in visitor.get("/").text
    visitor.post("/language", {"language": "en"})
    assert '<html lang="en">' in visitor.get("/").text
    visitor.post("/language", {"language": "xx"})
    assert '<html lang="en">' in visitor.get("/").text


@pytest.mark.parametrize(("address", "secure"), [("", False), ("https://arsip.example", True)], ids=["http", "https"])
def test_cookies(open_site: OpenSite, tmp_path: Path, address: str, secure: bool) -> None:
    site = open_site(tmp_path, server={"public_url": address})
    visitor = site.visitor(base_url=address or "http://localhost", headers={"Referer": address + "/sign-in"})
    answer = visitor.sign_in("clerk-dinkes")
    assert answer.status_code == 302
    (mine,) = [one for one in answer.headers.getlist("Set-Cookie") if one.removeprefix("__Host-").startswith(COOKIE)]
    assert "HttpOnly" in mine
    assert "SameSite=Lax" in mine
    assert "Path=/" in mine
    assert ("Secure" in mine) is secure
    form = visitor.get("/").headers.getlist("Set-Cookie")
    assert all("HttpOnly" in one and ("Secure" in one) is secure for one in form)
    assert ("Strict-Transport-Security" in visitor.get("/").headers) is secure


def test_a_row_put_into_the_sessions_signs_nobody_in(site: Site) -> None:
    """Whoever writes to the database and has no key ring: not with a digest of their own, nor under a copied one."""
    with site.archive.database.writer() as session:
        person = session.scalars(select(Person.id).where(Person.username == "records")).one()
        token = f"{person.hex}.{'x' * 43}"
        for digest in (hashlib.sha256(token.encode()).digest(), hmac.digest(b"", token.encode(), "sha256")):
            row = SignInSession(token_sha256=digest, person_id=person, started_at=MOMENT, seen_at=MOMENT, language="id",
                                proved_at=MOMENT)  # fmt: skip
            session.add(row)
        session.commit()
    visitor = site.visitor()
    visitor.client.set_cookie(COOKIE, token)
    assert visitor.get("/").status_code == 302


def test_a_session_given_to_somebody_else_is_nobodys(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    with site.archive.database.writer() as session:
        officer = session.scalars(select(Person.id).where(Person.username == "records")).one()
        session.execute(update(SignInSession).values(person_id=officer))
        session.commit()
    assert visitor.get("/").status_code == 302
