"""Charts: well-formed, told to those who do not see them, safe against what labels hold; nothing the policy bars."""

import re
from xml.etree import ElementTree

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.web.charts import Chart, Series, bars

LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
FIGURES = st.floats(0, 1e12, allow_nan=False)


def drawn(chart: Chart) -> str:
    app = Flask(__name__)
    with app.test_request_context("/?lang=en"):
        return str(bars(chart))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 8), st.integers(1, 7))
def test_any_figures_make_a_sound_picture(data: st.DataObject, rows: int, count: int) -> None:
    labels = data.draw(st.lists(LETTERS, min_size=rows, max_size=rows))
    series = [
        Series(data.draw(LETTERS), data.draw(st.lists(FIGURES, min_size=rows, max_size=rows))) for _ in range(count)
    ]
    markup = drawn(Chart("a1", data.draw(LETTERS), data.draw(LETTERS), "Kind", labels, series, show=str))
    figure = ElementTree.fromstring(markup)
    for group in figure.iter("g"):
        shapes = [one for one in group.iter("rect") if one.get("class") != "track"]
        ends = [float(one.get("x", "")[:-1]) + float(one.get("width", "")[:-1]) for one in shapes]
        assert all(end <= 100.01 for end in ends)
    table = figure.find(".//table/tbody")
    assert table is not None
    assert ["".join(row[0].itertext()) for row in table] == labels
    assert [len(row) for row in table] == [1 + count] * rows


def test_nothing_that_the_policy_bars() -> None:
    chart = Chart(
        "x", "<script>alert(1)</script>", "\"'><style>", "Kind", ["<b onload=x>"], [Series("a&b", [1])], show=str
    )
    markup = drawn(chart)
    assert not re.search(r"<(script|style|b )|\sstyle=|\son\w+=\"", markup)


def test_it_is_named_for_those_who_do_not_see_it() -> None:
    figure = ElementTree.fromstring(
        drawn(Chart("due", "Due", "Most in 2031.", "Year", ["2031"], [Series("", [3])], show=str))
    )
    picture = figure.find("svg")
    assert picture is not None
    assert picture.get("role") == "img"
    named = {one.get("id"): one.text for one in picture if one.tag in ("title", "desc")}
    assert [named[name] for name in str(picture.get("aria-labelledby")).split()] == ["Due", "Most in 2031."]


@pytest.mark.parametrize("values", [[0.0, 0.0], [0.0, 5.0]])
def test_nothing_is_drawn_of_nothing(values: list[float]) -> None:
    markup = drawn(Chart("n", "t", "s", "w", ["a", "b"], [Series("", values)], show=str))
    assert markup.count('class="tone-1"') == sum(value > 0 for value in values)


def test_rows_lead_where_they_are_told_to() -> None:
    chart = Chart("l", "t", "s", "w", ["a"], [Series("", [1])], show=str, links=["/x?a=1&b=2"])
    link = ElementTree.fromstring(drawn(chart)).find(".//a")
    assert link is not None
    assert link.get("href") == "/x?a=1&b=2"
