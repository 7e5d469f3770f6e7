"""Dates as clerks write them: named formats, names of months in two languages, and never a guess."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.capture.indonesian_dates import parse_date
from edms.capture.manifest_mapping import DATE_FORMATS
from edms.proposals.months import MONTH_NUMBERS

NAMES = [
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
]  # fmt: skip


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from([str.upper, str.lower, str.title]))
def test_every_day_in_every_usual_spelling(day: date, case: object) -> None:
    assert callable(case)
    spelled = [
        day.isoformat(),
        f"{day.day:02}-{day.month:02}-{day.year}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.day}.{day.month}.{day.year}",
        case(f"{day.day}  {NAMES[day.month - 1]} {day.year}"),
        case(f"Senin, {day.day} {NAMES[day.month - 1]} {day.year}"),
    ]
    assert [parse_date(text, DATE_FORMATS) for text in spelled] == [day] * len(spelled)


@given(st.text(max_size=30))
def test_anything_else_is_none_and_never_an_error(text: str) -> None:
    found = parse_date(text, DATE_FORMATS)
    assert found is None or isinstance(found, date)


@pytest.mark.parametrize(
    "text",
    ["", "3 Mei", "Mei 2021", "2021", "31-02-2021", "32/01/2020", "03-05-21", "12 Foo 2020", "44197", "2021-13-01"],
)
def test_what_is_no_whole_date_is_refused(text: str) -> None:
    assert parse_date(text, DATE_FORMATS) is None


def test_day_and_month_are_never_exchanged() -> None:
    assert parse_date("04/05/2021", DATE_FORMATS) == date(2021, 5, 4)
    assert parse_date("04/13/2021", DATE_FORMATS) is None
    assert parse_date("04/13/2021", ("%m/%d/%Y",)) == date(2021, 4, 13)


def test_abbreviations_of_both_languages() -> None:
    day = date(2021, 1, 1)
    for name, month in MONTH_NUMBERS.items():
        assert parse_date(f"1 {name} 2021", ("%d %b %Y",)) == day.replace(month=month), name
    assert parse_date("2 Agt 1998", ("%d %B %Y",)) == date(1998, 8, 1) + timedelta(days=1)
