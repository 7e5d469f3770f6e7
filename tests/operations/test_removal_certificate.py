"""The certificate of removed content in the hands of an outsider: it holds, and no word of it can be changed."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import settle
from console import Console
from proceedings_people import (
    EXECUTOR,
    HEAD_OF_ARCHIVE,
    ORDER,
    REMOVER,
    closed_handover,
    days_later,
    old_records,
    ordered_removal,
    staffed,
)
from signing_people import who
from sqlalchemy import select

from edms.access.actors import system_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.canonical import canonical_json
from edms.core.errors import NotFound, Refused
from edms.core.removal_format import DUTIES, EVENTS, SENT_ROLES
from edms.exchange.certificate import GIVEN, removal_certificate
from edms.exchange.gathering import REPRESENTATIONS
from edms.exchange.removing import RemovalOrder, carry_out_removal, order_removal
from edms.records.archive import Archive
from edms.records.holds import place_hold, release_hold
from edms.records.model import Record
from edms.records.proceedings import _DUTIES
from edms.retention.proceedings import Act
from edms.signing.authority import create_authority
from edms.verify.__main__ import main
from edms.verify.certificate import Outside
from edms.verify.removal import check_removal
from edms.verify.report import BundleReport
from edms.verify.trust import trusted_from_pem

Told = dict[str, Any]


@pytest.fixture
def both(archive: Archive) -> Archive:
    return staffed(archive)


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def removed(archive: Archive, *records: UUID, returned: tuple[UUID, ...] = ()) -> UUID:
    made = ordered_removal(archive, *records, returned=returned)
    carry_out_removal(who(archive, REMOVER), archive, made)
    settle(archive)
    return made


def given(archive: Archive, made: UUID, name: str = "records") -> bytes:
    return removal_certificate(who(archive, name), archive, made)


def checked(archive: Archive, content: bytes, folder: Path) -> BundleReport:
    path = folder / "certificate.json"
    path.write_bytes(content)
    return check_removal(path, Outside(trusted_from_pem(archive.public_pem.encode())))


def set_to(path: str, value: object) -> Callable[[Told], None]:
    def change(told: Told) -> None:
        *parts, last = path.split(".")
        place: Any = told
        for part in parts:
            place = place[int(part)] if part.lstrip("-").isdigit() else place[part]
        place[int(last) if last.lstrip("-").isdigit() else last] = value

    return change


def receipt_with(change: Callable[[Told], None]) -> Callable[[Told], None]:
    """Alter the receipt itself, with the digest of it that the file tells."""

    def altered(told: Told) -> None:
        receipt = json.loads(base64.b64decode(told["receipt"]["content"]))
        change(receipt)
        told["receipt"]["content"] = base64.b64encode(canonical_json(receipt)).decode()

    return altered


CHANGES: dict[str, tuple[str, Callable[[Told], None]]] = {
    "another original": ("record", set_to("records.0.components.0.sha256", "0" * 64)),
    "another record": ("record", set_to("records.0.record", "00000000-0000-7000-8000-000000000001")),
    "a record less": ("record", lambda told: told["records"].pop()),
    "a record twice": ("record", lambda told: told["records"].append(told["records"][0])),
    "another place there": ("record", set_to("records.0.reference", "AS/99")),
    "another receiver": ("record", set_to("handover.receiver", "Lembaga Lain")),
    "kept after all": ("kept", set_to("records.0.state", "kept")),
    "a state of no record": ("record", set_to("records.0.state", "destroyed")),
    "another order": ("record", set_to("records.0.order", 3)),
    "another number": ("step", set_to("steps.-2.number", "1/2030")),
    "another decision": ("step", set_to("steps.3.number", "1/2030")),
    "another list": ("step", set_to("handover.list_sha256", "0" * 64)),
    "another person": ("step", set_to("steps.-1.person", "x")),
    "another name": ("step", set_to("steps.-1.name", "x")),
    "another time": ("step", set_to("steps.4.at", "2020-01-02T03:04:05.000000Z")),
    "another remover": ("record", set_to("records.0.by", "x")),
    "another duty": ("step", set_to("steps.-1.duty", "order_removal")),
    "no approval": ("step", lambda told: told["steps"].pop(2)),
    "no order": ("step", lambda told: told["steps"].pop(-2)),
    "no end": ("step", lambda told: told["steps"].pop()),
    "another accession": ("receipt", set_to("receipt.reference", "1")),
    "another digest of the receipt": ("receipt", set_to("receipt.sha256", "0" * 64)),
    "another receipt": ("receipt", receipt_with(set_to("reference", "1"))),
    "no receipt": ("receipt", set_to("receipt.content", "")),
    "no signature": ("receipt", set_to("receipt.signature", "")),
    "no keys of the receiver": ("receipt", set_to("receipt.keys", "")),
    "another package": ("receipt", set_to("handover.manifest_sha256", "0" * 64)),
    "a leaf altered": ("audit", lambda told: told["leaves"][3].update(leaf=told["leaves"][3]["leaf"] + " ")),
    "a proof of another": ("audit", lambda told: told["leaves"][3].update(proof=told["leaves"][4]["proof"])),
    "no leaves": ("audit", set_to("leaves", [])),
    "no checkpoint": ("checkpoint", set_to("checkpoint", "")),
    "another format version": ("certificate", set_to("version", 2)),
    "not its shape": ("certificate", set_to("records", 7)),
}  # fmt: skip


def test_it_holds_and_every_change_is_found(both: Archive, tmp_path: Path) -> None:
    content = given(both, removed(both, *old_records(both)))
    report = checked(both, content, tmp_path)
    assert report.ok, report.faults
    told = report.checked
    assert (told["removed records"], told["steps"], told["lines of the receipt"], told["receipts"]) == (2, 10, 2, 1)
    assert any("the receipt is signed by" in note for note in report.notes)
    assert any("--receiver-key" in note for note in report.notes)
    for name, (kind, change) in CHANGES.items():
        altered = json.loads(content)
        change(altered)
        faults = checked(both, canonical_json(altered), tmp_path).faults
        assert kind in {fault.kind for fault in faults}, (name, faults)


def test_the_command_takes_the_keys_of_archive_and_receiver(
    one: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key, other = tmp_path / "certificate.json", tmp_path / "keys.pem", tmp_path / "other.pem"
    made = removed(one, old_records(one, 1)[0])
    home = one.settings.storage.path.parent
    Console(home, capsys)("handover", "certificate", str(made), "--as", "records", "--output", str(path))
    key.write_text(one.public_pem)
    assert main([str(path), "--key", str(key), "--receiver-key", str(key)]) == 0
    told = capsys.readouterr().out
    assert "1 removed records" in told
    assert "under the receiver's own certificates" in told
    other.write_text(create_authority("Lembaga Lain", "ID", one.clock, 5).root.certificate)
    assert main([str(path), "--key", str(key), "--receiver-key", str(other)]) == 1
    assert "not signed under the receiver's own certificates" in capsys.readouterr().out
    assert main([str(path)]) == 0
    assert "self-asserted" in capsys.readouterr().out


def test_what_one_order_kept_goes_by_another(both: Archive, tmp_path: Path) -> None:
    """Kept while it was carried out, then kept by the order itself, then removed: each is an event with its reason."""
    first, second, third = old_records(both, 3)
    made = ordered_removal(both, first, second, third)
    hold = place_hold(who(both, "records"), both, [second, third], "Perkara 12/G/2026", "Surat PTUN", "sengketa")
    carry_out_removal(who(both, REMOVER), both, made)
    settle(both)
    told = json.loads(given(both, made))
    assert [one["state"] for one in told["records"]] == ["removed", "kept", "kept"]
    assert [kept["reasons"] for kept in told["records"][1]["kept"]] == [["held"]]
    assert checked(both, canonical_json(told), tmp_path).checked["records kept"] == 2
    release_hold(who(both, EXECUTOR), both, hold)
    place_hold(who(both, "records"), both, [third], "Perkara 13/G/2026", "Surat PTUN", "sengketa")
    order_removal(who(both, HEAD_OF_ARCHIVE), both, made, RemovalOrder("046/2026", "perkara selesai"))
    with pytest.raises(Refused, match="once the removal"):
        given(both, made)
    carry_out_removal(who(both, REMOVER), both, made)
    settle(both)
    content = given(both, made)
    told = json.loads(content)
    assert [one["state"] for one in told["records"]] == ["removed", "removed", "kept"]
    assert [(len(one["kept"]), one.get("order")) for one in told["records"]] == [(0, 8), (1, 10), (2, None)]
    report = checked(both, content, tmp_path)
    assert report.ok, report.faults
    assert (report.checked["removed records"], report.checked["records kept"], report.checked["steps"]) == (2, 1, 12)
    for kind, change in (
        ("kept", set_to("records.2.kept.1.reasons", ["vital"])),
        ("kept", set_to("records.2.kept.1.leaf", told["records"][2]["kept"][0]["leaf"])),
        ("kept", set_to("records.1.kept", [])),
        ("certificate", set_to("records.1.order", 8)),
        ("record", lambda told: told.update(steps=told["steps"][:10])),
    ):
        altered = json.loads(content)
        change(altered)
        faults = checked(both, canonical_json(altered), tmp_path).faults
        assert kind in {fault.kind for fault in faults}, faults


def test_what_was_returned_is_told_by_the_receipt_alone(one: Archive, tmp_path: Path) -> None:
    first, second = old_records(one)
    content = given(one, removed(one, first, second, returned=(second,)))
    told = json.loads(content)
    assert [record["record"] for record in told["records"]] == [str(first)]
    report = checked(one, content, tmp_path)
    assert report.ok, report.faults
    assert (report.checked["removed records"], report.checked["lines of the receipt"]) == (1, 2)
    told["records"].append({**told["records"][0], "record": str(second)})
    assert not checked(one, canonical_json(told), tmp_path).ok


def test_it_names_no_title_that_not_everybody_may_know(one: Archive) -> None:
    first, second, third = old_records(one, 3)
    with one.door.write(system_actor("tests"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.session.get_one(Record, second).personal_data = True
    made = removed(one, first, second, third)
    with one.door.write(system_actor("tests"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.session.get_one(Record, third).level = Level.RESTRICTED.value
    content = given(one, made)
    told = {record["record"]: record for record in json.loads(content)["records"]}
    assert (told[str(first)]["title"], told[str(first)]["redacted"]) == ("Keputusan 1", False)
    assert told[str(second)]["redacted"]
    assert told[str(third)]["redacted"]
    assert b"Keputusan 2" not in content
    assert b"Keputusan 3" not in content


def test_who_may_have_it_and_when(one: Archive) -> None:
    made = closed_handover(one, *old_records(one, 1))
    with pytest.raises(Refused, match="once the removal"):
        given(one, made)
    days_later(one, 90)
    order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER)
    with pytest.raises(Refused, match="once the removal"):
        given(one, made)
    carry_out_removal(who(one, REMOVER), one, made)
    settle(one)
    for name in ("clerk-bappeda", "official-bappeda", "admin"):
        with pytest.raises(NotFound):
            given(one, made, name)
        assert given_events(one) == []
    content = given(one, made, "auditor")
    assert json.loads(content)["handover"]["id"] == str(made)
    assert given_events(one) == [str(made)]


def given_events(archive: Archive) -> list[str]:
    with archive.database.reader() as session:
        query = select(AuditLeaf.body).where(AuditLeaf.action == GIVEN)
        told = [json.loads(body) for body in session.scalars(query)]
    return [leaf["subject"]["id"] for leaf in told if leaf["outcome"] == "done"]


def test_none_is_given_over_a_step_that_the_trail_does_not_know(one: Archive) -> None:
    made = removed(one, *old_records(one, 1))
    with one.database.writer() as session:
        session.query(AuditLeaf).where(AuditLeaf.action == EVENTS["close"]).delete()
        session.commit()
    with pytest.raises(NotFound, match="does not know a step"):
        given(one, made)


def test_the_format_knows_the_same_roles_and_duties_as_the_archive() -> None:
    assert {role.value for role in REPRESENTATIONS} == SENT_ROLES
    of_handovers = {act.value: duty.value for act, duty in _DUTIES.items() if act is not Act.LIST}
    assert {"open": "propose_disposal", **of_handovers} == DUTIES
