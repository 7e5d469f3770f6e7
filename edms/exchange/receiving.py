"""The receiving side (R82): another installation of ours checks what came, and answers with a signed receipt."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.handover_receipt import ACCEPTED, RETURNED, Receipt, ReceiptLine, receipt_bytes
from edms.exchange.checking import CheckedPackage, check_package
from edms.records.archive import Archive
from edms.signing.seals import seal_detached

RECEIPT, SIGNATURE = "receipt.json", "receipt.p7s"


@dataclass(frozen=True)
class Acceptance:
    """What is said of a package that came: the number of the accession, and what goes back with the reason (R45)."""

    reference: str
    returned: Mapping[str, str]


def look_at_package(actor: Actor | None, archive: Archive, package: Path) -> CheckedPackage:
    """Check a package that came. Raises Refused when there is no such file, IntegrityFault when it is none at all."""
    archive.door.permit(actor, Action.EXCHANGE_RECEIVE)
    return check_package(package)


def issue_receipt(
    actor: Actor | None, archive: Archive, package: Path, told: Acceptance, folder: Path
) -> CheckedPackage:
    """Check a package and write `receipt.json` and `receipt.p7s` into `folder`, sealed by this archive.

    Raises Refused when the package is not whole: then there is nothing to receive, and no receipt.
    """
    archive.door.permit(actor, Action.EXCHANGE_RECEIVE)
    checked = check_package(package)
    if not checked.good:
        raise Refused("the package is not whole, and there is no receipt for it", "see what edms exchange check says")
    unknown = sorted(set(told.returned) - {one.record for one in checked.records})
    if unknown or not told.reference.strip() or not all(why.strip() for why in told.returned.values()):
        raise Refused("a receipt has the number of the accession, and a reason for each record that goes back",
                      "name only records that are in the package")  # fmt: skip
    receiver = archive.settings.archive.organisation
    with archive.door.write(actor, Action.EXCHANGE_RECEIVE) as operation:
        operation.decide()
        lines = tuple(_line(told, one.record, one.mets_sha256, one.files) for one in checked.records)
        content = receipt_bytes(
            Receipt(checked.name, checked.manifest_sha256, receiver, told.reference.strip(), operation.now, lines)
        )
        signature = seal_detached(content, archive.signer, archive.timestamps)
        operation.about("exchange", checked.manifest_sha256, "exchange.received")
        operation.note(records=len(lines), returned=len(told.returned), receipt_sha256=sha256_hex(content))
        _write(folder, content, signature)
    return checked


def _line(told: Acceptance, record: str, mets: str, files: dict[str, str]) -> ReceiptLine:
    if record in told.returned:
        return ReceiptLine(record, RETURNED, mets, files, "", told.returned[record].strip()[:500])
    return ReceiptLine(record, ACCEPTED, mets, files, f"{told.reference.strip()}/{record[:8]}"[:300])


def _write(folder: Path, content: bytes, signature: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in ((RECEIPT, content), (SIGNATURE, signature)):
            with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
    except OSError as error:
        raise Refused(
            f"{folder} cannot be written: {error.strerror}", "name a folder that has no receipt in it"
        ) from None
