"""Evidence records in their ASN.1 form (RFC 4998), pure: reading, writing, and what a renewal hashes.

Format, and what of the standard is used: docs/formats/evidence-record.md. Times, trust and trees of many records are
the matter of `evidence_check` and `evidence_tree`. Reading is strict (DER, definite and shortest lengths, nothing
left over), because a renewal hashes the encoding: a second spelling of the same record would be another record.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import core, parser

from edms.signing.errors import SigningFault

# The hash algorithms of evidence records, by hashlib's names.
ALGORITHMS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sha3_256": "2.16.840.1.101.3.4.2.8",
    "sha3_384": "2.16.840.1.101.3.4.2.9",
    "sha3_512": "2.16.840.1.101.3.4.2.10",
}
MOST_BYTES = 4 * 1024 * 1024
MOST_TIMESTAMPS = 1000
MOST_HASHES = 20_000
VERSION = 1

_NAMES = {oid: name for name, oid in ALGORITHMS.items()}
_UNIVERSAL, _CONTEXT = 0, 2
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 2, 4, 5, 6, 16
_PRIMITIVE, _CONSTRUCTED = 0, 1

Element = tuple[int, int, int, bytes]
Partial = tuple[bytes, ...]


@dataclass(frozen=True)
class ArchiveTimestamp:
    """One timestamp over a reduced hash tree (RFC 4998 section 4).

    `reduced`: lists of hashes, the leaf's first, the root's last; empty where the timestamp is over the hash itself.
    `token`: the RFC 3161 token, DER, to the byte. `algorithm`: that of the tree and of the token's imprint.
    `null_parameters`: the algorithm's identifier has NULL behind it. Ours have not (RFC 5754 section 2); others do,
    and it is kept because a renewal hashes the encoding.
    """

    algorithm: str
    reduced: tuple[Partial, ...]
    token: bytes
    null_parameters: bool = False


Chain = tuple[ArchiveTimestamp, ...]


@dataclass(frozen=True)
class EvidenceRecord:
    """The chains, oldest first: a new one begins with each renewal of the hash tree (RFC 4998 section 5)."""

    chains: tuple[Chain, ...]

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Return the hash algorithms in use, each once, in the order of their first use."""
        return tuple(dict.fromkeys(stamp.algorithm for chain in self.chains for stamp in chain))

    def encoded(self) -> bytes:
        """Return the DER of the record. The same record, the same bytes."""
        algorithms = _sequence(*(_algorithm(_SEQUENCE, _UNIVERSAL, name) for name in self.algorithms))
        version = core.Integer(VERSION).dump()
        return _sequence(version, algorithms, encoded_sequence(self.chains))


def digest(algorithm: str, data: bytes) -> bytes:
    """Return the hash of `data` under one of `ALGORITHMS`. Raises KeyError for another one."""
    ALGORITHMS[algorithm]
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def hash_size(algorithm: str) -> int:
    """Return the length of a hash in bytes."""
    return hashlib.new(algorithm, usedforsecurity=False).digest_size


def encoded_sequence(chains: Sequence[Chain]) -> bytes:
    """Return the DER of an ArchiveTimeStampSequence: what the renewal of a hash tree hashes (section 5.2, step 3)."""
    return _sequence(*(_sequence(*(_timestamp(stamp) for stamp in chain)) for chain in chains))


def renewal_digest(algorithm: str, data_digest: bytes, older: Sequence[Chain]) -> bytes:
    """Return H(H(data) || H(older chains)): what stands for a document in the tree of a hash-tree renewal.

    Section 5.2, step 4 concatenates in this order; the caption of figure 4 sorts. The step is the rule here, as it is
    for Bouncy Castle (docs/formats/evidence-record.md, section 4).
    """
    return digest(algorithm, data_digest + digest(algorithm, encoded_sequence(older)))


def read_evidence_record(data: bytes) -> EvidenceRecord:
    """Read an evidence record. Raises SigningFault that says what is wrong with it, for any bytes whatever."""
    if len(data) > MOST_BYTES:
        raise SigningFault(f"the evidence record is larger than {MOST_BYTES} bytes")
    try:
        version, algorithms, *rest = _children(_one(data, _SEQUENCE))
        if _integer(version) != VERSION:
            raise ValueError("its version is not 1")
        named = [_algorithm_name(_content(one, _SEQUENCE))[0] for one in _children(_content(algorithms, _SEQUENCE))]
        if len(rest) != 1:
            raise ValueError("it has parts beside its archive timestamps (cryptoInfos or encryptionInfo)")
        chains = tuple(_chain(chain) for chain in _children(_content(rest[0], _SEQUENCE)))
    except (ValueError, IndexError, RecursionError, OverflowError) as error:
        raise SigningFault(f"this is not an evidence record: {error}") from None
    record = EvidenceRecord(chains)
    _within_bounds(record, named)
    return record


