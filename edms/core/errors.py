"""What can go wrong, in the words of the person it happens to.

Every error carries what was wrong and, where there is one, what to do (`mend`). The command line turns
`exit_code` into its exit status: 1 for a negative verdict, 2 for usage or refused input (DESIGN section 6).
"""


class EdmsError(Exception):
    """Base of every error that is meant for a person. `message` says what, `mend` says what to do."""

    exit_code = 2

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} ({self.mend})" if self.mend else self.message


class ConfigurationError(EdmsError):
    """A setting is missing, unknown or of the wrong kind."""


class Refused(EdmsError):
    """The input is understood and not accepted: a limit, a rule, a state that does not allow it."""


class LimitExceeded(Refused):
    """A named limit of the configuration was passed."""


class NotFound(EdmsError):
    """There is no such thing, or the actor may not know that there is: one answer for both (invariant 5)."""

    exit_code = 1

    def __init__(self, message: str = "not found", mend: str = "") -> None:
        super().__init__(message, mend)


class NotSignedIn(EdmsError):
    """No actor: no actor means nothing, not everything (invariant 4)."""


class IntegrityFault(EdmsError):
    """Stored bytes are not what was stored: altered, cut, swapped, or opened with the wrong key."""

    exit_code = 1


class StorageFault(EdmsError):
    """The disk or the store did not do what was asked: full, gone, not permitted."""

    exit_code = 1


class DatabaseAway(StorageFault):
    """The database was busy, or its connection was cut, for as long as it was asked: that passes by itself."""


class OutcomeUnknown(StorageFault):
    """The database failed while it committed: what was asked for may have been done, and may not. Undo nothing."""


class KeyUnavailable(EdmsError):
    """A key that is needed is missing, locked or destroyed."""

    exit_code = 1
