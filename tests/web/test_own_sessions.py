"""Sessions as their owner sees and ends them, as an administrator ends them, and their limits by clearance."""

import re
from datetime import timedelta

import pytest
from archive_fixtures import MOMENT
from web_site import Site

from edms.access.actors import console_actor
from edms.core.access_settings import AccessSettings
from edms.operation.door import NotPermitted
from edms.records.account_sessions import sign_out_everybody, sign_out_person
from edms.records.people import console_person
from edms.web.agents import coarse

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"


def listed(page: str) -> list[str]:
    return re.findall(r"<strong>([^<]*)</strong>", page)


def ends(page: str) -> list[str]:
    return re.findall(r'action="(/account/sessions/[0-9a-f]+/end)"', page)


def test_the_own_sessions_are_listed_and_ended_one_by_one(site: Site) -> None:
    here = site.visitor("clerk-dinkes", headers={"User-Agent": FIREFOX})
    away = site.visitor("clerk-dinkes", headers={"User-Agent": PHONE}, environ_base={"REMOTE_ADDR": "2001:db8::7"})
    other = site.visitor("clerk-bappeda")
    page = here.get("/account").text
    assert sorted(listed(page)) == ["Chrome, Android", "Firefox, Windows"]
    assert "IPv6" in page
    assert "2001:db8" not in page
    assert "140.0" not in page
    (end,) = ends(page)
    assert other.post(end).status_code == 404, "nobody else's"
    assert away.get("/").status_code == 200
    assert here.post(end).status_code == 302
    assert away.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_all_others_are_ended_at_once(site: Site) -> None:
    here, one, two = (site.visitor("clerk-dinkes") for _number in range(3))
    other = site.visitor("records")
    assert here.post("/account/sessions/end-others").status_code == 302
    assert [visitor.get("/").status_code for visitor in (here, one, two, other)] == [200, 302, 302, 200]


def test_an_administrator_signs_somebody_out(site: Site) -> None:
    visitor, other = site.visitor("clerk-dinkes"), site.visitor("records")
    sign_out_person(console_actor("tests"), site.archive, "clerk-dinkes")
    assert visitor.get("/").status_code == 302
    assert other.get("/").status_code == 200
    assert site.visitor().sign_in("clerk-dinkes").status_code == 302


def test_an_administrator_signs_everybody_out(site: Site) -> None:
    visitors = [site.visitor(name) for name in ("clerk-dinkes", "records", "clerk-dinkes")]
    assert sign_out_everybody(console_actor("tests"), site.archive) == 3
    assert [visitor.get("/").status_code for visitor in visitors] == [302, 302, 302]
    assert site.visitor("records").get("/").status_code == 200
    with pytest.raises(NotPermitted):
        sign_out_everybody(console_person(site.archive, "clerk-dinkes", "tests"), site.archive)


@pytest.mark.parametrize(("name", "minutes"), [("clerk-dinkes", 60), ("head-dinkes", 15)])
def test_who_may_see_more_is_out_earlier(site: Site, name: str, minutes: int) -> None:
    visitor = site.visitor(name)
    site.clock.set(MOMENT + timedelta(minutes=minutes))
    assert visitor.get("/").status_code == 200
    site.clock.set(MOMENT + timedelta(minutes=2 * minutes, seconds=1))
    assert visitor.get("/").status_code == 302


def test_the_stricter_limit_holds() -> None:
    settings = AccessSettings(session_idle_minutes=20, session_absolute_hours=9, session_idle_minutes_secret=25)
    levels = ("open", "restricted", "secret", "top_secret")
    assert [settings.idle_minutes(level) for level in levels] == [
        20,
        20,
        20,
        15,
    ]
    assert [settings.absolute_hours(level) for level in ("open", "secret", "top_secret")] == [9, 9, 8]


def test_a_browser_is_told_coarsely() -> None:
    assert (coarse(FIREFOX), coarse(PHONE), coarse(""), coarse("<script>")) == (
        "Firefox, Windows",
        "Chrome, Android",
        "",
        "",
    )
