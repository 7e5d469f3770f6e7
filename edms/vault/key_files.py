"""The small private JSON files of the key folder: read with care, written durably."""

import base64
import binascii
import contextlib
import json
import secrets
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from edms.core.errors import ConfigurationError, EdmsError, IntegrityFault, KeyUnavailable
from edms.vault.file_operations import (
    folder_lock,
    make_private_folder,
    replace_and_overwrite,
    storage_faults,
    write_durably,
)

PROVIDER_FILE = "provider.json"
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


class ProviderFile(KeyFilePart):
    """Which key outside this folder opens its secrets: `name` as the token or the server knows it."""

    format: Literal["edms-provider"] = "edms-provider"
    version: Literal[1] = 1
    provider: Literal["pkcs11", "transit"]
    key_id: str = Field(pattern="^[0-9a-z-]{1,64}$")
    name: str = Field(min_length=1, max_length=200)


def create_provider_file(folder: Path, content: ProviderFile) -> None:
    """Write `provider.json` in the key folder (made when missing). Raises ConfigurationError when there is one."""
    make_private_folder(folder)
    with folder_lock(folder):
        if (folder / PROVIDER_FILE).exists():
            raise ConfigurationError(f"{folder / PROVIDER_FILE} is there already", "it is never overwritten")
        write_key_file(folder / PROVIDER_FILE, content)


def read_provider_file(folder: Path, provider: str) -> ProviderFile:
    """Read `provider.json`; raises like `read_key_file`, and ConfigurationError when it is of another provider."""
    found = read_key_file(folder / PROVIDER_FILE, ProviderFile, "the file that names the key provider")
    if found.provider != provider:
        raise ConfigurationError(
            f"the keys in {folder} are held by {found.provider}, and [keys] provider is {provider}",
            f"set [keys] provider to {found.provider}",
        )
    return found


def write_key_file(path: Path, content: KeyFilePart, *, replace: bool = False) -> None:
    """Write a key file, mode 0600, durably. Raises StorageFault, also when there is one already.

    With `replace` it takes the place of the old one, whose bytes are overwritten.
    """
    encoded = content.model_dump_json(indent=2).encode() + b"\n"

    def write(raw: BinaryIO) -> None:
        view = memoryview(encoded)
        while view:
            view = view[raw.write(view) :]

    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    if replace:
        replace_and_overwrite(path, temporary, write)
    else:
        write_durably(path, temporary, write)


def read_key_file(path: Path, kind: type[_Part], what: str, *, locked: bool = False) -> _Part:
    """Read a key file; `what` names it for people; `locked`: the caller holds the folder's lock.

    Raises KeyUnavailable (missing), IntegrityFault (damaged), ConfigurationError (from a newer release) and
    StorageFault. No error shows a value that stands in the file.
    """
    if not path.parent.is_dir():
        raise KeyUnavailable(f"{what} is missing: there is no {path}", RESTORE)
    # Under the lock, because who replaces a key file overwrites the old one.
    lock = contextlib.nullcontext() if locked else folder_lock(path.parent, shared=True)
    with lock, storage_faults(f"cannot read {what} ({path})"):
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
    except (ValueError, TypeError, KeyError, RecursionError):
        version = None
    if isinstance(version, int) and version > 1:
        return ConfigurationError(
            f"{what} ({path}) has version {version}", "use the release that made it, or a newer one"
        )
    where = ", ".join(
        sorted({".".join(str(part) for part in error["loc"]) or "its syntax" for error in fault.errors()})
    )
    return IntegrityFault(f"{what} ({path}) is damaged at {where}", RESTORE)
