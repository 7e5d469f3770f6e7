"""What others saw of the trail that a bundle is from: cosignatures of witnesses, checkpoints kept elsewhere.

Whoever rewinds a whole archive to an older state, or writes its history anew, leaves nothing inconsistent in it. He is
found by those who hold a later state: a bundle, a checkpoint, a cosignature.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edms.audit import tree
from edms.audit.bundle_format import PROOF_VERSION, witness_lines
from edms.audit.cosignature import WitnessKey, cosigned_at, witness_key_from
from edms.audit.note import Checkpoint, note_parts, open_checkpoint
from edms.core.errors import IntegrityFault

_MOST_PROOF = 128
FORK = "a fork: the trail that this is from does not hold what the bundle's trail held, it was rewritten or rewound"


@dataclass(frozen=True)
class Watched:
    """How many cosignatures a checkpoint bears, how many of them hold by known keys, and what is wrong."""

    found: int
    valid: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def cosignatures(note: str, origin: str, required: Sequence[WitnessKey], claimed: bytes) -> Watched:
    """Judge the cosignatures of a checkpoint. `claimed`: the bundle's own file of witness keys; they prove nothing."""
    _text, signatures = note_parts(note)
    found = sum(signature.name != origin for signature in signatures)
    problems, notes, valid = [], [], set()
    for witness in required:
        try:
            at = cosigned_at(note, witness)
        except IntegrityFault as fault:
            problems.append(f"{witness.name}: {fault.message}")
            continue
        if at is None:
            problems.append(f"the witness {witness.name} has not cosigned the checkpoint")
        else:
            valid.add(witness.name)
            notes.append(f"cosigned by {witness.name} at {at.isoformat()}")
    for other, problem in _claimed(claimed):
        if other is None or other.name in {one.name for one in required}:
            problems += [problem] if problem else []
            continue
        try:
            if cosigned_at(note, other) is not None:
                valid.add(other.name)
                notes.append(f"cosigned by {other.name}, by a key that only the bundle names: ask the witness for it")
        except IntegrityFault as fault:
            problems.append(f"{other.name}: {fault.message}")
    return Watched(found, len(valid), tuple(problems), tuple(notes))


def _claimed(content: bytes) -> list[tuple[WitnessKey | None, str]]:
    found: list[tuple[WitnessKey | None, str]] = []
    try:
        lines = witness_lines(content)
    except UnicodeDecodeError:
        return [(None, "the bundle's file of witness keys is not text")]
    for line in lines[:64]:
        try:
            found.append((witness_key_from(line), ""))
        except ValueError:
            found.append((None, "the bundle's file of witness keys has a line that is no key"))
    return found


def against(kept: str, ours: Checkpoint, logs: Sequence[bytes]) -> str:
    """Hold a bundle's checkpoint against what was kept elsewhere; return what is wrong, empty when nothing is.

    `kept` is a checkpoint, or the JSON of `edms audit prove --from SIZE`: a consistency proof with its checkpoint.
    """
    try:
        told = json.loads(kept) if kept.lstrip().startswith("{") else {"checkpoint": kept}
        other = _opened(str(told["checkpoint"]), logs)
    except (ValueError, KeyError, TypeError, RecursionError):
        return "what was kept elsewhere is neither a checkpoint nor a consistency proof"
    except IntegrityFault as fault:
        return f"what was kept elsewhere is not by the trail's key: {fault.message}"
    if other.origin != ours.origin:
        return f"what was kept elsewhere is of another trail, {other.origin}"
    if other.size == ours.size:
        return "" if other.root == ours.root else FORK
    if "proof" not in told:
        if other.size < ours.size:
            return (
                f"that trail has {other.size} leaves and the bundle's {ours.size}: unless it is the older of the two, "
                "the trail was rewound"
            )
        return f"nothing shows that both are of one history: edms audit prove --from {ours.size}, and give its answer"
    return _followed(told, ours, other)


def _followed(told: dict[str, Any], ours: Checkpoint, other: Checkpoint) -> str:
    small, large = sorted((ours, other), key=lambda one: one.size)
    steps = told["proof"]
    if (told.get("version"), told.get("old_size"), told.get("size")) != (PROOF_VERSION, small.size, large.size):
        return f"the proof is for other sizes: edms audit prove --from {ours.size}"
    try:
        path = [bytes.fromhex(step) for step in steps] if isinstance(steps, list) else None
    except (ValueError, TypeError):
        path = None
    if path is None or len(path) > _MOST_PROOF:
        return "the consistency proof is malformed"
    return "" if tree.consistent(small.size, large.size, small.root, large.root, path) else FORK


def _opened(note: str, logs: Sequence[bytes]) -> Checkpoint:
    problem = IntegrityFault("there is no key of an audit trail among the keys")
    for key in logs:
        try:
            return open_checkpoint(note, key)
        except IntegrityFault as fault:
            problem = fault
    raise problem
