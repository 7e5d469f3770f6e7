"""Invariant 7: nothing readable at rest. No word of any title or text stands anywhere under the storage folder."""

import re
from collections.abc import Callable
from pathlib import Path

from archive_fixtures import pdf

from edms.access.levels import Level
from edms.capture.accept import Accepted
from edms.records.archive import Archive
from edms.records.searching import Question, search

WORDS = ("kalimantung", "selendangbiru", "gamelanraya", "cendanawangi", "rembulanpagi")


def _readable(folder: Path) -> dict[str, list[str]]:
    """Which of the words stand in which file, as UTF-8, UTF-16 or compressed text would show them."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes().lower() + path.name.encode()
        for word in WORDS:
            if word.encode() in content or word.encode("utf-16-le") in content:
                found.setdefault(word, []).append(str(path))
    return found


def test_no_word_stands_under_storage(embedded: Archive, capture: Callable[..., Accepted], person: Callable) -> None:  # type: ignore[type-arg]
    capture(embedded, pdf("Isi tentang kalimantung"), title="Judul selendangbiru", sender="Bapak gamelanraya")
    capture(embedded, b"catatan cendanawangi", name="rembulanpagi.txt", level=Level.RESTRICTED)
    capture(embedded, b"%PDF-1.5 rembulanpagi")
    clerk = person(embedded, "clerk-dinkes")
    for word in WORDS:
        assert search(clerk, embedded, Question(word)).answer.total >= 1
    assert _readable(embedded.settings.storage.path) == {}


def test_the_check_itself_can_see(tmp_path: Path) -> None:
    """A test that cannot fail proves nothing: a planted word is found."""
    (tmp_path / "x").write_bytes(b"\x00\x01KALIMANTUNG\x02")
    assert re.search("x$", _readable(tmp_path)["kalimantung"][0])
