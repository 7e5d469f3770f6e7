"""An id in a list that the actor may not see is answered as one that nobody has: every use case that takes several.

R18, R22, DESIGN invariant 5. What is answered and what is left in the trail are the same for both. An id that the actor
may see is answered otherwise, or the comparison would show nothing.
"""

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from archive_fixtures import pdf, take_in
from digitisation_people import CHECKER, OPERATOR, put_in, scan, scanned, scanner_of, with_checker
from digitisation_people import opened as opened_digitisation
from disposal_people import COMMITTEE, due, letter, opened, proposed, ready
from proceedings_people import ASSESSOR, PANEL, PERMANENT, REVIEWED, old_records, staffed
from proceedings_people import opened as opened_proceeding
from signing_people import who
from sqlalchemy import select, update
from test_every_use_case import ALL, NAMES

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.scope import GrantMode
from edms.audit.model import AuditLeaf
from edms.capture.incoming import Placement
from edms.capture.photographs import ChosenPage, send_photographs
from edms.capture.progress import progress_of
from edms.capture.uploads import PAGE, Announced, begin_upload
from edms.core.errors import EdmsError, NotFound, Refused
from edms.digitisation.course import ItemState
from edms.disposal.destruction import Inspected, assess_items, select_due, set_committee
from edms.disposal.views import show_batch
from edms.exchange.handing_over import assess_handover
from edms.records.archive import Archive
from edms.records.digitisation_check import Finding, check_item, hand_over
from edms.records.digitisation_model import DigitisedItem
from edms.records.disposal_model import DisposalItem
from edms.records.events import record_event
from edms.records.events_many import ToldEvent, preview_events, record_events, verify_events
from edms.records.filing_many import ShownVersion, file_many, preview_many
from edms.records.folders import open_folder
from edms.records.grants import Asked, NewGrant, Subject, approve_request, ask_for_access, give_access
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.model import Record
from edms.records.operations import Changes
from edms.records.people import NewPerson, add_person, office_by_code
from edms.records.proceedings import add_items
from edms.records.proceedings_model import ProceedingItem
from edms.records.proceedings_views import show_proceeding
from edms.records.reviewing import Choice, ReviewFinding, assess_review
from edms.records.undo import undo_many
from edms.retention.proceedings import Kind
from edms.retention.types import TriggerType
from edms.text.photograph_reader import PageParameters

DAY = date(2026, 11, 20)
LOW = "arsiparis-rendah"
COMMON = Changes(class_code="000.1.5", level=Level.OPEN)
WHOLE = PageParameters(((0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000)))
UUIDS = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")


@dataclass(frozen=True)
class Ids:
    """An id that the actor of a case may not see, and one that the same actor may."""

    hidden: UUID
    shown: UUID


Made = Callable[[Archive], tuple[str, Ids, Callable[[Any, UUID], Any]]]
"""Who acts, the ids, and the use case with one id in its list."""


def progress(archive: Archive) -> Any:
    return "clerk-dinkes", waiting(archive), lambda actor, one: progress_of(actor, archive, [one])


def previewed(archive: Archive) -> Any:
    return "clerk-dinkes", waiting(archive), lambda actor, one: preview_many(actor, archive, [one], COMMON, own=True)


def filed(archive: Archive) -> Any:
    return (
        "clerk-dinkes",
        waiting(archive),
        lambda actor, one: file_many(actor, archive, [ShownVersion(one, 1)], COMMON),
    )


def taken_back(archive: Archive) -> Any:
    return "clerk-dinkes", waiting(archive), lambda actor, one: undo_many(actor, archive, [one])


def waiting(archive: Archive) -> Ids:
    """Records that wait for their class: of another office, and of the own."""
    told: dict[str, Any] = {"class_code": None, "level": Level.RESTRICTED}
    theirs = take_in(archive, pdf("Milik bappeda"), by="clerk-bappeda", **told).record_id
    return Ids(theirs, take_in(archive, pdf("Milik dinkes"), **told).record_id)


def held(archive: Archive) -> Any:
    return LOW, levels(archive), lambda actor, one: place_hold(actor, archive, [one], "Perkara", "Surat", "gugatan")


