"""Procedures as somebody goes on with them after a crash: each function looks where it stands and takes what is next.

Run by `killed_by_turns`. `told` are ids as texts.
"""

from uuid import UUID

from proceedings_people import (
    APPROVER,
    ASSESSOR,
    CLERK,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    ORDER,
    PANEL,
    REMOVER,
    approval,
    shown,
)
from signing_people import who

from edms.exchange.drawing import ask_for_signatures, draw_up
from edms.exchange.handing_over import HandoverDecision, approve_handover, assess_handover, decide_handover
from edms.exchange.removing import carry_out_removal, order_removal
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.records.archive import Archive
from edms.records.proceedings import cancel_proceeding
from edms.records.reassigning import Reassignment, reassign_many
from edms.records.reviewing import Choice, ReviewFinding, assess_review, decide_review
from edms.retention.proceedings import Kind
from edms.retention.types import Fate


def list_a_transfer(archive: Archive, told: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind.TRANSFER).state == "draft":
        list_transfer(who(archive, CLERK), archive, made, "000.5.6/1/2026", HEAD, HEAD_OF_ARCHIVE)
    else:
        draw_up(who(archive, CLERK), archive, made)


def receive_a_transfer(archive: Archive, told: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind.TRANSFER).state == "listed":
        receive_transfer(who(archive, EXECUTOR), archive, made)


def ask(archive: Archive, told: str, kind: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind(kind)).stage == "to_ask":
        ask_for_signatures(who(archive, CLERK), archive, made)


def decide_a_handover(archive: Archive, told: str) -> None:
    made = UUID(told)
    steps = {
        "draft": lambda: assess_handover(who(archive, ASSESSOR), archive, made, PANEL, looked_at=True),
        "assessed": lambda: approve_handover(who(archive, APPROVER), archive, made, approval(archive)),
        "approved": lambda: decide_handover(who(archive, HEAD), archive, made,
                                            HandoverDecision("188/9/2026", approval(archive).on, HEAD)),
    }  # fmt: skip
    while (state := shown(archive, made, Kind.HANDOVER).state) in steps:
        steps[state]()
    draw_up(who(archive, CLERK), archive, made)


def finish_a_review(archive: Archive, told: str) -> None:
    made = UUID(told)
    view = shown(archive, made, Kind.REVIEW)
    if view.state == "draft":
        found = {item.id: ReviewFinding(Choice.KEEP, "masih dirujuk", 5, Fate.DESTROY) for item in view.items}
        assess_review(who(archive, ASSESSOR), archive, made, PANEL, found)
        view = shown(archive, made, Kind.REVIEW)
    if view.state == "assessed":
        decide_review(who(archive, HEAD), archive, made, "sesuai usul panitia")


def give_up(archive: Archive, told: str, kind: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind(kind)).state != "cancelled":
        cancel_proceeding(who(archive, CLERK), archive, made, "disusun ulang")


def reassign_all(archive: Archive, edition: str) -> None:
    reassign_many(who(archive, "records"), archive, Reassignment(edition, "jadwal baru berlaku"))


def order_a_removal(archive: Archive, told: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind.HANDOVER).state == "closed":
        order_removal(who(archive, HEAD_OF_ARCHIVE), archive, made, ORDER)


def carry_out_a_removal(archive: Archive, told: str) -> None:
    carry_out_removal(who(archive, REMOVER), archive, UUID(told))
