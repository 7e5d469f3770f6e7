"""The stored vectors of certificates of removed content: what must be taken, and what must be refused by its name."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from edms.core.errors import Refused
from edms.verify.__main__ import main
from edms.verify.certificate import Outside
from edms.verify.removal import check_removal
from edms.verify.trust import trusted_from_pem

FOLDER = Path(__file__).parent.parent / "vectors" / "removal"


def cases(folder: str) -> list[Any]:
    found = sorted((FOLDER / folder).glob("*.json"))
    assert len(found) >= 5, "the vectors are gone"
    return [pytest.param(json.loads(file.read_text(encoding="utf-8")), id=file.stem) for file in found]


def written(case: dict[str, Any], folder: Path) -> Path:
    file = folder / "certificate.json"
    file.write_text(case["certificate"], encoding="utf-8")
    return file


def outside(case: dict[str, Any]) -> Outside:
    receiver = trusted_from_pem(case["receiver"].encode()) if case["receiver"] else None
    return Outside(trusted_from_pem(case["keys"].encode()), receiver=receiver)


@pytest.mark.parametrize("case", cases("accept"))
def test_a_good_certificate_is_taken(case: dict[str, Any], tmp_path: Path) -> None:
    report = check_removal(written(case, tmp_path), outside(case))
    assert report.faults == []
    assert report.checked["removed records"] >= 1
    assert report.checked["signatures of the receipt"] == (2 if case["receiver"] else 1)
    (tmp_path / "keys.pem").write_text(case["keys"])
    assert main([str(tmp_path / "certificate.json"), "--key", str(tmp_path / "keys.pem")]) == 0


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_certificate_is_refused_by_its_name(case: dict[str, Any], tmp_path: Path) -> None:
    file = written(case, tmp_path)
    if case["kind"] == "refused":
        with pytest.raises(Refused):
            check_removal(file, outside(case))
        return
    faults = check_removal(file, outside(case)).faults
    assert case["kind"] in {fault.kind for fault in faults}, faults


def test_the_vectors_are_what_their_script_makes() -> None:
    specification = importlib.util.spec_from_file_location("make_removal", FOLDER / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for folder, made in (("accept", script.accepted()), ("reject", script.rejected())):
        found = (FOLDER / folder).glob("*.json")
        assert {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in found} == made
