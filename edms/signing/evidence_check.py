"""Following an evidence record from its documents to today (RFC 4998 sections 3.3, 4.3 and 5.3), off line."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from edms.signing.errors import SigningFault
from edms.signing.evidence_record import ArchiveTimestamp, Chain, EvidenceRecord, digest, renewal_digest
from edms.signing.evidence_tree import root_of_lists
from edms.signing.timestamp_token import RETIRED, Token, problems, read_token

Digests = Callable[[str], Collection[bytes]]


@dataclass(frozen=True)
class EvidenceVerdict:
    """What an evidence record proves. `problems` is empty when the chain holds from the documents to `checked_at`.

    `since`: the documents existed by then; `until`: when the certificate of the newest timestamp ends, so that it must
    be renewed before. Both None when no timestamp can be read. `development`: the time at the beginning, or one on the
    way, is by the built-in authority.
    """

    checked_at: datetime
    since: datetime | None
    until: datetime | None
    authorities: tuple[str, ...]
    development: bool
    timestamps: int
    problems: tuple[str, ...] = field(default_factory=tuple)


class EvidenceChecker:
    """Checks evidence records as of one moment. Remembers tokens: a million records may share one.

    `roots`: certificates (DER) under which timestamps are believed. `retired`: algorithms and from when on they prove
    nothing.
    """

    def __init__(self, roots: Iterable[bytes], moment: datetime, retired: Mapping[str, date] = RETIRED) -> None:
        self._roots = tuple(roots)
        self._moment = moment
        self._retired = retired
        self._tokens: dict[bytes, Token] = {}
        self._judged: dict[tuple[bytes, str, bytes, datetime], list[str]] = {}

    def check(self, record: EvidenceRecord, digests: Digests) -> EvidenceVerdict:
        """Check `record` as the evidence of one group of documents.

        `digests(algorithm)` returns the hash of each document of the group under an algorithm that the record uses.
        """
        try:
            tokens = [[self._token(stamp.token) for stamp in chain] for chain in record.chains]
        except SigningFault as fault:
            return EvidenceVerdict(self._moment, None, None, (), False, 0, (fault.message,))
        told = [
            *_order_problems([token for chain in tokens for token in chain], self._moment),
            *_document_problems(record, digests),
            *(problem for chain in record.chains for problem in _chain_problems(chain)),
            *self._timestamp_problems(record, tokens),
        ]
        flat = [token for chain in tokens for token in chain]
        return EvidenceVerdict(
            checked_at=self._moment,
            since=flat[0].time,
            until=flat[-1].until,
            authorities=tuple(dict.fromkeys(token.authority for token in flat)),
            development=any(token.development for token in flat),
            timestamps=len(flat),
            problems=tuple(dict.fromkeys(told)),
        )

    def _timestamp_problems(self, record: EvidenceRecord, tokens: list[list[Token]]) -> list[str]:
        """Judge each timestamp as of the next one, and the tree's algorithm as of the next chain (section 5.3)."""
        flat = [(stamp, token) for chain, read in zip(record.chains, tokens, strict=True)
                for stamp, token in zip(chain, read, strict=True)]  # fmt: skip
        moments = [token.time for _stamp, token in flat[1:]] + [self._moment]
        found = []
        for number, ((stamp, token), moment) in enumerate(zip(flat, moments, strict=True), 1):
            found += [f"timestamp {number} of {len(flat)}: {told}" for told in self._judge(stamp, token, moment)]
        ends = [chain[0].time for chain in tokens[1:]] + [self._moment]
        for chain, end in zip(record.chains, ends, strict=True):
            name = chain[0].algorithm
            if name in self._retired and end.date() >= self._retired[name]:
                found.append(f"the hash tree is of {name}, which carries no proof since {self._retired[name]}")
        return found

    def _judge(self, stamp: ArchiveTimestamp, token: Token, moment: datetime) -> list[str]:
        imprint = root_of_lists(stamp.algorithm, stamp.reduced) if stamp.reduced else token.imprint
        key = (hashlib.sha256(stamp.token).digest(), stamp.algorithm, imprint, moment)
        if key not in self._judged:
            self._judged[key] = problems(token, stamp.algorithm, imprint, self._roots, moment, self._retired)
        return self._judged[key]

    def _token(self, data: bytes) -> Token:
        key = hashlib.sha256(data).digest()
        if key not in self._tokens:
            self._tokens[key] = read_token(data)
        return self._tokens[key]


def _order_problems(tokens: list[Token], moment: datetime) -> list[str]:
    found = []
    if any(later.time < earlier.time for earlier, later in pairwise(tokens)):
        found.append("its timestamps are not in the order of their times")
    if tokens[-1].time > moment + _slack(tokens[-1]):
        found.append("a timestamp is of a time to come")
    return found


def _slack(token: Token) -> timedelta:
    return timedelta(minutes=5, seconds=token.accuracy_seconds)


def _document_problems(record: EvidenceRecord, digests: Digests) -> list[str]:
    """The first timestamp of each chain must be over all documents and no others, together with the chains before."""
    found = []
    for number, chain in enumerate(record.chains):
        first = chain[0]
        wanted = set(digests(first.algorithm))
        if number:
            wanted = {renewal_digest(first.algorithm, one, record.chains[:number]) for one in wanted}
        if not wanted:
            found.append("there is no document to check it against")
        elif missing := wanted - _first_list(first):
            found.append(f"chain {number + 1} does not cover {len(missing)} of {len(wanted)} documents")
        elif _first_list(first) - wanted:
            found.append(f"chain {number + 1} covers documents that are not there")
    return found


def _chain_problems(chain: Chain) -> list[str]:
    """Each later timestamp of a chain must be over the one before, with the chain's own algorithm (section 5.2)."""
    found = []
    if len({stamp.algorithm for stamp in chain}) != 1:
        found.append("the timestamps of a chain use different hash algorithms")
    for before, after in pairwise(chain):
        if digest(after.algorithm, before.token) not in _first_list(after):
            found.append("a timestamp does not cover the one before it")
    return found


def _first_list(stamp: ArchiveTimestamp) -> set[bytes]:
    """The hashes that a timestamp is directly over: its first list, or without any the imprint itself."""
    return set(stamp.reduced[0]) if stamp.reduced else {read_token(stamp.token).imprint}