def _within_bounds(record: EvidenceRecord, named: Sequence[str]) -> None:
    if not record.chains or not all(record.chains):
        raise SigningFault("the evidence record has no archive timestamp, or a chain without one")
    if sum(len(chain) for chain in record.chains) > MOST_TIMESTAMPS:
        raise SigningFault(f"the evidence record has more than {MOST_TIMESTAMPS} archive timestamps")
    if sorted(set(named)) != sorted(record.algorithms) or len(named) != len(set(named)):
        raise SigningFault("the evidence record does not name the hash algorithms that it uses")
    for stamp in (one for chain in record.chains for one in chain):
        size = hash_size(stamp.algorithm)
        if sum(len(part) for part in stamp.reduced) > MOST_HASHES:
            raise SigningFault(f"an archive timestamp has more than {MOST_HASHES} hashes")
        if any(len(value) != size for part in stamp.reduced for value in part):
            raise SigningFault("a hash in the evidence record has not the length of its algorithm")
        if not all(stamp.reduced):
            raise SigningFault("a list of hashes in the evidence record is empty")


def _chain(element: Element) -> Chain:
    return tuple(_read_timestamp(_content(one, _SEQUENCE)) for one in _children(_content(element, _SEQUENCE)))


def _read_timestamp(content: bytes) -> ArchiveTimestamp:
    """Read digestAlgorithm [0], attributes [1] and reducedHashtree [2], and the timeStamp, which keeps its bytes."""
    elements = _children(content)
    tags = [element[2] if element[0] == _CONTEXT else None for element in elements]
    if tags not in ([0, None], [0, 2, None]):
        raise ValueError("an archive timestamp must have its digest algorithm, a tree if any, its timestamp, no more")
    algorithm, null = _algorithm_name(_content(elements[0], 0, _CONTEXT))
    reduced: tuple[Partial, ...] = ()
    if len(elements) == 3:
        lists = _children(_content(elements[1], 2, _CONTEXT))
        reduced = tuple(_partial(_content(one, _SEQUENCE)) for one in lists)
        if not reduced:
            raise ValueError("a reduced hash tree is empty")
    _content(elements[-1], _SEQUENCE)
    return ArchiveTimestamp(algorithm, reduced, _emit(elements[-1]), null)


def _partial(content: bytes) -> Partial:
    return tuple(_content(one, _OCTETS, method=_PRIMITIVE) for one in _children(content))


def _algorithm_name(content: bytes) -> tuple[str, bool]:
    """Read an AlgorithmIdentifier: its name, and whether it has NULL for parameters instead of none (RFC 5754)."""
    elements = _children(content)
    if len(elements) not in (1, 2) or (len(elements) == 2 and elements[1] != (_UNIVERSAL, _PRIMITIVE, _NULL, b"")):
        raise ValueError("a hash algorithm has parameters")
    name = _NAMES.get(core.ObjectIdentifier(contents=_content(elements[0], _OID, method=_PRIMITIVE)).native)
    if name is None:
        raise ValueError("a hash algorithm is not known")
    return name, len(elements) == 2


def _timestamp(stamp: ArchiveTimestamp) -> bytes:
    parts = [_algorithm(0, _CONTEXT, stamp.algorithm, null=stamp.null_parameters)]
    if stamp.reduced:
        lists = (_sequence(*(parser.emit(0, 0, _OCTETS, value) for value in part)) for part in stamp.reduced)
        parts.append(parser.emit(_CONTEXT, _CONSTRUCTED, 2, b"".join(lists)))
    return _sequence(*parts, stamp.token)


def _algorithm(tag: int, kind: int, name: str, *, null: bool = False) -> bytes:
    parameters = parser.emit(_UNIVERSAL, _PRIMITIVE, _NULL, b"") if null else b""
    return bytes(parser.emit(kind, _CONSTRUCTED, tag, core.ObjectIdentifier(ALGORITHMS[name]).dump() + parameters))


def _sequence(*parts: bytes) -> bytes:
    return bytes(parser.emit(_UNIVERSAL, _CONSTRUCTED, _SEQUENCE, b"".join(parts)))


def _one(data: bytes, tag: int) -> bytes:
    elements = _children(data)
    if len(elements) != 1:
        raise ValueError("there is more than one value, or none")
    return _content(elements[0], tag)


def _children(content: bytes) -> list[Element]:
    """Return the values that lie one behind the other in `content`; each must be spelled as DER spells it."""
    found: list[Element] = []
    position = 0
    while position < len(content):
        kind, method, tag, header, value, trailer = parser.parse(content[position:], strict=False)
        spelled = header + value
        if trailer or parser.emit(kind, method, tag, value) != spelled:
            raise ValueError("it is not in DER")
        found.append((kind, method, tag, value))
        position += len(spelled)
    return found


def _content(element: Element, tag: int, kind: int = _UNIVERSAL, method: int = _CONSTRUCTED) -> bytes:
    if element[:3] != (kind, method, tag):
        raise ValueError("a value stands where another one belongs")
    return element[3]


def _integer(element: Element) -> int:
    value = _content(element, _INTEGER, method=_PRIMITIVE)
    if len(value) != 1:
        raise ValueError("its version is not 1")
    return value[0]


def _emit(element: Element) -> bytes:
    return bytes(parser.emit(*element))
