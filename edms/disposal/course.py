"""How a disposal goes from state to state, who moves it, and what each step needs. Pure: what is not here is refused.

PEMUSNAHAN  DRAFT -committee-> DRAFT -select-> SELECTED -propose-> PROPOSED -assess-> ASSESSED -request->
            APPROVAL_REQUESTED -approve-> APPROVED -decide-> DECIDED -execute-> EXECUTING -finish-> EXECUTED
            -close-> CLOSED
PEMINDAHAN  DRAFT -select-> LISTED -sign_up-> SIGNED_UP -sign_uk-> SIGNED_UK -receive-> RECEIVED
PENYERAHAN  DRAFT -committee-> DRAFT -select-> SELECTED -assess-> ASSESSED -approve-> APPROVED -decide-> DECIDED
            -package-> PACKAGED -send-> SENT -receive-> RECEIVED -close-> CLOSED
Side exits: reject, cancel (with a reason). REQUIREMENTS section 2.4; R34 to R44, R88.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edms.access.separation import Duty
from edms.core.errors import Refused
from edms.retention.types import Tier as Tier  # so that faces need not know the mechanism


class Kind(StrEnum):
    """What is done with the records: moved to the records unit, destroyed, handed over to the archives."""

    TRANSFER = "PEMINDAHAN"
    DESTRUCTION = "PEMUSNAHAN"
    HANDOVER = "PENYERAHAN"


class State(StrEnum):
    DRAFT = "DRAFT"
    SELECTED = "SELECTED"
    PROPOSED = "PROPOSED"
    ASSESSED = "ASSESSED"
    APPROVAL_REQUESTED = "APPROVAL_REQUESTED"
    APPROVED = "APPROVED"
    DECIDED = "DECIDED"
    EXECUTING = "EXECUTING"
    EXECUTED = "EXECUTED"
    LISTED = "LISTED"
    SIGNED_UP = "SIGNED_UP"
    SIGNED_UK = "SIGNED_UK"
    PACKAGED = "PACKAGED"
    SENT = "SENT"
    RECEIVED = "RECEIVED"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class ItemState(StrEnum):
    """`LISTED`: part of it. `EXCLUDED`: taken out, with a reason. `DONE`: what was decided was carried out on it."""

    LISTED = "LISTED"
    EXCLUDED = "EXCLUDED"
    DONE = "DONE"


class Step(StrEnum):
    OPEN = "open"
    COMMITTEE = "committee"
    SELECT = "select"
    PROPOSE = "propose"
    ASSESS = "assess"
    REQUEST = "request"
    APPROVE = "approve"
    DECIDE = "decide"
    EXECUTE = "execute"
    FINISH = "finish"
    CLOSE = "close"
    SIGN_UP = "sign_up"
    SIGN_UK = "sign_uk"
    PACKAGE = "package"
    SEND = "send"
    RECEIVE = "receive"
    EXCLUDE = "exclude"
    REJECT = "reject"
    CANCEL = "cancel"


class Office(StrEnum):
    """In what capacity somebody takes a step. Who that is, is looked up in the office tree (`edms.disposal.people`)."""

    RECORDS_UNIT = "records_unit"  # unit kearsipan of the office, an archivist
    UNIT_HEAD = "unit_head"  # head of the office whose records these are (unit pengolah, OPD)
    RECORDS_HEAD = "records_head"  # head of the records unit
    COMMITTEE = "committee"  # panitia penilai
    REGIONAL_HEAD = "regional_head"  # bupati, wali kota
    NATIONAL_ARCHIVES = "national_archives"  # Kepala ANRI: outside; whoever enters the letter had no other part
    CITY_ARCHIVES = "city_archives"  # lembaga kearsipan daerah
    SYSTEM = "system"


class Need(StrEnum):
    """What a step does not go without."""

    LETTER = "letter"  # its number, its date, and the record that holds it
    NUMBER = "number"
    REASON = "reason"
    ITEMS_ASSESSED = "items_assessed"
    OPINION = "opinion"
    PROOF = "proof"  # that somebody proved once more who they are
    WITNESSES = "witnesses"
    MINUTES_SIGNED = "minutes_signed"
    RECEIPT = "receipt"
    STATEMENT = "statement"


@dataclass(frozen=True)
class Move:
    """One step: from where to where, by whom, in which duty, with what, and what must have been done before."""

    step: Step
    source: State
    target: State
    by: Office
    duty: Duty
    needs: tuple[Need, ...] = ()
    after: tuple[Step, ...] = ()


_P, _A, _V, _D, _X = (
    Duty.PROPOSE_DISPOSAL, Duty.ASSESS_DISPOSAL, Duty.APPROVE_DISPOSAL, Duty.DECIDE_DISPOSAL, Duty.EXECUTE_DISPOSAL,
)  # fmt: skip
_ENDS = frozenset({State.CLOSED, State.REJECTED, State.CANCELLED})


def _destruction(tier: Tier) -> tuple[Move, ...]:
    """R35: who approves, who decides and who carries it out depends on the tier, and nothing else does."""
    lower = tier is Tier.LOWER
    approver = Office.REGIONAL_HEAD if lower else Office.NATIONAL_ARCHIVES
    decider = Office.UNIT_HEAD if lower else Office.REGIONAL_HEAD
    executor = Office.RECORDS_UNIT if lower else Office.CITY_ARCHIVES
    return (
        Move(Step.COMMITTEE, State.DRAFT, State.DRAFT, Office.RECORDS_UNIT, _P, (Need.LETTER,)),
        Move(Step.SELECT, State.DRAFT, State.SELECTED, Office.RECORDS_UNIT, _P, (), (Step.COMMITTEE,)),
        Move(Step.PROPOSE, State.SELECTED, State.PROPOSED, Office.RECORDS_UNIT, _P, (Need.NUMBER,)),
        Move(Step.ASSESS, State.PROPOSED, State.ASSESSED, Office.COMMITTEE, _A, (Need.ITEMS_ASSESSED, Need.OPINION)),
        Move(Step.REQUEST, State.ASSESSED, State.APPROVAL_REQUESTED, Office.RECORDS_UNIT, _P, (Need.NUMBER,)),
        Move(Step.APPROVE, State.APPROVAL_REQUESTED, State.APPROVED, approver, _V, (Need.LETTER, Need.PROOF)),
        Move(Step.DECIDE, State.APPROVED, State.DECIDED, decider, _D, (Need.LETTER, Need.PROOF)),
        Move(Step.EXECUTE, State.DECIDED, State.EXECUTING, executor, _X, (Need.NUMBER, Need.WITNESSES, Need.PROOF)),
        Move(Step.FINISH, State.EXECUTING, State.EXECUTED, executor, _X),
        Move(Step.CLOSE, State.EXECUTED, State.CLOSED, executor, _X, (Need.MINUTES_SIGNED,)),
        Move(Step.REJECT, State.PROPOSED, State.REJECTED, Office.COMMITTEE, _A, (Need.REASON,)),
        Move(Step.REJECT, State.APPROVAL_REQUESTED, State.REJECTED, approver, _V, (Need.REASON,)),
        Move(Step.REJECT, State.APPROVED, State.REJECTED, decider, _D, (Need.REASON,)),
        *_cancels(State.DRAFT, State.SELECTED, State.PROPOSED, State.ASSESSED, State.APPROVAL_REQUESTED,
                  State.APPROVED, State.DECIDED),
    )  # fmt: skip


def _transfer() -> tuple[Move, ...]:
    return (
        Move(Step.SELECT, State.DRAFT, State.LISTED, Office.RECORDS_UNIT, _P, (Need.NUMBER,)),
        Move(Step.SIGN_UP, State.LISTED, State.SIGNED_UP, Office.UNIT_HEAD, _V),
        Move(Step.SIGN_UK, State.SIGNED_UP, State.SIGNED_UK, Office.RECORDS_HEAD, _D),
        Move(Step.RECEIVE, State.SIGNED_UK, State.RECEIVED, Office.RECORDS_UNIT, _X),
        *_cancels(State.DRAFT, State.LISTED, State.SIGNED_UP),
    )


def _handover() -> tuple[Move, ...]:
    return (
        Move(Step.COMMITTEE, State.DRAFT, State.DRAFT, Office.RECORDS_UNIT, _P, (Need.LETTER,)),
        Move(Step.SELECT, State.DRAFT, State.SELECTED, Office.RECORDS_UNIT, _P, (Need.NUMBER,), (Step.COMMITTEE,)),
        Move(Step.ASSESS, State.SELECTED, State.ASSESSED, Office.COMMITTEE, _A, (Need.ITEMS_ASSESSED, Need.OPINION)),
        Move(Step.APPROVE, State.ASSESSED, State.APPROVED, Office.CITY_ARCHIVES, _V, (Need.LETTER, Need.PROOF)),
        Move(Step.DECIDE, State.APPROVED, State.DECIDED, Office.UNIT_HEAD, _D, (Need.LETTER, Need.STATEMENT)),
        Move(Step.PACKAGE, State.DECIDED, State.PACKAGED, Office.RECORDS_UNIT, _X),
        Move(Step.SEND, State.PACKAGED, State.SENT, Office.RECORDS_UNIT, _X),
        Move(Step.RECEIVE, State.SENT, State.RECEIVED, Office.RECORDS_UNIT, _X, (Need.RECEIPT,)),
        Move(Step.CLOSE, State.RECEIVED, State.CLOSED, Office.RECORDS_UNIT, _X, (Need.MINUTES_SIGNED,)),
        Move(Step.REJECT, State.SELECTED, State.REJECTED, Office.COMMITTEE, _A, (Need.REASON,)),
        Move(Step.REJECT, State.ASSESSED, State.REJECTED, Office.CITY_ARCHIVES, _V, (Need.REASON,)),
        Move(Step.REJECT, State.APPROVED, State.REJECTED, Office.UNIT_HEAD, _D, (Need.REASON,)),
        *_cancels(State.DRAFT, State.SELECTED, State.ASSESSED, State.APPROVED, State.DECIDED, State.PACKAGED),
    )


def _cancels(*sources: State) -> tuple[Move, ...]:
    """Whoever brought it in may take it back, until something was done that cannot be."""
    return tuple(
        Move(Step.CANCEL, source, State.CANCELLED, Office.RECORDS_UNIT, _P, (Need.REASON,)) for source in sources
    )


MOVES: Mapping[tuple[Kind, Tier], tuple[Move, ...]] = {
    (kind, tier): moves
    for tier in Tier
    for kind, moves in (
        (Kind.DESTRUCTION, _destruction(tier)), (Kind.TRANSFER, _transfer()), (Kind.HANDOVER, _handover()),
    )
}  # fmt: skip
"""Every step there is, by kind and tier."""

FINAL = _ENDS | {State.RECEIVED}
EXCLUDABLE = frozenset(State) - _ENDS - {State.EXECUTING, State.EXECUTED, State.PACKAGED, State.SENT, State.RECEIVED}
"""States in which a single record can be taken out, with a reason."""
FROZEN_FROM = {Kind.DESTRUCTION: Step.PROPOSE, Kind.TRANSFER: Step.SELECT, Kind.HANDOVER: Step.SELECT}
"""The step at which the list is frozen; afterwards records are only taken out."""
COMMITTEE_CAPACITIES = ("chair", "unit_head", "archivist")
"""R36: the head of the records unit in the chair, the head of the unit whose records they are, and an archivist."""
LEAST_WITNESSES = 2
WITNESS_CAPACITIES = ("legal", "supervision")
"""R38: at least the legal unit and internal supervision."""


def move(kind: Kind, tier: Tier, state: State, step: Step, done: Collection[Step]) -> Move:
    """Return the move that `step` is from `state`, when everything before it was done. Raises Refused."""
    for one in MOVES[kind, tier]:
        if one.step is step and one.source is state:
            missing = [before for before in one.after if before not in done]
            if missing:
                raise Refused(f"{missing[0].value} comes before {step.value}", "see where the disposal stands")
            return one
    raise Refused(f"a disposal that is {state.value} has no step {step.value}", "see where the disposal stands")


def next_moves(kind: Kind, tier: Tier, state: State, done: Collection[Step]) -> tuple[Move, ...]:
    """Return what can be done now, the way ahead first; of several ways ahead the first not yet gone."""
    ahead = [
        one
        for one in MOVES[kind, tier]
        if one.source is state and not (one.target is state and one.step in done) and not set(one.after) - set(done)
    ]
    return tuple(sorted(ahead, key=lambda one: one.target in (State.REJECTED, State.CANCELLED)))


def in_other_hands(state: State) -> bool:
    """True while the records of a disposal in `state` are in it, and so in no other."""
    return state not in (State.REJECTED, State.CANCELLED)
