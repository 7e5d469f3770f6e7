"""Who was shown what: the names of such events, and the questions that auditors put to the audit trail.

What an answer tells about people is itself an event, and only those may ask who may read the trail.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.errors import LimitExceeded
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record

COPY_ISSUED = "record.copy_issued"
SEARCHED, LISTED = "record:search", "records.listed"
COMPLETED, SIMILAR = "search.completed", "record.similar"
EXPORTED, EXPORT_ENDED = "search.exported", "search.export_ended"
DRAFTED = "record.drafted"
THUMBNAIL, THUMBNAILS = "record.thumbnail", "records.thumbnails"
REDACTION_EVENTS = ("redaction.shown", "redaction.proposed", "redaction.terms_found", "redaction.previewed")
SHOWN = ("record:view", "record.previewed", THUMBNAIL, "record:download", COPY_ISSUED, DRAFTED, "loan.slip",
         "record:export", *REDACTION_EVENTS)  # fmt: skip
"""Events by which something of one record was shown, or refused, to somebody."""
DISCLOSURES = (
    *SHOWN, SEARCHED, COMPLETED, SIMILAR, EXPORTED, EXPORT_ENDED, LISTED, THUMBNAILS, "retention.reported",
    "retention.impact_shown", "retention.forecast_shown", "reconciliation.read", "audit.file_given", "audit:read",
    "audit.asked", "audit.export", "copies.traced",
)  # fmt: skip
MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class TrailQuestion:
    """Which events are asked for: of one record, by one person (the id of the actor), of one action, from a time on,
    disclosures alone; the newest `limit` of them."""

    record: UUID | None = None
    actor_id: str = ""
    action: str = ""
    since: datetime | None = None
    disclosures: bool = False
    limit: int = 100


def trail_entries(actor: Actor | None, archive: Archive, question: TrailQuestion) -> list[dict[str, Any]]:
    """Return the leaves that `question` asks for, the newest last. Raises LimitExceeded."""
    if question.limit > MOST_ENTRIES:
        raise LimitExceeded(f"at most {MOST_ENTRIES} entries are told at once", "narrow the question")
    archive.door.integrate()
    with archive.door.disclose(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        query = _narrowed(question).order_by(AuditLeaf.index.desc()).limit(question.limit)
        found = [json.loads(body) for body in operation.session.scalars(query)]
        if question.record:
            found += _lists_with(operation, question, question.record)
            operation.about("record", question.record)
        found = sorted(found, key=lambda leaf: leaf["index"])[-question.limit :]
        operation.note(entries=len(found))
        return found


def asked_before(actor: Actor | None, archive: Archive, typed: str) -> list[dict[str, Any]]:
    """Return the searches for just this: the leaves of whoever asked it, in order. That this was looked up is an event
    with the same digest, so that nobody tries out words unseen."""
    limit = archive.settings.search.max_query_characters
    if len(typed) > limit:
        raise LimitExceeded(f"the query is longer than {limit} characters", "no such query was ever taken")
    archive.door.integrate()
    with archive.door.disclose(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        digest = archive.trail.typed_digest(typed)
        query = select(AuditLeaf.body).where(AuditLeaf.action.in_((SEARCHED, EXPORTED))).order_by(AuditLeaf.index)
        bodies = operation.session.scalars(query.execution_options(yield_per=1000))
        found = [leaf for leaf in _with(bodies, digest) if leaf["details"].get("query") == digest]
        operation.about("audit", "", "audit.asked")
        operation.note(query=digest, entries=len(found))
        return found


def _with(bodies: Any, digest: str) -> Iterator[dict[str, Any]]:
    """Yield the leaves in which the digest stands at all; only these are read."""
    wanted = digest.encode()
    for body in bodies:
        if wanted in body:
            yield json.loads(body)


def _lists_with(operation: Operation, question: TrailQuestion, record_id: UUID) -> list[dict[str, Any]]:
    """Return the newest events of lists that showed a small picture of the record. All since its arrival are looked
    through: they name records, and are not filed under them."""
    record = operation.session.get(Record, record_id)
    if record is None:
        return []
    query = _narrowed(replace(question, record=None)).where(
        AuditLeaf.subject_kind == "list", AuditLeaf.subject_id == THUMBNAILS, AuditLeaf.at >= record.received_at
    )
    bodies = operation.session.scalars(query.order_by(AuditLeaf.index.desc()).execution_options(yield_per=1000))
    return list(itertools.islice(_with(bodies, str(record_id)), question.limit))


def _narrowed(question: TrailQuestion) -> Select[bytes]:
    query = select(AuditLeaf.body)
    if question.record:
        query = query.where(AuditLeaf.subject_kind == "record", AuditLeaf.subject_id == str(question.record))
    if question.actor_id:
        query = query.where(AuditLeaf.actor_id == question.actor_id)
    if question.action:
        query = query.where(AuditLeaf.action == question.action)
    if question.since:
        query = query.where(AuditLeaf.at >= question.since)
    if question.disclosures:
        query = query.where(AuditLeaf.action.in_(DISCLOSURES))
    return query
