"""Separation of duties: which steps of one matter are done by different people, in one table (R88, R22, R39).

Pure. Whoever did an earlier duty of a pair may not do the later one in the same matter; `Operation.apart` asks here.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Duty(StrEnum):
    """A part that somebody has in a matter."""

    CAPTURE = "capture"
    RELEASE_FROM_QUARANTINE = "release_from_quarantine"
    RECORD_EVENT = "record_event"
    VERIFY_EVENT = "verify_event"
    PROPOSE_REVIEW = "propose_review"
    JUDGE_REVIEW = "judge_review"
    PLACE_HOLD = "place_hold"
    RELEASE_HOLD = "release_hold"
    SCAN = "scan"
    CHECK_SCAN = "check_scan"
    RECEIVE_ACCESS = "receive_access"
    GIVE_ACCESS = "give_access"
    REVIEW_EMERGENCY = "review_emergency"
    BORROW = "borrow"
    HAND_OUT = "hand_out"
    TAKE_BACK = "take_back"
    REDACT = "redact"
    APPROVE_REDACTION = "approve_redaction"
    HOLD_ACCOUNT = "hold_account"
    CHANGE_ACCOUNT = "change_account"
    OPEN_ACCOUNT = "open_account"
    CONFIRM_ACCOUNT = "confirm_account"
    ANSWER_FOR_ACCOUNT = "answer_for_account"
    MANAGE_SERVICE_ACCOUNT = "manage_service_account"
    HAND_IN_RULES = "hand_in_rules"
    REVIEW_RULES = "review_rules"
    APPLY_RULES = "apply_rules"
    PROPOSE_DISPOSAL = "propose_disposal"
    ASSESS_DISPOSAL = "assess_disposal"
    APPROVE_DISPOSAL = "approve_disposal"
    DECIDE_DISPOSAL = "decide_disposal"
    EXECUTE_DISPOSAL = "execute_disposal"
    WITNESS_DISPOSAL = "witness_disposal"
    ORDER_REMOVAL = "order_removal"
    REMOVE_CONTENT = "remove_content"


_PAIRS: dict[Duty, str] = {
    Duty.RELEASE_FROM_QUARANTINE: "nobody releases a file that they handed in themselves",
    Duty.VERIFY_EVENT: "an event is verified by somebody else than the one who noted it",
    Duty.JUDGE_REVIEW: "a review is judged by somebody else than the one who proposed it",
    Duty.RELEASE_HOLD: "a hold is released by somebody else than the one who placed it",
    Duty.CHECK_SCAN: "nobody checks a digitisation that they worked on themselves",
    Duty.GIVE_ACCESS: "access is given by somebody else than the one who gets it",
    Duty.REVIEW_EMERGENCY: "access taken in an emergency is reviewed by somebody else than the one who took it",
    Duty.HAND_OUT: "a paper is handed out by somebody else than the borrower",
    Duty.TAKE_BACK: "a paper is taken back by somebody else than the borrower",
    Duty.APPROVE_REDACTION: "whoever had a hand in a redaction does not approve it",
    Duty.CHANGE_ACCOUNT: "nobody changes the own roles, clearance or positions",
    Duty.CONFIRM_ACCOUNT: "an account is confirmed by neither its person nor who gave the way into it",
    Duty.MANAGE_SERVICE_ACCOUNT: "nobody makes, changes or gives tokens to a service account that they answer for",
    Duty.APPLY_RULES: "rules are put into force by somebody else than who handed them in or alone reviewed them",
    Duty.PROPOSE_DISPOSAL: "a disposal is prepared by somebody who had no other part in it",
    Duty.ASSESS_DISPOSAL: "a disposal is assessed by somebody who had no other part in it",
    Duty.APPROVE_DISPOSAL: "a disposal is approved by somebody who had no other part in it",
    Duty.DECIDE_DISPOSAL: "a disposal is decided by somebody who had no other part in it",
    Duty.EXECUTE_DISPOSAL: "a disposal is carried out by somebody who had no other part in it",
    Duty.WITNESS_DISPOSAL: "a disposal is witnessed by somebody who had no other part in it",
    Duty.ORDER_REMOVAL: "the removal of content is ordered by somebody who had no part in the hand-over",
    Duty.REMOVE_CONTENT: "content is removed by somebody who had no part in the hand-over and did not order it",
}
_DISPOSAL = (
    Duty.PROPOSE_DISPOSAL, Duty.ASSESS_DISPOSAL, Duty.APPROVE_DISPOSAL, Duty.DECIDE_DISPOSAL, Duty.EXECUTE_DISPOSAL,
    Duty.WITNESS_DISPOSAL, Duty.ORDER_REMOVAL, Duty.REMOVE_CONTENT,
)  # fmt: skip
APART: dict[Duty, frozenset[Duty]] = {
    Duty.RELEASE_FROM_QUARANTINE: frozenset({Duty.CAPTURE}),
    Duty.VERIFY_EVENT: frozenset({Duty.RECORD_EVENT}),
    Duty.JUDGE_REVIEW: frozenset({Duty.PROPOSE_REVIEW}),
    Duty.RELEASE_HOLD: frozenset({Duty.PLACE_HOLD}),
    Duty.CHECK_SCAN: frozenset({Duty.SCAN}),
    Duty.GIVE_ACCESS: frozenset({Duty.RECEIVE_ACCESS}),
    Duty.REVIEW_EMERGENCY: frozenset({Duty.RECEIVE_ACCESS}),
    Duty.HAND_OUT: frozenset({Duty.BORROW}),
    Duty.TAKE_BACK: frozenset({Duty.BORROW}),
    Duty.APPROVE_REDACTION: frozenset({Duty.REDACT}),
    Duty.CHANGE_ACCOUNT: frozenset({Duty.HOLD_ACCOUNT}),
    Duty.CONFIRM_ACCOUNT: frozenset({Duty.HOLD_ACCOUNT, Duty.OPEN_ACCOUNT}),
    Duty.MANAGE_SERVICE_ACCOUNT: frozenset({Duty.ANSWER_FOR_ACCOUNT}),
    Duty.APPLY_RULES: frozenset({Duty.HAND_IN_RULES, Duty.REVIEW_RULES}),
    **{later: frozenset(_DISPOSAL) - {later} for later in _DISPOSAL},
}
"""Of each duty those that the same person may not have had in the same matter."""


def clash(duty: Duty, names: Collection[str], done: Mapping[Duty, Collection[str]]) -> Duty | None:
    """Return a duty that somebody known by `names` (id, user name) had and that bars them from `duty`, or None."""
    known = frozenset(names)
    return next((earlier for earlier in sorted(APART[duty]) if not known.isdisjoint(done.get(earlier, ()))), None)


def why_apart(duty: Duty) -> str:
    """Return the sentence that says who does `duty`."""
    return _PAIRS[duty]
