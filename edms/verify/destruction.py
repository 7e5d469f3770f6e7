"""Checking a certificate of destruction off line: every approval, and every record, against the signed audit trail.

No database, no configuration, no network (docs/formats/destruction.md). What is wrong is reported, never raised.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edms.audit import tree
from edms.audit.events import instant, read_leaf
from edms.audit.note import Checkpoint, open_checkpoint
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.destruction_format import DUTIES, FORMAT, LETTERS, STEPS, VERSION, list_digest, original_digest
from edms.core.errors import IntegrityFault, Refused
from edms.verify.report import GIVEN, SELF_ASSERTED, BundleReport, Fault
from edms.verify.trust import Trusted, trusted_from_pem
from edms.verify.watched import against

MOST_BYTES = 1024 * 1024 * 1024
_OWN = "the key is that in the certificate itself (self-asserted): get the archive's and give it with --key"
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


def is_certificate(path: Path) -> bool:
    """Return whether a file is JSON, as a certificate is, and no package."""
    try:
        with path.open("rb") as stream:
            return stream.read(1) == b"{"
    except OSError:
        return False


def check_certificate(path: Path, trusted: Trusted | None, kept: Sequence[str] = ()) -> BundleReport:
    """Check a certificate. Without `trusted` its own key is taken. Raises Refused when it cannot be read at all."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refused(f"{path} is larger than {MOST_BYTES} bytes")
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise Refused(f"{path} is no certificate that can be read") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise Refused(f"{path} is no certificate of destruction")
    report = BundleReport(GIVEN if trusted else SELF_ASSERTED)
    if told.get("version") != VERSION:
        report.faults.append(Fault("certificate", path.name, "it is of a version that this checker does not know"))
        return report
    try:
        _Check(told, report, kept).all(trusted)
    except _MALFORMED:
        report.faults.append(Fault("certificate", path.name, "it does not have the parts that a certificate has"))
    return report


