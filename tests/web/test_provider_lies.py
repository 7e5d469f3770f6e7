"""A provider that lies, or somebody in its place: nobody gets in, each lie is an event, and nothing secret is told."""

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwk
from lying_provider import CLIENT, LOGOUT_EVENT, SECRET, Lies, LyingProvider, rsa_key
from provider_site import ANSWER, ProviderSite, is_in

DAY = 86_400
DRIPPING = "an answer a byte at a time"
HASTE = {"timeout_seconds": 3.0}
"""Where the provider takes longer than anybody waits."""
MOST_SECONDS = 40
"""A token a byte at a time takes 50 s and more."""
Lie = Callable[[LyingProvider], Lies]


def said(**changes: Any) -> Lie:
    """A lie in the claims; None takes a claim away."""

    def change(claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    return lambda _provider: Lies(claims=change)


def later(**seconds: int) -> Lie:
    def change(claims: dict[str, Any]) -> dict[str, Any]:
        return {**claims, **{name: claims["iat"] + by for name, by in seconds.items()}}

    return lambda _provider: Lies(claims=change)


def answered(change: Callable[[dict[str, Any]], Any]) -> Lie:
    """A lie in the answer that should hold the token."""
    return lambda _provider: Lies(token_answer=change)


def listed(change: Callable[[list[dict[str, Any]]], Any]) -> Lie:
    """A lie in the list of keys."""
    return lambda _provider: Lies(keys=change)


def by_public_key(provider: LyingProvider) -> Lies:
    """The oldest trick: HS256 with what everybody knows, the public key, as the secret."""
    return Lies(header={"alg": "HS256"}, key=rsa_key().as_pem(private=False))


def by_weak_key(_provider: LyingProvider) -> Lies:
    weak = rsa_key("weak", 1024)
    return Lies(header={"kid": "weak"}, key=weak, keys=lambda keys: [*keys, weak.as_dict(private=False)])


def by_shared_key(_provider: LyingProvider) -> Lies:
    shared = {"kty": "oct", "kid": "k2", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
    return Lies(header={"alg": "HS256", "kid": "k2"}, key=b"secretsecretsecretsecretsecret", keys=lambda _k: [shared])


LIES: dict[str, tuple[Lie, str]] = {
    "another issuer": (said(iss="https://lain.example"), "issuer"),
    "another audience": (said(aud="lain"), "audience"),
    "an audience beside us": (said(aud=[CLIENT, "lain"], azp=CLIENT), "audience"),
    "another party": (said(azp="lain"), "audience"),
    "no audience": (said(aud=None), "audience"),
    "another nonce": (said(nonce="lain"), "nonce"),
    "no nonce": (said(nonce=None), "nonce"),
    "expired": (later(exp=-61), "time"),
    "issued in the future": (later(iat=120, exp=500), "time"),
    "issued long ago": (later(iat=-900), "time"),
    "not before tomorrow": (later(nbf=DAY), "time"),
    "no end": (said(exp=None), "time"),
    "times that are none": (said(exp="besok"), "time"),
    "time without end": (lambda _p: Lies(claims=lambda claims: {**claims, "exp": 10**400}), "time"),
    "no subject": (said(sub=None), "claims"),
    "an endless subject": (said(sub="x" * 256), "claims"),
    "a subject that is a list": (said(sub=["s-1"]), "claims"),
    "another access token": (said(at_hash="x" * 22), "access_token_hash"),
    "a logout token": (said(events={LOGOUT_EVENT: {}}), "kind_of_token"),
    "no signature": (lambda _p: Lies(header={"alg": "none"}), "algorithm"),
    "no signature, spelled otherwise": (lambda _p: Lies(header={"alg": "nOnE"}, key=b""), "algorithm"),
    "HS256 with the public key": (by_public_key, "algorithm"),
    "a shared key among the keys": (by_shared_key, "algorithm"),
    "an algorithm not in the list": (lambda _p: Lies(header={"alg": "RS512"}), "algorithm"),
    "a key that is not published": (lambda _p: Lies(header={"kid": "k9"}, key=rsa_key("k9")), "key"),
    "a published id and another key": (lambda _p: Lies(key=rsa_key("k9")), "signature"),
    "a weak key": (by_weak_key, "key"),
    "a key in the token itself": (
        lambda _p: Lies(header={"kid": None, "jwk": rsa_key("k9").as_dict(private=False)}, key=rsa_key("k9")),
        "malformed",
    ),
    "an access token in its place": (lambda _p: Lies(header={"typ": "at+jwt"}), "kind_of_token"),
    "an extension that must be understood": (lambda _p: Lies(header={"crit": ["x"], "x": 1}), "malformed"),
    "two keys of one id": (listed(lambda keys: [*keys, {**rsa_key("k9").as_dict(False), "kid": "k1"}]), "metadata"),
    "keys without end": (listed(lambda keys: keys * 51), "metadata"),
    "no keys": (listed(lambda _keys: "tidak ada"), "metadata"),
    "no token": (answered(lambda _answer: {"access_token": "x"}), "malformed"),
    "a token that is none": (answered(lambda answer: {**answer, "id_token": "a.b.c"}), "malformed"),
    "an encrypted token": (answered(lambda answer: {**answer, "id_token": "a.b.c.d.e"}), "malformed"),
    "an endless token": (answered(lambda answer: {**answer, "id_token": "a" * 70_000}), "malformed"),
    "a list for an answer": (answered(lambda _answer: []), "malformed"),
    "an answer so deep": (lambda _p: Lies(raw=b"[" * 100_000), "malformed"),
    "an answer that is no text": (lambda _p: Lies(raw=b"\xff\xfe\x00"), "malformed"),
    "an endless answer": (lambda _p: Lies(filler="token"), "away"),
    "endless keys": (lambda _p: Lies(filler="keys"), "away"),
    DRIPPING: (lambda _p: Lies(slow="token"), "away"),
    "tokens elsewhere": (lambda _p: Lies(redirect="token"), "code_not_taken"),
    "keys elsewhere": (lambda _p: Lies(redirect="keys"), "metadata"),
    "groups without end": (lambda _p: Lies(claims=lambda claims: {**claims, "groups": ["g"] * 2001}), "claims"),
    "groups that are no names": (said(groups=[{"a": 1}]), "claims"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("provided", "lie"), [(HASTE if lie == DRIPPING else {}, lie) for lie in LIES], indirect=["provided"], ids=LIES
)
def test_a_lie_gets_nobody_in(provided: ProviderSite, lie: str, caplog: pytest.LogCaptureFixture) -> None:
    provided.bind("clerk-dinkes")
    told, why = LIES[lie]
    provided.provider.lies = told(provided.provider)
    visitor = provided.visitor()
    begun = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        answer = provided.sign_in(visitor, groups=["/dinkes/arsip"])
    assert time.monotonic() - begun < MOST_SECONDS
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/sign-in")
    assert "/elsewhere" not in provided.provider.asked
    assert provided.reasons() == [why]
    assert not is_in(visitor)
    assert provided.sessions() == 0
    page = visitor.get("/sign-in").text
    assert "notice flash bad" in page
    kept = json.dumps(provided.events()) + caplog.text + page
    for secret in (SECRET, "token-akses-rahasia", "rahasia penyedia", "kode-satu", "eyJ"):
        assert secret not in kept, secret


def test_the_truth_gets_in(provided: ProviderSite) -> None:
    """Without it the tests above would show nothing."""
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    assert provided.sign_in(visitor, following="/search?q=surat").headers["Location"] == "/search?q=surat"
    assert is_in(visitor)
    assert provided.provider.headers[0]["Authorization"].startswith("Basic ")
    assert "client_secret" not in provided.provider.forms[0]
    (event,) = [one for one in provided.events() if one["action"] == "session.signed_in"]
    assert event["details"]["by"] == "provider"


def keys_of(*made: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{**key.as_dict(private=False), "kid": name, "use": "sig"} for name, key in made]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", rsa_key("p")),
        ("ES256", jwk.ECKey.generate_key("P-256")),
        ("EdDSA", jwk.OKPKey.generate_key("Ed25519")),
    ],
)
def test_other_algorithms_of_the_list_are_taken(provided: ProviderSite, algorithm: str, key: Any) -> None:
    provided.bind("clerk-dinkes")
    provided.provider.lies = Lies(
        header={"alg": algorithm, "kid": "e"}, key=key, keys=lambda keys: [*keys, *keys_of(("e", key))],
        claims=lambda claims: {name: value for name, value in claims.items() if name != "at_hash"},
    )  # fmt: skip
    visitor = provided.visitor()
    provided.sign_in(visitor)
    assert is_in(visitor)


@pytest.mark.parametrize("curve", ["P-384", "secp256k1"])
def test_a_curve_that_is_not_of_the_algorithm(provided: ProviderSite, curve: str) -> None:
    provided.bind("clerk-dinkes")
    key = jwk.ECKey.generate_key(curve)
    good = jwk.ECKey.generate_key("P-256")
    provided.provider.lies = Lies(header={"alg": "ES256", "kid": "e"}, key=good, keys=lambda _k: keys_of(("e", key)))
    visitor = provided.visitor()
    provided.sign_in(visitor)
    assert provided.reasons() == ["key"]


@pytest.mark.parametrize(
    "lies",
    [
        Lies(metadata={"issuer": "https://lain.example"}),
        Lies(metadata={"response_types_supported": ["id_token"]}),
        Lies(metadata={"token_endpoint": "http://lain.example/token"}),
        Lies(metadata={"token_endpoint": "file:///etc/passwd"}),
        Lies(metadata={"jwks_uri": ["https://lain.example"]}),
        Lies(metadata={"authorization_endpoint": "javascript:alert(1)"}),
        Lies(metadata={"authorization_endpoint": ""}),
        Lies(redirect="metadata"),
        Lies(filler="metadata"),
    ],
    ids=lambda lies: f"{lies.metadata}{lies.redirect}{lies.filler}",
)
def test_metadata_that_lead_elsewhere_lead_nowhere(provided: ProviderSite, lies: Lies) -> None:
    provided.provider.lies = lies
    visitor = provided.visitor()
    answer = visitor.post("/sign-in/provider", {"next": "/search"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=/search")
    assert "notice flash bad" in visitor.get("/sign-in").text
    assert "/elsewhere" not in provided.provider.asked


def test_a_state_counts_once_and_in_its_own_browser(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    mine, other = provided.visitor(), provided.visitor()
    asked = provided.begin(mine)
    provided.provider.grant("kode-satu", asked)
    provided.come_back(other, asked)
    assert not is_in(other), "no cookie"
    provided.begin(other)
    provided.come_back(other, asked)
    assert not is_in(other), "a cookie of its own way there"
    assert "/token" not in provided.provider.asked, "and the code was sent nowhere"
    provided.come_back(mine, asked)
    assert is_in(mine)
    with mine.client.session_transaction() as kept:
        kept["provider"] = {"state": asked["state"], "errand": "sign-in", "begun": 0, "next": "/"}
    provided.provider.grant("kode-satu", asked)
    provided.come_back(mine, asked)
    assert provided.reasons() == ["state"] * 3


def test_a_code_counts_once(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    provided.sign_in(provided.visitor())
    other = provided.visitor()
    asked = provided.begin(other)
    provided.come_back(other, asked, "kode-satu")
    assert provided.reasons() == ["code_not_taken"]
    assert not is_in(other)


def test_a_code_of_another_way_there_is_worth_nothing(provided: ProviderSite) -> None:
    """Injected by somebody who got hold of a victim's code: the verifier is not that of the code (RFC 7636)."""
    provided.bind("clerk-dinkes")
    victim, attacker = provided.visitor(), provided.visitor()
    provided.provider.grant("kode-satu", provided.begin(victim))
    provided.come_back(attacker, provided.begin(attacker), "kode-satu")
    assert provided.reasons() == ["code_not_taken"]
    assert not is_in(attacker)


def test_the_way_there_is_open_for_some_minutes(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    asked = provided.begin(visitor)
    provided.provider.grant("kode-satu", asked)
    provided.site.clock.set(provided.site.clock.now() + timedelta(minutes=10, seconds=1))
    provided.come_back(visitor, asked)
    assert provided.reasons() == ["state"]


def test_a_way_to_prove_is_no_way_to_sign_in(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    asked = provided.begin(visitor, "/prove/provider")
    provided.provider.grant("kode-dua", asked)
    with visitor.client.session_transaction() as kept:
        kept["provider"] = {**kept["provider"], "errand": "sign-in"}
    provided.come_back(visitor, asked, "kode-dua")
    assert provided.reasons() == ["state"]


@pytest.mark.parametrize(
    ("names_itself", "brought", "why"),
    [
        (False, {"iss": "https://lain.example"}, "mixed_up"),
        (True, {}, "mixed_up"),
        (True, {"iss": "https://lain.example", "error": "access_denied"}, "mixed_up"),
        (False, {"error": "access_denied", "error_description": "rahasia penyedia <b>"}, "denied"),
        (False, {"code": ""}, "malformed"),
    ],
)
def test_who_answers_is_looked_at_before_a_code_is_sent(
    provided: ProviderSite, names_itself: bool, brought: dict[str, str], why: str
) -> None:
    provided.bind("clerk-dinkes")
    provided.provider.lies = Lies(metadata={"authorization_response_iss_parameter_supported": names_itself})
    visitor = provided.visitor()
    asked = provided.begin(visitor)
    visitor.get(ANSWER, query_string={"state": asked["state"], "code": "kode-satu", **brought})
    assert provided.reasons() == [why]
    assert "/token" not in provided.provider.asked
    assert "rahasia penyedia" not in visitor.get("/sign-in").text + json.dumps(provided.events())


def test_one_that_names_itself_is_believed(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    provided.provider.lies = Lies(metadata={"authorization_response_iss_parameter_supported": True})
    visitor = provided.visitor()
    asked = provided.begin(visitor)
    provided.provider.grant("kode-satu", asked)
    provided.come_back(visitor, asked, iss=provided.provider.issuer)
    assert is_in(visitor)


@pytest.mark.parametrize(
    "query",
    ["state=a&state=b&code=c", "code=c", "", "state=" + "x" * 201, "state=%ff&code=%00", "state=x&code=" + "y" * 4097],
)
def test_odd_answers_are_refused(provided: ProviderSite, query: str) -> None:
    visitor = provided.visitor()
    provided.begin(visitor)
    assert visitor.get(f"{ANSWER}?{query}").status_code == 302
    assert provided.reasons() == ["state"]


def test_the_way_back_stays_on_this_server(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    for place in ("https://lain.example/", "//lain.example", "/\\lain.example"):
        visitor = provided.visitor()
        assert provided.sign_in(visitor, following=place).headers["Location"] == "/"


def test_no_page_elsewhere_sends_anybody_there(provided: ProviderSite) -> None:
    visitor = provided.visitor()
    assert visitor.get("/sign-in/provider").status_code == 405
    assert visitor.client.post("/sign-in/provider").status_code == 400, "no token of a form"
    told = visitor.post("/sign-in/provider", headers={"Sec-Fetch-Site": "cross-site"})
    assert told.status_code == 400


def test_invented_key_ids_make_nobody_fetch_without_end(provided: ProviderSite) -> None:
    provided.bind("clerk-dinkes")
    provided.sign_in(provided.visitor())
    for number in range(5):
        token = provided.provider.logout_token({"kid": f"x{number}"}, sub="s-1")
        provided.visitor().client.post("/sign-in/provider/logout", data={"logout_token": token})
    assert provided.provider.asked.count("/keys") == 1
    provided.site.clock.set(provided.site.clock.now() + timedelta(seconds=61))
    provided.provider.lies = Lies(
        header={"kid": "k2"}, key=rsa_key("k2"), keys=lambda keys: [*keys, *keys_of(("k2", rsa_key("k2")))]
    )
    visitor = provided.visitor()
    provided.sign_in(visitor, "kode-dua")
    assert is_in(visitor), "the provider has a new key"
    assert provided.provider.asked.count("/keys") == 2


@pytest.mark.parametrize("provided", [HASTE], indirect=True)
def test_a_provider_that_is_away_holds_nobody_up(provided: ProviderSite) -> None:
    provided.provider.lies = Lies(slow="metadata")
    visitor = provided.visitor()
    visitor.post("/sign-in/provider")
    for _ in range(10):
        assert visitor.post("/sign-in/provider").status_code == 302
    assert len(provided.provider.asked) == 1, "it is not asked again at once"
    assert "Penyedia" in visitor.get("/sign-in").text or "provider" in visitor.get("/sign-in").text
    assert visitor.sign_in("clerk-dinkes").status_code == 302
    assert is_in(visitor), "the local way goes on"
    provided.provider.lies = Lies()
    provided.site.clock.set(provided.site.clock.now() + timedelta(seconds=11))
    provided.begin(provided.visitor())


LOGOUT_LIES: dict[str, tuple[Callable[[LyingProvider], str], str]] = {
    "another issuer": (lambda p: p.logout_token(iss="https://lain.example", sub="s-1"), "issuer"),
    "another audience": (lambda p: p.logout_token(aud="lain", sub="s-1"), "audience"),
    "no event": (lambda p: p.logout_token(events={}, sub="s-1"), "kind_of_token"),
    "events that are none": (lambda p: p.logout_token(events="ya", sub="s-1"), "kind_of_token"),
    "a nonce": (lambda p: p.logout_token(nonce="n", sub="s-1"), "kind_of_token"),
    "of nobody": (lambda p: p.logout_token(), "claims"),
    "no id": (lambda p: p.logout_token(jti=None, sub="s-1"), "claims"),
    "expired": (lambda p: p.logout_token(exp=int(p.clock.now().timestamp()) - 61, sub="s-1"), "time"),
    "long ago": (lambda p: p.logout_token(iat=int(p.clock.now().timestamp()) - DAY, sub="s-1"), "time"),
    "no signature": (lambda p: p.logout_token({"alg": "none"}, sub="s-1"), "algorithm"),
    "HS256 with the public key": (
        lambda p: p.logout_token({"alg": "HS256"}, rsa_key().as_pem(private=False), sub="s-1"), "algorithm"),
    "another key": (lambda p: p.logout_token(key=rsa_key("k9"), sub="s-1"), "signature"),
    "an ID token": (
        lambda p: p.logout_token({"typ": "JWT"}, events=None, nonce="n", sub="s-1"), "kind_of_token"),
    "nothing": (lambda _p: "", "malformed"),
    "no token": (lambda _p: "é.b.c", "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LOGOUT_LIES)
def test_a_lie_signs_nobody_out(provided: ProviderSite, lie: str) -> None:
    provided.bind("clerk-dinkes")
    visitor = provided.visitor()
    provided.sign_in(visitor)
    make, why = LOGOUT_LIES[lie]
    answer = provided.visitor().client.post("/sign-in/provider/logout", data={"logout_token": make(provided.provider)})
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert provided.reasons() == [why]
    assert is_in(visitor)
