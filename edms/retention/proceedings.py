"""How a transfer, a review and a hand-over go from state to state (section 2.4). Pure: what is not here is refused.

transfer: draft --list--> listed --all have signed, receive--> received
review: draft --assess--> assessed --decide--> decided
handover: draft --assess--> assessed --approve--> approved --decide--> decided --package--> packaged --send--> sent
          --receive--> received --close--> closed --order_removal--> removing --remove--> removed
What was kept when content was removed (a hold, a loan) can be ordered to go another time: removed --order_removal-->.
Each may be given up while nothing of it has taken effect: not once received, decided (review) or sent (hand-over).
"""

from enum import StrEnum


class Kind(StrEnum):
    TRANSFER = "transfer"
    REVIEW = "review"
    HANDOVER = "handover"


class State(StrEnum):
    DRAFT = "draft"
    LISTED = "listed"
    ASSESSED = "assessed"
    APPROVED = "approved"
    DECIDED = "decided"
    PACKAGED = "packaged"
    SENT = "sent"
    RECEIVED = "received"
    CLOSED = "closed"
    REMOVING = "removing"
    REMOVED = "removed"
    CANCELLED = "cancelled"


class Act(StrEnum):
    LIST = "list"
    ASSESS = "assess"
    APPROVE = "approve"
    DECIDE = "decide"
    PACKAGE = "package"
    SEND = "send"
    RECEIVE = "receive"
    CLOSE = "close"
    ORDER_REMOVAL = "order_removal"
    REMOVE = "remove"
    CANCEL = "cancel"


class ItemState(StrEnum):
    """`EXCLUDED`: taken out with a reason; it is where it was. `RETURNED`: refused by the receiver (R45).

    `REMOVED`: handed over, and its content is no longer here."""

    LISTED = "listed"
    EXCLUDED = "excluded"
    MOVED = "moved"
    REVIEWED = "reviewed"
    HANDED_OVER = "handed_over"
    RETURNED = "returned"
    REMOVED = "removed"


class NotNow(Exception):
    """The act has no place in this state."""


_COURSES: dict[Kind, dict[tuple[State, Act], State]] = {
    Kind.TRANSFER: {
        (State.DRAFT, Act.LIST): State.LISTED,
        (State.LISTED, Act.RECEIVE): State.RECEIVED,
    },
    Kind.REVIEW: {
        (State.DRAFT, Act.ASSESS): State.ASSESSED,
        (State.ASSESSED, Act.ASSESS): State.ASSESSED,
        (State.ASSESSED, Act.DECIDE): State.DECIDED,
    },
    Kind.HANDOVER: {
        (State.DRAFT, Act.ASSESS): State.ASSESSED,
        (State.ASSESSED, Act.APPROVE): State.APPROVED,
        (State.APPROVED, Act.DECIDE): State.DECIDED,
        (State.DECIDED, Act.PACKAGE): State.PACKAGED,
        (State.PACKAGED, Act.PACKAGE): State.PACKAGED,
        (State.PACKAGED, Act.SEND): State.SENT,
        (State.SENT, Act.RECEIVE): State.RECEIVED,
        (State.RECEIVED, Act.CLOSE): State.CLOSED,
        (State.CLOSED, Act.ORDER_REMOVAL): State.REMOVING,
        (State.REMOVING, Act.REMOVE): State.REMOVED,
        (State.REMOVED, Act.ORDER_REMOVAL): State.REMOVING,
    },
}
_STANDS = {
    Kind.TRANSFER: frozenset({State.RECEIVED}),
    Kind.REVIEW: frozenset({State.DECIDED}),
    Kind.HANDOVER: frozenset({State.SENT, State.RECEIVED, State.CLOSED, State.REMOVING, State.REMOVED}),
}
ENDED = frozenset({State.CANCELLED, State.CLOSED})


def after(kind: Kind, state: State, act: Act) -> State:
    """Return the state that `act` leads to. Raises NotNow."""
    if act is Act.CANCEL and state is not State.CANCELLED and state not in _STANDS[kind]:
        return State.CANCELLED
    found = _COURSES[kind].get((state, act))
    if found is None:
        raise NotNow(f"{act} has no place in {state} of a {kind}")
    return found


def is_over(kind: Kind, state: State) -> bool:
    """True when nothing more is to be done: its file is closed. What a removal of content adds comes after that."""
    return state in (ENDED | {State.REMOVING, State.REMOVED}) or (kind is not Kind.HANDOVER and state in _STANDS[kind])


def is_open(kind: Kind, state: State) -> bool:
    """True while its records can be in no other proceeding."""
    return (state not in ENDED and state not in _STANDS[kind]) or (kind is Kind.HANDOVER and state is State.SENT)
