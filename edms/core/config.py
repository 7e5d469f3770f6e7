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
from pydantic_core import ErrorDetails

from edms.core.errors import ConfigurationError
from edms.core.settings import RetentionSettings, Settings

ENVIRONMENT_PREFIX = "EDMS_"
ENVIRONMENT_FILE = "EDMS_CONFIG"

_REASONS = {
    "extra_forbidden": "there is no such setting",
    "model_type": "must be a section with settings below it",
    "path_type": "must be a path in quotes",
    "string_type": "must be text in quotes",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
}


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
    overridden = _override(values, environment)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        message = "; ".join(_explain(fault, path, overridden) for fault in error.errors(include_url=False))
        raise ConfigurationError(message, "config.example.toml describes every setting") from None
    _require_rules(settings, folder)
    return settings.rooted_at(folder)


def _require_rules(settings: Settings, folder: Path) -> None:
    """The example rules stand in for the default folder only: a folder that somebody named must be there."""
    rules = settings.retention.rules
    if rules != RetentionSettings().rules and not (folder / rules).is_dir():
        raise ConfigurationError(
            f"retention.rules: there is no folder {folder / rules}", "name the folder of the rules"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no configuration file {path}", "copy config.example.toml there, or name another with --config"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not TOML: it is not UTF-8", "save it as UTF-8") from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}", "compare it with config.example.toml") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
        ) from None


def _parsed(text: str) -> dict[str, Any]:
    """Return what a TOML text holds. Raises ValueError, also where the library fails in other ways on strange ones."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("tables or lists stand too deep in each other") from None
    except OverflowError:
        raise ValueError("a number is too large") from None


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Put EDMS_SECTION__KEY values in place; return which variable set which "section.key".

    The text is taken as it is, and becomes what the setting asks for; a TOML string in quotes is read as one.
    """
    overridden = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, key = name[len(ENVIRONMENT_PREFIX) :].lower().split("__", 1)
        table = values.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{section} must be a table, so {name} cannot override it", f"write [{section}]")
        table[key] = _unquoted(text)
        overridden[f"{section}.{key}"] = name
    return overridden


def _unquoted(text: str) -> str:
    try:
        value = _parsed(f"value = {text}")["value"]
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _explain(fault: ErrorDetails, path: Path | None, overridden: Mapping[str, str]) -> str:
    setting = ".".join(str(part) for part in fault["loc"])
    named = [name for key, name in overridden.items() if key == setting or key.startswith(f"{setting}.")]
    where = ", ".join(named) or str(path or "the configuration")
    return f"{where}: {setting}: {_REASONS.get(fault['type']) or fault['msg'].removeprefix('Value error, ')}"
