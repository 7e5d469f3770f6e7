"""The rules that reviews gave to records: read with the facts of many records, one query for each part of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.records.assignment_model import RetentionAssignment
from edms.retention.rule_text import rule_from_data
from edms.retention.types import EventFact, RetentionFacts, Rule, TriggerType

REVIEWED = "dinilai kembali"
"""The label of the event from which a reviewed record counts: the review itself."""


def review_rules(session: Session, record_ids: Sequence[UUID]) -> dict[UUID, tuple[Rule, date]]:
    """Return the rules that reviews gave to records, and the day from which each counts; others are not among them."""
    query = select(RetentionAssignment.record_id, RetentionAssignment.snapshot, RetentionAssignment.counts_from).where(
        RetentionAssignment.record_id.in_(record_ids),
        RetentionAssignment.stands.is_(True),
        RetentionAssignment.counts_from.is_not(None),
    )
    return {
        record_id: (rule_from_data(snapshot["rule"]), counts_from)
        for record_id, snapshot, counts_from in session.execute(query)
        if counts_from is not None
    }


def since_review(facts: RetentionFacts, counts_from: date) -> RetentionFacts:
    """Return the facts with the review as the event that its rule waits for."""
    return replace(facts, events=(*facts.events, EventFact(TriggerType.OTHER, counts_from, label=REVIEWED)))
