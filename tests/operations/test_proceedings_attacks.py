"""One attack on each guard of a transfer, a review and a hand-over: what may not happen does not (R43-R48, R88)."""

from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import settle
from proceedings_people import (
    APPROVER,
    ASSESSOR,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    PANEL,
    REVIEWED,
    listed_transfer,
    old_records,
    opened,
    ready_handover,
    signed_papers,
    staffed,
)
from signing_people import who

from edms.access.policy import Action
from edms.core.errors import Refused
from edms.exchange.sending import package_handover, send_handover
from edms.exchange.transferring import receive_transfer
from edms.records.archive import Archive
from edms.records.hold_binding import HOLDER, IndexBehind
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.model import Record
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
