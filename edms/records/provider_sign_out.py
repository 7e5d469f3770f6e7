"""Signing out at the provider too, and being signed out from there (OpenID Connect Back-Channel Logout 1.0)."""

import logging

from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.operation.provider_ties import end_marked, marks, spend
from edms.operation.sessions import ENTRANCE
from edms.provider.answers import ProviderFault, Why
from edms.records.archive import Archive
from edms.records.provider_sign_in import ProviderRefused

log = logging.getLogger("edms.provider")


def sign_out_there(archive: Archive) -> str:
    """Return where a browser is sent to sign out at the provider too; "" where there is none, or it does not answer."""
    if archive.provider is None:
        return ""
    try:
        return archive.provider.sign_out_address()
    except ProviderFault as fault:
        log.warning("nobody is sent to the provider to sign out: %s", fault.why)
        return ""


def end_by_provider(archive: Archive, token: str) -> int:
    """End the sessions that a logout token of the provider names; return how many. Raises NotFound, ProviderRefused.

    With the name of the session there that one alone, else all that came by the account. A token counts once.
    """
    if archive.provider is None:
        raise NotFound()
    try:
        told = archive.provider.signed_out(token)
        issuer, replayed, ended = archive.settings.oidc.issuer, False, []
        by = marks(archive.door, issuer, told.subject, told.session)
        with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
            operation.decide()
            if not spend(archive.door, operation, told.token_id):
                operation.unrecorded()
                replayed = True
            else:
                subject = by.subject if told.subject else None
                ended = end_marked(operation.session, subject=subject, there=by.session)
                operation.note(ended=len(ended))
                operation.about("person", str(ended[0]) if ended else "", "session.ended_by_provider")
        if replayed:
            raise ProviderFault(Why.REPLAYED)
    except ProviderFault as fault:
        log.warning("a logout token is not taken: %s %s", fault.why, fault.detail)
        with archive.door.write(ENTRANCE, Action.SIGN_IN) as operation:
            operation.decide()
            operation.note(reason=str(fault.why))
            operation.about("archive", "", "session.provider_logout_refused")
        raise ProviderRefused(fault.why) from None
    return len(ended)
