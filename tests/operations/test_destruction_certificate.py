"""The certificate of destruction in the hands of an outsider: it holds, and no word of it can be changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import settle
from console import Console
from disposal_people import EXECUTOR, due, executed, executing, ready
from signing_people import who

from edms.core.canonical import canonical_json, sha256_hex
from edms.core.destruction_format import list_digest
from edms.core.errors import Refused
from edms.disposal.certificate import certificate
from edms.disposal.execution import carry_out
from edms.records.archive import Archive
from edms.records.holds import place_hold
from edms.verify.__main__ import main
from edms.verify.destruction import check_certificate
from edms.verify.trust import trusted_from_pem

Told = dict[str, Any]


def person_of(told: Told, step: str) -> str:
    return str(next(one["person"] for one in told["steps"] if one["step"] == step))


def without(told: Told, step: str) -> None:
    told["steps"] = [one for one in told["steps"] if one["step"] != step]


def renumbered(told: Told) -> None:
    """Take a line out of the list and make list and digests fit again: the trail knows the list that was approved."""
    told["items"] = told["items"][:1]
    told["disposal"]["list_sha256"] = list_digest([one["line_sha256"] for one in told["items"]])
    told["disposal"]["evidence"]["destroyed"] = 1
    told["disposal"]["evidence_sha256"] = sha256_hex(canonical_json(told["disposal"]["evidence"]))


def set_to(path: str, value: object) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        *parts, last = path.split(".")
        place: Any = told
        for part in parts:
            place = place[int(part)] if part.isdigit() else place[part]
        place[int(last) if last.isdigit() else last] = value

    return change


CHANGES: dict[str, Callable[[Told], None]] = {
    "another original": set_to("items.0.components.0.sha256", "0" * 64),
    "another record": set_to("items.0.record", "00000000-0000-7000-8000-000000000001"),
    "another rule": set_to("items.0.rule", "X"),
    "another line": set_to("items.0.line_sha256", "0" * 64),
    "taken out after all": set_to("items.0.state", "EXCLUDED"),
    "another tier": set_to("disposal.tier", "GE10"),
    "another number": set_to("disposal.number", "1/2030"),
    "another letter": set_to("steps.6.letter_sha256", "0" * 64),
    "no letter": set_to("steps.6.letter_sha256", None),
    "a letter of another day": set_to("steps.6.dated", "2020-01-01"),
    "another approver": set_to("steps.6.person", "x"),
    "an approver of another name": set_to("steps.6.name", "Orang Lain"),
    "approved at another time": set_to("steps.6.at", "2026-11-24T02:00:00.000000Z"),
    "destroyed at another time": set_to("items.0.destroyed_at", "2026-11-24T02:00:00.000000Z"),
    "destroyed by another": set_to("items.0.by", "Orang Lain"),
    "by another method": set_to("items.0.method", "dibakar"),
    "no committee": set_to("disposal.committee", []),
    "another member of the committee": set_to("disposal.committee.2.person", "x"),
    "another witness": set_to("disposal.signers.2.person", "x"),
    "no approval": lambda told: without(told, "approve"),
    "no assessment": lambda told: without(told, "assess"),
    "a witness who carried it out": lambda told: told["disposal"]["signers"][2].update(
        person=person_of(told, "execute")
    ),
    "no witness": lambda told: told["disposal"].update(signers=told["disposal"]["signers"][:2]),
    "a committee that approved": lambda told: told["disposal"]["committee"][0].update(
        person=person_of(told, "approve")
    ),
    "one line less": renumbered,
    "other evidence": set_to("disposal.evidence.destroyed", 9),
    "a leaf altered": lambda told: told["leaves"][3].update(leaf=told["leaves"][3]["leaf"].replace("done", "dune")),
    "a proof of another": lambda told: told["leaves"][3].update(proof=told["leaves"][4]["proof"]),
    "no leaves": set_to("leaves", []),
    "no checkpoint": set_to("checkpoint", ""),
    "another format version": set_to("version", 2),
    "not its shape": set_to("items", 7),
}


def test_it_holds_and_every_change_is_found(embedded: Archive, tmp_path: Path) -> None:
    made = ready(embedded)
    due(made, 2)
    content = certificate(who(made, "arsiparis"), made, executed(made))
    path, trusted = tmp_path / "certificate.json", trusted_from_pem(made.public_pem.encode())
    path.write_bytes(content)
    report = check_certificate(path, trusted)
    assert report.ok, report.faults
    assert (report.checked["destroyed records"], report.checked["steps"]) == (2, 10)
    for name, change in CHANGES.items():
        told = json.loads(content)
        change(told)
        path.write_bytes(canonical_json(told))
        assert not check_certificate(path, trusted).ok, name


def test_what_was_taken_out_is_told_and_the_command_says_so(
    embedded: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = ready(embedded)
    kept, _gone = due(made, 2)
    batch = executing(made)
    place_hold(who(made, "records"), made, [kept], "Perkara", "Surat", "penyidikan")
    carry_out(who(made, EXECUTOR["LT10"]), made, batch)  # type: ignore[index]
    settle(made)
    path, key = tmp_path / "certificate.json", tmp_path / "keys.pem"
    home = made.settings.storage.path.parent
    Console(home, capsys)("disposal", "certificate", str(batch), "--as", "arsiparis", "--output", str(path))
    key.write_text(made.public_pem)
    assert main([str(path), "--key", str(key)]) == 0
    told = capsys.readouterr().out
    assert "1 records taken out" in told
    assert "1 destroyed records" in told
    assert main([str(path)]) == 0
    assert "self-asserted" in capsys.readouterr().out


def test_there_is_none_before_it_was_carried_out(embedded: Archive) -> None:
    made = ready(embedded)
    due(made, 1)
    batch = executing(made)
    with pytest.raises(Refused):
        certificate(who(made, "arsiparis"), made, batch)
