"""The receipt for an exchange package (docs/formats/handover-receipt.md): a signed list of hashes. Pure.

The receiver says of each record which bytes arrived and whether they are taken. It is signed detached (CMS), so that
any archive can make one with what it has: the bytes signed are those of the JSON as sent. In `core` because those who
hand over read it, and those who check off line that content was removed here only after it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edms.core.canonical import canonical_json
from edms.core.errors import Refused

VERSION = 1
KIND = "edms.handover.receipt"
ACCEPTED, RETURNED = "accepted", "returned"
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 64 * 1024 * 1024
_KEYS = {"version", "kind", "package", "manifest_sha256", "receiver", "reference", "received_at", "records"}
_LINE_KEYS = {"record", "verdict", "mets_sha256", "files", "reference", "reason"}


@dataclass(frozen=True)
class ReceiptLine:
    """What the receiver says of one record: `reference` is its place there, `reason` why it goes back (R45)."""

    record: str
    verdict: str
    mets_sha256: str
    files: dict[str, str]
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Receipt:
    """`package` is the name of the bag's folder, `manifest_sha256` that of its `manifest-sha256.txt`."""

    package: str
    manifest_sha256: str
    receiver: str
    reference: str
    received_at: datetime
    records: tuple[ReceiptLine, ...]


def receipt_bytes(receipt: Receipt) -> bytes:
    """Return the receipt as canonical JSON (RFC 8785): the bytes that are signed."""
    return canonical_json(
        {
            "version": VERSION, "kind": KIND, "package": receipt.package,
            "manifest_sha256": receipt.manifest_sha256, "receiver": receipt.receiver, "reference": receipt.reference,
            "received_at": receipt.received_at.isoformat(),
            "records": [
                {"record": one.record, "verdict": one.verdict, "mets_sha256": one.mets_sha256, "files": one.files,
                 "reference": one.reference, "reason": one.reason}
                for one in receipt.records
            ],
        }
    )  # fmt: skip


def read_receipt(content: bytes) -> Receipt:
    """Return the receipt that these bytes are. Raises Refused, saying what is wrong with them."""
    if len(content) > _MOST_BYTES:
        raise Refused("the receipt is larger than a receipt may be")
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise Refused("the receipt is no JSON") from None
    if not isinstance(told, dict) or set(told) != _KEYS or told["kind"] != KIND or told["version"] != VERSION:
        raise Refused("this is no receipt of a hand-over, or of a version that is not known")
    lines = told["records"]
    if not isinstance(lines, list) or not lines or not _HASH.fullmatch(_text(told["manifest_sha256"])):
        raise Refused("the receipt names no records, or not the package")
    found = tuple(_line(one) for one in lines)
    if len({one.record for one in found}) != len(found):
        raise Refused("the receipt names a record twice")
    try:
        moment = datetime.fromisoformat(_text(told["received_at"]))
    except ValueError:
        raise Refused("the receipt does not say when") from None
    if moment.tzinfo is None:
        raise Refused("the receipt says a time without its zone")
    texts = [_text(told[name], 300) for name in ("package", "manifest_sha256", "receiver", "reference")]
    if not texts[2]:
        raise Refused("the receipt does not say who received")
    return Receipt(texts[0], texts[1], texts[2], texts[3], moment, found)


def _line(told: Any) -> ReceiptLine:
    if not isinstance(told, dict) or set(told) != _LINE_KEYS or told["verdict"] not in (ACCEPTED, RETURNED):
        raise Refused("the receipt has a line that says neither accepted nor returned")
    files = told["files"]
    if not isinstance(files, Mapping) or not _HASH.fullmatch(_text(told["mets_sha256"])):
        raise Refused("the receipt has a line without hashes")
    checked = {_text(path, 500): _text(digest) for path, digest in files.items()}
    if not all(_HASH.fullmatch(digest) for digest in checked.values()):
        raise Refused("the receipt has a line without hashes")
    reference, reason = _text(told["reference"], 300), _text(told["reason"], 500)
    if told["verdict"] == RETURNED and not reason.strip():
        raise Refused("the receipt returns a record without a reason")
    return ReceiptLine(_text(told["record"]), told["verdict"], told["mets_sha256"], checked, reference, reason)


def _text(value: Any, most: int = 200) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise Refused("the receipt holds something that is no text, or too long a one")
    return value
