"""Access by permission: asked, given, used, ended, taken in an emergency (R22, R88)."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from archive_fixtures import MOMENT, pdf, take_in

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.scope import GrantMode
from edms.core.clock import FixedClock
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.alerts import open_alerts
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.folders import open_folder
from edms.records.grants import (
    Asked,
    NewGrant,
    Subject,
    approve_request,
    ask_for_access,
    give_access,
    refuse_request,
    review_emergency,
    revoke_access,
    take_in_emergency,
    withdraw_request,
)
from edms.records.grants_views import access_desk, uses_of, waiting_for
from edms.records.model import Record
from edms.records.people import NewPerson, add_person
from edms.records.positions import change_person
from edms.records.searching import INDEX_TOPIC, Question, search
from edms.records.visible import decided_record

People = Callable[[Archive, str], Actor]
CONSOLE = console_actor("tests")
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture
def restricted(archive: Archive) -> UUID:
    """A restricted record of dinkes."""
    return take_in(archive, pdf("Kontrak terbatas"), level=Level.RESTRICTED, number="027/9/2026").record_id


def sees(archive: Archive, actor: Actor, record_id: UUID) -> bool:
    """Whether the record's page opens, and the search agrees in hits, total and facets."""
    answer = search(actor, archive, Question("kontrak", facets=("level",)))
    found = {hit.record.id for hit in answer.found}
    assert answer.answer.total == len(found) == sum(answer.answer.facets["level"].values())
    try:
        record_details(actor, archive, record_id)
    except NotFound:
        assert record_id not in found
        return False
    assert record_id in found
    return True


def acts(archive: Archive, actor: Actor, record_id: UUID) -> set[str]:
    """What the actor may do with the record."""
    may = {str(one) for one in record_details(actor, archive, record_id).may}
    return {one for one in may if one.startswith("record:")} - {"record:search"}


def give(archive: Archive, by: Actor, who: str, record_id: UUID, mode: GrantMode = GrantMode.VIEW) -> UUID:
    return give_access(by, archive, NewGrant(who, Subject((record_id,)), "pemeriksaan", mode, TODAY + DAY))


def test_asked_approved_used_and_over(archive: Archive, person: People, restricted: UUID) -> None:
    asking, head = person(archive, "official-bappeda"), person(archive, "head-dinkes")
    request = ask_for_access(
        asking, archive, Asked("dinkes", "027/9/2026", "rapat", GrantMode.DOWNLOAD, TODAY + DAY * 9)
    )
    assert not sees(archive, asking, restricted)
    assert waiting_for(head, archive) == 1
    (line,) = access_desk(head, archive).waiting
    assert (line.id, line.meant, line.user) == (request, restricted, "official-bappeda")
    grant = approve_request(head, archive, request, Subject((restricted,)), TODAY + DAY, GrantMode.VIEW)
    assert sees(archive, asking, restricted)
    assert acts(archive, asking, restricted) == {"record:view"}
    assert [one.action for one in uses_of(head, archive, grant)].count("record:view") >= 2
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.midnight_after(TODAY + DAY) - timedelta(seconds=1))
    assert sees(archive, asking, restricted), "until the last day is over at the archive's place"
    archive.clock.set(archive.clock.midnight_after(TODAY + DAY))
    assert not sees(archive, asking, restricted)
    (mine,) = access_desk(asking, archive).grants
    assert not mine.stands


def test_uses_are_told_though_a_clock_had_been_ahead(archive: Archive, person: People, restricted: UUID) -> None:
    """Places in the trail never go back in time: after a clock that was ahead each event bears its time."""
    asking, head = person(archive, "official-bappeda"), person(archive, "head-dinkes")
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + DAY * 900)
    assert not sees(archive, asking, restricted)
    archive.door.integrate()
    archive.clock.set(MOMENT)
    grant = give(archive, head, "official-bappeda", restricted)
    assert sees(archive, asking, restricted)
    assert [one.action for one in uses_of(head, archive, grant)] == ["record:view"]


def test_revoked_it_counts_no_more(archive: Archive, person: People, restricted: UUID) -> None:
    asking, head = person(archive, "official-bappeda"), person(archive, "head-dinkes")
    grant = give(archive, head, "official-bappeda", restricted)
    assert sees(archive, asking, restricted)
    with pytest.raises(NotFound):
        revoke_access(person(archive, "clerk-bappeda"), archive, grant, "bukan urusan")
    revoke_access(head, archive, grant, "selesai")
    assert not sees(archive, asking, restricted), "with the very same actor"
    with pytest.raises(Refused, match="over"):
        revoke_access(head, archive, grant, "lagi")


