"""Exchange packages: the E-ARK validator, the schemas and the BagIt library judge them; our reader takes anything."""

import dataclasses
import io
import json
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from exchange_material import FIRST, NOW, PRODUCER, SECOND, altered, package, packed, parts, rebagged, unpacked
from hypothesis import given
from hypothesis import strategies as st
from judges import validators
from lxml import etree

from edms.core.errors import IntegrityFault, Refused
from edms.core.handover_receipt import ACCEPTED, RETURNED, Receipt, ReceiptLine, read_receipt, receipt_bytes
from edms.exchange.checking import CheckedPackage, check_package
from edms.exchange.names import data_path, line_text, xml_text
from edms.exchange.receipt import mismatches
from edms.exchange.sip import write_package

JUDGE = Path(__file__).parent.parent.parent / "tools" / "judges" / "eark.py"
HOSTILE = "../../etc/passwd\x00\r\nX: <!ENTITY a SYSTEM 'file:///etc/passwd'>&a;\u202egnp.exe"
# The validator asks it of every agent that created, and an agent of software must have another note (CSIP16); the
# attribute it asks for has no namespace, which the METS schema refuses.
CONTRADICTS_ITSELF = {"SIP14"}


def whole(checked: CheckedPackage) -> list[str]:
    return [*checked.faults, *(fault for record in checked.records for fault in record.faults)]


def test_validators_of_others_find_nothing(tmp_path: Path) -> None:
    python = validators()
    root = unpacked(package(tmp_path, parts(title=HOSTILE, number=HOSTILE), parts(SECOND)), tmp_path / "u")
    told = json.loads(
        subprocess.run([python, JUDGE, root / "data" / str(FIRST)], capture_output=True, check=True, timeout=120).stdout
    )
    assert (told["structure"], told["schema"], told["xsd"]) == ("WellFormed", "VALID", [])
    assert {rule for rule, severity, _ in told["messages"] if severity == "Error"} <= CONTRADICTS_ITSELF
    assert {rule for rule, severity, _ in told["messages"] if severity == "Warn"} <= {"CSIPSTR13"}
    bag = subprocess.run([python, "-m", "bagit", "--validate", root], capture_output=True, check=False, timeout=120)
    assert bag.returncode == 0, bag.stderr.decode()


def test_the_validators_notice_what_is_wrong(tmp_path: Path) -> None:
    """A judge that finds fault with nothing proves nothing."""
    python = validators()
    root = unpacked(package(tmp_path), tmp_path / "u")
    mets = root / "data" / str(FIRST) / "METS.xml"
    mets.write_bytes(mets.read_bytes().replace(b'TYPE="PHYSICAL"', b"").replace(b"USE=", b"UZE="))
    told = json.loads(subprocess.run([python, JUDGE, mets.parent], capture_output=True, check=True, timeout=120).stdout)
    assert told["schema"] == "INVALID"
    assert told["xsd"]
    bag = subprocess.run([python, "-m", "bagit", "--validate", root], capture_output=True, check=False, timeout=120)
    assert bag.returncode != 0


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    out = io.BytesIO()
    stands, written = write_package(out, "penyerahan-1", [parts(), parts(SECOND)], [("daftar.json", b"{}")], {}, NOW)
    path = tmp_path / "paket.zip"
    path.write_bytes(out.getvalue())
    checked = check_package(path)
    assert whole(checked) == []
    assert checked.good
    assert checked.manifest_sha256 == stands
    assert [(one.record, one.mets_sha256, one.files) for one in checked.records] == [
        (str(one.record), one.mets_sha256, one.files) for one in written
    ]
    assert checked.records[0].description["title"] == "Surat keputusan"


def test_hostile_names_and_titles_are_no_paths(tmp_path: Path) -> None:
    files = (
        packed(b"satu", name=HOSTILE),
        packed(b"dua", role="attachment", position=1, name="CON.\u00e9xe"),
        packed(b"tiga", role="attachment", position=2, name="a" * 5000 + ".pdf", media_type="application/x-a"),
    )
    path = package(tmp_path, parts(FIRST, *files, title=HOSTILE, sender=HOSTILE, level=None))
    checked = check_package(path)
    assert whole(checked) == []
    with zipfile.ZipFile(path) as opened:
        assert all(name.isascii() and ".." not in name and len(name) < 200 for name in opened.namelist())
        bag = opened.read("penyerahan-1/bag-info.txt").decode()
    assert "X:" not in bag.replace("Source-Organization", "")
    assert checked.records[0].description["title"] == HOSTILE, "nothing of the description is lost"


@given(st.text(), st.text(max_size=20), st.integers(0, 9999))
def test_every_name_gives_a_plain_path(name: str, media_type: str, position: int) -> None:
    path = data_path("original", "original", position, name, media_type)
    assert path.isascii()
    assert path.isprintable()
    assert path.count("/") == 3
    assert ".." not in path


@given(st.text(st.characters()))
def test_any_text_can_stand_in_xml_and_in_a_tag(text: str) -> None:
    root = etree.fromstring(etree.tostring(_element(xml_text(text)), encoding="UTF-8"))
    assert len(root.text or "") <= len(text)
    assert "\n" not in line_text(text)
    assert "\r" not in line_text(text)


def _element(text: str) -> etree._Element:
    element = etree.Element("a")
    element.text = text
    return element


def test_a_file_that_is_not_what_was_stored_stops_the_package(tmp_path: Path) -> None:
    wrong = dataclasses.replace(packed(b"isi yang benar"), open=lambda: io.BytesIO(b"isi yang salah"))
    with pytest.raises(IntegrityFault, match="not what was stored"):
        package(tmp_path, parts(FIRST, wrong))


