"""Signers from outside with certificates, lists and stores of their own, and what somebody does to a PDF later."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from archive_fixtures import MOMENT, pdf
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edms.core.clock import FixedClock
from edms.signing.authority import create_authority
from edms.signing.local import DevelopmentTimestamps
from edms.signing.verification import TrustMaterial

DAY = timedelta(days=1)
LATER = MOMENT + 400 * DAY


@cache
def key(bits: int, whose: str = "signer") -> rsa.RSAPrivateKey:
    """Return a key; `whose` tells keys of one size apart."""
    return rsa.generate_private_key(65537, bits)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Provider:
    """A certificate provider of somebody else, and a signer whom it knows."""

    root: x509.Certificate
    certificate: x509.Certificate
    bits: int
    whose: str

    def revocations(self, day: datetime | None, made: datetime = MOMENT + 2 * DAY) -> asn1_crl.CertificateList:
        """Return the provider's list, on which the signer stands from `day`."""
        build = x509.CertificateRevocationListBuilder().issuer_name(self.root.subject)
        build = build.last_update(made).next_update(made + 30 * DAY)
        if day is not None:
            build = build.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(self.certificate.serial_number)
                .revocation_date(day)
                .build()
            )
        signed = build.sign(key(2048, self.whose), hashes.SHA256())
        return asn1_crl.CertificateList.load(signed.public_bytes(Encoding.DER))

    @property
    def trust(self) -> TrustMaterial:
        return TrustMaterial((self.root.public_bytes(Encoding.DER),))


def provider(bits: int = 2048, whose: str = "root") -> Provider:
    """`whose` root key it is; the names are the same."""

    def made(subject: str, issuer: str, public: rsa.RSAPublicKey, *, authority: bool) -> x509.Certificate:
        build = (
            x509.CertificateBuilder(named(issuer), named(subject), public, x509.random_serial_number())
            .not_valid_before(MOMENT - 100 * DAY)
            .not_valid_after(MOMENT + 1000 * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(not authority, not authority, False, False, False, authority, authority, False, False),
                critical=True,
            )
        )
        return build.sign(key(2048, whose), hashes.SHA256())

    root = made("Akar Sertifikasi", "Akar Sertifikasi", key(2048, whose).public_key(), authority=True)
    return Provider(
        root, made("Budi Santoso", "Akar Sertifikasi", key(bits).public_key(), authority=False), bits, whose
    )


def loaded(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


CLOCK = FixedClock(MOMENT)
STAMPER = DevelopmentTimestamps(create_authority("Otoritas Lain", "ID", CLOCK, 5), CLOCK)


def signed(
    who: Provider,
    content: bytes | None = None,
    *,
    crl: asn1_crl.CertificateList | None = None,
    stamped: bool = True,
    digest: str = "sha256",
    archived: bool = False,
    permits: fields.MDPPerm | None = None,
    subfilter: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES,
    field: str = "Pejabat",
) -> bytes:
    """Return a PDF with a signature by somebody outside."""
    private = key(who.bits).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()
    store.register_multiple([loaded(who.certificate), loaded(who.root)])
    signer = signers.SimpleSigner(
        signing_cert=loaded(who.certificate), signing_key=asn1_keys.PrivateKeyInfo.load(private), cert_registry=store
    )
    stamper = STAMPER.pyhanko()
    metadata = signers.PdfSignatureMetadata(
        field_name=field, md_algorithm=digest, subfilter=subfilter, certify=permits is not None,
        docmdp_permissions=permits or fields.MDPPerm.FILL_FORMS,
    )  # fmt: skip
    writer = IncrementalPdfFileWriter(io.BytesIO(content or pdf("Perjanjian")))
    out = signers.PdfSigner(metadata, signer, timestamper=stamper if stamped else None).sign_pdf(writer)
    result: bytes = out.getvalue()
    return stored(result, who, crl) if crl is not None else result


def stored(content: bytes, who: Provider, crl: asn1_crl.CertificateList) -> bytes:
    """Add a document security store (ISO 32000-2 12.8.4.3), as a long-term signature has one."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))

    def kept(der: bytes) -> generic.IndirectObject:
        return writer.add_object(generic.StreamObject(stream_data=der))

    store = {
        generic.pdf_name("/Certs"): generic.ArrayObject([kept(loaded(who.root).dump())]),
        generic.pdf_name("/CRLs"): generic.ArrayObject([kept(crl.dump())]),
    }
    writer.root["/DSS"] = writer.add_object(generic.DictionaryObject(store))
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def stamped_again(content: bytes) -> bytes:
    """Add a document timestamp over all that is there."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    out = signers.PdfTimeStamper(STAMPER.pyhanko()).timestamp_pdf(writer, "sha256")
    result: bytes = out.getvalue()
    return result


def later(content: bytes, change: Callable[[IncrementalPdfFileWriter, generic.DictionaryObject], None]) -> bytes:
    """Write a later revision in which the first page is changed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    change(writer, page.get_object())
    writer.mark_update(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def note(writer: IncrementalPdfFileWriter, page: generic.DictionaryObject) -> None:
    box = generic.ArrayObject([generic.NumberObject(side) for side in (0, 0, 600, 800)])
    names = {"/Type": generic.pdf_name("/Annot"), "/Subtype": generic.pdf_name("/FreeText"), "/Rect": box,
             "/Contents": generic.pdf_string("Rp 9.000.000.000")}  # fmt: skip
    kept = writer.add_object(generic.DictionaryObject({generic.pdf_name(key): value for key, value in names.items()}))
    older = [page["/Annots"].raw_get(number) for number in range(len(page["/Annots"]))] if "/Annots" in page else []
    page["/Annots"] = generic.ArrayObject([*older, kept])


def text(writer: IncrementalPdfFileWriter, page: generic.DictionaryObject) -> None:
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (Rp 9.000.000.000) Tj ET"))
