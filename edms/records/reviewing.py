"""Penilaian kembali: what the rules leave to people (R31). A panel proposes for each record, another person decides,
and the decision is its new schedule at once (R75). Split by exception: each record has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.typed import line, why
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.assignment_model import AssignmentSource
from edms.records.assignments import NamedRule, NewAssignment, ReviewTerms, assign
from edms.records.dossier_facts import dossier_folders, is_filed
from edms.records.folders import folder_to_file_in
from edms.records.model import Folder, Record
from edms.records.proceedings import (
    SUBJECT,
    decided_proceeding,
    exclude_hindered,
    finish_items,
    may_take,
    record_in,
    require_all_seen,
    seen_items,
    standing,
    step,
)
from edms.records.proceedings_list import drawn_list, list_sha256
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.rules import book_in_force
from edms.records.searching import INDEX_TOPIC
from edms.retention.proceedings import Act, Kind
from edms.retention.types import Fate, Period

_MOST_YEARS, _MOST_MEMBERS = 100, 20


class Choice(StrEnum):
    """`KEEP`: a new period, after which `fate` comes. `REFILE`: into a personal file, whose rule it takes."""

    DESTROY = "destroy"
    PERMANENT = "permanent"
    KEEP = "keep"
    REFILE = "refile"


@dataclass(frozen=True)
class ReviewFinding:
    """What the panel proposes for one record, and why. `years` and `fate` belong to KEEP, `folder_id` to REFILE."""

    choice: Choice
    reason: str
    years: int = 0
    fate: Fate = Fate.REVIEW
    folder_id: UUID | None = None


@dataclass(frozen=True)
class Panel:
    """Who looked: the decree that named them, their names, and their opinion (R36)."""

    decree: str
    members: tuple[str, ...]
    opinion: str
    minutes: str = ""

    def as_note(self) -> dict[str, Any]:
        """Raises Refused for one that says too little."""
        members = [line(one, 200) for one in self.members if line(one, 200)]
        told = {
            "decree": line(self.decree, 200),
            "opinion": line(self.opinion, 2000),
            "minutes": line(self.minutes, 200),
        }
        if len(set(members)) < 2 or len(members) > _MOST_MEMBERS or not told["decree"] or len(told["opinion"]) < 3:
            raise Refused("a panel has its decree, at least two members, and an opinion")
        return {**told, "members": members}


def folders_to_refile(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> tuple[tuple[UUID, str, str], ...]:
    """Return the open folders of the office (id, code, title) that a record of this review could go into."""
    with archive.door.disclose(actor, Action.CUSTODY_VIEW) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.REVIEW)
        operation.seldom()
        levels = [level.value for level in Level.up_to(Level(row.level))]
        query = select(Folder.id, Folder.code, Folder.title).where(
            Folder.office_id == row.office_id, Folder.closed_on.is_(None), Folder.level.in_(levels),
            Folder.id.not_in(dossier_folders()),
        )  # fmt: skip
        return tuple((one, code, title) for one, code, title in operation.session.execute(query.order_by(Folder.code)))


def findings_from(told: Any, items: Mapping[str, UUID]) -> dict[UUID, ReviewFinding]:
    """Return findings by item from `{record: {choice, reason, years, fate, folder}}`. Raises Refused."""
    found = {}
    try:
        for record, one in dict(told).items():
            folder = UUID(one["folder"]) if one.get("folder") else None
            found[items[record]] = ReviewFinding(
                Choice(one["choice"]), str(one["reason"]), int(one.get("years") or 0),
                Fate(one.get("fate") or Fate.REVIEW), folder,
            )  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Refused("the findings name a record that is not in it, or say what cannot be decided") from None
    return found


def assess_review(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, panel: Panel, findings: Mapping[UUID, ReviewFinding]
) -> None:
    """Write down what the panel proposes, for every record of it (by item). Again until it is decided.

    By somebody other than who opened it, who may see each of them. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.write(actor, Action.CUSTODY_DECIDE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.REVIEW, lock=True)
        operation.about(SUBJECT, row.id, "review.assessed")
        may_take(operation, archive, row, Act.ASSESS)
        _require_known(operation, row, findings)
        left_out = exclude_hindered(operation, archive, row)
        require_all_seen(operation, row)
        step(operation, archive, row, Act.ASSESS, {**panel.as_note(), "left_out": left_out})
        for item in standing(row):
            finding = findings.get(item.id)
            if finding is None:
                raise Refused("the panel proposes something for every record", "take out what is not to be reviewed")
            item.decision = _checked(operation, item, finding)
        operation.note(records=len(standing(row)), left_out=left_out)


