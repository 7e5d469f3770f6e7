"""The three odd ones: a signed PDF, a damaged one, one behind a password."""

import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
from asn1crypto import keys, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tools.sample_archive.signer_key import CERTIFICATE, PRIVATE_KEY

MOMENT = datetime(2026, 1, 5, 8, tzinfo=UTC)
PASSWORD = "rahasia"


class _SteadyWriter(IncrementalPdfFileWriter):
    """Leaves the date of modification alone."""

    def _update_meta(self) -> None:
        return


class _Steady(signers.PdfSigner):
    """Signs at a fixed moment."""

    def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
        session = super().init_signing_session(*arguments, **named)
        session.system_time = MOMENT
        return session


def signed(pdf: bytes) -> bytes:
    """Return the PDF signed with the throw-away key of the samples (RSA, so that the same input gives the same bytes)."""
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(CERTIFICATE),
        signing_key=keys.PrivateKeyInfo.load(PRIVATE_KEY),
        cert_registry=SimpleCertificateStore(),
    )
    writer = _SteadyWriter(io.BytesIO(pdf))
    writer._document_id = generic.ArrayObject(
        [generic.ByteStringObject(b"sample" * 2), generic.ByteStringObject(b"signed" * 2)]
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        reason="Contoh", name="Contoh penanda tangan",
    )  # fmt: skip
    out = io.BytesIO()
    _Steady(metadata, signer=signer).sign_pdf(writer, output=out)
    return out.getvalue()


def damaged(pdf: bytes) -> bytes:
    """Return the first part of the PDF with its middle overwritten: no page can be read."""
    cut = bytearray(pdf[: len(pdf) // 3])
    cut[200 : len(cut) - 100] = b"\x00\xff" * ((len(cut) - 300) // 2)
    return bytes(cut)


def locked(pdf: bytes) -> bytes:
    """Return the PDF behind a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            out,
            encryption=pikepdf.Encryption(user=PASSWORD, owner=PASSWORD + "-o", R=4, aes=False, metadata=False),
            deterministic_id=False,
            static_id=True,
        )
    return out.getvalue()
