"""Bundles sealed under an authority of others: checked after its certificates ended and after it revoked them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from outside_authority import Outside
from pyhanko.sign.signers import SimpleSigner
from test_verify_bundle import Office, written

from edms.core.clock import FixedClock, SystemClock
from edms.signing.authority import PilotLists, create_authority
from edms.signing.local import DevelopmentTimestamps
from edms.signing.outside import OutsideSigner, SignerCertificates
from edms.signing.profiles import Profile, SealRules, detached_seal
from edms.signing.revocation import CollectedRevocation
from edms.signing.trust import TrustMaterial
from edms.verify import alone
from edms.verify.bundle import check_bundle
from edms.verify.trust import log_key_pem, trusted_from_pem

SEED = bytes(range(32))
LATER = FixedClock(datetime.now(UTC) + timedelta(days=3 * 365))
BEFORE, AFTER = timedelta(hours=-1), timedelta(days=30)


class InMemory:
    """A key that is at hand, for a signer whose certificates are another authority's."""

    provider = "a key in memory"

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._key = keys.PrivateKeyInfo.load(der)

    def open(self, certificates: SignerCertificates) -> SimpleSigner:
        return SimpleSigner(signing_cert=certificates.own, signing_key=self._key, cert_registry=None)

    def lost(self) -> None:
        """It cannot be."""


@dataclass
class Sealed:
    """A bundle, what outsiders are given to check it, and its signer's certificate."""

    bundle: Path
    keys: str
    revoke: Callable[[timedelta], bytes]

    def good(self, trusted: str) -> tuple[bool, bool]:
        """What the checker and the one-file checker say."""
        report = check_bundle(self.bundle, trusted_from_pem(trusted.encode()), LATER)
        file = self.bundle.with_name("trusted.pem")
        file.write_text(trusted)
        return report.ok, alone.main([str(self.bundle), "--key", str(file)]) == 0


@pytest.fixture(params=["ocsp", "list"])
def sealed(request: pytest.FixtureRequest, outside: Outside, tmp_path: Path) -> Callable[[Profile], Sealed]:
    def make(profile: Profile) -> Sealed:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = outside.certificate("Segel Kota Cendana", key, request.param, lasts=timedelta(days=60))
        (tmp_path / "seal.pem").write_text(outside.chain_pem(certificate))
        clock, pilot = SystemClock(), create_authority("Kota Cendana", "ID", SystemClock(), 5)
        lists = PilotLists(pilot)
        certificates = SignerCertificates.read(tmp_path / "seal.pem")
        pem = certificates.pem + pilot.public_pem()
        revocation = CollectedRevocation(own={lists.issuer: lists})
        rules = SealRules(profile, trust=TrustMaterial.from_pem(pem.encode()), revocation=revocation)
        signer, stamps = OutsideSigner(certificates, InMemory(key), clock), DevelopmentTimestamps(pilot, clock)
        public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
        office = Office(
            SEED, pem + log_key_pem(public), lambda data: detached_seal(data, signer, stamps, rules).content
        )
        bundle = tmp_path / "bundle.zip"
        bundle.write_bytes(written(office.parts()))

        def revoke(when: timedelta) -> bytes:
            outside.revoke(certificate, datetime.now(UTC).replace(microsecond=0) + when)
            return outside.revocation_list(max(datetime.now(UTC), datetime.now(UTC) + when).replace(microsecond=0))

        return Sealed(bundle, office.keys, revoke)

    return make


@pytest.mark.parametrize("profile", ["B-LT", "B-LTA"])
def test_it_outlives_certificate_and_later_revocation(profile: Profile, sealed: Callable[[Profile], Sealed]) -> None:
    made = sealed(profile)
    assert made.good(made.keys) == (True, True)
    assert made.good(made.keys + made.revoke(AFTER).decode()) == (True, True)


@pytest.mark.parametrize("profile", ["B-T", "B-LT", "B-LTA"])
def test_a_certificate_that_was_revoked_before_seals_nothing(
    profile: Profile, sealed: Callable[[Profile], Sealed]
) -> None:
    """The list is one that the checker got later; what is in the seal said good then."""
    made = sealed(profile)
    assert made.good(made.keys + made.revoke(BEFORE).decode()) == (False, False)


def test_trust_is_what_the_checker_says(sealed: Callable[[Profile], Sealed], outside: Outside) -> None:
    made = sealed("B-LT")
    stranger = outside.certificate("Kota Lain", ec.generate_private_key(ec.SECP256R1()))
    own = made.keys.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----\n")
    assert made.good(made.keys[own:]) == (True, True)
    other = stranger.public_bytes(Encoding.PEM).decode()
    assert made.good(other + made.keys[own:]) == (False, False)
    root = x509.Certificate.load(outside.root.public_bytes(Encoding.DER))
    without = made.keys.replace(outside.root.public_bytes(Encoding.PEM).decode(), "")
    assert root.self_issued
    assert made.good(without) == (False, False)
