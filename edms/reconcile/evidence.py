"""Checking the evidence records: the chain of each covered record, each tree against its timestamp and the trail."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.audit.events import read_leaf
from edms.audit.model import AuditLeaf
from edms.core.canonical import sha256_hex
from edms.core.errors import EdmsError, IntegrityFault
from edms.reconcile.faults import Fault
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.evidence_builder import RENEWED, SUBJECT
from edms.records.evidence_model import EvidenceMember, EvidenceRenewal, EvidenceTile, EvidenceTree, TreeKind
from edms.records.evidence_trees import TreeReader, document_digests
from edms.records.model import ComponentRole, Record
from edms.signing.evidence_check import EvidenceChecker
from edms.signing.evidence_record import hash_size
from edms.signing.evidence_tree import TreeBuilder, tile_levels
from edms.signing.timestamp_token import RETIRED, problems, read_token, seal_timestamp

KIND = "evidence"
_TOLD = ("kind", "algorithm", "size", "root", "token_sha256")


class EvidenceInspection:
    """Checks the records of one session as of one moment; what many records share is judged once."""

    def __init__(self, session: Session, archive: Archive) -> None:
        self._session = session
        self._archive = archive
        self._trees = TreeReader(session)
        self._retired = {**RETIRED, **archive.settings.signing.retired_algorithms}
        self._moment = archive.clock.now()
        self._checker = EvidenceChecker(archive.trust.timestamps, self._moment, self._retired)
        self.covered = 0
        self.uncovered = 0
        self.ended = 0

    def record_faults(self, record: Record) -> Iterator[Fault]:
        """Yield what is wrong with the evidence record of a declared record; one without any is counted.

        `ended` counts those whose seal's own timestamp has ended: nothing is wrong with them but that their time is now
        believed on the archive's word alone.
        """
        identity = str(record.id)
        digests = document_digests(self._archive, record)
        try:
            evidence = self._trees.evidence_record(record.id, digests)
            sealed = self._seal_ends(record)
            if evidence is None:
                self.uncovered += 1
                self.ended += sealed is not None and sealed < self._moment
                return
            self.covered += 1
            verdict = self._checker.check(evidence, digests)
        except EdmsError as error:
            yield Fault(KIND, identity, f"its evidence record cannot be made: {error.message}")
            return
        for problem in verdict.problems:
            yield Fault(KIND, identity, f"its evidence record does not hold: {problem}")
        if sealed is not None and verdict.since is not None and sealed < verdict.since:
            yield Fault(KIND, identity, f"its seal's timestamp ended on {sealed:%Y-%m-%d}, before it was covered")

    def _seal_ends(self, record: Record) -> datetime | None:
        part = record.component(ComponentRole.SEAL)
        if part is None:
            return None
        with open_component(self._archive, part) as stream:
            return seal_timestamp(stream.read()).until

    def tree_faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the trees themselves: their tiles, roots and tokens, and what the trail knows."""
        told = self._told_by_the_trail()
        for tree in self._session.scalars(select(EvidenceTree).order_by(EvidenceTree.id)):
            if tree.under_way:
                continue
            identity = f"tree {tree.id}"
            for problem in self._tree_problems(tree):
                yield Fault(KIND, identity, problem)
            known = told.pop(str(tree.id), None)
            if known is None:
                yield Fault(KIND, identity, "the audit trail knows nothing of it")
            elif known != _identity(tree):
                yield Fault(KIND, identity, "it is not the one that the audit trail tells of")
        for number in told:
            yield Fault(KIND, f"tree {number}", "the audit trail tells of it, and there is no row of it")

    def _tree_problems(self, tree: EvidenceTree) -> Iterator[str]:
        try:
            token = read_token(tree.token or b"")
            if tree.root is None or self._rebuilt(tree) != tree.root:
                yield "its hashes do not lead to its root"
                return
        except (IntegrityFault, ValueError, KeyError) as error:
            yield f"it cannot be read: {error}"
            return
        if self._members(tree) != tree.size:
            yield "there are not as many records or chains in it as it has leaves"
        told = (tree.stamped_at, tree.ends_at, tree.authority, tree.development)
        if told != (token.time, token.until, token.authority[:300], token.development):
            yield "its row tells another time or authority than its timestamp"
        for problem in problems(token, tree.algorithm, tree.root, self._archive.trust.timestamps, token.time):
            yield f"its timestamp: {problem}"

    def _members(self, tree: EvidenceTree) -> int:
        table = EvidenceMember if tree.kind == TreeKind.DOCUMENTS.value else EvidenceRenewal
        query = select(func.count(table.position.distinct())).where(table.tree_id == tree.id)
        return self._session.scalar(query) or 0

    def _rebuilt(self, tree: EvidenceTree) -> bytes:
        """Build the tree again from its lowest tiles and hold every other tile against it; return the root."""
        size, builder = hash_size(tree.algorithm), TreeBuilder(tree.algorithm)
        made: dict[tuple[int, int], bytes] = {}
        lowest = (EvidenceTile.tree_id == tree.id) & (EvidenceTile.level == 0)
        query = select(EvidenceTile.hashes).where(lowest).order_by(EvidenceTile.position)
        for tile in self._session.scalars(query.execution_options(yield_per=100)):
            for start in range(0, len(tile), size):
                made |= {(level, index): one for level, index, one in builder.add(tile[start : start + size]) if level}
        made |= {(level, index): one for level, index, one in builder.finish() if level}
        kept = select(EvidenceTile).where(EvidenceTile.tree_id == tree.id, EvidenceTile.level > 0)
        found = {(tile.level, tile.position): tile.hashes for tile in self._session.scalars(kept)}
        if builder.size != tree.size or found != made or len(tile_levels(tree.size)) != len({0, *(k[0] for k in made)}):
            raise IntegrityFault("its tiles are not those of its tree")
        return builder.root

    def _told_by_the_trail(self) -> dict[str, tuple[Any, ...]]:
        told: dict[str, tuple[Any, ...]] = {}
        query = select(AuditLeaf.index).where(AuditLeaf.action == RENEWED, AuditLeaf.subject_kind == SUBJECT)
        leaves = [self._read(index) for index in self._session.scalars(query)]
        waiting = (one for one in self._archive.trail.waiting(self._session) if one["action"] == RENEWED)
        for leaf in (*leaves, *waiting):
            if leaf is not None:
                told[leaf["subject"]["id"]] = tuple(leaf["details"].get(name) for name in _TOLD)
        return told

    def _read(self, index: int) -> dict[str, Any] | None:
        """Return a leaf; None when it cannot be read, which the check of the trail names."""
        try:
            return read_leaf(self._archive.trail.leaf(self._session, index) or b"")
        except (ValueError, IntegrityFault):
            return None


def _identity(tree: EvidenceTree) -> tuple[Any, ...]:
    """What the audit trail tells of a tree (`_TOLD`), by its row."""
    return tree.kind, tree.algorithm, tree.size, (tree.root or b"").hex(), sha256_hex(tree.token or b"")