def _flip(ending: str):  # type: ignore[no-untyped-def]
    return lambda name, content: bytes([content[0] ^ 1]) + content[1:] if name.endswith(ending) else content


@pytest.mark.parametrize(
    "ending",
    ["0000-original.pdf", "METS.xml", "record.json", "premis.xml", "bag-info.txt", "manifest-sha512.txt", "seal.p7s",
     "history.json", "bagit.txt"],
)  # fmt: skip
def test_one_flipped_bit_is_found(tmp_path: Path, ending: str) -> None:
    changed = altered(package(tmp_path), _flip(ending))
    try:
        assert not check_package(changed).good
    except IntegrityFault:
        return


def test_what_is_missing_or_too_much_is_found(tmp_path: Path) -> None:
    path = package(tmp_path)
    missing = check_package(
        altered(path, lambda name, content: None if name.endswith("0000-original.pdf") else content)
    )
    assert any("missing" in fault for fault in whole(missing))
    added = check_package(altered(path, lambda _name, content: content, ("penyerahan-1/data/lain.txt", b"x")))
    assert any("in no manifest" in fault for fault in whole(added))
    renamed = {"penyerahan-1/data/../../x": "leads elsewhere", "lain/bagit.txt": "one folder"}
    for name, why in renamed.items():
        with pytest.raises(IntegrityFault, match=why):
            check_package(altered(path, lambda _name, content: content, (name, b"x")))


@pytest.mark.parametrize(
    ("place", "content", "why"),
    [
        ("representations/original/data/0000-original.pdf", b"lain", "not what METS.xml says"),
        ("representations/original/data/extra.pdf", b"lain", "not in METS.xml"),
        ("metadata/descriptive/record.json", b"[" * 100_000, "no JSON"),
        ("metadata/descriptive/record.json", b"[]", "not an object"),
        ("METS.xml", b'<!DOCTYPE a [<!ENTITY a "b">]><a>&a;</a>', "document type"),
        ("METS.xml", b"<mets/>", "METS.xml is of something else"),
        ("metadata/preservation/premis.xml", b"<premis", "premis.xml is no XML"),
    ],
)
def test_manifests_made_anew_do_not_hide_a_change(tmp_path: Path, place: str, content: bytes, why: str) -> None:
    changed = rebagged(
        package(tmp_path),
        tmp_path / "u",
        lambda root: (root / "data" / str(FIRST) / place).write_bytes(content) and None,
    )
    assert any(why in fault for fault in whole(check_package(changed)))


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    class Zeros(io.RawIOBase):
        left = 32 * 1024 * 1024

        def read(self, most: int = -1) -> bytes:
            give = min(most, self.left)
            self.left -= give
            return bytes(give)

    digest = "83ee47245398adee79bd9c0a8bc57b821e92aba10f5f9ade8a5d1fae4d8c4302"
    huge = dataclasses.replace(packed(b""), size=Zeros.left, sha256=digest, open=Zeros)  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        path = package(tmp_path, parts(FIRST, huge))
        assert whole(check_package(path)) == []
        assert tracemalloc.get_traced_memory()[1] < 12 * 1024 * 1024
    finally:
        tracemalloc.stop()


def receipt_for(checked: CheckedPackage, **changed: object) -> Receipt:
    lines = tuple(ReceiptLine(one.record, ACCEPTED, one.mets_sha256, one.files, "AS-1") for one in checked.records)
    told = Receipt(checked.name, checked.manifest_sha256, PRODUCER.receiver, "042/2026", NOW, lines)
    return dataclasses.replace(told, **changed)  # type: ignore[arg-type]


def test_a_receipt_is_for_what_was_sent_and_for_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "paket.zip"
    with path.open("wb") as out:
        stands, sent = write_package(out, "penyerahan-1", [parts(), parts(SECOND)], [], {}, NOW)
    checked = check_package(path)
    receipt = read_receipt(receipt_bytes(receipt_for(checked)))
    assert receipt == receipt_for(checked)
    assert mismatches(receipt, stands, sent) == []
    assert mismatches(receipt, "0" * 64, sent) == ["it is for another package"]
    first, second = receipt.records
    for lines, why in (
        ((first,), "does not name it"),
        ((first, second, dataclasses.replace(first, record="lain")), "was not sent"),
        ((dataclasses.replace(first, mets_sha256="0" * 64), second), "other bytes"),
        ((dataclasses.replace(first, files={**first.files, "x": "0" * 64}), second), "other bytes"),
        ((dataclasses.replace(first, files={}), second), "other bytes"),
    ):
        assert why in mismatches(receipt_for(checked, records=lines), stands, sent)[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"version": 1}', b"[" * 200_000, b"\xff"],
)
def test_what_is_no_receipt_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read_receipt(content)


def test_a_receipt_that_says_too_little_is_refused(tmp_path: Path) -> None:
    told = json.loads(receipt_bytes(receipt_for(check_package(package(tmp_path)))))
    for change in (
        {"received_at": "2026-11-24T03:00:00"}, {"received_at": "kemarin"}, {"receiver": ""}, {"records": []},
        {"manifest_sha256": "x"}, {"kind": "lain"}, {"version": 2}, {"records": [*told["records"], told["records"][0]]},
        {"records": [{**told["records"][0], "verdict": RETURNED}]}, {"records": [{**told["records"][0], "files": []}]},
        {"records": [{**told["records"][0], "files": {"a": "b"}}]}, {"lain": 1},
    ):  # fmt: skip
        with pytest.raises(Refused):
            read_receipt(json.dumps({**told, **change}).encode())
