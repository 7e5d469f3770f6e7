"""What `edms doctor` finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing: `level` is error, warning or info; `mend` says what to do."""

    level: str
    what: str
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"level": self.level, "what": self.what, "mend": self.mend}


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings in the order of their levels."""
    order = ("error", "warning", "info")
    return sorted(findings, key=lambda finding: order.index(finding.level))
