"""The page on conformance is complete and points at things that are there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text("utf-8")
ROWS = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in PAGE.splitlines() if line[:3] == "| R"]


def paths(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_requirement_has_one_row() -> None:
    assert [row[0] for row in ROWS] == [f"R{number}" for number in range(1, 89)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_points_at_what_is_there(row: tuple[str, ...]) -> None:
    _number, state, what, code, proof = row
    assert state in ("met", "partly", "planned")
    assert len(what) >= 5
    if state == "planned":
        assert (code, proof) == ("-", "-"), "what is planned has nothing to point at"
        return
    assert paths(code)
    assert paths(proof)
    assert [path for path in (*paths(code), *paths(proof)) if not (ROOT / path).is_file()] == []
    assert [path for path in paths(proof) if not Path(path).name.startswith("test_")] == []


def test_the_count_below_the_table_is_right() -> None:
    counts = Counter(row[1] for row in ROWS)
    assert f"{counts['met']} met, {counts['partly']} partly, {counts['planned']} planned." in PAGE
