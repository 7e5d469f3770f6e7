"""Renditions derived from the original: recognised text, the sealed access copy, what its own signatures say."""

import io
import json
import os
from datetime import datetime
from typing import Any, BinaryIO, cast

from edms.capture.results import PDF_TYPE, Unfit
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.records.components import open_component, seal_bytes
from edms.records.model import Component, ComponentRole
from edms.signing.appended import Appended
from edms.signing.containers import verify_container
from edms.signing.errors import SealRefused, SigningFault
from edms.signing.profiles import pdf_seal, pdf_seal_update
from edms.signing.received import verify_received_pdf
from edms.signing.trust import TrustMaterial
from edms.text.ocr import NotRecognisable, OcrOutcome, OcrUnavailable
from edms.text.reader import problem_of
from edms.vault.vault import SealedBlob

# Beside PDFs that say so: a container of files with their signatures, and a zip of a document and its `.p7s`.
MAY_HOLD_SIGNATURES = ("application/vnd.etsi.asic-e+zip", "application/vnd.etsi.asic-s+zip", "application/zip")
SEAL_REASON = "Access copy made and sealed by the archive"


def recognised(archive: Archive, original: Component, made: bytes | None = None) -> tuple[OcrOutcome | None, str]:
    """OCR the original, or the PDF `made` of it. Without an OCR program the record goes on, marked, and can be
    recognised later."""
    try:
        with open_component(archive, original) if made is None else io.BytesIO(made) as stream:
            return archive.ocr.searchable_pdf(stream, original.media_type if made is None else PDF_TYPE), "done"
    except OcrUnavailable:
        return None, "unavailable"
    except NotRecognisable as fault:
        raise Unfit(fault.code, fault.message) from fault
    except SandboxFault as fault:
        raise unrecognised(fault, "its pages") from fault


def unrecognised(fault: SandboxFault, what: str) -> Unfit:
    """Say of `what` (the pages of a file, or some of them) that it cannot be recognised, and why."""
    return Unfit.by(problem_of(fault), before=f"{what} cannot be recognised: ")


def sealed_copy(
    archive: Archive, original: Component, made: bytes | None, facts: dict[str, Any]
) -> tuple[SealedBlob | None, dict[str, Any]]:
    """Store the access copy with the archive's PAdES seal, None for formats that have none; and facts of the seal.

    A PDF that permits no further signature is kept without: its seal is then the detached one over the manifest.
    """
    if made is None and original.media_type != PDF_TYPE:
        return None, {}
    try:
        with open_component(archive, original) if made is None else io.BytesIO(made) as stream:
            sealed = pdf_seal(stream, archive.signer, archive.timestamps, SEAL_REASON, archive.seal_rules)
        content, sealing = sealed.content, sealed.facts()
    except SealRefused as refused:
        facts["seal_refused"] = refused.message
        content, sealing = made or b"", {}
    return (seal_bytes(archive, content, ComponentRole.ACCESS_COPY) if content else None), sealing


def sealed_joined(archive: Archive, made: SealedBlob, facts: dict[str, Any]) -> tuple[SealedBlob, dict[str, Any]]:
    """Return a long copy with its seal behind it, and facts of the seal. It goes from blob to blob in pieces."""
    try:
        with archive.vault.open(made) as stream:
            sealed = pdf_seal_update(stream, archive.signer, archive.timestamps, SEAL_REASON, archive.seal_rules)
            whole = cast(BinaryIO, Appended(stream, sealed.content))
            final = archive.vault.put(whole, ComponentRole.ACCESS_COPY.value)
    except SealRefused as refused:
        facts["seal_refused"] = refused.message
        return made, {}
    archive.vault.delete(made)
    return final, sealed.facts()


def signature_facts(archive: Archive, original: Component) -> list[dict[str, Any]]:
    """Return the verdicts on the signatures that came with a file, checked in the sandbox: its parsers are complex."""
    trust = archive.received_trust
    roots = {
        "roots": [root.hex() for root in trust.roots],
        "timestamp_roots": [root.hex() for root in trust.timestamp_roots],
    }
    try:
        with open_component(archive, original) as stream:
            answer = archive.sandbox.call(
                "edms.capture.renditions:examine_signatures",
                original.media_type,
                archive.clock.now().isoformat(),
                files=(stream, io.BytesIO(json.dumps(roots).encode())),
            )
    except SandboxFault as fault:
        return [{"problems": [f"cannot be checked: {fault.message}"]}]
    found = answer.values.get("verdicts")
    return found if isinstance(found, list) else []


def examine_signatures(descriptors: list[int], media_type: str, at: str) -> tuple[dict[str, Any], list[bytes]]:
    """Check the signatures of the file at the first descriptor; the roots are at the second. For the sandbox."""
    roots = json.loads(_all_of(descriptors[1]))
    own, stamping = (tuple(bytes.fromhex(one) for one in roots[kind]) for kind in ("roots", "timestamp_roots"))
    trust = TrustMaterial(own, stamping)
    source: BinaryIO = io.BytesIO(_all_of(descriptors[0]))
    verify = verify_received_pdf if media_type == PDF_TYPE else verify_container
    try:
        verdicts = [verdict.as_dict() for verdict in verify(source, trust, datetime.fromisoformat(at))]
    except SigningFault as fault:
        verdicts = [{"problems": [fault.message]}] if media_type != "application/zip" else []
    told = [{**verdict, "judged_at": at} for verdict in verdicts]
    return {"verdicts": json.loads(json.dumps(told, default=str))}, []


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read()
