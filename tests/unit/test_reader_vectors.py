"""The published vectors of every reader in tests/readers.py, and those of the codes of rows' states."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from readers import READERS

from edms.operation.states import RowStates

VECTORS = Path(__file__).parent.parent / "vectors"
FOLDERS = sorted({reader.vectors for reader in READERS.values()} | {"row_states"})


def cases(kind: str) -> list[Any]:
    files = [file for folder in FOLDERS for file in sorted((VECTORS / folder / kind).glob("*.json"))]
    return [pytest.param(json.loads(file.read_text("utf-8")), id=f"{file.parts[-3]}-{file.stem}") for file in files]


def given(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def state_agrees(case: dict[str, Any]) -> bool:
    told = json.loads(case["text"])
    made = RowStates(bytes.fromhex(told["secret"])).code(told["kind"], told["key"], told["version"], told["state"])
    return bool(made == told["code"])


@pytest.mark.parametrize("case", cases("accept"))
def test_a_good_vector_is_read(case: dict[str, Any]) -> None:
    if case["kind"] == "row-state":
        assert state_agrees(case)
    else:
        assert READERS[case["kind"]].read(given(case)) == case["read"]


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_vector_is_refused_or_reads_as_told(case: dict[str, Any]) -> None:
    if case["kind"] == "row-state":
        assert not state_agrees(case)
        return
    reader = READERS[case["kind"]]
    if "refused" not in case:
        assert reader.read(given(case)) == case["read"]
        return
    with pytest.raises(reader.refusals) as raised:
        reader.read(given(case))
    assert case["refused"] in str(raised.value)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_vectors_are_what_their_script_makes(folder: str) -> None:
    specification = importlib.util.spec_from_file_location(f"make_{folder}", VECTORS / folder / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for kind, made in (("accept", script.accepted()), ("reject", script.rejected())):
        assert {file.stem: json.loads(file.read_text()) for file in (VECTORS / folder / kind).glob("*.json")} == made
