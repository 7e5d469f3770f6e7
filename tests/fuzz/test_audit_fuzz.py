"""What an outsider's checker reads, under the fuzzer for a few seconds; more by hand."""

import re
from pathlib import Path

import pytest
from test_vault_fuzz import LEAST_RUNS, fuzz

SCRIPT = Path(__file__).with_name("audit_targets.py")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["checkpoint", "kept", "leaf", "witness_key", "package", "certificate", "removal"])
def test_no_input_is_taken_for_what_was_signed(target: str, tmp_path: Path) -> None:
    code, said = fuzz(target, tmp_path, SCRIPT)
    assert code == 0, said[-3000:]
    runs = re.search(r"Done (\d+) (?:runs )?in", said)
    assert runs, said[-1000:]
    assert int(runs[1]) >= LEAST_RUNS
