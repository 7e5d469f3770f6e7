"""The sessions of a person: listed to that person, ended one by one or all, and ended by an administrator."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from edms.access.actors import Actor
from edms.access.model import SignInSession
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.operation.sessions import end_sessions, has_ended, session_key
from edms.records.archive import Archive
from edms.records.people import own_person, person_in_service


@dataclass(frozen=True)
class SessionView:
    """One session: `id` names it and opens nothing; browser, system and network are shown coarsely."""

    id: str
    started_at: datetime
    seen_at: datetime
    device: str
    network: str
    current: bool


def own_sessions(actor: Actor | None, archive: Archive, token: str) -> list[SessionView]:
    """Return the actor's sessions that have not ended, the one of `token` marked, the newest first."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        mine = session_key(archive.door, token)
        query = select(SignInSession).where(SignInSession.person_id == person.id)
        rows = operation.session.scalars(query.order_by(SignInSession.seen_at.desc()))
        return [
            SessionView(row.token_sha256.hex(), row.started_at, row.seen_at, row.device, row.network,
                        row.token_sha256 == mine)
            for row in rows
            if not has_ended(row, operation.now, archive.settings.access, person.clearance)
        ]  # fmt: skip


def end_own_session(actor: Actor | None, archive: Archive, session_id: str) -> None:
    """End one session of the actor. Raises NotFound for one that is not the actor's, or is none."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        try:
            row = operation.session.get(SignInSession, bytes.fromhex(session_id))
        except ValueError:
            raise NotFound() from None
        if row is None or row.person_id != person.id:
            raise NotFound()
        operation.session.delete(row)
        operation.about("person", person.id, "session.ended_by_owner")


def end_other_sessions(actor: Actor | None, archive: Archive, token: str) -> None:
    """End every session of the actor but the one that holds `token`."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        end_sessions(operation.session, person.id, keep=session_key(archive.door, token))
        operation.about("person", person.id, "session.others_ended")


def sign_out_person(actor: Actor | None, archive: Archive, username: str) -> None:
    """End every session of somebody, who can sign in anew. Raises Refused when there is no such active person."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = person_in_service(operation, username)
        end_sessions(operation.session, person.id)
        operation.about("person", person.id, "person.signed_out")


def sign_out_everybody(actor: Actor | None, archive: Archive) -> int:
    """End every session of everybody, after a theft or before work on the system; return how many there were.

    API tokens are not sessions and go on: `edms token revoke` ends those.
    """
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        ended = int(operation.session.scalar(select(func.count()).select_from(SignInSession)) or 0)
        operation.session.execute(delete(SignInSession))
        operation.about("list", "sessions", "sessions.all_ended")
        operation.note(sessions=ended)
        return ended
