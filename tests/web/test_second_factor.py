"""A code after the password: set up, asked for, taken once, not guessed, stood in for, made compulsory."""

import re
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from archive_fixtures import MOMENT
from sqlalchemy import select, text, update
from web_site import PASSWORD, OpenSite, Site, Visitor

from edms.access.actors import console_actor
from edms.access.credentials_model import OneTimeCode, RecoveryCode
from edms.access.model import Person
from edms.core.errors import IntegrityFault
from edms.operation.one_time_codes import open_secret
from edms.records.account_codes import reset_factors

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
WHO = "head-dinkes"


def form(visitor: Visitor, page: str, path: str, **fields: str) -> object:
    """Send the form of a page that is open to somebody who is half in."""
    found = _TOKEN.search(visitor.get(page).text)
    assert found
    return visitor.client.post(path, data={"csrf_token": found.group(1), **fields}, **visitor.base)


def enrolled(site: Site, name: str = WHO) -> tuple[str, list[str], Visitor]:
    """Set up an app; return its secret, the recovery codes and the browser."""
    visitor = site.visitor(name)
    secret = begun(visitor)
    answer = visitor.post("/account/codes/confirm", {"code": pyotp.TOTP(secret).at(site.clock.now())})
    assert answer.status_code == 200
    codes = re.findall(r'class="code">([a-z2-9]{5}-[a-z2-9]{5})<', answer.text)
    assert len(codes) == 10
    site.clock.set(site.clock.now() + timedelta(seconds=30))
    return secret, codes, visitor


def begun(visitor: Visitor) -> str:
    page = visitor.post("/account/codes").text
    assert "<svg" in page
    assert "style=" not in page
    found = re.search(r'class="code">([A-Z2-7 ]+)<', page)
    assert found
    return found.group(1).replace(" ", "")


def code(visitor: Visitor, typed: str, **more: str) -> int:
    return form(visitor, "/sign-in/code", "/sign-in/code", code=typed, **more).status_code  # type: ignore[attr-defined]


def half_in(site: Site, name: str = WHO, **base: object) -> Visitor:
    visitor = site.visitor(**base)
    answer = visitor.sign_in(name, next="/search?q=surat")
    assert answer.headers["Location"] == "/sign-in/code?next=/search?q%3Dsurat"
    return visitor


def trail(site: Site) -> str:
    with site.archive.database.reader() as session:
        return "\n".join(
            (site.archive.trail.leaf(session, one) or b"").decode() for one in range(site.archive.trail.size(session))
        )


def test_the_code_of_the_app_is_asked_for_after_the_password(site: Site) -> None:
    secret, _codes, here = enrolled(site)
    assert here.get("/").status_code == 200
    visitor = half_in(site)
    for path in ("/", "/search?q=surat", "/account", "/account/password", "/account/second-factor"):
        assert visitor.get(path).headers["Location"] == "/sign-in/code", path
    assert visitor.get("/uploads/", headers={"Accept": "application/json"}).status_code == 401
    page = visitor.get("/sign-in/code").text
    assert "rail" not in page
    answer = form(
        visitor, "/sign-in/code", "/sign-in/code", code=pyotp.TOTP(secret).at(site.clock.now()), next="/search?q=a"
    )
    assert answer.headers["Location"] == "/search?q=a"  # type: ignore[attr-defined]
    assert visitor.get("/").status_code == 200


def test_half_a_proof_sets_nothing_up(site: Site) -> None:
    """Whoever has the password alone cannot put an app of their own in the place of the other."""
    enrolled(site)
    visitor = half_in(site)
    for path in ("/account/codes", "/account/codes/confirm", "/account/codes/give-up", "/account/recovery-codes",
                 "/account/password"):  # fmt: skip
        answer = form(visitor, "/sign-in/code", path, code="x", old=PASSWORD, new="tukang becak naik", again="")
        assert answer.headers["Location"] == "/sign-in/code"  # type: ignore[attr-defined]


def test_a_code_is_taken_once(site: Site) -> None:
    secret, _codes, _here = enrolled(site)
    now = pyotp.TOTP(secret).at(site.clock.now())
    assert code(half_in(site), now) == 302
    assert code(half_in(site), now) == 401, "whoever looked over the shoulder comes too late"
    site.clock.set(site.clock.now() + timedelta(seconds=30))
    assert code(half_in(site), pyotp.TOTP(secret).at(site.clock.now())) == 302


@pytest.mark.parametrize(("off", "status"), [(-60, 401), (-30, 401), (0, 302), (30, 302), (60, 401)])
def test_a_clock_may_be_off_by_one_step(site: Site, off: int, status: int) -> None:
    """The step before was taken at the enrolment, so it is not taken again."""
    secret, _codes, _here = enrolled(site)
    assert code(half_in(site), pyotp.TOTP(secret).at(site.clock.now() + timedelta(seconds=off))) == status


