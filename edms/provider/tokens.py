"""Whether a token of the provider is believed: its signature first, and then every claim.

OpenID Connect Core 1.0, section 3.1.3.7; Back-Channel Logout 1.0, section 2.6. Times are held against the archive's
own clock. Which algorithms count is a list of ours and not what a token says of itself: neither `none` nor a
symmetric one is in it.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError

from edms.provider.answers import ProviderFault, Why
from edms.provider.documents import Documents, Key

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_MOST_BYTES = 65_536
_MOST_SUBJECT = 255
_FRESH = timedelta(minutes=10)
"""How old a token may be that comes straight from the provider."""
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_WHY = {"iss": Why.ISSUER, "aud": Why.AUDIENCE, "azp": Why.AUDIENCE, "nonce": Why.NONCE, "at_hash": Why.ACCESS_TOKEN,
        "exp": Why.TIME, "iat": Why.TIME, "nbf": Why.TIME, "auth_time": Why.AUTHENTICATED_AT}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a token must say. `authenticated_since`: somebody must have proven it there since then, and it be told."""

    issuer: str
    client_id: str
    algorithms: Sequence[str]
    now: datetime
    skew: timedelta
    nonce: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    authenticated_since: datetime | None = None


def id_token(token: str, documents: Documents, expected: Expected) -> dict[str, Any]:
    """Return the claims of an ID token. Raises ProviderFault."""
    header, claims = _signed(token, documents, expected, kinds=("JWT",))
    params = {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}
    checked = CodeIDToken(claims, header, {"iss": {"essential": True, "value": expected.issuer}}, params)
    _validate(checked, expected)
    _require_ours(claims, expected)
    nonce = claims.get("nonce")
    if not expected.nonce or not isinstance(nonce, str) or not hmac.compare_digest(nonce, expected.nonce):
        raise ProviderFault(Why.NONCE)
    if "at_hash" in claims and not (isinstance(claims["at_hash"], str) and expected.access_token):
        raise ProviderFault(Why.ACCESS_TOKEN)
    if "events" in claims:
        raise ProviderFault(Why.KIND)
    _require_subject(claims.get("sub"))
    if expected.authenticated_since is not None:
        at = _time(claims.get("auth_time"), Why.AUTHENTICATED_AT)
        if not expected.authenticated_since - expected.skew <= at <= expected.now + expected.skew:
            raise ProviderFault(Why.AUTHENTICATED_AT)
    return claims


def told_time(claims: dict[str, Any]) -> datetime | None:
    """Return when somebody proved at the provider who it is, None where it does not say. Raises ProviderFault."""
    return _time(claims["auth_time"], Why.AUTHENTICATED_AT) if "auth_time" in claims else None


def logout_token(token: str, documents: Documents, expected: Expected) -> dict[str, Any]:
    """Return the claims of a logout token. Raises ProviderFault. Whether it came before is for the caller to know."""
    header, claims = _signed(token, documents, expected, kinds=("LOGOUT+JWT", "JWT"))
    checked = CodeIDToken({"sub": "", **claims}, header, {"iss": {"essential": True, "value": expected.issuer}}, {})
    _validate(checked, expected)
    _require_ours(claims, expected)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
        raise ProviderFault(Why.KIND)
    if not isinstance(claims.get("jti"), str) or not 1 <= len(claims["jti"]) <= _MOST_SUBJECT:
        raise ProviderFault(Why.CLAIMS)
    if "sub" in claims:
        _require_subject(claims["sub"])
    if "sid" in claims:
        _require_subject(claims["sid"])
    if "sub" not in claims and "sid" not in claims:
        raise ProviderFault(Why.CLAIMS)
    return claims


def _signed(
    token: str, documents: Documents, expected: Expected, kinds: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that a key of the provider has signed."""
    if len(token) > _MOST_BYTES or not token.isascii():
        raise ProviderFault(Why.MALFORMED)
    try:
        header = dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError):
        raise ProviderFault(Why.MALFORMED) from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in expected.algorithms:
        raise ProviderFault(Why.ALGORITHM)
    if str(header.get("typ", "JWT")).upper().removeprefix("APPLICATION/") not in kinds:
        raise ProviderFault(Why.KIND)
    key = documents.key(str(key_id) if key_id is not None else None, lambda one: _fits(one, str(algorithm)))
    try:
        claims = jwt.decode(token, key, algorithms=[str(algorithm)]).claims
    except BadSignatureError:
        raise ProviderFault(Why.SIGNATURE) from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise ProviderFault(Why.MALFORMED) from None
    return header, dict(claims)


def _fits(key: Key, algorithm: str) -> bool:
    """Whether a key is of the kind, the curve and, where it says so, the algorithm that a token names."""
    told = key.as_dict(private=False)
    if told.get("kty") != _KINDS[algorithm[:2]] or told.get("alg", algorithm) != algorithm:
        return False
    return algorithm not in _CURVES or told.get("crv") == _CURVES[algorithm]


def _validate(checked: CodeIDToken, expected: Expected) -> None:
    try:
        checked.validate(int(expected.now.timestamp()), int(expected.skew.total_seconds()))
    except JoseError as fault:
        raise ProviderFault(_WHY.get(getattr(fault, "claim", ""), Why.CLAIMS)) from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise ProviderFault(Why.CLAIMS) from None


def _require_ours(claims: dict[str, Any], expected: Expected) -> None:
    """For us and nobody else: who else is in the audience could bring a token of its own here."""
    audience = claims.get("aud")
    if audience not in (expected.client_id, [expected.client_id]):
        raise ProviderFault(Why.AUDIENCE)
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise ProviderFault(Why.AUDIENCE)
    issued, ends = _time(claims.get("iat"), Why.TIME), _time(claims.get("exp"), Why.TIME)
    if not expected.now - _FRESH - expected.skew <= issued <= expected.now + expected.skew:
        raise ProviderFault(Why.TIME)
    if ends <= expected.now - expected.skew or ends < issued:
        raise ProviderFault(Why.TIME)


def _require_subject(told: Any) -> None:
    if not isinstance(told, str) or not 1 <= len(told) <= _MOST_SUBJECT or not told.isascii() or not told.isprintable():
        raise ProviderFault(Why.CLAIMS)


def _time(told: Any, why: Why) -> datetime:
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise ProviderFault(why)
    try:
        return datetime.fromtimestamp(told, UTC)
    except (ValueError, OverflowError, OSError):
        raise ProviderFault(why) from None
