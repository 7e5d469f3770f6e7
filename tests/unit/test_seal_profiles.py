"""Seals at B-T, B-LT and B-LTA, before judges of others: openssl, Bouncy Castle, poppler, pyHanko by its own rules."""

import asyncio
import io
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from asn1crypto import cms, core, x509
from judges import asked
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESStatus
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, FreshnessReqType, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from edms.core.clock import FixedClock
from edms.signing.authority import AuthorityMaterial, PilotLists, create_authority
from edms.signing.errors import RevocationUnavailable, SigningFault
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.long_term import ARCHIVE_TIMESTAMP_V3
from edms.signing.profiles import Profile, Sealed, SealRules, detached_seal, pdf_seal
from edms.signing.revocation import CollectedRevocation
from edms.signing.trust import TrustMaterial
from edms.signing.verification import EXTENDED, WHOLE, verify_detached, verify_pdf

CONTENT = b'{"record":"01900000-0000-7000-8000-000000000001","version":1}'
LEVELS: tuple[Profile, ...] = ("B-T", "B-LT", "B-LTA")
FRESH_FOR, HOUR = timedelta(days=7), timedelta(hours=1)
JUDGE = Path(__file__).parent.parent / "java" / "SealJudge.java"
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcpkix", "bcutil")]


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Pemerintah Kota Cendana", "ID", FixedClock(MOMENT), 5)


@pytest.fixture(scope="module")
def trust(material: AuthorityMaterial) -> TrustMaterial:
    return TrustMaterial.from_pem(material.public_pem().encode())


def parts(material: AuthorityMaterial) -> tuple[LocalSigner, DevelopmentTimestamps]:
    clock = FixedClock(MOMENT)
    return LocalSigner(material, clock), DevelopmentTimestamps(material, clock)


def rules(material: AuthorityMaterial, trust: TrustMaterial, profile: Profile, **told: bool) -> SealRules:
    lists = PilotLists(material)
    return SealRules(profile, trust=trust, revocation=CollectedRevocation(own={lists.issuer: lists}), **told)


@pytest.fixture(scope="module")
def seals(material: AuthorityMaterial, trust: TrustMaterial) -> dict[str, Sealed]:
    return {level: detached_seal(CONTENT, *parts(material), rules(material, trust, level)) for level in LEVELS}


@pytest.fixture(scope="module")
def documents(material: AuthorityMaterial, trust: TrustMaterial) -> dict[str, Sealed]:
    return {
        level: pdf_seal(io.BytesIO(pdf("Surat")), *parts(material), "Salinan", rules(material, trust, level))
        for level in LEVELS
    }


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_reached_and_found_to_hold(
    level: Profile, seals: dict[str, Sealed], documents: dict[str, Sealed], trust: TrustMaterial
) -> None:
    assert (seals[level].level, documents[level].level) == (level, level)
    assert seals[level].facts() == {"seal_level": level}
    verdict = verify_detached(CONTENT, seals[level].content, trust)
    assert (verdict.good, verdict.level, verdict.problems) == (True, level, ())
    (verdict,) = verify_pdf(io.BytesIO(documents[level].content), trust)
    assert verdict.good
    assert verdict.coverage == (WHOLE if level == "B-T" else EXTENDED)


@pytest.mark.parametrize("level", LEVELS)
def test_openssl_accepts_the_seal_and_finds_the_revocation_lists_in_it(
    level: Profile, seals: dict[str, Sealed], material: AuthorityMaterial, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_text(material.root.certificate)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "seal").write_bytes(seals[level].content)
    (tmp_path / "other").write_bytes(CONTENT + b" ")

    def verified(content: str, *more: str) -> bool:
        return asked(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "seal", "-content",
            tmp_path / content, "-CAfile", tmp_path / "root.pem", "-purpose", "any", "-attime",
            str(int(MOMENT.timestamp())), "-out", "/dev/null", *more,
        ).returncode == 0  # fmt: skip

    assert verified("content")
    assert not verified("other")
    assert verified("content", "-crl_check") == (level != "B-T")


