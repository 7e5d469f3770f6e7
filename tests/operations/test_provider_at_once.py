"""Sign-in by the provider on both databases: two at once, one cut off in the middle, a clock that is years ahead."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lying_provider import CLIENT, LyingProvider, lying_provider
from provider_site import CONSOLE, GROUPS
from sqlalchemy import func, select

from edms.access.model import SignInSession
from edms.access.provider_model import ProviderBinding, SpentToken
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.operation.sessions import Visit, signed_in
from edms.provider.client import OpenIdProvider
from edms.records.archive import Archive
from edms.records.people import list_people
from edms.records.provider_bindings import bind_provider
from edms.records.provider_sign_in import Errand, ProviderRefused, begin_at_provider, sign_in_by_provider
from edms.records.provider_sign_out import end_by_provider

HERE = Visit("192.0.2.1")


@dataclasses.dataclass
class Provided:
    archive: Archive
    provider: LyingProvider

    def way(self, code: str, **claims: Any) -> tuple[str, dict[str, str]]:
        """Go there; return the text that the browser keeps, and what it brings back."""
        place, state = begin_at_provider(self.archive, Errand.SIGN_IN, "id")
        asked = {name: one[0] for name, one in parse_qs(urlsplit(place).query).items()}
        self.provider.grant(code, asked, **claims)
        return state, {"state": state, "code": code}

    def sign_in(self, code: str, **claims: Any) -> str:
        state, answer = self.way(code, **claims)
        return sign_in_by_provider(self.archive, state, answer, HERE)

    def count(self, model: Any) -> int:
        with self.archive.database.reader() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def provided(archive: Archive) -> Iterator[Provided]:
    assert isinstance(archive.clock, FixedClock)
    with lying_provider(archive.clock) as provider:
        oidc = archive.settings.oidc.model_copy(
            update={
                "issuer": provider.issuer,
                "client_id": CLIENT,
                "create_people": True,
                "follow_groups": True,
                "timeout_seconds": 30.0,
            }
        )
        directory = archive.settings.directory.model_copy(update={"groups": GROUPS})
        settings = archive.settings.model_copy(update={"oidc": oidc, "directory": directory})
        client = OpenIdProvider(oidc, "http://localhost/back", "http://localhost/", lambda: "", archive.clock)
        yield Provided(dataclasses.replace(archive, settings=settings, provider=client), provider)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Do them at once; return what each gave, or by what it was refused."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait(120)
        try:
            return act()
        except ProviderRefused as refused:
            return refused.why

    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result(120) for one in [pool.submit(run, act) for act in acts]]


def test_a_public_client_with_pkce_alone(provided: Provided) -> None:
    token = provided.sign_in("c-1", preferred_username="siti", groups=["/dinkes/arsip"])
    found = signed_in(provided.archive.door, provided.archive.settings.access, token)
    assert found is not None
    assert found.actor.name == "siti"
    assert "client_secret" not in provided.provider.forms[0]
    assert provided.provider.forms[0]["client_id"] == CLIENT


def test_two_first_sign_ins_at_once_make_one_person(provided: Provided) -> None:
    ways = [provided.way(f"c-{n}", preferred_username="siti", groups=["/dinkes/arsip"]) for n in range(2)]
    done = together(*(lambda way=way: sign_in_by_provider(provided.archive, *way, HERE) for way in ways))
    assert provided.count(ProviderBinding) == 1
    assert [one.user for one in list_people(CONSOLE, provided.archive)].count("siti") == 1
    got_in = [one for one in done if "." in one]
    assert got_in
    assert {one for one in done if "." not in one} <= {"state"}, "the other one is asked to begin again"
    assert provided.count(SignInSession) == len(got_in)


def test_one_answer_brought_twice_at_once_gets_one_in(provided: Provided) -> None:
    state, answer = provided.way("c-1", preferred_username="siti", groups=["/dinkes/arsip"])
    done = together(*[lambda: sign_in_by_provider(provided.archive, state, answer, HERE)] * 2)
    assert sorted("." in one for one in done) == [False, True]
    assert "state" in done


def test_a_logout_token_counts_once_also_at_once(provided: Provided) -> None:
    provided.sign_in("c-1", preferred_username="siti", groups=["/dinkes/arsip"])
    token = provided.provider.logout_token(sub="s-1")
    done = together(*[lambda: end_by_provider(provided.archive, token)] * 3)
    assert sorted(map(str, done)) == ["1", "replayed", "replayed"]
    assert provided.count(SpentToken) == 1
    assert provided.count(SignInSession) == 0


def test_spent_tokens_are_forgotten_when_they_are_worth_nothing_by_themselves(provided: Provided) -> None:
    clock = provided.archive.clock
    assert isinstance(clock, FixedClock)
    end_by_provider(provided.archive, provided.provider.logout_token(sub="s-1"))
    old = provided.provider.logout_token(sub="s-1")
    clock.set(clock.now() + timedelta(hours=1, seconds=1))
    end_by_provider(provided.archive, provided.provider.logout_token(sub="s-1"))
    assert provided.count(SpentToken) == 1
    with pytest.raises(ProviderRefused, match="time"):
        end_by_provider(provided.archive, old)


def test_a_clock_years_ahead_believes_nothing_and_comes_back(provided: Provided) -> None:
    clock = provided.archive.clock
    assert isinstance(clock, FixedClock)
    now = clock.now()
    state, answer = provided.way("c-1", preferred_username="siti", groups=["/dinkes/arsip"])
    clock.set(now + timedelta(days=3650))
    with pytest.raises(ProviderRefused):
        sign_in_by_provider(provided.archive, state, answer, HERE)
    clock.set(now)
    assert provided.sign_in("c-2", preferred_username="siti", groups=["/dinkes/arsip"])


def test_rights_and_session_come_together_or_not_at_all(provided: Provided, monkeypatch: pytest.MonkeyPatch) -> None:
    bind_provider(CONSOLE, provided.archive, "clerk-dinkes", "s-1")

    way = provided.way("c-1", groups=["/bappeda"])

    def cut_off(*_told: Any) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(provided.archive.trail, "append_all", cut_off)
        with pytest.raises(OSError, match="cut off"):
            sign_in_by_provider(provided.archive, *way, HERE)
    line = next(one for one in list_people(CONSOLE, provided.archive) if one.user == "clerk-dinkes")
    assert (line.office, line.roles) == ("dinkes", ("clerk",))
    assert provided.count(SignInSession) == 0


def test_the_trail_says_who_and_by_which_methods(provided: Provided) -> None:
    provided.sign_in("c-1", preferred_username="siti", groups=["/dinkes/arsip"], amr=["pwd"], acr="x" * 61)
    provided.archive.door.integrate()
    with provided.archive.database.reader() as session:
        told = [json.loads(body) for body in session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index))]
    (event,) = [one for one in told if one["action"] == "session.signed_in"]
    assert event["details"]["methods"] == ["pwd"], "what is too long is not told"
    assert all("s-1" not in json.dumps(one) for one in told), "the account there stands in its row alone"
