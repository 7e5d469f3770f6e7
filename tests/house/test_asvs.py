"""The page on OWASP ASVS is complete, counts right and points at things that are there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ \|", line)
]
STATUSES = ("met", "partly", "not met", "planned", "not applicable")
# How many requirements of levels 1 and 2 each section of version 5.0.0 has, in the order of its chapters.
SECTIONS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4), 5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4), 7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1), 9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1, 0), 12: (3, 2, 4), 13: (1, 5, 2, 5), 14: (2, 4, 3),
    15: (3, 3, 7, 0), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip
# Those of level 3 that R84 names: file handling, authorization, cryptography.
LEVEL_3 = {
    "5.2.4", "5.2.5", "5.2.6", "5.3.3", "8.1.3", "8.1.4", "8.2.4", "8.3.2", "8.3.3", "8.4.2", "11.1.3", "11.1.4",
    "11.2.4", "11.2.5", "11.3.4", "11.3.5", "11.5.2", "11.6.2", "11.7.1", "11.7.2",
}  # fmt: skip


def test_every_requirement_has_one_row_in_its_order() -> None:
    ids = [row[0] for row in ROWS]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda one: [int(part) for part in one.split(".")])
    assert {row[0] for row in ROWS if row[1] == "3"} == LEVEL_3
    assert Counter(row[1] for row in ROWS) == {"1": 70, "2": 183, "3": len(LEVEL_3)}


@pytest.mark.parametrize("chapter", SECTIONS)
def test_no_section_lacks_any(chapter: int) -> None:
    found = Counter(row[0].rpartition(".")[0] for row in ROWS if row[1] != "3")
    expected = {f"{chapter}.{number}": count for number, count in enumerate(SECTIONS[chapter], 1) if count}
    assert {section: count for section, count in found.items() if section.startswith(f"{chapter}.")} == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_points_at_what_is_there(row: tuple[str, ...]) -> None:
    number, _level, asked, status, where, test = row
    assert status in STATUSES
    assert len(asked.split()) >= 2
    assert len(where) >= 5, "where it is, or why it is not"
    named = re.findall(r"`([^` ]+/[^` ]+|[\w.-]+\.(?:py|md|toml|lock))`", where)
    assert [path for path in named if not path.startswith("/") and not (ROOT / path).is_file()] == []
    if status in ("met", "partly"):
        assert named, f"{number}: where?"
    if status == "met":
        assert test != "-", f"{number}: no test"
    if status in ("planned", "not applicable", "not met"):
        assert test == "-", f"{number}: what is not there has no test"
    for path, _, name in (found.partition("::") for found in re.findall(r"`([^`]+)`", test)):
        assert Path(path).name.startswith("test_"), path
        source = (ROOT / path).read_text("utf-8")
        assert not name or re.search(rf"^ *def {name}\(", source, re.MULTILINE), f"{number}: {path}::{name}"


def test_the_count_above_the_table_is_right() -> None:
    counts = Counter(row[3] for row in ROWS)
    assert ", ".join(f"{counts[one]} {one}" for one in STATUSES) + "." in PAGE
