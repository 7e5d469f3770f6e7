"""Checking the receipt in a certificate of removed content: that it is the one that was taken, and the receiver's."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from edms.audit.events import instant
from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.handover_receipt import ACCEPTED, RETURNED, Receipt, ReceiptLine, read_receipt
from edms.signing.errors import SigningFault
from edms.signing.trust import TrustMaterial
from edms.signing.verification import verify_detached
from edms.verify.certificate import MALFORMED, Proven, Told

_MOST_KEYS, _MOST_SIGNATURE = 256 * 1024, 1024 * 1024
_CLOCKS_APART = timedelta(minutes=5)
_CERTIFICATES = re.compile(r"-----BEGIN CERTIFICATE-----")
_MOST_CERTIFICATES = 64
_WRITTEN_DOWN = (
    "the receiver is known by the certificates that the archive wrote down before the sending: get its own from it and "
    "give them with --receiver-key"
)


@dataclass(frozen=True)
class Step:
    """A step that the trail tells of. `position`: its place among the steps."""

    act: str
    position: int
    leaf: Told

    @property
    def details(self) -> Told:
        details: Told = self.leaf["details"]
        return details


def accepted_lines(receipt: Receipt | None) -> dict[str, ReceiptLine]:
    """Return the lines of what was accepted, by record; none where there is no receipt that can be read."""
    return {one.record: one for one in receipt.records if one.verdict == ACCEPTED} if receipt else {}


def check_receipt(whole: Told, told: Told, proven: Proven, steps: Sequence[Step]) -> Receipt | None:
    """Check the receipt of a hand-over; `told` is that part of the certificate. None when it cannot be read."""
    proven.count("receipts")
    try:
        content = base64.b64decode(told["content"], validate=True)
        signature = base64.b64decode(told["signature"], validate=True)
        receipt = read_receipt(content)
    except Refused as error:
        proven.fault("receipt", "receipt", error.message)
        return None
    except MALFORMED:
        proven.fault("receipt", "receipt", "the receipt or its signature is not there")
        return None
    _as_taken(told, sha256_hex(content), proven, steps)
    if (receipt.receiver, receipt.reference) != (told["receiver"], told["reference"]):
        proven.fault("receipt", "receipt", "it names another receiver or accession")
    _signed(told["keys"], content, signature, proven, steps)
    _for_the_package(whole, receipt, proven, steps)
    _dated(receipt, proven, steps)
    for _one in receipt.records:
        proven.count("lines of the receipt")
    return receipt


def _last(steps: Sequence[Step], act: str) -> Step | None:
    return next((one for one in reversed(steps) if one.act == act), None)


def _as_taken(told: Told, digest: str, proven: Proven, steps: Sequence[Step]) -> None:
    if told["sha256"] != digest:
        proven.fault("receipt", "receipt", "the receipt is not what its digest says")
    for one in steps:
        if one.act in ("receive", "order_removal", "remove") and one.details.get("receipt_sha256") != digest:
            proven.fault("receipt", one.act, "the trail names another receipt")


def _signed(keys: str, content: bytes, signature: bytes, proven: Proven, steps: Sequence[Step]) -> None:
    """Under the certificates that the trail knew before the sending, and under the receiver's own where they are given.

    A file may hold as many as it likes, and each costs time: no receiver has more than a few.
    """
    approve = _last(steps, "approve")
    if approve is not None and approve.details.get("receiver_keys_sha256") != sha256_hex(keys.encode()):
        proven.fault("receipt", "keys", "these are not the certificates that were written down before the sending")
    if len(keys) > _MOST_KEYS or len(_CERTIFICATES.findall(keys)) > _MOST_CERTIFICATES:
        proven.fault("receipt", "keys", "there are more certificates than a receiver has")
        return
    try:
        written = TrustMaterial.from_pem(keys.encode())
    except (SigningFault, *MALFORMED):
        proven.fault("receipt", "keys", "there are no certificates of the receiver, with a root among them")
        return
    _by(written, content, signature, proven, "the certificates that were written down")
    if proven.outside.receiver is None:
        proven.report.notes.append(_WRITTEN_DOWN)
    else:
        _by(proven.outside.receiver.seals, content, signature, proven, "the receiver's own certificates")


def _by(trust: TrustMaterial, content: bytes, signature: bytes, proven: Proven, whose: str) -> None:
    proven.count("signatures of the receipt")
    if len(signature) > _MOST_SIGNATURE:
        proven.fault("receipt", "signature", "the signature is larger than a signature may be")
        return
    try:
        verdict = verify_detached(content, signature, trust)
    except SigningFault as fault:
        proven.fault("receipt", "signature", str(fault))
        return
    if not (verdict.intact and verdict.valid):
        proven.fault("receipt", "signature", "the receipt is not what was signed")
    elif not verdict.trusted:
        proven.fault("receipt", "signature", f"it is not signed under {whose}")
    else:
        stamp = verdict.timestamp
        timed = f", at {stamp.time.isoformat()} by {stamp.authority}" if stamp and stamp.valid else ", without a time"
        proven.report.notes.append(f"the receipt is signed by {verdict.signer}{timed}, under {whose}")


def _for_the_package(whole: Told, receipt: Receipt, proven: Proven, steps: Sequence[Step]) -> None:
    manifest = receipt.manifest_sha256
    sent = [one.details.get("manifest_sha256") for one in (_last(steps, "package"), _last(steps, "send")) if one]
    if any(one != manifest for one in (whole["manifest_sha256"], *sent)):
        proven.fault("receipt", "receipt", "it is for another package than was packed and sent")
    returned = sum(one.verdict == RETURNED for one in receipt.records)
    packed, received = _last(steps, "package"), _last(steps, "receive")
    if packed is not None and packed.details.get("records") != len(receipt.records):
        proven.fault("receipt", "receipt", "it does not name as many records as were packed")
    if received is not None and (received.details.get("records"), received.details.get("returned")) != (
        len(receipt.records),
        returned,
    ):
        proven.fault("receipt", "receipt", "the trail tells of other records in it, or of others that came back")


def _dated(receipt: Receipt, proven: Proven, steps: Sequence[Step]) -> None:
    sent, received = _last(steps, "send"), _last(steps, "receive")
    early = sent is not None and receipt.received_at < instant(sent.leaf["at"]) - _CLOCKS_APART
    late = received is not None and receipt.received_at > instant(received.leaf["at"]) + _CLOCKS_APART
    if early or late:
        proven.fault("receipt", "receipt", "it is dated before the sending, or after it was taken")
