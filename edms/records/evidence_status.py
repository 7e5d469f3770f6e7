"""How the evidence stands: what is covered, until when, and what a renewal would do now."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.records.archive import Archive
from edms.records.evidence_model import EvidenceMember, EvidenceTree
from edms.records.evidence_renewal import chains_that_end, of_another_algorithm, uncovered
from edms.records.model import Record


@dataclass(frozen=True)
class EvidenceStatus:
    """Counts; `ends_at` is when the first of the chains that are due ends, None while none is."""

    covered: int
    uncovered: int
    other_algorithm: int
    chains_due: int
    ends_at: datetime | None
    trees: int
    development: int

    @property
    def to_hash(self) -> int:
        """Return how many records a renewal would hash."""
        return self.uncovered + self.other_algorithm

    def as_dict(self) -> dict[str, Any]:
        """Return the stable JSON."""
        return {**asdict(self), "ends_at": self.ends_at.isoformat() if self.ends_at else None}


def evidence_status(actor: Actor | None, archive: Archive) -> EvidenceStatus:
    """Count what is covered and what is due."""
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    algorithm = archive.settings.signing.evidence_algorithm
    with archive.database.reader() as session:
        endings = list(chains_that_end(session, archive))

        def count(query: Any) -> int:
            return session.scalar(query) or 0

        stamped = select(func.count()).select_from(EvidenceTree).where(EvidenceTree.token.is_not(None))
        return EvidenceStatus(
            covered=count(select(func.count(EvidenceMember.record_id.distinct()))),
            uncovered=count(select(func.count()).select_from(Record).where(uncovered())),
            other_algorithm=count(select(func.count()).select_from(Record).where(of_another_algorithm(algorithm))),
            chains_due=len(endings),
            ends_at=min((ending.ends_at for ending in endings), default=None),
            trees=count(stamped),
            development=count(stamped.where(EvidenceTree.development.is_(True))),
        )
