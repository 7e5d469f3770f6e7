"""Settings of the letterhead of printed lists: of the archive, and of offices that have one of their own."""

from pathlib import Path

from pydantic import Field, field_validator

from edms.core.settings_section import Section


class Letterhead(Section):
    """`name` empty: the office's own. `lines`: address, telephone, mail. `logo`: a PNG or JPEG, or none."""

    name: str = Field("", max_length=200)
    lines: list[str] = Field(default_factory=list, max_length=5)
    logo: Path | None = None

    @field_validator("logo", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class OfficeLetterhead(Letterhead):
    office: str = Field(min_length=1, max_length=40)


class LetterheadSettings(Letterhead):
    offices: list[OfficeLetterhead] = Field(default_factory=list, max_length=1000)

    def of(self, office: str) -> Letterhead:
        """Return the letterhead of the office of that code, or of the archive."""
        return next((one for one in self.offices if one.office == office), self)

    def rooted_at(self, folder: Path) -> "LetterheadSettings":
        """Return a copy whose logos are absolute, relative ones having been taken from `folder`."""
        offices = [one.model_copy(update=_logo(one, folder)) for one in self.offices]
        return self.model_copy(update={"offices": offices, **_logo(self, folder)})


def _logo(letterhead: Letterhead, folder: Path) -> dict[str, Path | None]:
    return {"logo": folder / letterhead.logo if letterhead.logo else None}