def test_a_raised_level_holds_before_the_index_knows(archive: Archive, person: People, restricted: UUID) -> None:
    """Nobody drains the index here: hits, total and facets are right all the same."""
    clerk = person(archive, "clerk-dinkes")
    waiting = take_in(archive, pdf("Kontrak baru"), class_code=None, level=Level.OPEN, name="b.pdf").record_id
    assert sees(archive, clerk, restricted)
    assert sees(archive, clerk, waiting)
    for record_id, level in ((restricted, Level.SECRET), (waiting, Level.SECRET)):
        with archive.door.write(person(archive, "records"), Action.RECORD_CLASSIFY) as operation:
            row = decided_record(operation, record_id)
            row.level, row.version = level.value, row.version + 1
            operation.outbox(INDEX_TOPIC, row.id)
    assert not sees(archive, clerk, restricted)
    assert not sees(archive, clerk, waiting)
    assert search(clerk, archive, Question("kontra*", facets=("level",))).answer.facets == {"level": {}}


def test_who_gives_is_the_head_or_a_records_officer_and_never_who_gets(
    archive: Archive, person: People, restricted: UUID
) -> None:
    asking = person(archive, "official-bappeda")
    request = ask_for_access(asking, archive, Asked("dinkes", str(restricted), "rapat", GrantMode.VIEW, TODAY))
    for nobody in ("official-dinkes", "official-bappeda", "clerk-dinkes", "auditor", "admin"):
        with pytest.raises((NotFound, NotPermitted)):
            approve_request(person(archive, nobody), archive, request, Subject((restricted,)), TODAY, GrantMode.VIEW)
        with pytest.raises((NotFound, NotPermitted)):
            give(archive, person(archive, nobody), "official-bappeda", restricted)
    with pytest.raises(NotPermitted, match="somebody else"):
        give(archive, person(archive, "records"), "records", restricted)
    with pytest.raises(Refused, match="no more is given"):
        approve_request(person(archive, "records"), archive, request, Subject((restricted,)), TODAY, GrantMode.MANAGE)
    refuse_request(person(archive, "head-dinkes"), archive, request, "bukan tugasnya")
    (mine,) = access_desk(asking, archive).requests
    assert (mine.state, mine.answer, mine.decided_by) == ("refused", "bukan tugasnya", "Kepala Dinas Kesehatan")
    with pytest.raises(Refused, match="already"):
        approve_request(person(archive, "records"), archive, request, Subject((restricted,)), TODAY, GrantMode.VIEW)


def test_a_grant_lifts_no_clearance(archive: Archive, person: People) -> None:
    secret = take_in(archive, pdf("Kontrak rahasia"), by="records", office="dinkes", level=Level.SECRET).record_id
    with pytest.raises(Refused, match="lifts no clearance"):
        give(archive, person(archive, "head-dinkes"), "official-bappeda", secret)
    change_person(CONSOLE, archive, "official-bappeda", None, Level.SECRET)
    give(archive, person(archive, "head-dinkes"), "official-bappeda", secret)
    assert sees(archive, person(archive, "official-bappeda"), secret)
    change_person(CONSOLE, archive, "official-bappeda", None, Level.RESTRICTED)
    assert not sees(archive, person(archive, "official-bappeda"), secret), "nor survives it that it is taken back"


def test_guests_and_auditors_see_by_grant_alone(archive: Archive, person: People, restricted: UUID) -> None:
    """R22: auditors and law enforcement only with permission."""
    other = take_in(archive, pdf("Kontrak lain"), level=Level.RESTRICTED, name="lain.pdf").record_id
    add_person(CONSOLE, archive, NewPerson("penyidik", "Penyidik", None, (Role.GUEST,), Level.RESTRICTED))
    change_person(CONSOLE, archive, "auditor", None, Level.RESTRICTED)
    for who in ("penyidik", "auditor"):
        give(archive, person(archive, "head-dinkes"), who, restricted, GrantMode.DOWNLOAD)
        assert sees(archive, person(archive, who), restricted)
        assert not sees(archive, person(archive, who), other)


