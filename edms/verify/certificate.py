"""What certificates have in common that an outsider checks: one JSON file, whose leaves lead to a signed checkpoint.

No database, no configuration, no network. What is wrong is reported, never raised.
"""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edms.audit import tree
from edms.audit.cosignature import WitnessKey
from edms.audit.events import read_leaf
from edms.audit.note import Checkpoint, open_checkpoint
from edms.core.errors import IntegrityFault, Refused
from edms.verify.report import GIVEN, SELF_ASSERTED, BundleReport, Fault
from edms.verify.trust import Trusted, trusted_from_pem
from edms.verify.watched import against, cosignatures

MOST_BYTES = 1024 * 1024 * 1024
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)
"""What comes of asking a part of a file for what a sound one has there."""
_OWN = "the key is that in the certificate itself (self-asserted): get the archive's and give it with --key"
Told = dict[str, Any]


@dataclass(frozen=True)
class Outside:
    """What a checker has from elsewhere: the archive's keys, checkpoints kept, witnesses that must have cosigned, the
    certificates of an institution that received."""

    trusted: Trusted | None = None
    kept: Sequence[str] = ()
    witnesses: Sequence[WitnessKey] = ()
    receiver: Trusted | None = None


def is_certificate(path: Path) -> bool:
    """Return whether a file is JSON, as a certificate is, and no package."""
    try:
        with path.open("rb") as stream:
            return stream.read(1) == b"{"
    except OSError:
        return False


def read_certificate(path: Path) -> Told:
    """Return what a file of JSON says. Raises Refused when it cannot be read, or is no object."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refused(f"{path} is larger than {MOST_BYTES} bytes")
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise Refused(f"{path} is no certificate that can be read") from None
    if not isinstance(told, dict):
        raise Refused(f"{path} is no certificate")
    return told


class Proven:
    """What a certificate shows of the trail: those leaves alone that lead to its signed checkpoint."""

    def __init__(self, told: Told, report: BundleReport, outside: Outside) -> None:
        self.report, self.outside = report, outside
        self._told = told
        self._leaves: dict[int, Told] = {}
        trusted = self._trusted()
        checkpoint = self._checkpoint(trusted) if trusted else None
        if checkpoint is not None:
            self._included(checkpoint)

    def fault(self, kind: str, subject: str, detail: str) -> None:
        self.report.faults.append(Fault(kind, subject, detail))

    def count(self, what: str) -> None:
        self.report.checked[what] = self.report.checked.get(what, 0) + 1

    def event(self, index: int, action: str, subject: tuple[str, str], what: str) -> Told | None:
        """Return the leaf at this place if it tells of this act, done, on this subject; else report that none does."""
        leaf = self._leaves.get(index)
        if leaf is None or leaf["action"] != action or leaf["outcome"] != "done" or _subject(leaf) != subject:
            self.fault("audit", what, f"the trail does not say {action} of it")
            return None
        return leaf

    def received(self, index: int, record: str, digest: str) -> Told | None:
        """Return the leaf by which a record came in with this digest of its original; else report that none does."""
        leaf, subject = self._leaves.get(index), ("record", record)
        done = leaf is not None and leaf["outcome"] == "done" and leaf["details"].get("sha256") == digest
        if leaf is None or not done or _subject(leaf) != subject:
            self.fault("record", record, "the trail did not receive it with this content")
            return None
        return leaf

    def apart(self, had: Mapping[str, Set[str]]) -> set[str]:
        """Report a person who had two of these duties; returns all who had one (R39, R88)."""
        people = [person for duty in had.values() for person in duty]
        if len(people) != len(set(people)):
            self.fault("separation", "people", "one person had two duties")
        return set(people)

    def _trusted(self) -> Trusted | None:
        if self.outside.trusted is not None:
            return self.outside.trusted
        self.report.notes.append(_OWN)
        try:
            return trusted_from_pem(self._told["keys"].encode())
        except Refused as error:
            self.fault("keys", "keys", error.message)
            return None

    def _checkpoint(self, trusted: Trusted) -> Checkpoint | None:
        note = self._told["checkpoint"]
        self.count("checkpoints")
        for key in trusted.logs:
            try:
                found = open_checkpoint(note, key)
            except IntegrityFault:
                continue
            self._watched(note, found, trusted)
            return found
        self.fault("checkpoint", "checkpoint", "no key that is trusted signed it")
        return None

    def _watched(self, note: str, found: Checkpoint, trusted: Trusted) -> None:
        """Look at the cosignatures that were asked for, and at what was kept elsewhere of the same trail."""
        told = cosignatures(note, found.origin, self.outside.witnesses, b"")
        required = len(self.outside.witnesses)
        self.report.cosignatures = {"found": told.found, "valid": told.valid, "required": required}
        for problem in told.problems:
            self.fault("cosignature", "checkpoint", problem)
        self.report.notes.extend(told.notes)
        for content in self.outside.kept:
            self.count("checkpoints kept elsewhere")
            if wrong := against(content, found, trusted.logs):
                self.fault("checkpoint", "kept elsewhere", wrong)

    def _included(self, checkpoint: Checkpoint) -> None:
        """Take those leaves as said by the trail that lead to the checkpoint, and no others."""
        for one in self._told["leaves"]:
            index, leaf = one["index"], one["leaf"].encode()
            self.count("audit proofs")
            try:
                path = [bytes.fromhex(step) for step in one["proof"]]
                told = read_leaf(leaf)
            except ValueError:
                self.fault("audit", str(index), "the leaf or its proof is malformed")
                continue
            whole = type(index) is int and told["index"] == index
            if not whole or not tree.included(tree.leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root):
                self.fault("audit", str(index), "the proof does not lead from the leaf to the checkpoint")
                continue
            self._leaves[index] = told


def _subject(leaf: Told) -> tuple[str, str]:
    return leaf["subject"]["kind"], leaf["subject"]["id"]


@dataclass(frozen=True)
class Kind:
    """One kind of certificate. `check` takes it apart, with what its leaves prove, and reports there."""

    format: str
    version: int
    name: str
    check: Callable[[Told, Proven], None]


def check_told(told: Told, kind: Kind, file: str, outside: Outside) -> BundleReport:
    """Check what a file of this kind says. Raises Refused for one of another kind."""
    if told.get("format") != kind.format:
        raise Refused(f"{file} is no {kind.name}")
    report = BundleReport(GIVEN if outside.trusted else SELF_ASSERTED)
    if told.get("version") != kind.version:
        report.faults.append(Fault("certificate", file, "it is of a version that this checker does not know"))
        return report
    try:
        kind.check(told, Proven(told, report, outside))
    except MALFORMED:
        report.faults.append(Fault("certificate", file, "it does not have the parts that a certificate has"))
    return report
