"""What an official letter says of itself: dates in every spelling, letter numbers, the head; nothing made up."""

import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.proposals.dates import dates_in
from edms.proposals.letter import read_letter
from edms.proposals.letter_number import LetterNumber, read_number
from edms.proposals.numerals import number_in_words
from edms.proposals.types import Field, Source
from edms.records.archive import Archive

UNITS = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip
ENGLISH = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = st.dates(date(1850, 1, 1), date(2150, 12, 31))


def spelled(number: int) -> str:
    """Write 1 to 999,999 in Indonesian words."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = "seribu" if thousands == 1 else f"{spelled(thousands)} ribu"
        return f"{head} {spelled(rest)}".strip() if rest else head
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        head = "seratus" if hundreds == 1 else f"{UNITS[hundreds]} ratus"
        return f"{head} {spelled(rest)}" if rest else head
    if number >= 20:
        tens, rest = divmod(number, 10)
        return f"{UNITS[tens]} puluh {UNITS[rest]}".strip()
    if number >= 12:
        return f"{UNITS[number - 10]} belas"
    return {10: "sepuluh", 11: "sebelas"}.get(number) or UNITS[number]


@given(st.integers(1, 999_999))
def test_every_number_in_words_is_read_as_itself(number: int) -> None:
    assert number_in_words(spelled(number).split()) == number


@pytest.mark.parametrize(
    "words",
    ["", "belas", "puluh dua", "dua dua", "satu belas", "satu puluh", "sepuluh dua", "ribu", "dua seratus", "x"],
)
def test_what_spells_no_number_is_none(words: str) -> None:
    assert number_in_words(words.split()) is None


@given(DAYS, st.sampled_from(["named", "padded", "english", "figures", "dashes", "iso", "words", "dots"]))
def test_a_date_is_read_in_every_spelling(day: date, form: str) -> None:
    texts = {
        "named": f"{day.day} {MONTHS[day.month - 1]} {day.year}",
        "padded": f"{day.day:02} {MONTHS[day.month - 1].upper()} {day.year}",
        "english": f"{ENGLISH[day.month - 1]} {day.day}, {day.year}",
        "figures": f"{day.day:02}/{day.month:02}/{day.year}",
        "dashes": f"{day.day}-{day.month}-{day.year}",
        "dots": f"{day.day:02}.{day.month:02}.{day.year}",
        "iso": day.isoformat(),
        "words": f"tanggal {spelled(day.day)} bulan {MONTHS[day.month - 1]} tahun {spelled(day.year)}",
    }
    text = f"pada hari itu {texts[form]} telah dilaksanakan"
    assert [one.day for one in dates_in(text)] == [day]


@pytest.mark.parametrize(
    "text",
    ["31 Februari 2024", "00/01/2024", "12/13/2024", "12 Mei 999", "pukul 09.00", "1.2.3.4", "Telepon (099) 555-0143",
     "10.1.2024.5", "nomor 005/12/2023", "5/9/24"],
)  # fmt: skip
def test_what_is_no_date_is_not_one(text: str) -> None:
    assert dates_in(text) == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12 Pebruari 1987", date(1987, 2, 12)),
        ("31 Juni 1955", None),
        ("3 Nopember 2001", date(2001, 11, 3)),
        ("17 Djuli 1955", date(1955, 7, 17)),
        ("1 Djuni 1955", date(1955, 6, 1)),
        ("l2 Mei 2O21", date(2021, 5, 12)),
        ("20 Agt. 2020", date(2020, 8, 20)),
    ],
    ids=["pebruari", "no-such-day", "nopember", "djuli", "djuni", "ocr", "agt"],
)
def test_old_and_misread_spellings(text: str, day: date | None) -> None:
    assert [one.day for one in dates_in(text)] == ([day] if day else [])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("000.1.2.3/4461/107.1/2025", LetterNumber("000.1.2.3/4461/107.1/2025", "000.1.2.3", 4461, None, 2025)),
        ("600.10/009-04/SD.II/2026", LetterNumber("600.10/009-04/SD.II/2026", "600.10", None, None, 2026)),
        ("36/INSP/000.1.2.3/I/2025", LetterNumber("36/INSP/000.1.2.3/I/2025", "000.1.2.3", 36, 1, 2025)),
        (
            "B-302/INSP/800.1.2/X/2025",
            LetterNumber("B-302/INSP/800.1.2/X/2025", "800.1.2", 302, 10, 2025, "open"),
        ),
        ("SR-7/INSP/700.1/XII/2024", LetterNumber("SR-7/INSP/700.1/XII/2024", "700.1", 7, 12, 2024, "top_secret")),
        ("17 Tahun 2019", LetterNumber("17 TAHUN 2019", None, 17, None, 2019)),
        ("005 / 1234 / 2023", LetterNumber("005/1234/2023", "005", 1234, None, 2023)),
    ],
    ids=["r15", "sub-number", "roman", "prefix-b", "prefix-sr", "ordinance", "spaces"],
)
def test_letter_numbers_of_real_forms(text: str, number: LetterNumber) -> None:
    assert read_number(text) == number  # R15


@pytest.mark.parametrize(
    "text",
    ["${nomor_naskah}", "{{ nomor }}/2025", "400.14/......../2025", "400/____/2025", "-", "", "segera", "/ / /",
     "400.7/<nomor>/2024", "xxx/400/2024"],
)  # fmt: skip
def test_a_template_that_was_not_filled_in_has_no_number(text: str) -> None:
    assert read_number(text) is None  # R16


@given(st.text(max_size=400), st.text(max_size=100))
def test_no_text_breaks_the_reader_and_nothing_is_made_up(first: str, second: str) -> None:
    for proposal in read_letter([first, second]):
        assert 1 <= proposal.precedence <= 99
        assert proposal.value.strip()
        assert len(proposal.value) <= 500


def test_the_head_of_a_letter_is_read_with_misread_labels() -> None:
    page = """PEMERINTAH KOTA TIRTA KENCANA
