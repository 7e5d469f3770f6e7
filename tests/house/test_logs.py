"""The inventory of logs names every writer of the log, and none that there is not (ASVS 5.0, 16.1.1)."""

import re
from pathlib import Path

WRITER = re.compile(r'getLogger\("(edms\.[a-z]+)"\)')
ROW = re.compile(r"^\| `(edms\.[a-z]+)` \|", re.MULTILINE)


def test_every_writer_of_the_log_is_in_the_inventory(repository_root: Path) -> None:
    sources = (path.read_text("utf-8") for path in (repository_root / "edms").rglob("*.py"))
    writers = {name for text in sources for name in WRITER.findall(text)}
    assert len(writers) > 10
    assert sorted(writers) == ROW.findall((repository_root / "docs" / "logs.md").read_text("utf-8"))
