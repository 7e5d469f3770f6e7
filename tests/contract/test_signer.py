"""One contract for every signer: local, pkcs12, pkcs11 (a real SoftHSM2 token), csc (a service on loopback)."""

import io
import logging
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf, settle, take_in
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from judges import asked
from key_services import PIN
from outside_authority import Outside, key_pem, pem
from signing_service import Service, running

from edms.core.clock import Clock, FixedClock, SystemClock
from edms.core.errors import ConfigurationError
from edms.core.settings import SigningSettings
from edms.records.archive import Archive
from edms.records.model import ComponentRole
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.errors import SignerUnavailable
from edms.signing.local import DevelopmentTimestamps
from edms.signing.opening import open_signer
from edms.signing.profiles import SealRules, detached_seal, pdf_seal
from edms.signing.protocols import Signer
from edms.signing.trust import TrustMaterial
from edms.signing.verification import verify_detached, verify_pdf

CONTENT = b"yang disegel"
PASSPHRASE = b"kuda-hijau-22"
PROVIDERS = ("local", "pkcs12", "pkcs11", "csc")
OUTSIDE = PROVIDERS[1:]
RSA = ("pkcs12 2048", "pkcs12 4096", "pkcs11 3072", "csc 2048")
"""With keys of RSA and so many bits, which most certificates of officials and offices have."""


@dataclass
class Made:
    """A signer; how its key goes away and comes back, what is secret, and settings with a wrong secret."""

    settings: SigningSettings
    pilot: AuthorityMaterial
    trusted: str
    clock: Clock
    away: Callable[[], None]
    back: Callable[[], None]
    secrets: tuple[bytes, ...] = ()
    wrong: SigningSettings | None = None
    service: Service | None = None

    def signer(self, settings: SigningSettings | None = None, clock: Clock | None = None) -> Signer:
        return open_signer(settings or self.settings, self.pilot, clock or self.clock)[0]

    @property
    def trust(self) -> TrustMaterial:
        return TrustMaterial.from_pem((self.trusted + self.pilot.public_pem()).encode())

    def seal(self, signer: Signer | None = None) -> bytes:
        stamps = DevelopmentTimestamps(self.pilot, self.clock)
        return detached_seal(CONTENT, signer or self.signer(), stamps, SealRules("B-T", trust=self.trust)).content