DINAS KESEHATAN
Jalan Melati Putih Nomor 14
Tirta Kencana, l2 Februari 2O24
Nomcr : 400.14.5/0112/2024
Sifat : Sangat Segera / Terbatas
Lampiran : 1 (satu) berkas
Perihal : Undangan rapat koordinasi percepatan
penurunan stunting
Kepada
Yth. Para Camat
di Tempat
Dalam rangka rapat tanggal 22 Februari 2024 nomor : 9/9/9999"""
    found = {one.field: one for one in read_letter([page])}
    assert {field: one.value for field, one in found.items()} == {
        Field.NUMBER: "400.14.5/0112/2024",
        Field.CLASS: "400.14.5",
        Field.DOCUMENT_DATE: "2024-02-12",
        Field.ATTACHMENTS: "1 (satu) berkas",
        Field.LEVEL: "restricted",
        Field.URGENCY: "sangat segera",
        Field.TITLE: "Undangan rapat koordinasi percepatan penurunan stunting",
        Field.RECIPIENT: "Para Camat",
        Field.SENDER: "Dinas Kesehatan",
    }
    assert found[Field.CLASS].source is Source.NUMBER
    assert found[Field.NUMBER].quote == "Nomcr : 400.14.5/0112/2024"


def test_samples_say_what_their_manifest_says(shared_parsers: Archive, repository_root: Path) -> None:
    """Of the sample archive, every title, number, date and class that is proposed is the right one, and most are."""
    documents = tomllib.loads((repository_root / "samples" / "manifest.toml").read_text())["document"]
    fields = {"title": "title", "number": "number", "document_date": "date", "class_code": "class"}
    right, proposed, there = Counter[str](), Counter[str](), Counter[str]()
    for document in documents:
        if document["expected"] != "declared" or document["lane"] != "text":
            continue
        with (repository_root / "samples" / document["file"]).open("rb") as stream:
            pages = [page.text for page in shared_parsers.reader.read(stream, document["file"]).pages]
        found = {one.field.value: one.value for one in read_letter(pages)}
        for field, key in fields.items():
            there[field] += 1
            proposed[field] += field in found
            right[field] += found.get(field, "").casefold() == str(document[key]).casefold()
    assert right == proposed, "a proposal that is wrong"
    assert all(right[field] >= 0.7 * there[field] for field in fields), (right, there)
