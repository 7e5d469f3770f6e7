"""How a request for signatures goes from state to state: pure, and every way that is not written here is refused.

open --all signed--> complete --requester, with reason--> superseded
open --a signer declines--> declined
open --requester or records officer--> withdrawn
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edms.core.errors import Refused


class RequestState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class SignatureState(StrEnum):
    """`WAITING`: others come first. `ASKED`: it is this one's turn. `CANCELLED`: the request ended before."""

    WAITING = "waiting"
    ASKED = "asked"
    SIGNED = "signed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Act(StrEnum):
    SIGN = "sign"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"


@dataclass(frozen=True)
class Course:
    """Where a request stands, with its signatures in order."""

    request: RequestState
    signatures: tuple[SignatureState, ...]

    @classmethod
    def begun(cls, signers: int) -> "Course":
        """Return a new request: the first of `signers` is asked."""
        return cls(RequestState.OPEN, (SignatureState.ASKED, *([SignatureState.WAITING] * (signers - 1))))


def after(course: Course, act: Act, position: int = 0) -> Course:
    """Return the course after an act; `position` (from 1) says whose, for signing and declining. Raises Refused."""
    if act is Act.SUPERSEDE:
        if course.request is not RequestState.COMPLETE:
            raise Refused("only a document that all have signed can be superseded", "an open request is withdrawn")
        return Course(RequestState.SUPERSEDED, course.signatures)
    if course.request is not RequestState.OPEN:
        raise Refused("the request for signatures is closed", "reload the page to see how it ended")
    if act is Act.WITHDRAW:
        return Course(RequestState.WITHDRAWN, _cancelled(course.signatures))
    if not 1 <= position <= len(course.signatures):
        raise Refused("nobody has this place in the order")
    if course.signatures[position - 1] is not SignatureState.ASKED:
        raise Refused("it is not this signer's turn", "signatures are given in the order of the request")
    if act is Act.DECLINE:
        declined = _with(course.signatures, position, SignatureState.DECLINED)
        return Course(RequestState.DECLINED, _cancelled(declined))
    signed = _with(course.signatures, position, SignatureState.SIGNED)
    if position == len(signed):
        return Course(RequestState.COMPLETE, signed)
    return Course(RequestState.OPEN, _with(signed, position + 1, SignatureState.ASKED))


def _with(states: Sequence[SignatureState], position: int, state: SignatureState) -> tuple[SignatureState, ...]:
    return (*states[: position - 1], state, *states[position:])


def _cancelled(states: Sequence[SignatureState]) -> tuple[SignatureState, ...]:
    over = (SignatureState.WAITING, SignatureState.ASKED)
    return tuple(SignatureState.CANCELLED if state in over else state for state in states)
