"""Declared records by the hundred thousand, inserted in bulk: what a report is measured and tested on.

The rows are what declaration leaves behind: a class with a schedule, the rule kept with the record, and the due dates
that `decide` gives for its facts. Events (verified, waiting, voided; of records and of folders), holds (in force and
released), closed folders and every flag occur. The same seed gives the same records. What a declaration also makes
(seals, leaves of the trail) is left out, since no report reads it; files come by `give_content`.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.access.model import Office
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Folder, Hold, HoldLink, Record, RecordState, TriggerEvent
from edms.records.retention_facts import options_of
from edms.records.rules import book_in_force, edition_in_force
from edms.retention.decide import decide
from edms.retention.rulebook import RuleBook
from edms.retention.types import EventFact, RetentionFacts, Rule, TriggerType
from edms.vault.model import StoredBlob

PART = 5000
SUBJECTS = (
    "Undangan rapat koordinasi", "Laporan realisasi anggaran", "Permohonan izin penggunaan tanah",
    "Penetapan hasil lelang", "Berita acara serah terima barang", "Nota dinas usulan kegiatan",
)  # fmt: skip


class ManyRecords:
    """Fills an archive that has offices and a rule book in force."""

    def __init__(self, archive: Archive, seed: int = 1) -> None:
        self._archive = archive
        self._chance = random.Random(seed)
        self._today = archive.clock.today()

    def fill(self, count: int) -> list[UUID]:
        """Insert `count` declared records and return their ids; one transaction for each part of 5,000."""
        ids: list[UUID] = []
        while len(ids) < count:
            with self._archive.database.writer() as session:
                ids += self._part(session, min(PART, count - len(ids)))
                session.commit()
        return ids

    def give_content(self, ids: Sequence[UUID]) -> None:
        """Insert one stored file for each of these records, in their order: rows alone, no bytes."""
        now = self._archive.clock.now()
        for begin in range(0, len(ids), PART):
            blobs, parts = [], []
            for record in ids[begin : begin + PART]:
                blob = new_id(self._archive.clock)
                blobs.append({
                    "id": blob, "name": blob.hex, "purpose": "record",
                    "size": self._chance.randrange(20_000, 2_000_000),
                    "sha256": blob.hex * 2, "wrapped_key": bytes(60), "key_id": "bench", "epoch": 1, "created_at": now,
                })  # fmt: skip
                parts.append({
                    "id": new_id(self._archive.clock), "record_id": record, "role": ComponentRole.ORIGINAL.value,
                    "position": 0, "blob_id": blob, "name": "surat.pdf", "media_type": "application/pdf",
                    "puid": "fmt/276", "facts": {"pages": 3},
                })  # fmt: skip
            with self._archive.database.writer() as session:
                session.execute(insert(StoredBlob), blobs)
                session.execute(insert(Component), parts)
                session.commit()

    def _part(self, session: Session, count: int) -> list[UUID]:
        edition, book = edition_in_force(session), book_in_force(session)
        assert edition is not None
        assert book is not None
        offices = list(session.scalars(select(Office.id).order_by(Office.code)))
        choices = [(node, rule) for node in book.selectable_nodes(self._today) if (rule := self._rule(book, node.code))]
        folders = self._folders(session, offices, choices[0][0].code, max(count // 200, 2))
        of_folders = {
            folder["id"]: list(self._events({"folder_id": folder["id"]}, choices[-1][1]))
            for some in folders.values()
            for folder in some
        }
        rows, events = [], [event for some in of_folders.values() for event in some]
        for _ in range(count):
            node, rule = self._chance.choice(choices)
            office = self._chance.choice(offices)
            folder = self._chance.choice([None, *folders[office]])
            row = self._record(office, node, rule, edition.id)
            own = list(self._events({"record_id": row["id"]}, rule))
            inherited = of_folders[folder["id"]] if folder else []
            rows.append(row | self._dates(row, rule, folder, [*own, *inherited]))
            events += own
        session.execute(insert(Record), rows)
        session.execute(insert(TriggerEvent), events)
        ids = [row["id"] for row in rows]
        self._holds(session, ids)
        return ids

    def _dates(
        self, row: dict[str, Any], rule: Rule, folder: dict[str, Any] | None, events: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """What declaration, and the events after it, have stored with the record."""
        facts = RetentionFacts(
            document_date=row["document_date"],
            events=tuple(
                EventFact(TriggerType(event["type"]), event["happened_on"], bool(event["verified_at"]), event["label"])
                for event in events
                if not event["voided_at"]
            ),
            folder_closed_on=folder["closed_on"] if folder else None,
            legacy_unverified=row["legacy_unverified"],
        )
        decision = decide(facts, rule, (), self._today, options_of(self._archive))
        return {
            "folder_id": folder["id"] if folder else None,
            "fate": rule.fate.value,
            "active_until": decision.active_until,
            "due_on": decision.due_on,
            "awaiting": ",".join(map(str, decision.awaiting)) or None,
        }

    def _rule(self, book: RuleBook, code: str) -> Rule | None:
        return book.rule_for(code, self._today)

    def _record(self, office: UUID, node: Any, rule: Rule, book_id: UUID) -> dict[str, Any]:
        chance = self._chance
        name = f"{chance.choice(SUBJECTS)} nomor {chance.randrange(10_000)}"
        return {
            "id": new_id(self._archive.clock),
            "office_id": office,
            "state": RecordState.DECLARED.value,
            "file_name": "surat.pdf",
            "title": name,
            "class_code": node.code,
            "class_edition": node.edition,
            "class_title": node.title,
            "level": chance.choice([level.value for level in Level] + [Level.OPEN.value] * 4),
            "document_date": None if chance.random() < 0.02 else self._day(),
            "terjaga": rule.terjaga or chance.random() < 0.03,
            "vital": rule.vital or chance.random() < 0.03,
            "legacy_unverified": chance.random() < 0.03,
            "fixity_failed": chance.random() < 0.01,
            "received_at": self._archive.clock.now(),
            "received_by": "bench",
            "declared_at": self._archive.clock.now(),
            "declared_by": "bench",
            "rule_book_id": book_id,
            "rule_code": rule.code,
            "rule_edition": rule.edition,
        }

    def _day(self) -> date:
        return self._today - timedelta(days=self._chance.randrange(25 * 365))

    def _events(self, subject: dict[str, UUID], rule: Rule) -> Iterator[dict[str, Any]]:
        for kind in rule.triggers:
            if kind in (TriggerType.CREATED, TriggerType.FISCAL_YEAR_END) or self._chance.random() < 0.3:
                continue
            verified, voided = self._chance.random() < 0.8, self._chance.random() < 0.1
            yield {
                "record_id": None,
                "folder_id": None,
                **subject,
                "id": new_id(self._archive.clock),
                "type": kind.value,
                "label": rule.trigger_label,
                "happened_on": self._day(),
                "evidence": "berita acara",
                "recorded_by": "bench",
                "recorded_at": self._archive.clock.now(),
                "verified_by": "bench too" if verified else None,
                "verified_at": self._archive.clock.now() if verified else None,
                "voided_at": self._archive.clock.now() if voided else None,
            }

    def _folders(self, session: Session, offices: list[UUID], code: str, count: int) -> dict[UUID, list[Any]]:
        rows = [
            {
                "id": new_id(self._archive.clock),
                "office_id": office,
                "code": str(new_id(self._archive.clock)),
                "title": "Berkas",
                "class_code": code,
                "level": Level.OPEN.value,
                "opened_on": date(2000, 1, 1),
                "closed_on": self._day() if self._chance.random() < 0.6 else None,
            }
            for office in offices
            for _ in range(max(count // len(offices), 1))
        ]
        session.execute(insert(Folder), rows)
        return {office: [row for row in rows if row["office_id"] == office] for office in offices}

    def _holds(self, session: Session, ids: list[UUID]) -> None:
        for number in range(4):
            hold_id, now = new_id(self._archive.clock), self._archive.clock.now()
            released = {"released_by": "bench too", "released_at": now} if number % 2 else {}
            named = {"title": f"Perkara {number}", "mandate": "surat", "reason": "perkara"}
            session.execute(insert(Hold).values(id=hold_id, placed_by="bench", placed_at=now, **named, **released))
            links = [{"hold_id": hold_id, "record_id": one} for one in self._chance.sample(ids, len(ids) // 50)]
            if links:
                session.execute(insert(HoldLink), links)
