"""What API tokens are made for, and which actions each of that is."""

from collections.abc import Iterable
from enum import StrEnum

from edms.access.policy import Action


class TokenScope(StrEnum):
    """What an API token may be made for."""

    READ = "read"
    CAPTURE = "capture"
    SEARCH = "search"
    PEOPLE = "people"


PERSONAL_SCOPES = tuple(scope for scope in TokenScope if scope is not TokenScope.PEOPLE)
"""What somebody's own token may be made for; people are pushed by service accounts alone."""
_TOKEN_ACTIONS = {
    TokenScope.READ: frozenset(
        {Action.RECORD_VIEW, Action.RECORD_DOWNLOAD, Action.RECORD_DOWNLOAD_ORIGINAL, Action.RECORD_EXPORT}
    ),
    TokenScope.CAPTURE: frozenset({Action.RECORD_CAPTURE, Action.CAPTURE_FOLLOW}),
    TokenScope.SEARCH: frozenset({Action.RECORD_SEARCH}),
    TokenScope.PEOPLE: frozenset({Action.PEOPLE_PROVISION}),
}


def token_actions(scopes: Iterable[TokenScope]) -> frozenset[str]:
    """Return all that may be done with a token of these scopes, where its person may do it."""
    return frozenset().union(*(_TOKEN_ACTIONS[scope] for scope in scopes))
