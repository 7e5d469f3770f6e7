"""Checking a certificate of content that was removed after a hand-over, off line: the institution had it first, it was
ordered and removed by people with no other part, and each record is as the signed trail knew it.

No database, no configuration, no network (docs/formats/removal.md). What is wrong is reported, never raised.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from edms.audit.events import instant
from edms.core.destruction_format import original_digest, originals_of, told_components
from edms.core.handover_receipt import Receipt, ReceiptLine
from edms.core.removal_format import DUTIES, EVENTS, FORMAT, KEPT, REMOVED, SENT_ROLES, SUBJECT, VERSION, in_course
from edms.verify.certificate import Kind, Outside, Proven, Told, check_told, read_certificate
from edms.verify.receipt import Step, accepted_lines, check_receipt
from edms.verify.report import BundleReport


def check_removal(path: Path, outside: Outside) -> BundleReport:
    """Check a certificate of removed content. Without keys of the archive its own are taken. Raises Refused when it
    cannot be read at all."""
    return check_told(read_certificate(path), REMOVAL, path.name, outside)


@dataclass(frozen=True)
class _Round:
    """One order with its end. `after`: the place in the trail of the step before it."""

    after: int
    order: Step
    end: Step

    def over(self, leaf: Told) -> bool:
        """Whether this is between the order and its end."""
        return bool(self.order.leaf["index"] < leaf["index"] < self.end.leaf["index"])


class _Check:
    """One check under way."""

    def __init__(self, told: Told, proven: Proven) -> None:
        self._told, self._proven = told, proven
        self._whole: Told = told["handover"]
        self._had: dict[str, set[str]] = {}

    def all(self) -> None:
        steps = self._steps()
        rounds = self._rounds(steps)
        self._waited(steps)
        receipt = check_receipt(self._whole, self._told["receipt"], self._proven, steps)
        self._records(receipt, steps, rounds)
        self._proven.apart(self._had)

    def _steps(self) -> list[Step]:
        """Hold every step against its event; returns those of which the trail tells."""
        told, found = self._told["steps"], []
        if not in_course([one["act"] for one in told]):
            self._proven.fault("step", "steps", "a step is missing, twice, or out of its order")
        for position, one in enumerate(told):
            self._proven.count("steps")
            act = one["act"]
            subject = (SUBJECT, self._whole["id"])
            leaf = self._proven.event(one["leaf"], EVENTS.get(act, "no such step"), subject, str(act))
            if leaf is None:
                continue
            found.append(Step(act, position, leaf))
            self._had.setdefault(DUTIES[act], set()).add(leaf["actor"]["id"])
            self._step(one, found[-1])
        places, times = [one.leaf["index"] for one in found], [instant(one.leaf["at"]) for one in found]
        if places != sorted(set(places)) or times != sorted(times):
            self._proven.fault("step", "steps", "the steps were not taken in their order")
        return found

    def _step(self, one: Told, step: Step) -> None:
        act, actor, details = step.act, step.leaf["actor"], step.details
        told = (actor["id"], actor["name"], DUTIES[act], step.leaf["at"])
        if told != (one["person"], one["name"], one["duty"], one["at"]):
            self._proven.fault("step", act, "the trail names another person, duty or time")
        if one["number"] != (details.get("number") if act in ("decide", "order_removal") else ""):
            self._proven.fault("step", act, "the trail names another number")
        whole = {name: self._whole[name] for name in ("number", "list_sha256")}
        if act == "decide" and {name: details.get(name) for name in whole} != whole:
            self._proven.fault("step", act, "the trail names another decision or list")
        if act == "remove":
            order = self._told["steps"][step.position - 1]
            if (details.get("order"), details.get("number")) != (step.position - 1, order["number"]):
                self._proven.fault("step", act, "the trail names another order, or another place for it")

    def _rounds(self, steps: Sequence[Step]) -> dict[int, _Round]:
        """Return the orders of which the trail knows the end and what was before, by their places."""
        by_place = {one.position: one for one in steps}
        found = {}
        for place, one in by_place.items():
            before, end = by_place.get(place - 1), by_place.get(place + 1)
            if one.act == "order_removal" and before is not None and end is not None and end.act == "remove":
                found[place] = _Round(before.leaf["index"], one, end)
        return found

    def _waited(self, steps: Sequence[Step]) -> None:
        """The keeping time went by between closing and each order. Days of a calendar: a day less may have gone by."""
        closed = next((one for one in steps if one.act == "close"), None)
        for one in steps:
            if one.act != "order_removal" or closed is None:
                continue
            days = one.details.get("keep_days")
            if type(days) is not int or days < 1:
                self._proven.fault("time", one.act, "the trail does not say how long the content was to be kept")
            elif instant(one.leaf["at"]) - instant(closed.leaf["at"]) <= timedelta(days=days - 1):
                self._proven.fault("time", one.act, f"it was ordered before {days} days had passed")

    def _records(self, receipt: Receipt | None, steps: Sequence[Step], rounds: Mapping[int, _Round]) -> None:
        records = self._told["records"]
        lines, places = accepted_lines(receipt), list(rounds)
        if sorted(one["record"] for one in records) != sorted(lines):
            self._proven.fault("record", "records", "these are not the records that the receipt accepts, each once")
        packed = next((one.leaf["index"] for one in steps if one.act == "package"), None)
        for one in records:
            line = lines.get(one["record"])
            if line is None:
                self._proven.fault("record", one["record"], "the receipt does not accept it")
                continue
            reference = line.reference or (receipt.reference if receipt else "")
            if one["reference"] != reference:
                self._proven.fault("record", one["record"], "the receipt names another place for it")
            self._kept(one, rounds, places)
            if one["state"] == "kept":
                self._proven.count("records kept")
                continue
            if one["state"] != "removed":
                self._proven.fault("record", one["record"], "it is neither removed nor kept")
                continue
            self._proven.count("removed records")
            self._received(one, line, packed)
            self._removed(one, line, rounds.get(one["order"]))
        self._counted(records, rounds)

    def _received(self, one: Told, line: ReceiptLine, packed: int | None) -> None:
        """The trail received it with this content before anything was packed, and the institution has the same."""
        record, components = one["record"], one["components"]
        originals = originals_of(components)
        came = self._proven.received(one["received_leaf"], record, original_digest(originals) if originals else "")
        if came is not None and (packed is None or came["index"] > packed):
            self._proven.fault("record", record, "it came in only after the packing")
        files = set(line.files.values())
        if not originals or any(part["sha256"] not in files for part in components if part["role"] in SENT_ROLES):
            self._proven.fault("record", record, "the receipt does not confirm each part of it that was removed")

    def _removed(self, one: Told, line: ReceiptLine, of: _Round | None) -> None:
        record = one["record"]
        gone = self._proven.event(one["removed_leaf"], REMOVED, ("record", record), record)
        if gone is None:
            return
        self._had.setdefault(DUTIES["remove"], set()).add(gone["actor"]["id"])
        details = gone["details"]
        if details.get("components") != told_components(one["components"]):
            self._proven.fault("record", record, "the trail tells of other components")
        if (gone["actor"]["name"], gone["at"]) != (one["by"], one["removed_at"]):
            self._proven.fault("record", record, "the trail names another person or time")
        if of is None:
            self._proven.fault("record", record, "there is no order by which it was removed")
            return
        wanted = {"handover": self._whole["id"], "order": of.order.details.get("number"),
                  "receiver": self._whole["receiver"], "reference": one["reference"],
                  "receipt_sha256": self._told["receipt"]["sha256"], "mets_sha256": line.mets_sha256}  # fmt: skip
        if any(details.get(name) != value for name, value in wanted.items()):
            self._proven.fault("record", record, "the trail tells of another order, receipt or place")
        if not of.over(gone) or instant(gone["at"]) < instant(of.order.leaf["at"]):
            self._proven.fault("record", record, "it was removed before its order, or after the end")

    def _kept(self, one: Told, rounds: Mapping[int, _Round], places: Sequence[int]) -> None:
        """Each order that did not remove it left it here for reasons of which the trail tells."""
        record = one["record"]
        if not isinstance(one["kept"], list):
            raise TypeError("what was kept is a list")
        before = bisect_left(places, one["order"]) if one["state"] == "removed" else len(places)
        orders = [told["order"] for told in one["kept"]]
        if len(orders) != before or orders != list(places[:before]):
            self._proven.fault("kept", record, "it is not said of each order before why it was kept")
        for told in one["kept"]:
            leaf = self._proven.event(told["leaf"], KEPT, (SUBJECT, self._whole["id"]), record)
            of = rounds.get(told["order"])
            if leaf is None or of is None:
                continue
            details = leaf["details"]
            if (details.get("record"), details.get("reasons")) != (record, told["reasons"]) or not told["reasons"]:
                self._proven.fault("kept", record, "the trail tells of another record, or of other reasons")
            if not of.after < leaf["index"] < of.end.leaf["index"]:
                self._proven.fault("kept", record, "it was not by this order that it was kept")

    def _counted(self, records: Sequence[Told], rounds: Mapping[int, _Round]) -> None:
        """As many as the trail says were ordered, removed and kept each time."""
        left, by_order = len(records), Counter(one["order"] for one in records if one["state"] == "removed")
        for place, one in rounds.items():
            removed = by_order[place]
            ordered, done = one.order.details, one.end.details
            wanted, kept = ordered.get("records"), ordered.get("kept")
            whole = type(wanted) is int and type(kept) is int and wanted + kept == left and removed <= wanted
            if not whole or (done.get("removed"), done.get("kept")) != (removed, left - removed):
                self._proven.fault("certificate", "records", "there are not as many records as were removed or kept")
            left -= removed


def _check(told: Told, proven: Proven) -> None:
    _Check(told, proven).all()


REMOVAL = Kind(FORMAT, VERSION, "certificate of removed content", _check)
