"""Settings of sign-in by the organisation's provider (OpenID Connect): `docs/sign-in.md`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from edms.core.exchange import parsed_address, safe_for_secrets
from edms.core.settings_section import Section

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class OidcSettings(Section):
    """`issuer` empty: nobody signs in by a provider. `client_secret`: where it comes from; empty: PKCE alone.

    `roots`: a PEM file under which the provider's own certificate is believed; None: what the machine believes.
    `second_factor_values`: the values of `amr` or `acr` by which a sign-in counts as two factors here.
    """

    issuer: str = Field("", max_length=300)
    client_id: str = Field("", max_length=300)
    client_secret: str = Field("", pattern=r"^(file:.+|credential:[A-Za-z0-9._-]{1,100})?$")
    client_authentication: Literal["basic", "post"] = "basic"
    roots: Path | None = None
    label: str = Field("", max_length=60)
    scopes: tuple[str, ...] = ("openid", "profile")
    claim_user_name: str = Field("preferred_username", min_length=1, max_length=200)
    claim_name: str = Field("name", min_length=1, max_length=200)
    claim_groups: str = Field("groups", min_length=1, max_length=200)
    create_people: bool = False
    bind_by_user_name: bool = False
    follow_groups: bool = False
    second_factor_values: tuple[str, ...] = ()
    ask_for_acr: str = Field("", max_length=200)
    sign_out_there: bool = True
    algorithms: tuple[Algorithm, ...] = Field(("RS256", "PS256", "ES256", "EdDSA"), min_length=1)
    clock_skew_seconds: int = Field(60, ge=0, le=300)
    timeout_seconds: float = Field(5.0, gt=0, le=30)
    max_bytes: int = Field(262_144, ge=4096, le=4 * 1024 * 1024)

    @field_validator("roots", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("issuer")
    @classmethod
    def _an_issuer(cls, value: str) -> str:
        if not value:
            return value
        if not safe_for_secrets(value):
            raise ValueError("must begin with https:// (http:// only on this machine)")
        parts = parsed_address(value)
        if parts.query or parts.fragment or "?" in value or "#" in value:
            raise ValueError("has no query and no fragment (OpenID Connect Discovery 1.0, section 3)")
        return value

    @field_validator("scopes")
    @classmethod
    def _openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value or any(not one or not one.isascii() or any(map(str.isspace, one)) for one in value):
            raise ValueError("scopes are words, and openid is one of them")
        if "offline_access" in value:
            raise ValueError("offline_access is not asked for: no token of the provider is kept")
        return value

    def rooted_at(self, folder: Path) -> "OidcSettings":
        """Return a copy whose paths are absolute."""
        kind, _, place = self.client_secret.partition(":")
        return self.model_copy(
            update={
                "roots": folder / self.roots if self.roots else None,
                "client_secret": f"file:{folder / place}" if kind == "file" else self.client_secret,
            }
        )
