"""The cut of a batch, pure: whatever is seen and whatever is edited, every page is somewhere, once."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.batches.cutting import Duplex, PageFacts, cut, reading_order
from edms.batches.edits import Act, Edit, edited
from edms.batches.plan import BadPlan, Plan, Reason, plan_from
from edms.batches.sheet import BadSheet, Sheet, is_sheet, read_sheet

texts = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)
sheets = st.builds(Sheet, texts, texts, texts, st.sampled_from(["", "open", "secret"]), texts)
seen = st.tuples(
    st.booleans(),
    st.lists(st.one_of(sheets.map(Sheet.encode), st.sampled_from(["EDMS-PEMISAH:9?x", "https://tte.example/1"])),
             max_size=2),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
)  # fmt: skip
batches = st.lists(seen, max_size=30).map(
    lambda pages: [PageFacts(at, blank, tuple(codes), turn, sure) for at, (blank, codes, turn, sure) in
                   enumerate(pages, 1)]
)  # fmt: skip
edits = st.builds(
    Edit, st.sampled_from(Act), st.integers(-1, 6), st.integers(0, 31), st.integers(-1, 8),
    st.sampled_from([0, 90, 180, 270]), sheets,
)  # fmt: skip


@given(batches, st.sampled_from(Duplex), st.lists(edits, max_size=12))
def test_every_page_is_in_one_document_or_left_out_whatever_is_done(
    facts: list[PageFacts], duplex: Duplex, wanted: list[Edit]
) -> None:
    plan = cut(facts, duplex)
    for edit in wanted:
        try:
            plan = edited(plan, edit)
        except BadPlan:
            continue
        plan.check(len(facts))
        assert plan_from(plan.as_dict()) == plan


@given(sheets)
def test_a_sheet_reads_back_as_it_was_printed(sheet: Sheet) -> None:
    assert is_sheet(sheet.encode())
    assert read_sheet(sheet.encode()) == sheet


@given(st.text(max_size=80).map(lambda text: f"EDMS-PEMISAH:{text}"))
def test_a_forged_code_is_read_or_refused_and_nothing_else(code: str) -> None:
    with contextlib.suppress(BadSheet):
        assert isinstance(read_sheet(code), Sheet)


@pytest.mark.parametrize(
    "code",
    ["EDMS-PEMISAH:2?o=dinkes", "EDMS-PEMISAH:1", "EDMS-PEMISAH:1?x=1", "EDMS-PEMISAH:1?o=a&o=b",
     "EDMS-PEMISAH:1?t=" + "a" * 301, "EDMS-PEMISAH:1?t=a%00b", "other"],
)  # fmt: skip
def test_what_is_no_sheet_is_refused(code: str) -> None:
    with pytest.raises(BadSheet):
        read_sheet(code)


@given(st.integers(0, 60), st.sampled_from(Duplex))
def test_the_order_of_reading_leaves_no_page_out(pages: int, duplex: Duplex) -> None:
    assert sorted(reading_order(pages, duplex)) == list(range(1, pages + 1))


def test_backs_that_were_scanned_from_the_turned_stack_are_read_behind_their_fronts() -> None:
    assert reading_order(6, Duplex.BACKS_REVERSED) == [1, 6, 2, 5, 3, 4]
    assert reading_order(5, Duplex.BACKS_REVERSED) == [1, 2, 3, 4, 5]
    assert "odd_pages" in cut([PageFacts(1)], Duplex.BACKS_REVERSED).doubts


def test_doubts_are_told() -> None:
    one, other = Sheet("dinkes").encode(), Sheet("setda").encode()
    plan = cut([PageFacts(1), PageFacts(2, codes=(one,)), PageFacts(3, codes=(one, other)), PageFacts(4, sure=False),
                PageFacts(5, codes=("EDMS-PEMISAH:7?",))])  # fmt: skip
    assert set(plan.doubts) == {
        "pages_before_first_separator", "two_sheets", "unreadable_sheet", "empty_document", "unsure_page"
    }  # fmt: skip
    assert [one.number for document in plan.documents for one in document.pages] == [1, 4]


def test_the_edits_do_what_they_say() -> None:
    plan = cut([PageFacts(1), PageFacts(2), PageFacts(3, codes=(Sheet("a").encode(),)), PageFacts(4), PageFacts(5)])
    assert shape(plan) == [[1, 2], [4, 5]]
    assert shape(edited(plan, Edit(Act.MERGE, document=1))) == [[1, 2, 4, 5]]
    assert shape(edited(plan, Edit(Act.SPLIT, page=2))) == [[1], [2], [4, 5]]
    assert shape(edited(plan, Edit(Act.MOVE, document=1, page=1, place=1))) == [[2], [4, 1, 5]]
    assert shape(edited(plan, Edit(Act.REORDER, document=1, place=0))) == [[4, 5], [1, 2]]
    dropped = edited(plan, Edit(Act.DROP, page=4))
    assert (shape(dropped), dropped.left_out[-1].reason) == ([[1, 2], [5]], Reason.BY_HAND)
    assert shape(edited(dropped, Edit(Act.RESTORE, document=1, page=4))) == [[1, 2], [4, 5]]
    assert shape(edited(plan, Edit(Act.RESTORE, document=2, page=3))) == [[1, 2], [4, 5], [3]]
    assert edited(plan, Edit(Act.ROTATE, page=4, turn=270)).documents[1].pages[0].turn == 270
    assert edited(plan, Edit(Act.DESCRIBE, document=0, sheet=Sheet("z"))).documents[0].sheet == Sheet("z")


def shape(plan: Plan) -> list[list[int]]:
    return [[page.number for page in one.pages] for one in plan.documents]
