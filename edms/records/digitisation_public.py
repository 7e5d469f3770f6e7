"""What anybody is told who holds an authenticated copy: behind the QR code of its mark, as far as its class allows.

An unknown address, a malformed one and one of a copy that was never made have one answer.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from edms.access.actors import system_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.digitisation_model import CopyMark
from edms.records.digitisation_views import request_on
from edms.records.facts import facts_of
from edms.records.signatures import revoked
from edms.records.signatures_states import RequestState

_ANYBODY = system_actor("verification-page")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16}", re.ASCII)


@dataclass(frozen=True)
class PublicCopy:
    """What is told of an authenticated copy. Of a record that is not open everything but date and status is empty.

    `status`: valid, revoked (the head's certificate was not to be trusted any more), superseded. `sha256`: of the copy.
    """

    token: str
    status: str
    marked_at: datetime
    pilot: bool
    open: bool
    title: str = ""
    number: str = ""
    day: date | None = None
    office: str = ""
    minutes: str = ""
    authenticated_by: str = ""
    position: str = ""
    pages: int = 0
    sha256: str = ""


def public_copy(archive: Archive, token: str) -> PublicCopy:
    """Return what is told of a copy. Raises NotFound. Every look leaves an event, found or not."""
    return _looked_up(archive, token, "digitisation.looked_up")[0]


def compare_with_copy(archive: Archive, token: str, sha256: str) -> tuple[PublicCopy, str]:
    """Hold the digest of a file in hand against the copy: `same` or `different`. Raises NotFound."""
    told, digest = _looked_up(archive, token, "digitisation.compared")
    return told, "same" if sha256 == digest else "different"


def _looked_up(archive: Archive, token: str, event: str) -> tuple[PublicCopy, str]:
    with archive.door.write(_ANYBODY, Action.DIGITISATION_VERIFY) as operation:
        operation.decide()
        operation.about("digitisation_mark", "", event)
        query = select(CopyMark).where(CopyMark.token == token)
        found = operation.session.scalars(query).one_or_none() if _TOKEN.fullmatch(token) else None
        if found is None:
            raise NotFound()
        operation.about("digitisation_mark", found.item_id, event)
        item = found.item
        request, row = request_on(operation.session, item.digitisation), item.digitisation
        last = request.signatures[-1] if request else None
        status = "revoked" if last and revoked(last) else "valid"
        if request is None or request.state != RequestState.COMPLETE.value:
            status = "superseded"
        pilot = bool(last and last.provider == "pilot")
        if facts_of(item.record).effective_level is not Level.OPEN:
            return PublicCopy(token, status, found.marked_at, pilot, open=False), found.sha256
        return PublicCopy(
            token, status, found.marked_at, pilot, open=True, title=item.record.title, number=item.record.number or "",
            day=item.record.document_date, office=row.listed["office"], minutes=row.number or "",
            authenticated_by=(last.signer_name or "") if last else "",
            position=(last.signer_position or "") if last else "", pages=len(item.pages["pages"]), sha256=found.sha256,
        ), found.sha256  # fmt: skip
