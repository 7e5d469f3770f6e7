"""What a provider publishes of itself: its metadata and its keys, fetched within bounds and kept for a while.

OpenID Connect Discovery 1.0; RFC 7517. Every process keeps its own copy. A key that is not known has the keys fetched
anew, once in a while: whoever sends invented key ids makes nobody fetch without end.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.discovery import get_well_known_url
from joserfc import jwk
from joserfc.errors import JoseError

from edms.core.clock import Clock
from edms.core.exchange import NoAnswer, Reply, ask, parsed_address, safe_for_secrets
from edms.core.oidc_settings import OidcSettings
from edms.provider.answers import ProviderAway, ProviderFault, Why

log = logging.getLogger("edms.provider")

KEPT = timedelta(hours=1)
_NOT_AGAIN = timedelta(seconds=60)
_AWAY_FOR = timedelta(seconds=10)
_MOST_KEYS = 50
_MOST_AT_ONCE = 3
"""A provider that answers slowly holds so many threads of a process, and the others go on serving."""
_LEAST_RSA_BITS = 2048
_KINDS = ("RSA", "EC", "OKP")

Key = jwk.RSAKey | jwk.ECKey | jwk.OKPKey


@dataclass(frozen=True)
class Metadata:
    """The endpoints of a provider; `end_session` is "" where it has none; `names_itself`: RFC 9207."""

    authorization: str
    token: str
    keys: str
    end_session: str
    names_itself: bool


class Documents:
    """The metadata and keys of the issuer in `settings`; `roots` is a PEM text, or empty."""

    def __init__(self, settings: OidcSettings, clock: Clock, roots: str) -> None:
        self._settings = settings
        self._clock = clock
        self._roots = roots
        self._lock = threading.Lock()
        self._asking = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, dict[str, Key], list[Key]] | None = None
        self._away_since: datetime | None = None

    def metadata(self) -> Metadata:
        """Return what the provider says of itself. Raises ProviderFault."""
        with self._lock:
            kept = self._metadata
        if kept is not None and self._is_fresh(kept[0], KEPT):
            return kept[1]
        found = _metadata(self._settings.issuer, self._document(get_well_known_url(self._settings.issuer, True)))
        with self._lock:
            self._metadata = self._clock.now(), found
        return found

    def key(self, key_id: str | None, fits: Callable[[Key], bool]) -> Key:
        """Return the one key of this id that fits, or, without an id, the only one that does. Raises ProviderFault."""
        kept = self._kept_keys()
        found = _chosen(kept, key_id, fits)
        if found is None and not self._is_fresh(kept[0], _NOT_AGAIN):
            found = _chosen(self._fetched_keys(), key_id, fits)
        if found is None:
            raise ProviderFault(Why.KEY)
        return found

    def ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Reply:
        """Ask the provider; no redirect is followed. Raises ProviderAway.

        For a moment after it did not answer it is not asked again: everybody who signs in would wait for it.
        """
        if self._away_since is not None and self._is_fresh(self._away_since, _AWAY_FOR):
            raise ProviderAway("it did not answer a moment ago")
        if not self._asking.acquire(blocking=False):
            raise ProviderAway("as many ask it already as may")
        try:
            told = self._settings
            reply = ask(
                method, url, headers, body, timeout=told.timeout_seconds, most=told.max_bytes, roots=self._roots
            )
        except NoAnswer as fault:
            self._away_since = self._clock.now()
            log.warning("the sign-in provider does not answer (%s)", fault)
            raise ProviderAway(str(fault)) from None
        finally:
            self._asking.release()
        self._away_since = None
        return reply

    def _is_fresh(self, since: datetime, for_so_long: timedelta) -> bool:
        return timedelta(0) <= self._clock.now() - since < for_so_long

    def _kept_keys(self) -> tuple[datetime, dict[str, Key], list[Key]]:
        with self._lock:
            kept = self._keys
        return kept if kept is not None and self._is_fresh(kept[0], KEPT) else self._fetched_keys()

    def _fetched_keys(self) -> tuple[datetime, dict[str, Key], list[Key]]:
        named, unnamed = _keys(self._document(self.metadata().keys))
        found = self._clock.now(), named, unnamed
        with self._lock:
            self._keys = found
        return found

    def _document(self, url: str) -> dict[str, Any]:
        reply = self.ask("GET", url, {"Accept": "application/json"}, None)
        if reply.status != 200:
            log.warning("the sign-in provider answered with status %d where its documents are", reply.status)
            raise ProviderFault(Why.METADATA, f"status {reply.status}")
        return object_in(reply.content, Why.METADATA)


def object_in(content: bytes, why: Why) -> dict[str, Any]:
    """Return the JSON object in `content`. Raises ProviderFault(`why`)."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ProviderFault(why, "not JSON") from None
    if not isinstance(found, dict):
        raise ProviderFault(why, "no object")
    return found


def _metadata(issuer: str, told: dict[str, Any]) -> Metadata:
    """Metadata of another issuer would lead everybody there (section 4.3), so it is compared letter by letter."""
    if told.get("issuer") != issuer:
        raise ProviderFault(Why.ISSUER, "the metadata is of another issuer")
    flows = told.get("response_types_supported")
    if not isinstance(flows, list) or "code" not in flows:
        raise ProviderFault(Why.METADATA, "it does not know the authorization code flow")
    return Metadata(
        _endpoint(issuer, told, "authorization_endpoint"),
        _endpoint(issuer, told, "token_endpoint"),
        _endpoint(issuer, told, "jwks_uri"),
        _endpoint(issuer, told, "end_session_endpoint", needed=False),
        told.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(issuer: str, told: dict[str, Any], name: str, *, needed: bool = True) -> str:
    url = told.get(name, "")
    if not url and not needed:
        return ""
    try:
        fit = isinstance(url, str) and url.isprintable() and safe_for_secrets(url)
        # An issuer in the network does not send us to a service of this machine.
        if fit and issuer.startswith("https://"):
            fit = parsed_address(url).scheme == "https"
    except ValueError:
        fit = False
    if not fit:
        raise ProviderFault(Why.METADATA, f"{name} is no address that may be asked")
    return str(url)


def _keys(told: dict[str, Any]) -> tuple[dict[str, Key], list[Key]]:
    """Return the keys by id, and all of them. What is no key for signatures is left out; symmetric ones above all."""
    listed = told.get("keys")
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ProviderFault(Why.METADATA, "no list of keys, or too long a one")
    named: dict[str, Key] = {}
    found = []
    for one in listed:
        key = _key(one)
        if key is None:
            continue
        found.append(key)
        if isinstance(one.get("kid"), str) and named.setdefault(one["kid"], key) is not key:
            raise ProviderFault(Why.METADATA, "two keys have one id")
    return named, found


def _key(told: Any) -> Key | None:
    if not isinstance(told, dict) or told.get("kty") not in _KINDS or told.get("use", "sig") != "sig":
        return None
    try:
        key = jwk.import_key({name: value for name, value in told.items() if name != "key_ops"})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, jwk.RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
        return None
    return key if isinstance(key, jwk.RSAKey | jwk.ECKey | jwk.OKPKey) else None


def _chosen(
    kept: tuple[datetime, dict[str, Key], list[Key]], key_id: str | None, fits: Callable[[Key], bool]
) -> Key | None:
    _since, named, every = kept
    found = [named[key_id]] if key_id in named else [] if key_id is not None else every
    fitting = [key for key in found if fits(key)]
    return fitting[0] if len(fitting) == 1 else None
