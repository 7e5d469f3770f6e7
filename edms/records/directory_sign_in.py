"""Signing in where a directory keeps passwords, beside people whose password is kept here.

Whoever fails takes the same steps: a hash is computed, the directory is asked for the name, and a bind is tried,
whether there is such a person here, there, or nowhere. So the time of a refusal does not tell which names there are.
Only a right password of somebody kept here is quick, and needs no directory.

The directory counts failed binds too, and locks accounts. Fewer than that are passed on: so many from browsers on which
the person has signed in before, so many from everywhere else. Each is counted before it is passed on, so that many at
once do not slip through.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from edms.access.model import Person, SignInFailure
from edms.access.passwords import password_matches
from edms.access.people import may_sign_in, person_named
from edms.access.policy import Action
from edms.core.errors import EdmsError, Refused
from edms.core.ids import new_id
from edms.core.secret import Secret
from edms.directory.entries import Answer, DirectoryAway, DirectoryPerson
from edms.operation.brakes import Brakes, known_device
from edms.operation.directory_links import is_entry_of, is_linked, linked_as, name_there
from edms.operation.passkeys import RelyingParty
from edms.operation.proof import prove
from edms.operation.sessions import ENTRANCE, Visit, person_of, sign_out
from edms.operation.sign_in import SignInRefused, conclude, sign_in
from edms.operation.sign_in_passkeys import sign_in_by_passkey
from edms.records.archive import Archive
from edms.records.directory_sync import directory_of, follow_entry, log
from edms.records.people import USERNAME


@dataclass(frozen=True)
class _Account:
    """Who a name is here: nobody, somebody whose hash is kept here, or somebody of the directory (`hash` is None)."""

    person_id: UUID | None
    password_hash: str | None


def sign_in_here(archive: Archive, username: str, password: str, visit: Visit) -> str:
    """Return the token of a new session, as `edms.operation.sign_in` does, of whoever keeps the password.

    Raises SignInRefused.
    """
    if archive.directory is None:
        return sign_in(archive.door, archive.settings.access, username, password, visit)
    name = username.strip().casefold()
    account = _account(archive, name)
    brakes = Brakes(archive.door, archive.settings.access, name, visit, account.person_id)
    if minutes := brakes.wait_minutes():
        raise SignInRefused(minutes)
    if password_matches(password, account.password_hash):
        return _conclude(archive, brakes, account.person_id, visit, right=True)
    # The password of somebody kept here never leaves this machine, and neither does one for a name that cannot be one.
    passed_on = password if account.password_hash is None and USERNAME.fullmatch(name) else ""
    try:
        answer = _asked(archive, name, passed_on, known=_is_known(archive, visit, account.person_id))
        if answer.person is None or not answer.believed:
            return _conclude(archive, brakes, account.person_id, visit, right=False)
        person_id = _followed(archive, answer.person)
    except DirectoryAway:
        return _conclude(archive, brakes, account.person_id, visit, right=False, reason="away")
    reason = "" if person_id else "no_place"
    return _conclude(archive, brakes, person_id, visit, right=bool(person_id), reason=reason)


def passkey_sign_in_here(archive: Archive, party: RelyingParty, challenge: bytes, credential: str, visit: Visit) -> str:
    """Return the token of a new session by a passkey, as `edms.operation.sign_in_passkeys` does.

    The directory is asked whether it still lets its people in, and their groups are followed; while it is away
    what was last known of them holds. Raises SignInRefused.
    """
    token = sign_in_by_passkey(archive.door, archive.settings.access, party, challenge, credential, visit)
    with archive.database.reader() as session:
        person_id = person_of(archive.door, archive.settings.access, session, token)
        name = name_there(session, person_id) if person_id else ""
    if archive.directory is None or person_id is None or not name:
        return token
    try:
        let_in = _is_let_in(archive, person_id, name)
    except DirectoryAway:
        log.warning("somebody of the directory signs in by a passkey, and the directory is away")
        return token
    if not let_in:
        sign_out(archive.door, token)
        raise SignInRefused(reason="no_place")
    return token


def _is_let_in(archive: Archive, person_id: UUID, name: str) -> bool:
    entry = directory_of(archive).find(name)
    if entry is None or not entry.enabled:
        return False
    with archive.database.reader() as session:
        same = is_entry_of(archive.door, session, person_id, entry.stable_id)
    return same and _followed(archive, entry) == person_id


def prove_here(archive: Archive, token: str, typed: str, visit: Visit) -> None:
    """Take a proof of now, as `edms.operation.proof` does; of people of the directory by a bind.

    Raises SignInRefused.
    """

    def asked(person_id: UUID, password: str) -> bool:
        return _is_password_there(archive, person_id, password, known=_is_known(archive, visit, person_id))

    elsewhere = asked if archive.directory is not None else None
    prove(archive.door, archive.settings.access, token, typed, visit, elsewhere)


def is_own_password(archive: Archive, person_id: UUID, password_hash: str, given: Secret) -> bool:
    """Say whether `given` is what somebody who is signed in signs in with, whoever keeps it. Raises Refused."""
    with archive.database.reader() as session:
        there = archive.directory is not None and is_linked(session, person_id)
    if not there:
        return password_matches(given.reveal(), password_hash)
    try:
        return _is_password_there(archive, person_id, given.reveal(), known=True)
    except SignInRefused:
        raise Refused(
            "the directory of the city does not answer, or takes no more attempts now", "try again later"
        ) from None


def _is_password_there(archive: Archive, person_id: UUID, password: str, *, known: bool) -> bool:
    with archive.database.reader() as session:
        name = name_there(session, person_id)
    try:
        answer = _asked(archive, name, password, known=known)
    except DirectoryAway:
        raise SignInRefused(reason="away") from None
    if answer.person is None or not answer.believed:
        return False
    with archive.database.reader() as session:
        return is_entry_of(archive.door, session, person_id, answer.person.stable_id)


def _account(archive: Archive, name: str) -> _Account:
    with archive.database.reader() as session:
        linked = linked_as(session, name)
        person = session.get(Person, linked) if linked else person_named(session, name, archive.clock.today())
        if person is None or not may_sign_in(person, archive.clock.today()):
            return _Account(None, None)
        there = is_linked(session, person.id)
        # Under another name in the directory: here the name is nobody's.
        if there and linked is None:
            return _Account(None, None)
        return _Account(person.id, None if there else person.password_hash)


def _followed(archive: Archive, entry: DirectoryPerson) -> UUID | None:
    """Who the believed entry is here, brought to what its groups say now. What cannot be carried out lets nobody in:
    the rights that are written here are not those that the directory gives."""
    try:
        return follow_entry(archive, entry)
    except DirectoryAway:
        raise
    except EdmsError as fault:
        log.error("somebody whom the directory believes is not let in: %s", fault.message)
        return None


def _asked(archive: Archive, name: str, password: str, *, known: bool) -> Answer:
    """Ask the directory, unless so many attempts for this name failed that it would lock the account.

    Raises DirectoryAway, SignInRefused.
    """
    settings = archive.settings.ldap
    kind, most = ("known", settings.attempts_known_device) if known else ("elsewhere", settings.attempts_elsewhere)
    key = hashlib.sha256(f"directory\0{kind}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()
    reserved = new_id(archive.clock)
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.add(SignInFailure(id=reserved, key=key, at=operation.now))
    since = archive.clock.now() - timedelta(minutes=settings.attempts_window_minutes)
    with archive.database.reader() as session:
        query = select(func.count()).select_from(SignInFailure)
        count = session.scalar(query.where(SignInFailure.key == key, SignInFailure.at >= since)) or 0
    if count > most:
        _forget(archive, SignInFailure.id == reserved)
        raise SignInRefused(settings.attempts_window_minutes)
    try:
        answer = directory_of(archive).ask(name, Secret(password))
    except DirectoryAway as fault:
        if not fault.passed_on:
            _forget(archive, SignInFailure.id == reserved)
        raise
    if answer.believed:
        _forget(archive, SignInFailure.key == key)
    return answer


def _forget(archive: Archive, which: object) -> None:
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.execute(delete(SignInFailure).where(which))  # type: ignore[arg-type]


def _is_known(archive: Archive, visit: Visit, person_id: UUID | None) -> bool:
    return bool(known_device(archive.door, visit.devices, person_id))


def _conclude(archive: Archive, brakes: Brakes, person_id: UUID | None, visit: Visit, *, right: bool,
              reason: str = "") -> str:  # fmt: skip
    return conclude(archive.door, archive.settings.access, brakes, person_id, visit, right=right, reason=reason)
