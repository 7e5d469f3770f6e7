"""What a paper of the office says, whatever it is printed as: its head, and its parts in their order.

`office_paper` prints it as the PDF that is kept and signed; `office_draft` writes the same words as an editable DOCX.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
LEVELS = {"restricted": "TERBATAS", "secret": "RAHASIA", "top_secret": "SANGAT RAHASIA"}
RED = ("secret", "top_secret")
SIGNED_BY = "Ditandatangani secara elektronik, berturut-turut oleh:"


@dataclass(frozen=True)
class Words:
    """A paragraph. `size`: of its letters in points."""

    text: str
    size: float = 10


@dataclass(frozen=True)
class Pairs:
    """Numbered lines of a name and what is said of it."""

    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Digests:
    """SHA-256 of files that go with the paper, by their names."""

    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """A table. `widths`: of its columns in millimetres; `line_height`, `padding` in millimetres, `size` in points."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]
    size: float = 8.5
    line_height: float = 4.4
    padding: float = 1.2
    centred: tuple[int, ...] = ()


@dataclass(frozen=True)
class Signers:
    """Who signs, in order: `name`, `position`, `capacity` of each."""

    people: Sequence[Mapping[str, str]]

    @property
    def lines(self) -> list[str]:
        return [
            f"{number}. {one['name']}, {one['position']} ({one['capacity']})"
            for number, one in enumerate(self.people, 1)
        ]


Part = Words | Pairs | Digests | Rows | Signers


@dataclass(frozen=True)
class PaperText:
    """A paper. `head`: `organisation`, `office`, `number` and `level`. `wide`: A4 across, else upright."""

    head: Mapping[str, Any]
    title: str
    made_at: datetime
    parts: tuple[Part, ...]
    wide: bool = False

    @property
    def name(self) -> str:
        return f"{self.title} Nomor {self.head['number']}"