def test_bouncy_castle_finds_the_same_archive_timestamp(seals: dict[str, Sealed], tmp_path: Path) -> None:
    """It takes the seal apart by itself and computes clause 5.5.3 of EN 319 122-1 anew."""
    if not all(jar.exists() for jar in JARS):
        if os.environ.get("EDMS_REQUIRE_JUDGES") == "1":
            pytest.fail("BOUNCY CASTLE IS ABSENT")
        pytest.skip("BOUNCY CASTLE IS ABSENT (Debian: libbcpkix-java and a JDK): no outside judge of CAdES-LTA")
    (tmp_path / "content").write_bytes(CONTENT)
    files = []
    for level in LEVELS:
        files.append(tmp_path / level)
        files[-1].write_bytes(seals[level].content)
    files.append(tmp_path / "altered")
    files[-1].write_bytes(_without_lists(seals["B-LTA"].content))
    done = subprocess.run(
        ["java", "-cp", ":".join(map(str, JARS)), str(JUDGE), str(tmp_path / "content"), *map(str, files)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    told = done.stdout.splitlines()
    assert told[:3] == [
        "ok: 0 lists, 0 answers, 0 archive timestamps",
        "ok: 1 lists, 0 answers, 0 archive timestamps",
        "ok: 1 lists, 0 answers, 1 archive timestamps",
    ], done.stderr
    assert told[3].startswith("refused")


def _without_lists(seal: bytes) -> bytes:
    info = cms.ContentInfo.load(seal)
    info["content"]["crls"] = cms.RevocationInfoChoices([])
    return bytes(info.dump())


def _with_another_certificate(seal: bytes) -> bytes:
    info = cms.ContentInfo.load(seal)
    held = info["content"]["certificates"]
    other = create_authority("Orang lain", "ID", FixedClock(MOMENT), 1).seal.parsed()[0]
    root = next(one for one in held if one.chosen.self_issued)
    info["content"]["certificates"] = [one for one in held if one is not root] + [
        cms.CertificateChoices("certificate", other)
    ]
    return bytes(info.dump())


def _with_another_signature_timestamp(seal: bytes, seals: dict[str, Sealed]) -> bytes:
    info = cms.ContentInfo.load(seal)
    other = cms.ContentInfo.load(seals["B-T"].content)["content"]["signer_infos"][0]["unsigned_attrs"][0]
    own = info["content"]["signer_infos"][0]
    rest = [one for one in own["unsigned_attrs"] if one["type"].native != "signature_time_stamp_token"]
    own["unsigned_attrs"] = [other, *rest]
    return bytes(info.dump())


@pytest.mark.parametrize("change", [_without_lists, _with_another_certificate, _with_another_signature_timestamp])
def test_what_an_archive_timestamp_covers_cannot_be_changed(
    change: Callable[..., bytes], seals: dict[str, Sealed], trust: TrustMaterial
) -> None:
    seal = seals["B-LTA"].content
    changed = change(seal, seals) if change is _with_another_signature_timestamp else change(seal)
    assert changed != seal
    verdict = verify_detached(CONTENT, changed, trust)
    assert verdict.level != "B-LTA"
    assert not verdict.good or verdict.problems or verdict.level == "B-T"


def test_a_flipped_byte_never_leaves_a_good_seal_of_the_same_level(
    seals: dict[str, Sealed], trust: TrustMaterial
) -> None:
    """Every 37th byte of the whole structure: certificates, lists, attributes, tokens."""
    seal = seals["B-LTA"].content
    unnoticed = []
    for place in range(0, len(seal), 37):
        changed = seal[:place] + bytes([seal[place] ^ 1]) + seal[place + 1 :]
        try:
            verdict = verify_detached(CONTENT, changed, trust)
        except SigningFault:
            continue
        if verdict.good and verdict.level == "B-LTA":
            unnoticed.append(place)
    # Nothing signs the version of CMS; and the newest timestamp is not itself covered, but for what it tells.
    newest = seal.index(core.ObjectIdentifier(ARCHIVE_TIMESTAMP_V3).dump())
    assert [place for place in unnoticed if 64 < place < newest] == []


def test_pyhanko_finds_the_document_at_lta_by_its_own_rules(
    documents: dict[str, Sealed], material: AuthorityMaterial, tmp_path: Path
) -> None:
    """The process of ETSI EN 319 102-1, clause 5.6.3, with nothing but the root and what is in the file."""
    root = x509.Certificate.load(material.root.parsed()[0].dump())
    policy = CertValidationPolicySpec(
        SimpleTrustManager.build([root]),
        CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require"), FRESH_FOR, FreshnessReqType.DEFAULT),
    )
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy))
    reader = PdfFileReader(io.BytesIO(documents["B-LTA"].content))
    at = ValidationTimingInfo(MOMENT + HOUR, MOMENT + HOUR, point_in_time_validation=True)
    found = asyncio.run(ades_lta_validation(reader.embedded_regular_signatures[0], spec, at))
    assert found.ades_subindic.status == AdESStatus.PASSED, found.ades_subindic
    (tmp_path / "sealed.pdf").write_bytes(documents["B-LTA"].content)
    assert "Signature is Valid" in asked("pdfsig", tmp_path / "sealed.pdf").stdout.decode()


