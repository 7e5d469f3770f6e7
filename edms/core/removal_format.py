"""The certificate of content that was removed after a hand-over, as a format: shared by its writer and its checker
(docs/formats/removal.md). Pure."""

from collections.abc import Sequence

FORMAT = "edms-removal-certificate"
VERSION = 1
SUBJECT = "proceeding"
EVENTS = {
    "open": "handover.opened", "assess": "handover.assessed", "approve": "handover.approved",
    "decide": "handover.decided", "package": "handover.packaged", "send": "handover.sent",
    "receive": "handover.received", "close": "handover.closed", "order_removal": "handover.removal_ordered",
    "remove": "handover.content_removed",
}  # fmt: skip
"""The steps of a hand-over with its removal, each with its event in the trail."""
KEPT = "handover.content_kept"
REMOVED = "record.content_removed"
DUTIES = {
    "open": "propose_disposal", "assess": "assess_disposal", "approve": "approve_disposal",
    "decide": "decide_disposal", "package": "execute_disposal", "send": "execute_disposal",
    "receive": "execute_disposal", "close": "execute_disposal", "order_removal": "order_removal",
    "remove": "remove_content",
}  # fmt: skip
SENT_ROLES = frozenset(
    ("original", "attachment", "access_copy", "later_copy", "signed", "authenticated", "text", "redacted")
)
"""Roles of the components that a package carries: what is removed of them the receiver must have confirmed."""
_BEFORE, _AFTER = ["open", "assess", "approve", "decide"], ["send", "receive", "close"]
_REMOVAL = ["order_removal", "remove"]


def in_course(acts: Sequence[str]) -> bool:
    """Return whether these are the steps of a hand-over to the end of a removal: packed once or more, and orders once
    or more, each with its end."""
    packages = list(acts).count("package")
    removals = (len(acts) - len(_BEFORE) - packages - len(_AFTER)) // len(_REMOVAL)
    wanted = [*_BEFORE, *["package"] * packages, *_AFTER, *_REMOVAL * removals]
    return packages > 0 and removals > 0 and list(acts) == wanted
