"""Declared records by the ten thousand, each with its sealed original, put in through the door: for ordeals.

What capture would make beside (text, access copy, seal) is left out, so that ten thousand take a minute. Their rows are
told to the trail, and each has an event that names its digest, so that verification and certificates know them.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.people import office_by_code
from edms.records.retention import store_due_dates
from edms.records.retention_facts import RulesKept
from edms.vault.model import StoredBlob

PART = 500
_CAPTURE = system_actor("capture")


@dataclass(frozen=True)
class Wanted:
    """One record: its class, the day of its document, and what is said of it. `legacy`: the day is not verified."""

    class_code: str
    document_date: date | None
    title: str
    office: str = "dinkes"
    legacy: bool = False
    vital: bool = False
    terjaga: bool = False
    level: str = "open"


def fill(archive: Archive, wanted: Iterable[Wanted]) -> list[UUID]:
    """Put the records in, declared under the rules in force today; returns their ids in order."""
    return [one for part in _parts(wanted) for one in _fill(archive, part)]


def _parts(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    part: list[Wanted] = []
    for one in wanted:
        part.append(one)
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part


def _fill(archive: Archive, part: list[Wanted]) -> list[UUID]:
    sealed = [archive.vault.put(io.BytesIO(f"{one.title}\n{number}".encode()), ComponentRole.ORIGINAL.value)
              for number, one in enumerate(part)]  # fmt: skip
    offices = {code: office_by_code(archive, code) for code in {one.office for one in part}}
    with archive.door.write(_CAPTURE, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.about("archive", "", "archive.filled")
        session, now = operation.session, operation.now
        rules = RulesKept(session, archive.clock.today())
        ids = []
        for one, blob in zip(part, sealed, strict=True):
            rule = rules.for_class(one.class_code)
            row = Record(
                id=new_id(archive.clock), office_id=offices[one.office], state=RecordState.DECLARED.value,
                file_name="naskah.txt", title=one.title, class_code=one.class_code, class_title=one.class_code,
                level=one.level, document_date=one.document_date, legacy_unverified=one.legacy, vital=one.vital,
                terjaga=one.terjaga, received_at=now, received_by="tests", declared_at=now, declared_by="tests",
                rule_book_id=rules.in_force.id if rules.in_force else None,
                rule_code=rule.code if rule else None, rule_edition=rule.edition if rule else None,
            )  # fmt: skip
            row.components.append(
                Component(id=new_id(archive.clock), role=ComponentRole.ORIGINAL.value, position=0, name="naskah.txt",
                          media_type="text/plain", facts={}, blob=StoredBlob.of(blob, now))
            )  # fmt: skip
            session.add(row)
            operation.audit("record.filled_in", "record", row.id, sha256=blob.sha256)
            ids.append(row.id)
        session.flush()
        store_due_dates(session, archive, ids, rules)
    return ids
