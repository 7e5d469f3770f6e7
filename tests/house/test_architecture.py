"""The picture of the floors is drawn from the code, and the contracts that keep the floors say why."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tools import floors

ROOT = Path(__file__).resolve().parents[2]


def test_the_picture_is_true() -> None:
    assert floors.PICTURE.read_text("utf-8") == floors.picture(), "draw it anew: python -m tools.floors"


def test_every_room_has_its_line() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = {room for row in floors.floors() for room in row}
    assert rooms == {path.stem for path in (ROOT / "edms").iterdir() if (path / "__init__.py").exists()} | {
        path.stem for path in (ROOT / "edms").glob("[!_]*.py")
    }
    assert {room for room in rooms if f"`{room}`" not in page} == set()


def test_each_contract_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    contracts = re.findall(r"\[\[tool\.importlinter\.contracts\]\]\n(.*)\n", text)
    assert len(contracts) == len(tomllib.loads(text)["tool"]["importlinter"]["contracts"])
    assert [line for line in contracts if not line.startswith("# Why: ")] == []


def test_a_face_that_reaches_past_its_floor_is_caught(tmp_path: Path) -> None:
    """The linter sees what it should: a copy of the house with one wrong import is refused."""
    import shutil

    shutil.copytree(ROOT / "edms", tmp_path / "edms", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    view = tmp_path / "edms" / "web" / "views" / "home.py"
    view.write_text(view.read_text("utf-8") + "\nfrom sqlalchemy import select\n", "utf-8")
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "edms.web.views.home -> sqlalchemy" in done.stdout
