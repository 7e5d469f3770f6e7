"""The stored vectors of certificates and lists of a destruction: what must be taken, and what must be refused."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from edms.core.destruction_format import list_digest
from edms.core.errors import Refused
from edms.disposal.eligibility import frozen_digest
from edms.verify.__main__ import main
from edms.verify.destruction import check_certificate
from edms.verify.trust import trusted_from_pem

FOLDER = Path(__file__).parent.parent / "vectors"


def cases(kind: str, folder: str) -> list[Any]:
    found = sorted((FOLDER / kind / folder).glob("*.json"))
    assert len(found) >= 5, "the vectors are gone"
    return [pytest.param(json.loads(file.read_text(encoding="utf-8")), id=file.stem) for file in found]


def written(case: dict[str, Any], folder: Path) -> Path:
    file = folder / "certificate.json"
    file.write_text(case["certificate"], encoding="utf-8")
    return file


@pytest.mark.parametrize("case", cases("destruction", "accept"))
def test_a_good_certificate_is_taken(case: dict[str, Any], tmp_path: Path) -> None:
    report = check_certificate(written(case, tmp_path), trusted_from_pem(case["keys"].encode()))
    assert report.faults == []
    assert report.checked["destroyed records"] >= 1
    (tmp_path / "keys.pem").write_text(case["keys"])
    assert main([str(tmp_path / "certificate.json"), "--key", str(tmp_path / "keys.pem")]) == 0


@pytest.mark.parametrize("case", cases("destruction", "reject"))
def test_a_bad_certificate_is_refused_by_its_name(case: dict[str, Any], tmp_path: Path) -> None:
    file, trusted = written(case, tmp_path), trusted_from_pem(case["keys"].encode())
    if case["kind"] == "refused":
        with pytest.raises(Refused):
            check_certificate(file, trusted)
        return
    assert case["kind"] in {fault.kind for fault in check_certificate(file, trusted).faults}


def test_a_witness_that_is_asked_for_must_have_cosigned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked of a certificate as of a bundle: an answer that is ok says that it did."""
    case = json.loads((FOLDER / "destruction" / "accept" / "one-record.json").read_text("utf-8"))
    witness = json.loads((FOLDER / "bundle" / "genuine.json").read_text("utf-8"))["witnesses"][0]
    keys = tmp_path / "keys.pem"
    keys.write_text(case["keys"])
    assert main([str(written(case, tmp_path)), "--key", str(keys), "--witness", witness]) == 1
    told = capsys.readouterr().out
    assert "has not cosigned the checkpoint" in told
    assert "cosignatures: 0 found, 0 valid, 1 required" in told


def digests(case: dict[str, Any]) -> tuple[list[str], str]:
    found = [frozen_digest(line) for line in case["lines"]]
    return found, list_digest(found)


@pytest.mark.parametrize("case", cases("disposal", "accept"))
def test_a_list_has_these_digests(case: dict[str, Any]) -> None:
    assert digests(case) == (case["digests"], case["list_sha256"])


@pytest.mark.parametrize("case", cases("disposal", "reject"))
def test_a_list_that_was_altered_has_others(case: dict[str, Any]) -> None:
    assert digests(case) != (case["digests"], case["list_sha256"])


@pytest.mark.parametrize("kind", ["destruction", "disposal"])
def test_the_vectors_are_what_their_script_makes(kind: str) -> None:
    specification = importlib.util.spec_from_file_location(f"make_{kind}", FOLDER / kind / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for folder, made in (("accept", script.accepted()), ("reject", script.rejected())):
        found = (FOLDER / kind / folder).glob("*.json")
        assert {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in found} == made
