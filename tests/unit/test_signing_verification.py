"""Signatures that come with documents: separate verdicts, never an exception, and none of the known attacks passes."""

import io
from collections import Counter
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from edms.core.clock import FixedClock
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.errors import SigningFault
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.seals import seal_pdf
from edms.signing.verification import ALTERED, EXTENDED, TrustMaterial, verify_detached, verify_pdf
from tools import incoming_signatures

LOCKED = "signed/dss-pades/protected/protected_two_empty_fields.pdf"


@pytest.mark.corpus
def test_verdicts_on_real_files_agree_with_the_published_ones(corpus: Path) -> None:
    found = incoming_signatures.rows(corpus)
    wrong = {row.path: (row.expected, row.ours) for row in found if row.agreement == "**no**"}
    assert wrong == {LOCKED: (incoming_signatures.NONE, incoming_signatures.UNREADABLE)}
    assert all(row.ours == incoming_signatures.NOT_VALID for row in found if row.expected == "DISPUTED")
    counts = Counter(row.expected for row in found)
    assert (counts["VALID"] > 20, counts["NOT_VALID"] > 10, counts["DISPUTED"]) == (True, True, 3)


@pytest.mark.corpus
def test_the_published_table_is_what_our_verdicts_are(corpus: Path) -> None:
    page = incoming_signatures.PAGE.read_text(encoding="utf-8")
    assert incoming_signatures.in_page(page) == incoming_signatures.table(incoming_signatures.rows(corpus)), (
        "make it anew: python -m tools.incoming_signatures CORPUS"
    )


def integrity(content: bytes) -> None:
    """Nothing but a verdict or SigningFault comes of a file."""
    try:
        verdicts = verify_pdf(io.BytesIO(content), TrustMaterial())
    except SigningFault:
        return
    for verdict in verdicts:
        assert not verdict.trusted
        assert verdict.unaltered or verdict.problems or not verdict.intact


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["dss-pades", "mkl-itext7", "pyhanko-signed", "dss-asic"])
def test_no_signed_file_ends_in_an_exception(corpus: Path, name: str) -> None:
    """Also those that nobody has judged, and what is no PDF at all."""
    for path in sorted((corpus / "signed" / name).rglob("*")):
        if path.is_file():
            integrity(path.read_bytes())


@pytest.mark.corpus
def test_the_shadow_attack_is_named(corpus: Path) -> None:
    content = (corpus / "signed/dss-pades/validation/dss-2236/replace.pdf").read_bytes()
    (verdict,) = verify_pdf(io.BytesIO(content), TrustMaterial())
    assert verdict.coverage == ALTERED
    assert not verdict.unaltered
    assert "Text1" in verdict.problems[0]


@pytest.mark.corpus
def test_a_digest_that_does_not_go_with_its_signature_is_named(corpus: Path) -> None:
    content = (corpus / "signed/pyhanko-signed/ed448-disallowed-hash.pdf").read_bytes()
    (verdict,) = verify_pdf(io.BytesIO(content), TrustMaterial())
    assert (verdict.intact, verdict.valid) == (True, False)
    assert "RFC 8419" in verdict.problems[0]


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Pemerintah Kota Cendana", "ID", FixedClock(MOMENT), 5)


def look(writer: IncrementalPdfFileWriter, words: bytes) -> generic.IndirectObject:
    """Add an appearance that shows `words`."""
    stream = generic.StreamObject(
        generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/XObject"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/Form"),
                generic.pdf_name("/BBox"): generic.ArrayObject(
                    [generic.NumberObject(side) for side in (0, 0, 200, 20)]
                ),
            }
        ),
        stream_data=b"BT /F1 12 Tf (" + words + b") Tj ET",
    )
    return writer.add_object(stream)


