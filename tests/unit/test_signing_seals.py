"""Our seals, before judges of others: openssl for CMS and timestamps, poppler for PDF, pyHanko with its own rules."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from judges import asked
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError
from edms.signing.authority import DEVELOPMENT, PILOT, AuthorityMaterial, create_authority, renew_authority
from edms.signing.errors import SealRefused, SignerUnavailable, SigningFault
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.seals import seal_detached, seal_pdf, seal_pdf_behind
from edms.signing.verification import EXTENDED, WHOLE, TrustMaterial, verify_detached, verify_pdf
from edms.vault.keyring import KeyRing

MANIFEST = b'{"record":"01900000-0000-7000-8000-000000000001","version":1}'
EPOCH = MOMENT.timestamp()


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Pemerintah Kota Cendana", "ID", FixedClock(MOMENT), 5)


@pytest.fixture(scope="module")
def trust(material: AuthorityMaterial) -> TrustMaterial:
    return TrustMaterial.from_pem(material.public_pem().encode())


def parts(material: AuthorityMaterial, moment: datetime = MOMENT) -> tuple[LocalSigner, DevelopmentTimestamps]:
    clock = FixedClock(moment)
    return LocalSigner(material, clock), DevelopmentTimestamps(material, clock)


@pytest.fixture(scope="module")
def seal(material: AuthorityMaterial) -> bytes:
    return seal_detached(MANIFEST, *parts(material))


@pytest.fixture(scope="module")
def sealed_pdf(material: AuthorityMaterial) -> bytes:
    return seal_pdf(io.BytesIO(pdf("Surat keputusan", "Lampiran")), *parts(material), "Salinan arsip")


@pytest.fixture
def files(tmp_path: Path, material: AuthorityMaterial, seal: bytes) -> Path:
    """A folder as an outsider has it: the PEM, the manifest, the seal, the timestamp token inside it."""
    (tmp_path / "archive.pem").write_text(material.public_pem())
    (tmp_path / "root.pem").write_text(material.root.certificate)
    (tmp_path / "manifest.json").write_bytes(MANIFEST)
    (tmp_path / "seal.p7s").write_bytes(seal)
    signer = cms.ContentInfo.load(seal)["content"]["signer_infos"][0]
    (tmp_path / "signature.bin").write_bytes(signer["signature"].native)
    (tmp_path / "token.der").write_bytes(signer["unsigned_attrs"][0]["values"][0].dump())
    return tmp_path


def certificates(material: AuthorityMaterial) -> dict[str, x509.Certificate]:
    return {
        name: x509.load_pem_x509_certificate(getattr(material, name).certificate.encode())
        for name in ("root", "seal", "timestamp")
    }


def test_certificates_have_the_profile_of_their_task(material: AuthorityMaterial) -> None:
    """RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12; RFC 3161 section 2.3: time stamping alone, and critical."""
    found = certificates(material)
    for name, certificate in found.items():
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert usage.critical
        assert basic.critical
        assert (basic.value.ca, usage.value.key_cert_sign) == (name == "root", name == "root"), name
        assert usage.value.digital_signature == (name != "root")
        assert not usage.value.key_encipherment
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        assert certificate.public_key().curve.name == "secp256r1"  # type: ignore[union-attr]
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        assert certificate.serial_number.bit_length() > 64
    stamping = found["timestamp"].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert stamping.critical
    assert list(stamping.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    with pytest.raises(x509.ExtensionNotFound):
        found["seal"].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert PILOT in found["root"].subject.rfc4514_string()
    assert DEVELOPMENT in found["timestamp"].subject.rfc4514_string()
    for name in ("seal", "timestamp"):
        assert found[name].not_valid_after_utc <= found["root"].not_valid_after_utc
        found[name].verify_directly_issued_by(found["root"])


def test_openssl_finds_the_certificates_fit_for_their_tasks(files: Path, material: AuthorityMaterial) -> None:
    (files / "timestamp.pem").write_text(material.timestamp.certificate)
    (files / "one.pem").write_text(material.seal.certificate)
    at = ("-attime", str(int(EPOCH)), "-x509_strict", "-CAfile", files / "root.pem")
    assert asked("openssl", "verify", *at, "-purpose", "timestampsign", files / "timestamp.pem").returncode == 0
    assert asked("openssl", "verify", *at, "-purpose", "smimesign", files / "one.pem").returncode == 0
    assert asked("openssl", "verify", *at, "-purpose", "timestampsign", files / "one.pem").returncode != 0


def _cms(files: Path, content: str, root: str = "archive.pem") -> int:
    return asked(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", files / "seal.p7s", "-content",
        files / content, "-CAfile", files / root, "-purpose", "any", "-attime", str(int(EPOCH)), "-out", "/dev/null",
    ).returncode  # fmt: skip


def test_openssl_accepts_the_seal_and_nothing_else(files: Path) -> None:
    assert _cms(files, "manifest.json") == 0
    (files / "other.json").write_bytes(MANIFEST.replace(b"1}", b"2}"))
    assert _cms(files, "other.json") != 0
    stranger = create_authority("Pemerintah Kota Cendana", "ID", FixedClock(MOMENT), 5)
    (files / "stranger.pem").write_text(stranger.public_pem())
    assert _cms(files, "manifest.json", "stranger.pem") != 0


def _ts(files: Path, data: str) -> int:
    return asked(
        "openssl", "ts", "-verify", "-data", files / data, "-in", files / "token.der", "-token_in", "-CAfile",
        files / "root.pem", "-attime", str(int(EPOCH)),
    ).returncode  # fmt: skip


def test_openssl_accepts_the_timestamp_over_the_seals_signature(files: Path) -> None:
    assert _ts(files, "signature.bin") == 0
    assert _ts(files, "manifest.json") != 0


def test_the_seal_is_cades_with_its_signer_and_time_bound_in(seal: bytes) -> None:
    """ETSI EN 319 122-1: the signer's certificate is signed (ESS v2), so that no other can be put in its place."""
    signer = cms.ContentInfo.load(seal)["content"]["signer_infos"][0]
    signed = {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= signed
    assert [attribute["type"].native for attribute in signer["unsigned_attrs"]] == ["signature_time_stamp_token"]
    assert signer["digest_algorithm"]["algorithm"].native == "sha256"
    assert cms.ContentInfo.load(seal)["content"]["encap_content_info"]["content"].native is None


def test_our_own_verdict_is_in_parts(seal: bytes, trust: TrustMaterial) -> None:
    good = verify_detached(MANIFEST, seal, trust)
    assert good.good
    assert "Pemerintah Kota Cendana" in good.signer
    assert good.timestamp is not None
    assert (good.timestamp.time, good.timestamp.development) == (MOMENT, True)
    altered = verify_detached(MANIFEST + b" ", seal, trust)
    assert (altered.intact, altered.good) == (False, False)
    nobody = verify_detached(MANIFEST, seal, TrustMaterial())
    assert (nobody.intact, nobody.valid, nobody.trusted, nobody.good) == (True, True, False, False)
    assert nobody.timestamp is not None
    assert not nobody.timestamp.trusted


def test_a_root_for_timestamps_vouches_for_no_seal(seal: bytes, trust: TrustMaterial) -> None:
    verdict = verify_detached(MANIFEST, seal, TrustMaterial((), trust.roots))
    assert not verdict.trusted
    assert verdict.timestamp is not None
    assert verdict.timestamp.trusted


def test_pdfsig_accepts_the_sealed_pdf(sealed_pdf: bytes, tmp_path: Path) -> None:
    (tmp_path / "sealed.pdf").write_bytes(sealed_pdf)
    told = asked("pdfsig", "-nocert", tmp_path / "sealed.pdf").stdout.decode()
    assert told.count("Signature is Valid") == 1
    assert "Total document signed" in told
    assert "ETSI.CAdES.detached" in told
    place = sealed_pdf.index(b"Salinan")
    (tmp_path / "altered.pdf").write_bytes(sealed_pdf[:place] + b"s" + sealed_pdf[place + 1 :])
    assert "Signature is Valid" not in asked("pdfsig", "-nocert", tmp_path / "altered.pdf").stdout.decode()


def test_pyhanko_accepts_the_sealed_pdf_at_its_own_terms(sealed_pdf: bytes, material: AuthorityMaterial) -> None:
    root, _key = material.root.parsed()
    embedded = PdfFileReader(io.BytesIO(sealed_pdf)).embedded_regular_signatures[0]
    context = ValidationContext(trust_roots=[root], moment=MOMENT, allow_fetching=False)
    status = asyncio.run(async_validate_pdf_signature(embedded, context, context))
    assert status.bottom_line
    assert status.timestamp_validity.timestamp == MOMENT
    assert embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert "/M" in embedded.sig_object


def test_sealing_adds_and_changes_nothing(material: AuthorityMaterial, trust: TrustMaterial) -> None:
    """An incremental update: what was received is there byte for byte, an earlier signature stays valid."""
    received = pdf("Surat keputusan")
    once = seal_pdf(io.BytesIO(received), *parts(material), "Salinan arsip")
    twice = seal_pdf(io.BytesIO(once), *parts(material), "Salinan arsip")
    assert once.startswith(received)
    assert twice.startswith(once)
    first, second = verify_pdf(io.BytesIO(twice), trust)
    assert (first.coverage, second.coverage) == (EXTENDED, WHOLE)
    assert first.good
    assert second.good


def test_every_flipped_byte_of_a_sealed_pdf_is_noticed(sealed_pdf: bytes, trust: TrustMaterial) -> None:
    """Over all that the signature covers, in steps; what can no longer be read at all is no good either."""
    embedded = PdfFileReader(io.BytesIO(sealed_pdf)).embedded_regular_signatures[0]
    _start, before, after, _length = embedded.byte_range
    assert _length == len(sealed_pdf) - after
    covered = [place for place in range(len(sealed_pdf)) if place < before or place >= after]
    for place in covered[:: len(covered) // 60]:
        wrong = bytearray(sealed_pdf)
        wrong[place] ^= 0x01
        try:
            verdicts = verify_pdf(io.BytesIO(bytes(wrong)), trust)
        except SigningFault:
            continue
        assert not any(verdict.good for verdict in verdicts), place


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"not a pdf", pdf("x")[:-200]], ids=range(4))
def test_what_is_no_pdf_is_refused(content: bytes, material: AuthorityMaterial) -> None:
    with pytest.raises(SealRefused):
        seal_pdf(io.BytesIO(content), *parts(material), "Salinan arsip")


