"""What a step of capture yields."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session, joinedload, selectinload

from edms.capture.states import RANGE_KIND, Step
from edms.core.errors import EdmsError
from edms.jobs.model import Lane
from edms.jobs.queue import Claim
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Record
from edms.records.range_model import PageRange
from edms.records.redaction_model import Redaction
from edms.records.redaction_work import KIND as REDACTION_KIND
from edms.text.types import Problem

JSON_TYPE = "application/json"
PDF_TYPE = "application/pdf"
CMS_TYPE = "application/pkcs7-signature"


class Unfit(EdmsError):
    """The file cannot be digested or may not go on: it goes to quarantine under `code`.

    `write` puts down what was found out of it, in the transaction that sets it aside. `again`: it may be no fault of
    the file (its parser was killed), so it has cost one attempt and is tried again.
    """

    def __init__(
        self, code: str, message: str, write: Callable[[Operation], None] | None = None, *, again: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.write = write
        self.again = again

    @classmethod
    def by(cls, problem: Problem, write: Callable[[Operation], None] | None = None, before: str = "") -> "Unfit":
        """What `problem` means for a file; a parser that died has cost one attempt, whatever it died of."""
        return cls(problem.code, before + problem.message, write, again=problem.again)


@dataclass(frozen=True)
class StepResult:
    """What a step found: `event` and `details` for the audit trail, `write` for the rows.

    `write` runs inside the worker's one transaction for the step and returns the next step (None: done). `lane`: which
    one that next step belongs to. `record_id`: whom the event is about, where the job's subject is no record. `parts`:
    the next step waits for the jobs that `write` has added.
    """

    event: str
    write: Callable[[Operation], Step | None]
    details: dict[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.QUICK
    record_id: UUID | None = None
    parts: bool = False


def record_of(session: Session, claimed: Claim) -> UUID:
    """Return the record that a job is about."""
    if claimed.kind == RANGE_KIND:
        return session.get_one(PageRange, claimed.subject_id).record_id
    if claimed.kind == REDACTION_KIND:
        return session.get_one(Redaction, claimed.subject_id).record_id
    return claimed.subject_id


def load(archive: Archive, claimed: Claim) -> Record:
    """Read the claimed record with its parts, detached, for the computing half of a step."""
    with archive.database.reader() as session:
        return session.get_one(
            Record,
            record_of(session, claimed),
            options=[joinedload(Record.office), selectinload(Record.components).joinedload(Component.blob)],
        )


def original_of(record: Record, position: int = 0) -> Component:
    """Return the bytes as received; of a document that came as several photographs, those of one. Every record has
    them (invariant 3)."""
    part = record.component(ComponentRole.ORIGINAL, position)
    if part is None:
        raise Unfit("original_missing", "the original is missing from the database")
    return part
