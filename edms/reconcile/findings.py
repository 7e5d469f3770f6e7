"""What `edms doctor` finds."""

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
