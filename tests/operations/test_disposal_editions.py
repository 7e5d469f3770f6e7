"""A destruction under a later edition of a real schedule: what was declared under the old one keeps it as its snapshot
(R3), but what was assessed under a law that has ended is not destroyed on that assessment: it comes to a new list.

The rows are those of Kabupaten Pekalongan as they are keyed for this archive, keyed once more as a later edition.
"""

import json
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle, take_in
from disposal_people import (
    APPROVER,
    COMMITTEE,
    EXECUTOR,
    PROVEN,
    decided,
    executing,
    letter,
    opened,
    ready,
    requested,
)
from rules_in_force import put_into_force
from signing_people import who

from edms.core.errors import Refused
from edms.disposal.certificate import certificate
from edms.disposal.destruction import approve, cancel, propose, select_due, set_committee
from edms.disposal.exclusions import exclusion_text
from edms.disposal.execution import carry_out, execute
from edms.disposal.views import show_batch
from edms.records.archive import Archive
from edms.records.assignments import reassign_record
from edms.records.disposal_model import DisposalBatch
from edms.records.retention_report import explain_record
from edms.retention.rulebook import RuleBook
from edms.retention.types import Tier
from edms.verify.destruction import check_certificate
from edms.verify.trust import trusted_from_pem

RULES = Path(__file__).resolve().parents[2] / "retention_rules"
OLD, NEW = "jra-pekalongan-63-2024", "jra-pekalongan-2026"
REPLACED = "000.1.1"
ROW = (
    'code = "000.1.1"\nseries = "Telekomunikasi (Fasilitasi Telekomunikasi)"\nclasses = ["000.1.1"]\nactive_years = 1\n'
)


def later_edition() -> RuleBook:
    """The book of today in which the schedule has a later edition, which keeps 000.1.1 a year longer."""
    files = {path.name: path.read_text("utf-8") for path in RULES.glob("*.toml")}
    old = files["jra_pekalongan.toml"]
    assert ROW + "inactive_years = 1\n" in old
    ended = '"SUPERSEDED"\neffective_to = 2026-11-23'
    files["jra_pekalongan.toml"] = old.replace('"ACTIVE"', ended)
    files["jra_contoh.toml"] = files["jra_contoh.toml"].replace('"ACTIVE"', ended)
    later = old.replace(OLD, NEW).replace("effective_from = 2009-01-01", "effective_from = 2026-11-24")
    files["jra_pekalongan_2026.toml"] = later.replace(ROW + "inactive_years = 1\n", ROW + "inactive_years = 2\n")
    return RuleBook(files)


def taken_in(archive: Archive, class_code: str, count: int) -> list[UUID]:
    made = [
        take_in(archive, pdf(f"Naskah {class_code} {number}"), name=f"{class_code}-{number}.pdf", work=False,
                class_code=class_code, document_date=date(2001, 5, number), title=f"Naskah {number}").record_id
        for number in range(1, count + 1)
    ]  # fmt: skip
    settle(archive)
    return made


def told_of(archive: Archive, record: UUID) -> tuple[str, date | None, bool]:
    """What `explain` says: the edition, the day, and whether the edition has been superseded."""
    row = explain_record(who(archive, "arsiparis"), archive, record, None, "en")
    assert row is not None
    return row.edition, row.due_on, "rule_superseded" in row.decision.reason_codes


@pytest.fixture
def made(embedded: Archive) -> Archive:
    return ready(embedded)


def comes_into_force(archive: Archive, kept: UUID, moved: UUID) -> None:
    """The later edition comes, and one of the two records is given its rule."""
    before = {one: told_of(archive, one) for one in (kept, moved)}
    assert {told[0] for told in before.values()} == {OLD}
    assert not any(told[2] for told in before.values())
    put_into_force(archive, later_edition())
    reassign_record(who(archive, "arsiparis"), archive, moved, None, "jadwal baru berlaku")
    assert told_of(archive, kept) == (OLD, before[kept][1], True), "what was declared keeps its snapshot"
    assert told_of(archive, moved) == (NEW, date(2004, 5, 2), False), "what was reassigned has the new one's day"


@pytest.mark.parametrize("step", ["approve", "execute"])
def test_an_edition_comes_between_two_steps(made: Archive, step: str) -> None:
    """The step is refused, and nothing but giving the list up is left."""
    kept, moved = taken_in(made, REPLACED, 2)
    batch = requested(made) if step == "approve" else decided(made)
    comes_into_force(made, kept, moved)
    with pytest.raises(Refused, match="nothing is left"):
        if step == "approve":
            approve(who(made, APPROVER[Tier.LOWER]), made, batch, letter(made, "PERSETUJUAN"))
        else:
            execute(who(made, EXECUTOR[Tier.LOWER]), made, batch, PROVEN)
    cancel(who(made, "arsiparis"), made, batch, "jadwal retensi yang baru berlaku")
    on_a_new_list(made, kept, moved)


def test_an_edition_comes_while_it_is_carried_out(made: Archive, tmp_path: Path) -> None:
    """Nothing goes any more, and page and certificate say why of each."""
    kept, moved = taken_in(made, REPLACED, 2)
    batch = executing(made)
    comes_into_force(made, kept, moved)
    assert carry_out(who(made, EXECUTOR[Tier.LOWER]), made, batch) == 0
    settle(made)
    reasons = {kept: "rule_superseded", moved: "edition_changed"}
    items = {item.record: item for item in show_batch(who(made, "arsiparis"), made, batch).items}
    assert {one: items[one].excluded for one in reasons} == reasons
    assert exclusion_text("rule_superseded", "en") == "its rule has been superseded"
    given = certificate(who(made, "arsiparis"), made, batch)
    (tmp_path / "certificate.json").write_bytes(given)
    assert check_certificate(tmp_path / "certificate.json", trusted_from_pem(made.public_pem.encode())).ok
    lines = {UUID(one["record"]): (one["state"], one["reason"]) for one in json.loads(given)["items"]}
    assert lines == {one: ("EXCLUDED", reason) for one, reason in reasons.items()}
    on_a_new_list(made, kept, moved)


def on_a_new_list(archive: Archive, kept: UUID, moved: UUID) -> None:
    """Both are due still, and a list on which a committee sees the edition of each takes them in."""
    archivist, batch = who(archive, "arsiparis"), opened(archive)
    set_committee(archivist, archive, batch, COMMITTEE, letter(archive, "SK-BARU"))
    assert select_due(archivist, archive, batch) == 2
    propose(archivist, archive, batch, "000.5.6.2/7/2026")
    with archive.database.reader() as session:
        items = session.get_one(DisposalBatch, batch).items
        frozen = {item.record_id: (item.frozen["edition"], item.frozen["superseded"]) for item in items}
    assert frozen == {kept: (OLD, True), moved: (NEW, False)}