WRONG_TIMES = {
    "years ahead": (MOMENT + timedelta(days=366 * 7), "has expired on 2031"),
    "years back": (MOMENT - timedelta(days=366 * 3), "is valid only from 2026"),
}


class Told(io.BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(lambda whole: whole + b"\n%" + b"x" * 3_000_000, id="a long line behind it"),
        pytest.param(lambda whole: whole + b"\n" * 3_000_000, id="empty lines behind it"),
        pytest.param(lambda whole: whole + b"\n%" + b"x" * 3_000_000 + b"\n%%EOF\n", id="a mark without a place"),
        pytest.param(
            lambda whole: whole + b"\n%" + b"x" * 3_000_000 + b"startxref\n9\n%%EOF\n", id="a place behind a line"
        ),
    ],
)
def test_what_was_put_behind_a_pdf_is_not_searched(
    ending: Callable[[bytes], bytes], material: AuthorityMaterial
) -> None:
    """It would be read byte by byte: seven seconds for a mebibyte, by a worker that could have done eighty letters."""
    source = Told(ending(pdf("Surat")))
    with pytest.raises(SealRefused, match="its end"):
        seal_pdf_behind(source, *parts(material), "Salinan")
    assert source.reads <= 3


@pytest.mark.parametrize("behind", [b"", b"\r\n", b" " * 900, b"\n% made by a scanner\n"])
def test_a_little_behind_a_pdf_is_no_matter(behind: bytes, material: AuthorityMaterial, trust: TrustMaterial) -> None:
    sealed = seal_pdf(io.BytesIO(pdf("Surat") + behind), *parts(material), "Salinan")
    (verdict,) = verify_pdf(io.BytesIO(sealed), trust)
    assert (verdict.good, verdict.coverage) == (True, WHOLE)


