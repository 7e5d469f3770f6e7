"""Somebody is let in again: disabled by mistake, back at work, or whose retirement is taken back (R88)."""

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.credentials_model import GivenPassword
from edms.access.model import Person
from edms.access.passwords import hash_password, random_password
from edms.access.people import in_service
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import Refused
from edms.operation.directory_links import is_linked
from edms.operation.sessions import end_sessions
from edms.records.account_codes import forget_factors
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.alerts_due import tell_of_accounts
from edms.records.archive import Archive
from edms.records.service_accounts import require_not_held
from edms.records.tokens import revoke_all_tokens


def readmit_person(actor: Actor | None, archive: Archive, username: str) -> str:
    """Let a person in again, with the roles, clearance and positions of before; return the new password, shown once.

    "" where there is none: for a service account, for whom a directory keeps the password, and for somebody who is
    still in service and whose retirement alone is taken back. Sessions and API tokens of before do not come to life
    again, nor do second factors: phones and keys of before may have gone to others meanwhile, recovery codes on paper
    have lain about unwatched, and a passkey lets in without the new password.
    Raises Refused when there is no such person or nothing to take back, NotPermitted for oneself or for a service
    account that one answers for.
    """
    password = random_password(archive.settings.access.min_password_characters)
    hashed = hash_password(password, archive.settings.access.min_password_characters)
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        query = select(Person).where(Person.username == username).with_for_update()
        person = operation.session.scalars(query).one_or_none()
        if person is None:
            raise Refused(f"there is no person {username!r}", "see: edms person list")
        operation.about("person", person.id, "person.readmit")
        operation.apart(Duty.CHANGE_ACCOUNT, {Duty.HOLD_ACCOUNT: [str(person.id)]}, "ask another administrator")
        require_not_held(operation, person)
        if person.active and person.last_day is None:
            raise Refused(f"{username!r} is in service, with no last day")
        stays = in_service(person, operation.clock.today())
        operation.note(was_active=person.active, last_day=person.last_day.isoformat() if person.last_day else "")
        person.active, person.last_day = True, None
        tell_of_accounts(operation)
        if stays:
            return ""
        end_sessions(operation.session, person.id)
        revoke_all_tokens(archive, operation, person)
        forget_factors(operation.session, person.id)
        await_confirmation(operation, person, Cause.READMITTED)
        if person.held_by is not None or is_linked(operation.session, person.id):
            return ""
        person.password_hash = hashed
        operation.session.merge(GivenPassword(person_id=person.id, given_at=operation.now))
        return password
