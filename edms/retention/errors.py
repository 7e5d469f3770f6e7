"""What can be wrong with a rule file."""

from dataclasses import dataclass

from edms.core.errors import Refused


@dataclass(frozen=True)
class RuleMistake:
    """One mistake: where it stands and what is wrong."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RuleFault(Refused):
    """A rule folder is refused whole; `mistakes` lists everything found, so that one reading mends them all."""

    def __init__(self, mistakes: list[RuleMistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line)))
        told = "; ".join(map(str, self.mistakes[:20]))
        more = f"; and {len(self.mistakes) - 20} more" if len(self.mistakes) > 20 else ""
        super().__init__(told + more, "nothing was changed; mend the file and check again: edms retention check DIR")
