"""Resolution, paper and check of scans: the figures of the rule, and what no file can talk its way around."""

import csv
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from edms.digitisation.course import ItemState, State, after_check, sample_size
from edms.digitisation.judge import ScannedPage, judge, judge_all
from edms.digitisation.listing import COLUMNS, MINUTES_FIELDS, Listed, list_document, period_of
from edms.digitisation.standard import MILLIMETRES, PAPERS, BadPaper, Kind, Standard, page_papers, paper_sides

STANDARD = Standard()
PAPER_NAMES = some.sampled_from(sorted(PAPERS))
KINDS = some.sampled_from(list(Kind))


def scan(paper: str, dpi: float, *, told: float | None = None, bits: int = 24, covers: float = 1.0) -> ScannedPage:
    """A page of this paper, scanned at `dpi`, in a file that says `told`."""
    width, height = (round(side / MILLIMETRES * dpi) for side in paper_sides(paper))
    says = dpi if told is None else told
    return ScannedPage(1, width, height, says, says, bits, covers)


def codes(page: ScannedPage, kind: Kind, paper: str, optical: int = 10_000) -> list[str]:
    return [one.code for one in judge(page, kind, paper, optical, STANDARD)]


@pytest.mark.parametrize(("kind", "least"), [(Kind.PAPER, 300), (Kind.MAP, 400), (Kind.PHOTO, 600)])
def test_the_figures_of_the_rule(kind: Kind, least: int) -> None:
    assert codes(scan("A4", least), kind, "A4") == []
    assert codes(scan("A4", least - 1), kind, "A4") == ["resolution"]
    assert codes(scan("A4", least, bits=8), kind, "A4") == ["depth"]


@given(PAPER_NAMES, KINDS, some.integers(0, 900))
def test_a_true_scan_at_the_resolution_or_above_is_taken(paper: str, kind: Kind, more: int) -> None:
    assert codes(scan(paper, STANDARD.dpi(kind) + more), kind, paper) == []


@given(PAPER_NAMES, KINDS, some.floats(20, 599), some.floats(20, 2400))
def test_no_word_of_the_file_makes_up_for_missing_pixels(paper: str, kind: Kind, dpi: float, told: float) -> None:
    """Whatever a file claims: scanned at less than nine tenths of what is required, it is refused."""
    assume(dpi < STANDARD.dpi(kind) * 0.9)
    assert codes(scan(paper, dpi, told=told), kind, paper)


@given(PAPER_NAMES, KINDS, some.integers(50, 1200), some.integers(50, 1200))
def test_turning_a_page_changes_nothing(paper: str, kind: Kind, dpi: int, told: int) -> None:
    page = scan(paper, dpi, told=told)
    turned = ScannedPage(1, page.height, page.width, page.dpi_y, page.dpi_x, page.bits)
    assert codes(page, kind, paper) == codes(turned, kind, paper)


@given(PAPER_NAMES, KINDS, some.integers(50, 599))
def test_without_a_word_of_the_file_the_pixels_count(paper: str, kind: Kind, dpi: int) -> None:
    found = codes(scan(paper, dpi, told=0), kind, paper)
    least = STANDARD.dpi(kind)
    if dpi >= least + 1:
        assert found == []
    if dpi < least * 0.85:
        assert found == ["resolution"]


def test_a_small_page_in_a_file_that_says_three_hundred() -> None:
    """827 x 1169 pixels that call themselves 300 dpi are a card of 70 x 99 mm, not A4."""
    [finding] = judge(ScannedPage(4, 827, 1169, 300, 300, 24), Kind.PAPER, "A4", 600, STANDARD)
    assert finding.sentence == (
        "page 4: by its pixels and its own resolution it is 70 x 99 mm, and the paper was said to be A4"
    )


def test_edges_cut_off_and_a_bed_larger_than_the_page_are_no_contradiction() -> None:
    for width_mm, height_mm in ((206, 292), (216, 356)):
        width, height = (round(side / MILLIMETRES * 300) for side in (width_mm, height_mm))
        assert codes(ScannedPage(1, width, height, 300, 300, 24), Kind.PAPER, "A4") == []


def test_what_the_scanner_cannot_see_was_invented() -> None:
    assert codes(scan("4R", 1200), Kind.PHOTO, "4R", optical=600) == ["interpolated"]
    assert codes(scan("4R", 600), Kind.PHOTO, "4R", optical=600) == []


def test_a_thumbnail_on_a_large_page_and_a_page_without_picture() -> None:
    assert codes(scan("A4", 300, covers=0.25), Kind.PAPER, "A4") == ["partial"]
    assert codes(ScannedPage(1, 0, 0, 0, 0, 0, 0.0), Kind.PAPER, "A4") == ["no_picture"]


def test_the_paper_of_single_pages() -> None:
    first, plan = scan("A4", 300), scan("A3", 300)
    pages = [first, ScannedPage(2, plan.width, plan.height, 300, 300, 24)]
    assert [one.code for one in judge_all(pages, Kind.PAPER, "A4", {}, 600, STANDARD)] == ["contradiction"]
    assert judge_all(pages, Kind.PAPER, "A4", page_papers("2=A3"), 600, STANDARD) == ()


@pytest.mark.parametrize("text", ["A9", "1=", "x=A4", "0=A4", "1=A4,1=A3", "1=5x5", "123456789012345=A4", "²=A4"])
def test_papers_that_are_none(text: str) -> None:
    with pytest.raises(BadPaper):
        page_papers(text) if "=" in text else paper_sides(text)


@given(some.integers(0, 500), some.integers(1, 100), some.integers(1, 50))
def test_the_sample_is_never_empty_and_never_more_than_there_is(count: int, percent: int, least: int) -> None:
    size = sample_size(count, percent, least, all_of_them=False)
    assert min(count, 1) <= size <= count
    assert size * 100 >= min(count * 100, count * percent)
    assert sample_size(count, percent, least, all_of_them=True) == count


@given(some.lists(some.tuples(some.sampled_from([ItemState.ADDED, ItemState.ACCEPTED, ItemState.REJECTED]),
                              some.booleans())))  # fmt: skip
def test_nothing_rejected_and_nothing_unseen_gets_through(states: list[tuple[ItemState, bool]]) -> None:
    reached = after_check(states)
    if reached is State.CHECKED:
        assert all(state is not ItemState.REJECTED for state, _ in states)
        assert all(state is ItemState.ACCEPTED for state, sampled in states if sampled)


def test_the_columns_are_those_that_the_inspector_asks_for(rule_tables: Path) -> None:
    with (rule_tables / "anri_mandatory_fields.csv").open(encoding="utf-8") as stream:
        asked = [(row["document"], row["field_or_item"]) for row in csv.DictReader(stream)]
    assert tuple(field for document, field in asked if document == "Daftar Arsip Alih Media") == COLUMNS
    assert tuple(field for document, field in asked if document == "Berita Acara Alih Media") == MINUTES_FIELDS


def test_a_list_has_exactly_its_columns() -> None:
    row = Listed("Dinas Kesehatan", 1, "Surat", 2, period_of(None), "asli disimpan")
    made = list_document({"number": "1"}, [row], [{"number": 1}])
    assert [list(one) for one in made["rows"]] == [list(COLUMNS)]
    assert made["rows"][0]["kurun waktu"] == "tidak diketahui"
