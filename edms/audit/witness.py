"""What a witness is asked and when it may cosign: C2SP tlog-witness `add-checkpoint`, pure (audit.md, section 8)."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from edms.audit import tree
from edms.audit.note import Checkpoint, open_checkpoint
from edms.core.errors import IntegrityFault

MOST_REQUEST_BYTES = 64 * 1024
MOST_PROOF = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})", re.ASCII)


class WitnessRefusal(Exception):
    """The witness does not cosign. `status` is the protocol's HTTP status, `latest` the size to go on from (409)."""

    def __init__(self, status: int, message: str, latest: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.latest = latest


@dataclass(frozen=True)
class Submission:
    """A checkpoint handed to a witness: the size it knows, the proof from there, the signed note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def origin(self) -> str:
        """Whose checkpoint it says it is; nothing of it is checked."""
        return self.note.partition("\n")[0]

    def to_bytes(self) -> bytes:
        """Return the body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(step).decode() for step in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()


@dataclass(frozen=True)
class KnownLog:
    """What a witness keeps of a trail: its key, and size and root of the newest checkpoint it cosigned."""

    public: bytes
    size: int = 0
    root: bytes = tree.EMPTY_ROOT


def read_submission(body: bytes) -> Submission:
    """Read the body of a request. Raises WitnessRefusal (400) when it is malformed."""
    try:
        head, separator, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise WitnessRefusal(400, "the request is not UTF-8") from None
    lines = head.split("\n")
    old = _OLD.fullmatch(lines[0])
    if len(body) > MOST_REQUEST_BYTES or not separator or old is None or len(lines) > MOST_PROOF + 1:
        raise WitnessRefusal(400, "the request is not an add-checkpoint request")
    return Submission(int(old[1]), tuple(_hash(line) for line in lines[1:]), note)


def judged(submission: Submission, known: KnownLog | None) -> Checkpoint:
    """Return the checkpoint that may be cosigned. Raises WitnessRefusal with the status that the protocol asks for."""
    if known is None:
        raise WitnessRefusal(404, "this witness does not know that trail")
    try:
        checkpoint = open_checkpoint(submission.note, known.public)
    except IntegrityFault as fault:
        raise WitnessRefusal(403, fault.message) from None
    if submission.old_size > checkpoint.size:
        raise WitnessRefusal(400, "the old size is larger than the checkpoint's")
    if submission.old_size != known.size:
        raise WitnessRefusal(409, "the newest checkpoint cosigned here has another size", known.size)
    if checkpoint.size == known.size and checkpoint.root != known.root:
        raise WitnessRefusal(409, "another tree of the same size was cosigned here", known.size)
    if not _continues(known, checkpoint, submission.proof):
        raise WitnessRefusal(422, "the proof does not show that the trail only grew")
    return checkpoint


def _continues(known: KnownLog, checkpoint: Checkpoint, proof: Sequence[bytes]) -> bool:
    return tree.consistent(known.size, checkpoint.size, known.root, checkpoint.root, proof)


def _hash(line: str) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != tree.HASH_BYTES or base64.b64encode(value).decode() != line:
        raise WitnessRefusal(400, "a line of the proof is not a hash")
    return value
