"""Settings of the ways in that nobody sits at: watched folders. `docs/capture.md` describes each."""

from pathlib import Path
from typing import Literal, Protocol, TypeVar

from pydantic import Field, field_validator

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
