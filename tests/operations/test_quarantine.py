"""Quarantine: who may do what with what is set aside, what a release covers, what a return leaves."""

import dataclasses
from collections.abc import Callable

import pytest
from archive_fixtures import pdf, settle, take_in
from scanners import MALWARE, ClamdServer

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.accept import Accepted
from edms.capture.held import held_files
from edms.capture.quarantine import give_back, release, retry
from edms.core.errors import NotFound, Refused
from edms.records.archive import Archive
from edms.records.contents import Hazard, download
from edms.records.describe import record_details
from edms.records.model import ComponentRole
from edms.screening.clamd import Clamd

Person = Callable[[Archive, str], Actor]
BROKEN = b"%PDF-1.7\nbroken"
PROGRAM = b"MZ" + bytes(200) + b"this is a program"


def facts(archive: Archive, accepted: Accepted, person: Person) -> dict[str, object]:
    details = record_details(person(archive, "records"), archive, accepted.record_id)
    return dict(next(part["facts"] for part in details.components if part["role"] == "original"))


def state(archive: Archive, accepted: Accepted, person: Person) -> tuple[str, str | None]:
    record = record_details(person(archive, "records"), archive, accepted.record_id).record
    return record.state, record.problem_code


def test_the_list_says_what_who_when_and_why_and_each_office_sees_its_own(archive: Archive, person: Person) -> None:
    ours = take_in(archive, BROKEN, name="rusak.pdf")
    theirs = take_in(archive, PROGRAM, name="alat.exe", by="clerk-bappeda")
    (found,), total = held_files(person(archive, "clerk-dinkes"), archive, returned=False)
    assert (found.record, total, found.code) == (ours.record_id, 1, "damaged")
    assert (found.size, found.media_type, found.file_name) == (len(BROKEN), "application/pdf", "rusak.pdf")
    assert found.received_by == person(archive, "clerk-dinkes").name
    assert found.may == {Action.RECORD_RETRY, Action.RECORD_RETURN}
    seen, total = held_files(person(archive, "records"), archive, returned=False)
    assert {one.record for one in seen} == {ours.record_id, theirs.record_id}
    assert total == 2
    assert all(Action.RECORD_RELEASE in one.may for one in seen)
    for other in ("auditor", "official-bappeda"):
        assert ours.record_id not in {
            one.record for one in held_files(person(archive, other), archive, returned=False)[0]
        }


def test_a_release_covers_what_was_known_and_nothing_else(embedded: Archive, person: Person) -> None:
    accepted = take_in(embedded, PROGRAM, name="alat.exe")
    assert state(embedded, accepted, person) == ("quarantined", "flag_executable")
    release(person(embedded, "records"), embedded, accepted.record_id, "Alat ukur resmi dari pusat")
    settle(embedded)
    assert state(embedded, accepted, person)[0] == "declared"
    told = facts(embedded, accepted, person)["released"]
    assert isinstance(told, dict)
    assert (told["reason"], told["accepted"]["flag"]) == ("Alat ukur resmi dari pusat", ["executable"])


def test_malware_that_was_not_known_at_the_release_sets_it_aside_again(
    embedded: Archive, person: Person, clamd: ClamdServer
) -> None:
    accepted = take_in(embedded, PROGRAM + MALWARE, name="alat.exe")
    release(person(embedded, "records"), embedded, accepted.record_id, "Alat ukur resmi dari pusat")
    scanned = dataclasses.replace(embedded, scanner=Clamd(clamd.address, 120, 10**9))
    settle(scanned)
    assert state(embedded, accepted, person) == ("quarantined", "malware")
    release(person(embedded, "records"), embedded, accepted.record_id, "Contoh untuk penyelidikan, salah kenal")
    settle(scanned)
    assert state(embedded, accepted, person)[0] == "declared"


def test_a_file_that_cannot_be_read_goes_on_without_text_once_released(embedded: Archive, person: Person) -> None:
    accepted = take_in(embedded, BROKEN, class_code=None)
    release(person(embedded, "records"), embedded, accepted.record_id, "satu-satunya salinan")
    settle(embedded)
    assert state(embedded, accepted, person) == ("pending", None)
    roles = [
        part["role"] for part in record_details(person(embedded, "records"), embedded, accepted.record_id).components
    ]
    assert roles == ["original"]


def test_nobody_releases_their_own_file(embedded: Archive, person: Person) -> None:
    accepted = take_in(embedded, BROKEN, by="records", office="setda")
    with pytest.raises(Refused, match="handed in themselves"):
        release(person(embedded, "records"), embedded, accepted.record_id, "saya yakin ini baik")
    (found,), _total = held_files(person(embedded, "records"), embedded, returned=False)
    assert Action.RECORD_RELEASE not in found.may


def test_what_is_returned_stays_sealed_is_no_record_and_may_come_again(archive: Archive, person: Person) -> None:
    accepted = take_in(archive, BROKEN)
    clerk = person(archive, "clerk-dinkes")
    with pytest.raises(Refused, match="reason"):
        give_back(clerk, archive, accepted.record_id, " ")
    for other in ("clerk-bappeda", "official-dinkes", "auditor", "admin"):
        with pytest.raises(NotFound):
            give_back(person(archive, other), archive, accepted.record_id, "tidak berhak sama sekali")
    give_back(clerk, archive, accepted.record_id, "Pindai ulang, halaman kedua hilang")
    assert state(archive, accepted, person)[0] == "returned"
    for act in (retry, lambda *given: release(*given, "ternyata baik saja")):
        with pytest.raises(Refused, match="not in quarantine"):
            act(person(archive, "records"), archive, accepted.record_id)
    assert held_files(clerk, archive, returned=False) == ([], 0)
    (found,), _total = held_files(clerk, archive, returned=True)
    assert "Pindai ulang, halaman kedua hilang" in found.decision
    original = download(clerk, archive, accepted.record_id, ComponentRole.ORIGINAL, warned=True)
    assert original.stream.read() == BROKEN
    again = take_in(archive, BROKEN)
    assert (again.duplicate, again.record_id == accepted.record_id) == (False, False)


def test_what_is_set_aside_is_handed_out_after_a_warning_to_those_who_deal_with_it(
    embedded: Archive, person: Person
) -> None:
    accepted = take_in(embedded, BROKEN)
    clerk = person(embedded, "clerk-dinkes")
    with pytest.raises(Hazard) as warning:
        download(clerk, embedded, accepted.record_id, ComponentRole.ORIGINAL)
    assert warning.value.code == "damaged"
    assert download(clerk, embedded, accepted.record_id, ComponentRole.ORIGINAL, warned=True).size == len(BROKEN)
    for other in ("official-dinkes", "head-dinkes", "auditor", "clerk-bappeda"):
        with pytest.raises(NotFound):
            download(person(embedded, other), embedded, accepted.record_id, ComponentRole.ORIGINAL, warned=True)


def test_what_is_declared_needs_no_warning(embedded: Archive, person: Person) -> None:
    accepted = take_in(embedded, pdf("Surat biasa"))
    assert download(person(embedded, "official-dinkes"), embedded, accepted.record_id, ComponentRole.ORIGINAL).size
