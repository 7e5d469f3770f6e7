"""What a separator sheet says, and the text of its QR code. Format: docs/batches.md."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

PREFIX = "EDMS-PEMISAH:"
VERSION = "1"
LONGEST = 1000
_KEYS = {"o": "office", "c": "class_code", "f": "folder", "l": "level", "t": "title"}
_MOST = {"office": 40, "class_code": 40, "folder": 80, "level": 20, "title": 300}


class BadSheet(ValueError):
    """The code begins as that of a separator sheet and is none that can be read."""


@dataclass(frozen=True)
class Sheet:
    """Where what follows the sheet goes: codes of office, class and folder, name of the level; "" for what is unsaid.

    Nothing here is checked against the archive: a sheet is paper that anybody can print.
    """

    office: str = ""
    class_code: str = ""
    folder: str = ""
    level: str = ""
    title: str = ""

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _MOST}

    def encode(self) -> str:
        """Return the text of the QR code. The same sheet, the same text."""
        said = [(key, getattr(self, name)) for key, name in _KEYS.items() if getattr(self, name)]
        return f"{PREFIX}{VERSION}?{urlencode(said)}"


EMPTY_SHEET = Sheet()


def sheet_from(told: dict[str, str]) -> Sheet:
    """Return the sheet with these fields. Raises BadSheet for what is no text of its length."""
    if not isinstance(told, dict) or not set(told) <= set(_MOST):
        raise BadSheet("a field that no sheet has")
    for name in unfit_fields(told):
        raise BadSheet(f"{name} is no text of at most {_MOST[name]} characters")
    return Sheet(**told)


def unfit_fields(told: dict[str, str]) -> list[str]:
    """Return the names of the fields of a sheet that hold no text of their length, in the order of `Sheet`."""

    def fits(value: object, most: int) -> bool:
        return isinstance(value, str) and len(value) <= most and value.isprintable()

    return [name for name, most in _MOST.items() if not fits(told.get(name, ""), most)]


def is_sheet(code: str) -> bool:
    """Whether a code read from a page is meant to be that of a separator sheet."""
    return code.startswith(PREFIX)


def read_sheet(code: str) -> Sheet:
    """Return what a code says. Raises BadSheet: another version, an unknown field, one twice, too long."""
    version, mark, said = code.removeprefix(PREFIX).partition("?")
    if not is_sheet(code) or len(code) > LONGEST:
        raise BadSheet("no code of a separator sheet")
    if version != VERSION or not mark:
        raise BadSheet("a separator sheet of a version that is not known here")
    try:
        pairs = parse_qsl(said, keep_blank_values=True, strict_parsing=bool(said), errors="strict")
    except ValueError:
        raise BadSheet("the fields of the separator sheet cannot be read") from None
    fields = {_KEYS.get(key, ""): value for key, value in pairs}
    if "" in fields or len(fields) != len(pairs):
        raise BadSheet("the separator sheet has an unknown field, or one twice")
    return sheet_from(fields)