@pytest.fixture(scope="module")
def form(material: AuthorityMaterial) -> bytes:
    """A PDF with one text field, then signed by somebody."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf("Perjanjian")))
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    names = {
        "/Type": generic.pdf_name("/Annot"),
        "/Subtype": generic.pdf_name("/Widget"),
        "/FT": generic.pdf_name("/Tx"),
        "/T": generic.pdf_string("Jumlah"),
        "/V": generic.pdf_string("Rp 1.000"),
        "/F": generic.NumberObject(4),
        "/Rect": generic.ArrayObject([generic.NumberObject(side) for side in (10, 10, 210, 30)]),
        "/P": page,
        "/AP": generic.DictionaryObject({generic.pdf_name("/N"): look(writer, b"Rp 1.000")}),
    }
    field = writer.add_object(generic.DictionaryObject({generic.pdf_name(key): value for key, value in names.items()}))
    page.get_object()["/Annots"] = generic.ArrayObject([field])
    writer.root["/AcroForm"] = generic.DictionaryObject({generic.pdf_name("/Fields"): generic.ArrayObject([field])})
    writer.update_root()
    writer.mark_update(page)
    out = io.BytesIO()
    writer.write(out)
    out.seek(0)
    clock = FixedClock(MOMENT)
    return seal_pdf(out, LocalSigner(material, clock), DevelopmentTimestamps(material, clock), "Setuju")


def changed(form: bytes, **changes: generic.PdfObject | bytes) -> bytes:
    """Change keys of the field in a later revision; bytes under `AP` become a new appearance."""
    writer = IncrementalPdfFileWriter(io.BytesIO(form))
    reference = next(
        field
        for field in (writer.root["/AcroForm"]["/Fields"].raw_get(number) for number in range(2))
        if field.get_object()["/FT"] == "/Tx"
    )
    for key, value in changes.items():
        if isinstance(value, bytes):
            value = generic.DictionaryObject({generic.pdf_name("/N"): look(writer, value)})
        reference.get_object()[f"/{key}"] = value
    writer.mark_update(reference)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def coverage(content: bytes, material: AuthorityMaterial) -> str:
    (verdict,) = verify_pdf(io.BytesIO(content), TrustMaterial.from_pem(material.public_pem().encode()))
    return verdict.coverage


def test_a_field_filled_in_is_an_addition(form: bytes, material: AuthorityMaterial) -> None:
    filled = changed(form, V=generic.pdf_string("Rp 2.000"), AP=b"Rp 2.000")
    assert coverage(filled, material) == EXTENDED


ATTACKS: dict[str, dict[str, generic.PdfObject | bytes]] = {
    "another look": {"AP": b"Rp 9.000.000.000"},
    "hidden": {"F": generic.NumberObject(2)},
    "hidden with another value": {"F": generic.NumberObject(2), "V": generic.pdf_string("x"), "AP": b"x"},
    "not shown on screens": {"F": generic.NumberObject(4 | 32)},
    "another font and colour": {"DA": generic.pdf_string("/Helv 12 Tf 1 g")},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_another_look_is_an_alteration(form: bytes, material: AuthorityMaterial, name: str) -> None:
    """Each is a permitted form fill to the rules of difference that most readers have."""
    assert coverage(changed(form, **ATTACKS[name]), material) == ALTERED


def test_the_same_look_written_again_is_no_alteration(form: bytes, material: AuthorityMaterial) -> None:
    """Writers put equal objects elsewhere; content counts, not where it lies."""
    assert coverage(changed(form, AP=b"Rp 1.000"), material) == EXTENDED


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%%EOF", b"\x00" * 1000, pdf("x")[:300]], ids=range(4))
def test_what_cannot_be_read_is_one_kind_of_error(content: bytes) -> None:
    with pytest.raises(SigningFault):
        verify_pdf(io.BytesIO(content), TrustMaterial())


@pytest.mark.parametrize(
    "signature", [b"", b"\x30\x00", b"<html>", b"\x30\x03\x02\x01\x00", bytes(range(256))], ids=range(5)
)
def test_what_is_no_seal_is_one_kind_of_error(signature: bytes) -> None:
    with pytest.raises(SigningFault):
        verify_detached(b"manifest", signature, TrustMaterial())


@pytest.mark.parametrize(
    "text",
    [b"", b"no pem", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"],
    ids=["empty", "text", "damaged"],
)
def test_what_is_no_root_is_one_kind_of_error(text: bytes) -> None:
    with pytest.raises(SigningFault):
        TrustMaterial.from_pem(text)
