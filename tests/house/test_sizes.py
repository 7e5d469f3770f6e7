"""Sizes that keep the code readable: functions at most 70 lines and 35 at the 90th percentile, files at most 400."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "edms").rglob("*.py"))


def functions() -> list[tuple[int, str]]:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found.append((lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"))
    return sorted(found)


def test_functions() -> None:
    found = functions()
    assert len(found) > 500
    assert [entry for entry in found if entry[0] > 70] == []
    assert found[int(len(found) * 0.9)][0] <= 35


def test_files() -> None:
    lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in SOURCES}
    # One file that must stand alone may be longer: docs/adr/0012-a-checker-in-one-file.md.
    most = {"edms/verify/alone.py": 500}
    assert {name: count for name, count in lines.items() if count > most.get(name, 400)} == {}


def test_packages_do_nothing_when_imported() -> None:
    packages = [path for path in SOURCES if path.name == "__init__.py"]
    assert packages
    assert [str(path) for path in packages if path.read_text("utf-8").strip()] == []
