"""The mapping of a manifest: which column holds what, how dates are written, what words stand for which values."""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from edms.core.errors import Refused
from edms.core.settings_section import Section

FIELDS = (
    "file", "title", "number", "date", "class", "edition", "office", "level", "kip", "folder", "location", "sender",
    "recipient", "type", "development", "medium", "language",
)  # fmt: skip
VALUED = ("class", "edition", "office", "level", "kip", "folder", "type", "development", "medium", "language")
DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y")
UNKNOWN_DATES = ("", "-", "--", "?", "tidak diketahui", "tanpa tanggal", "t.t.", "tt", "unknown")
LEVEL_WORDS = {
    "biasa": "open", "terbuka": "open", "biasa/terbuka": "open", "b": "open", "terbatas": "restricted",
    "t": "restricted", "rahasia": "secret", "r": "secret", "sangat rahasia": "top_secret", "sr": "top_secret",
}  # fmt: skip
KIP_WORDS = {"serta merta": "serta_merta", "setiap saat": "setiap_saat", "secara berkala": "berkala"}


class ManifestShape(Section):
    """`several`: what stands between the paths in a cell that holds more than one."""

    sheet: str = ""
    header_row: int = Field(1, ge=1, le=1000)
    encoding: str = ""
    delimiter: str = Field("", max_length=1)
    several: str = Field(";", max_length=3)


class DateShape(Section):
    """`unknown`: what is written where a date is not known (compared without regard to case)."""

    formats: tuple[str, ...] = DATE_FORMATS
    unknown: tuple[str, ...] = UNKNOWN_DATES
    year_alone_is_unknown: bool = True

    @field_validator("formats")
    @classmethod
    def _whole_dates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for shape in value:
            if "%y" in shape or not (
                "%Y" in shape and "%d" in shape and any(part in shape for part in ("%m", "%B", "%b"))
            ):
                raise ValueError(f"{shape!r} must have %d, one of %m, %B and %b, and %Y (four digits)")
        return value


class Mapping(Section):
    """A whole mapping. `columns` names the heading of each field, `defaults` what holds where a cell is empty,
    `values` for a field what its words stand for."""

    manifest: ManifestShape = ManifestShape()
    columns: dict[str, str]
    defaults: dict[str, str] = Field(default_factory=dict)
    dates: DateShape = DateShape()
    values: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        _require(value, FIELDS)
        if "file" not in value:
            raise ValueError("must name the column of `file`, the path of each document")
        return value

    @field_validator("defaults")
    @classmethod
    def _known_defaults(cls, value: dict[str, str]) -> dict[str, str]:
        _require(value, tuple(name for name in FIELDS if name not in ("file", "title", "number", "date")))
        return value

    @field_validator("values")
    @classmethod
    def _known_valued(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        _require(value, VALUED)
        return {name: {word.casefold(): stands for word, stands in words.items()} for name, words in value.items()}

    def value_of(self, field: str, text: str) -> str:
        """Return what a word of the manifest stands for: as the mapping says, else the usual word, else itself."""
        word = " ".join(text.split()).casefold()
        own = self.values.get(field, {}).get(word)
        usual = {"level": LEVEL_WORDS, "kip": KIP_WORDS}.get(field, {}).get(word)
        return own if own is not None else usual or text


def _require(given: dict[str, object] | dict[str, str] | dict[str, dict[str, str]], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"there is no field {unknown[0]!r}; there are {', '.join(known)}")


def load_mapping(path: Path) -> Mapping:
    """Read a mapping. Raises Refused naming the file and what is wrong with it."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False)
        )
        raise Refused(f"{path}: {faults}", "docs/capture.md describes every part of a mapping") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is not TOML: {error}", "docs/capture.md has an example") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
