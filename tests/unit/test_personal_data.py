"""The finder of personal data: structure proven on numbers made by rule, its work counted."""

import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.redaction.finder import find, find_counted
from edms.redaction.identities import PROVINCES, nik_of
from edms.redaction.types import Area, Kind
from tools.personal_data import BUDGET, HEADING, TABLE, hard_text, rows

DAYS = st.dates(min_value=date(1930, 1, 1), max_value=date(2029, 12, 31))
REGIONS = st.builds(
    lambda province, regency, district: f"{province}{regency:02}{district:02}",
    st.sampled_from(sorted(PROVINCES)), st.integers(1, 79), st.integers(1, 60),
)  # fmt: skip


def nik(region: str, born: date, running: int, *, woman: bool) -> str:
    return f"{region}{born.day + 40 * woman:02}{born.month:02}{born.year % 100:02}{running:04}"


@given(REGIONS, DAYS, st.integers(1, 9999), st.booleans())
def test_every_nik_is_found_wherever_it_stands(region: str, born: date, running: int, woman: bool) -> None:
    number = nik(region, born, running, woman=woman)
    for before, after in (("", ""), ("Pemohon ", " tahun"), ("(", ")"), ("a\n", "\nb"), ("NIK:", ".")):
        found = find(before + number + after)
        assert [(one.kind, one.start, one.end) for one in found] == [(Kind.NIK, len(before), len(before) + 16)]
        assert found[0].proposed
    assert nik_of(number) == ("woman" if woman else "man")


@given(REGIONS, DAYS, st.integers(1, 9999), st.integers(0, 15), st.integers(0, 9))
def test_a_digit_more_or_less_is_no_nik(region: str, born: date, running: int, at: int, digit: int) -> None:
    number = nik(region, born, running, woman=False)
    for other in (number[:at] + number[at + 1 :], number[:at] + str(digit) + number[at:]):
        assert all(one.kind is not Kind.NIK for one in find(f"nomor {other} itu"))


@given(st.integers(1, 9999), st.integers(1, 9999), st.integers(1990, 2030), st.sampled_from(["/", ".", "-"]))
def test_numbers_of_letters_and_amounts_are_never_proposed(code: int, running: int, year: int, sign: str) -> None:
    for text in (
        f"Nomor : {code:03}/{running}/{year}",
        f"{code // 1000 + 1:03}.{running % 9 + 1}.{code % 9 + 1}/{running}/{year}",
        f"Rp {code:,}.{running % 1000:03}.000,00".replace(",", ".", 1),
        f"{year}{sign}{code % 12 + 1:02}{sign}{running % 28 + 1:02}",
    ):
        assert find(text) == (), text


@given(st.text(st.characters(codec="utf-8", exclude_categories=()), max_size=400))
def test_findings_lie_in_the_text_apart_and_in_order(text: str) -> None:
    behind = 0
    for one in find(text):
        assert behind <= one.start < one.end <= len(text)
        assert 0 < one.confidence <= 1
        assert one.reason
        behind = one.end


@given(st.lists(st.sampled_from([*"0123456789", "08", "62", "+", "(", ")", "@", ".", "-", "/", " ", "\n", ":", "Nama",
                                 "NIK", "Alamat", "Jl", "RT", "RW", "lahir", "di", "H", "AB", "rekening", "a"]),
                max_size=60))  # fmt: skip
def test_no_mixture_of_its_own_words_is_an_error(pieces: list[str]) -> None:
    find("".join(pieces))
    find(" ".join(pieces))


@pytest.mark.parametrize("unit", [
    "1", "1 ", "1-", "1.", "+62 ", "(0", "@a", "a@", "a.", "Nama ", "Nama : ", "NIK ", "NIK:1", "RT 1 ", "RT 1 RW 1 ",
    "Jl. A ", "Jl. ", "Alamat : ", "lahir di ", "lahir : ", "H 1 ", "A1", "paspor ", "08", "3374", "\n", "O0", "rek 1 ",
    "Alamat : A\nRT ", "NIK 3O", "a.b@c.d", "012-",
])  # fmt: skip
def test_twice_the_text_is_twice_the_work(unit: str) -> None:
    short, long = (find_counted(unit * count)[1] for count in (2_000, 4_000))
    assert long <= 2 * short + 2_000
    assert short <= 200 * max(1, len(unit)) * 2_000


def test_hostile_text_of_all_kinds_at_once() -> None:
    text = hard_text(random.Random(7), 4_000)
    short, long = find_counted(text)[1], find_counted(text + text)[1]
    assert long <= 2 * short + 2_000


def test_an_area_lies_on_its_page() -> None:
    assert Area(1, 0, 0, 1, 1).as_dict()["origin"] == "hand"
    nothing = float("nan")
    for wrong in ((0, 0, 0, 1, 1), (1, 0.5, 0, 0.5, 1), (1, -0.1, 0, 1, 1), (1, 0, 0, 1, 1.01), (1, 0, 0, nothing, 1)):
        with pytest.raises(ValueError, match="lies on a page"):
            Area(*wrong)


@pytest.mark.corpus
def test_the_page_tells_what_is_found_in_the_corpus(corpus: Path) -> None:
    told = TABLE.read_text("utf-8")
    for row in rows(corpus):
        assert row in told
    assert HEADING in told
    assert BUDGET in told
