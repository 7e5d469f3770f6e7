"""Which HTTP status an error is: one list for pages, forms and scripts."""

from edms.core.errors import (
    DatabaseAway,
    EdmsError,
    LimitExceeded,
    NotFound,
    NotSignedIn,
    OutcomeUnknown,
    StorageFault,
)
from edms.operation.door import NotPermitted

_STATUSES = (
    (NotFound, 404),
    (NotPermitted, 403),
    (NotSignedIn, 401),
    (LimitExceeded, 413),
    (OutcomeUnknown, 503),
    (DatabaseAway, 503),
    (StorageFault, 507),
)


def status_of(error: EdmsError) -> int:
    """Return the HTTP status of an error."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return 400 if error.exit_code == 2 else 500
