"""Settings of the ways in that nobody sits at: watched folders. `docs/capture.md` describes each."""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from pydantic import Field, field_validator, model_validator

from edms.core.settings_section import Section

LevelName = Literal["", "open", "restricted", "secret", "top_secret"]
NAME = r"^[a-z][a-z0-9-]{0,39}$"
TEMPORARY_NAMES = (
    "*.part", "*.partial", "*.filepart", "*.crdownload", "*.tmp", "*.temp", "*~", "~*", ".*",
    "Thumbs.db", "desktop.ini",
)  # fmt: skip


class Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


def distinct(entries: tuple[Entry, ...], what: str) -> tuple[Entry, ...]:
    """Return `entries`, each with a name of its own. Raises ValueError: what was captured is kept under the name."""
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two of the {what} are named {', '.join(twice)}")
    return entries


class Placing(Section):
    """Where things go: office code, classification code and security level; empty where it is not said."""

    office: str = Field("", max_length=40)
    class_code: str = Field("", alias="class", max_length=40)
    level: LevelName = ""


class FolderRule(Placing):
    """What holds for a sub-folder and all below it instead of the watched folder's own; `*` stands for any one name."""

    below: str = Field(min_length=1)

    @field_validator("below")
    @classmethod
    def _inside(cls, value: str) -> str:
        parts = value.strip("/").split("/")
        if not all(part and part not in (".", "..") for part in parts):
            raise ValueError("must be a path below the watched folder, such as keuangan/rahasia")
        return "/".join(parts)


SECRET_FROM = r"^(|file:.+|credential:[A-Za-z0-9._-]{1,100})$"  # noqa: S105 - where a secret comes from
LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


class MailPlacing(Placing):
    """`keep`: the whole message is the record ("message"), or each attachment is one, the message its metadata.

    `authserv_id`: whose Authentication-Results are believed: the mail server that received the message for us.
    """

    keep: Literal["message", "attachments"] = "message"
    authserv_id: str = ""


class Mailbox(MailPlacing):
    """An IMAP mailbox that is emptied into the archive. `password` says where the secret comes from; it is none."""

    name: str = Field(pattern=NAME)
    office: str = Field(min_length=1, max_length=40)
    host: str = Field(min_length=1)
    port: int = Field(993, ge=1, le=65_535)
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: Path | None = None
    user: str = Field(min_length=1)
    password: str = Field(pattern=SECRET_FROM, min_length=1)
    mailbox: str = "INBOX"
    done: str = Field("Arsip", min_length=1)
    failed: str = Field("Arsip-gagal", min_length=1)
    interval_seconds: float = Field(60.0, ge=1, le=86_400)
    timeout_seconds: float = Field(30.0, gt=0, le=600)
    max_message_bytes: int = Field(50 * 1024 * 1024, ge=1024)

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> "Mailbox":
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("tls may be none on this machine only: the password would cross the network in the clear")
        return self

    def rooted_at(self, folder: Path) -> "Mailbox":
        return self.model_copy(
            update={
                "ca_file": folder / self.ca_file if self.ca_file else None,
                "password": rooted_secret(self.password, folder),
            }
        )


class MailRoute(MailPlacing):
    """Where mail to a recipient goes; `*` in `recipient` stands for anything."""

    recipient: str = Field(min_length=1)
    office: str = Field(min_length=1, max_length=40)


class Listener(Section):
    """An SMTP listener for multifunction printers. `networks` and `senders` say who may bring mail."""

    name: str = Field(pattern=NAME)
    host: str = "127.0.0.1"
    port: int = Field(2525, ge=0, le=65_535)
    routes: tuple[MailRoute, ...] = Field(min_length=1)
    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    senders: tuple[str, ...] = ("*",)
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password: str = Field("", pattern=SECRET_FROM)
    max_message_bytes: int = Field(50 * 1024 * 1024, ge=1024)
    max_hops: int = Field(50, ge=1, le=1000)

    @field_validator("networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value

    @model_validator(mode="after")
    def _safe(self) -> "Listener":
        if self.certificate is None and self.host not in LOOPBACK:
            raise ValueError("certificate and key must be given: off this machine mail is taken under TLS only")
        if bool(self.certificate) != bool(self.key) or bool(self.user) != bool(self.password):
            raise ValueError("certificate goes with key, and user with password")
        return self

    def rooted_at(self, folder: Path) -> "Listener":
        update = {
            "certificate": folder / self.certificate if self.certificate else None,
            "key": folder / self.key if self.key else None,
            "password": rooted_secret(self.password, folder),
        }
        return self.model_copy(update=update)


def rooted_secret(source: str, folder: Path) -> str:
    """Return a source of a secret whose file, if it is one, is absolute."""
    kind, _, name = source.partition(":")
    return f"file:{folder / name}" if kind == "file" else source


class WatchedFolder(Placing):
    """A folder that a scanner or a program puts files into. `office` owns what comes in."""

    name: str = Field(pattern=NAME)
    path: Path
    office: str = Field(min_length=1, max_length=40)
    rules: tuple[FolderRule, ...] = ()
    done: Path = Path("done")
    failed: Path = Path("failed")
    interval_seconds: float = Field(10.0, ge=0.1, le=86_400)
    settle_seconds: float = Field(5.0, ge=0, le=3600)
    skip: tuple[str, ...] = TEMPORARY_NAMES

    def rooted_at(self, folder: Path) -> "WatchedFolder":
        """Return a copy with absolute paths: `path` from `folder`, `done` and `failed` from `path`.

        Raises ValueError when one of the two would be the watched folder itself.
        """
        path = folder / self.path
        return self.model_copy(update={"path": path, "done": path / self.done, "failed": path / self.failed})

    @field_validator("done", "failed")
    @classmethod
    def _elsewhere(cls, value: Path) -> Path:
        if value in (Path(), Path("/")) or ".." in value.parts:
            raise ValueError("must be a folder of its own: a name below the watched folder, or an absolute path")
        return value
