"""The table of commands says the truth, and one command does not load the others, nor what only others need."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from edms.cli.rooms import ROOMS


def test_every_module_with_commands_is_in_the_table(repository_root: Path) -> None:
    held = {
        path.stem for path in (repository_root / "edms" / "cli").glob("*.py") if "\nCOMMANDS = " in path.read_text()
    }
    assert held == set(ROOMS)
    for room, names in ROOMS.items():
        assert {command.name for command in import_module(f"edms.cli.{room}").COMMANDS} == set(names), room


def test_a_command_loads_no_room_of_others() -> None:
    program = (
        "import gc, sys; from edms.cli.main import edms; edms.commands['keys']; print(gc.isenabled(), *sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    looks_for_garbage, *loaded = told
    assert looks_for_garbage == "True"
    assert "edms.cli.keys" in loaded
    assert {name for name in loaded if name.startswith("edms.cli.")} == {
        "edms.cli.main", "edms.cli.rooms", "edms.cli.context", "edms.cli.keys",
    }  # fmt: skip
    # Fonts for PDFs, a server's driver, another engine's word stems, numbers for learning: each its tenth of a second.
    assert {"fpdf", "fontTools", "psycopg", "whoosh", "numpy", "flask", "ocrmypdf"} & set(loaded) == set()
