"""What a verification found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol


class AnyFault(Protocol):
    """A fault of any mechanism: what kind of thing, which one, what is wrong with it."""

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def detail(self) -> str: ...


@dataclass(frozen=True)
class Fault:
    kind: str
    id: str
    detail: str

    @classmethod
    def of(cls, other: AnyFault) -> "Fault":
        return cls(other.kind, other.id, other.detail)


@dataclass
class Report:
    """Counts of what was checked by kind, every fault by name, and notes that are not faults."""

    checked: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    @classmethod
    def of_parts(cls, checked: dict[str, int], faults: Iterable[AnyFault], notes: list[str]) -> "Report":
        """Return a report of what another checker found."""
        report = cls(Counter(checked), [], list(notes))
        report.add(faults)
        return report

    def add(self, faults: Iterable[AnyFault]) -> None:
        self.faults.extend(Fault.of(fault) for fault in faults)

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON: `checked` is the total, `checked_by_kind` its parts."""
        return {
            "ok": self.ok,
            "checked": sum(self.checked.values()),
            "checked_by_kind": dict(self.checked),
            "faults": [{"kind": fault.kind, "id": fault.id, "detail": fault.detail} for fault in self.faults],
            "notes": self.notes,
        }