def held_folder(archive: Archive) -> Any:
    clerk = with_low(archive)
    secret, plain = (
        open_folder(who(archive, clerk), archive, office_by_code(archive, "dinkes"), code, code, "000.1.1", level)
        for code, level in (("B-1", Level.RESTRICTED), ("B-2", Level.OPEN))
    )
    return (
        LOW,
        Ids(secret, plain),
        lambda actor, one: place_hold(
            actor, archive, [], "Perkara", "Surat", "gugatan", [AskedScope(ScopeKind.FOLDER, str(one))]
        ),
    )


def with_low(archive: Archive) -> str:
    """A records officer who may see what is open; returns a clerk who may see more."""
    roles = (Role.CLERK, Role.RECORDS_OFFICER)
    add_person(console_actor("tests"), archive, NewPerson(LOW, "Rendi Arsiparis", "setda", roles, Level.OPEN))
    return "clerk-dinkes"


def levels(archive: Archive) -> Ids:
    clerk = with_low(archive)
    above, within = (
        take_in(archive, pdf(f"Surat {level}"), by=clerk, level=level).record_id
        for level in (Level.RESTRICTED, Level.OPEN)
    )
    return Ids(above, within)


def noted(archive: Archive) -> Any:
    return (
        "clerk-dinkes",
        declared(archive),
        lambda actor, one: record_events(
            actor, archive, TriggerType.CONTRACT_END, [ToldEvent(1, str(one), DAY, "SK 7")]
        ),
    )


def noted_before(archive: Archive) -> Any:
    return (
        "clerk-dinkes",
        declared(archive),
        lambda actor, one: preview_events(
            actor, archive, TriggerType.CONTRACT_END, [ToldEvent(1, str(one), DAY, "SK 7")]
        ),
    )


def confirmed(archive: Archive) -> Any:
    ids = declared(archive)
    theirs, ours = (
        record_event(who(archive, clerk), archive, one, TriggerType.CONTRACT_END, DAY, "SK 7")
        for clerk, one in (("clerk-bappeda", ids.hidden), ("clerk-dinkes", ids.shown))
    )
    return "official-dinkes", Ids(theirs, ours), lambda actor, one: verify_events(actor, archive, [one])


def declared(archive: Archive) -> Ids:
    """Declared records: of another office, restricted, and of the own."""
    theirs = take_in(archive, pdf("Kontrak bappeda"), by="clerk-bappeda", level=Level.RESTRICTED).record_id
    return Ids(theirs, take_in(archive, pdf("Kontrak dinkes")).record_id)


def given(archive: Archive) -> Any:
    return (
        "head-dinkes",
        declared(archive),
        lambda actor, one: give_access(
            actor, archive, NewGrant("auditor", Subject((one,)), "pemeriksaan", GrantMode.VIEW, date(2026, 12, 1))
        ),
    )


def approved(archive: Archive) -> Any:
    told = Asked("dinkes", "kontrak", "pemeriksaan", GrantMode.VIEW, date(2026, 12, 1))
    request = ask_for_access(who(archive, "auditor"), archive, told)
    return (
        "head-dinkes",
        declared(archive),
        lambda actor, one: approve_request(actor, archive, request, Subject((one,)), date(2026, 12, 1), GrantMode.VIEW),
    )


def photographed(archive: Archive) -> Any:
    theirs, ours = (
        begin_upload(who(archive, f"clerk-{office}"), archive,
                     Announced("foto.jpg", 100, placed(archive, office), purpose=PAGE)).upload_id
        for office in ("bappeda", "dinkes")
    )  # fmt: skip
    return (
        "clerk-dinkes",
        Ids(theirs, ours),
        lambda actor, one: send_photographs(
            actor, archive, [ChosenPage(one, WHOLE)], "Foto", placed(archive, "dinkes")
        ),
    )


def placed(archive: Archive, office: str) -> Placement:
    return Placement(office_by_code(archive, office), "000.1.5", Level.OPEN)


def moved(archive: Archive) -> Any:
    staffed(archive)
    (ours,) = old_records(archive, 1)
    told: dict[str, Any] = {"class_code": PERMANENT, "document_date": date(2010, 3, 4)}
    theirs = take_in(archive, pdf("Keputusan bappeda"), by="clerk-bappeda", **told).record_id
    made = opened_proceeding(archive, Kind.TRANSFER)
    return "clerk-dinkes", Ids(theirs, ours), lambda actor, one: add_items(actor, archive, made, [one])


