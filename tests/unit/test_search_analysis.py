"""Terms of Indonesian and English text, passages, posting lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.search import passages
from edms.search.analysis import fold, guess_language, query_word, stem, terms, tokens
from edms.search.passages import Wanted


def exact(text: str) -> dict[str, list[int]]:
    return {term[1:].decode(): list(places) for term, places in terms(text, "id").items() if term[:1] == b"x"}


def test_forms_of_one_word_meet() -> None:
    for group in (
        "pembangunan dibangun membangun",
        "pelayanan melayani dilayani",
        "keputusan memutuskan diputuskan",
        "perizinan izin",
        "pelaporan melaporkan laporan",
    ):
        assert len({stem(word, "id") for word in group.split()}) == 1
    assert len({stem(word, "en") for word in ("services", "service")}) == 1


@pytest.mark.parametrize("code", ["005/1234/2023", "900.1.3.1", "B-302/INSP/800.1.2/X/2025"])
def test_a_code_is_one_term_and_its_parts(code: str) -> None:
    found = exact(f"Nomor: {code}, tanggal")
    assert found[code.lower()] == [1]
    parts = code.lower().replace("/", " ").replace(".", " ").replace("-", " ").split()
    assert [min(place for place in found[part] if place >= i) for i, part in enumerate(parts, 1)]
    assert found["tanggal"] == [1 + len(parts)]


def test_a_word_broken_at_the_end_of_a_line_is_joined() -> None:
    for text in ("pemba-\nngunan", "pemba- \r\n  ngunan", "pemba\u00adngunan", "pemba\u2010\nngunan"):
        assert b"ibangun" in terms(text, "id")
        assert exact(text)["pembangunan"] == [0]
    assert "anak" in exact("anak-anak")
    assert "anak-anak" in exact("anak-anak")


def test_folding() -> None:
    assert fold("RÉSUMÉ Ñandú ﬁle") == "resume nandu file"
    assert exact("Képutusan") == {"keputusan": [0]}


def test_stop_words_are_kept_for_phrases_only() -> None:
    found = terms("yang dan surat", "id")
    assert set(found) == {b"xyang", b"xdan", b"xsurat", b"isurat"}
    assert query_word("yang").stop
    assert not query_word("yang").stems


def test_language_is_guessed_from_function_words() -> None:
    assert guess_language("The report of the city was sent to the office") == "en"
    assert guess_language("Laporan kota yang dikirim ke kantor untuk the office") == "id"
    assert guess_language("") == "id"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_tokens_lie_in_the_text_in_order(text: str) -> None:
    end, position = 0, 0
    for token in tokens(text):
        for part in token.parts:
            assert part.position == position
            assert end <= part.start < part.end <= len(text)
            end, position = part.end, position + 1
    for places in terms(text, "id").values():
        assert list(places) == sorted(set(places))


@given(st.lists(st.text(alphabet="ab1 /.-\n\u00e9", max_size=40), max_size=60), st.integers(0, 500))
def test_every_piece_of_a_packed_text_begins_at_its_position(parts: list[str], position: int) -> None:
    text = " kata ".join(parts) * 8
    packed = passages.pack(text)
    piece, first, number, count = passages.piece_at(packed, position)
    assert 0 <= number < count
    all_parts = [part for token in tokens(text) for part in token.parts]
    for token in tokens(piece):
        for part in token.parts:
            assert all_parts[first + part.position].form == part.form
    if position < len(all_parts):
        assert first <= position < first + sum(len(token.parts) for token in tokens(piece))


def test_the_snippet_shows_the_densest_place() -> None:
    text = "awal rapat " + "isi lain " * 1500 + "anggaran rapat dinas " + "isi lain " * 1500
    wanted = Wanted(frozenset({b"xanggaran", b"xrapat"}))
    at = passages.densest([np.array([3002]), np.array([1, 3003])])
    shown = passages.snippet(passages.pack(text), at, wanted)
    assert [shown.text[a:b] for a, b in shown.ranges] == ["anggaran", "rapat"]
    assert shown.before
    assert shown.after
    start = passages.snippet(passages.pack(text), None, wanted)
    assert start.text.startswith("awal rapat")
    assert not start.before


def test_a_thousand_pages_cost_one_piece() -> None:
    packed = passages.pack("isi lain saja " * 300_000)
    piece, *_ = passages.piece_at(packed, 700_000)
    assert len(piece) <= 2 * passages.PIECE


def test_marks_follow_stems_and_prefixes() -> None:
    wanted = Wanted(frozenset({b"ibangun", b"x005/1"}), ("kesehat",))
    text = "Dibangun: 005/1 untuk Kesehatan <b>bangunan</b>"
    assert [text[a:b] for a, b in passages.marks(text, wanted)] == ["Dibangun", "005/1", "Kesehatan", "bangunan"]
