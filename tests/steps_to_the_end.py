"""A hand-over from its signatures on, and a destruction up to its execution, as somebody goes on with them.

Run by `killed_by_turns`, as steps_by_turns.py. `told` are ids and paths as texts.
"""

from pathlib import Path
from uuid import UUID

from disposal_people import (
    APPROVER,
    COMMITTEE,
    DECIDER,
    EXECUTOR,
    PROVEN,
    TODAY,
    opened,
)
from proceedings_people import CLERK, shown
from proceedings_people import EXECUTOR as HANDS_OVER
from signing_people import give, under_pilot, who

from edms.disposal.batches import Letter
from edms.disposal.destruction import (
    Inspected,
    approve,
    assess_items,
    conclude,
    decide_destruction,
    propose,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.execution import execute
from edms.disposal.papers import draw_up
from edms.disposal.views import BatchView, list_batches, show_batch
from edms.exchange.drawing import ask_for_signatures
from edms.exchange.sending import close_handover, package_to_file, receive_receipt, send_handover
from edms.records.archive import Archive
from edms.retention.proceedings import Kind
from edms.retention.types import Tier


def ask_on_papers(archive: Archive, told: str) -> None:
    made = UUID(told)
    if shown(archive, made, Kind.HANDOVER).stage == "to_ask":  # one paper may be asked for already
        ask_for_signatures(who(archive, CLERK), archive, made)


def sign_papers(archive: Archive, told: str, name: str) -> None:
    """Sign all that waits; from the first again after a death, since what is signed waits no more."""
    opened_again = under_pilot(archive)
    while shown(archive, UUID(told), Kind.HANDOVER).stage != "signed":
        give(opened_again, name)


def pack(archive: Archive, told: str, target: str) -> None:
    """Pack until there is a package: the state alone does not say that it was written to its end."""
    if not Path(target).exists():
        package_to_file(who(archive, HANDS_OVER), archive, UUID(told), Path(target))


def send(archive: Archive, told: str) -> None:
    if shown(archive, UUID(told), Kind.HANDOVER).state == "packaged":
        send_handover(who(archive, HANDS_OVER), archive, UUID(told), "diantar, tanda terima 7")


def receive(archive: Archive, told: str, receipt: str, signature: str) -> None:
    if shown(archive, UUID(told), Kind.HANDOVER).state == "sent":
        content = (Path(receipt).read_bytes(), Path(signature).read_bytes())
        receive_receipt(who(archive, HANDS_OVER), archive, UUID(told), *content)


def close(archive: Archive, told: str) -> None:
    if shown(archive, UUID(told), Kind.HANDOVER).state == "received":
        close_handover(who(archive, HANDS_OVER), archive, UUID(told), "selesai")


def destroy(archive: Archive, told: str, *letters: str) -> None:
    """Take a destruction from its opening to the beginning of its execution. `letters`: decree of the committee,
    approval, decree of destruction."""
    tier, kept = Tier(told), [Letter(f"B/{number}", TODAY, UUID(one)) for number, one in enumerate(letters, 1)]
    archivist = who(archive, "arsiparis")
    if not list_batches(archivist, archive):
        opened(archive, tier)
    while (view := show_batch(archivist, archive, list_batches(archivist, archive)[0].id)).state != "EXECUTING":
        _next_step(archive, view, tier, kept)


def _next_step(archive: Archive, view: BatchView, tier: Tier, kept: list[Letter]) -> None:
    archivist, batch = who(archive, "arsiparis"), view.id
    if view.may_draw_up:
        draw_up(archivist, archive, batch)
    elif view.state == "DRAFT" and not view.committee:
        set_committee(archivist, archive, batch, COMMITTEE, kept[0])
    elif view.state == "DRAFT":
        select_due(archivist, archive, batch)
    elif view.state == "SELECTED":
        propose(archivist, archive, batch, "000.5.6.2/1/2026")
    elif view.state == "PROPOSED":
        _assess(archive, view)
    elif view.state == "ASSESSED":
        request_approval(archivist, archive, batch, "000.5.6.2/2/2026")
    elif view.state == "APPROVAL_REQUESTED":
        approve(who(archive, APPROVER[tier]), archive, batch, kept[1])
    elif view.state == "APPROVED":
        decide_destruction(who(archive, DECIDER[tier]), archive, batch, kept[2])
    else:
        execute(who(archive, EXECUTOR[tier]), archive, batch, PROVEN)


def _assess(archive: Archive, view: BatchView) -> None:
    waiting = {item.id: Inspected("destroy", "dilihat") for item in view.items if item.standing and not item.verdict}
    if waiting:
        assess_items(who(archive, "penilai"), archive, view.id, waiting)
    conclude(who(archive, "ketua"), archive, view.id, "Arsip telah dinilai dan tidak mempunyai nilai guna.")