def reviewed(archive: Archive) -> Any:
    made = for_heads(archive, Kind.REVIEW, REVIEWED)
    items = items_of(archive, ProceedingItem)
    finding = ReviewFinding(Choice.DESTROY, "tidak bernilai guna")
    return ASSESSOR, items, lambda actor, one: assess_review(actor, archive, made, PANEL, {one: finding})


def for_heads(archive: Archive, kind: Kind, class_code: str) -> UUID:
    """A proceeding with two records, the first of which the head of the office alone may see."""
    staffed(archive)
    records = old_records(archive, 2, class_code)
    made = opened_proceeding(archive, kind, *records)
    heads_alone(archive, records[0])
    return made


def heads_alone(archive: Archive, record: UUID) -> None:
    with archive.database.writer() as session:
        session.execute(update(Record).where(Record.id == record).values(who_may="head", level="restricted"))
        session.commit()


def items_of(archive: Archive, table: Any) -> Ids:
    """The items of a list: first the one whose record is for the head alone."""
    with archive.database.reader() as session:
        rows = session.execute(select(table.id, Record.who_may).join(Record, Record.id == table.record_id)).all()
    return Ids(*(next(one for one, rank in rows if (rank == "head") is hidden) for hidden in (True, False)))


def assessed(archive: Archive) -> Any:
    able = ready(archive)
    records = due(able, 2, level=Level.RESTRICTED)
    batch = proposed(able, level=Level.RESTRICTED)
    heads_alone(able, records[0])
    found = Inspected("keep", "dilihat, masih berguna")
    return "ketua", items_of(able, DisposalItem), lambda actor, one: assess_items(actor, able, batch, {one: found})


def selected(archive: Archive) -> Any:
    able = ready(archive)
    (theirs,), (ours,) = due(able, 1, by="clerk-bappeda"), due(able, 1)
    batch = opened(able)
    set_committee(who(able, "arsiparis"), able, batch, COMMITTEE, letter(able, "SK-1"))
    return "arsiparis", Ids(theirs, ours), lambda actor, one: select_due(actor, able, batch, [one])


