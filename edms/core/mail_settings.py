"""Settings of outgoing mail: by which server reports are sent, and what may be in them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from edms.core.intake_settings import LOOPBACK, SECRET_FROM, rooted_secret
from edms.core.settings_section import Section

ADDRESS = r"^[^@\s<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,190}$"


class MailSettings(Section):
    """`host` empty: nothing is sent. `password` says where the secret comes from; it is none.

    `domains`: to whom mail may go, by what follows the @; none named: to anybody. `attachments`: whether lists
    themselves may be sent; else a mail has counts and a link.
    """

    host: str = Field("", max_length=253)
    port: int = Field(587, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    user: str = ""
    password: str = Field("", pattern=SECRET_FROM)
    sender: str = Field("", pattern=f"{ADDRESS}|^$")
    domains: tuple[str, ...] = ()
    attachments: bool = False
    most_attachment_bytes: int = Field(10 * 1024 * 1024, ge=1024, le=100 * 1024 * 1024)
    timeout_seconds: float = Field(30.0, gt=0, le=600)

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _whole(self) -> "MailSettings":
        if self.host and not self.sender:
            raise ValueError("sender must be given: whom the mail is from")
        if bool(self.user) != bool(self.password):
            raise ValueError("user goes with password")
        if self.host and self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("tls may be none on this machine only: reports would cross the network in the clear")
        return self

    def permits(self, address: str) -> bool:
        """Whether mail may go to that address."""
        domain = address.rpartition("@")[2].lower()
        return not self.domains or domain in {one.lower() for one in self.domains}

    def rooted_at(self, folder: Path) -> "MailSettings":
        """Return a copy whose paths are absolute, relative ones having been taken from `folder`."""
        ca_file = folder / self.ca_file if self.ca_file else None
        return self.model_copy(update={"ca_file": ca_file, "password": rooted_secret(self.password, folder)})
