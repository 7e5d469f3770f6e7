"""Trees, reduced trees, renewals and the encoding of evidence records: properties, and attacks on each part."""

import random
from datetime import timedelta

import pytest
from evidence_samples import START, Authority, built, digests_of, records, renewed
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.signing.errors import SigningFault
from edms.signing.evidence_check import EvidenceChecker
from edms.signing.evidence_record import (
    ALGORITHMS,
    ArchiveTimestamp,
    EvidenceRecord,
    digest,
    read_evidence_record,
    renewal_digest,
)
from edms.signing.evidence_tree import (
    TILE_HASHES,
    document_lists,
    group_hash,
    group_list,
    list_hash,
    reduce_tile,
    renewal_lists,
    root_of_lists,
    siblings,
    tile_levels,
)
from edms.signing.timestamp_token import read_token

GROUPS = [(b"manifest %d" % number, b"seal %d" % number, b"original %d" % number) for number in range(5)]
algorithms = st.sampled_from(sorted(ALGORITHMS))
EDGES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537)


def leaves_of(count: int, algorithm: str = "sha256") -> list[bytes]:
    return [digest(algorithm, b"%d" % number) for number in range(count)]


def naive_root(algorithm: str, leaves: list[bytes]) -> bytes:
    while len(leaves) > 1:
        leaves = [list_hash(algorithm, leaves[start : start + 2]) for start in range(0, len(leaves), 2)]
    return leaves[0]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(30)


@pytest.mark.parametrize("count", EDGES)
def test_tiles_hold_the_tree_at_the_edges(count: int) -> None:
    leaves = leaves_of(count)
    root, read = built("sha256", leaves)
    assert root == naive_root("sha256", leaves)
    for position in {0, 1 % count, count // 2, count - 1}:
        lists = document_lists((leaves[position],), siblings("sha256", read, count, position))
        assert root_of_lists("sha256", lists) == root


@given(st.integers(1, 700), algorithms, st.data())
@settings(max_examples=60, deadline=None)
def test_every_leaf_of_every_tree_leads_to_the_root(count: int, algorithm: str, data: st.DataObject) -> None:
    leaves = leaves_of(count, algorithm)
    root, read = built(algorithm, leaves)
    assert root == naive_root(algorithm, leaves)
    position = data.draw(st.integers(0, count - 1))
    partners = siblings(algorithm, read, count, position)
    assert len(partners) <= max(count - 1, 0).bit_length()
    assert root_of_lists(algorithm, document_lists((leaves[position],), partners)) == root
    if partners:
        assert root_of_lists(algorithm, renewal_lists((leaves[position],), partners)) == root
        stranger = digest(algorithm, b"stranger")
        assert root_of_lists(algorithm, document_lists((stranger,), partners)) != root


@pytest.mark.parametrize("size", [0, 3])
def test_no_path_for_a_leaf_that_is_not_there(size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        siblings("sha256", lambda _level, _index: b"", size, size)


def test_a_cut_tile_is_refused() -> None:
    _root, read = built("sha256", leaves_of(300))
    with pytest.raises(ValueError, match="length"):
        siblings("sha256", lambda level, index: read(level, index)[:-1], 300, 5)


def test_an_empty_tree_and_an_empty_group_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        built("sha256", [])
    with pytest.raises(ValueError, match="at least one document"):
        group_hash("sha256", [])
    with pytest.raises(ValueError, match="no list"):
        root_of_lists("sha256", [])


def test_tiles_are_few() -> None:
    assert tile_levels(1_000_000) == [1_000_000, 3907, 16]
    assert tile_levels(TILE_HASHES) == [256, 1]
    assert [len(row) for row in reduce_tile("sha256", leaves_of(5))] == [5, 3, 2, 1]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=6), algorithms)
def test_a_group_has_one_hash_in_whatever_order_its_documents_come(documents: list[bytes], algorithm: str) -> None:
    digests = [digest(algorithm, document) for document in documents]
    assert group_hash(algorithm, digests) == group_hash(algorithm, digests[::-1] + digests)
    assert list(group_list(digests)) == sorted(set(digests))


def test_the_rule_of_the_hash_tree_renewal() -> None:
    """RFC 4998 section 5.2, step 4: h' = H(h || ha), in this order."""
    chain = (ArchiveTimestamp("sha256", (), b"\x30\x00"),)
    older = EvidenceRecord((chain,)).encoded()
    inner = older[older.index(b"\x06\x09") :]  # after the names of the algorithms, the sequence is the rest
    sequence = inner[inner.index(b"\x30") :]
    plain = digest("sha512", b"document")
    assert renewal_digest("sha512", plain, (chain,)) == digest("sha512", plain + digest("sha512", sequence))


