"""What a directory says of people and offices, and how it can fail to. Knows neither the archive nor LDAP."""

from dataclasses import dataclass
from typing import Protocol

from edms.core.errors import EdmsError
from edms.core.secret import Secret


class DirectoryAway(EdmsError):
    """No server of the directory gave an answer that can be used: none is reached, trusted, or takes our account."""

    exit_code = 1
    passed_on = False
    """A password was sent, and nobody knows what came of it: it is sent to no other server."""


@dataclass(frozen=True)
class DirectoryPerson:
    """A person's entry. `stable_id`: what stays when the entry is renamed and is never given twice; `groups`: names and
    DNs; `dn`: the entry's place, which changes. Not `enabled`: the directory lets this account in no more."""

    dn: str
    stable_id: bytes
    user: str
    name: str
    groups: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class DirectoryOffice:
    """An office's entry; `code` and `name` as they are written there."""

    dn: str
    code: str
    name: str


@dataclass(frozen=True)
class DirectoryState:
    """What a look at the directory found: the server that answered, how many days its certificate is still good for
    (None without TLS), and whether an entry of a person was found."""

    server: str
    certificate_days: int | None
    has_people: bool


@dataclass(frozen=True)
class Answer:
    """What came of asking for one name with a password. `person`: the one entry of that name, or None; `believed`: it
    is enabled, and took the password."""

    person: DirectoryPerson | None
    believed: bool


class PeopleDirectory(Protocol):
    """Where people and their passwords are kept outside. Every method raises DirectoryAway when nobody answers."""

    def ask(self, user: str, password: Secret) -> Answer:
        """Look for the one entry of `user` and try `password` on it. An empty password MUST believe nobody, and MUST
        take the same steps as a wrong one, as a name that nobody has MUST."""
        ...

    def find(self, user: str) -> DirectoryPerson | None:
        """Return the one entry of `user`; None when there is none, or more than one."""
        ...

    def people(self) -> list[DirectoryPerson]:
        """Return everybody. MUST raise rather than return what is cut short."""
        ...

    def offices(self) -> list[DirectoryOffice]:
        """Return the offices, those above first; none where the directory has none."""
        ...

    def examine(self) -> DirectoryState:
        """Say whether the directory can be used."""
        ...