def test_a_pilot_list_is_one_that_openssl_takes(material: AuthorityMaterial, tmp_path: Path) -> None:
    lists = PilotLists(material)
    (tmp_path / "list").write_bytes(lists.revocation_list(MOMENT))
    (tmp_path / "root.pem").write_text(material.root.certificate)
    told = asked(
        "openssl", "crl", "-inform", "DER", "-in", tmp_path / "list", "-CAfile", tmp_path / "root.pem", "-noout"
    )
    assert b"verify OK" in told.stderr
    assert lists.revocation_list(MOMENT + timedelta(hours=1)) == lists.revocation_list(MOMENT)
    assert lists.revocation_list(MOMENT + timedelta(days=900)) != lists.revocation_list(MOMENT)


def test_without_revocation_data_a_seal_waits_or_says_why_it_is_lower(
    material: AuthorityMaterial, trust: TrustMaterial
) -> None:
    """Certificates that name no address at all, as the pilot's do, by an authority whose lists we do not make."""
    signer, timestamps = parts(material)
    strict = SealRules("B-LT", waits=True, trust=trust)
    with pytest.raises(RevocationUnavailable, match="names no address"):
        detached_seal(CONTENT, signer, timestamps, strict)
    with pytest.raises(RevocationUnavailable):
        pdf_seal(io.BytesIO(pdf("x")), signer, timestamps, "Salinan", strict)
    made = detached_seal(CONTENT, signer, timestamps, replace(strict, waits=False))
    assert made.level == "B-T"
    assert "names no address" in made.facts()["seal_shortfall"]
    assert verify_detached(CONTENT, made.content, trust).good


def test_a_root_that_serves_many_proves_nothing_about_who(material: AuthorityMaterial) -> None:
    """A verifier that names whom it means does not take another certificate under the same root for it."""
    signer, timestamps = parts(material)
    seal = detached_seal(CONTENT, signer, timestamps, SealRules("B-T")).content
    other = create_authority("Kota Lain", "ID", FixedClock(MOMENT), 5)
    root, leaf = material.root.certificate, other.seal.certificate
    assert verify_detached(CONTENT, seal, TrustMaterial.from_pem(root.encode())).trusted
    assert verify_detached(CONTENT, seal, TrustMaterial.from_pem((root + leaf).encode())).trusted
    own, name = (pair.parsed()[0] for pair in (material.root, other.seal))
    meant = TrustMaterial((own.dump(),), signers=((own.dump(), name.subject.dump()),))
    verdict = verify_detached(CONTENT, seal, meant)
    assert not verdict.trusted
    assert verdict.problems == ("the certificate is under a trusted root, and is somebody else's",)
