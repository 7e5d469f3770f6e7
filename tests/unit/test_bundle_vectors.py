"""The published vectors of evidence bundles, by both checkers: what must be taken, and what must be refused."""

import base64
import importlib.util
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edms.audit.cosignature import witness_key_from
from edms.core.clock import FixedClock
from edms.verify import alone
from edms.verify.bundle import check_bundle
from edms.verify.report import BundleReport
from edms.verify.trust import trusted_from_pem

FOLDER = Path(__file__).parent.parent / "vectors" / "bundle"
# What a checker of the zip format as such sees, and one that reads entries by name, as `alone` does, need not.
SEEN_BY_THE_LARGER_CHECKER = {
    "zip-comment", "zip-trailing-data", "zip-in-front", "zip-two-disks", "zip-link", "zip-bzip2", "zip-encrypted",
    "zip-directory-tells-more",
}  # fmt: skip


def cases(folder: str) -> list[Any]:
    found = sorted((FOLDER / folder).glob("*.json"))
    assert len(found) >= 5, "the vectors are gone"
    return [pytest.param(json.loads(file.read_text(encoding="utf-8")), id=file.stem) for file in found]


def judged(case: dict[str, Any], folder: Path) -> BundleReport:
    file = folder / "bundle.zip"
    file.write_bytes(base64.b64decode(case["bundle"]))
    trusted = trusted_from_pem(case["keys"].encode())
    witnesses = [witness_key_from(key) for key in case["witnesses"]]
    return check_bundle(file, trusted, FixedClock(datetime.fromisoformat(case["at"])), witnesses)


def judged_alone(case: dict[str, Any], folder: Path) -> int:
    (folder / "bundle.zip").write_bytes(base64.b64decode(case["bundle"]))
    (folder / "archive.pem").write_text(case["keys"])
    asked = [word for key in case["witnesses"] for word in ("--witness", key)]
    return alone.main([str(folder / "bundle.zip"), "--key", str(folder / "archive.pem"), *asked])


@pytest.mark.parametrize("case", cases("accept"))
def test_a_good_vector_is_taken(case: dict[str, Any], tmp_path: Path) -> None:
    assert judged(case, tmp_path).faults == []
    assert judged_alone(case, tmp_path) == 0


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_vector_is_refused_by_its_name(case: dict[str, Any], tmp_path: Path) -> None:
    assert case["kind"] in {fault.kind for fault in judged(case, tmp_path).faults}


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_vector_is_refused_by_the_checker_in_one_file(
    case: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    if name in SEEN_BY_THE_LARGER_CHECKER or name.startswith(("altered-certificates", "altered-timestamps")):
        return
    assert judged_alone(case, tmp_path) in (1, 2)


def test_the_vectors_are_what_their_script_makes() -> None:
    specification = importlib.util.spec_from_file_location("make_bundle_vectors", FOLDER / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for folder, made in (("accept", script.accepted()), ("reject", script.rejected())):
        kept = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (FOLDER / folder).glob("*.json")}
        assert kept == made
