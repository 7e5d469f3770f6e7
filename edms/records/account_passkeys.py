"""A person's own passkeys: added, listed, named, removed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edms.access.actors import Actor
from edms.access.credentials_model import Passkey
from edms.access.policy import Action
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.operation.one_time_codes import renew_recovery_codes
from edms.operation.passkeys import (
    Purpose,
    RelyingParty,
    adding_options,
    close_challenge,
    open_challenge,
    passkey_proof,
    passkeys_of,
    verified_passkey,
)
from edms.operation.sessions import has_second_factor, raised
from edms.records.account_codes import settle_without
from edms.records.archive import Archive
from edms.records.people import own_person

MOST_PASSKEYS = 20
MOST_NAME = 60


@dataclass(frozen=True)
class PasskeyView:
    """One passkey of one's own."""

    id: UUID
    name: str
    added_at: datetime
    used_at: datetime | None


def own_passkeys(actor: Actor | None, archive: Archive) -> list[PasskeyView]:
    """Return the actor's passkeys, the oldest first."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        found = passkeys_of(operation.session, own_person(operation).id)
        return [PasskeyView(one.id, one.name, one.added_at, one.used_at) for one in found]


def begin_passkey(actor: Actor | None, archive: Archive, party: RelyingParty) -> tuple[str, bytes]:
    """Return what the browser needs to make a passkey for the actor, as JSON, and the challenge in it."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        operation.unrecorded()
        person = own_person(operation)
        known = [one.credential_id for one in passkeys_of(operation.session, person.id)]
        if len(known) >= MOST_PASSKEYS:
            raise Refused("you have as many passkeys as one may have", "remove one that you do not use")
        challenge = open_challenge(archive.door, operation, Purpose.ADD)
        return adding_options(party, person, known, challenge), challenge


def add_passkey(
    actor: Actor | None, archive: Archive, party: RelyingParty, challenge: bytes, credential: str, name: str, token: str
) -> tuple[tuple[str, ...], str]:
    """Add the passkey that the browser made for `challenge`.

    Return recovery codes, shown once, where it is the first second factor, else none; and the token in the place of
    `token`, proven by two factors now. Raises Refused.
    """
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        operation.unrecorded()
        open_still = close_challenge(archive.door, operation, Purpose.ADD, challenge)
    if not open_still:
        raise Refused("the passkey was not made as asked for", "try again")
    made = verified_passkey(party, challenge, credential)
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        first = not has_second_factor(operation.session, person.id)
        row = Passkey(
            id=new_id(archive.clock),
            person_id=person.id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=_name(name),
            added_at=operation.now,
            used_at=None,
        )
        row.proof = passkey_proof(archive.door, row)
        operation.session.add(row)
        operation.about("person", person.id, "account.passkey_added")
        operation.note(passkey=str(row.id))
        codes = renew_recovery_codes(archive.door, operation, person.id) if first else ()
        return codes, raised(archive.door, operation, token)


def rename_passkey(actor: Actor | None, archive: Archive, passkey_id: UUID, name: str) -> None:
    """Call a passkey of one's own otherwise. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        row = _own(operation, passkey_id)
        row.name = _name(name)
        operation.about("person", row.person_id, "account.passkey_renamed")
        operation.note(passkey=str(row.id))


def remove_passkey(actor: Actor | None, archive: Archive, passkey_id: UUID) -> None:
    """Take a passkey of one's own no more. Raises NotFound, Refused for the last factor that the clearance asks for."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        row = _own(operation, passkey_id)
        operation.session.delete(row)
        operation.session.flush()
        settle_without(archive, operation, row.person_id)
        operation.about("person", row.person_id, "account.passkey_removed")
        operation.note(passkey=str(row.id))


def _own(operation: Operation, passkey_id: UUID) -> Passkey:
    row = operation.session.get(Passkey, passkey_id)
    if row is None or row.person_id != own_person(operation).id:
        raise NotFound()
    return row


def _name(told: str) -> str:
    name = " ".join(told.split())
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Refused("a passkey has a name of 1 to 60 characters", "such as where it is kept")
    return name
