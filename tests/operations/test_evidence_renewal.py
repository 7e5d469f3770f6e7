"""Evidence in bulk: one timestamp for all, renewals through the years, on both databases; and what stops half-way."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, settings_in
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from sqlalchemy import func, select, update

from edms.access.actors import Actor, console_actor, system_actor
from edms.bootstrap import initialise, open_archive
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.evidence_builder import RENEWED, TreeInDatabase
from edms.records.evidence_model import EvidenceMember, EvidenceRenewal, EvidenceTile, EvidenceTree, TreeKind
from edms.records.evidence_renewal import renew_evidence, renew_when_due
from edms.records.evidence_trees import TreeReader, document_digests
from edms.records.model import Component, Record
from edms.signing.authority import AuthorityMaterial, renew_authority
from edms.signing.errors import SignerUnavailable
from edms.signing.evidence_check import EvidenceChecker, EvidenceVerdict
from edms.signing.evidence_record import EvidenceRecord, read_evidence_record
from edms.signing.local import DevelopmentTimestamps
from edms.signing.protocols import TimestampAuthority

CONSOLE = console_actor("tests")


class Counted:
    """The archive's own authority, with its calls counted; `silent` lets it not answer."""

    def __init__(self, inner: TimestampAuthority) -> None:
        self.inner, self.calls, self.silent = inner, 0, False
        self.name, self.development = inner.name, inner.development

    def pyhanko(self) -> TimeStamper:
        self.calls += 1
        if self.silent:
            raise TimestampRequestError("the timestamp authority does not answer")
        return self.inner.pyhanko()


@pytest.fixture
def counted(archive: Archive) -> tuple[Archive, Counted]:
    authority = Counted(archive.timestamps)
    return dataclasses.replace(archive, timestamps=authority), authority


def fill(archive: Archive, capture: Callable[..., Accepted], count: int, start: int = 0) -> list[UUID]:
    found = [
        capture(archive, f"Catatan nomor {number}".encode(), name=f"{number}.txt", work=number == start + count - 1)
        for number in range(start, start + count)
    ]
    return [accepted.record_id for accepted in found]


def later(archive: Archive, years: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT + timedelta(days=365 * years))


def with_signing(archive: Archive, **changed: Any) -> Archive:
    signing = archive.settings.signing.model_copy(update=changed)
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"signing": signing}))


def evidence(archive: Archive, record_id: UUID) -> tuple[EvidenceRecord | None, EvidenceVerdict | None]:
    with archive.database.reader() as session:
        record = session.get_one(Record, record_id)
        digests = document_digests(archive, record)
        found = TreeReader(session).evidence_record(record_id, digests)
        if found is None:
            return None, None
        read = read_evidence_record(found.encoded())
        return found, EvidenceChecker(archive.trust.timestamps, archive.clock.now()).check(read, digests)


def count(archive: Archive, model: Any) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_one_call_covers_all_that_is_declared_and_the_next_only_what_is_new(
    counted: tuple[Archive, Counted], capture: Callable[..., Accepted]
) -> None:
    archive, authority = counted
    first = fill(archive, capture, 5)
    capture(archive, pdf("Menunggu klasifikasi"), class_code=None, level=None)
    authority.calls = 0
    report = renew_evidence(CONSOLE, archive)
    assert report.ok
    assert [(tree.kind, tree.size, tree.development) for tree in report.trees] == [("documents", 5, True)]
    assert authority.calls == 1
    assert renew_evidence(CONSOLE, archive).trees == []
    second = fill(archive, capture, 2, start=5)
    assert [tree.size for tree in renew_evidence(CONSOLE, archive).trees] == [2]
    for record_id in (*first, *second):
        _record, verdict = evidence(archive, record_id)
        assert verdict is not None
        assert verdict.problems == ()
        assert verdict.since == MOMENT
        assert verdict.development


def test_the_trail_tells_of_each_tree(embedded: Archive, capture: Callable[..., Accepted]) -> None:
    fill(embedded, capture, 2)
    (tree,) = renew_evidence(CONSOLE, embedded).trees
    with embedded.database.reader() as session:
        (event,) = embedded.trail.history(session, "evidence_tree", str(tree.number))
        row = session.get_one(EvidenceTree, tree.number)
        assert row.root is not None
        assert event["action"] == RENEWED
        assert event["details"]["root"] == row.root.hex()
        assert event["details"]["size"] == 2
        assert event["actor"] == CONSOLE.name


