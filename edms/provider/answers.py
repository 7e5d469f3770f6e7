"""What is asked of a sign-in provider, what came of it, and what was wrong: plain values, no secrets in any message."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from edms.core.errors import EdmsError


class Why(StrEnum):
    """Why an answer is not believed: stable codes for the trail. What the provider says in words is never passed on."""

    STATE = "state"
    MIXED_UP = "mixed_up"
    DENIED = "denied"
    MALFORMED = "malformed"
    AWAY = "away"
    METADATA = "metadata"
    CODE = "code_not_taken"
    SIGNATURE = "signature"
    ALGORITHM = "algorithm"
    KEY = "key"
    KIND = "kind_of_token"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    NONCE = "nonce"
    TIME = "time"
    AUTHENTICATED_AT = "authenticated_at"
    ACCESS_TOKEN = "access_token_hash"  # noqa: S105 - a code, not a token
    CLAIMS = "claims"
    REPLAYED = "replayed"


class ProviderFault(EdmsError):
    """The provider, or somebody in its place, gave an answer that is not believed, or none."""

    exit_code = 1

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"the sign-in provider is not believed ({why})")
        self.why = why
        self.detail = detail


class ProviderAway(ProviderFault):
    """The provider does not answer in time, or in too many bytes."""

    def __init__(self, detail: str) -> None:
        super().__init__(Why.AWAY, detail)


@dataclass(frozen=True)
class Flow:
    """One way to the provider and back. `state` is the browser's; the other two follow from it under the key ring."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What the browser brought back (RFC 6749, section 4.1.2; RFC 9207): each once, "" where there is none."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    issuer: str = ""


@dataclass(frozen=True)
class Told:
    """What the provider says of somebody. `groups` None: it says nothing of groups. `methods`: amr and acr.

    `authenticated_at`: when somebody proved it there, None where it does not say.
    """

    subject: str
    session: str
    user_name: str
    name: str
    groups: frozenset[str] | None
    second_factor: bool
    methods: tuple[str, ...]
    authenticated_at: datetime | None


@dataclass(frozen=True)
class SignedOut:
    """What a logout token says: of whom (`subject`), which session there (`session`), "" where not told; its own id."""

    subject: str
    session: str
    token_id: str
    issued_at: datetime