@given(
    st.lists(
        st.lists(
            st.builds(
                lambda name, sizes, null: ArchiveTimestamp(
                    name,
                    tuple(tuple(digest(name, b"%d" % place) for place in range(size)) for size in sizes),
                    b"\x30\x03\x02\x01\x07",
                    null,
                ),
                algorithms,
                st.lists(st.integers(1, 4), max_size=4),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        min_size=1,
        max_size=3,
    )
)
def test_what_is_written_is_read_again(chains: list[tuple[ArchiveTimestamp, ...]]) -> None:
    record = EvidenceRecord(tuple(chains))
    assert read_evidence_record(record.encoded()) == record


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(SigningFault):
        read_evidence_record(data)


@pytest.fixture(scope="module")
def history(authority: Authority) -> dict[str, list[EvidenceRecord]]:
    """Records through fifteen years: initial, renewed twice, tree renewed with SHA-512 and with SHA3-512."""
    first = records(GROUPS, authority)
    second = renewed([*first, *records([(b"x", b"y")], authority)], authority, 3)[: len(GROUPS)]
    third = renewed(second, authority, 6)
    fourth = records(GROUPS, authority, "sha512", 9, [one.chains for one in third])
    fifth = renewed(fourth, authority, 12)
    sixth = records(GROUPS, authority, "sha3_512", 15, [one.chains for one in fifth])
    return {"0": first, "3": second, "6": third, "9": fourth, "12": fifth, "15": sixth}


@pytest.mark.parametrize("years", ["0", "3", "6", "9", "12", "15"])
def test_every_record_holds_at_every_stage(
    authority: Authority, history: dict[str, list[EvidenceRecord]], years: str
) -> None:
    checker = EvidenceChecker([authority.root], START + timedelta(days=365 * int(years) + 1))
    for group, record in zip(GROUPS, history[years], strict=True):
        verdict = checker.check(record, digests_of(group))
        assert verdict.problems == ()
        assert verdict.since == START
        assert verdict.development


def test_no_record_holds_for_another_group(authority: Authority, history: dict[str, list[EvidenceRecord]]) -> None:
    checker = EvidenceChecker([authority.root], START + timedelta(days=6000))
    for record in history["15"]:
        proven = [checker.check(record, digests_of(group)).problems == () for group in GROUPS]
        assert sum(proven) == 1


@pytest.mark.parametrize("years", ["0", "6", "15"])
def test_one_bit_of_a_record(authority: Authority, history: dict[str, list[EvidenceRecord]], years: str) -> None:
    """A flipped bit is found, wherever it is, but for what no signature covers in the newest token.

    Those are copies: of the root, and of the algorithms' names. In the archive the audit trail has the token's hash.
    """
    record = history[years][1]
    whole = record.encoded()
    checker = EvidenceChecker([authority.root], START + timedelta(days=6000))
    for place in random.Random(int(years)).sample(range(len(whole) * 8), 150):
        altered = bytearray(whole)
        altered[place // 8] ^= 1 << place % 8
        try:
            read = read_evidence_record(bytes(altered))
        except SigningFault:
            continue
        if checker.check(read, digests_of(GROUPS[1])).problems == ():
            assert read.chains[:-1] == record.chains[:-1]
            assert read.chains[-1][:-1] == record.chains[-1][:-1]
            assert signed_parts(read) == signed_parts(record)


def signed_parts(record: EvidenceRecord) -> tuple[object, ...]:
    data = read_token(record.chains[-1][-1].token).signed_data
    signer = data["signer_infos"][0]
    return data["encap_content_info"].native, signer["signed_attrs"].native, signer["signature"].native


def test_algorithms_retire(authority: Authority, history: dict[str, list[EvidenceRecord]]) -> None:
    """A tree is judged as of the time of the next chain: retired later, the old tree still stands."""
    record, digests = history["9"][0], digests_of(GROUPS[0])
    retired = {"sha256": (START + timedelta(days=365 * 10)).date()}
    now = START + timedelta(days=365 * 11)
    assert any(
        "timestamp 4 of 4: sha256" in problem
        for problem in EvidenceChecker([authority.root], now, retired).check(record, digests).problems
    )  # the built-in authority signs with SHA-256, whatever the tree is of
    retired = {"sha256": (START + timedelta(days=365 * 8)).date()}
    assert any(
        "hash tree is of sha256" in problem
        for problem in EvidenceChecker([authority.root], now, retired).check(record, digests).problems
    )
    assert (
        EvidenceChecker([authority.root], now, {"sha256": now.date() + timedelta(days=1)})
        .check(record, digests)
        .problems
        == ()
    )


def test_a_million_records_cost_one_judgement_of_their_token(
    authority: Authority, history: dict[str, list[EvidenceRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edms.signing import evidence_check

    calls = []
    real = evidence_check.problems
    monkeypatch.setattr(evidence_check, "problems", lambda *given: calls.append(given) or real(*given))
    checker = EvidenceChecker([authority.root], START + timedelta(days=1))
    for group, record in zip(GROUPS, history["0"], strict=True):
        assert checker.check(record, digests_of(group)).problems == ()
    assert len(calls) == 1
