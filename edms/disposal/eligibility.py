"""Whether a record may be destroyed now: asked anew when it is proposed, when approved, and when carried out (R48)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.core.canonical import canonical_json, sha256_hex
from edms.records.archive import Archive
from edms.records.digitisation_views import being_digitised
from edms.records.disposal_model import DisposalBatch, DisposalItem
from edms.records.model import Component, Record, RecordState
from edms.records.retention_facts import RulesKept, judgeables, options_of, select_facts
from edms.records.shredding import components_of
from edms.records.visible import up_to_level
from edms.retention.decide import decide
from edms.retention.types import ActiveMode, Decision, Fate, Outcome, ReasonCode, Rule, Tier

PART = 200


@dataclass(frozen=True)
class Judgement:
    """What the rule says of a record today. `superseded`: a later edition has taken the place of its own. `digitised`:
    it is in a digitisation that goes on, which would go on without what it is about."""

    record: UUID
    decision: Decision
    rule: Rule | None
    superseded: bool
    digitised: bool = False

    @property
    def eligible(self) -> bool:
        return self.decision.outcome is Outcome.ELIGIBLE and self.decision.fate is Fate.DESTROY and not self.digitised

    @property
    def obstacles(self) -> list[str]:
        """Why it is not eligible, as stable codes."""
        tells = (ReasonCode.PERIOD_ELAPSED, ReasonCode.RULE_SUPERSEDED)
        found = [str(one) for one in self.decision.reasons if one.code not in tells]
        found += ["digitisation_under_way"] if self.digitised else []
        return found or [self.decision.outcome.value]


def judged(
    session: Session, archive: Archive, ids: Sequence[UUID], batch_id: UUID | None, rules: RulesKept | None = None
) -> dict[UUID, Judgement]:
    """Judge these records today, each as if nothing had been said of it before. What is not declared is left out."""
    today, options = archive.clock.today(), options_of(archive)
    rules = rules or RulesKept(session, today)
    found: dict[UUID, Judgement] = {}
    for start in range(0, len(ids), PART):
        query = select_facts().where(
            Record.id.in_(ids[start : start + PART]), Record.state == RecordState.DECLARED.value
        )
        digitised = being_digitised(session, ids[start : start + PART])
        for one in judgeables(session, query, today, rules, batch_id):
            facts = one.facts
            if archive.settings.disposal.transfer_first and facts.transferred is None:
                facts = replace(facts, transferred=one.rule is not None and one.rule.active_mode is ActiveMode.NONE)
            decision = decide(facts, one.rule, one.holds, today, options)
            found[one.row.id] = Judgement(
                one.row.id, decision, one.rule, facts.rule_superseded, one.row.id in digitised
            )
    return found


def due_ids(session: Session, batch: DisposalBatch, today: date, limit: int) -> list[UUID]:
    """Return records of the office whose time has come by the stored dates, up to the level; the oldest first."""
    taken = select(DisposalItem.record_id).where(DisposalItem.standing_key.is_not(None))
    query = (
        select(Record.id)
        .where(Record.office_id == batch.office_id, Record.state == RecordState.DECLARED.value,
               Record.due_on <= today, Record.fate == Fate.DESTROY.value, Record.id.not_in(taken),
               up_to_level(Level(batch.level)))
        .order_by(Record.due_on, Record.id)
        .limit(limit)
    )  # fmt: skip
    return list(session.scalars(query))


def drifted(frozen: dict[str, Any], now: Judgement, tier: Tier) -> str:
    """Return what is otherwise than when the list was frozen, as a stable code, or ""."""
    told = (
        ("rule", now.rule.code if now.rule else None), ("edition", now.rule.edition if now.rule else None),
        ("due_on", now.decision.due_on.isoformat() if now.decision.due_on else None),
    )  # fmt: skip
    for name, value in told:
        if frozen[name] != value:
            return f"{name}_changed"
    if now.superseded and not frozen["superseded"]:
        return "rule_superseded"
    return "" if now.decision.tier is tier else "other_tier"


def described(session: Session, ids: Sequence[UUID]) -> Iterator[Record]:
    """Yield records with their parts, a few at a time, in the order of `ids`."""
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        query = (
            select(Record)
            .where(Record.id.in_(part))
            .options(selectinload(Record.components).selectinload(Component.blob), selectinload(Record.folder))
        )
        rows = {record.id: record for record in session.scalars(query)}
        yield from (rows[one] for one in part if one in rows)


def frozen_of(record: Record, number: int, told: Judgement) -> dict[str, Any]:
    """Return what the list says of a record from the moment it is frozen (docs/formats/disposal.md, section 2)."""
    decision, rule = told.decision, told.rule
    assert rule is not None, "what is eligible has a rule"
    assert decision.tier is not None, "what has a rule has a tier"
    return {
        "number": number, "record": str(record.id), "title": record.title, "class": record.class_code or "",
        "class_title": record.class_title or "", "level": record.level or UNCLASSIFIED_COUNTS_AS.value,
        "letter_number": record.number or "", "folder": record.folder.code if record.folder else "",
        "document_date": record.document_date.isoformat() if record.document_date else None,
        "pages": record.page_count or 0, "development": record.development or "", "medium": record.medium or "",
        "rule": rule.code, "edition": rule.edition, "clause": rule.clause, "fate": rule.fate_text,
        "rule_book": str(record.rule_book_id), "tier": decision.tier.value, "superseded": told.superseded,
        "active_until": decision.active_until.isoformat() if decision.active_until else None,
        "due_on": decision.due_on.isoformat() if decision.due_on else None,
        "reasons": list(decision.reason_codes), "components": components_of(record),
    }  # fmt: skip


def frozen_digest(frozen: dict[str, Any]) -> str:
    return sha256_hex(canonical_json(frozen))
