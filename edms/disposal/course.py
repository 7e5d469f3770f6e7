"""How a destruction goes from state to state, who moves it, and what each step needs. Pure: the rest is refused.

DRAFT -committee-> DRAFT -select-> SELECTED -propose-> PROPOSED -assess-> ASSESSED -request-> APPROVAL_REQUESTED
-approve-> APPROVED -decide-> DECIDED -execute-> EXECUTING -finish-> EXECUTED -close-> CLOSED

Side exits: reject, cancel (with a reason). Transfer, review and hand-over: edms/retention/proceedings.py.
REQUIREMENTS section 2.4; R34 to R42, R88.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edms.access.separation import Duty
from edms.core.errors import Refused
from edms.retention.types import Tier as Tier  # so that faces need not know the mechanism

DESTRUCTION = "PEMUSNAHAN"
"""What is done with the records, as rows, events and certificates say it."""


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
    EXCLUDE = "exclude"
    REJECT = "reject"
    CANCEL = "cancel"


class Office(StrEnum):
    """In what capacity somebody takes a step. Who that is, is looked up in the office tree (`edms.disposal.people`)."""

    RECORDS_UNIT = "records_unit"  # unit kearsipan of the office, an archivist
    UNIT_HEAD = "unit_head"  # head of the office whose records these are (unit pengolah, OPD)
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
FINAL = frozenset({State.CLOSED, State.REJECTED, State.CANCELLED})


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


def _cancels(*sources: State) -> tuple[Move, ...]:
    """Whoever brought it in may take it back, until something was done that cannot be."""
    return tuple(
        Move(Step.CANCEL, source, State.CANCELLED, Office.RECORDS_UNIT, _P, (Need.REASON,)) for source in sources
    )


MOVES: Mapping[Tier, tuple[Move, ...]] = {tier: _destruction(tier) for tier in Tier}
"""Every step there is, by tier."""
PROVEN = frozenset(one.step for moves in MOVES.values() for one in moves if Need.PROOF in one.needs)
"""Steps before which somebody proves once more who they are; a face asks, since only it can."""

EXCLUDABLE = frozenset(State) - FINAL - {State.EXECUTING, State.EXECUTED}
"""States in which a single record can be taken out, with a reason."""
LEAST_WITNESSES = 2


def move(tier: Tier, state: State, step: Step, done: Collection[Step]) -> Move:
    """Return the move that `step` is from `state`, when everything before it was done. Raises Refused."""
    for one in MOVES[tier]:
        if one.step is step and one.source is state:
            missing = [before for before in one.after if before not in done]
            if missing:
                raise Refused(f"{missing[0].value} comes before {step.value}", "see where the disposal stands")
            return one
    raise Refused(f"a disposal that is {state.value} has no step {step.value}", "see where the disposal stands")


def next_moves(tier: Tier, state: State, done: Collection[Step]) -> tuple[Move, ...]:
    """Return what can be done now, the way ahead first; of several ways ahead the first not yet gone."""
    ahead = [
        one
        for one in MOVES[tier]
        if one.source is state and not (one.target is state and one.step in done) and not set(one.after) - set(done)
    ]
    return tuple(sorted(ahead, key=lambda one: one.target in (State.REJECTED, State.CANCELLED)))
