"""The page of one's own account: choosing a password, being made to, and what ends with the old one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from archive_fixtures import MOMENT, settings_in
from sqlalchemy import func, select
from web_site import PASSWORD, OpenSite, Site, Visitor

from edms.access.actors import console_actor
from edms.access.credentials_model import GivenPassword
from edms.access.model import SignInSession
from edms.bootstrap import initialise, open_archive
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.people import new_password

NEW = "tukang becak naik delman"
CONSOLE = console_actor("tests")


def count(archive: Archive, table: Any) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def change(visitor: Visitor, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
    return visitor.post("/account/password", {"old": old, "new": new, "again": new if again is None else again})


def told(site: Site, last: int = 10) -> str:
    with site.archive.database.reader() as session:
        size = site.archive.trail.size(session)
        return "\n".join((site.archive.trail.leaf(session, one) or b"").decode() for one in range(size - last, size))


def test_a_person_chooses_the_own_password(site: Site) -> None:
    here, elsewhere, other = site.visitor("clerk-dinkes"), site.visitor("clerk-dinkes"), site.visitor("records")
    assert change(here).headers["Location"] == "/account"
    assert "Anda telah keluar di semua tempat lain" in here.get("/account").text
    assert elsewhere.get("/").status_code == 302, "every other session has ended"
    assert other.get("/").status_code == 200
    assert site.visitor().sign_in("clerk-dinkes").status_code == 401
    assert site.visitor().sign_in("clerk-dinkes", NEW).status_code == 302
    assert "account.password_changed" in told(site)
    assert NEW not in told(site)


def test_the_token_of_before_is_worth_nothing(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    before = visitor.client.get_cookie("edms_session")
    change(visitor)
    assert before is not None
    late = site.visitor()
    late.client.set_cookie("edms_session", before.value)
    assert late.get("/").status_code == 302


REFUSED = {
    "wrong": ("salah salah salah", NEW, NEW),
    "not the same": (PASSWORD, NEW, NEW + "x"),
    "short": (PASSWORD, "x7Kp2mQ", "x7Kp2mQ"),
    "the old one": (PASSWORD, PASSWORD, PASSWORD),
    "known": (PASSWORD, "Password12345", "Password12345"),
    "the own name": (PASSWORD, "Petugas-Arsip-1", "Petugas-Arsip-1"),
    "the office above": (PASSWORD, "SekretariatDaerah26", "SekretariatDaerah26"),
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_taken_changes_nothing(site: Site, given: tuple[str, str, str]) -> None:
    visitor, elsewhere = site.visitor("clerk-dinkes"), site.visitor("clerk-dinkes")
    answer = change(visitor, *given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert not any(f'value="{one}"' in answer.text for one in given), "no page shows a password again"
    assert elsewhere.get("/").status_code == 200
    assert site.visitor().sign_in("clerk-dinkes").status_code == 302


def test_the_old_password_is_not_guessed_here(open_site: OpenSite, tmp_path: Any) -> None:
    site = open_site(tmp_path, access={"sign_in_attempts": 3})
    visitor = site.visitor("clerk-dinkes")
    for _number in range(3):
        change(visitor, "salah salah salah")
    assert change(visitor).status_code == 400, "the right one comes too late"
    assert site.visitor().sign_in("clerk-dinkes").status_code == 302, "and it is the old one still"


def test_who_got_a_password_chooses_another_and_sees_nothing_before(site: Site) -> None:
    given = new_password(CONSOLE, site.archive, "clerk-dinkes")
    visitor = site.visitor()
    assert visitor.sign_in("clerk-dinkes", given).status_code == 302
    for path in ("/", "/search?q=surat", "/account", "/capture", "/records/01890a5d-ac96-774b-bcce-b302099a8057"):
        assert visitor.get(path).headers["Location"] == "/account/password", path
    assert visitor.get("/uploads/", headers={"Accept": "application/json"}).status_code == 401
    page = visitor.get("/account/password").text
    assert "rail" not in page, "no way on but this"
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token.group(1), "old": given, "new": NEW, "again": NEW}
    assert visitor.client.post("/account/password", data=form).status_code == 302
    assert visitor.get("/").status_code == 200
    assert count(site.archive, GivenPassword) == 0
    assert site.visitor("records").get("/").status_code == 200, "nobody else is asked"


def test_a_password_that_was_given_and_lay_about_opens_nothing(site: Site) -> None:
    given = new_password(CONSOLE, site.archive, "clerk-dinkes")
    site.clock.set(MOMENT + timedelta(days=14))
    assert site.visitor().sign_in("clerk-dinkes", given).status_code == 302
    site.clock.set(MOMENT + timedelta(days=14, seconds=1))
    answers = [site.visitor().sign_in("clerk-dinkes", typed) for typed in (given, "salah salah salah")]
    assert [answer.status_code for answer in answers] == [401, 401]
    late, wrong = (re.sub(r'(name="csrf[^>]*|content|nonce)="[^"]+"', "", answer.text) for answer in answers)
    assert late == wrong, "whoever found it in a drawer learns nothing"
    assert told(site).count('"password":"lapsed"') == 1
    assert (
        site.visitor().sign_in("clerk-dinkes", new_password(CONSOLE, site.archive, "clerk-dinkes")).status_code == 302
    )


def test_the_setting_that_asks_nobody(open_site: OpenSite, tmp_path: Any) -> None:
    site = open_site(tmp_path, access={"choose_own_password": False})
    given = new_password(CONSOLE, site.archive, "clerk-dinkes")
    site.clock.set(MOMENT + timedelta(days=400))
    visitor = site.visitor()
    visitor.sign_in("clerk-dinkes", given)
    assert visitor.get("/").status_code == 200
    assert "administrator" in visitor.get("/account").text.lower()


def test_who_must_choose_can_still_leave(site: Site) -> None:
    given = new_password(CONSOLE, site.archive, "clerk-dinkes")
    visitor = site.visitor()
    visitor.sign_in("clerk-dinkes", given)
    page = visitor.get("/account/password").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token is not None
    assert visitor.client.post("/sign-out", data={"csrf_token": token.group(1)}).status_code == 302
    assert count(site.archive, SignInSession) == 0


@pytest.mark.parametrize("demo", [True, False], ids=["demo", "real"])
def test_passwords_of_a_demo_stay_as_shown(tmp_path: Any, demo: bool) -> None:
    settings = settings_in(tmp_path)
    report = initialise(settings, CONSOLE, demo=demo, locked=False, clock=FixedClock(MOMENT))
    archive = open_archive(settings, FixedClock(MOMENT))
    assert count(archive, GivenPassword) == (0 if demo else len(report.passwords))
    archive.database.close()