def test_a_folder_and_a_set_are_granted_whole(archive: Archive, person: People, restricted: UUID) -> None:
    officer = person(archive, "records")
    dinkes = person(archive, "clerk-dinkes").office_id
    assert dinkes is not None
    folder = open_folder(officer, archive, dinkes, "B-1", "Kontrak", "000.1.5", Level.RESTRICTED)
    others = [
        take_in(archive, pdf(f"Kontrak {n}"), level=Level.RESTRICTED, name=f"{n}.pdf").record_id for n in (1, 2, 3)
    ]
    give_access(officer, archive, NewGrant("official-bappeda", Subject(folder=folder), "p", GrantMode.VIEW, TODAY))
    give_access(officer, archive, NewGrant("official-bappeda", Subject(tuple(others[:2])), "p", GrantMode.VIEW, TODAY))
    asking = person(archive, "official-bappeda")
    assert [sees(archive, asking, one) for one in (*others, restricted)] == [True, True, False, False]
    with archive.database.writer() as session:
        session.get_one(Record, restricted).folder_id = folder
        session.commit()
    assert sees(archive, asking, restricted), "what is filed later too"
    desk = access_desk(asking, archive)
    assert sorted((one.records, one.what) for one in desk.grants) == [(0, "Kontrak"), (2, "")]


def test_modes_give_what_they_say(archive: Archive, person: People, restricted: UUID) -> None:
    head, asking = person(archive, "head-dinkes"), person(archive, "official-bappeda")
    for mode, may in (
        (GrantMode.VIEW, {"record:view"}),
        (GrantMode.DOWNLOAD, {"record:view", "record:download", "record:export"}),
    ):
        grant = give(archive, head, "official-bappeda", restricted, mode)
        assert acts(archive, asking, restricted) == may
        revoke_access(asking, archive, grant, "terima kasih")
    give(archive, head, "official-bappeda", restricted, GrantMode.MANAGE)
    assert Action.RECORD_EVENT in record_details(asking, archive, restricted).may


def test_what_one_may_not_see_is_asked_for_in_the_dark(archive: Archive, person: People, restricted: UUID) -> None:
    """The answer to a request tells nothing of whether there is such a record."""
    asking = person(archive, "official-bappeda")
    told = []
    for wanted in (str(restricted), str(uuid4()), "027/9/2026"):
        request = ask_for_access(asking, archive, Asked("dinkes", wanted, "rapat", GrantMode.VIEW, TODAY))
        (line,) = (one for one in access_desk(asking, archive).requests if one.id == request)
        told.append((line.meant, line.state, line.answer))
        withdraw_request(asking, archive, request)
    assert told == [(None, "open", "")] * 3
    with pytest.raises(Refused, match="withdrawn already"):
        withdraw_request(asking, archive, request)
    with pytest.raises(NotFound):
        withdraw_request(person(archive, "clerk-bappeda"), archive, request)


def test_an_emergency_is_short_told_at_once_and_reviewed_by_another(
    archive: Archive, person: People, restricted: UUID
) -> None:
    taking, head = person(archive, "official-bappeda"), person(archive, "head-dinkes")
    with pytest.raises(NotFound):
        take_in_emergency(taking, archive, uuid4(), "banjir")
    grant = take_in_emergency(taking, archive, restricted, "banjir di gudang")
    assert sees(archive, taking, restricted)
    (alert,) = open_alerts(person(archive, "auditor"), archive)
    assert (alert.kind, alert.subject) == ("emergency", f"records {restricted}")
    (line,) = access_desk(head, archive).emergencies
    assert (line.id, line.user, line.purpose) == (grant, "official-bappeda", "banjir di gudang")
    with pytest.raises(NotFound):
        review_emergency(taking, archive, grant, "baik")
    change_person(CONSOLE, archive, "official-bappeda", (Role.OFFICIAL, Role.RECORDS_OFFICER), None)
    with pytest.raises(NotPermitted):
        review_emergency(person(archive, "official-bappeda"), archive, grant, "baik")
    change_person(CONSOLE, archive, "official-bappeda", (Role.OFFICIAL,), None)
    review_emergency(head, archive, grant, "beralasan")
    assert open_alerts(person(archive, "auditor"), archive) == []
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + timedelta(minutes=archive.settings.access.emergency_minutes))
    assert not sees(archive, person(archive, "official-bappeda"), restricted)


def test_emergencies_are_few_and_for_officials(archive: Archive, person: People, restricted: UUID) -> None:
    with pytest.raises(NotPermitted):
        take_in_emergency(person(archive, "clerk-bappeda"), archive, restricted, "banjir")
    with pytest.raises(NotPermitted):
        take_in_emergency(person(archive, "admin"), archive, restricted, "banjir")
    secret = take_in(archive, pdf("Kontrak rahasia"), by="records", office="dinkes", level=Level.SECRET).record_id
    taking = person(archive, "official-bappeda")
    with pytest.raises(NotFound):
        take_in_emergency(taking, archive, secret, "banjir")
    for _time in range(archive.settings.access.emergencies_a_day):
        grant = take_in_emergency(taking, archive, restricted, "banjir")
        revoke_access(taking, archive, grant, "selesai")
    with pytest.raises(LimitExceeded):
        take_in_emergency(taking, archive, restricted, "banjir")
