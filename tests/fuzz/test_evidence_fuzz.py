"""The readers of evidence records and timestamps under the fuzzer for a few seconds; more by hand."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = int(os.environ.get("EDMS_FUZZ_SECONDS", "2"))
LEAST_RUNS = 5


@pytest.mark.slow
@pytest.mark.parametrize("target", ["evidence_record", "timestamp_token", "seal"])
def test_no_input_proves_what_nobody_stamped(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(f"ATHERIS CANNOT BE HAD FOR PYTHON {sys.version_info.major}.{sys.version_info.minor}: NOT FUZZED")
    script = ROOT / "tests" / "fuzz" / "evidence_targets.py"
    options = [f"-max_total_time={SECONDS}", "-max_len=8192", "-timeout=20", "-rss_limit_mb=2048", "-seed=3"]
    done = subprocess.run(
        [sys.executable, str(script), target, str(tmp_path / "corpus"), *options, f"-artifact_prefix={tmp_path}/"],
        capture_output=True,
        text=True,
        timeout=SECONDS + 200,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    runs = re.search(r"Done (\d+) (?:runs )?in", said)
    assert runs, said[-1000:]
    assert int(runs[1]) >= LEAST_RUNS