def secret_file(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    provider, _, kind = request.param.partition(" ")
    pilot = create_authority("Pemerintah Kota Cendana", "ID", SystemClock(), 5)
    if provider == "local":
        yield Made(SigningSettings(), pilot, "", SystemClock(), lambda: None, lambda: None)
        return
    outside: Outside = request.getfixturevalue("outside")
    key = rsa.generate_private_key(65537, int(kind)) if kind else ec.generate_private_key(ec.SECP256R1())
    certificate = outside.certificate("Segel Kota Cendana", key)
    chain = outside.chain_pem(certificate)
    (tmp_path / "seal.pem").write_text(chain)
    base = {"provider": provider, "certificates": tmp_path / "seal.pem"}
    with ExitStack() as stack:
        build = {"pkcs12": _pkcs12, "pkcs11": _pkcs11, "csc": _csc}[provider]
        told = build(request, tmp_path, key, [certificate, outside.issuer, outside.root], base, stack)
        yield Made(pilot=pilot, trusted=chain, clock=SystemClock(), **told)


def _pkcs12(request: Any, folder: Path, key: Any, chain: list[Any], base: dict[str, Any], stack: ExitStack) -> Any:
    sealing = serialization.BestAvailableEncryption(PASSPHRASE)
    file = folder / "seal.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"segel", key, chain[0], chain[1:], sealing))
    base = {**base, "pkcs12_file": file}
    right, wrong = secret_file(folder, "right", PASSPHRASE), secret_file(folder, "wrong", b"kuda-merah-99")
    return {
        "settings": SigningSettings(**base, unlock=right), "wrong": SigningSettings(**base, unlock=wrong),
        "away": lambda: file.rename(folder / "elsewhere"), "back": lambda: (folder / "elsewhere").rename(file),
        "secrets": (PASSPHRASE, b"kuda-merah-99"),
    }  # fmt: skip


def _pkcs11(request: Any, folder: Path, key: Any, chain: list[Any], base: dict[str, Any], stack: ExitStack) -> Any:
    softhsm = request.getfixturevalue("softhsm")
    label = softhsm.new_token()
    (folder / "seal.key").write_bytes(key_pem(key))
    command = [
        "softhsm2-util",
        "--import",
        str(folder / "seal.key"),
        "--token",
        label,
        "--label",
        "segel",
        "--id",
        "01",
    ]
    subprocess.run([*command, "--pin", PIN.decode()], check=True, capture_output=True, timeout=120)
    base = {**base, "pkcs11_module": softhsm.module, "pkcs11_token": label, "pkcs11_key": "segel"}
    right, wrong = secret_file(folder, "right", PIN), secret_file(folder, "wrong", b"000999")
    gone = softhsm.tokens.with_name(f"gone-{label}")

    def away() -> None:
        softhsm.tokens.rename(gone)
        softhsm.tokens.mkdir()

    def back() -> None:
        softhsm.tokens.rmdir()
        gone.rename(softhsm.tokens)

    return {
        "settings": SigningSettings(**base, unlock=right), "wrong": SigningSettings(**base, unlock=wrong),
        "away": away, "back": back, "secrets": (PIN, b"000999"),
    }  # fmt: skip


def _csc(request: Any, folder: Path, key: Any, chain: list[Any], base: dict[str, Any], stack: ExitStack) -> Any:
    service = stack.enter_context(running(Service(key, chain)))
    base = {**base, "csc_url": service.url, "csc_credential": service.credential,
            "unlock": secret_file(folder, "token", service.token.encode())}  # fmt: skip
    right = secret_file(folder, "pin", service.pin.encode())
    wrong = secret_file(folder, "wrong", b"000999")
    return {
        "settings": SigningSettings(**base, csc_pin=right), "wrong": SigningSettings(**base, csc_pin=wrong),
        "away": lambda: setattr(service, "down", True), "back": lambda: setattr(service, "down", False),
        "secrets": (service.pin.encode(), service.token.encode(), b"000999"), "service": service,
    }  # fmt: skip


every = pytest.mark.parametrize("made", PROVIDERS, indirect=True)
elsewhere = pytest.mark.parametrize("made", OUTSIDE, indirect=True)


@pytest.mark.parametrize("made", PROVIDERS + RSA, indirect=True)
def test_openssl_and_poppler_and_we_accept_what_it_signs(made: Made, tmp_path: Path) -> None:
    signer, stamps = made.signer(), DevelopmentTimestamps(made.pilot, made.clock)
    signer.require_ready()
    seal = made.seal(signer)
    verdict = verify_detached(CONTENT, seal, made.trust)
    assert verdict.good
    assert signer.pilot == (made.settings.provider == "local")
    (tmp_path / "seal").write_bytes(seal)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "trusted.pem").write_text(made.trusted + made.pilot.public_pem())
    told = asked(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "seal", "-content",
        tmp_path / "content", "-CAfile", tmp_path / "trusted.pem", "-purpose", "any", "-out", "/dev/null",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    rules = SealRules("B-T", trust=made.trust)
    document = pdf_seal(io.BytesIO(pdf("Surat")), signer, stamps, "Salinan", rules).content
    (verdict,) = verify_pdf(io.BytesIO(document), made.trust)
    assert verdict.good
    (tmp_path / "sealed.pdf").write_bytes(document)
    assert b"Signature is Valid" in asked("pdfsig", tmp_path / "sealed.pdf").stdout


@pytest.mark.parametrize("made", ["pkcs12 1024"], indirect=True)
def test_a_key_that_is_too_short_is_refused(made: Made) -> None:
    with pytest.raises(ConfigurationError, match="RSA 1024 bits"):
        made.signer()


@every
@pytest.mark.parametrize("days", [-40, 3000])
def test_nothing_is_signed_outside_of_the_certificates_time(days: int, made: Made) -> None:
    signer = made.signer(clock=FixedClock(made.clock.now() + timedelta(days=days)))
    with pytest.raises(SignerUnavailable, match=r"valid only from|has expired"):
        made.seal(signer)


@elsewhere
def test_a_key_that_is_away_is_waited_for(made: Made) -> None:
    """It opens without the key, signs, loses it in the middle, and signs again with the same object."""
    made.away()
    signer = made.signer()
    assert signer.certificate.subject.native["common_name"] == "Segel Kota Cendana"
    with pytest.raises(SignerUnavailable):
        signer.require_ready()
    with pytest.raises(SignerUnavailable):
        made.seal(signer)
    made.back()
    assert verify_detached(CONTENT, made.seal(signer), made.trust).good
    if made.settings.provider == "pkcs12":
        return  # once opened its key is in memory
    made.away()
    if made.settings.provider == "csc":
        with pytest.raises(SignerUnavailable):
            made.seal(signer)
    made.back()
    assert verify_detached(CONTENT, made.seal(signer), made.trust).good


@elsewhere
def test_secrets_stand_nowhere(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    assert made.wrong is not None
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for settings in (made.settings, made.wrong):
        signer = made.signer(settings)
        told += [repr(signer), repr(signer.pyhanko()), repr(settings)]
        for _try in range(3):
            try:
                made.seal(signer)
            except SignerUnavailable as fault:
                told += [str(fault), repr(fault), repr(fault.__cause__), repr(vars(fault))]
    assert any("wrong" in one or "refused" in one for one in told)
    everything = "\n".join([*told, caplog.text]).encode()
    for secret in made.secrets:
        assert secret not in everything


@elsewhere
def test_a_secret_that_was_refused_is_not_tried_until_the_token_locks(made: Made) -> None:
    assert made.wrong is not None
    signer = made.signer(made.wrong)
    with pytest.raises(SignerUnavailable, match="is wrong"):
        made.seal(signer)
    for _try in range(20):
        with pytest.raises(SignerUnavailable, match="not tried again"):
            made.seal(signer)
    assert verify_detached(CONTENT, made.seal(), made.trust).good
    # A secret mended in its file is taken up by the same service.
    source = made.wrong.csc_pin if made.wrong.provider == "csc" else made.wrong.unlock
    Path(source.removeprefix("file:")).write_bytes(made.secrets[0])
    assert verify_detached(CONTENT, made.seal(signer), made.trust).good


@elsewhere
def test_a_key_that_is_not_the_certificates_seals_nothing(made: Made, outside: Outside) -> None:
    stranger = outside.certificate("Orang Lain", ec.generate_private_key(ec.SECP256R1()))
    assert made.settings.certificates is not None
    made.settings.certificates.write_text(outside.chain_pem(stranger))
    with pytest.raises(SignerUnavailable, match="certificate"):
        made.seal()


@elsewhere
def test_a_capture_waits_for_the_signer_and_is_taken_up_again(made: Made, embedded: Archive) -> None:
    made.away()
    clock = FixedClock(made.clock.now())
    signer, public = open_signer(made.settings, made.pilot, clock)
    pilot = AuthorityMaterial.from_json(embedded.keys.secret("authority"))
    trust = TrustMaterial.from_pem((public + pilot.public_pem()).encode())
    archive = replace(
        embedded, signer=signer, trust=trust, clock=clock, timestamps=DevelopmentTimestamps(pilot, clock),
        seal_rules=replace(embedded.seal_rules, profile="B-LT", trust=trust),
    )  # fmt: skip
    record = take_in(archive, b"catatan rapat", name="catatan.txt").record_id
    assert _state(archive, record) not in ("declared", "quarantined")
    made.back()
    clock.set(clock.now() + timedelta(minutes=10))
    settle(archive)
    assert _state(archive, record) == "declared"
    with archive.database.reader() as session:
        from edms.records.model import Record

        seal = session.get_one(Record, record).component(ComponentRole.SEAL)
        assert seal is not None
        assert seal.facts == {"seal_level": "B-LT"}


def _state(archive: Archive, record: Any) -> str:
    from edms.records.model import Record

    with archive.database.reader() as session:
        return str(session.get_one(Record, record).state)


@pytest.mark.parametrize("made", ["csc"], indirect=True)
def test_the_service_signs_only_what_was_authorised(made: Made) -> None:
    service = made.service
    assert service is not None
    made.seal()
    assert [path.rpartition("/")[2] for path in service.asked] == ["info", "authorize", "signHash"]
    service.lifetime = 0
    with pytest.raises(SignerUnavailable):
        made.seal()
    service.lifetime, service.forges = 60, True
    with pytest.raises(SignerUnavailable, match="not by the key"):
        made.seal()
    service.forges, service.token = False, "another"
    with pytest.raises(SignerUnavailable, match="token"):
        made.seal()


@pytest.mark.parametrize("made", ["csc"], indirect=True)
def test_a_token_goes_to_no_plain_address(made: Made) -> None:
    from edms.core.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="https"):
        made.signer(made.settings.model_copy(update={"csc_url": "http://signing.example/"}))


def test_a_file_without_the_own_certificate_first_is_refused(tmp_path: Path, outside: Outside) -> None:
    from edms.core.errors import ConfigurationError

    (tmp_path / "seal.pem").write_text(pem(outside.root))
    settings = SigningSettings(provider="pkcs12", certificates=tmp_path / "seal.pem", pkcs12_file=tmp_path / "x")
    with pytest.raises(ConfigurationError, match="begin with"):
        open_signer(settings, create_authority("Kota", "ID", SystemClock(), 1), SystemClock())