def test_codes_are_not_guessed(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site(tmp_path, access={"sign_in_attempts": 3})
    secret, _codes, _here = enrolled(site)
    visitor = half_in(site)
    assert [code(visitor, "000000") for _number in range(3)] == [401] * 3
    assert code(visitor, pyotp.TOTP(secret).at(site.clock.now())) == 429
    assert code(half_in(site), pyotp.TOTP(secret).at(site.clock.now())) == 429, "a new start does not help"
    site.clock.set(site.clock.now() + timedelta(minutes=16))
    assert code(half_in(site), pyotp.TOTP(secret).at(site.clock.now())) == 302


def test_a_password_waits_for_its_code_ten_minutes(site: Site) -> None:
    secret, _codes, _here = enrolled(site)
    visitor = half_in(site)
    site.clock.set(site.clock.now() + timedelta(minutes=11))
    assert visitor.get("/sign-in/code").headers["Location"].startswith("/sign-in")
    assert pyotp.TOTP(secret).at(site.clock.now())


def test_recovery_codes_get_one_in_once_each(site: Site) -> None:
    _secret, codes, here = enrolled(site)
    assert code(half_in(site), codes[0].upper().replace("-", " ")) == 302, "as people type them"
    assert code(half_in(site), codes[0]) == 401
    assert code(half_in(site), codes[1]) == 302
    assert "8 kode pemulihan" in here.get("/account").text
    renewed = re.findall(r'class="code">([a-z2-9]{5}-[a-z2-9]{5})<', here.post("/account/recovery-codes").text)
    assert len(set(renewed) | set(codes)) == 20
    assert code(half_in(site), codes[2]) == 401
    assert code(half_in(site), renewed[0]) == 302


def test_nothing_secret_is_readable(site: Site) -> None:
    """Neither in the database nor in the trail; and what is there is worth nothing for somebody else."""
    secret, codes, _here = enrolled(site)
    with site.archive.database.reader() as session:
        rows = [*session.execute(select(OneTimeCode.__table__)), *session.execute(select(RecoveryCode.__table__))]
        row = session.scalars(select(OneTimeCode)).one()
        other = session.scalars(select(Person.id).where(Person.username == "records")).one()
        assert open_secret(site.archive.door, row.person_id, row.sealed) == secret
        with pytest.raises(IntegrityFault):
            open_secret(site.archive.door, other, row.sealed)
    shown = f"{rows!r}{trail(site)}"
    for one in (secret, *codes, *(found.replace("-", "") for found in codes)):
        assert one not in shown
    for event in ("account.codes_begun", "account.codes_confirmed"):
        assert event in shown


def test_a_wrong_code_confirms_nothing(site: Site) -> None:
    visitor = site.visitor(WHO)
    secret = begun(visitor)
    answer = visitor.post("/account/codes/confirm", {"code": "000000"})
    assert answer.status_code == 400
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in answer.text, "the same picture, to try again"
    assert site.visitor(WHO).get("/").status_code == 200, "no code is asked for yet"


def test_giving_it_up(site: Site) -> None:
    _secret, codes, here = enrolled(site)
    assert here.post("/account/codes/give-up").status_code == 302
    assert site.visitor(WHO).get("/").status_code == 200
    with site.archive.database.reader() as session:
        assert session.scalars(select(RecoveryCode)).first() is None
    assert codes


@pytest.fixture
def compulsory(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site where people cleared for secret need a second factor."""
    return open_site(tmp_path, access={"second_factor_from": "secret"})


def test_whose_clearance_asks_for_it_is_led_to_it_and_gets_nothing_else(compulsory: Site) -> None:
    visitor = compulsory.visitor()
    assert visitor.sign_in(WHO).status_code == 302
    for path in ("/", "/search?q=surat", "/account", "/capture"):
        assert visitor.get(path).headers["Location"] == "/account/second-factor", path
    page = form(visitor, "/account/second-factor", "/account/codes")
    found = re.search(r'class="code">([A-Z2-7 ]+)<', page.text)  # type: ignore[attr-defined]
    assert found
    now = pyotp.TOTP(found.group(1).replace(" ", "")).at(compulsory.clock.now())
    assert form(visitor, "/account/second-factor", "/account/codes/confirm", code=now).status_code == 200  # type: ignore[attr-defined]
    assert visitor.get("/").status_code == 200
    assert visitor.post("/account/codes/give-up").status_code == 400, "the last one is kept"
    assert compulsory.visitor("clerk-dinkes").get("/").status_code == 200, "of restricted clearance"


def test_a_clearance_that_is_raised_asks_at_once(compulsory: Site) -> None:
    visitor = compulsory.visitor("clerk-dinkes")
    with compulsory.archive.database.writer() as session:
        session.execute(update(Person).where(Person.username == "clerk-dinkes").values(clearance="secret"))
        session.commit()
    assert visitor.get("/").headers["Location"] == "/account/second-factor"


def test_a_session_cannot_be_raised_in_the_database(site: Site) -> None:
    """What is proven stands in the token, under the key of its row."""
    enrolled(site)
    visitor = half_in(site)
    cookie = visitor.client.get_cookie("edms_session")
    assert cookie is not None
    visitor.client.set_cookie("edms_session", cookie.value.replace(".c.", ".2."))
    assert visitor.get("/").headers["Location"].startswith("/sign-in")


def test_an_administrator_helps_who_lost_the_phone(site: Site) -> None:
    _secret, _codes, here = enrolled(site)
    reset_factors(console_actor("tests"), site.archive, WHO)
    assert here.get("/").status_code == 302, "that person's sessions have ended"
    assert site.visitor(WHO).get("/").status_code == 200
    assert "person.second_factor_reset" in trail(site)
    with site.archive.database.reader() as session:
        assert session.scalar(text("SELECT count(*) FROM recovery_codes")) == 0
    assert site.clock.now() > MOMENT