CASES: list[tuple[str, Made]] = [
    ("capture.photographs.send_photographs", photographed),
    ("capture.progress.progress_of", progress),
    ("disposal.destruction.assess_items", assessed),
    ("disposal.destruction.select_due", selected),
    ("records.events_many.preview_events", noted_before),
    ("records.events_many.record_events", noted),
    ("records.events_many.verify_events", confirmed),
    ("records.filing_many.file_many", filed),
    ("records.filing_many.preview_many", previewed),
    ("records.grants.approve_request", approved),
    ("records.grants.give_access", given),
    ("records.holds.place_hold", held),
    ("records.holds.place_hold", held_folder),
    ("records.proceedings.add_items", moved),
    ("records.reviewing.assess_review", reviewed),
    ("records.undo.undo_many", taken_back),
]
OTHERWISE = {
    "records.shredding.finish_removal": "blobs whose destruction was ordered, by whoever carries it out",
    "records.shredding.forget_keys": "blobs whose destruction was ordered, by whoever carries it out",
    "records.shredding.remove_bytes": "blobs whose destruction was ordered, by whoever carries it out",
    "records.shredding.shred": "blobs whose destruction was ordered, by whoever carries it out",
}
"""Use cases that take ids of what nobody is shown, and why they are not compared."""
AS_TEXT = (ToldEvent, AskedScope)
"""What names a record or a folder by an id as text."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].__name__}")
def test_an_id_that_is_hidden_is_answered_as_one_that_nobody_has(embedded: Archive, case: tuple[str, Made]) -> None:
    name, ids, call = case[1](embedded)
    actor = who(embedded, name)
    answered(embedded, lambda: call(actor, uuid4()))  # of repeated disclosures the first leaves an event
    unknown = answered(embedded, lambda: call(actor, uuid4()))
    assert answered(embedded, lambda: call(actor, ids.hidden)) == unknown
    assert answered(embedded, lambda: call(actor, ids.shown)) != unknown


def answered(archive: Archive, call: Callable[[], Any]) -> tuple[str, list[tuple[str, str, str]]]:
    """What a use case answers or says in refusing, without ids; and which events it leaves in the trail."""
    with archive.database.reader() as session:
        before = len(session.scalars(select(AuditLeaf.index)).all())
    try:
        told = repr(call())
    except EdmsError as error:
        told = f"{type(error).__name__}: {error.message} ({error.mend})"
    with archive.database.reader() as session:
        bodies = session.scalars(select(AuditLeaf.body).where(AuditLeaf.index >= before).order_by(AuditLeaf.index))
        events = [json.loads(body) for body in bodies]
    return UUIDS.sub("ID", told), [(one["action"], one["outcome"], one["subject"]["kind"]) for one in events]


def test_every_use_case_that_takes_several_ids_is_compared() -> None:
    found = {name for name, function in zip(NAMES, ALL, strict=True) if takes_several(function)}
    assert found == {name for name, _made in CASES} | set(OTHERWISE)


def takes_several(function: Callable[..., Any]) -> bool:
    hints = typing.get_type_hints(function)
    return any(several(hints[name]) for name in list(inspect.signature(function).parameters)[2:])


def several(kind: Any) -> bool:
    """Whether a parameter of this kind holds several ids: a collection of them, or of what has one, however deep."""
    if is_a(kind, Collection):
        return any(names_one(part) for part in typing.get_args(kind)[:1])
    return any(several(part) for part in parts_of(kind))


def names_one(kind: Any) -> bool:
    return kind is UUID or kind in AS_TEXT or any(names_one(part) for part in parts_of(kind))


def parts_of(kind: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(kind):
        yield from typing.get_type_hints(kind).values()
    elif typing.get_origin(kind) in (types.UnionType, typing.Union) or is_a(kind, Collection):
        yield from typing.get_args(kind)


def is_a(kind: Any, wanted: type) -> bool:
    origin = typing.get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, wanted)


def test_nobody_assesses_a_hand_over_of_what_they_may_not_see(embedded: Archive) -> None:
    made = for_heads(embedded, Kind.HANDOVER, PERMANENT)
    with pytest.raises(Refused, match="not for you to see"):
        assess_handover(who(embedded, ASSESSOR), embedded, made, PANEL, looked_at=True)
    assess_handover(who(embedded, "head-dinkes"), embedded, made, PANEL, looked_at=True)
    assert show_proceeding(who(embedded, ASSESSOR), embedded, made).state == "assessed"


def test_a_review_needs_somebody_who_may_see_all_of_it(embedded: Archive) -> None:
    made = for_heads(embedded, Kind.REVIEW, REVIEWED)
    items = items_of(embedded, ProceedingItem)
    found = {one: ReviewFinding(Choice.DESTROY, "tidak bernilai guna") for one in (items.hidden, items.shown)}
    with pytest.raises(Refused, match="not in it"):
        assess_review(who(embedded, ASSESSOR), embedded, made, PANEL, found)
    assess_review(who(embedded, "head-dinkes"), embedded, made, PANEL, found)
    assert show_proceeding(who(embedded, ASSESSOR), embedded, made).state == "assessed"


def test_a_member_judges_what_that_member_may_see_and_another_the_rest(embedded: Archive) -> None:
    able = ready(embedded)
    records = due(able, 2, level=Level.RESTRICTED)
    batch = proposed(able, level=Level.RESTRICTED)
    heads_alone(able, records[0])
    items, found = items_of(able, DisposalItem), Inspected("destroy", "dilihat, tidak bernilai guna")
    assert assess_items(who(able, "ketua"), able, batch, {items.shown: found}) == 1
    with pytest.raises(Refused, match="no longer part"):
        assess_items(who(able, "ketua"), able, batch, {items.hidden: found})
    assert assess_items(who(able, "penilai"), able, batch, {items.hidden: found}) == 0
    assert {item.verdict for item in show_batch(who(able, "penilai"), able, batch).items} == {"destroy"}


def test_nobody_checks_a_scan_that_they_may_not_see(embedded: Archive) -> None:
    with_checker(embedded)
    record = scanned(embedded, scan("A6"), level=Level.RESTRICTED)
    made = opened_digitisation(embedded, level=Level.RESTRICTED)
    item = put_in(embedded, made, scanner_of(embedded), record)
    hand_over(who(embedded, OPERATOR), embedded, made)
    heads_alone(embedded, record)
    for one in (item, uuid4()):
        with pytest.raises(NotFound):
            check_item(who(embedded, "official-dinkes"), embedded, one, Finding(accepted=True))
    check_item(who(embedded, CHECKER), embedded, item, Finding(accepted=True))
    with embedded.database.reader() as session:
        assert session.get_one(DigitisedItem, item).state == ItemState.ACCEPTED.value
