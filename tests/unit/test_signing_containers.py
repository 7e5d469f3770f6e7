"""Signatures that came as files: containers, and zips with a document and its `.p7s`; hostile ones are refused."""

import base64
import hashlib
import io
import warnings
import zipfile
from pathlib import Path

import pytest
from archive_fixtures import MOMENT

from edms.core.clock import FixedClock
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.containers import verify_container
from edms.signing.errors import SigningFault
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.received import ReceivedVerdict
from edms.signing.seals import seal_detached
from edms.signing.verification import ALTERED, PARTIAL, WHOLE, TrustMaterial

LETTER, ANNEX = b"Surat dari kabupaten", b"Lampiran"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Pemerintah Kabupaten", "ID", FixedClock(MOMENT), 5)


def seal(material: AuthorityMaterial, content: bytes) -> bytes:
    clock = FixedClock(MOMENT)
    return seal_detached(content, LocalSigner(material, clock), DevelopmentTimestamps(material, clock))


def manifest(files: Files, signature: str = "META-INF/signature001.p7s") -> bytes:
    """Return an ASiCManifest (ETSI EN 319 162-1, annex A.4)."""
    named = "".join(
        f'<a:DataObjectReference URI="{name}"><d:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<d:DigestValue>{base64.b64encode(hashlib.sha256(content).digest()).decode()}</d:DigestValue>"
        "</a:DataObjectReference>"
        for name, content in files.items()
    )
    return (
        '<a:ASiCManifest xmlns:a="http://uri.etsi.org/02918/v1.2.1#" xmlns:d="http://www.w3.org/2000/09/xmldsig#">'
        f'<a:SigReference URI="{signature}"/>{named}</a:ASiCManifest>'
    ).encode()


def zipped(files: Files) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    out.seek(0)
    return out


def container(material: AuthorityMaterial, **more: bytes) -> Files:
    files = {"letter.txt": LETTER, "annex.txt": ANNEX}
    told = manifest(files)
    return {"mimetype": b"application/vnd.etsi.asic-e+zip", **files, "META-INF/ASiCManifest001.xml": told,
            "META-INF/signature001.p7s": seal(material, told)} | more  # fmt: skip


def judged(files: Files, material: AuthorityMaterial | None = None) -> list[ReceivedVerdict]:
    trust = TrustMaterial.from_pem(material.public_pem().encode()) if material else TrustMaterial()
    return verify_container(zipped(files), trust, MOMENT)


def test_a_container_holds(material: AuthorityMaterial) -> None:
    (told,) = judged(container(material), material)
    assert (told.signature.intact, told.signature.valid, told.signature.trusted) == (True, True, True)
    assert (told.signature.coverage, told.level, told.covers) == (WHOLE, "B-T", "letter.txt, annex.txt")
    assert not judged(container(material))[0].signature.trusted


def test_a_changed_file_is_named(material: AuthorityMaterial) -> None:
    (told,) = judged(container(material) | {"annex.txt": b"Lampiran lain"}, material)
    assert (told.signature.coverage, told.signature.unaltered) == (ALTERED, False)
    assert "a file is not the one that was signed: annex.txt" in told.signature.problems


def test_a_missing_file_is_named(material: AuthorityMaterial) -> None:
    files = container(material)
    del files["annex.txt"]
    assert judged(files, material)[0].signature.coverage == ALTERED


def test_a_file_that_nobody_signed_is_named(material: AuthorityMaterial) -> None:
    (told,) = judged(container(material) | {"more.txt": b""}, material)
    assert told.signature.coverage == PARTIAL
    assert "a file in the container is not signed: more.txt" in told.signature.problems


def test_a_changed_manifest_is_not_intact(material: AuthorityMaterial) -> None:
    files = container(material)
    told = manifest({"letter.txt": b"Surat palsu", "annex.txt": ANNEX})
    (verdict,) = judged(files | {"META-INF/ASiCManifest001.xml": told, "letter.txt": b"Surat palsu"}, material)
    assert not verdict.signature.intact


def test_a_document_and_its_signature_given_together(material: AuthorityMaterial) -> None:
    files = {"surat.pdf": LETTER, "surat.pdf.p7s": seal(material, LETTER), "lain.txt": b""}
    (told,) = judged(files, material)
    assert (told.signature.unaltered, told.signature.trusted, told.covers) == (True, True, "surat.pdf")
    assert not judged(files | {"surat.pdf": ANNEX}, material)[0].signature.intact


def test_a_signature_without_its_document_says_so(material: AuthorityMaterial) -> None:
    (told,) = judged({"surat.pdf.p7s": seal(material, LETTER), "lain.txt": b""}, material)
    assert told.signature.problems == ("the file that it is over did not come with it",)
    assert not told.signature.intact


def test_what_is_not_judged_is_named() -> None:
    told = judged({"x": b"", "META-INF/signatures0.xml": b"<x/>", "META-INF/evidencerecord.ers": b"0"})
    assert [one.signature.problems[0] for one in told] == [
        "a signature of this kind is not judged here: XAdES",
        "a signature of this kind is not judged here: evidence record",
    ]
    assert not any(one.signature.valid for one in told)


def test_a_zip_without_signatures_has_none() -> None:
    assert judged({"a.txt": b"x", "manifest.xml": b"<x/>"}) == []


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


def test_a_manifest_with_entities_is_refused(material: AuthorityMaterial) -> None:
    (told,) = judged(container(material) | {"META-INF/ASiCManifest001.xml": ENTITIES}, material)
    assert "cannot be read" in told.signature.problems[0]


def twice() -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("surat.pdf", "SURAT.pdf"):
            package.writestr(name, b"")
    return out


HOSTILE = {
    "empty": io.BytesIO(),
    "text": io.BytesIO(b"PK\x03\x04 no zip"),
    "two of one name": twice(),
    "many": zipped({f"{number}.txt": b"" for number in range(1001)}),
    "many signatures": zipped({f"{number}.p7s": b"" for number in range(51)}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_containers_are_refused_in_words(name: str) -> None:
    with pytest.raises(SigningFault):
        verify_container(HOSTILE[name], TrustMaterial(), MOMENT)


@pytest.mark.corpus
def test_containers_of_a_published_corpus(corpus: Path) -> None:
    """CAdES ones hold, XAdES ones are named as not judged, none ends in an exception."""
    folder = corpus / "signed" / "dss-asic" / "dss-asic-cades" / "src" / "test" / "resources" / "validation"
    with (folder / "onefile-ok.asice").open("rb") as stream:
        (told,) = verify_container(stream, TrustMaterial(), MOMENT)
    assert (told.signature.unaltered, told.signature.valid, told.level) == (True, True, "B-B")
    for file in sorted((corpus / "signed" / "dss-asic").rglob("*")):
        if not file.is_file():
            continue
        with file.open("rb") as stream:
            for one in verify_container(stream, TrustMaterial(), MOMENT):
                assert one.signature.intact or one.signature.problems, file.name
