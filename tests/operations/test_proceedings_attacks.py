"""One attack on each guard of a transfer, a review and a hand-over: what may not happen does not (R43-R48, R88)."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import settle
from proceedings_people import (
    APPROVER,
    ASSESSOR,
    CLERK,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    PANEL,
    REVIEWED,
    approval,
    listed_transfer,
    old_records,
    opened,
    ready_handover,
    receipt_of,
    signed_papers,
    staffed,
)
from signing_people import who
from sqlalchemy import select

from edms.access.policy import Action
from edms.audit.trail import AuditTrail
from edms.core.errors import IntegrityFault, Refused, StorageFault
from edms.exchange.drawing import draw_up
from edms.exchange.handing_over import HandoverDecision, approve_handover, assess_handover, decide_handover
from edms.exchange.sending import close_handover, package_handover, receive_receipt, send_handover
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.records.archive import Archive
from edms.records.hold_binding import HOLDER, IndexBehind
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.model import Component, Record
from edms.records.proceedings_model import Proceeding
from edms.records.questions import KeptQuestion
from edms.records.reindexing import look_again
from edms.records.reviewing import Choice, ReviewFinding, assess_review, decide_review
from edms.retention.proceedings import Kind


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def reasons(archive: Archive, made: UUID) -> list[str]:
    """What each item was taken out for; empty for one that stands."""
    with archive.database.reader() as session:
        return [item.reason or "" for item in session.get_one(Proceeding, made).items]


def held_search(archive: Archive, words: str) -> None:
    place_hold(who(archive, APPROVER), archive, [], "Perkara 12/G/2026", "Surat PTUN", "sengketa",
               [AskedScope(ScopeKind.QUERY, question=KeptQuestion(words))])  # fmt: skip


def retitled(archive: Archive, record: UUID, title: str) -> None:
    """Let a record be found by other words than when its search was held, without the worker that follows searches."""
    with archive.door.write(HOLDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.session.get_one(Record, record).title = title
        look_again(operation, [record])


def test_what_a_held_search_finds_only_now_changes_no_custody(one: Archive) -> None:
    first, second = old_records(one)
    held_search(one, "lahan")
    made = listed_transfer(one, first, second)
    signed_papers(one, made, HEAD, HEAD_OF_ARCHIVE)
    retitled(one, second, "Sengketa lahan pasar")
    with pytest.raises(IndexBehind):
        receive_transfer(who(one, EXECUTOR), one, made)
    settle(one)
    assert receive_transfer(who(one, EXECUTOR), one, made) == 1
    assert reasons(one, made) == ["", "not due any more: held"]


def test_what_a_held_search_finds_only_now_is_neither_packed_nor_sent(one: Archive, tmp_path: Path) -> None:
    first, second, third = old_records(one, 3)
    held_search(one, "lahan")
    made = ready_handover(one, first, second, third)
    retitled(one, second, "Sengketa lahan pasar")
    with pytest.raises(IndexBehind), (tmp_path / "0.zip").open("wb") as out:
        package_handover(who(one, EXECUTOR), one, made, out)
    settle(one)
    with (tmp_path / "1.zip").open("wb") as out:
        package_handover(who(one, EXECUTOR), one, made, out)
    retitled(one, third, "Sengketa lahan terminal")
    settle(one)
    with pytest.raises(Refused, match="1 records in it are held"):
        send_handover(who(one, EXECUTOR), one, made, "kurir")
    with (tmp_path / "2.zip").open("wb") as out:
        package_handover(who(one, EXECUTOR), one, made, out)
    send_handover(who(one, EXECUTOR), one, made, "kurir")
    assert reasons(one, made) == ["", "not due any more: held", "not due any more: held"]


def test_what_a_held_search_finds_only_now_gets_no_other_schedule(one: Archive) -> None:
    first, second = old_records(one, 2, REVIEWED, "Notulen")
    held_search(one, "lahan")
    made = opened(one, Kind.REVIEW, first, second)
    with one.database.reader() as session:
        told = {item.id: ReviewFinding(Choice.DESTROY, "tidak bernilai")
                for item in session.get_one(Proceeding, made).items}  # fmt: skip
    assess_review(who(one, ASSESSOR), one, made, PANEL, told)
    retitled(one, second, "Sengketa lahan pasar")
    settle(one)
    assert decide_review(who(one, HEAD), one, made, "sesuai usul panitia") == 1
    assert reasons(one, made) == ["", "not due any more: held"]


Acts = list[tuple[str, Callable[[], object]]]


def a_transfer(archive: Archive) -> tuple[UUID, Acts]:
    """A transfer in its draft, and every step of it with those who sign between."""
    made = opened(archive, Kind.TRANSFER, *old_records(archive, 1))
    return made, [
        ("list", lambda: list_transfer(who(archive, CLERK), archive, made, "1/2026", HEAD, HEAD_OF_ARCHIVE)),
        ("", lambda: signed_papers(archive, made, HEAD, HEAD_OF_ARCHIVE)),
        ("receive", lambda: receive_transfer(who(archive, EXECUTOR), archive, made)),
    ]


def a_review(archive: Archive) -> tuple[UUID, Acts]:
    made = opened(archive, Kind.REVIEW, *old_records(archive, 1, REVIEWED, "Notulen"))
    with archive.database.reader() as session:
        told = {item.id: ReviewFinding(Choice.PERMANENT, "sejarah")
                for item in session.get_one(Proceeding, made).items}  # fmt: skip
    return made, [
        ("assess", lambda: assess_review(who(archive, ASSESSOR), archive, made, PANEL, told)),
        ("decide", lambda: decide_review(who(archive, HEAD), archive, made, "sesuai usul")),
    ]


def a_handover(archive: Archive) -> tuple[UUID, Acts]:
    made, out = opened(archive, Kind.HANDOVER, *old_records(archive, 1)), io.BytesIO()
    decision, receipt = HandoverDecision("188/9/2026", approval(archive).on, HEAD), []

    def receive() -> None:
        receive_receipt(who(archive, EXECUTOR), archive, made, *receipt[0])

    def package() -> None:
        out.seek(0)
        out.truncate()
        package_handover(who(archive, EXECUTOR), archive, made, out)

    return made, [
        ("assess", lambda: assess_handover(who(archive, ASSESSOR), archive, made, PANEL, looked_at=True)),
        ("approve", lambda: approve_handover(who(archive, APPROVER), archive, made, approval(archive))),
        ("decide", lambda: decide_handover(who(archive, HEAD), archive, made, decision)),
        ("", lambda: draw_up(who(archive, CLERK), archive, made)),
        ("", lambda: signed_papers(archive, made, HEAD)),
        ("package", package),
        ("send", lambda: send_handover(who(archive, EXECUTOR), archive, made, "kurir")),
        ("", lambda: receipt.append(receipt_of(archive, out.getvalue()))),
        ("receive", receive),
        ("close", lambda: close_handover(who(archive, EXECUTOR), archive, made, "selesai")),
    ]


def as_it_stands(archive: Archive, made: UUID) -> tuple[object, ...]:
    with archive.database.reader() as session:
        row = session.get_one(Proceeding, made)
        items = [(item.state, item.standing_key, item.decision, item.sent) for item in row.items]
        return row.state, row.list_sha256, row.package, [step.act for step in row.steps], items


@pytest.mark.parametrize("kind", [a_transfer, a_review, a_handover])
def test_no_step_is_taken_by_a_clock_set_back_or_without_its_event(
    one: Archive, monkeypatch: pytest.MonkeyPatch, kind: Callable[[Archive], tuple[UUID, Acts]]
) -> None:
    """Each step attacked in turn: by a clock set back an hour, and by a trail on a disk that is full."""
    made, acts = kind(one)

    def fail(self: AuditTrail, session: object, events: object) -> None:
        raise StorageFault("the disk is full", "free some")

    for name, act in acts:
        before, now = as_it_stands(one, made), one.clock.now()
        if name:
            one.clock.set(now - timedelta(hours=1))  # type: ignore[attr-defined]
            with pytest.raises(Refused, match=r"clock stands before|dated before|after today"):
                act()
            one.clock.set(now)  # type: ignore[attr-defined]
            with monkeypatch.context() as patched:
                patched.setattr(AuditTrail, "append_all", fail)
                with pytest.raises(StorageFault):
                    act()
            assert as_it_stands(one, made) == before, name
        act()
    assert as_it_stands(one, made)[0] in ("received", "decided", "closed")


def test_a_rule_that_is_another_one_meanwhile_keeps_a_record_here(one: Archive) -> None:
    """What was decided was decided by the rule on the list."""
    first, second = old_records(one)
    made = ready_handover(one, first, second)
    with one.database.writer() as session:
        session.get_one(Record, second).rule_edition = "jra-lain"
        session.commit()
    out = io.BytesIO()
    package_handover(who(one, EXECUTOR), one, made, out)
    with zipfile.ZipFile(out) as package:
        assert not [name for name in package.namelist() if str(second) in name]
    assert [bool(why) for why in reasons(one, made)] == [False, True]


def test_what_is_to_be_destroyed_or_reviewed_is_not_handed_over(one: Archive) -> None:
    destroyed, reviewed = old_records(one, 1, "000.1.1", "Undangan")[0], old_records(one, 1, REVIEWED, "Notulen")[0]
    for record, kind in ((destroyed, Kind.HANDOVER), (reviewed, Kind.HANDOVER), (destroyed, Kind.REVIEW)):
        with pytest.raises(Refused, match="other_fate"):
            opened(one, kind, record)


def test_damaged_bytes_leave_in_no_package(one: Archive) -> None:
    first, second = old_records(one)
    made = ready_handover(one, first, second)
    with one.database.reader() as session:
        part = session.scalars(select(Component).where(Component.record_id == second, Component.role == "original"))
        name = part.one().blob.name
    path = next((one.settings.storage.path / "blobs").rglob(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityFault):
        package_handover(who(one, EXECUTOR), one, made, io.BytesIO())
    assert as_it_stands(one, made)[0] == "decided"
    with pytest.raises(Refused, match="next one"):
        send_handover(who(one, EXECUTOR), one, made, "kurir")


def test_what_is_known_to_be_damaged_changes_no_custody(one: Archive) -> None:
    first, second = old_records(one)
    made = listed_transfer(one, first, second)
    signed_papers(one, made, HEAD, HEAD_OF_ARCHIVE)
    with one.database.writer() as session:
        session.get_one(Record, second).fixity_failed = True
        session.commit()
    assert receive_transfer(who(one, EXECUTOR), one, made) == 1
    assert reasons(one, made) == ["", "not due any more: fixity_failed"]
