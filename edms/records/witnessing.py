"""Archives that watch each other: we cosign checkpoints of others, and ask others to cosign ours (C2SP tlog-witness).

A witness keeps only the newest checkpoint of each trail. Who rewinds an archive, or tells two stories, would need all
its witnesses to forget, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.audit.cosignature import WitnessKey, cosign, cosigned_at, witness_key
from edms.audit.model import AuditCheckpoint, AuditCosignature, WitnessedTrail
from edms.audit.note import ED25519, read_verifier_key
from edms.audit.publication import newest_checkpoint
from edms.audit.tree import EMPTY_ROOT
from edms.audit.witness import MOST_REQUEST_BYTES, KnownLog, Submission, WitnessRefusal, judged, read_submission
from edms.audit.witness_client import WitnessAnswer, submit
from edms.core.errors import IntegrityFault, Refused
from edms.records.archive import Archive

__all__ = ["MOST_REQUEST_BYTES", "WitnessRefusal"]  # so that faces need not know the mechanism

WITNESS_SECRET = "witness-signing"  # noqa: S105 - the name of a secret, not one
WITNESS = system_actor("witness")
_MOST_NAME = 200
_MOST_SUBJECT = 80


@dataclass(frozen=True)
class Asked:
    """What became of asking a witness: its name, the size that it cosigned (None: it did not), and why not."""

    witness: str
    size: int | None
    problem: str = ""


def own_witness_key(archive: Archive) -> WitnessKey:
    """Return the public key under which this archive cosigns others."""
    return witness_key(_own_name(archive), archive.keys.secret(WITNESS_SECRET))


def watch(actor: Actor | None, archive: Archive, verifier_key: str) -> str:
    """Witness the trail with this key (NAME+ID+KEY) from now on; returns its origin.

    Raises Refused when that is no key of a trail, or the trail is watched with another key.
    """
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        origin, public = _trail_key(verifier_key)
        operation.about("trail", origin[:_MOST_SUBJECT], "witness.watch")
        known = operation.session.get(WitnessedTrail, origin)
        if known is None:
            row = WitnessedTrail(origin=origin, public_key=public, size=0, root=EMPTY_ROOT, note="", cosigned_at=None)
            operation.session.add(row)
        elif known.public_key != public:
            raise Refused(f"the trail {origin} is watched with another key", "a new key means a new trail")
        else:
            operation.unrecorded()
    return origin


def _trail_key(text: str) -> tuple[str, bytes]:
    try:
        kind, origin, public = read_verifier_key(text.strip())
        if kind != ED25519 or len(origin) > _MOST_NAME:
            raise ValueError("that is not the key of a trail")
    except ValueError as error:
        raise Refused(str(error), "take what `edms audit key` prints there") from None
    return origin, public


def cosign_checkpoint(archive: Archive, body: bytes) -> str:
    """Answer an `add-checkpoint` request: return our signature line. Raises WitnessRefusal with the HTTP status.

    Judging, remembering and signing are one transaction, so that of two requests at a time one comes after the other.
    """
    submission = read_submission(body)
    with archive.door.write(WITNESS, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        row = operation.session.get(WitnessedTrail, submission.origin, with_for_update=True)
        checkpoint = judged(submission, KnownLog(row.public_key, row.size, row.root) if row else None)
        if row is None or checkpoint.origin != row.origin:
            raise WitnessRefusal(403, "the checkpoint is of another origin")
        line = cosign(submission.note, _own_name(archive), archive.keys.secret(WITNESS_SECRET), operation.now)
        row.size, row.root, row.note, row.cosigned_at = checkpoint.size, checkpoint.root, submission.note, operation.now
        operation.about("trail", row.origin[:_MOST_SUBJECT], "witness.cosigned")
        operation.note(size=checkpoint.size, root=checkpoint.root.hex())
        return line


def ask_witnesses(archive: Archive) -> list[Asked]:
    """Have the newest checkpoint cosigned by every configured witness that has not yet done so."""
    with archive.database.reader() as session:
        newest = newest_checkpoint(session)
        if newest is None:
            return []
        done = set(session.scalars(select(AuditCosignature.witness).where(AuditCosignature.size == newest.size)))
    waiting = [witness for witness in archive.witnesses if witness.key.name not in done]
    return [_ask(archive, newest, witness.url, witness.key) for witness in waiting]


def _ask(archive: Archive, checkpoint: AuditCheckpoint, url: str, witness: WitnessKey) -> Asked:
    """Ask from the size that we know the witness has; when it has another, once more from there."""
    old_size = _last_cosigned(archive, witness.name)
    try:
        answer = submit(url, _submission(archive, checkpoint, old_size))
        if answer.status == 409 and answer.latest is not None and answer.latest != old_size:
            if answer.latest > checkpoint.size:
                raise IntegrityFault(f"it has cosigned {answer.latest} leaves, and our trail has {checkpoint.size}")
            answer = submit(url, _submission(archive, checkpoint, answer.latest))
        _keep(archive, checkpoint, witness, answer)
    except IntegrityFault as fault:
        return Asked(witness.name, None, fault.message)
    return Asked(witness.name, checkpoint.size)


def _submission(archive: Archive, checkpoint: AuditCheckpoint, old_size: int) -> Submission:
    with archive.database.reader() as session:
        proof: Sequence[bytes] = archive.trail.consistency(session, old_size, checkpoint.size)
    return Submission(old_size, tuple(proof), checkpoint.note)


def _keep(archive: Archive, checkpoint: AuditCheckpoint, witness: WitnessKey, answer: WitnessAnswer) -> None:
    """Keep the cosignature once it is checked. A witness that refuses says that our trail is not what it has seen."""
    if answer.status != 200:
        raise IntegrityFault(f"it refused ({answer.status}): {answer.text[:200].strip()}")
    lines = [line for line in answer.text.splitlines(keepends=True) if line.startswith(f"\u2014 {witness.name} ")]
    if len(lines) != 1 or cosigned_at(checkpoint.note + lines[0], witness) is None:
        raise IntegrityFault("its answer holds no cosignature by the configured key")
    with archive.door.write(WITNESS, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        if operation.session.get(AuditCosignature, (checkpoint.size, witness.name)) is not None:
            operation.unrecorded()
            return
        operation.session.add(AuditCosignature(size=checkpoint.size, witness=witness.name, line=lines[0]))
        operation.about("audit", str(checkpoint.size), "audit.cosigned")
        operation.note(witness=witness.name, key=witness.public.hex())


def _last_cosigned(archive: Archive, name: str) -> int:
    with archive.database.reader() as session:
        return _largest(session, name)


def _largest(session: Session, name: str) -> int:
    query = select(AuditCosignature.size).where(AuditCosignature.witness == name).order_by(AuditCosignature.size.desc())
    return session.scalars(query.limit(1)).one_or_none() or 0


def _own_name(archive: Archive) -> str:
    return f"{archive.trail.origin}-witness"