def test_timestamps_are_renewed_before_their_certificate_ends(
    counted: tuple[Archive, Counted], capture: Callable[..., Accepted]
) -> None:
    archive, authority = counted
    ids = [*fill(archive, capture, 2)]
    renew_evidence(CONSOLE, archive)
    ids += fill(archive, capture, 3, start=2)
    renew_evidence(CONSOLE, archive)
    later(archive, 3)
    assert renew_evidence(CONSOLE, archive).trees == []
    later(archive, 4.5)
    authority.calls = 0
    report = renew_evidence(CONSOLE, archive)
    assert (report.trees, len(report.waiting)) == ([], 2)  # its newest certificate ends no later: nothing would be won
    assert count(archive, EvidenceTree) == 2
    authority.inner = DevelopmentTimestamps(renewed(archive), archive.clock)
    authority.calls = 0
    (tree,) = renew_evidence(CONSOLE, archive).trees
    assert (tree.kind, tree.size, authority.calls) == ("timestamps", 2, 1)
    assert renew_evidence(CONSOLE, archive).trees == []
    later(archive, 5.5)
    for record_id in ids:
        record, verdict = evidence(archive, record_id)
        assert record is not None
        assert verdict is not None
        assert [len(chain) for chain in record.chains] == [2]
        assert verdict.problems == ()


def renewed(archive: Archive) -> AuthorityMaterial:
    """The next certificates of the archive's authority, under the same root."""
    material = AuthorityMaterial.from_json(archive.keys.secret("authority"))
    return renew_authority(material, "Pemerintah Kota", "ID", archive.clock, 5)


def test_a_new_algorithm_begins_a_new_chain_over_the_contents(
    archive: Archive, capture: Callable[..., Accepted]
) -> None:
    ids = fill(archive, capture, 3)
    renew_evidence(CONSOLE, archive)
    later(archive, 4.5)
    timestamps = DevelopmentTimestamps(renewed(archive), archive.clock)
    archive = dataclasses.replace(archive, timestamps=timestamps)
    renew_evidence(CONSOLE, archive)
    archive = with_signing(archive, evidence_algorithm="sha3_512")
    (tree,) = renew_evidence(CONSOLE, archive).trees
    assert (tree.kind, tree.algorithm, tree.size) == ("documents", "sha3_512", 3)
    assert renew_evidence(CONSOLE, archive).trees == []
    for record_id in ids:
        record, verdict = evidence(archive, record_id)
        assert record is not None
        assert verdict is not None
        assert [[stamp.algorithm for stamp in chain] for chain in record.chains] == [["sha256"] * 2, ["sha3_512"]]
        assert verdict.problems == ()
    new = fill(archive, capture, 1, start=3)
    assert [(tree.algorithm, tree.size) for tree in renew_evidence(CONSOLE, archive).trees] == [("sha3_512", 1)]
    _record, verdict = evidence(archive, new[0])
    assert verdict is not None
    assert verdict.problems == ()


def test_thirty_years(installation: Any, capture: Callable[..., Accepted], embedded: Archive) -> None:
    """The certificates of the authority are renewed five times, the algorithm once; the first record still holds."""
    (record_id,) = fill(embedded, capture, 1)
    renew_evidence(CONSOLE, embedded)
    clock = FixedClock(MOMENT)
    for years in range(5, 31, 5):
        clock.set(MOMENT + timedelta(days=365 * years))
        initialise(settings_in(installation), CONSOLE, demo=False, clock=clock)
        archive = open_archive(settings_in(installation), clock)
        if years >= 16:
            archive = with_signing(archive, evidence_algorithm="sha512")
        renew_evidence(CONSOLE, archive)
        record, verdict = evidence(archive, record_id)
        archive.sandbox.close()
        archive.database.close()
        assert verdict is not None
        assert verdict.problems == (), years
    assert record is not None
    assert [len(chain) for chain in record.chains] == [4, 3]


def test_no_answer_leaves_nothing_and_loses_nothing(
    counted: tuple[Archive, Counted], capture: Callable[..., Accepted]
) -> None:
    archive, authority = counted
    fill(archive, capture, 3)
    authority.silent = True
    with pytest.raises(SignerUnavailable, match="does not answer"):
        renew_evidence(CONSOLE, archive)
    assert [count(archive, model) for model in (EvidenceTree, EvidenceMember, EvidenceTile)] == [0, 0, 0]
    authority.silent = False
    assert [tree.size for tree in renew_evidence(CONSOLE, archive).trees] == [3]


def test_one_renewal_at_a_time_and_a_dead_one_is_cleared_away(
    archive: Archive, capture: Callable[..., Accepted]
) -> None:
    fill(archive, capture, 2)
    dead = TreeInDatabase(CONSOLE, archive, TreeKind.DOCUMENTS, "sha256")
    dead.begin()
    with pytest.raises(Refused, match="under way"):
        renew_evidence(CONSOLE, archive)
    later(archive, 0.01)
    assert [tree.size for tree in renew_evidence(CONSOLE, archive).trees] == [2]
    with pytest.raises(Refused, match="taken the place"):
        dead.add([])
    assert count(archive, EvidenceTree) == 1


