"""Separator sheets: printed for one's own offices, folders and levels; nothing is learned of those of others."""

import io
from collections.abc import Callable
from itertools import product

import pytest

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.batches.sheet import Sheet
from edms.capture.separators import MOST_SHEETS, AskedSheets, NotPrinted, folder_choices, print_separators
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.folders import close_folder, open_folder
from edms.records.people import office_by_code

People = Callable[[Archive, str], Actor]
PLAIN = Sheet("", "400.7", "", "open", "Surat pertama")


def wrong_with(actor: Actor, archive: Archive, *asked: AskedSheets) -> set[str]:
    with pytest.raises(NotPrinted) as refused:
        print_separators(actor, archive, asked)
    assert all(one.field in str(refused.value) for one in refused.value.problems)
    return {one.field for one in refused.value.problems}


def test_each_sheet_is_printed_as_often_as_it_was_asked_for(embedded: Archive, person: People) -> None:
    clerk, own = person(embedded, "clerk-dinkes"), Sheet("dinkes", "400.7", "", "open")
    made = print_separators(clerk, embedded, [AskedSheets(own, 3), AskedSheets(PLAIN)])
    seen = embedded.reader.look_at_batch(io.BytesIO(made), "application/pdf", 1, 9, upright=False)
    assert [one["codes"] for one in seen] == [[own.encode()] * 2] * 3 + [[PLAIN.encode()] * 2]


@pytest.mark.parametrize("copies", [(0,), (-3,), (MOST_SHEETS + 1,), (10**18,), (300, 300), (3, -1), ()], ids=str)
def test_a_number_of_sheets_that_is_none_is_refused(embedded: Archive, person: People, copies: tuple[int, ...]) -> None:
    asked = [AskedSheets(PLAIN, number) for number in copies]
    assert wrong_with(person(embedded, "clerk-dinkes"), embedded, *asked) == {"copies"}


def test_every_field_that_is_wrong_is_named(embedded: Archive, person: People) -> None:
    clerk = person(embedded, "clerk-dinkes")
    wrong = Sheet("dinkes", "no.such", "no-such", "no-such", "a" * 301)
    assert wrong_with(clerk, embedded, AskedSheets(wrong)) == {"class_code", "folder", "level", "title"}
    # As bytes of the code this would be five times as long, and no scanner would read it.
    assert wrong_with(clerk, embedded, AskedSheets(Sheet(title="é" * 300))) == {"title"}
    assert wrong_with(clerk, embedded, AskedSheets(Sheet(title="a\x00b"))) == {"title"}
    assert wrong_with(person(embedded, "records"), embedded, AskedSheets(Sheet("no-such"))) == {"office"}


@pytest.mark.parametrize("who", ["clerk-dinkes", "official-dinkes", "auditor", "admin"])
def test_an_office_of_others_answers_as_one_that_is_not_there(embedded: Archive, person: People, who: str) -> None:
    """Word for word, and in the trail, with whatever else is right or wrong on the sheet."""
    actor = person(embedded, who)
    for level, class_code, folder in product(("", "open", "top_secret", "no-such"), ("400.7", "no.such"), ("", "17")):
        answers = [
            refusal(actor, embedded, Sheet(office, class_code, folder, level)) for office in ("setda", "no-such-office")
        ]
        assert answers[0] == answers[1]


def refusal(actor: Actor, archive: Archive, sheet: Sheet) -> tuple[str, object]:
    with pytest.raises(NotFound) as refused:
        print_separators(actor, archive, [AskedSheets(sheet)])
    with archive.database.reader() as session:
        last = archive.trail.history(session, "archive", "", newest=1)[-1]
    assert last["outcome"] == "refused"
    return str(refused.value), last["details"]


def test_folders_are_told_and_printed_within_office_and_clearance(embedded: Archive, person: People) -> None:
    records, clerk = person(embedded, "records"), person(embedded, "clerk-dinkes")
    office = {code: office_by_code(embedded, code) for code in ("dinkes", "setda")}
    open_folder(records, embedded, office["dinkes"], "17", "Imunisasi", "400.7", Level.OPEN)
    open_folder(records, embedded, office["dinkes"], "18", "Penyelidikan", "400.7", Level.SECRET)
    open_folder(records, embedded, office["setda"], "19", "Rapat", "400.7", Level.OPEN)
    closed = open_folder(records, embedded, office["dinkes"], "20", "Lama", "400.7", Level.OPEN)
    close_folder(records, embedded, closed)
    assert [one.code for one in folder_choices(clerk, embedded)] == ["17"]
    assert [one.code for one in folder_choices(records, embedded)] == ["17", "18", "19"]
    assert print_separators(clerk, embedded, [AskedSheets(Sheet(folder="17"))]).startswith(b"%PDF")
    said = set()
    for hidden in ("18", "19", "20", "no-such"):
        with pytest.raises(NotPrinted) as refused:
            print_separators(clerk, embedded, [AskedSheets(Sheet("dinkes", folder=hidden))])
        said.add(str(refused.value))
    assert len(said) == 1
