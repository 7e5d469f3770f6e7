"""Signing in by the organisation's provider, and proving there once more who one is.

The provider is asked between two transactions, never within one. A way there is closed before anything is looked at,
whatever comes of it; what is not believed is an event that says why and holds nothing of what was sent.
"""

import hmac
import logging
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import IntegrityError

from edms.access.model import SignInSession
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotFound, NotSignedIn
from edms.operation.door import Operation
from edms.operation.passkeys import Purpose, close_challenge, open_challenge
from edms.operation.provider_ties import binding_of, end_marked, flow_of, marks, new_state
from edms.operation.sessions import (
    ENTRANCE,
    Grade,
    Visit,
    begin_session,
    has_second_factor,
    person_of,
    session_key,
)
from edms.provider.answers import Answer, ProviderFault, Told, Why
from edms.provider.client import OpenIdProvider
from edms.records.archive import Archive
from edms.records.provider_people import NO_GROUP, NotLetIn, person_told

log = logging.getLogger("edms.provider")
_LONG_AGO = timedelta(days=3660)


class Errand(StrEnum):
    """What somebody is sent to the provider for."""

    SIGN_IN = "sign-in"
    PROVE = "prove"


_PURPOSES = {Errand.SIGN_IN: Purpose.PROVIDER_SIGN_IN, Errand.PROVE: Purpose.PROVIDER_PROVE}


class ProviderRefused(EdmsError):
    """Nobody is signed in, or nothing is proven, by the provider: `why` is a code that pages have a sentence for."""

    exit_code = 1

    def __init__(self, why: str) -> None:
        super().__init__(f"not by the sign-in provider ({why})")
        self.why = why


def provider_label(archive: Archive) -> str | None:
    """Return what the button of the provider says ("" for what it says by default), None where there is no provider."""
    return archive.settings.oidc.label if archive.provider is not None else None


def begin_at_provider(archive: Archive, errand: Errand, language: str) -> tuple[str, str]:
    """Return where the browser is sent, and the text that it is to keep meanwhile. Raises NotFound, ProviderRefused."""
    provider = _provider(archive)
    state = new_state()
    try:
        place = provider.sign_in_address(
            flow_of(archive.door, state), once_more=errand is Errand.PROVE, language=language
        )
    except ProviderFault as fault:
        log.warning("nobody can sign in by the provider: %s %s", fault.why, fault.detail)
        raise ProviderRefused(fault.why) from None
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        open_challenge(archive.door, operation, _PURPOSES[errand], state.encode())
    return place, state


def sign_in_by_provider(archive: Archive, kept: str, answer: dict[str, str], visit: Visit) -> str:
    """Return the token of a new session for what came back from the provider; `kept`: the text of the way there.

    It waits for a code where the person has a second factor here and the provider asked for none that counts.
    Raises NotFound, ProviderRefused.
    """
    told = _told(archive, Errand.SIGN_IN, kept, answer, None)
    access = archive.settings.access
    try:
        with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
            operation.decide()
            person = person_told(operation, archive, told)
            asked = has_second_factor(operation.session, person.id) and not told.second_factor
            grade = Grade.CODE if asked else Grade.TWO if told.second_factor else Grade.ONE
            mark = marks(archive.door, archive.settings.oidc.issuer, told.subject, told.session)
            proved = _proved_at(operation, told)
            token = begin_session(archive.door, operation, access, person, visit, grade, proved, mark)
            operation.note(by="provider", methods=list(told.methods))
            operation.about("person", person.id, "session.password_right" if asked else "session.signed_in")
    except NotLetIn as refusal:
        _failed(archive, refusal.why, refusal.person_id, told)
        raise ProviderRefused(refusal.why) from None
    except IntegrityError:  # two first sign-ins of one account at once: the other one has made it
        _failed(archive, "at_once", "", None)
        raise ProviderRefused(Why.STATE) from None
    return token


def prove_by_provider(archive: Archive, kept: str, answer: dict[str, str], begun_at: datetime, token: str) -> None:
    """Take what came back from the provider as proof of now: of the holder of `token`, proven there since `begun_at`.

    Who has a second factor here proves two there as well. Raises NotFound, NotSignedIn, ProviderRefused.
    """
    told = _told(archive, Errand.PROVE, kept, answer, begun_at)
    why = ""
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        person_id = person_of(archive.door, archive.settings.access, operation.session, token)
        row = operation.session.get(SignInSession, session_key(archive.door, token))
        issuer = archive.settings.oidc.issuer
        binding = binding_of(archive.door, operation.session, issuer, person_id) if person_id is not None else None
        if person_id is None or row is None:
            why = "session_ended"
        elif binding is None or not hmac.compare_digest(binding.subject.encode(), told.subject.encode()):
            why = "somebody_else"
        elif has_second_factor(operation.session, person_id) and not told.second_factor:
            why = "second_factor"
        else:
            row.proved_at = operation.now
        operation.note(by="provider", **({"reason": why} if why else {}))
        operation.about("person", str(person_id or ""), "session.proof_failed" if why else "session.proved")
    if why == "session_ended":
        raise NotSignedIn("sign in first")
    if why:
        raise ProviderRefused(why)


def may_prove_by_provider(archive: Archive, token: str) -> bool:
    """Say whether the provider could prove who holds `token`."""
    if archive.provider is None:
        return False
    told = archive.settings.oidc
    with archive.database.reader() as session:
        person_id = person_of(archive.door, archive.settings.access, session, token)
        if person_id is None or binding_of(archive.door, session, told.issuer, person_id) is None:
            return False
        return bool(told.second_factor_values) or not has_second_factor(session, person_id)


def _told(archive: Archive, errand: Errand, kept: str, answer: dict[str, str], since: datetime | None) -> Told:
    """Close the way there, then ask the provider who it was. Raises ProviderRefused, and each refusal is an event."""
    provider, brought = _provider(archive), Answer(**answer)
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        open_still = bool(kept) and close_challenge(archive.door, operation, _PURPOSES[errand], kept.encode())
    try:
        if not open_still or not hmac.compare_digest(kept.encode(), brought.state.encode("utf-8", "replace")):
            raise ProviderFault(Why.STATE)
        return provider.told(flow_of(archive.door, kept), brought, since)
    except ProviderFault as fault:
        log.warning("an answer of the sign-in provider is not taken: %s %s", fault.why, fault.detail)
        _failed(archive, fault.why, "", None)
        raise ProviderRefused(fault.why) from None


def _failed(archive: Archive, why: str, person_id: str, told: Told | None) -> None:
    """Write down that somebody was not let in, and why. Who is in no group any more is out of what was open too."""
    with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.note(reason=str(why))
        if told is not None and why == NO_GROUP and person_id:
            mark = marks(archive.door, archive.settings.oidc.issuer, told.subject, "")
            operation.note(ended=len(end_marked(operation.session, subject=mark.subject)))
        operation.about("person", person_id, "session.provider_failed")


def _proved_at(operation: Operation, told: Told) -> datetime:
    """When it was proven there. A provider that lets people on without asking, and does not say since when, proves
    nothing of now: what asks for a recent proof asks for one."""
    if told.authenticated_at is None:
        return operation.now - _LONG_AGO
    return min(operation.now, told.authenticated_at.astimezone(UTC))


def _provider(archive: Archive) -> OpenIdProvider:
    if archive.provider is None:
        raise NotFound()
    return archive.provider
