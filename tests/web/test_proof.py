"""Being asked once more who one is: when, by what, how one comes back, and that it is not guessed."""

from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from archive_fixtures import MOMENT
from test_second_factor import enrolled
from web_site import PASSWORD, OpenSite, Site, Visitor

LATER = MOMENT + timedelta(minutes=11)
SIGNING = "/signatures/01890a5d-ac96-774b-bcce-b302099a8057"


def asked(visitor: Visitor, path: str, **fields: str) -> str:
    """Send a form from a page of ours; return where it leads."""
    answer = visitor.post(path, fields, headers={"Referer": "http://localhost/account"})
    return answer.headers.get("Location", str(answer.status_code))


@pytest.mark.parametrize(
    "path", ["/account/codes", "/account/codes/confirm", "/account/codes/give-up", "/account/recovery-codes",
             "/account/passkeys", "/account/passkeys/01890a5d-ac96-774b-bcce-b302099a8057/remove"]
)  # fmt: skip
def test_who_proved_it_long_ago_is_asked(site: Site, path: str) -> None:
    visitor = site.visitor("clerk-dinkes")
    assert not asked(visitor, path).startswith("/prove")
    site.clock.set(LATER)
    assert asked(visitor, path) == "/prove?next=/account", "back to the page that the form was on"


def test_signing_is_asked_for_and_comes_back(site: Site) -> None:
    visitor = site.visitor("official-dinkes")
    assert visitor.get(SIGNING).status_code == 404
    site.clock.set(LATER)
    assert visitor.get(SIGNING).headers["Location"] == f"/prove?next={SIGNING}"
    assert asked(visitor, SIGNING, passphrase="x") == "/prove?next=/account"
    assert visitor.post("/prove", {"proof": "salah", "next": SIGNING}).status_code == 401
    assert visitor.get(SIGNING).status_code == 302
    assert visitor.post("/prove", {"proof": PASSWORD, "next": SIGNING}).headers["Location"] == SIGNING
    assert visitor.get(SIGNING).status_code == 404
    site.clock.set(LATER + timedelta(minutes=11))
    assert visitor.get(SIGNING).status_code == 302, "and again, later"


def test_a_proof_is_of_one_session(site: Site) -> None:
    one, two = site.visitor("official-dinkes"), site.visitor("official-dinkes")
    site.clock.set(LATER)
    one.post("/prove", {"proof": PASSWORD, "next": SIGNING})
    assert two.get(SIGNING).status_code == 302


def test_who_has_a_second_factor_proves_it_by_that(site: Site) -> None:
    """A session that was taken over together with the password does not sign."""
    secret, codes, visitor = enrolled(site)
    site.clock.set(LATER + timedelta(minutes=3))
    assert visitor.post("/prove", {"proof": PASSWORD, "next": SIGNING}).status_code == 401
    now = pyotp.TOTP(secret).at(site.clock.now())
    assert visitor.post("/prove", {"proof": now, "next": SIGNING}).headers["Location"] == SIGNING
    assert visitor.post("/prove", {"proof": now, "next": SIGNING}).status_code == 401, "taken once"
    assert visitor.post("/prove", {"proof": codes[0], "next": SIGNING}).status_code == 302


def test_it_is_not_guessed_and_leads_nowhere_else(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site(tmp_path, access={"sign_in_attempts": 3})
    visitor = site.visitor("official-dinkes")
    assert visitor.post("/prove", {"proof": PASSWORD, "next": "//evil.example"}).headers["Location"] == "/"
    tried = [visitor.post("/prove", {"proof": "salah", "next": "/"}).status_code for _number in range(3)]
    assert tried == [401] * 3
    assert visitor.post("/prove", {"proof": PASSWORD, "next": "/"}).status_code == 429
