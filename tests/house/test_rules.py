"""Rules that no linter knows: where a commit may stand, who may ask for the time, what may not be in the repository."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def offenders(wrong: re.Pattern[str], allowed: set[str]) -> list[str]:
    found = []
    for path in sorted((ROOT / "edms").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in allowed:
            found += [f"{name}:{line} {call}" for line, call in calls(path) if wrong.search(call)]
    return found


def test_commit_stands_in_the_unit_of_work_only() -> None:
    """`writer.commit` is the index's own, which is no part of a unit of work (invariant 6)."""
    wrong = re.compile(r"(?<!writer)\.commit$")
    assert offenders(wrong, {"edms/operation/door.py"}) == []
    assert offenders(wrong, set()) != [], "the rule no longer finds what it is about"


def test_nobody_asks_for_the_time_but_the_clock() -> None:
    """`time.monotonic` says no time of day and `fromtimestamp` reads one it was given, so both are free."""
    wrong = re.compile(r"(^|\.)(now|utcnow|today)$|^time\.(time|time_ns|localtime|gmtime|strftime)$")
    found = [entry for entry in offenders(wrong, {"edms/core/clock.py"}) if "clock" not in entry.split()[-1]]
    assert found == []
    assert offenders(wrong, set()) != [], "the rule no longer finds what it is about"


def test_coroutines_are_run_in_one_place() -> None:
    """A second `asyncio.run` fails where a loop runs already, and a seal was then called bad for it."""
    wrong = re.compile(r"^asyncio\.run$|\.run_until_complete$")
    assert offenders(wrong, {"edms/core/coroutines.py"}) == []
    assert offenders(wrong, set()) != [], "the rule no longer finds what it is about"


def test_cookies_are_set_and_read_in_one_place() -> None:
    """Three places once said the attributes, and one of them read a cookie by a name that other hosts could set."""
    cookies = re.compile(r"\.(set|delete)_cookie\b|request\.cookies\b|SESSION_COOKIE_|httponly|samesite|__Host-")
    places = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "edms").rglob("*.py")
        if cookies.search(path.read_text("utf-8"))
    }
    assert places == {"edms/web/cookies.py"}


def test_nothing_prints_but_the_console() -> None:
    outside = [path for path in (ROOT / "edms").rglob("*.py") if "cli" not in path.parts and path.parts[-2] != "verify"]
    assert [str(path) for path in outside if any(call == "print" for _, call in calls(path))] == []


def test_tests_talk_to_real_parts() -> None:
    """Mocks are near zero: fakes are written by hand, where a seam asks for one."""
    wrong = re.compile(r"^\s*(from|import) (unittest\.mock|mock)\b", re.MULTILINE)
    assert [str(path) for path in (ROOT / "tests").rglob("*.py") if wrong.search(path.read_text("utf-8"))] == []


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_path_of_a_machine_and_no_registry_host() -> None:
    # Written apart, so that this file does not name them.
    words = ["/" + "work/", "/" + "root/", "pypi" + ".org", "python" + "hosted", "/" + "opt/pypi", "index" + "-url"]
    allowed = {"tools/lock.sh"}  # says that the lock must name no index
    found = []
    for path in tracked():
        if path.suffix in {".pdf", ".tif", ".jpg", ".png"} or path.relative_to(ROOT).as_posix() in allowed:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    assert found == []


def test_nothing_generated_or_secret_is_tracked() -> None:
    wrong = re.compile(r"(^|/)(storage|\.venv|__pycache__|data/corpus)/|\.(db|pyc|key|p12|pfx)$|(^|/)config\.toml$")
    vectors = re.compile(r"^tests/vectors/|^samples/")
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [name for name in names if wrong.search(name) and not vectors.search(name)] == []


def test_samples_fit_the_limit() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "samples").rglob("*") if path.is_file()) <= 15 * 1024**2
