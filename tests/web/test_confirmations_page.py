"""The page on which accounts are confirmed: who sees it, what it offers, what the person is told (ADR 0093)."""

import re
from datetime import timedelta

from archive_fixtures import pdf, take_in
from web_site import Site, Visitor

from edms.access.levels import Level

ACCOUNT, BUTTON = "/people/accounts/clerk-dinkes", "/confirmations/clerk-dinkes"
OWN = "tukang becak naik delman ke pasar"


def english(site: Site, name: str = "") -> Visitor:
    return site.visitor(name, headers={"Accept-Language": "en"})


def given_password(site: Site) -> str:
    page = english(site, "admin").post(f"{ACCOUNT}/password").text
    found = re.search(r'id="made-password" readonly value="([^"]+)"', page)
    assert found, page
    assert "the account reaches what is published and nothing else" in page
    return found.group(1)


def test_from_a_forgotten_password_to_the_confirmation(site: Site) -> None:
    record = take_in(site.archive, pdf("Rencana mutasi"), level=Level.RESTRICTED).record_id
    password = given_password(site)
    officer = english(site, "records")
    assert "1 act is for you to look at" in officer.get("/").text
    assert "a new password was given" in officer.get("/confirmations").text
    assert f'action="{BUTTON}"' not in officer.get("/confirmations").text, "nobody has chosen an own password yet"
    assert "the person has not chosen an own password yet" in officer.post(BUTTON, follow_redirects=True).text

    clerk = english(site)
    assert clerk.sign_in("clerk-dinkes", password).status_code == 302
    chosen = {"old": password, "new": OWN, "again": OWN}
    assert clerk.post("/account/password", chosen).status_code == 302
    assert "An administrator gave a way into your account" in clerk.get("/account").text
    assert clerk.get(f"/records/{record}").status_code == 404
    assert clerk.get("/capture").status_code == 404

    assert f'action="{BUTTON}"' in officer.get("/confirmations").text
    assert officer.post(BUTTON).status_code == 302
    assert "No account waits for a confirmation." in officer.get("/confirmations").text
    assert "for you to look at" not in officer.get("/").text
    assert clerk.get(f"/records/{record}").status_code == 200
    assert "gave a way into your account" not in clerk.get("/account").text


def test_an_administrator_finds_no_button_and_no_page(site: Site) -> None:
    admin = english(site, "admin")
    admin.post(f"{ACCOUNT}/second-factor")
    assert admin.get("/confirmations").status_code == 403
    assert admin.post(BUTTON).status_code == 403
    assert "for you to look at" not in admin.get("/alerts").text


def test_confirming_asks_who_it_is_when_that_is_long_ago(site: Site) -> None:
    english(site, "admin").post(f"{ACCOUNT}/second-factor")
    officer = english(site, "auditor")
    site.clock.set(site.clock.now() + timedelta(minutes=site.archive.settings.access.proof_minutes, seconds=1))
    assert "/prove" in officer.post(BUTTON).headers["Location"]
    assert "clerk-dinkes" in officer.get("/confirmations").text
