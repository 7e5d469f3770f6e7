"""What is shown of signatures: our own seal, judged anew, and those that came with a document, judged at capture."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.records.archive import Archive
from edms.records.evidence import read_component
from edms.records.model import ComponentRole, Record
from edms.records.visible import decided_record
from edms.signing.authority import PILOT
from edms.signing.errors import SigningFault
from edms.signing.verification import PARTIAL, UNALTERED, SignatureVerdict, verify_detached


@dataclass(frozen=True)
class ShownVerdict:
    """A signature as shown on the record page: separate verdicts, the time and who says so.

    `intact` speaks of the document: the signed bytes are unchanged, and nothing else was put before the reader since.
    `coverage` as in `edms.signing.verification`; from `changes` on as in `edms.signing.received`, for received
    signatures alone, which are judged once; `judged_at` says when.
    """

    title: str
    signer: str
    intact: bool
    coverage: str
    valid: bool
    trusted: bool
    timestamped: bool
    time: datetime | str | None
    authority: str
    development: bool
    problems: tuple[str, ...]
    changes: tuple[str, ...] = ()
    certification: str = ""
    revocation: str = ""
    level: str = ""
    weak: tuple[str, ...] = ()
    covers: str = ""
    judged_at: str = ""
    pilot: bool = False


def signature_verdicts(actor: Actor | None, archive: Archive, record_id: UUID) -> tuple[ShownVerdict, ...]:
    """Return the verdict on our own seal, and those on signatures that came with the document: part of a look at it."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.seldom()
        shown = []
        if record.component(ComponentRole.SEAL) and record.component(ComponentRole.MANIFEST):
            shown.append(_own(archive, record))
        original = record.component(ComponentRole.ORIGINAL)
        received = original.facts.get("signatures", []) if original else []
        return (*shown, *(_received(verdict) for verdict in received))


def _own(archive: Archive, record: Record) -> ShownVerdict:
    try:
        verdict = verify_detached(
            read_component(archive, record, ComponentRole.MANIFEST),
            read_component(archive, record, ComponentRole.SEAL),
            archive.trust,
        )
    except SigningFault as fault:
        return ShownVerdict("seal", "", False, PARTIAL, False, False, False, None, "", False, (fault.message,))
    seal = record.component(ComponentRole.SEAL)
    shortfall = str(seal.facts.get("seal_shortfall", "")) if seal else ""
    shown = _shown("seal", verdict)
    return replace(shown, problems=(*shown.problems, shortfall)) if shortfall else shown


def _shown(title: str, verdict: SignatureVerdict) -> ShownVerdict:
    stamp = verdict.timestamp
    return ShownVerdict(
        title=title,
        signer=verdict.signer,
        intact=verdict.unaltered,
        coverage=verdict.coverage,
        valid=verdict.valid,
        trusted=verdict.trusted,
        timestamped=bool(stamp and stamp.valid),
        time=stamp.time if stamp else None,
        authority=stamp.authority if stamp else "",
        development=bool(stamp and stamp.development),
        problems=verdict.problems,
        level=verdict.level,
        pilot=PILOT in verdict.issuer,
    )


def _received(verdict: dict[str, Any]) -> ShownVerdict:
    stamp = verdict.get("timestamp") or {}
    coverage = str(verdict.get("coverage", PARTIAL))
    return ShownVerdict(
        title="received",
        signer=str(verdict.get("signer", "")),
        intact=bool(verdict.get("intact")) and coverage in UNALTERED,
        coverage=coverage,
        valid=bool(verdict.get("valid")),
        trusted=bool(verdict.get("trusted")),
        timestamped=bool(stamp.get("valid")),
        time=stamp.get("time"),
        authority=str(stamp.get("authority", "")),
        development=bool(stamp.get("development")),
        problems=_texts(verdict.get("problems")),
        changes=_texts(verdict.get("changes")),
        certification=str(verdict.get("certification", "")),
        revocation=str(verdict.get("revocation", "")),
        level=str(verdict.get("level", "")),
        weak=_texts(verdict.get("weak")),
        covers=str(verdict.get("covers", "")),
        judged_at=str(verdict.get("judged_at", "")),
    )


def _texts(told: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in told) if isinstance(told, list) else ()
