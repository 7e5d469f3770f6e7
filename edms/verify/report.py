"""What a check of a bundle found."""

from dataclasses import dataclass, field
from typing import Any

GIVEN = "given"
SELF_ASSERTED = "self-asserted"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; `kind` is one of those in docs/formats/evidence-bundle.md, section 4."""

    kind: str
    id: str
    detail: str


@dataclass
class BundleReport:
    """`checked` counts what was looked at, by kind; `notes` are not faults.

    `trust` says whose keys were used: `GIVEN` from outside, or `SELF_ASSERTED`, the bundle's own.
    """

    trust: str = GIVEN
    checked: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cosignatures: dict[str, int] = field(default_factory=lambda: {"found": 0, "valid": 0, "required": 0})

    @property
    def ok(self) -> bool:
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of a verification (DESIGN section 6), and `trust`."""
        return {
            "ok": self.ok,
            "trust": self.trust,
            "checked": sum(self.checked.values()),
            "checked_by_kind": self.checked,
            "faults": [{"kind": fault.kind, "id": fault.id, "detail": fault.detail} for fault in self.faults],
            "cosignatures": self.cosignatures,
            "notes": self.notes,
        }
