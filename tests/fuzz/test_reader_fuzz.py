"""Every reader of tests/readers.py under the fuzzer, all in one short run; one at a time by hand."""

import json
from pathlib import Path

import pytest
from readers import READERS
from test_vault_fuzz import fuzz

SCRIPT = Path(__file__).with_name("reader_targets.py")
LEAST_RUNS = 1


@pytest.mark.slow
def test_no_input_makes_a_reader_fail(tmp_path: Path) -> None:
    code, said = fuzz("all", tmp_path, SCRIPT, times=3)
    assert code == 0, said[-3000:]
    asked = json.loads((tmp_path / "counts.json").read_text())
    assert {name: asked.get(name, 0) for name in READERS if asked.get(name, 0) < LEAST_RUNS} == {}
