"""One attack on each guard of a destruction: what may not happen does not, and what was there is there still."""

import dataclasses
from datetime import date, timedelta
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, settle, take_in
from digitisation_people import OPERATOR, put_in, scan, scanned, scanner_of
from digitisation_people import opened as opened_digitisation
from disposal_people import (
    APPROVER,
    COMMITTEE,
    DECIDER,
    EXECUTOR,
    PROVEN,
    SIGNERS,
    TODAY,
    approved,
    assessed,
    decided,
    due,
    executed,
    executing,
    letter,
    opened,
    proposed,
    ready,
    requested,
)
from signing_people import who
from sqlalchemy import select, update

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.audit.trail import AuditTrail
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused, StorageFault
from edms.disposal.batches import Letter, begin_step
from edms.disposal.closing import close
from edms.disposal.course import Step
from edms.disposal.destruction import (
    Inspected,
    approve,
    assess_items,
    cancel,
    conclude,
    decide_destruction,
    exclude,
    propose,
    reject,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.eligibility import judged
from edms.disposal.execution import Execution, carry_out, execute
from edms.disposal.views import residual_of, show_batch
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.digitisations import cancel_digitisation
from edms.records.holds import place_hold
from edms.records.model import Component, Record, RecordState
from edms.records.people import NewPerson, add_person
from edms.retention.types import Tier


@pytest.fixture
def made(embedded: Archive) -> Archive:
    return ready(embedded)


def state_of(archive: Archive, record: UUID) -> str:
    with archive.database.reader() as session:
        return session.get_one(Record, record).state


def shown(archive: Archive, batch: UUID):  # type: ignore[no-untyped-def]
    return show_batch(who(archive, "arsiparis"), archive, batch)


def promote(archive: Archive, name: str, *roles: Role) -> None:
    """Give somebody every role there is in a disposal, so that only the separation of duties stands in the way."""
    with archive.database.writer() as session:
        from edms.access.model import Person

        person = session.scalars(select(Person).where(Person.username == name)).one()
        person.roles, person.is_head = ",".join(role.value for role in roles), True
        session.commit()


EVERYTHING = (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER)


def test_the_same_person_takes_no_two_steps(made: Archive) -> None:
    """Whoever proposed neither approves, decides nor carries out, even with every role and as head of the office."""
    due(made)
    batch = requested(made)
    promote(made, "arsiparis", *EVERYTHING)
    with made.database.writer() as session:  # and as if he headed the city as well
        from edms.access.model import Office, Person

        person = session.scalars(select(Person).where(Person.username == "arsiparis")).one()
        person.office_id = session.scalars(select(Office.id).where(Office.code == "setda")).one()
        session.commit()
    note = letter(made, "PALSU-1")
    with pytest.raises(NotPermitted, match="approved by somebody who had no other part"):
        approve(who(made, "arsiparis"), made, batch, note)
    approve(who(made, "walikota"), made, batch, note)
    with pytest.raises(NotPermitted, match="decided by somebody who had no other part"):
        decide_destruction(who(made, "arsiparis"), made, batch, note)
    with pytest.raises(NotPermitted, match="decided by somebody who had no other part"):
        decide_destruction(who(made, "walikota"), made, batch, note)
    decide_destruction(who(made, "head-dinkes"), made, batch, note)
    with pytest.raises(NotPermitted, match="carried out by somebody who had no other part"):
        execute(who(made, "arsiparis"), made, batch, PROVEN)
    assert shown(made, batch).state == "DECIDED"


def test_a_member_of_the_committee_has_no_other_part(made: Archive) -> None:
    due(made)
    batch = decided(made)
    with pytest.raises(NotPermitted, match="carried out by somebody who had no other part"):
        execute(who(made, "penilai"), made, batch, PROVEN)


@pytest.mark.parametrize("wrong", ["arsiparis", "ketua", "pelaksana", "records", "head-dinkes"])
def test_only_the_regional_head_approves_in_the_lower_tier(made: Archive, wrong: str) -> None:
    due(made)
    batch = requested(made)
    note = letter(made, "S-1")
    with pytest.raises((NotPermitted, NotFound)):
        approve(who(made, wrong), made, batch, note)
    assert shown(made, batch).state == "APPROVAL_REQUESTED"


def test_in_the_upper_tier_the_mayor_does_not_approve_and_the_office_does_not_carry_out(made: Archive) -> None:
    due(made, tier=Tier.UPPER)
    batch = requested(made, Tier.UPPER)
    note = letter(made, "S-1")
    with pytest.raises(NotPermitted, match="letter of the National Archives"):
        approve(who(made, "walikota"), made, batch, note)
    approve(who(made, APPROVER[Tier.UPPER]), made, batch, note)
    with pytest.raises(NotPermitted, match="regional head"):
        decide_destruction(who(made, "head-dinkes"), made, batch, note)
    decide_destruction(who(made, DECIDER[Tier.UPPER]), made, batch, note)
    with pytest.raises(NotPermitted, match="regional archives"):
        execute(who(made, "pelaksana"), made, batch, PROVEN)


def test_no_step_is_skipped(made: Archive) -> None:
    due(made)
    batch = opened(made)
    for act in (
        lambda: select_due(who(made, "arsiparis"), made, batch),
        lambda: propose(who(made, "arsiparis"), made, batch, "1"),
        lambda: request_approval(who(made, "arsiparis"), made, batch, "1"),
        lambda: close(who(made, "pelaksana"), made, batch),
        lambda: execute(who(made, "pelaksana"), made, batch, PROVEN),
        lambda: carry_out(who(made, "pelaksana"), made, batch),
    ):
        with pytest.raises(Refused):
            act()
    assert shown(made, batch).state == "DRAFT"


def test_a_hold_after_the_approval_keeps_the_record_and_stands_in_the_berita_acara(made: Archive) -> None:
    kept, gone = due(made)
    batch = executing(made)
    place_hold(who(made, "records"), made, [kept], "Perkara 12", "Surat Kejaksaan 7", "penyidikan")
    assert carry_out(who(made, "pelaksana"), made, batch) == 0
    assert (state_of(made, kept), state_of(made, gone)) == ("declared", "destroyed")
    items = {item.record: item for item in shown(made, batch).items}
    assert (items[kept].state, items[kept].excluded_in) == ("EXCLUDED", "EXECUTING")
    assert items[kept].excluded.startswith("held(")
    settle(made)
    text = _text(made, shown(made, batch).papers["minutes"])
    assert "Tidak dimusnahkan meskipun telah disetujui" in text
    assert "ditahan: Perkara 12" in " ".join(text.split())
    assert "held(" not in text


def _text(archive: Archive, record: UUID) -> str:
    from edms.records.contents import text_extract

    return text_extract(who(archive, "records"), archive, record)


def test_a_hold_before_the_approval_takes_the_record_out(made: Archive) -> None:
    kept, _gone = due(made)
    batch = requested(made)
    place_hold(who(made, "records"), made, [kept], "Perkara", "Surat", "penyidikan")
    assert approve(who(made, "walikota"), made, batch, letter(made, "S-1")) == 1
    assert {item.record: item.excluded_in for item in shown(made, batch).items}[kept] == "APPROVAL_REQUESTED"


def test_a_rule_superseded_meanwhile_keeps_the_record(made: Archive) -> None:
    """The approval was given on another law: what fell under the old edition comes back to the committee."""
    due(made)
    batch = executing(made)
    with made.database.writer() as session:
        for row in session.scalars(select(Record).where(Record.state == RecordState.DECLARED.value)):
            row.rule_edition = "jra-lain"
        session.commit()
    assert carry_out(who(made, "pelaksana"), made, batch) == 0
    assert shown(made, batch).counts == {"EXCLUDED": 2}


def test_an_item_of_the_other_tier_comes_into_no_batch(made: Archive) -> None:
    """Ten years exactly are the upper tier, and no choice puts such a record into a batch of the lower."""
    [upper] = due(made, 1, Tier.UPPER)
    due(made, 1)
    batch = opened(made)
    set_committee(who(made, "arsiparis"), made, batch, COMMITTEE, letter(made, "SK-1"))
    with pytest.raises(Refused, match="not eligible in this tier"):
        select_due(who(made, "arsiparis"), made, batch, [upper])
    assert select_due(who(made, "arsiparis"), made, batch) == 1


def test_a_tier_that_changes_by_the_setting_stops_the_record(made: Archive) -> None:
    due(made)
    batch = executing(made)
    retention = made.settings.retention.model_copy(update={"upper_tier_years": 1})
    stricter = dataclasses.replace(made, settings=made.settings.model_copy(update={"retention": retention}))
    assert carry_out(who(made, "pelaksana"), stricter, batch) == 0
    assert [item.excluded for item in shown(made, batch).items] == ["other_tier"] * 2


def test_damaged_bytes_are_not_destroyed(made: Archive) -> None:
    """Whoever damages a file cannot have its record destroyed as if it had been looked at."""
    damaged, sound = due(made)
    batch = executing(made)
    with made.database.reader() as session:
        part = session.scalars(select(Component).where(Component.record_id == damaged, Component.role == "original"))
        name = part.one().blob.name
    path = next(one for one in (made.settings.storage.path / "blobs").rglob(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert carry_out(who(made, "pelaksana"), made, batch) == 0
    assert (state_of(made, damaged), state_of(made, sound)) == ("declared", "destroyed")
    with made.database.reader() as session:
        assert session.get_one(Record, damaged).fixity_failed


@pytest.mark.parametrize("wrong", ["pelaksana", "ketua", "walikota", "arsiparis"])
def test_no_witness_had_another_part(made: Archive, wrong: str) -> None:
    from signing_people import certify

    from edms.records.signatures_identities import enrol_signer

    due(made)
    batch = decided(made)
    if wrong in ("pelaksana", "arsiparis"):
        promote(made, wrong, *EVERYTHING)
        if wrong == "pelaksana":
            promote_unhead(made, wrong)
    enrol_signer(console_actor("tests"), made, wrong, "Jabatan", "")
    certify(made, wrong)
    signers = tuple((capacity, wrong if capacity == "legal" else user) for capacity, user in SIGNERS)
    with pytest.raises(NotPermitted, match="witnessed by somebody who had no other part"):
        execute(who(made, "pelaksana"), made, batch, dataclasses.replace(PROVEN, signers=signers))
    assert shown(made, batch).state == "DECIDED"


def promote_unhead(archive: Archive, name: str) -> None:
    from edms.access.model import Person

    with archive.database.writer() as session:
        session.execute(update(Person).where(Person.username == name).values(is_head=False))
        session.commit()


def under(made: Archive, **units: str) -> Archive:
    """The archive where these codes are the units that witnesses come from."""
    disposal = made.settings.disposal.model_copy(update=units)
    return dataclasses.replace(made, settings=made.settings.model_copy(update={"disposal": disposal}))


def test_witnesses_are_of_their_units(made: Archive) -> None:
    """R38. The head of the office above reaches every office, and belongs to the own one alone."""
    from signing_people import certify

    from edms.records.people import add_office
    from edms.records.signatures_identities import enrol_signer

    console = console_actor("tests")
    add_office(console, made, "hukum", "Bagian Hukum", "setda")
    add_office(console, made, "hukum-dok", "Subbagian Dokumentasi Hukum", "hukum")
    add_office(console, made, "uptd", "UPTD Dinas", "dinkes")
    for name, office in (("ahli", "hukum-dok"), ("orang-dalam", "uptd"), ("sekda", "setda")):
        person = NewPerson(name, f"Saksi {name}", office, (Role.OFFICIAL,), Level.RESTRICTED, is_head=name == "sekda")
        add_person(console, made, person)
        enrol_signer(console, made, name, "Jabatan", "")
        certify(made, name)
    due(made)
    batch = decided(made)

    def named(archive: Archive, **witnesses: str) -> None:
        signers = tuple((capacity, witnesses.get(capacity, user)) for capacity, user in SIGNERS)
        execute(who(archive, "pelaksana"), archive, batch, dataclasses.replace(PROVEN, signers=signers))

    strict = under(made, legal_office="hukum", supervision_office="bappeda")
    for wrong in ("hukum", "sekda", "orang-dalam", "pengawas"):  # of setda, above the unit; of others altogether
        told = {"legal": wrong, **({"supervision": "ahli"} if wrong == "pengawas" else {})}
        with pytest.raises(NotPermitted, match="legal unit does not belong"):
            named(strict, **told)
    with pytest.raises(NotPermitted, match="of supervision does not belong"):
        named(strict, legal="ahli", supervision="hukum")
    with pytest.raises(NotPermitted, match="legal unit does not belong"):
        named(made, legal="orang-dalam")  # no unit is named: whose records these are witnesses nothing
    with pytest.raises(Refused, match="not said which office"):
        named(under(made, legal_office="nirwana"))
    assert shown(made, batch).state == "DECIDED"
    assert "witness_of_another_unit" in refusals(made, batch)
    named(strict, legal="ahli")
    assert shown(made, batch).state == "EXECUTING"


def refusals(archive: Archive, batch: UUID) -> str:
    from edms.audit.model import AuditLeaf

    archive.door.integrate()
    with archive.database.reader() as session:
        query = select(AuditLeaf.body).where(AuditLeaf.subject_id == str(batch))
        return " ".join(str(body) for body in session.scalars(query))


def test_one_witness_is_not_enough(made: Archive) -> None:
    due(made)
    batch = decided(made)
    for signers in (SIGNERS[:3], SIGNERS[1:], (*SIGNERS[:3], ("supervision", "hukum"))):
        with pytest.raises(Refused):
            execute(who(made, "pelaksana"), made, batch, Execution("1", "Semarang", signers))


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=400)])
def test_a_clock_set_back_dates_nothing(made: Archive, back: timedelta) -> None:
    due(made)
    batch = requested(made)
    note = letter(made, "S-1")
    made.clock.set(MOMENT - back)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="clock stands before"):
        approve(who(made, "walikota"), made, batch, note)
    made.clock.set(MOMENT)  # type: ignore[attr-defined]
    assert approve(who(made, "walikota"), made, batch, note) == 2


