"""From rows to a record's evidence record, and back: hashes of a record's documents, paths in trees."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.core.errors import IntegrityFault
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.evidence_model import EvidenceMember, EvidenceRenewal, EvidenceTile, EvidenceTree
from edms.records.model import Component, ComponentRole, Record
from edms.signing.evidence_record import (
    ALGORITHMS,
    ArchiveTimestamp,
    Chain,
    EvidenceRecord,
    digest,
    renewal_digest,
)
from edms.signing.evidence_tree import (
    ReadTile,
    document_lists,
    group_list,
    renewal_lists,
    siblings,
)

GROUP = (
    ComponentRole.MANIFEST,
    ComponentRole.SEAL,
    ComponentRole.ORIGINAL,
    ComponentRole.ACCESS_COPY,
    ComponentRole.TEXT,
    ComponentRole.ATTACHMENT,
)
GROUP_ROLES = tuple(role.value for role in GROUP)
STORED = "sha256"
_STEP = 1024 * 1024
_TILES_KEPT = 4096

Digests = Callable[[str], list[bytes]]


def document_digests(archive: Archive, record: Record) -> Digests:
    """Return a function that gives the hashes of a record's documents under an algorithm.

    SHA-256 is that of the rows, which verification holds against the bytes. For others every byte is read, and
    IntegrityFault raised when its SHA-256 is not the row's.
    """
    parts = [part for part in record.components if part.role in GROUP_ROLES]

    @lru_cache(maxsize=4)
    def digests(algorithm: str) -> list[bytes]:
        if algorithm == STORED:
            return [bytes.fromhex(part.blob.sha256) for part in parts]
        return [content_digest(archive, part, algorithm) for part in parts]

    return digests


def content_digest(archive: Archive, part: Component, algorithm: str) -> bytes:
    """Read a component and return its hash. Raises IntegrityFault, NotFound as the vault does."""
    wanted, known = hashlib.new(algorithm, usedforsecurity=False), hashlib.sha256()
    with open_component(archive, part) as stream:
        while chunk := stream.read(_STEP):
            wanted.update(chunk)
            known.update(chunk)
    if known.hexdigest() != part.blob.sha256:
        raise IntegrityFault("its bytes are not those that were stored")
    return wanted.digest()


class TreeReader:
    """Reads trees of one session; remembers the tiles it read, since neighbours share them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tile = lru_cache(maxsize=_TILES_KEPT)(self._read_tile)

    def tiles(self, tree: EvidenceTree) -> ReadTile:
        """Return the reader of a tree's tiles; a missing tile is empty."""
        return lambda level, index: self._tile(tree.id, level, index)

    def memberships(self, record_id: UUID) -> list[tuple[int, EvidenceTree]]:
        """Return place and tree of a record's leaves, the oldest first; trees under construction do not count."""
        query = (
            select(EvidenceMember.position, EvidenceTree)
            .join(EvidenceTree, EvidenceTree.id == EvidenceMember.tree_id)
            .where(EvidenceMember.record_id == record_id, EvidenceTree.token.is_not(None))
            .order_by(EvidenceTree.id)
        )
        return [(position, tree) for position, tree in self._session.execute(query)]

    def renewals(self, chain_id: int, before: int | None = None) -> Iterator[tuple[int, EvidenceTree]]:
        """Yield place and tree of the renewals of the chain that a tree began, up to the tree `before`."""
        query = (
            select(EvidenceRenewal.position, EvidenceTree)
            .join(EvidenceTree, EvidenceTree.id == EvidenceRenewal.tree_id)
            .where(EvidenceRenewal.chain_id == chain_id, EvidenceTree.token.is_not(None))
            .order_by(EvidenceTree.id)
        )
        for position, tree in self._session.execute(query):
            if before is None or tree.id < before:
                yield position, tree

    def chain_tokens(self, tree: EvidenceTree) -> list[bytes]:
        """Return the tokens of the chain that `tree` began, its own first."""
        return [_token(one) for one in (tree, *(renewal for _place, renewal in self.renewals(tree.id)))]

    def evidence_record(self, record_id: UUID, digests: Digests) -> EvidenceRecord | None:
        """Return a record's evidence record as of now, None while no tree covers it. Raises IntegrityFault.

        What it says is for `EvidenceChecker` to judge: it is put together from the rows as they are.
        """
        covered = self.memberships(record_id)
        chains: list[Chain] = []
        for number, (position, tree) in enumerate(covered):
            if tree.algorithm not in ALGORITHMS:
                raise IntegrityFault(f"evidence tree {tree.id} is of no algorithm that is known")
            plain = digests(tree.algorithm)
            documents = (renewal_digest(tree.algorithm, one, chains) for one in plain) if chains else plain
            following = covered[number + 1][1].id if number + 1 < len(covered) else None
            chains.append(self._chain(tree, position, documents, following))
        return EvidenceRecord(tuple(chains)) if chains else None

    def _chain(self, tree: EvidenceTree, position: int, documents: Iterable[bytes], following: int | None) -> Chain:
        try:
            lists = document_lists(group_list(documents), self._siblings(tree, position))
            chain = [ArchiveTimestamp(tree.algorithm, lists, _token(tree))]
            for place, renewal in self.renewals(tree.id, following):
                first = group_list(digest(tree.algorithm, stamp.token) for stamp in chain)
                lists = renewal_lists(first, self._siblings(renewal, place))
                chain.append(ArchiveTimestamp(renewal.algorithm, lists, _token(renewal)))
        except (ValueError, KeyError) as error:
            raise IntegrityFault(f"its place in evidence tree {tree.id} cannot be read: {error}") from None
        return tuple(chain)

    def _siblings(self, tree: EvidenceTree, position: int) -> list[bytes]:
        return siblings(tree.algorithm, self.tiles(tree), tree.size, position)

    def _read_tile(self, tree_id: int, level: int, position: int) -> bytes:
        tile = self._session.get(EvidenceTile, (tree_id, level, position))
        return tile.hashes if tile is not None else b""


def _token(tree: EvidenceTree) -> bytes:
    return tree.token or b""
