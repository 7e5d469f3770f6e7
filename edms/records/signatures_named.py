"""Requests for signatures on the papers of a proceeding: those to exactly whom the paper names."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_states import RequestState


def requests_to(
    session: Session, record_ids: Sequence[UUID], signers: Sequence[Mapping[str, Any]]
) -> list[SignatureRequest]:
    """Return the requests on these records to `signers` (`{"person": id}`) in their order: open ones first, then the
    newest. A request to others is none of them."""
    if not record_ids:
        return []
    named = [one["person"] for one in signers]
    open_first = case((SignatureRequest.state == RequestState.OPEN.value, 0), else_=1)
    query = (
        select(SignatureRequest)
        .where(SignatureRequest.record_id.in_(record_ids))
        .order_by(open_first, SignatureRequest.requested_at.desc(), SignatureRequest.id.desc())
    )
    return [one for one in session.scalars(query) if [str(each.person_id) for each in one.signatures] == named]


def request_to(
    session: Session, record_id: UUID | None, signers: Sequence[Mapping[str, Any]]
) -> SignatureRequest | None:
    """Return the first of `requests_to` on one record; None where there is no record yet."""
    return next(iter(requests_to(session, [record_id] if record_id else [], signers)), None)