def decide_review(actor: Actor | None, archive: Archive, proceeding_id: UUID, reason: str, number: str = "") -> int:
    """Let what the panel proposed be the new schedule of each record, from today; returns of how many.

    What was decided is frozen for the berita acara; `number` is its number, by default that of the panel's minutes. By
    somebody who neither opened nor assessed it. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.write(actor, Action.CUSTODY_DECIDE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.REVIEW, lock=True)
        operation.about(SUBJECT, row.id, "review.decided")
        may_take(operation, archive, row, Act.DECIDE)
        told = why(reason)
        left_out = exclude_hindered(operation, archive, row)
        step(operation, archive, row, Act.DECIDE, {"reason": told, "left_out": left_out})
        _freeze(operation, archive, row, line(number, 120))
        for item in standing(row):
            record = record_in(operation, item)
            _carry_out(operation, archive, record, item.decision)
            operation.audit("record.reviewed", "record", record.id, review=str(row.id), choice=item.decision["choice"])
            operation.outbox(INDEX_TOPIC, record.id)
        finish_items(row)
        operation.note(records=len(standing(row)), left_out=left_out, list_sha256=row.list_sha256)
        operation.about(SUBJECT, row.id, "review.decided")
        return len(standing(row))


def _require_known(operation: Operation, row: Proceeding, findings: Mapping[UUID, ReviewFinding]) -> None:
    """Require that each finding is of an item that the actor may see: of another one nobody can say anything (R22)."""
    seen = seen_items(operation, row)
    if not findings.keys() <= {item.id for item in row.items if item.record_id in seen}:
        raise Refused("the findings name a record that is not in it, or say what cannot be decided")


def _checked(operation: Operation, item: ProceedingItem, finding: ReviewFinding) -> dict[str, Any]:
    told: dict[str, Any] = {"choice": finding.choice.value, "reason": why(finding.reason)}
    ends = finding.choice in (Choice.DESTROY, Choice.REFILE) or (
        finding.choice is Choice.KEEP and finding.fate is Fate.DESTROY
    )
    if ends and is_filed(operation.session, item.record):
        raise Refused("it belongs to the file of a disposal, which is kept for good", "propose that it is permanent")
    if finding.choice is Choice.KEEP:
        if not 1 <= finding.years <= _MOST_YEARS or finding.fate is Fate.PERSONAL_FILE:
            raise Refused(f"a new period has 1 to {_MOST_YEARS} years, and a fate after it")
        return {**told, "years": finding.years, "fate": finding.fate.value}
    if finding.choice is Choice.REFILE:
        if finding.folder_id is None:
            raise Refused("choose the personal file that it goes into")
        folder = folder_to_file_in(
            operation.session, finding.folder_id, item.record.office_id, operation.actor.clearance
        )
        return {**told, "folder": str(folder.id), "folder_code": folder.code}
    return told


def _freeze(operation: Operation, archive: Archive, row: Proceeding, number: str) -> None:
    """Keep what was reviewed and decided as it stands now: its records go on and may change."""
    steps = {one.act: one for one in row.steps}
    assessed, decided = steps[Act.ASSESS.value], steps[Act.DECIDE.value]
    row.number = number or str(assessed.note["minutes"])[:120] or None
    head = {
        "number": row.number or "–", "signers": [], "assessment": {**assessed.note, "by": assessed.by_name},
        "decision": {"reason": decided.note["reason"], "by": decided.by_name},
        "decisions": [item.decision for item in standing(row)],
    }  # fmt: skip
    row.listed = drawn_list(archive, row, standing(row), head, operation.now)
    row.list_sha256 = list_sha256(row.listed)


def _carry_out(operation: Operation, archive: Archive, record: Record, decision: Mapping[str, Any]) -> None:
    choice, reason, today = Choice(decision["choice"]), str(decision["reason"]), archive.clock.today()
    if choice is Choice.REFILE:
        folder = folder_to_file_in(operation.session, UUID(decision["folder"]), record.office_id, None)
        given: NamedRule | ReviewTerms = _rule_of(operation, archive, folder)
        record.folder_id, record.folder = folder.id, folder
        record.version += 1
    elif choice is Choice.KEEP:
        fate = Fate(decision["fate"])
        given = ReviewTerms(fate, today, Period(years=int(decision["years"])), reason)
    else:
        given = ReviewTerms(Fate.DESTROY if choice is Choice.DESTROY else Fate.PERMANENT, today, Period(), reason)
    assign(operation, archive, record, NewAssignment(AssignmentSource.REVIEW, reason, given))


def _rule_of(operation: Operation, archive: Archive, folder: Folder) -> NamedRule:
    """The rule of the personal file's own class, which what is refiled takes from now on."""
    book = book_in_force(operation.session)
    rule = book.rule_for(folder.class_code, archive.clock.today()) if book else None
    if rule is None:
        raise Refused("the class of this folder has no rule in force", "choose another folder")
    return NamedRule(rule.edition, rule.code)
