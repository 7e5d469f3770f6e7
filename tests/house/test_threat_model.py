"""Every guarantee of the threat model names where it fails and tests that attack it, and these exist."""

import re
from pathlib import Path

ADVERSARIES = ("thief of the disk", "curious administrator", "database administrator", "clerk",
               "official above his clearance", "compromised web process", "compromised portal", "malicious file",
               "insider who wants a record gone", "key custodian")  # fmt: skip
ROW = re.compile(r"^\| (G\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def text(root: Path) -> str:
    return (root / "docs" / "threat-model.md").read_text("utf-8")


def test_every_guarantee_is_attacked_by_tests_that_exist(repository_root: Path) -> None:
    rows = ROW.findall(text(repository_root))
    assert [row[0] for row in rows] == [f"G{number}" for number in range(1, len(rows) + 1)]
    assert len(rows) >= 10
    for number, _guarantee, fails, attacked in rows:
        assert fails.strip(), number
        named = TEST.findall(attacked)
        assert named, number
        for file, name in named:
            source = (repository_root / file).read_text("utf-8")
            assert re.search(rf"^ *def {name}\(", source, re.MULTILINE), f"{number}: {file}::{name}"


def test_every_adversary_has_a_row(repository_root: Path) -> None:
    for name in ADVERSARIES:
        assert re.search(rf"^\| {name} \| [^|]+ \| [^|]+ \|$", text(repository_root), re.MULTILINE), name


def test_no_adversary_is_told_of_a_guarantee_that_is_none(repository_root: Path) -> None:
    known = {row[0] for row in ROW.findall(text(repository_root))}
    assert set(re.findall(r"\bG\d+\b", text(repository_root))) == known
