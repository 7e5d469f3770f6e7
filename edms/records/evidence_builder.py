"""Making an evidence tree in the database, leaf by leaf, in short transactions; it counts only once it is stamped.

A maker that dies leaves a tree without a token, which covers nothing; the next one takes its place after an hour.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.evidence_model import EvidenceMember, EvidenceRenewal, EvidenceTile, EvidenceTree, TreeKind
from edms.signing.evidence_tree import Tile, TreeBuilder
from edms.signing.timestamping import request_token

RENEWED = "evidence.renewed"
SUBJECT = "evidence_tree"
_ABANDONED_AFTER = timedelta(hours=1)


class Leaf(NamedTuple):
    """What a leaf is of, a record (its id) or a chain (the number of the tree that began it), and its hash."""

    of: UUID | int
    hash: bytes


class StampedTree(NamedTuple):
    """A finished tree, for the report of a renewal."""

    number: int
    kind: str
    algorithm: str
    size: int
    authority: str
    development: bool


class TreeInDatabase:
    """One tree under construction. `begin`, then `add` any number of times, then `stamp` or `abandon`."""

    def __init__(self, actor: Actor | None, archive: Archive, kind: TreeKind, algorithm: str) -> None:
        self._actor = actor
        self._archive = archive
        self._kind = kind
        self._algorithm = algorithm
        self._builder = TreeBuilder(algorithm)
        self._number = 0

    @property
    def size(self) -> int:
        return self._builder.size

    def begin(self) -> None:
        """Take the one place there is for a tree under construction. Raises Refused when another maker has it."""
        now = self._archive.clock.now()
        try:
            with self._archive.door.write(self._actor, Action.ARCHIVE_MAINTAIN) as operation:
                operation.decide()
                operation.unrecorded()
                session = operation.session
                left = session.scalar(select(EvidenceTree).where(EvidenceTree.under_way.is_(True)))
                if left is not None and left.touched_at > now - _ABANDONED_AFTER:
                    raise Refused("another renewal is under way", "wait until it is done, an hour at the most")
                session.execute(delete(EvidenceTree).where(EvidenceTree.under_way.is_(True)))
                tree = EvidenceTree(
                    kind=self._kind.value, algorithm=self._algorithm, size=0, touched_at=now, under_way=True
                )
                session.add(tree)
                session.flush()
                self._number = tree.id
        except IntegrityError:
            raise Refused("another renewal has just begun", "wait until it is done") from None

    def add(self, leaves: Sequence[Leaf]) -> None:
        """Append leaves, in one transaction."""
        first = self._builder.size
        tiles = [tile for leaf in leaves for tile in self._builder.add(leaf.hash)]
        with self._archive.door.write(self._actor, Action.ARCHIVE_MAINTAIN) as operation:
            operation.decide()
            operation.unrecorded()
            self._still_ours(operation)
            self._insert_tiles(operation, tiles)
            places = [{"position": first + number, "tree_id": self._number} for number in range(len(leaves))]
            table, key = (
                (EvidenceMember, "record_id") if self._kind is TreeKind.DOCUMENTS else (EvidenceRenewal, "chain_id")
            )
            rows = [{**place, key: leaf.of} for place, leaf in zip(places, leaves, strict=True)]
            operation.session.execute(insert(table), rows)

    def stamp(self, later_than: datetime | None = None) -> StampedTree | None:
        """Have the root stamped, outside any transaction; then the tree counts. Raises SignerUnavailable, Refused.

        With `later_than` the tree is given up and None returned when the certificate of the timestamp ends no later.
        """
        tiles = list(self._builder.finish())
        archive, root = self._archive, self._builder.root
        now = archive.clock.now()
        data, token = request_token(archive.timestamps, self._algorithm, root, archive.trust.timestamps, now)
        if later_than is not None and token.until <= later_than:
            self.abandon()
            return None
        with archive.door.write(self._actor, Action.ARCHIVE_MAINTAIN) as operation:
            operation.decide()
            tree = self._still_ours(operation)
            self._insert_tiles(operation, tiles)
            tree.size, tree.root, tree.token = self._builder.size, root, data
            tree.stamped_at, tree.ends_at = token.time, token.until
            tree.authority, tree.development = token.authority[:300], token.development
            tree.under_way = None
            operation.about(SUBJECT, str(self._number), RENEWED)
            operation.note(
                kind=self._kind.value,
                algorithm=self._algorithm,
                size=self._builder.size,
                root=root.hex(),
                token_sha256=sha256_hex(data),
                development=token.development,
            )
            return StampedTree(tree.id, tree.kind, tree.algorithm, tree.size, tree.authority or "", tree.development)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with self._archive.door.write(self._actor, Action.ARCHIVE_MAINTAIN) as operation:
            operation.decide()
            operation.unrecorded()
            operation.session.execute(
                delete(EvidenceTree).where(EvidenceTree.id == self._number, EvidenceTree.under_way.is_(True))
            )

    def _still_ours(self, operation: Operation) -> EvidenceTree:
        """Say that we are at work. Raises Refused when another maker took the place of this one."""
        session = operation.session
        ours = update(EvidenceTree).where(EvidenceTree.id == self._number, EvidenceTree.under_way.is_(True))
        session.execute(ours.values(touched_at=operation.now))
        tree = session.get(EvidenceTree, self._number)
        if tree is None or not tree.under_way:
            raise Refused("another renewal has taken the place of this one", "start it again")
        return tree

    def _insert_tiles(self, operation: Operation, tiles: Sequence[Tile]) -> None:
        rows = [{"tree_id": self._number, "level": level, "position": index, "hashes": content}
                for level, index, content in tiles]  # fmt: skip
        if rows:
            operation.session.execute(insert(EvidenceTile), rows)
