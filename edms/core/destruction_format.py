"""The certificate of destruction as a format, shared by its writer and its checker (docs/formats/destruction.md)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edms.core.canonical import sha256_hex

FORMAT = "edms-destruction-certificate"
VERSION = 1
STEPS = (
    "open", "committee", "select", "propose", "assess", "request", "approve", "decide", "execute", "finish", "close",
)  # fmt: skip
"""The steps of a destruction, in order; each has its event `disposal.STEP` in the trail."""
DUTIES = {
    "open": "propose_disposal", "committee": "propose_disposal", "select": "propose_disposal",
    "propose": "propose_disposal", "request": "propose_disposal", "assess": "assess_disposal",
    "approve": "approve_disposal", "decide": "decide_disposal", "execute": "execute_disposal",
    "finish": "execute_disposal", "close": "execute_disposal",
}  # fmt: skip
COMMITTEE_CAPACITIES = ("chair", "unit_head", "archivist")
"""R36: the head of the records unit in the chair, the head of the unit whose records they are, and an archivist."""
WITNESS_CAPACITIES = ("legal", "supervision")
"""R38: at least the legal unit and internal supervision."""
SIGNING = ("records_head", "unit_head", *WITNESS_CAPACITIES)
"""Capacities in which a berita acara is signed, in their order (R38)."""
LETTERS = ("committee", "approve", "decide")
"""Steps that rest on a letter or a decree."""


def in_capacities(people: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return who acts in which capacity, as the trail tells of a committee and of those who sign."""
    return [{"person": one["person"], "capacity": one["capacity"]} for one in people]


def told_components(components: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return role and SHA-256 of each, as the trail tells of what went of a record."""
    return [{"role": one["role"], "sha256": one["sha256"]} for one in components]


def originals_of(components: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the SHA-256 of each file of the original."""
    return [one["sha256"] for one in components if one["role"] == "original"]


def list_digest(digests: Sequence[str]) -> str:
    """Return the SHA-256 of a list: of the digests of its lines in hexadecimal, in order, each with a line break."""
    return sha256_hex("".join(f"{digest}\n" for digest in digests).encode())


def original_digest(digests: Sequence[str]) -> str:
    """Return the digest by which the trail knows an original: its own, or of several files that of all of theirs."""
    return digests[0] if len(digests) == 1 else list_digest(digests)
