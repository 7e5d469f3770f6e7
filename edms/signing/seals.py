"""Making seals: CAdES-B-T detached over bytes, PAdES-B-T inside a PDF (R60, R61; ETSI EN 319 122-1, 319 142-1).

What makes them last longer than that is added by `edms.signing.profiles`.
"""

import io
import os
import re
from typing import Any, BinaryIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimestampRequestError

from edms.core.clock import Clock
from edms.core.coroutines import finish
from edms.signing.appended import Appended, buffered
from edms.signing.encoding import remember_encodings
from edms.signing.errors import SealRefused, SignerUnavailable
from edms.signing.protocols import Signer, TimestampAuthority
from edms.signing.validity import require_valid

remember_encodings()

DIGEST = "sha256"
FIELD = "EdmsSeal"
_SEAL = "the seal"
_END_BYTES = 1024 + len(b"\nstartxref 0123456789\n%%EOF")
_END = re.compile(rb"[\r\n]startxref\s*\d{1,19}\s*[\r\n]\s*%%EOF")


def seal_detached(content: bytes, signer: Signer, timestamps: TimestampAuthority) -> bytes:
    """Return a detached CAdES-B-T signature over `content`, DER. Raises SignerUnavailable: no seal without time."""
    require_valid(signer.certificate, signer.clock.now(), _SEAL)
    attributes = PdfCMSSignedAttributes(signing_time=signer.clock.now(), cades_signed_attrs=CAdESSignedAttrSpec())
    try:
        signed = finish(
            signer.pyhanko().async_sign_general_data(
                content,
                DIGEST,
                detached=True,
                use_cades=True,
                timestamper=timestamps.pyhanko(),
                signed_attr_settings=attributes,
            )
        )
    except SignerUnavailable:
        raise
    except Exception as error:
        raise unavailable(error) from error
    return bytes(signed.dump())


def seal_pdf(source: BinaryIO, signer: Signer, timestamps: TimestampAuthority, reason: str) -> bytes:
    """Return the whole PDF as `seal_pdf_behind` makes it."""
    return seal_pdf_behind(io.BytesIO(source.read()), signer, timestamps, reason).whole()


def seal_pdf_behind(source: BinaryIO, signer: Signer, timestamps: TimestampAuthority, reason: str) -> Appended:
    """Append an invisible PAdES-B-T signature to the PDF `source` (seekable) as an incremental update.

    What was in the file stays byte for byte, earlier signatures included. Raises SealRefused when the file does not
    permit it, SignerUnavailable when signer or authority do not answer.
    """
    require_valid(signer.certificate, signer.clock.now(), _SEAL)
    out = Appended(source)
    with buffered(out) as document:
        _sign_in_place(document, signer, timestamps, reason)
    return out


def _sign_in_place(document: BinaryIO, signer: Signer, timestamps: TimestampAuthority, reason: str) -> None:
    try:
        _require_end(document)
        writer = IncrementalPdfFileWriter(document, strict=False)
        if writer.prev.encrypted:
            raise SealRefused("an encrypted PDF cannot be sealed inside")
        metadata = signers.PdfSignatureMetadata(
            field_name=free_field(writer, FIELD),
            md_algorithm=DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
        )
        sealer = ClockedSealer(signer.clock, metadata, signer=signer.pyhanko(), timestamper=timestamps.pyhanko())
    except SealRefused:
        raise
    except Exception as error:
        raise SealRefused(f"the PDF cannot be sealed inside: {type(error).__name__}") from error
    try:
        finish(sealer.async_sign_pdf(writer, in_place=True))
    except SignerUnavailable:
        raise
    except OSError as error:
        raise unavailable(error) from error
    except Exception as error:
        raise SealRefused(f"the PDF cannot be sealed inside: {type(error).__name__}") from error


def _require_end(document: BinaryIO) -> None:
    """Raise SealRefused for a PDF that does not end as ISO 32000-1, 7.5.5 has it, among its last 1,024 bytes.

    The library looks for the end byte by byte, back to where a line begins: through all that was put behind a document.
    """
    size = document.seek(0, os.SEEK_END)
    document.seek(max(0, size - _END_BYTES))
    if not _END.search(document.read(_END_BYTES)):
        raise SealRefused("the PDF cannot be sealed inside: its end is not that of a PDF")


def unavailable(error: Exception) -> SignerUnavailable:
    """Say why there is no seal: in the authority's or its client's words, else by the kind of error alone."""
    told = str(error) if isinstance(error, TimestampRequestError) else type(error).__name__
    return SignerUnavailable(f"no seal could be made: {told}", "nothing is lost; it is tried again")


class ClockedSealer(signers.PdfSigner):
    """A sealer whose claimed signing time is the archive's clock, not the machine's (invariant 12)."""

    def __init__(self, clock: Clock, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._clock = clock

    def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
        session = super().init_signing_session(*arguments, **named)
        session.system_time = self._clock.now()
        return session


def free_field(writer: IncrementalPdfFileWriter, stem: str) -> str:
    """Return a name that no signature field of the document has: `stem` and a number."""
    taken = {signature.field_name for signature in writer.prev.embedded_signatures}
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"
