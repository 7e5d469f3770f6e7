"""The small private JSON files of the key folder: read with care, written durably."""

import base64
import binascii
import json
import secrets
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from edms.core.errors import ConfigurationError, EdmsError, IntegrityFault, KeyUnavailable
from edms.vault.file_operations import storage_faults, write_durably

MAX_FILE_BYTES = 4 * 1024 * 1024
RESTORE = "restore the key folder from its backup; without it nothing of the archive can be opened"


def _checked(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    return text


Base64 = Annotated[str, AfterValidator(_checked)]


class KeyFilePart(BaseModel):
    """Base of what stands in a key file: nothing unknown is accepted, nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Part = TypeVar("_Part", bound=KeyFilePart)


def encode(content: bytes) -> str:
    """Return `content` as base64."""
    return base64.b64encode(content).decode("ascii")


def decode(text: Base64) -> bytes:
    """Undo `encode`."""
    return base64.b64decode(text, validate=True)


def write_key_file(path: Path, content: KeyFilePart) -> None:
    """Write a new key file, mode 0600, durably. Raises StorageFault, also when there is one already."""
    encoded = content.model_dump_json(indent=2).encode() + b"\n"

    def write(raw: BinaryIO) -> None:
        view = memoryview(encoded)
        while view:
            view = view[raw.write(view) :]

    write_durably(path, path.with_name(f".{secrets.token_hex(8)}.new"), write)


def read_key_file(path: Path, kind: type[_Part], what: str) -> _Part:
    """Read a key file; `what` names it for people.

    Raises KeyUnavailable (missing), IntegrityFault (damaged), ConfigurationError (from a newer release) and
    StorageFault. No error shows a value that stands in the file.
    """
    with storage_faults(f"cannot read {what} ({path})"):
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES)
        except FileNotFoundError:
            raise KeyUnavailable(f"{what} is missing: there is no {path}", RESTORE) from None
    try:
        return kind.model_validate_json(content)
    except ValidationError as fault:
        raise _refusal(path, what, content, fault) from None


def _refusal(path: Path, what: str, content: bytes, fault: ValidationError) -> EdmsError:
    try:
        version = json.loads(content)["version"]
    except (ValueError, TypeError, KeyError):
        version = None
    if isinstance(version, int) and version > 1:
        return ConfigurationError(
            f"{what} ({path}) has version {version}", "use the release that made it, or a newer one"
        )
    where = ", ".join(
        sorted({".".join(str(part) for part in error["loc"]) or "its syntax" for error in fault.errors()})
    )
    return IntegrityFault(f"{what} ({path}) is damaged at {where}", RESTORE)
