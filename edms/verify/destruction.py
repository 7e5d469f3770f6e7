"""Checking a certificate of destruction off line: every approval, and every record, against the signed audit trail.

No database, no configuration, no network (docs/formats/destruction.md). What is wrong is reported, never raised.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edms.audit.events import instant
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.destruction_format import (
    COMMITTEE_CAPACITIES,
    DUTIES,
    FORMAT,
    LETTERS,
    SIGNING,
    STEPS,
    VERSION,
    WITNESS_CAPACITIES,
    in_capacities,
    list_digest,
    original_digest,
    originals_of,
    told_components,
)
from edms.verify.certificate import Kind, Outside, Proven, Told, check_told, read_certificate
from edms.verify.report import BundleReport
from edms.verify.trust import Trusted


def check_certificate(path: Path, trusted: Trusted | None, kept: Sequence[str] = ()) -> BundleReport:
    """Check a certificate. Without `trusted` its own key is taken. Raises Refused when it cannot be read at all."""
    return check_told(read_certificate(path), DESTRUCTION, path.name, Outside(trusted, kept))


class _Check:
    """One check under way."""

    def __init__(self, told: Told, proven: Proven) -> None:
        self._told, self._proven = told, proven
        self._whole: dict[str, Any] = told["disposal"]

    def all(self) -> None:
        self._evidence()
        self._list()
        steps = self._steps()
        self._apart(steps)
        self._items(steps)

    def _evidence(self) -> None:
        if sha256_hex(canonical_json(self._whole["evidence"])) != self._whole["evidence_sha256"]:
            self._proven.fault("certificate", "evidence", "the evidence is not what its digest says")

    def _list(self) -> None:
        digests = [item["line_sha256"] for item in self._told["items"]]
        if list_digest(digests) != self._whole["list_sha256"]:
            self._proven.fault("list", "list", "these are not the lines of the list that was proposed")
        if [item["number"] for item in self._told["items"]] != list(range(1, len(digests) + 1)):
            self._proven.fault("list", "list", "a line of the list is missing or twice")

    def _steps(self) -> dict[str, dict[str, Any]]:
        """Hold every step against its event; returns the events by step."""
        found: dict[str, dict[str, Any]] = {}
        wanted = [one for one in STEPS if one != "close" or self._whole["state"] == "CLOSED"]
        if [one["step"] for one in self._told["steps"]] != wanted:
            self._proven.fault("step", "steps", "a step is missing, twice, or out of its order")
        for one in self._told["steps"]:
            step = one["step"]
            self._proven.count("steps")
            leaf = self._proven.event(one["leaf"], f"disposal.{step}", ("disposal", self._whole["id"]), step)
            if leaf is None:
                continue
            found[step] = leaf
            details = leaf["details"]
            told = (leaf["actor"]["id"], leaf["actor"]["name"], DUTIES.get(step), leaf["at"])
            if told != (one["person"], one["name"], one["duty"], one["at"]):
                self._proven.fault("step", step, "the trail names another person, duty or time")
            if details.get("tier") != self._whole["tier"]:
                self._proven.fault("step", step, "the trail names another tier")
            if step != "open" and details.get("step") != one["id"]:
                self._proven.fault("step", step, "the trail means another step")
            if step in LETTERS and (one["letter_sha256"] is None or any(
                details.get(name) != one[name] for name in ("number", "dated", "letter", "letter_sha256")
            )):  # fmt: skip
                self._proven.fault("step", step, "the trail names another letter")
            if STEPS.index(step) >= STEPS.index("propose") and details.get("list_sha256") != self._whole["list_sha256"]:
                self._proven.fault("list", step, "the trail names another list")
        ordered = [found[step] for step in wanted if step in found]
        places, times = [one["index"] for one in ordered], [instant(one["at"]) for one in ordered]
        if places != sorted(places) or times != sorted(times):
            self._proven.fault("step", "steps", "the steps were not taken in their order")
        if "finish" in found and found["finish"]["details"].get("evidence_sha256") != self._whole["evidence_sha256"]:
            self._proven.fault("step", "finish", "the trail names other evidence")
        self._people(found.get("committee"), "committee", COMMITTEE_CAPACITIES)
        self._people(found.get("execute"), "signers", SIGNING)
        return found

    def _people(self, leaf: Told | None, name: str, capacities: Sequence[str]) -> None:
        """Those whom the step names in its event, each once, and at least one in each capacity (R36, R38)."""
        told = self._whole[name]
        if {one["capacity"] for one in told} != set(capacities) or len({one["person"] for one in told}) != len(told):
            self._proven.fault("separation", name, f"they are not {', '.join(capacities)}, each another person")
        if leaf is not None and leaf["details"].get(name) != in_capacities(told):
            self._proven.fault("step", name, "the trail names other people, or in other capacities")

    def _apart(self, steps: dict[str, dict[str, Any]]) -> None:
        """Nobody had two duties, by the events; the committee assessed, and witnesses had no duty at all (R39, R88)."""
        had: dict[str, set[str]] = {}
        for step, leaf in steps.items():
            had.setdefault(DUTIES[step], set()).add(leaf["actor"]["id"])
        committee = {one["person"] for one in self._whole["committee"]}
        if "assess" in steps and steps["assess"]["actor"]["id"] not in committee:
            self._proven.fault("separation", "committee", "somebody who is not of the committee assessed")
        had.setdefault("assess_disposal", set()).update(committee)
        people = self._proven.apart(had)
        witnesses = [one["person"] for one in self._whole["signers"] if one["capacity"] in WITNESS_CAPACITIES]
        if len(set(witnesses)) < 2 or set(witnesses) & people:
            self._proven.fault("separation", "witnesses", "fewer than two witnesses who had no other part")

    def _items(self, steps: dict[str, dict[str, Any]]) -> None:
        done = 0
        for item in self._told["items"]:
            if item["state"] != "DONE":
                self._proven.count("records taken out")
                continue
            done += 1
            self._proven.count("destroyed records")
            self._item(item, steps)
        if done != self._whole["evidence"].get("destroyed"):
            self._proven.fault("certificate", "items", "there are not as many records as were destroyed")

    def _item(self, item: dict[str, Any], steps: dict[str, dict[str, Any]]) -> None:
        record, subject = item["record"], ("record", item["record"])
        digest = original_digest(originals_of(item["components"]))
        self._proven.received(item["captured_leaf"], record, digest)
        gone = self._proven.event(item["destroyed_leaf"], "record.destroyed", subject, record)
        if gone is None:
            return
        details = gone["details"]
        if details.get("components") != told_components(item["components"]):
            self._proven.fault("record", record, "the trail tells of other components")
        wanted = {"disposal": self._whole["id"], "minutes": self._whole["number"], "rule": item["rule"],
                  "edition": item["edition"], "line_sha256": item["line_sha256"]}  # fmt: skip
        if any(details.get(name) != value for name, value in wanted.items()):
            self._proven.fault("record", record, "the trail tells of another rule, list or disposal")
        told_of = (gone["actor"]["name"], gone["at"], details.get("method"))
        if told_of != (item["by"], item["destroyed_at"], item["method"]):
            self._proven.fault("record", record, "the trail names another person, time or method")
        execute, finish = steps.get("execute"), steps.get("finish")
        if execute is None or not execute["index"] < gone["index"] or instant(gone["at"]) < instant(execute["at"]):
            self._proven.fault("record", record, "it was destroyed before it was allowed")
        if finish is not None and gone["index"] > finish["index"]:
            self._proven.fault("record", record, "it was destroyed after the end")
        if execute is not None and gone["actor"]["id"] != execute["actor"]["id"]:
            self._proven.report.notes.append(
                f"record {record} was destroyed by another executor than the one who began"
            )


def _check(told: Told, proven: Proven) -> None:
    _Check(told, proven).all()


DESTRUCTION = Kind(FORMAT, VERSION, "certificate of destruction", _check)
