"""`config.example.toml` is the manual of the settings: each is there, with its default and a word about it."""

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edms.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config.example.toml"


def shown() -> dict[str, dict[str, Any]]:
    return tomllib.loads(EXAMPLE.read_text("utf-8"))


def sections() -> dict[str, type[BaseModel]]:
    found = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found[name] = field.annotation
    return found


def test_every_setting_is_shown_and_no_other() -> None:
    model = {section: set(kind.model_fields) for section, kind in sections().items()}
    assert {section: set(values) for section, values in shown().items()} == model


def test_what_is_shown_is_the_default() -> None:
    for section, kind in sections().items():
        written, default = kind.model_validate(shown()[section]), kind.model_validate({})
        assert written == default, section


def test_each_is_explained() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    section_open = False
    for before, line in itertools.pairwise(lines):
        if re.match(r"\w+ = ", line):
            explained = before.startswith("#") or (re.match(r"\w+ = ", before) and section_open)
            assert explained, line
        section_open = line.startswith("#") or (section_open and bool(re.match(r"\w+ = ", line)))
