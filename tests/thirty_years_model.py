"""What retention law says, worked out a second time in plain Python: the judge of the ordeal of thirty years.

Nothing here asks the product. The rules are written down once, as the table below; the rule files that the archive is
given are made from it, and so are the days that this model expects. All lengths are civil years and months.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

LOWER, UPPER = "lower", "upper"
DESTROY, PERMANENT, REVIEW = "MUSNAH", "PERMANEN", "DINILAI_KEMBALI"
PAPERS = "000.5.6"
"""The class of letters and papers: kept for good, so that no letter is ever among what is destroyed."""


@dataclass(frozen=True)
class Row:
    """A row of the schedule: from what day it counts (`triggers` empty: that of the document; several: the last, or
    with `first` the first), to what end of a period that day is moved, how long active and inactive, and what then."""

    code: str
    active: tuple[int, int]
    inactive: tuple[int, int]
    fate: str = DESTROY
    triggers: tuple[str, ...] = ()
    first: bool = False
    cutoff: str = ""
    terjaga: bool = False

    def months(self) -> int:
        return 12 * (self.active[0] + self.inactive[0]) + self.active[1] + self.inactive[1]


FIRST = (
    Row("000.1", (1, 0), (1, 0)),
    Row("000.2", (0, 6), (1, 3), cutoff="MONTH"),
    Row("000.3", (1, 0), (2, 0), cutoff="CALENDAR_YEAR"),
    Row("000.4", (2, 0), (3, 0), triggers=("CONTRACT_END",)),
    Row("000.6", (1, 0), (2, 0), triggers=("CASE_FINAL", "AUDIT_FOLLOWUP_DONE")),
    Row("000.7", (1, 0), (1, 0), triggers=("SUPERSEDED", "NO_LONGER_IN_FORCE"), first=True),
    Row("000.8", (1, 0), (2, 0), cutoff="QUARTER"),
    Row("900.1", (2, 0), (8, 0)),
    Row("900.2", (9, 0), (0, 12), cutoff="CALENDAR_YEAR"),
    Row("900.3", (2, 0), (9, 0), triggers=("CONTRACT_END",)),
    Row("900.4", (3, 0), (6, 11)),
    Row("900.5", (1, 0), (4, 0), fate=PERMANENT),
    Row("900.6", (1, 0), (2, 0), fate=REVIEW),
    Row("900.7", (1, 0), (1, 0), terjaga=True),
    Row(PAPERS, (2, 0), (3, 0), fate=PERMANENT),
)
SECOND = tuple(
    Row(row.code, (row.active[0] + 1, row.active[1]), row.inactive, row.fate, row.triggers, row.first, row.cutoff,
        row.terjaga)
    for row in FIRST
)  # fmt: skip
THIRD = tuple(Row(row.code, (1, 0), (1, 0), row.fate, row.triggers, row.first, "", row.terjaga) for row in FIRST)
EDITIONS = (FIRST, SECOND, THIRD)
CODES = tuple(row.code for row in FIRST if row.code != PAPERS)


@dataclass
class Kept:
    """What the model knows of one record. `edition`: the number of the schedule that it was declared under."""

    id: UUID
    code: str
    edition: int
    day: date | None
    legacy: bool = False
    vital: bool = False
    events: dict[str, tuple[str, date]] = field(default_factory=dict)
    """Events that count, by their id: verified by another person, and not voided."""
    holds: set[str] = field(default_factory=set)
    batch: str | None = None
    damaged: bool = False
    known_damaged: bool = False
    destroyed: date | None = None
    due: date | None = None
    office: str = "dinkes"
    number: int = 0
    """How many came before it."""

    @property
    def row(self) -> Row:
        return next(row for row in EDITIONS[self.edition] if row.code == self.code)

    @property
    def tier(self) -> str:
        """Exactly ten years belong to the upper one."""
        return UPPER if self.row.months() >= 120 else LOWER

    def work_out(self) -> date | None:
        """The day on which it may go, None while nobody can say."""
        start = self._start()
        if start is None:
            return None
        return later(later(moved(start, self.row.cutoff), self.row.active), self.row.inactive)

    def _start(self) -> date | None:
        if not self.row.triggers:
            return None if self.legacy else self.day
        last: dict[str, date] = {}
        for kind, on in self.events.values():
            last[kind] = max(on, last.get(kind, on))
        days = [last[kind] for kind in self.row.triggers if kind in last]
        if self.row.first:
            return min(days) if days else None
        return max(days) if len(days) == len(self.row.triggers) else None

    @property
    def stopped(self) -> bool:
        """Whether anything keeps it from being destroyed, whatever the day."""
        return bool(self.holds) or self.legacy or self.vital or self.row.terjaga or self.known_damaged

    def may_go(self, today: date) -> bool:
        return self.row.fate == DESTROY and self.due is not None and self.due <= today and not self.stopped

    def lists(self, today: date) -> set[str]:
        """The lists that it stands on today."""
        if self.destroyed is not None:
            return set()
        found = set()
        if self.due is not None and self.due <= today:
            found.add("past_due")
            if self.may_go(today) and self.batch is None:
                found |= {"destroy", f"destroy_{self.tier}"}
        if self.due is None:
            found.add("awaiting")
        if self.holds:
            found.add("held")
        return found


def later(day: date, length: tuple[int, int]) -> date:
    """The same day of the month so many years and months on, or the last that this month has."""
    year, month = day.year + length[0] + (day.month - 1 + length[1]) // 12, (day.month - 1 + length[1]) % 12 + 1
    for number in range(day.day, 27, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    return date(year, month, day.day)


def moved(day: date, cutoff: str) -> date:
    """The last day of the period in which `day` lies."""
    if cutoff == "CALENDAR_YEAR":
        return date(day.year, 12, 31)
    last = {"MONTH": day.month, "QUARTER": -(-day.month // 3) * 3}.get(cutoff)
    if last is None:
        return day
    return date(day.year + last // 12, last % 12 + 1, 1) - timedelta(days=1)


class Model:
    """All records as the law sees them. Says each day what must stand on which list, and what may be gone."""

    def __init__(self) -> None:
        self.records: dict[UUID, Kept] = {}
        self.comes: dict[date, set[UUID]] = defaultdict(set)
        self.on: dict[str, set[UUID]] = defaultdict(set)
        self.gone = 0

    def add(self, kept: Kept, today: date) -> None:
        kept.number = len(self.records)
        self.records[kept.id] = kept
        self.look(kept, today)

    def look(self, kept: Kept, today: date) -> None:
        """Work a record out anew, after something of it changed or its day has come."""
        due = kept.work_out()
        if due != kept.due:
            if kept.due is not None:
                self.comes[kept.due].discard(kept.id)
            if due is not None:
                self.comes[due].add(kept.id)
            kept.due = due
        now = kept.lists(today)
        for name in ("past_due", "destroy", "destroy_lower", "destroy_upper", "awaiting", "held"):
            (self.on[name].add if name in now else self.on[name].discard)(kept.id)

    def begin(self, last: date, today: date) -> set[UUID]:
        """Let a day begin; returns the records, still there, whose day came since `last`."""
        found = set()
        for number in range(1, (today - last).days + 1):
            found |= self.comes.pop(last + timedelta(days=number), set())
        found = {one for one in found if self.records[one].destroyed is None}
        for one in found:
            self.look(self.records[one], today)
        return found


def rule_files(edition: int, changed: tuple[date, ...]) -> dict[str, str]:
    """The files of the rule book in which schedule number `edition` is in force; `changed`: the day of each change."""
    files = {"plan.toml": _plan()}
    for number in range(edition + 1):
        start = date(2000, 1, 1) if number == 0 else changed[number - 1]
        end = f"effective_to = {changed[number] - timedelta(days=1)}\n" if number < edition else ""
        state = "SUPERSEDED" if number < edition else "ACTIVE"
        files[f"jra-{number}.toml"] = (
            f'[edition]\nid = "jra-{number}"\nkind = "JRA"\nnumber = "Perwal {number + 1}"\ntitle = "Jadwal retensi"\n'
            f'state = "{state}"\neffective_from = {start}\n{end}source = "Berita Daerah {number + 1}"\n'
            f'approval_letter = "B-KN.00.03/{number + 1}"\napproval_date = {start - timedelta(days=30)}\n'
            + "".join(_rule(row) for row in EDITIONS[number])
        )
    return files


def _plan() -> str:
    head = (
        '[edition]\nid = "plan"\nkind = "KLASIFIKASI"\nnumber = "Perwal 1"\ntitle = "Kode klasifikasi"\n'
        'state = "ACTIVE"\neffective_from = 2000-01-01\nsource = "Berita Daerah 1"\n'
    )
    tops = "".join(f'[[class]]\ncode = "{code}"\ntitle = "POKOK {code}"\n' for code in ("000", "900"))
    below = "".join(
        f'[[class]]\ncode = "{row.code}"\ntitle = "URUSAN {row.code}"\nparent = "{row.code[:3]}"\n'
        for row in FIRST
        if row.code.count(".") == 1
    )
    papers = (
        '[[class]]\ncode = "000.5"\ntitle = "KEARSIPAN"\nparent = "000"\n'
        f'[[class]]\ncode = "{PAPERS}"\ntitle = "PENYUSUTAN"\nparent = "000.5"\n'
    )
    return head + tops + below + papers


def _rule(row: Row) -> str:
    lines = [
        "[[rule]]", f'code = "R-{row.code}"', f'series = "Seri {row.code}"', f'classes = ["{row.code}"]',
        f"active_years = {row.active[0]}", f"active_months = {row.active[1]}", f"inactive_years = {row.inactive[0]}",
        f"inactive_months = {row.inactive[1]}", f'fate = "{row.fate}"', f'fate_text = "{row.fate.title()}"',
    ]  # fmt: skip
    if row.triggers:
        lines.append(f"triggers = [{', '.join(repr(kind) for kind in row.triggers)}]".replace("'", '"'))
    if row.first:
        lines.append("any_trigger = true")
    if row.cutoff:
        lines.append(f'cutoff = "{row.cutoff}"')
    if row.terjaga:
        lines.append("terjaga = true")
    return "\n".join([*lines, "", ""])
