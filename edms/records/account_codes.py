"""One-time codes of an app as a second factor, and recovery codes: begun, confirmed, renewed and given up."""

from dataclasses import dataclass
from uuid import UUID

import pyotp
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.credentials_model import OneTimeCode, RecoveryCode
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.operation.attempts import attempt_failed, attempts_end, require_attempts_left
from edms.operation.door import Operation
from edms.operation.one_time_codes import (
    code_is_right,
    forget_recovery_codes,
    new_secret,
    open_secret,
    renew_recovery_codes,
    seal_secret,
)
from edms.operation.passkeys import passkeys_of
from edms.operation.sessions import end_sessions, has_second_factor, raised, second_factor_required
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.archive import Archive
from edms.records.people import own_person, person_in_service


@dataclass(frozen=True)
class Enrolment:
    """What the app is given: the secret in base 32, and the address (otpauth:) that the QR code holds."""

    secret: str
    address: str


@dataclass(frozen=True)
class Factors:
    """Which second factors somebody has. `recovery_left`: recovery codes not yet used. `required`: by clearance."""

    codes: bool
    recovery_left: int
    required: bool


def own_factors(actor: Actor | None, archive: Archive) -> Factors:
    """Return which second factors the actor has."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person_id = own_person(operation).id
        left = select(func.count()).select_from(RecoveryCode)
        left = left.where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
        row = operation.session.get(OneTimeCode, person_id)
        return Factors(
            row is not None and row.confirmed_at is not None,
            operation.session.scalar(left) or 0,
            second_factor_required(archive.settings.access, operation.actor.clearance),
        )


def begin_codes(actor: Actor | None, archive: Archive) -> Enrolment:
    """Make a secret for the actor's app, which counts once a code of it was given. Raises Refused when there is one."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = operation.session.get(OneTimeCode, person.id)
        if row is not None and row.confirmed_at is not None:
            raise Refused("you have an app for codes already", "give it up to take another")
        secret = new_secret()
        sealed = seal_secret(archive.door, person.id, secret)
        if row is None:
            row = OneTimeCode(
                person_id=person.id, sealed=sealed, begun_at=operation.now, confirmed_at=None, last_step=0
            )
            operation.session.add(row)
        row.sealed, row.begun_at = sealed, operation.now
        operation.about("person", person.id, "account.codes_begun")
        return _enrolment(archive, secret, person.username)


def begun_codes(actor: Actor | None, archive: Archive) -> Enrolment:
    """Return once more what the app is given, until it is confirmed. Raises Refused when nothing was begun."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = _unconfirmed(operation, person.id)
        return _enrolment(archive, open_secret(archive.door, person.id, row.sealed), person.username)


def confirm_codes(actor: Actor | None, archive: Archive, code: str, token: str) -> tuple[tuple[str, ...], str]:
    """Let the app count from now on: `code` shows that it has the secret.

    Return the recovery codes, shown once (none where there are some for a passkey),
    and the token in the place of `token`, which is proven by two factors now.
    Raises Refused when the code is wrong.
    """
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        key = f"codes\0{own_person(operation).id}"
    require_attempts_left(archive.door, archive.settings.access, key)
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = _unconfirmed(operation, person.id)
        right = code_is_right(archive.door, row, code, operation.now)
        if right:
            others = bool(passkeys_of(operation.session, person.id))
            row.confirmed_at = operation.now
            codes = () if others else renew_recovery_codes(archive.door, operation, person.id)
            operation.about("person", person.id, "account.codes_confirmed")
            new = raised(archive.door, operation, token)
        else:
            operation.unrecorded()
    if not right:
        attempt_failed(archive.door, key)
        raise Refused("the code is wrong", "take the one that the app shows now; the clock of the phone must be right")
    attempts_end(archive.door, key)
    return codes, new


def renew_own_recovery_codes(actor: Actor | None, archive: Archive) -> tuple[str, ...]:
    """Return ten new recovery codes, shown once; the old ones are worth nothing. Raises Refused without a factor."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        if not has_second_factor(operation.session, person.id):
            raise Refused("there is no second factor that codes could stand in for")
        operation.about("person", person.id, "account.recovery_codes_renewed")
        return renew_recovery_codes(archive.door, operation, person.id)


def give_up_codes(actor: Actor | None, archive: Archive) -> None:
    """Ask for no code of the app any more. Raises Refused when the actor's clearance asks for a second factor."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = operation.session.get(OneTimeCode, person.id)
        if row is None:
            raise Refused("there is no app for codes")
        operation.session.delete(row)
        operation.session.flush()
        settle_without(archive, operation, person.id)
        operation.about("person", person.id, "account.codes_given_up")


def settle_without(archive: Archive, operation: Operation, person_id: UUID) -> None:
    """Let recovery codes go with the last factor that they stand in for. Raises Refused when the clearance needs it."""
    if has_second_factor(operation.session, person_id):
        return
    if second_factor_required(archive.settings.access, operation.actor.clearance):
        raise Refused("your clearance asks for a second factor", "take another one first, then give this one up")
    forget_recovery_codes(operation.session, person_id)


def reset_factors(actor: Actor | None, archive: Archive, username: str) -> None:
    """Forget the second factors of somebody who has lost them, and end that person's sessions. Raises Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = person_in_service(operation, username)
        forget_factors(operation.session, person.id)
        end_sessions(operation.session, person.id)
        await_confirmation(operation, person, Cause.SECOND_FACTOR)
        operation.about("person", person.id, "person.second_factor_reset")


def forget_factors(session: Session, person_id: UUID) -> None:
    """Remove the app for codes, the passkeys and the recovery codes of a person."""
    row = session.get(OneTimeCode, person_id)
    if row is not None:
        session.delete(row)
    for passkey in passkeys_of(session, person_id):
        session.delete(passkey)
    forget_recovery_codes(session, person_id)


def _unconfirmed(operation: Operation, person_id: UUID) -> OneTimeCode:
    row = operation.session.get(OneTimeCode, person_id, with_for_update=True)
    if row is None or row.confirmed_at is not None:
        raise Refused("nothing was begun", "begin anew")
    return row


def _enrolment(archive: Archive, secret: str, username: str) -> Enrolment:
    name = archive.settings.archive.name.replace(":", " ")
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=name))
