"""Files within a file as components: kept bit-exact with their place, screened, searchable, in manifest and bundle."""

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from scanners import MALWARE, NAME, ClamdServer
from text_material import encoded, message, picture, word_document

from edms.access.actors import Actor, console_actor
from edms.core.errors import NotFound
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.describe import record_details
from edms.records.evidence import bundle_bytes, public_keys
from edms.records.model import ComponentRole
from edms.records.searching import Question, search
from edms.screening.clamd import Clamd
from edms.text.ocr import ocr_available
from edms.verify.bundle import check_bundle
from edms.verify.trust import trusted_from_pem

Person = Callable[[Archive, str], Actor]
INNER = message(("denah.pdf", pdf("Denah gudang farmasi")), body="surat di dalam surat")


def test_what_was_attached_is_part_of_the_record(archive: Archive, person: Person, tmp_path: Path) -> None:
    accepted = take_in(archive, message(("daftar.docx", word_document()), ("daftar.docx", INNER)), name="surat.eml")
    clerk = person(archive, "clerk-dinkes")
    details = record_details(clerk, archive, accepted.record_id)
    assert (details.record.state, details.record.page_count) == ("declared", 1)
    parts = [part for part in details.components if part["role"] == "attachment"]
    told = [(part["position"], part["facts"]["parent"], part["facts"]["name"]) for part in parts]
    assert told == [(1, 0, "daftar.docx"), (2, 0, "daftar.docx"), (3, 2, "denah.pdf")]
    assert (parts[1]["media_type"], parts[2]["media_type"]) == ("message/rfc822", "application/pdf")
    third = download(clerk, archive, accepted.record_id, ComponentRole.ATTACHMENT, 3)
    assert (third.name, third.stream.read()) == ("denah.pdf", pdf("Denah gudang farmasi"))
    with pytest.raises(NotFound):
        download(clerk, archive, accepted.record_id, ComponentRole.ATTACHMENT, 4)
    found = search(clerk, archive, Question("denah gudang farmasi"))
    assert [hit.record.id for hit in found.found] == [accepted.record_id]
    bundle = bundle_bytes(clerk, archive, accepted.record_id)
    with zipfile.ZipFile(io.BytesIO(bundle)) as package:
        manifest = json.loads(package.read("manifest.json"))
    kept = [one for one in manifest["components"] if one["role"] == "attachment"]
    assert [(one["position"], one["parent"]) for one in kept] == [(1, 0), (2, 0), (3, 2)]
    (tmp_path / "bundle.zip").write_bytes(bundle)
    assert check_bundle(tmp_path / "bundle.zip", trusted_from_pem(public_keys(archive).encode()), archive.clock).ok
    assert verify_all(console_actor("tests"), archive).ok


def test_a_program_that_was_attached_sets_the_mail_aside(embedded: Archive, person: Person) -> None:
    accepted = take_in(embedded, message(("tagihan.exe", b"MZ" + bytes(300))), name="surat.eml")
    record = record_details(person(embedded, "clerk-dinkes"), embedded, accepted.record_id).record
    assert (record.state, record.problem_code) == ("quarantined", "flag_executable")


def test_malware_in_what_was_attached_is_found_by_its_name(
    embedded: Archive, person: Person, clamd: ClamdServer
) -> None:
    """Packed so that the scanner itself does not find it in the whole."""
    scanned = dataclasses.replace(embedded, scanner=Clamd(clamd.address, 120, 10**9))
    accepted = take_in(scanned, message(("data.bin", MALWARE)), name="surat.eml")
    record = record_details(person(embedded, "clerk-dinkes"), embedded, accepted.record_id).record
    assert (record.state, record.problem_text) == ("quarantined", f"malware was found in it: {NAME}")


def test_a_scan_that_was_attached_is_recognised(embedded: Archive, person: Person) -> None:
    if not ocr_available(embedded.settings.text).available:
        pytest.skip("TESSERACT IS ABSENT: apt-get install tesseract-ocr tesseract-ocr-ind")
    scan = encoded(picture("Nota dinas tentang\npenghapusan kendaraan"), "PNG")
    accepted = take_in(embedded, message(("pindaian.png", scan)), name="surat.eml")
    clerk = person(embedded, "clerk-dinkes")
    assert record_details(clerk, embedded, accepted.record_id).record.state == "declared"
    found = search(clerk, embedded, Question("penghapusan kendaraan"))
    assert [hit.record.id for hit in found.found] == [accepted.record_id]