@pytest.mark.parametrize("times", WRONG_TIMES.values(), ids=WRONG_TIMES.keys())
def test_no_seal_outside_of_the_certificates_time(times: tuple[datetime, str], material: AuthorityMaterial) -> None:
    """A clock years ahead, or a forgotten renewal, must not end in seals that nobody can accept."""
    moment, told = times
    for attempt in (
        lambda: seal_detached(MANIFEST, *parts(material, moment)),
        lambda: seal_pdf(io.BytesIO(pdf("x")), *parts(material, moment), "Salinan arsip"),
    ):
        with pytest.raises(SignerUnavailable, match=told) as refused:
            attempt()
        assert "edms init" in str(refused.value)


def test_no_timestamp_outside_of_the_authoritys_time(material: AuthorityMaterial) -> None:
    """The signer's certificate may be of another year than the authority's."""
    late = FixedClock(MOMENT + timedelta(days=366 * 7))
    signer = LocalSigner(renew_authority(material, "Pemerintah Kota Cendana", "ID", late, 5), late)
    with pytest.raises(SignerUnavailable, match="development timestamp authority has expired"):
        seal_detached(MANIFEST, signer, DevelopmentTimestamps(material, late))
    with pytest.raises(SignerUnavailable, match="development timestamp authority has expired"):
        seal_pdf(io.BytesIO(pdf("x")), signer, DevelopmentTimestamps(material, late), "Salinan arsip")


