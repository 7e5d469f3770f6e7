"""The organisation's sign-in provider as we speak to it: OpenID Connect, authorization code flow with PKCE (S256).

Nothing that the provider issues is kept: the access token is held against its digest in the ID token and thrown away,
no refresh token is asked for, and of the ID token the claims named in the settings are read.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from edms.core.clock import Clock
from edms.core.oidc_settings import OidcSettings
from edms.provider.answers import Answer, Flow, ProviderFault, SignedOut, Told, Why
from edms.provider.documents import Documents, object_in
from edms.provider.tokens import Expected, id_token, logout_token, told_time

_MOST_TEXT = 400
_MOST_GROUPS = 2000
_MOST_METHODS = 10
_MOST_METHOD = 60
_KNOWN_ERRORS = frozenset(
    {
        "access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required",
        "invalid_request", "invalid_scope", "unauthorized_client", "server_error", "temporarily_unavailable",
        "unmet_authentication_requirements",
    }
)  # fmt: skip


class OpenIdProvider:
    """The provider that `settings` names. `redirect_uri`: where it sends people back to; `home_uri`: after signing out.

    `secret` gives the client's own secret for each call, "" where there is none; nobody keeps it. `roots`: a PEM text.
    """

    def __init__(
        self, settings: OidcSettings, redirect_uri: str, home_uri: str, secret: Callable[[], str], clock: Clock,
        roots: str = "",
    ) -> None:  # fmt: skip
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._home_uri = home_uri
        self._secret = secret
        self._clock = clock
        self._documents = Documents(settings, clock, roots)

    def __repr__(self) -> str:
        return f"OpenIdProvider({self.settings.issuer!r})"

    @property
    def issuer(self) -> str:
        return self.settings.issuer

    def sign_in_address(self, flow: Flow, *, once_more: bool = False, language: str = "") -> str:
        """Return where a browser is sent to sign in; with `once_more` the provider is to ask again who it is.

        Raises ProviderFault.
        """
        more = {"prompt": "login", "max_age": "0"} if once_more else {}
        if self.settings.ask_for_acr:
            more["acr_values"] = self.settings.ask_for_acr
        address = prepare_grant_uri(
            self._documents.metadata().authorization,
            self.settings.client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=" ".join(self.settings.scopes),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
            ui_locales=language or None,
            **more,
        )
        return str(address)

    def told(self, flow: Flow, answer: Answer, since: datetime | None = None) -> Told:
        """Return who it is by what the browser brought back; with `since`, who has proven it there since then.

        Raises ProviderFault. Which provider answers is looked at first (RFC 9207), before a code is sent anywhere.
        """
        metadata = self._documents.metadata()
        if (answer.issuer or metadata.names_itself) and answer.issuer != self.issuer:
            raise ProviderFault(Why.MIXED_UP)
        if answer.error:
            raise ProviderFault(Why.DENIED, answer.error if answer.error in _KNOWN_ERRORS else "")
        if not answer.code:
            raise ProviderFault(Why.MALFORMED)
        token, access_token = self._tokens(metadata.token, flow, answer.code)
        expected = replace(self._expected(), nonce=flow.nonce, access_token=access_token, authenticated_since=since)
        return self._read(id_token(token, self._documents, expected))

    def signed_out(self, token: str) -> SignedOut:
        """Return of whom the provider says that the session there has ended. Raises ProviderFault."""
        claims = logout_token(token, self._documents, self._expected())
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        return SignedOut(claims.get("sub", ""), claims.get("sid", ""), claims["jti"], issued)

    def sign_out_address(self) -> str:
        """Return where a browser is sent to sign out there too, "" where there is no such place. Raises ProviderFault.

        OpenID Connect RP-Initiated Logout 1.0, without a hint: the ID token was not kept, so the provider asks.
        """
        if not self.settings.sign_out_there:
            return ""
        place = self._documents.metadata().end_session
        if not place:
            return ""
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": self._home_uri})
        return f"{place}{'&' if '?' in place else '?'}{query}"

    def _expected(self) -> Expected:
        """What every token must say, whatever it is for."""
        told = self.settings
        skew = timedelta(seconds=told.clock_skew_seconds)
        return Expected(told.issuer, told.client_id, told.algorithms, self._clock.now(), skew)

    def _tokens(self, place: str, flow: Flow, code: str) -> tuple[str, str]:
        """Give the code for the tokens (RFC 6749, section 4.1.3): the ID token, and the access token or ""."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        secret, name = self._secret(), self.settings.client_id
        if secret and self.settings.client_authentication == "basic":
            told = f"{quote(name, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(told).decode()}"
        else:
            form |= {"client_id": name, **({"client_secret": secret} if secret else {})}
        reply = self._documents.ask("POST", place, headers, urlencode(form).encode())
        if reply.status != 200:
            raise ProviderFault(Why.CODE, f"status {reply.status}")
        found = object_in(reply.content, Why.MALFORMED)
        token, access_token = found.get("id_token"), found.get("access_token", "")
        if not isinstance(token, str) or not isinstance(access_token, str):
            raise ProviderFault(Why.MALFORMED)
        return token, access_token

    def _read(self, claims: dict[str, Any]) -> Told:
        told = self.settings
        methods = _methods(claims)
        return Told(
            subject=claims["sub"],
            session=_text(claims.get("sid")),
            user_name=_text(_claim(claims, told.claim_user_name)),
            name=_text(_claim(claims, told.claim_name)),
            groups=_groups(claims, told.claim_groups),
            second_factor=not set(methods).isdisjoint(told.second_factor_values),
            methods=methods,
            authenticated_at=told_time(claims),
        )


def _claim(claims: dict[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path of names with dots between ("realm_access.roles")."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(told: Any) -> str:
    return " ".join(told.split())[:_MOST_TEXT] if isinstance(told, str) and told.isprintable() else ""


def _groups(claims: dict[str, Any], name: str) -> frozenset[str] | None:
    """Return the groups; None where the token names none. Groups that stand elsewhere (OpenID Connect Core 1.0,
    section 5.6.2) are not fetched: a token that only points to them says nothing. Raises ProviderFault."""
    told = _claim(claims, name)
    if told is None:
        return None
    listed = [told] if isinstance(told, str) else told
    fit = isinstance(listed, list) and len(listed) <= _MOST_GROUPS
    if not fit or not all(isinstance(one, str) and len(one) <= _MOST_TEXT for one in listed):
        raise ProviderFault(Why.CLAIMS, "groups")
    return frozenset(listed)


def _methods(claims: dict[str, Any]) -> tuple[str, ...]:
    """What the provider says of how it was proven: `amr` and `acr`, bounded, for the rule and for the trail."""
    listed = claims.get("amr", [])
    told = [*(listed if isinstance(listed, list) else ()), claims.get("acr")]
    return tuple(one for one in told if isinstance(one, str) and one.isprintable() and len(one) <= _MOST_METHOD)[
        :_MOST_METHODS
    ]
