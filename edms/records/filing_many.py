"""Filing many documents in one go: seen before, document by document, then done, each by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.core.errors import EdmsError, NotFound, Refused
from edms.jobs.model import Job, JobState
from edms.operation.door import Operation
from edms.proposals.types import Field
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.facts import facts_of
from edms.records.filing import Problem, file_record, problems_with
from edms.records.model import Record, RecordState
from edms.records.operations import Changes
from edms.records.proposals import shown_proposals
from edms.records.thumbnails import with_thumbnails
from edms.records.visible import visible_to

MOST_AT_ONCE = 500
_SHOWN = (
    "class_code", "level", "title", "number", "document_date", "sender", "recipient", "record_type", "kip",
)  # fmt: skip
_OWN = (Field.TITLE, Field.NUMBER, Field.DOCUMENT_DATE, Field.SENDER, Field.RECIPIENT, Field.RECORD_TYPE)
GONE = Problem("", "it does not wait for its description any more", "look at the record")


@dataclass(frozen=True)
class Preview:
    """What would become of one document: `becomes` has a line (field, before, after) for each field that changes."""

    record_id: UUID
    title: str
    version: int
    changes: Changes
    becomes: tuple[tuple[str, str | date | None, str | date], ...]
    problems: tuple[Problem, ...]
    thumbnail: bool = False

    @property
    def refused(self) -> bool:
        return any(not one.warning for one in self.problems)


@dataclass(frozen=True)
class ShownVersion:
    """A record, and the version of it that a person saw before confirming."""

    record_id: UUID
    version: int


@dataclass(frozen=True)
class FiledMany:
    """What became of the documents: those that were filed, and of the others why not."""

    filed: tuple[UUID, ...]
    refused: tuple[tuple[UUID, EdmsError], ...]


def preview_many(
    actor: Actor | None, archive: Archive, record_ids: Sequence[UUID], common: Changes, *, own: bool = False
) -> list[Preview]:
    """Return what these changes would do to each document that the actor may see, and change nothing.

    `own`: each takes over what was proposed for it alone (title, number, date, sender, recipient, kind) where neither
    it nor `common` says anything. Raises Refused for more than 500 at once.
    """
    if len(record_ids) > MOST_AT_ONCE:
        raise Refused(f"at most {MOST_AT_ONCE} documents are filed at once", "choose fewer")
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        visible = visible_to(operation.scope())
        operation.about("list", "filing", LISTED)
        operation.seldom()
        query = select(Record, Job).join(Job, Job.subject_id == Record.id).where(Record.id.in_(record_ids), visible)
        found = {record.id: (record, job) for record, job in operation.session.execute(query)}
        seen = [one for one in record_ids if one in found]
        pictured = with_thumbnails(operation, seen)
        previews = [_preview(operation, archive, *found[one], common, own=own) for one in seen]
        return [replace(one, thumbnail=one.record_id in pictured) for one in previews]


def _preview(
    operation: Operation, archive: Archive, record: Record, job: Job, common: Changes, *, own: bool
) -> Preview:
    changes = _with_own(operation, archive, record, common) if own else common
    becomes = []
    for name in _SHOWN:
        now, then = getattr(record, name), getattr(changes, name)
        if then is not None and str(then) != str(now or ""):
            becomes.append((name, now, then))
    may = decide(operation.actor, Action.RECORD_CLASSIFY, facts_of(record)).allowed
    waits = record.state == RecordState.PENDING.value and job.state == JobState.WAITING.value
    problems = problems_with(operation, archive, record, changes) if may and waits else [GONE]
    return Preview(record.id, record.title, record.version, changes, tuple(becomes), tuple(problems))


def _with_own(operation: Operation, archive: Archive, record: Record, common: Changes) -> Changes:
    """Add what is proposed for this document alone. A title that a person gave it stays."""
    proposals = shown_proposals(archive, operation, record)
    told: dict[str, str | date | None] = {}
    for field in _OWN:
        name = field.value
        said = getattr(common, name) or (getattr(record, name) if field is not Field.TITLE else None)
        if not said and proposals.get(field) and proposals[field][0].fits:
            value = proposals[field][0].proposal.value
            told[name] = _day(value) if field is Field.DOCUMENT_DATE else value
    if not _untitled(record):
        told.pop("title", None)
    return replace(common, **told)  # type: ignore[arg-type]


def _untitled(record: Record) -> bool:
    """Whether the title is only the name of the file."""
    stem = record.file_name.rpartition(".")[0] or record.file_name
    return record.title.replace(" ", "") == stem.replace("_", "").replace(" ", "")


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def file_many(
    actor: Actor | None,
    archive: Archive,
    seen: Sequence[ShownVersion],
    common: Changes,
    *,
    own: bool = False,
    source: str = "",
) -> FiledMany:
    """File each document as its preview showed it; what has another version since is refused.

    Each is an act of its own: one that somebody else has changed meanwhile, or that cannot be filed, is refused with
    its reason and stops none of the others. All wait for their seal, and can be taken back until then.
    """
    shown = {
        one.record_id: one for one in preview_many(actor, archive, [one.record_id for one in seen], common, own=own)
    }
    filed: list[UUID] = []
    refused: list[tuple[UUID, EdmsError]] = []
    for one in seen:
        record_id = one.record_id
        try:
            preview = shown.get(record_id)
            if preview is None:
                raise NotFound
            file_record(
                actor,
                archive,
                record_id,
                preview.changes,
                seen_version=one.version,
                despite_warnings=True,
                source=source,
            )
            filed.append(record_id)
        except (Refused, NotFound) as error:
            refused.append((record_id, error))
    return FiledMany(tuple(filed), tuple(refused))
