"""Settings of an LDAP directory or Active Directory: `docs/sign-in.md` and `docs/people.md`."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from edms.core.intake_settings import LOOPBACK, SECRET_FROM, rooted_secret
from edms.core.settings_section import Section

ATTRIBUTE = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"
_PORTS = {"ldap": 389, "ldaps": 636}


class LdapSettings(Section):
    """No `servers`: no directory. `groups`: how those of a person are found: by `member_of_attribute` of the entry, by
    searching for groups that have it as a member, or so with groups in groups (Active Directory).

    `attempts_known_device` and `attempts_elsewhere`: failed sign-ins of one account that are passed on to the directory
    in `attempts_window_minutes`; together less than what locks an account there.
    """

    servers: tuple[str, ...] = ()
    starttls: bool = True
    ca_file: Path | None = None
    bind_dn: str = Field("", max_length=400)
    bind_password: str = Field("", pattern=SECRET_FROM)
    connect_timeout_seconds: float = Field(3.0, gt=0, le=60)
    timeout_seconds: int = Field(10, ge=1, le=120)
    retry_after_seconds: float = Field(10.0, ge=0, le=600)
    people_base: str = Field("", max_length=400)
    people_filter: str = Field("(objectClass=inetOrgPerson)", max_length=1000)
    user_attribute: str = Field("uid", pattern=ATTRIBUTE)
    name_attribute: str = Field("cn", pattern=ATTRIBUTE)
    id_attribute: str = Field("entryUUID", pattern=ATTRIBUTE)
    groups: Literal["member_of", "search", "nested"] = "member_of"
    member_of_attribute: str = Field("memberOf", pattern=ATTRIBUTE)
    groups_base: str = Field("", max_length=400)
    groups_filter: str = Field("(objectClass=groupOfNames)", max_length=1000)
    member_attribute: str = Field("member", pattern=ATTRIBUTE)
    offices_base: str = Field("", max_length=400)
    offices_filter: str = Field("(objectClass=organizationalUnit)", max_length=1000)
    office_code_attribute: str = Field("ou", pattern=ATTRIBUTE)
    office_name_attribute: str = Field("description", pattern=ATTRIBUTE)
    page_size: int = Field(500, ge=1, le=5000)
    max_entries: int = Field(50_000, ge=1, le=1_000_000)
    attempts_known_device: int = Field(3, ge=1, le=100)
    attempts_elsewhere: int = Field(3, ge=1, le=100)
    attempts_window_minutes: int = Field(30, ge=1, le=60)
    sync_minutes: int = Field(0, ge=0, le=10_080)
    sync_complete: bool = False
    most_deactivated_percent: int = Field(20, ge=1, le=100)

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("people_filter", "groups_filter", "offices_filter")
    @classmethod
    def _whole_filter(cls, value: str) -> str:
        if not (value.startswith("(") and value.endswith(")")):
            raise ValueError("a filter stands in brackets, such as (objectClass=person)")
        return value

    @model_validator(mode="after")
    def _safe(self) -> "LdapSettings":
        for server in self.servers:
            scheme, host, _port = server_parts(server)
            if scheme == "ldap" and not self.starttls and host not in LOOPBACK:
                raise ValueError("starttls may be off on this machine only: passwords would cross the network readable")
        if self.servers and not (self.people_base and self.bind_dn and self.bind_password):
            raise ValueError("servers need people_base, bind_dn and bind_password too")
        if self.servers and self.groups != "member_of" and not self.groups_base:
            raise ValueError("groups that are searched for need groups_base")
        return self

    def rooted_at(self, folder: Path) -> "LdapSettings":
        """Return a copy whose paths are absolute."""
        update = {
            "ca_file": folder / self.ca_file if self.ca_file else None,
            "bind_password": rooted_secret(self.bind_password, folder),
        }
        return self.model_copy(update=update)


def server_parts(server: str) -> tuple[str, str, int]:
    """Return scheme, host and port of the address of a server. Raises ValueError."""
    parts = urlsplit(server)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{server!r} is no address of a directory: ldaps://HOST[:PORT], or ldap://HOST for StartTLS")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
