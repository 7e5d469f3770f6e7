"""Where terms stand in a text: however they are written, and never in words that only hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.redaction.areas import PagePlaces, areas_of, of_terms
from edms.redaction.terms import fold, matches, occurrences, survivors, within_words

NAME = "Budi Santoso"


@pytest.mark.parametrize("written", [
    "Budi Santoso", "budi\n santoso", "BUDI   SANTOSO", "BudiSantoso", "Bu\u00addi Santoso", "Bu-\ndi San-\r\ntoso",
    "Bu-di Santoso", "\u0412udi Santos\u043e", "B u d i  S a n t o s o", "Budi, Santoso", "B\u200budi Sa\u0301ntoso",
    "\U0001d401\U0001d42e\U0001d41d\U0001d422 Santoso", "\uff22udi Santoso", "Bud\u0131 Santoso", "Bu\x02di Santoso",
])  # fmt: skip
def test_however_it_is_written_it_is_found_whole(written: str) -> None:
    for before, after in (("", ""), ("Nama: ", ", S.H."), ("(", ")"), ("a\n", "\n1")):
        found = occurrences(before + written + after, NAME)
        assert [(before + written + after)[start:end] for start, end in found] == [written]


@pytest.mark.parametrize("other", ["Budiman Santoso", "Budi Santosoku", "Bud Isantoso x", "Santoso Budi", "Budi"])
def test_other_words_are_not_it(other: str) -> None:
    assert occurrences(other, NAME) == []


def test_longer_words_that_hold_it_are_told() -> None:
    assert within_words("kepada Budiman dan sebudi, bukan Budi", ["budi"]) == ["Budiman", "sebudi"]
    assert occurrences("Budiman", "Budi") == []


@pytest.mark.parametrize(
    "written", ["3374014506780001", "3374 0145 0678 0001", "3374-0145-0678-0001", "33740I45O678OOO1"]
)
def test_numbers_are_found_in_groups_and_misread(written: str) -> None:
    assert occurrences(f"NIK {written} x", "3374014506780001") == [(4, 4 + len(written))]
    assert occurrences(f"9{written}", "3374014506780001") == []


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_text_and_no_term_is_an_error(text: str, term: str) -> None:
    for one in matches(text, [term]):
        assert 0 <= one.start < one.end <= len(text)
        assert fold(term[:100]).letters
    survivors([text], text.encode("utf-8", "replace"), [term])


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=12).filter(lambda word: fold(word).letters),
       st.sampled_from([" ", "\n", ", ", " (", "\u00a0"]))  # fmt: skip
def test_every_word_is_found_among_others(word: str, gap: str) -> None:
    assert occurrences(f"12{gap}{word}{gap}34", word)


def test_what_survives_is_found_in_text_and_in_bytes() -> None:
    raw = b"junk" + "Santoso".encode("utf-16-be") + b"/Title (kusuma)" + b"<" + b"wulandari".hex().encode() + b">"
    assert survivors(["nama: BUDI"], raw, ["budi", "santoso", "Kusuma", "Wulandari", "an"]) == [
        "budi", "santoso", "Kusuma", "Wulandari",
    ]  # fmt: skip
    assert survivors(["budiman"], b"budi an", ["budi", "an"]) == [], "a short term stands in bytes by chance"


def boxes_for(text: str, width: int = 100) -> PagePlaces:
    """Characters side by side, lines below each other."""
    boxes: list[int] = []
    across = down = 0
    for one in text:
        if one == "\n":
            across, down = 0, down + 300
            boxes += [0, 0, 0, 0]
            continue
        boxes += [1000 + across, 1000 + down, 1000 + across + width, 1200 + down]
        across += width
    return PagePlaces(text, boxes)


def test_a_term_over_two_lines_has_an_area_on_each() -> None:
    found = of_terms([boxes_for("Nama Bu-\ndi Santoso"), boxes_for("tidak")], [NAME])
    assert [(one.page, one.origin) for one in found] == [(1, "term"), (1, "term")]
    first, second = found
    assert first.left < 0.15 < first.right
    assert first.bottom < second.top
    assert second.left < 0.1


def test_characters_that_are_not_seen_have_no_area() -> None:
    assert areas_of(1, PagePlaces("ab", [0] * 8), 0, 2, "term") == []
    assert areas_of(1, PagePlaces("ab", [-900, 100, -500, 200, 12_000, 100, 12_500, 200]), 0, 2, "term") == []
