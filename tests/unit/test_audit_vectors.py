"""The published vectors of the audit formats: what must be taken, and what must be refused."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from edms.audit import tree
from edms.audit.events import read_leaf
from edms.audit.note import open_checkpoint
from edms.core.errors import IntegrityFault

FOLDER = Path(__file__).parent.parent / "vectors" / "audit"


def cases(folder: str) -> list[Any]:
    found = sorted((FOLDER / folder).glob("*.json"))
    assert found, "the vectors are gone"
    return [pytest.param(json.loads(file.read_text(encoding="utf-8")), id=file.stem) for file in found]


def accepted(case: dict[str, Any]) -> bool:
    """Let our own code judge a vector."""
    if case["kind"] == "inclusion":
        leaf = tree.leaf_hash(bytes.fromhex(case["leaf"]))
        path = [bytes.fromhex(step) for step in case["proof"]]
        return tree.included(leaf, case["index"], case["size"], path, bytes.fromhex(case["root"]))
    if case["kind"] == "consistency":
        path = [bytes.fromhex(step) for step in case["proof"]]
        roots = bytes.fromhex(case["old_root"]), bytes.fromhex(case["root"])
        return tree.consistent(case["old_size"], case["size"], *roots, path)
    try:
        if case["kind"] == "checkpoint":
            open_checkpoint(case["note"], bytes.fromhex(case["public"]))
        else:
            read_leaf(case["leaf"].encode())
    except (IntegrityFault, ValueError):
        return False
    return True


@pytest.mark.parametrize("case", cases("accept"))
def test_a_good_vector_is_taken(case: dict[str, Any]) -> None:
    assert accepted(case)


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_vector_is_refused(case: dict[str, Any]) -> None:
    assert not accepted(case)


def test_the_vectors_are_what_their_script_makes() -> None:
    specification = importlib.util.spec_from_file_location("make_audit_vectors", FOLDER / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for folder, made in (("accept", script.accepted()), ("reject", script.rejected())):
        kept = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (FOLDER / folder).glob("*.json")}
        assert kept == made
