"""What can go wrong with the search index."""

from edms.core.errors import IntegrityFault, Refused, StorageFault


class IndexDamaged(IntegrityFault):
    """A file of the index is missing, altered or not ours. Nothing of it was parsed; the index is to be rebuilt."""

    def __init__(self, message: str, mend: str = "run `edms reindex`: the index is rebuilt from the records") -> None:
        super().__init__(message, mend)


class IndexBusy(StorageFault):
    """Another process writes the index and did not finish within the time allowed."""


class BadCursor(Refused):
    """The cursor is not one, was made for another question or another reader, or by another index."""

    def __init__(self) -> None:
        super().__init__("this place in the results is not known", "search again from the beginning")