class _Check:
    """One check under way."""

    def __init__(self, told: dict[str, Any], report: BundleReport, kept: Sequence[str]) -> None:
        self._told, self._report, self._kept = told, report, kept
        self._whole: dict[str, Any] = told["disposal"]
        self._leaves: dict[int, dict[str, Any]] = {}

    def all(self, trusted: Trusted | None) -> None:
        if trusted is None:
            self._report.notes.append(_OWN)
            trusted = trusted_from_pem(self._told["keys"].encode())
        checkpoint = self._checkpoint(trusted)
        if checkpoint is not None:
            self._included(checkpoint)
        self._evidence()
        self._list()
        steps = self._steps()
        self._apart(steps)
        self._items(steps)

    def _fault(self, kind: str, subject: str, detail: str) -> None:
        self._report.faults.append(Fault(kind, subject, detail))

    def _count(self, what: str) -> None:
        self._report.checked[what] = self._report.checked.get(what, 0) + 1

    def _checkpoint(self, trusted: Trusted) -> Checkpoint | None:
        note = self._told["checkpoint"]
        self._count("checkpoints")
        for key in trusted.logs:
            try:
                found = open_checkpoint(note, key)
            except IntegrityFault:
                continue
            for content in self._kept:
                self._count("checkpoints kept elsewhere")
                if problem := against(content, found, trusted.logs):
                    self._fault("checkpoint", "kept elsewhere", problem)
            return found
        self._fault("checkpoint", "checkpoint", "no key that is trusted signed it")
        return None

    def _included(self, checkpoint: Checkpoint) -> None:
        """Take those leaves as said by the trail that lead to the checkpoint, and no others."""
        for one in self._told["leaves"]:
            index, leaf = one["index"], one["leaf"].encode()
            self._count("audit proofs")
            try:
                path = [bytes.fromhex(step) for step in one["proof"]]
                told = read_leaf(leaf)
            except ValueError:
                self._fault("audit", str(index), "the leaf or its proof is malformed")
                continue
            included = tree.included(tree.leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root)
            if not included or told["index"] != index:
                self._fault("audit", str(index), "the proof does not lead from the leaf to the checkpoint")
                continue
            self._leaves[index] = told

    def _evidence(self) -> None:
        if sha256_hex(canonical_json(self._whole["evidence"])) != self._whole["evidence_sha256"]:
            self._fault("certificate", "evidence", "the evidence is not what its digest says")

    def _list(self) -> None:
        digests = [item["line_sha256"] for item in self._told["items"]]
        if list_digest(digests) != self._whole["list_sha256"]:
            self._fault("list", "list", "these are not the lines of the list that was proposed")
        if [item["number"] for item in self._told["items"]] != list(range(1, len(digests) + 1)):
            self._fault("list", "list", "a line of the list is missing or twice")

    def _event(self, index: int, action: str, subject: tuple[str, str], what: str) -> dict[str, Any] | None:
        leaf = self._leaves.get(index)
        if (
            leaf is None
            or leaf["action"] != action
            or leaf["outcome"] != "done"
            or ((leaf["subject"]["kind"], leaf["subject"]["id"]) != subject)
        ):
            self._fault("audit", what, f"the trail does not say {action} of it")
            return None
        return leaf

    def _steps(self) -> dict[str, dict[str, Any]]:
        """Hold every step against its event; returns the events by step."""
        found: dict[str, dict[str, Any]] = {}
        wanted = [one for one in STEPS if one != "close" or self._whole["state"] == "CLOSED"]
        if [one["step"] for one in self._told["steps"]] != wanted:
            self._fault("step", "steps", "a step is missing, twice, or out of its order")
        for one in self._told["steps"]:
            step = one["step"]
            self._count("steps")
            leaf = self._event(one["leaf"], f"disposal.{step}", ("disposal", self._whole["id"]), step)
            if leaf is None:
                continue
            found[step] = leaf
            details = leaf["details"]
            if leaf["actor"]["id"] != one["person"] or DUTIES.get(step) != one["duty"]:
                self._fault("step", step, "the trail names another person or duty")
            if details.get("tier") != self._whole["tier"]:
                self._fault("step", step, "the trail names another tier")
            if step != "open" and details.get("step") != one["id"]:
                self._fault("step", step, "the trail means another step")
            if step in LETTERS and (one["letter_sha256"] is None or any(
                details.get(name) != one[name] for name in ("number", "dated", "letter", "letter_sha256")
            )):  # fmt: skip
                self._fault("step", step, "the trail names another letter")
            if STEPS.index(step) >= STEPS.index("propose") and details.get("list_sha256") != self._whole["list_sha256"]:
                self._fault("list", step, "the trail names another list")
        ordered = [found[step]["index"] for step in wanted if step in found]
        if ordered != sorted(ordered):
            self._fault("step", "steps", "the steps were not taken in their order")
        if "finish" in found and found["finish"]["details"].get("evidence_sha256") != self._whole["evidence_sha256"]:
            self._fault("step", "finish", "the trail names other evidence")
        return found

    def _apart(self, steps: dict[str, dict[str, Any]]) -> None:
        """Nobody had two duties, by the events; the committee assessed, and witnesses had no duty at all (R39, R88)."""
        had: dict[str, set[str]] = {}
        for step, leaf in steps.items():
            had.setdefault(DUTIES[step], set()).add(leaf["actor"]["id"])
        had.setdefault("assess_disposal", set()).update(one["person"] for one in self._whole["committee"])
        people = [person for duty in had.values() for person in duty]
        if len(people) != len(set(people)):
            self._fault("separation", "people", "one person had two duties")
        witnesses = [one["person"] for one in self._whole["signers"] if one["capacity"] in ("legal", "supervision")]
        if len(set(witnesses)) < 2 or set(witnesses) & set(people):
            self._fault("separation", "witnesses", "fewer than two witnesses who had no other part")

    def _items(self, steps: dict[str, dict[str, Any]]) -> None:
        done = 0
        for item in self._told["items"]:
            if item["state"] != "DONE":
                self._count("records taken out")
                continue
            done += 1
            self._count("destroyed records")
            self._item(item, steps)
        if done != self._whole["evidence"].get("destroyed"):
            self._fault("certificate", "items", "there are not as many records as were destroyed")

    def _item(self, item: dict[str, Any], steps: dict[str, dict[str, Any]]) -> None:
        record, subject = item["record"], ("record", item["record"])
        captured = self._leaves.get(item["captured_leaf"])
        digest = original_digest([one["sha256"] for one in item["components"] if one["role"] == "original"])
        if (
            captured is None
            or (captured["subject"]["kind"], captured["subject"]["id"]) != subject
            or (captured["details"].get("sha256") != digest)
        ):
            self._fault("record", record, "the trail did not receive it with this content")
        gone = self._event(item["destroyed_leaf"], "record.destroyed", subject, record)
        if gone is None:
            return
        details = gone["details"]
        told = [{"role": one["role"], "sha256": one["sha256"]} for one in item["components"]]
        if details.get("components") != told:
            self._fault("record", record, "the trail tells of other components")
        wanted = {"disposal": self._whole["id"], "minutes": self._whole["number"], "rule": item["rule"],
                  "edition": item["edition"], "line_sha256": item["line_sha256"]}  # fmt: skip
        if any(details.get(name) != value for name, value in wanted.items()):
            self._fault("record", record, "the trail tells of another rule, list or disposal")
        execute, finish = steps.get("execute"), steps.get("finish")
        if execute is None or not execute["index"] < gone["index"] or instant(gone["at"]) < instant(execute["at"]):
            self._fault("record", record, "it was destroyed before it was allowed")
        if finish is not None and gone["index"] > finish["index"]:
            self._fault("record", record, "it was destroyed after the end")
        if execute is not None and gone["actor"]["id"] != execute["actor"]["id"]:
            self._report.notes.append(f"record {record} was destroyed by another executor than the one who began")
