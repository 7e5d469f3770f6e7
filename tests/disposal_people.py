"""A destruction on its way: records that are due, six people who each have one duty, and those who sign."""

import dataclasses
from datetime import date, timedelta
from uuid import UUID

from archive_fixtures import MOMENT, pdf, settle, take_in
from signing_people import certify, give, under_pilot, who

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.core.clock import FixedClock
from edms.disposal.batches import Letter
from edms.disposal.closing import ask_for_signatures, close
from edms.disposal.destruction import (
    Inspected,
    NewBatch,
    approve,
    assess_items,
    conclude,
    decide_destruction,
    open_batch,
    propose,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.execution import Execution, carry_out, execute
from edms.disposal.views import show_batch
from edms.records.archive import Archive
from edms.records.people import NewPerson, add_person
from edms.records.signatures_identities import enrol_signer
from edms.retention.types import Tier

PEOPLE = (
    NewPerson("arsiparis", "Ani Arsiparis", "dinkes", (Role.CLERK, Role.RECORDS_OFFICER), Level.SECRET),
    NewPerson("ketua", "Budi Ketua Panitia", "dinkes", (Role.OFFICIAL,), Level.SECRET),
    NewPerson("anggota", "Citra Anggota", "dinkes", (Role.OFFICIAL,), Level.SECRET),
    NewPerson("penilai", "Dewi Arsiparis", "dinkes", (Role.CLERK, Role.RECORDS_OFFICER), Level.SECRET),
    NewPerson("walikota", "Eko Wali Kota", "setda", (Role.OFFICIAL,), Level.TOP_SECRET, is_head=True),
    NewPerson("pelaksana", "Fajar Pelaksana", "dinkes", (Role.CLERK, Role.RECORDS_OFFICER), Level.SECRET),
    NewPerson("lkd", "Gita Arsip Daerah", "setda", (Role.CLERK, Role.RECORDS_OFFICER), Level.TOP_SECRET),
    NewPerson("hukum", "Hadi Bagian Hukum", "setda", (Role.OFFICIAL,), Level.RESTRICTED),
    NewPerson("pengawas", "Indah Inspektorat", "bappeda", (Role.OFFICIAL,), Level.RESTRICTED),
    NewPerson("kepala-uk", "Joko Kepala Unit Kearsipan", "dinkes", (Role.OFFICIAL,), Level.SECRET),
)
COMMITTEE = (("chair", "ketua"), ("unit_head", "anggota"), ("archivist", "penilai"))
SIGNERS = (
    ("records_head", "kepala-uk"), ("unit_head", "head-dinkes"), ("legal", "hukum"), ("supervision", "pengawas"),
)  # fmt: skip
CLASSES = {Tier.LOWER: "000.1.1", Tier.UPPER: "900.1.3.7"}
APPROVER = {Tier.LOWER: "walikota", Tier.UPPER: "records"}
DECIDER = {Tier.LOWER: "head-dinkes", Tier.UPPER: "walikota"}
EXECUTOR = {Tier.LOWER: "pelaksana", Tier.UPPER: "lkd"}
TODAY = date(2026, 11, 24)
PROVEN = Execution("000.5.6.2/9/2026", "Semarang", SIGNERS)


def ready(archive: Archive, password: str | None = None) -> Archive:
    """Return the archive with these people, and those who sign able to."""
    opened = under_pilot(archive)
    for person in PEOPLE:
        add_person(console_actor("tests"), opened, person)
    for _capacity, name in SIGNERS:
        enrol_signer(console_actor("tests"), opened, name, f"Jabatan {name}", "")
        certify(opened, name, password=password)
    return opened


def due(
    archive: Archive, count: int = 2, tier: Tier = Tier.LOWER, by: str = "clerk-dinkes", **told: object
) -> list[UUID]:
    """Take in records whose time is over: of 2001, so that every rule of the examples has run out."""
    return [
        take_in(archive, pdf(f"Naskah {tier.value} {number} {told}"), name=f"naskah-{number}.pdf", by=by,
                class_code=CLASSES[tier], document_date=date(2001, 5, number % 27 + 1), title=f"Naskah {number}",
                work=number == count, **told).record_id  # type: ignore[arg-type]
        for number in range(1, count + 1)
    ]  # fmt: skip


def letter(archive: Archive, number: str, dated: date = TODAY) -> Letter:
    """Capture a letter and have it declared."""
    record = take_in(archive, pdf(f"Surat nomor {number}"), name="surat.pdf", title=f"Surat {number}").record_id
    return Letter(number, dated, record)


def opened(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    archivist = who(archive, "arsiparis")
    assert archivist.office_id is not None
    return open_batch(
        archivist, archive, NewBatch(archivist.office_id, tier, "Pemusnahan arsip 2001", level, "000.1.5")
    )


def proposed(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = opened(archive, tier, level)
    set_committee(who(archive, "arsiparis"), archive, batch, COMMITTEE, letter(archive, f"SK-{tier.value}"))
    select_due(who(archive, "arsiparis"), archive, batch)
    propose(who(archive, "arsiparis"), archive, batch, "000.5.6.2/1/2026")
    return batch


def assessed(archive: Archive, batch: UUID) -> None:
    items = show_batch(who(archive, "penilai"), archive, batch).items
    found = {item.id: Inspected("destroy", "dilihat, tidak bernilai guna") for item in items if item.standing}
    assess_items(who(archive, "penilai"), archive, batch, found)
    conclude(who(archive, "ketua"), archive, batch, "Arsip telah dinilai dan tidak mempunyai nilai guna.")


def requested(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = proposed(archive, tier, level)
    assessed(archive, batch)
    request_approval(who(archive, "arsiparis"), archive, batch, "000.5.6.2/2/2026")
    return batch


def approved(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = requested(archive, tier, level)
    approve(who(archive, APPROVER[tier]), archive, batch, letter(archive, f"PERSETUJUAN-{tier.value}"))
    return batch


def decided(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = approved(archive, tier, level)
    decide_destruction(who(archive, DECIDER[tier]), archive, batch, letter(archive, f"KEPUTUSAN-{tier.value}"))
    return batch


def executing(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = decided(archive, tier, level)
    execute(who(archive, EXECUTOR[tier]), archive, batch, PROVEN)
    return batch


def executed(archive: Archive, tier: Tier = Tier.LOWER, level: Level = Level.OPEN) -> UUID:
    batch = executing(archive, tier, level)
    assert carry_out(who(archive, EXECUTOR[tier]), archive, batch) == 0
    settle(archive)
    return batch


def closed(archive: Archive, tier: Tier = Tier.LOWER) -> UUID:
    batch = executed(archive, tier)
    ask_for_signatures(who(archive, EXECUTOR[tier]), archive, batch)
    for _capacity, name in SIGNERS:
        give(archive, name)
    close(who(archive, EXECUTOR[tier]), archive, batch)
    return batch


def at(archive: Archive, **later: float) -> Archive:
    """Return the archive at another time than it was made."""
    clock = FixedClock(MOMENT + timedelta(**later))
    return dataclasses.replace(archive, clock=clock)
