"""Brakes on guessing, and the attack that they must not become: locking the head of an office out."""

from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT
from web_site import PASSWORD, OpenSite, Site, Visitor

HEAD = "head-dinkes"
ELSEWHERE = [f"198.51.100.{number}" for number in range(1, 30)]


@pytest.fixture
def braked(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site whose limits are reached soon."""
    limits = {"sign_in_attempts": 3, "sign_in_attempts_address": 6, "sign_in_attempts_everywhere": 9}
    return open_site(tmp_path, access=limits)


def at(site: Site, address: str) -> Visitor:
    return site.visitor(environ_base={"REMOTE_ADDR": address})


def attack(site: Site, name: str = HEAD, times: int = 3) -> list[int]:
    """Try wrong passwords for one name from many addresses, `times` from each, till all are refused."""
    found: list[int] = []
    for address in ELSEWHERE[:10]:
        visitor = at(site, address)
        found += [visitor.sign_in(name, "salah salah salah").status_code for _number in range(times)]
    return found


def test_nobody_locks_the_head_out(braked: Site) -> None:
    """The attack: somebody elsewhere tries on and on. The head signs out at the own desk and in again, and gets in."""
    desk = at(braked, "10.0.0.5")
    assert desk.sign_in(HEAD).status_code == 302
    tried = attack(braked)
    assert tried[-1] == 429, "the attack is braked"
    assert desk.get("/").status_code == 200, "a session goes on"
    desk.post("/sign-out")
    assert desk.sign_in(HEAD).status_code == 302, "and a known device gets in"
    desk.base = {"environ_base": {"REMOTE_ADDR": ELSEWHERE[0]}}
    assert desk.sign_in(HEAD).status_code == 302, "from the address of the attack too: a city behind one"


def test_an_attack_from_everywhere_is_braked_for_a_day(braked: Site) -> None:
    tried = attack(braked, times=1)
    assert tried[:9] == [401] * 9
    assert tried[9:] == [429]
    assert at(braked, "203.0.113.1").sign_in(HEAD).status_code == 429, "on a device that nobody knows"
    braked.clock.set(MOMENT + timedelta(hours=23))
    assert at(braked, "203.0.113.1").sign_in(HEAD).status_code == 429
    braked.clock.set(MOMENT + timedelta(hours=24, minutes=1))
    assert at(braked, "203.0.113.1").sign_in(HEAD).status_code == 302


def test_one_address_does_not_try_all_names(braked: Site) -> None:
    visitor = at(braked, "198.51.100.99")
    names = ["clerk-dinkes", "clerk-bappeda", "official-dinkes", "official-bappeda", "records", "auditor", "admin"]
    assert [visitor.sign_in(name, "salah").status_code for name in names] == [401] * 6 + [429]
    assert at(braked, "198.51.100.98").sign_in("admin").status_code == 302


def test_a_known_device_is_known_for_its_own_people_alone(braked: Site) -> None:
    """The cookie of one's own sign-in is no way around the brake of somebody else's name."""
    desk = at(braked, "10.0.0.5")
    assert desk.sign_in("clerk-dinkes").status_code == 302
    attack(braked, times=1)
    assert desk.sign_in(HEAD).status_code == 429
    assert desk.sign_in("clerk-dinkes").status_code == 302


def test_a_known_device_is_braked_for_itself(braked: Site) -> None:
    """Whoever takes the cookie gains a few attempts, and no more."""
    desk = at(braked, "10.0.0.5")
    assert desk.sign_in(HEAD).status_code == 302
    tried = [desk.sign_in(HEAD, "salah").status_code for _number in range(3)]
    assert tried == [401] * 3
    assert desk.sign_in(HEAD).status_code == 429
    desk.base = {"environ_base": {"REMOTE_ADDR": "10.0.0.6"}}
    assert desk.sign_in(HEAD).status_code == 429, "another address does not help it"


def test_a_cookie_that_is_made_up_is_nothing(braked: Site) -> None:
    desk = at(braked, "10.0.0.5")
    desk.sign_in(HEAD)
    cookie = desk.client.get_cookie("edms_device")
    assert cookie is not None
    assert cookie.http_only
    assert PASSWORD not in cookie.value
    attack(braked)
    told, _, proof = cookie.value.rpartition(".")
    for forged in (f"{told}x.{proof}", f"{told}.{proof[:-1]}", f"{told}.", "x", "~", "é.ü.ö", "." * 500):
        visitor = at(braked, "203.0.113.1")
        visitor.client.set_cookie("edms_device", forged)
        assert visitor.sign_in(HEAD).status_code == 429, forged


def test_a_shared_desk_knows_the_last_eight(braked: Site) -> None:
    desk = at(braked, "10.0.0.5")
    for name in ("clerk-dinkes", "records", HEAD, "clerk-dinkes"):
        assert desk.sign_in(name).status_code == 302
    cookie = desk.client.get_cookie("edms_device")
    assert cookie is not None
    assert len(cookie.value.split("~")) == 3
