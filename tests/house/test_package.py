"""The wheel holds everything: installed without a checkout, an archive can be made and asked from any folder."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in ("edms", "migrations", "retention_rules", "samples", "synonyms"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "_packaged"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.toml"):
        shutil.copy(ROOT / name, source)
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        target,
        ".",
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (found,) = target.glob("*.whl")
    return found


def test_what_the_wheel_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
    for folder in ("migrations", "retention_rules", "samples", "synonyms"):
        wanted = {
            f"edms/_packaged/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert wanted <= names
    for wanted in ("edms/_packaged/config.example.toml", "edms/web/templates/base.html", "edms/web/static/app.css"):
        assert wanted in names
    assert any(name.startswith("edms/web/translations/") and name.endswith(".po") for name in names)
    assert not any(name.startswith(("tests/", "tools/", "bench/")) for name in names)


def test_installed_it_needs_no_checkout(wheel: Path, tmp_path: Path) -> None:
    installed, folder = tmp_path / "installed", tmp_path / "archive"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as package:
        package.extractall(installed)
    shutil.copy(installed / "edms" / "_packaged" / "config.example.toml", folder / "config.toml")
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    program = [sys.executable, "-m", "edms.cli.main", "--config", str(folder / "config.toml")]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments], cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=240
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [sys.executable, "-c", "import edms.cli.main as m; print(m.__file__)"],
        cwd="/", env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    people = json.loads(run("init", "--demo", "--json"))
    assert people
    run("ingest", str(installed / "edms/_packaged/samples/surat-undangan-stunting.pdf"), "--as", "clerk-dinkes",
        "--class", "400.14.5", "--wait")  # fmt: skip
    found = json.loads(run("search", "antropometri", "--as", "clerk-dinkes", "--json"))
    assert found["total"] == 1
    assert json.loads(run("verify", "--all", "--json"))["ok"] is True
    assert {path.name for path in folder.iterdir()} == {"config.toml", "storage"}
