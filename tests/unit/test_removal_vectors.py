"""The stored vectors of certificates of removed content: what must be taken, and what must be refused by its name."""

import copy
import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from console import Console
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

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


def test_the_console_takes_the_same_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No archive and no configuration is asked for; a bundle has no receiver."""
    edms, case, own, foreign = Console(tmp_path, capsys), *(
        json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        for name in ("accept/two-records", "accept/by-the-receivers-own-keys",
                     "reject/receipt-not-by-the-receivers-own-keys")
    )  # fmt: skip
    for name, text in (("keys", case["keys"]), ("own", own["receiver"]), ("foreign", foreign["receiver"])):
        (tmp_path / f"{name}.pem").write_text(text)
    asked = ("verify", "--bundle", written(case, tmp_path), "--key", tmp_path / "keys.pem", "--json", "--receiver-key")
    assert edms(*asked, tmp_path / "own.pem").json["ok"]
    done = edms(*asked, tmp_path / "foreign.pem")
    assert (done.status, [fault["kind"] for fault in done.json["faults"]]) == (1, ["receipt"])
    edms("verify", "--all", "--receiver-key", tmp_path / "own.pem").refused(2, "--bundle")
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"PK")
    edms("verify", "--bundle", bundle, "--receiver-key", tmp_path / "own.pem").refused(2, "removed content")


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


SAID_ALONE = {"archive", "organisation", "size", "office", "title", "redacted", "class", "document_date", "method",
              "position", "media_type"}  # fmt: skip
"""What nothing else in the file bears out (docs/formats/removal.md): any text, or none, may stand there."""
JUNK: tuple[Any, ...] = (None, [], {}, "", "\ud800", -1, 10**30, True, [[["x"]]], {"leaf": 0}, "9" * 5_000, 1e308)


def places(told: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, value in inside:
        yield (*before, name)
        yield from places(value, (*before, name))


def test_a_hostile_file_ends_in_a_report(tmp_path: Path) -> None:
    """Whatever stands anywhere in it, of whatever kind: what is borne out is missed, and nothing is raised."""
    case = json.loads((FOLDER / "accept" / "one-kept-by-the-order.json").read_text("utf-8"))
    file, whole = tmp_path / "certificate.json", json.loads(case["certificate"])
    unasked = (("format",), ("keys",))  # of another format it is refused; its own keys are not asked beside others
    asked = [place for place in places(whole) if place not in unasked and (place[0] != "leaves" or len(place) < 4)]
    assert len(asked) > 200
    for number, (*above, last) in enumerate(asked):
        told = copy.deepcopy(whole)
        within = told
        for name in above:
            within = within[name]
        within[last] = JUNK[number % len(JUNK)]
        file.write_text(json.dumps(told), encoding="utf-8")
        report = check_removal(file, outside(case) if number % 2 else Outside())
        assert report.faults or last in SAID_ALONE, (*above, last, within[last])


def test_certificates_that_issue_each_other_in_a_ring_end_in_a_report(tmp_path: Path) -> None:
    """Each of twenty has each of twenty others above it: as many ways up as nobody can walk."""
    key = Ed25519PrivateKey.generate()
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("A", "B", "C")]
    ring = ""
    for number, (subject, issuer) in enumerate([*[(names[0], names[1]), (names[1], names[0])] * 20, (names[2],) * 2]):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(number + 1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        made = builder.not_valid_after(datetime(2120, 1, 1, tzinfo=UTC)).sign(key, None)
        ring += made.public_bytes(Encoding.PEM).decode()
    told = json.loads(json.loads((FOLDER / "accept" / "two-records.json").read_text("utf-8"))["certificate"])
    told["receipt"]["keys"] = ring
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    faults = {fault.detail for fault in check_removal(file, Outside()).faults}
    assert "these are not the certificates that were written down before the sending" in faults
    assert "it is not signed under the certificates that were written down" in faults
