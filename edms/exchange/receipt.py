"""Holding a receipt (edms/core/handover_receipt.py) against the package that was sent. Pure."""

from collections.abc import Sequence

from edms.core.handover_receipt import Receipt
from edms.exchange.parts import WrittenRecord


def mismatches(receipt: Receipt, manifest_sha256: str, sent: Sequence[WrittenRecord]) -> list[str]:
    """Say where a receipt differs from what was sent: the package, each record, each file. Empty: it is for this."""
    if receipt.manifest_sha256 != manifest_sha256:
        return ["it is for another package"]
    faults = []
    told = {one.record: one for one in receipt.records}
    for one in sent:
        line = told.pop(str(one.record), None)
        if line is None:
            faults.append(f"{one.record}: the receipt does not name it")
        elif line.mets_sha256 != one.mets_sha256 or line.files != one.files:
            faults.append(f"{one.record}: other bytes arrived than were sent")
    faults.extend(f"{name}: it was not sent" for name in told)
    return faults
