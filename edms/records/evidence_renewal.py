"""Renewing evidence in bulk: one timestamp covers every record that is not covered yet, and one renews every old one.

Three things are looked after, each with one call to the timestamp authority for any number of records:
records without evidence get their first; records whose newest tree is of another algorithm than the setting's are
hashed anew and begin a new chain; chains whose newest timestamp ends soon are renewed (RFC 4998 section 5.2).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased, selectinload

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import EdmsError, IntegrityFault
from edms.records.archive import Archive
from edms.records.evidence_builder import Leaf, StampedTree, TreeInDatabase
from edms.records.evidence_model import EvidenceMember, EvidenceTree, TreeKind
from edms.records.evidence_trees import GROUP_ROLES, STORED, TreeReader, document_digests
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.signing.evidence_record import digest, renewal_digest
from edms.signing.evidence_tree import group_hash
from edms.vault.model import StoredBlob

ROWS_AT_ONCE = 5000
RECORDS_READ_AT_ONCE = 50
_NEEDED = {ComponentRole.MANIFEST.value, ComponentRole.SEAL.value}

Advance = Callable[[int], None]


@dataclass
class RenewalReport:
    """What a renewal did: the trees it had stamped, and the records it could not hash (id, reason).

    Chains are named by the number of the tree that began them. `lapsed`: renewed by nobody before their certificate
    ended. `waiting`: they end soon, and so does the certificate that the authority has now; nothing would be won yet.
    """

    trees: list[StampedTree] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    lapsed: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.left_out and not self.lapsed

    def as_dict(self) -> dict[str, Any]:
        """Return the stable JSON."""
        return {
            "ok": self.ok,
            "trees": [tree._asdict() for tree in self.trees],
            "left_out": [{"record": record, "reason": reason} for record, reason in self.left_out],
            "lapsed": self.lapsed,
            "waiting": self.waiting,
        }


def renew_evidence(actor: Actor | None, archive: Archive, advance: Advance = lambda _count: None) -> RenewalReport:
    """Cover what is not covered, renew what ages. `advance` is told how many records were hashed.

    What cannot be hashed is left out and named; verification names it too. Raises SignerUnavailable when no authority
    gives a timestamp: then nothing has changed, and trees that were stamped before it stay. Raises Refused when another
    renewal is under way.
    """
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    report = RenewalReport()
    _cover_documents(actor, archive, report, advance)
    _renew_timestamps(actor, archive, report)
    return report


def renew_when_due(actor: Actor, archive: Archive) -> RenewalReport | None:
    """Renew if the last renewal is as long ago as the setting says; None when it is not time."""
    hours = archive.settings.signing.evidence_interval_hours
    if not hours:
        return None
    with archive.database.reader() as session:
        newest = session.scalar(select(EvidenceTree.touched_at).order_by(EvidenceTree.id.desc()).limit(1))
        if newest is not None and newest > archive.clock.now() - timedelta(hours=hours):
            return None
        if not _anything_due(session, archive):
            return None
    return renew_evidence(actor, archive)


def uncovered() -> ColumnElement[bool]:
    """The condition on records that are evidence and that no tree covers."""
    covered = exists().where(EvidenceMember.record_id == Record.id)
    return (Record.state == RecordState.DECLARED.value) & ~covered


def of_another_algorithm(algorithm: str) -> ColumnElement[bool]:
    """The condition on records whose newest tree is of another algorithm."""
    newer = aliased(EvidenceMember)
    newest = ~exists().where(newer.record_id == EvidenceMember.record_id, newer.tree_id > EvidenceMember.tree_id)
    old = exists().where(
        EvidenceMember.record_id == Record.id,
        EvidenceTree.id == EvidenceMember.tree_id,
        EvidenceTree.algorithm != algorithm,
        newest,
    )
    return (Record.state == RecordState.DECLARED.value) & old


def _anything_due(session: Session, archive: Archive) -> bool:
    algorithm = archive.settings.signing.evidence_algorithm
    for wanted in (uncovered(), of_another_algorithm(algorithm)):
        if session.scalar(select(Record.id).where(wanted).limit(1)) is not None:
            return True
    return any(True for _chain in chains_that_end(session, archive))


def _cover_documents(actor: Actor | None, archive: Archive, report: RenewalReport, advance: Advance) -> None:
    algorithm = archive.settings.signing.evidence_algorithm
    conditions = (uncovered(), of_another_algorithm(algorithm))
    with archive.database.reader() as session:
        if not any(session.scalar(select(Record.id).where(wanted).limit(1)) for wanted in conditions):
            return
    tree = TreeInDatabase(actor, archive, TreeKind.DOCUMENTS, algorithm)
    tree.begin()
    try:
        for leaves in _document_leaves(archive, algorithm, report):
            if leaves:
                tree.add(leaves)
            advance(len(leaves))
        stamped = tree.stamp() if tree.size else None
        if stamped is None:
            tree.abandon()
        else:
            report.trees.append(stamped)
    except BaseException:
        tree.abandon()
        raise


def _document_leaves(archive: Archive, algorithm: str, report: RenewalReport) -> Iterator[list[Leaf]]:
    first = _leaves_of_rows if algorithm == STORED else _leaves_of_contents
    yield from first(archive, uncovered(), algorithm, report)
    yield from _leaves_of_contents(archive, of_another_algorithm(algorithm), algorithm, report)


def _leaves_of_rows(
    archive: Archive, wanted: ColumnElement[bool], _algorithm: str, report: RenewalReport
) -> Iterator[list[Leaf]]:
    """Yield leaves by the SHA-256 that the rows have of each stored file: nothing is opened."""
    for ids, session in _pages(archive, wanted, ROWS_AT_ONCE):
        roles: dict[UUID, set[str]] = defaultdict(set)
        groups: dict[UUID, list[bytes]] = defaultdict(list)  # a role may be that of several: photographs, attachments
        query = (
            select(Component.record_id, Component.role, StoredBlob.sha256)
            .join(StoredBlob, StoredBlob.id == Component.blob_id)
            .where(Component.record_id.in_(ids), Component.role.in_(GROUP_ROLES))
        )
        for record_id, role, sha256 in session.execute(query):
            roles[record_id].add(role)
            groups[record_id].append(bytes.fromhex(sha256))
        found = []
        for record_id in ids:
            if roles[record_id] >= _NEEDED:
                found.append(Leaf(record_id, group_hash(STORED, groups[record_id])))
            else:
                report.left_out.append((str(record_id), "it has no manifest or no seal"))
        yield found


def _leaves_of_contents(
    archive: Archive, wanted: ColumnElement[bool], algorithm: str, report: RenewalReport
) -> Iterator[list[Leaf]]:
    """Yield leaves by reading every stored file; where there are older chains, over them too."""
    for ids, session in _pages(archive, wanted, RECORDS_READ_AT_ONCE):
        trees = TreeReader(session)
        query = select(Record).where(Record.id.in_(ids)).options(_PARTS).order_by(Record.id)
        found = []
        for record in session.scalars(query):
            try:
                found.append(Leaf(record.id, _leaf_of_contents(archive, trees, record, algorithm)))
            except EdmsError as error:
                report.left_out.append((str(record.id), error.message))
        yield found


_PARTS = selectinload(Record.components).selectinload(Component.blob)


def _leaf_of_contents(archive: Archive, trees: TreeReader, record: Record, algorithm: str) -> bytes:
    if not {part.role for part in record.components} >= _NEEDED:
        raise IntegrityFault("it has no manifest or no seal")
    digests = document_digests(archive, record)
    plain = digests(algorithm)
    older = trees.evidence_record(record.id, digests)
    if older is None:
        return group_hash(algorithm, plain)
    return group_hash(algorithm, (renewal_digest(algorithm, one, older.chains) for one in plain))


def _pages(archive: Archive, wanted: ColumnElement[bool], size: int) -> Iterator[tuple[list[UUID], Session]]:
    """Yield the ids of records that meet a condition, in their order, each page with a session of its own."""
    last: UUID | None = None
    while True:
        with archive.database.reader() as session:
            query = select(Record.id).where(wanted).order_by(Record.id).limit(size)
            ids = list(session.scalars(query.where(Record.id > last) if last else query))
            if not ids:
                return
            yield ids, session
        last = ids[-1]


def _renew_timestamps(actor: Actor | None, archive: Archive, report: RenewalReport) -> None:
    due: dict[str, list[Ending]] = defaultdict(list)
    with archive.database.reader() as session:
        for ending in chains_that_end(session, archive):
            if ending.ends_at < archive.clock.now():
                report.lapsed.append(ending.chain)
            else:
                due[ending.algorithm].append(ending)
    for algorithm, endings in sorted(due.items()):
        tree = TreeInDatabase(actor, archive, TreeKind.TIMESTAMPS, algorithm)
        tree.begin()
        try:
            tree.add([Leaf(ending.chain, ending.hash) for ending in endings])
            stamped = tree.stamp(later_than=min(ending.ends_at for ending in endings))
        except BaseException:
            tree.abandon()
            raise
        if stamped is None:
            report.waiting += [ending.chain for ending in endings]
        else:
            report.trees.append(stamped)


class Ending(NamedTuple):
    """A chain whose newest certificate ends soon, and the hash over its tokens so far."""

    chain: int
    algorithm: str
    ends_at: datetime
    hash: bytes


def chains_that_end(session: Session, archive: Archive) -> Iterator[Ending]:
    """Yield each chain in use, that is the newest of some record, whose newest certificate ends soon."""
    soon = archive.clock.now() + timedelta(days=archive.settings.signing.renew_before_days)
    newer = aliased(EvidenceMember)
    newest = ~exists().where(newer.record_id == EvidenceMember.record_id, newer.tree_id > EvidenceMember.tree_id)
    in_use = exists().where(EvidenceMember.tree_id == EvidenceTree.id, newest)
    begun = select(EvidenceTree).where(
        EvidenceTree.kind == TreeKind.DOCUMENTS.value, EvidenceTree.token.is_not(None), in_use
    )
    trees = TreeReader(session)
    for chain in session.scalars(begun.order_by(EvidenceTree.id)).all():
        ends = [one.ends_at for one in (chain, *(tree for _place, tree in trees.renewals(chain.id)))]
        if ends[-1] is not None and ends[-1] < soon:
            hashes = (digest(chain.algorithm, token) for token in trees.chain_tokens(chain))
            yield Ending(chain.id, chain.algorithm, ends[-1], group_hash(chain.algorithm, hashes))
