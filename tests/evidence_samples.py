"""Small real worlds for evidence records: a timestamp authority whose clock can be set, groups, renewals."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import pem

from edms.core.clock import FixedClock
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.evidence_record import (
    ArchiveTimestamp,
    Chain,
    EvidenceRecord,
    digest,
    renewal_digest,
)
from edms.signing.evidence_tree import (
    ReadTile,
    TreeBuilder,
    document_lists,
    group_list,
    list_hash,
    renewal_lists,
    siblings,
)
from edms.signing.local import DevelopmentTimestamps

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
Group = tuple[bytes, ...]


def der(certificate: str) -> bytes:
    """Return a PEM certificate as DER."""
    return bytes(pem.unarmor(certificate.encode())[2])


@dataclass
class Authority:
    """A real timestamp authority under a root of its own; `at` sets what its clock says."""

    years: int = 5
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    material: AuthorityMaterial = field(init=False)

    def __post_init__(self) -> None:
        self.material = create_authority("Kota Contoh", "ID", self.clock, self.years)

    @property
    def root(self) -> bytes:
        return der(self.material.root.certificate)

    @property
    def certificate(self) -> bytes:
        return der(self.material.timestamp.certificate)

    def token(self, imprint: bytes, algorithm: str = "sha256", years: float = 0) -> bytes:
        """Return a token over `imprint`, `years` after the beginning."""
        self.clock.set(START + timedelta(days=365 * years))
        stamper = DevelopmentTimestamps(self.material, self.clock).pyhanko()
        return bytes(asyncio.run(stamper.async_timestamp(imprint, algorithm)).dump())


def built(algorithm: str, leaves: Sequence[bytes]) -> tuple[bytes, ReadTile]:
    """Return the root of a tree and the reader of its tiles."""
    builder, tiles = TreeBuilder(algorithm), {}
    for leaf in leaves:
        tiles |= {(level, index): content for level, index, content in builder.add(leaf)}
    tiles |= {(level, index): content for level, index, content in builder.finish()}
    return builder.root, lambda level, index: tiles[level, index]


def digests_of(group: Group) -> Callable[[str], list[bytes]]:
    return lambda algorithm: [digest(algorithm, document) for document in group]


def records(
    groups: Sequence[Group],
    authority: Authority,
    algorithm: str = "sha256",
    years: float = 0,
    older: Sequence[tuple[Chain, ...]] = (),
) -> list[EvidenceRecord]:
    """Cover `groups` with one timestamp: initial records, or with `older` chains the renewal of their hash trees."""
    firsts = []
    for number, group in enumerate(groups):
        plain = [digest(algorithm, document) for document in group]
        before = older[number] if older else ()
        firsts.append(group_list(renewal_digest(algorithm, one, before) if before else one for one in plain))
    leaves = [list_hash(algorithm, first) for first in firsts]
    root, read = built(algorithm, leaves)
    token = authority.token(root, algorithm, years)
    made = []
    for number, first in enumerate(firsts):
        lists = document_lists(first, siblings(algorithm, read, len(leaves), number))
        reduced = () if lists == ((root,),) else lists
        chains = (*(older[number] if older else ()), (ArchiveTimestamp(algorithm, reduced, token),))
        made.append(EvidenceRecord(chains))
    return made


def renewed(olds: Sequence[EvidenceRecord], authority: Authority, years: float) -> list[EvidenceRecord]:
    """Renew the newest chains of records by one new timestamp over all their timestamps (RFC 4998 section 5.2)."""
    algorithm = olds[0].chains[-1][-1].algorithm
    chains = list(dict.fromkeys(tuple(stamp.token for stamp in old.chains[-1]) for old in olds))
    firsts = [group_list(digest(algorithm, token) for token in chain) for chain in chains]
    leaves = [list_hash(algorithm, first) for first in firsts]
    root, read = built(algorithm, leaves)
    token = authority.token(root, algorithm, years)
    made = []
    for old in olds:
        place = chains.index(tuple(stamp.token for stamp in old.chains[-1]))
        lists = renewal_lists(firsts[place], siblings(algorithm, read, len(leaves), place))
        newest = (*old.chains[-1], ArchiveTimestamp(algorithm, lists, token))
        made.append(EvidenceRecord((*old.chains[:-1], newest)))
    return made
