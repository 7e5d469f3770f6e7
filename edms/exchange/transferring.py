"""Pemindahan: from the unit pengolah to the unit kearsipan when active retention has ended (R43).

Custody moves, nothing else: the owner stays, and retention goes on, for its phase is computed and never stored.
"""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.typed import line
from edms.exchange.drawing import draw_up, signers_named
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.proceedings import (
    SUBJECT,
    decided_proceeding,
    exclude_hindered,
    finish_items,
    may_take,
    requests_on,
    require_state,
    standing,
    step,
)
from edms.records.proceedings_list import drawn_list, list_sha256
from edms.records.proceedings_views import paper_stage
from edms.retention.proceedings import Act, Kind, State

FROM, TO = "pimpinan unit pengolah", "pimpinan unit kearsipan"


def list_transfer(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, number: str, head: str, head_of_archive: str
) -> None:
    """Freeze a draft under the number of its berita acara, draw its lists and its berita acara up.

    `head`, `head_of_archive`: user names of the heads of the two units, who sign in this order. Raises NotFound;
    Refused when nothing is in it, or for people who do not head these units or cannot sign.
    """
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.TRANSFER, lock=True)
        operation.about(SUBJECT, row.id, "transfer.listed")
        require_state(row, State.DRAFT)
        told = line(number, 120)
        if not told or not standing(row):
            raise Refused("the berita acara needs its number, and records")
        left_out = exclude_hindered(operation, archive, row)
        assert row.to_office_id is not None, "a transfer has one"
        named = ((head, row.office_id, FROM), (head_of_archive, row.to_office_id, TO))
        row.number, row.signers = told, {"signers": signers_named(operation.session, archive, row, named)}
        step(operation, archive, row, Act.LIST, {"number": told, "left_out": left_out})
        row.listed = drawn_list(archive, row, standing(row), {"number": told, **row.signers}, operation.now)
        row.list_sha256 = list_sha256(row.listed)
        operation.note(records=len(standing(row)), left_out=left_out, list_sha256=row.list_sha256)
    draw_up(actor, archive, proceeding_id)


def receive_transfer(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> int:
    """Take custody of what is in a signed transfer; returns of how many. What is held or lent by now stays behind.

    By somebody of the unit kearsipan who did not list it. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.TRANSFER, lock=True)
        operation.about(SUBJECT, row.id, "transfer.received")
        if row.to_office_id not in operation.actor.offices:
            raise NotPermitted("only the unit that takes custody receives", "ask somebody of it")
        may_take(operation, archive, row, Act.RECEIVE)
        if paper_stage(row, requests_on(operation, row))[0] != "signed":
            raise Refused("not all have signed the berita acara", "see where it stands")
        if list_sha256(row.listed) != row.list_sha256:
            raise Refused("the list is not the one that was signed", "run: edms verify --all")
        left_out = exclude_hindered(operation, archive, row)
        step(operation, archive, row, Act.RECEIVE, {"left_out": left_out})
        finish_items(row)
        moved = len(standing(row))
        for item in standing(row):
            operation.audit("record.custody_moved", "record", item.record_id, transfer=str(row.id),
                            holder=str(row.to_office_id))  # fmt: skip
        operation.note(records=moved, left_out=left_out)
        return moved