def test_who_waited_for_another_writer_is_not_told_of_a_clock_set_back(made: Archive) -> None:
    """A step that begins, and waits while somebody else's event is written, comes after that event."""
    due(made)
    batch = decided(made)
    with made.door.write(who(made, "pelaksana"), Action.DISPOSAL_EXECUTE) as operation:
        made.clock.set(MOMENT + timedelta(seconds=1))  # type: ignore[attr-defined]
        place_hold(who(made, "records"), made, [due_of(made, batch)], "Perkara", "Surat", "penyidikan")
        found, _move = begin_step(operation, made, batch, Step.EXECUTE)
        assert found.state == "DECIDED"


def due_of(archive: Archive, batch: UUID) -> UUID:
    return shown(archive, batch).items[0].record


STEPS_LEFT = ("approve", "decide", "execute", "carry_out")


def take(archive: Archive, batch: UUID, step: str, note: Letter) -> object:
    steps = {
        "approve": lambda: approve(who(archive, APPROVER[Tier.LOWER]), archive, batch, note),
        "decide": lambda: decide_destruction(who(archive, DECIDER[Tier.LOWER]), archive, batch, note),
        "execute": lambda: execute(who(archive, EXECUTOR[Tier.LOWER]), archive, batch, PROVEN),
        "carry_out": lambda: carry_out(who(archive, EXECUTOR[Tier.LOWER]), archive, batch),
    }
    return steps[step]()


