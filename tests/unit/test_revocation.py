"""Revocation data from a real responder and a real list on loopback; and who would have the archive ask elsewhere."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from outside_authority import Outside

from edms.signing.errors import CertificateRevoked, RevocationUnavailable
from edms.signing.revocation import CollectedRevocation, FetchRules


def asn(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def now() -> datetime:
    return datetime.now(UTC)


def collected(outside: Outside, certificate: x509.Certificate, source: CollectedRevocation | None = None) -> object:
    roots = [outside.root.public_bytes(Encoding.DER)]
    found = (source or CollectedRevocation()).collect(asn(certificate), [asn(outside.issuer)], roots, now())
    return len(found.path), len(found.crls), len(found.ocsps)


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("tells", "lists", "answers"),
    [("ocsp-and-list", 1, 1), ("ocsp", 1, 1), ("list", 2, 0)],
)
def test_each_certificate_of_the_path_is_asked_about(
    tells: str, lists: int, answers: int, outside: Outside, key: ec.EllipticCurvePrivateKey
) -> None:
    """The intermediate's authority has a list alone; the end certificate's has what `tells` says, OCSP first."""
    assert collected(outside, outside.certificate("Segel", key, tells)) == (3, lists, answers)


def test_an_answer_serves_the_next_seals(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    source, certificate = CollectedRevocation(), outside.certificate("Segel", key, "list")
    collected(outside, certificate, source)
    asked = len(outside.asked_for)
    outside.silent = True
    assert collected(outside, certificate, source) == (3, 2, 0)
    assert len(outside.asked_for) == asked == 2


@pytest.mark.parametrize("tells", ["ocsp", "list"])
def test_a_revoked_certificate_seals_nothing(tells: str, outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = outside.certificate("Segel", key, tells)
    outside.revoke(certificate, now().replace(microsecond=0) - timedelta(minutes=10))
    with pytest.raises(CertificateRevoked, match="was revoked on"):
        collected(outside, certificate)


def test_the_list_counts_when_the_responder_is_away(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    outside.ocsp_url = "http://127.0.0.1:9/"
    assert collected(outside, outside.certificate("Segel", key)) == (3, 2, 0)


@pytest.mark.parametrize(
    "answer",
    [b"", b"not a list", b"0" * (600 * 1024), b"0\x82\x00\x02\x05\x00"],
    ids=["empty", "text", "oversized", "der-of-something-else"],
)
def test_what_is_no_list_is_not_believed(answer: bytes, outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = outside.certificate("Segel", key, "list")
    outside.answer = answer
    with pytest.raises(RevocationUnavailable):
        collected(outside, certificate)


def test_another_authoritys_list_is_not_believed(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = outside.certificate("Segel", key, "list")
    outside.answer = outside.list_at("/akar")
    with pytest.raises(RevocationUnavailable, match="does not hold"):
        collected(outside, certificate)


def test_a_list_that_has_ended_is_not_believed(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = outside.certificate("Segel", key, "list")
    pem = outside.revocation_list(now().replace(microsecond=0) - timedelta(days=30))
    outside.answer = x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
    with pytest.raises(RevocationUnavailable):
        collected(outside, certificate)


def test_nobody_there(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = outside.certificate("Segel", key, "list")
    outside.silent = True
    began = time.monotonic()
    with pytest.raises(RevocationUnavailable, match="status 503"):
        collected(outside, certificate, CollectedRevocation(FetchRules(60.0)))
    assert time.monotonic() - began < 60


def test_no_address_is_asked_for_a_certificate_that_leads_nowhere(
    outside: Outside, key: ec.EllipticCurvePrivateKey, tmp_path: object
) -> None:
    """Server-side request forgery: a certificate that anybody made names an address within; nothing asks there."""
    strangers = Outside(outside.folder, ocsp_url=outside.list_url + "/admin", list_url=outside.list_url)
    strangers.issuer = strangers._authority("Penerbit", strangers.key, strangers.root.subject, strangers.root_key)
    certificate = strangers.certificate("Segel", key)
    with pytest.raises(RevocationUnavailable, match="does not lead to a root"):
        CollectedRevocation().collect(
            asn(certificate), [asn(strangers.issuer), asn(strangers.root)],
            [outside.root.public_bytes(Encoding.DER)], now(),
        )  # fmt: skip
    assert outside.asked_for == []


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ldap://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_only_http_is_asked(address: str, outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    outside.ocsp_url = address
    with pytest.raises(RevocationUnavailable):
        collected(outside, outside.certificate("Segel", key, "ocsp"))


def test_what_a_responder_says_is_signed_by_one_that_may(outside: Outside, key: ec.EllipticCurvePrivateKey) -> None:
    """The nonce and the certificate are ours: an answer about another certificate is not one about this."""
    first, second = outside.certificate("Segel", key, "ocsp"), outside.certificate("Lain", key, "ocsp")
    source = CollectedRevocation()
    roots = [outside.root.public_bytes(Encoding.DER)]
    data = source.collect(asn(first), [asn(outside.issuer)], roots, now())
    told = ocsp.OCSPResponse.load(data.ocsps[0]).response_data["responses"][0]["cert_id"]["serial_number"].native
    assert told == first.serial_number != second.serial_number
