"""What people change about how they sign in themselves: first of all the password, which nobody else is to know."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edms.access.actors import Actor
from edms.access.credentials_model import GivenPassword
from edms.access.model import Office, Person
from edms.access.passwords import hash_password, password_matches
from edms.access.policy import Action
from edms.access.weak_passwords import is_weak, own_words
from edms.core.errors import Refused
from edms.core.secret import Secret
from edms.operation.attempts import attempt_failed, attempts_end, require_attempts_left
from edms.operation.directory_links import is_linked, require_own_password_kept
from edms.operation.door import Operation
from edms.operation.sessions import renewed_alone
from edms.records.archive import Archive
from edms.records.people import own_person


@dataclass(frozen=True)
class Account:
    """How somebody signs in. `given_at`: when an administrator set the password, None when the person chose it.

    Without `has_password` the person signs in by the provider or a passkey alone. `elsewhere`: a directory keeps the
    password, and it is changed there.
    """

    user: str
    name: str
    office: str
    given_at: datetime | None
    least_characters: int
    has_password: bool
    elsewhere: bool = False


def own_account(actor: Actor | None, archive: Archive) -> Account:
    """Return how the actor signs in."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        given = operation.session.get(GivenPassword, person.id)
        return Account(
            person.username,
            person.name,
            person.office.name if person.office else "",
            given.given_at if given else None,
            archive.settings.access.min_password_characters,
            bool(person.password_hash),
            is_linked(operation.session, person.id),
        )


def change_own_password(actor: Actor | None, archive: Archive, old: Secret, new: Secret, token: str) -> str:
    """Take another password and end every session of the actor; return a new token for the one that held `token`.

    Raises Refused when a directory keeps the password, `old` is wrong, or `new` is too short, the same, or easily
    guessed; nothing is changed then.
    """
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        require_own_password_kept(operation.session, person.id)
        person_id, password_hash, own = person.id, person.password_hash, _own_words(operation, person)
    require_own_password(archive, person_id, password_hash, old)
    if old.reveal() == new.reveal():
        raise Refused("this is the password that you have", "choose another one")
    if is_weak(new.reveal(), own):
        raise Refused(
            "this password is easily guessed: it is known, or made of a few known words, names or keys in a row",
            "take a few words that have nothing to do with each other or with you",
        )
    made = hash_password(new.reveal(), archive.settings.access.min_password_characters)
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        if person.password_hash != password_hash:
            raise Refused("the password was changed meanwhile", "reload the page")
        person.password_hash = made
        given = operation.session.get(GivenPassword, person.id)
        if given is not None:
            operation.session.delete(given)
        operation.about("person", person.id, "account.password_changed")
        return renewed_alone(archive.door, operation, token, person.id)


def require_own_password(archive: Archive, person_id: UUID, password_hash: str, given: Secret) -> None:
    """Raise Refused unless `given` is the person's password, or when too many were wrong."""
    key = f"account\0{person_id}"
    require_attempts_left(archive.door, archive.settings.access, key)
    if not password_matches(given.reveal(), password_hash):
        attempt_failed(archive.door, key)
        raise Refused("the password is wrong", "it is the one you sign in with")
    attempts_end(archive.door, key)


def _own_words(operation: Operation, person: Person) -> frozenset[str]:
    """What a guesser knows of a person: the names, the office with those above it, and whose archive it is."""
    told = [person.username, person.name]
    office = person.office
    while office is not None:
        told += [office.code, office.name]
        office = operation.session.get(Office, office.parent_id) if office.parent_id else None
    return own_words(told)