def test_no_step_is_taken_by_a_clock_set_back_or_without_its_event(
    made: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step from the approval on, attacked in turn: by a clock set back an hour, and by a trail that is full."""
    records = due(made)
    batch = requested(made)
    note = letter(made, "S-1")

    def fail(self: AuditTrail, session: object, events: object) -> None:
        raise StorageFault("the disk is full", "free some")

    for step in STEPS_LEFT:
        before = shown(made, batch)
        made.clock.set(MOMENT - timedelta(hours=1))  # type: ignore[attr-defined]
        with pytest.raises(Refused, match="clock stands before"):
            take(made, batch, step, note)
        made.clock.set(MOMENT)  # type: ignore[attr-defined]
        with monkeypatch.context() as patched:
            patched.setattr(AuditTrail, "append_all", fail)
            with pytest.raises(StorageFault):
                take(made, batch, step, note)
        after = shown(made, batch)
        assert (after.state, after.steps, after.items) == (before.state, before.steps, before.items), step
        assert {state_of(made, record) for record in records} == {"declared"}
        take(made, batch, step, note)
    assert {state_of(made, record) for record in records} == {"destroyed"}


def test_letters_are_evidence_and_dated_in_order(made: Archive) -> None:
    due(made)
    batch = requested(made)
    good = letter(made, "S-1")
    waiting = take_in(made, pdf("belum"), title="Surat", work=False).record_id
    items = shown(made, batch).items
    for wrong in (
        Letter("S-1", TODAY + timedelta(days=1), good.record), Letter("S-1", date(2026, 1, 1), good.record),
        Letter("", TODAY, good.record), Letter("S-1", TODAY, waiting), Letter("S-1", TODAY, items[0].record),
        Letter("S-1", TODAY, UUID(int=7)),
    ):  # fmt: skip
        with pytest.raises(Refused):
            approve(who(made, "walikota"), made, batch, wrong)


def test_when_the_audit_write_fails_nothing_was_done(made: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trail is on the same disk as the rows: an event that cannot be written takes the step with it."""
    records = due(made)
    batch = executing(made)
    append = AuditTrail.append_all

    def fail(self: AuditTrail, session: object, events: object) -> None:
        raise StorageFault("the disk is full", "free some")

    monkeypatch.setattr(AuditTrail, "append_all", fail)
    with pytest.raises(StorageFault):
        carry_out(who(made, "pelaksana"), made, batch)
    monkeypatch.setattr(AuditTrail, "append_all", append)
    assert {state_of(made, record) for record in records} == {"declared"}
    assert verify_all(console_actor("tests"), made).ok
    assert carry_out(who(made, "pelaksana"), made, batch) == 0
    assert {state_of(made, record) for record in records} == {"destroyed"}


def test_what_is_not_looked_at_is_not_destroyed(made: Archive) -> None:
    due(made)
    batch = proposed(made)
    items = shown(made, batch).items
    with pytest.raises(Refused, match="not every record"):
        conclude(who(made, "ketua"), made, batch, "Sudah dinilai semuanya.")
    with pytest.raises((NotPermitted, NotFound)):
        assess_items(who(made, "pelaksana"), made, batch, {items[0].id: Inspected("destroy", "dilihat")})
    left = assess_items(who(made, "penilai"), made, batch, {items[0].id: Inspected("keep", "masih dipakai")})
    assert left == 1
    assess_items(who(made, "anggota"), made, batch, {items[1].id: Inspected("destroy", "dilihat")})
    conclude(who(made, "ketua"), made, batch, "Satu berkas masih bernilai guna.")
    assert [item.state for item in shown(made, batch).items] == ["EXCLUDED", "LISTED"]


def test_what_is_refused_or_given_up_is_free_again(made: Archive) -> None:
    records = due(made)
    first = requested(made)
    reject(who(made, "walikota"), made, first, "belum meyakinkan")
    second = proposed(made)
    exclude(who(made, "arsiparis"), made, shown(made, second).items[0].id, "masih dipakai unit")
    cancel(who(made, "arsiparis"), made, second, "diusulkan lagi nanti")
    assert [shown(made, batch).state for batch in (first, second)] == ["REJECTED", "CANCELLED"]
    assert {state_of(made, record) for record in records} == {"declared"}
    with pytest.raises(Refused):
        cancel(who(made, "arsiparis"), made, second, "sekali lagi")
    third = opened(made)
    set_committee(who(made, "arsiparis"), made, third, COMMITTEE, letter(made, "SK-3"))
    assert select_due(who(made, "arsiparis"), made, third) == 2


def test_a_record_is_in_one_disposal_at_a_time(made: Archive) -> None:
    due(made)
    proposed(made)
    other = opened(made)
    set_committee(who(made, "arsiparis"), made, other, COMMITTEE, letter(made, "SK-9"))
    with pytest.raises(Refused, match="nothing is due"):
        select_due(who(made, "arsiparis"), made, other)


def test_nothing_is_given_up_or_taken_out_once_it_is_carried_out(made: Archive) -> None:
    due(made)
    batch = executing(made)
    with pytest.raises(Refused):
        cancel(who(made, "arsiparis"), made, batch, "terlambat")
    with pytest.raises(Refused):
        exclude(who(made, "arsiparis"), made, shown(made, batch).items[0].id, "terlambat")


def test_who_is_not_of_the_office_learns_nothing_of_it(made: Archive) -> None:
    add_person(console_actor("tests"), made,
               NewPerson("luar", "Orang Luar", "bappeda", (Role.OFFICIAL,), Level.TOP_SECRET))  # fmt: skip
    due(made)
    batch = proposed(made)
    for name in ("luar", "clerk-bappeda", "admin"):
        with pytest.raises(NotFound):
            show_batch(who(made, name), made, batch)


def test_a_record_that_is_being_digitised_is_not_destroyed(made: Archive) -> None:
    """Not chosen, and taken out where its digitisation begins after the decree; free once that has ended."""
    told = {"class_code": "000.1.1", "document_date": date(2001, 3, 4)}
    before, after = (scanned(made, scan(seed=number), name=f"{number}.pdf", **told) for number in (1, 2))
    scanner, first = scanner_of(made), opened_digitisation(made)
    put_in(made, first, scanner, before)
    batch = decided(made)
    assert [item.record for item in shown(made, batch).items] == [after]
    assert judged_of(made, before) == ["digitisation_under_way"]
    second = opened_digitisation(made)
    put_in(made, second, scanner, after)
    with pytest.raises(Refused, match="nothing is left"):
        execute(who(made, EXECUTOR[Tier.LOWER]), made, batch, PROVEN)
    assert state_of(made, after) == "declared"
    cancel(who(made, "arsiparis"), made, batch, "alih media belum selesai")
    for digitisation in (first, second):
        cancel_digitisation(who(made, OPERATOR), made, digitisation, "salah berkas")
    again = proposed(made)
    assert {item.record for item in shown(made, again).items} == {before, after}


def test_a_digitisation_that_begins_while_it_is_carried_out_keeps_the_record(made: Archive) -> None:
    record = scanned(made, scan(seed=1), class_code="000.1.1", document_date=date(2001, 3, 4))
    batch = executing(made)
    put_in(made, opened_digitisation(made), scanner_of(made), record)
    assert carry_out(who(made, EXECUTOR[Tier.LOWER]), made, batch) == 0
    (item,) = shown(made, batch).items
    assert (item.state, item.excluded, state_of(made, record)) == ("EXCLUDED", "digitisation_under_way", "declared")


def judged_of(archive: Archive, record: UUID) -> list[str]:
    with archive.database.reader() as session:
        return judged(session, archive, [record], None)[record].obstacles


def test_what_is_left_of_a_record(made: Archive) -> None:
    """Nothing of it is found, read or handed out; its residual and its history stand, and verification is content."""
    from edms.records.contents import download
    from edms.records.model import ComponentRole
    from edms.records.searching import Question, search

    [record] = due(made, 1, sender="Klinik Sehat", recipient="Kepala Dinas", number="445/77/2001")
    batch = executed(made)
    found = search(who(made, "records"), made, Question("Naskah")).found
    assert record not in {one.record.id for one in found}, "its papers name it; the record itself is not found"
    with pytest.raises(NotFound):
        download(who(made, "records"), made, record, ComponentRole.ORIGINAL)
    left = residual_of(who(made, "records"), made, record)
    assert left is not None
    assert (left.title, left.redacted, left.destroyed_by) == ("Naskah 1", False, "pelaksana")
    with made.database.reader() as session:
        row = session.get_one(Record, record)
        assert (row.state, row.sender, row.recipient, row.file_name) == ("destroyed", None, None, "")
        actions = [one["action"] for one in made.trail.history(session, "record", str(record))]
    assert {"record:capture", "record.declared", "blob.destroyed", "record.destroyed"} <= set(actions)
    report = verify_all(console_actor("tests"), made)
    assert report.ok, report.faults
    assert report.checked["destroyed records"] == 1
    assert shown(made, batch).evidence["destroyed"] == 1


def test_a_title_that_not_everybody_may_know_does_not_stay(made: Archive) -> None:
    [record] = due(made, 1, level=Level.SECRET, by="arsiparis")
    executed(made, level=Level.SECRET)
    left = residual_of(who(made, "records"), made, record)
    assert left is not None
    assert left.redacted
    assert "Naskah" not in left.title


def test_nobody_else_goes_on_with_it(made: Archive) -> None:
    due(made)
    batch = executing(made)
    for name in ("arsiparis", "records", "ketua", "walikota", "head-dinkes"):
        with pytest.raises((NotPermitted, NotFound)):
            carry_out(who(made, name), made, batch)
    assert carry_out(who(made, EXECUTOR[Tier.LOWER]), made, batch, most=1) == 1
    assert carry_out(who(made, EXECUTOR[Tier.LOWER]), made, batch) == 0


__all__ = ["FixedClock", "approved", "assessed"]