def test_old_seals_outlive_their_certificate(seal: bytes, trust: TrustMaterial, material: AuthorityMaterial) -> None:
    """They are judged as of the time in their timestamp; a renewed authority does not change what old seals say."""
    later = FixedClock(MOMENT + timedelta(days=366 * 6))
    renewed = renew_authority(material, "Pemerintah Kota Cendana", "ID", later, 5)
    assert renewed.root.certificate == material.root.certificate
    assert renewed.seal.private_key != material.seal.private_key
    assert verify_detached(MANIFEST, seal, trust).good
    again = seal_detached(MANIFEST, *parts(renewed, later.now()))
    assert verify_detached(MANIFEST, again, trust).good


def test_a_root_that_would_not_outlive_what_it_signs_is_made_anew(material: AuthorityMaterial) -> None:
    for moment in (MOMENT + timedelta(days=366 * 12), MOMENT - timedelta(days=366)):
        renewed = renew_authority(material, "Pemerintah Kota Cendana", "ID", FixedClock(moment), 5)
        assert renewed.root.certificate != material.root.certificate
        assert renewed.usable(moment)


def test_a_certificate_about_to_end_is_to_be_renewed(material: AuthorityMaterial) -> None:
    _first, last = material.period()
    assert material.usable(MOMENT)
    assert not material.usable(last - timedelta(days=89))
    assert not material.usable(MOMENT - timedelta(days=1))


def test_private_keys_stand_nowhere_in_the_clear(tmp_path: Path, material: AuthorityMaterial) -> None:
    ring = KeyRing.create(tmp_path / "keys", FixedClock(MOMENT))
    ring.add("authority", material.to_json())
    assert AuthorityMaterial.from_json(ring.secret("authority")) == material
    written = b"".join(path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in written
    for pair in (material.root, material.seal, material.timestamp):
        body = pair.private_key.splitlines()[1]
        assert body.encode() not in written
        assert body not in repr(material)
        assert body not in material.public_pem()
        assert body not in repr(LocalSigner(material, FixedClock(MOMENT)).__dict__)


def test_a_signer_that_fails_gives_no_half_seal(material: AuthorityMaterial) -> None:
    """A seal key that is not the certificate's: what it signs would be invalid, so nothing may come out."""
    wrong = replace(material, seal=replace(material.seal, private_key=material.timestamp.private_key))
    with pytest.raises(ConfigurationError, match="not the key of its certificate"):
        LocalSigner(wrong, FixedClock(MOMENT))
    with pytest.raises(ConfigurationError, match="not the key of its certificate"):
        DevelopmentTimestamps(
            replace(material, timestamp=replace(material.timestamp, private_key=material.seal.private_key)),
            FixedClock(MOMENT),
        )


def test_times_are_the_archives_not_the_machines(seal: bytes, sealed_pdf: bytes, trust: TrustMaterial) -> None:
    signer = cms.ContentInfo.load(seal)["content"]["signer_infos"][0]
    claimed = {entry["type"].native: entry["values"][0].native for entry in signer["signed_attrs"]}
    assert claimed["signing_time"] == MOMENT
    assert MOMENT.strftime("D:%Y%m%d%H%M%S").encode() in sealed_pdf
    assert MOMENT.tzinfo == UTC


def test_seals_are_made_and_judged_where_an_event_loop_runs(material: AuthorityMaterial, trust: TrustMaterial) -> None:
    """A caller that is asynchronous itself gets the same seals and the same verdicts."""

    async def caller() -> tuple[bool, bool]:
        detached = seal_detached(MANIFEST, *parts(material))
        sealed = seal_pdf(io.BytesIO(pdf("Surat")), *parts(material), "Salinan arsip")
        verdicts = verify_detached(MANIFEST, detached, trust), verify_pdf(io.BytesIO(sealed), trust)[0]
        assert not verify_detached(MANIFEST + b" ", detached, trust).intact
        return verdicts[0].trusted, verdicts[1].trusted

    assert asyncio.run(caller()) == (True, True)
