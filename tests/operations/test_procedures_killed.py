"""The longest procedures killed (kill -9) before each commit in turn: a hand-over from its signatures to its end, and a
destruction from its opening to the beginning of its execution (which test_disposal_killed.py goes on with).

After every death what is there is what its steps say, and the next call goes on from it.
"""

from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import settle
from disposal_people import due, letter, ready
from killed_by_turns import by_turns
from proceedings_people import CLERK, HEAD, decided_handover, old_records, receipt_of, shown, staffed
from signing_people import who
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import console_actor
from edms.core.destruction_format import list_digest
from edms.disposal.course import State, Step, move
from edms.disposal.eligibility import frozen_digest
from edms.exchange.checking import check_package
from edms.exchange.drawing import draw_up
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch
from edms.records.model import Folder, Record
from edms.records.proceedings_model import Proceeding
from edms.records.signatures_model import SignatureRequest
from edms.retention.proceedings import Act, Kind, after
from edms.retention.proceedings import State as Course
from edms.retention.types import Tier

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ITEMS = {"received": {"handed_over"}, "closed": {"handed_over"}}
PAPERS_BY = {"proposal": "propose", "opinion": "request", "request": "request"}
"""Which step each paper is drawn up after."""


def killed(archive: Archive, look: object, work: str, *told: str, one_commit_each: bool = True) -> int:
    """Let a step die before each of its commits, and `look` after each death; returns how many there were."""
    turns = 0
    for turn in by_turns(archive, f"steps_to_the_end:{work}", *told, one_commit_each=one_commit_each):
        look(archive)  # type: ignore[operator]
        turns = turn
    look(archive)  # type: ignore[operator]
    return turns


def whole(archive: Archive) -> None:
    settle(archive)
    report = verify_all(console_actor("tests"), archive)
    assert report.ok, report.faults


def filed_together(session: Session, folder_id: UUID | None, records: set[UUID]) -> None:
    """Its file is one folder with each of its letters and papers, or none where there is none of them yet."""
    assert list(session.scalars(select(Folder.id))) == ([folder_id] if records else [])
    assert set(session.scalars(select(Record.id).where(Record.folder_id.is_not(None)))) == records


def consistent_handover(archive: Archive) -> None:
    """Its state is what its steps lead to, what is in it is of that state, and its package is the one of its step."""
    with archive.database.reader() as session:
        row = session.scalars(select(Proceeding)).one()
        state = Course.DRAFT
        for number, step in enumerate(row.steps, 1):
            assert step.position == number
            state = after(Kind.HANDOVER, state, Act(step.act))
        assert state.value == row.state
        assert {item.state for item in row.items} == ITEMS.get(row.state, {"listed"})
        packed = [step.note["manifest_sha256"] for step in row.steps if step.act == "package"]
        assert row.package.get("manifest_sha256") == (packed[-1] if packed else None)
        assert all(bool(item.sent) is bool(packed) for item in row.items)
        assert len(session.scalars(select(SignatureRequest)).all()) <= 2, "each paper is put before its signer once"
        filed_together(session, row.folder_id, {paper.record_id for paper in row.papers})


def test_a_hand_over_from_its_signatures_to_its_end(embedded: Archive, tmp_path: Path) -> None:
    archive = staffed(embedded)
    made = decided_handover(archive, *old_records(archive, 2))
    draw_up(who(archive, CLERK), archive, made)
    settle(archive)
    told = str(made)
    assert killed(archive, consistent_handover, "ask_on_papers", told) == 2, "two papers are signed"
    assert killed(archive, consistent_handover, "sign_papers", told, HEAD, one_commit_each=False) > 2
    settle(archive)
    target = tmp_path / "paket.zip"
    assert killed(archive, consistent_handover, "pack", told, str(target), one_commit_each=False) == 4
    left = sorted(one.name for one in tmp_path.iterdir() if "paket" in one.name)
    assert left == ["paket.zip"], "nothing of what was begun is left, which anybody could read"
    package = target.read_bytes()
    assert check_package(target).good
    assert killed(archive, consistent_handover, "send", told) == 1
    files = []
    for name, content in zip(("receipt.json", "receipt.p7s"), receipt_of(archive, package), strict=True):
        (tmp_path / name).write_bytes(content)
        files.append(str(tmp_path / name))
    assert killed(archive, consistent_handover, "receive", told, *files) == 2, "the paper, and what follows from it"
    assert killed(archive, consistent_handover, "close", told) == 1
    view = shown(archive, made, Kind.HANDOVER)
    assert (view.state, sorted(view.papers)) == ("closed", ["contents", "minutes", "receipt", "statement"])
    whole(archive)


def consistent_destruction(archive: Archive) -> None:
    """Each step is one that the course has there, what is in it stands, the frozen list is as it was frozen, and a
    paper is there once, of a step that was taken."""
    with archive.database.reader() as session:
        found = session.scalars(select(DisposalBatch)).all()
        assert len(found) <= 1, "opened once"
        for batch in found:
            state, done = State.DRAFT, []
            for number, row in enumerate(batch.steps, 1):
                assert row.position == number
                if number > 1:
                    state = move(Tier(batch.tier), state, Step(row.step), done).target
                done.append(Step(row.step))
                assert row.state == state.value
            assert batch.state == state.value
            assert len(done) == len(set(done)), "no step twice"
            assert len(batch.items) == (2 if Step.SELECT in done else 0)
            assert all(item.standing_key == item.record_id.hex for item in batch.items)
            frozen = [item.frozen_sha256 for item in batch.items if item.frozen_sha256]
            assert len(frozen) == (2 if Step.PROPOSE in done else 0)
            assert frozen == [frozen_digest(item.frozen) for item in batch.items if item.frozen_sha256]
            assert batch.list_sha256 == (list_digest(frozen) if frozen else None)
            assert all(Step(PAPERS_BY[paper.kind]) in done for paper in batch.papers)
            assert bool(batch.signers) is (Step.EXECUTE in done)
            letters = {row.record_id for row in batch.steps if row.record_id}
            filed_together(session, batch.folder_id, letters | {paper.record_id for paper in batch.papers})


@pytest.mark.parametrize("tier", list(Tier))
def test_a_destruction_from_its_opening_to_its_execution(embedded: Archive, tier: Tier) -> None:
    archive = ready(embedded)
    records = due(archive, 2, tier)
    letters = [str(letter(archive, f"SURAT-{number}").record) for number in range(3)]
    with archive.database.reader() as session:
        before = session.scalar(select(func.count()).select_from(Record))
    assert killed(archive, consistent_destruction, "destroy", tier.value, *letters) == 13, "ten steps and three papers"
    with archive.database.reader() as session:
        batch = session.scalars(select(DisposalBatch)).one()
        assert {paper.kind for paper in batch.papers} == set(PAPERS_BY)
        assert session.scalar(select(func.count()).select_from(Record)) == (before or 0) + 3, "each paper once"
        assert sorted(item.record_id for item in batch.items) == sorted(records)
    whole(archive)
