"""Configuration: one TOML file, every setting typed, documented in `config.example.toml`, overridable by environment.

Paths in the file are relative to the folder that the file lies in, so a copy of the example in an empty folder
is a whole installation (DESIGN section 6). `EDMS_SECTION__KEY` overrides a setting.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edms.core.errors import ConfigurationError
from edms.core.settings import Settings

ENVIRONMENT_PREFIX = "EDMS_"
ENVIRONMENT_FILE = "EDMS_CONFIG"


def load_settings(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration file at `path` (None: defaults below the current folder) and apply the environment.

    Raises ConfigurationError naming the file, the setting and what is wrong with it; nothing is half-applied.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    folder = Path.cwd()
    if path is not None:
        values = _read(path)
        folder = path.resolve().parent
    _override(values, environment)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, path), "config.example.toml describes every setting") from None
    return settings.rooted_at(folder)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no configuration file {path}", "copy config.example.toml there, or name another with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put EDMS_SECTION__KEY values in place; a value is read as TOML when it can be, else as plain text."""
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, key = name[len(ENVIRONMENT_PREFIX) :].lower().split("__", 1)
        table = values.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{section} must be a table, so {name} cannot override it")
        try:
            table[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            table[key] = text


def _explain(error: ValidationError, path: Path | None) -> str:
    where = str(path) if path else "the configuration"
    parts = []
    for fault in error.errors(include_url=False, include_input=False):
        setting = ".".join(str(part) for part in fault["loc"])
        reason = "is not a known setting" if fault["type"] == "extra_forbidden" else fault["msg"]
        parts.append(f"{setting}: {reason}")
    return f"{where}: " + "; ".join(parts)
