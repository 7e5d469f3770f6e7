"""Every parser of the vault under the fuzzer for a few seconds. More by hand: see `vault_targets.py`."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("segment_stream", "damaged_stream", "wrapped_key", "key_file", "provider_file", "secret_file")
SECONDS = int(os.environ.get("EDMS_FUZZ_SECONDS", "1"))
LEAST_RUNS = 100


def fuzz(
    target: str, folder: Path, script: Path = ROOT / "tests" / "fuzz" / "vault_targets.py", times: int = 1
) -> tuple[int, str]:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(f"ATHERIS CANNOT BE HAD FOR PYTHON {sys.version_info.major}.{sys.version_info.minor}: NOT FUZZED")
    options = [f"-max_total_time={SECONDS * times}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", "-seed=3"]
    done = subprocess.run(
        [sys.executable, str(script), target, str(folder / "corpus"), *options, f"-artifact_prefix={folder}/"],
        capture_output=True,
        text=True,
        timeout=SECONDS * times + 200,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_is_answered_but_by_a_clear_error(target: str, tmp_path: Path) -> None:
    code, said = fuzz(target, tmp_path)
    assert code == 0, said[-3000:]
    runs = re.search(r"Done (\d+) (?:runs )?in", said)
    assert runs, said[-1000:]
    assert int(runs[1]) >= LEAST_RUNS


@pytest.mark.slow
def test_the_fuzzer_finds_what_is_there(tmp_path: Path) -> None:
    """A parser that believes anything beginning with 0x07 is caught, so that silence means something."""
    script = tmp_path / "weak.py"
    script.write_text(
        "import runpy, sys\n"
        f"found = runpy.run_path({str(ROOT / 'tests' / 'fuzz' / 'vault_targets.py')!r})\n"
        "from pathlib import Path\n"
        "real = found['PROVIDER'].unwrap\n"
        "found['PROVIDER'].unwrap = lambda k, e, data, d: b'?' if data[:1] == b'\\x07' else real(k, e, data, d)\n"
        "found['main'](sys.argv[1], Path(sys.argv[2]), sys.argv[3:])\n"
    )
    code, said = fuzz("wrapped_key", tmp_path, script)
    assert code != 0
    assert "a forged wrapping was opened" in said
