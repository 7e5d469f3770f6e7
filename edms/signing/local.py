"""Signing with the local pilot authority, and its development timestamps."""

from datetime import datetime

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.sign import general
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import get_nonce
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edms.core.clock import Clock
from edms.signing.authority import DEVELOPMENT, PILOT, AuthorityMaterial
from edms.signing.validity import require_valid

# An arc for examples (RFC 9637 style names do not exist for OIDs): 2.25 takes UUIDs, so nobody else's policy is named.
POLICY = "2.25.329800735698586629295641978511506172918"


class LocalSigner:
    """Signs with the seal key of the local pilot authority."""

    provider = PILOT
    pilot = True

    def __init__(self, material: AuthorityMaterial, clock: Clock) -> None:
        self.clock = clock
        certificate, key = material.seal.parsed()
        root, _root_key = material.root.parsed()
        self.certificate: x509.Certificate = certificate
        store = SimpleCertificateStore()
        store.register_multiple([root])
        self._signer = SimpleSigner(signing_cert=certificate, signing_key=key, cert_registry=store)

    def pyhanko(self) -> SimpleSigner:
        return self._signer

    def require_ready(self) -> None:
        """The key is in memory."""


class DevelopmentTimestamps:
    """RFC 3161 timestamps by a key of our own: they order things for ourselves and prove nothing to others."""

    name = DEVELOPMENT
    development = True

    def __init__(self, material: AuthorityMaterial, clock: Clock) -> None:
        self._stamper = _Stamper(material, clock)

    def pyhanko(self) -> TimeStamper:
        return self._stamper


class _Stamper(TimeStamper):
    """Answers pyHanko's requests in this process, with a token that `openssl ts -verify` accepts."""

    def __init__(self, material: AuthorityMaterial, clock: Clock) -> None:
        self._certificate, key = material.timestamp.parsed()
        self._root, _root_key = material.root.parsed()
        loaded = serialization.load_der_private_key(key.dump(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self._key = loaded
        self._clock = clock
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        require_valid(self._certificate, self._clock.now(), "the development timestamp authority")
        token = self._token(req)
        return tsp.TimeStampResp({"status": tsp.PKIStatusInfo({"status": "granted"}), "time_stamp_token": token})

    def _token(self, req: tsp.TimeStampReq) -> cms.ContentInfo:
        now = self._clock.now().replace(microsecond=0)
        info = self._info(req, now).dump()
        signed_attributes = self._signed_attributes(info, now)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier({"issuer_and_serial_number": self._identifier()}),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": signed_attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signature": self._key.sign(signed_attributes.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(info)},
                "certificates": [self._certificate, self._root],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": data})

    def _info(self, req: tsp.TimeStampReq, now: datetime) -> tsp.TSTInfo:
        fields = {
            "version": "v1",
            "policy": tsp.ObjectIdentifier(POLICY),
            "message_imprint": req["message_imprint"],
            "serial_number": get_nonce(),
            "gen_time": now,
            "accuracy": {"seconds": 1},
            "tsa": x509.GeneralName(name="directory_name", value=self._certificate.subject),
        }
        if req["nonce"].native is not None:
            fields["nonce"] = req["nonce"]
        return tsp.TSTInfo(fields)

    def _signed_attributes(self, info: bytes, now: datetime) -> cms.CMSAttributes:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(info)
        return cms.CMSAttributes(
            [
                general.simple_cms_attribute("content_type", "tst_info"),
                general.simple_cms_attribute("signing_time", _signing_time(now)),
                general.simple_cms_attribute(
                    "signing_certificate_v2", general.as_signing_certificate_v2(self._certificate)
                ),
                general.simple_cms_attribute("message_digest", digest.finalize()),
            ]
        )

    def _identifier(self) -> cms.IssuerAndSerialNumber:
        return cms.IssuerAndSerialNumber(
            {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
        )


def _signing_time(moment: datetime) -> cms.Time:
    """Return the time as CMS spells it: UTCTime has two digits for the year and ends with 2049 (RFC 5652 11.3)."""
    if moment.year < 2050:
        return cms.Time({"utc_time": core.UTCTime(moment)})
    return cms.Time({"generalized_time": core.GeneralizedTime(moment)})