def test_a_damaged_file_stops_none_of_the_others(archive: Archive, capture: Callable[..., Accepted]) -> None:
    ids = fill(archive, capture, 3)
    with archive.database.reader() as session:
        name = session.scalars(
            select(Component).where(Component.record_id == ids[1], Component.role == "original")
        ).one().blob.name  # fmt: skip
    (path,) = (archive.settings.storage.path / "blobs").rglob(f"{name}*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    report = renew_evidence(CONSOLE, with_signing(archive, evidence_algorithm="sha512"))
    assert [tree.size for tree in report.trees] == [2]
    assert [record for record, _reason in report.left_out] == [str(ids[1])]
    assert not report.ok


def test_what_was_not_renewed_in_time_is_named(archive: Archive, capture: Callable[..., Accepted]) -> None:
    fill(archive, capture, 1)
    renew_evidence(CONSOLE, archive)
    later(archive, 6)
    report = renew_evidence(CONSOLE, archive)
    assert len(report.lapsed) == 1
    assert not report.ok


def test_who_may(embedded: Archive, person: Callable[[Archive, str], Actor]) -> None:
    for name in ("clerk-dinkes", "auditor", "records"):
        with pytest.raises(NotPermitted):
            renew_evidence(person(embedded, name), embedded)
    assert renew_evidence(person(embedded, "admin"), embedded).ok


def test_the_worker_renews_when_it_is_time(embedded: Archive, capture: Callable[..., Accepted]) -> None:
    worker = system_actor("evidence")
    assert renew_when_due(worker, embedded) is None  # nothing to do yet
    fill(embedded, capture, 2)
    assert renew_when_due(worker, with_signing(embedded, evidence_interval_hours=0)) is None
    report = renew_when_due(worker, embedded)
    assert report is not None
    assert [tree.size for tree in report.trees] == [2]
    fill(embedded, capture, 1, start=2)
    assert renew_when_due(worker, embedded) is None
    later(embedded, 0.01)
    assert renew_when_due(worker, embedded) is not None


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_record_without_a_seal_is_left_out(
    embedded: Archive, capture: Callable[..., Accepted], algorithm: str
) -> None:
    ids = fill(embedded, capture, 2)
    with embedded.database.writer() as session:
        session.execute(
            update(Component).where(Component.record_id == ids[0], Component.role == "seal").values(role="stamp")
        )
        session.commit()
    report = renew_evidence(CONSOLE, with_signing(embedded, evidence_algorithm=algorithm))
    assert report.left_out == [(str(ids[0]), "it has no manifest or no seal")]
    assert [tree.size for tree in report.trees] == [1]


@pytest.fixture
def covered(embedded: Archive, capture: Callable[..., Accepted]) -> Archive:
    """An archive with three records under one tree, whose chain was renewed, and one record that waits."""
    fill(embedded, capture, 3)
    renew_evidence(CONSOLE, embedded)
    later(embedded, 4.5)
    archive = dataclasses.replace(embedded, timestamps=DevelopmentTimestamps(renewed(embedded), embedded.clock))
    assert [tree.kind for tree in renew_evidence(CONSOLE, archive).trees] == ["timestamps"]
    capture(archive, b"Catatan baru", name="baru.txt")
    return archive


def told(archive: Archive) -> set[str]:
    return {fault.detail for fault in verify_all(CONSOLE, archive).faults if fault.kind == "evidence"}


def test_verification_follows_the_chains(covered: Archive) -> None:
    report = verify_all(CONSOLE, covered)
    assert report.ok, report.faults
    assert report.checked["evidence records"] == 3
    assert any("1 sealed records have no evidence record yet" in note for note in report.notes)
    later(covered, 10)
    assert any("timestamp 2 of 2: its certificate ended on" in detail for detail in told(covered))
    assert any(
        "1 of them have a timestamp whose certificate ended" in note for note in verify_all(CONSOLE, covered).notes
    )


def _cells(archive: Archive) -> list[tuple[Any, dict[str, Any], str, Any]]:
    found = []
    with archive.database.reader() as session:
        for model in (EvidenceTree, EvidenceTile, EvidenceMember, EvidenceRenewal):
            table = model.__table__
            for row in session.execute(select(table)):
                keys = {column.name: row._mapping[column.name] for column in table.primary_key}
                for column in table.columns:
                    if column.name not in (*keys, "touched_at", "under_way"):
                        found.append((table, keys, column.name, row._mapping[column.name]))
    return found


def _wrong(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    return value + timedelta(days=1) if isinstance(value, datetime) else f"{value}x"


def test_any_cell_of_the_evidence_is_missed_when_it_is_altered(covered: Archive) -> None:
    for table, keys, column, right in _cells(covered):
        where = [table.c[name] == value for name, value in keys.items()]
        for value in (_wrong(right), right):
            with covered.database.writer() as session:
                session.execute(update(table).where(*where).values({column: value}))
                session.commit()
            assert bool(told(covered)) == (value != right), (table.name, keys, column)


@pytest.mark.parametrize("model", [EvidenceTree, EvidenceTile, EvidenceMember, EvidenceRenewal])
def test_any_row_of_the_evidence_is_missed_when_it_is_gone(covered: Archive, model: Any) -> None:
    with covered.database.writer() as session:
        row = session.scalars(select(model)).first()
        session.delete(row)
        session.commit()
    assert told(covered)
