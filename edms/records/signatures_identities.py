"""Who can sign: enrolled by an administrator, who vouches for name and position; made ready by the official alone.

The administrator never holds a passphrase, and the passphrase is no way to sign in: a session that was taken over
cannot make a certificate, nor can somebody who knows the password change what was signed with it.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Person
from edms.access.people import person_named
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.core.secret import Secret
from edms.core.typed import why
from edms.operation.attempts import attempt_failed, attempts_end, require_attempts_left
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.directory_sign_in import is_own_password
from edms.records.people import own_person
from edms.records.signatures import identity_of
from edms.records.signatures_model import SigningIdentity
from edms.signing.personal import PersonalIssuer, PersonalSigner, WrongPassphrase

_NIK = re.compile(r"\d{16}", re.ASCII)
_MOST_WHY = 300
_LEAST = 10  # characters of a passphrase: with argon2id in front, a few words in a row


@dataclass(frozen=True)
class IdentityView:
    """How somebody can sign. `state`: none, enrolled (a pilot certificate is still to be made), ready, revoked."""

    user: str
    name: str
    position: str
    provider: str
    pilot: bool
    state: str
    issued_at: datetime | None
    revoked_at: datetime | None
    revoke_reason: str


def enrol_signer(actor: Actor | None, archive: Archive, username: str, position: str, nik: str) -> None:
    """Let an official sign, with this position in the signatures. `nik`: 16 digits, for a certified service only.

    Somebody enrolled already gets the new position, and keeps the certificate. Raises Refused.
    """
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        signer = _signer(archive)
        person = person_named(operation.session, username, archive.clock.today())
        if person is None or "official" not in person.roles.split(","):
            raise Refused(f"there is no official {username!r}", "only officials sign; see: edms person list")
        if not 1 <= len(position.strip()) <= 200 or not position.isprintable():
            raise Refused("a position has 1 to 200 characters")
        if signer.pilot == bool(nik) or (nik and not _NIK.fullmatch(nik)):
            raise Refused("a certified service knows a person by a NIK of 16 digits; the pilot authority by none")
        row = identity_of(operation.session, person.id, signer.provider)
        if row is None:
            row = SigningIdentity(id=new_id(archive.clock), person_id=person.id, provider=signer.provider,
                                  enrolled_by=operation.actor.id, enrolled_at=operation.now)  # fmt: skip
            operation.session.add(row)
        row.position, row.identity = position.strip(), nik
        operation.about("person", person.id, "signature.enrolled")
        operation.note(provider=signer.provider, identity=str(row.id))


def own_identity(actor: Actor | None, archive: Archive) -> IdentityView:
    """Return how the actor can sign. Raises NotPermitted for somebody who is no official, Refused where it is off."""
    with archive.door.read(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        signer = _signer(archive)
        person = own_person(operation)
        rows = operation.session.scalars(
            select(SigningIdentity)
            .where(SigningIdentity.person_id == person.id, SigningIdentity.provider == signer.provider)
            .order_by(SigningIdentity.revoked_at.is_(None).desc(), SigningIdentity.enrolled_at.desc())
        )
        row = next(iter(rows), None)
        state = "none" if row is None else "revoked" if row.revoked_at else "ready" if row.ready else "enrolled"
        return IdentityView(
            person.username, person.name, row.position if row else "", signer.provider, signer.pilot, state,
            row.issued_at if row else None, row.revoked_at if row else None, (row.revoke_reason or "") if row else "",
        )  # fmt: skip


def issue_certificate(actor: Actor | None, archive: Archive, password: Secret, passphrase: Secret) -> None:
    """Make the actor's pilot certificate, its key under `passphrase`. `password`: that of signing in, asked for again.

    Raises Refused when nobody enrolled the actor, there is one already, or the password is wrong.
    """
    with archive.door.read(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        issuer, person = _issuer(archive), own_person(operation)
        name, password_hash, key = person.name, person.password_hash, f"identity\0{person.id}"
        person_id = person.id
    require_attempts_left(archive.door, archive.settings.access, key)
    if not is_own_password(archive, person_id, password_hash, password):
        attempt_failed(archive.door, key)
        raise Refused("the password is wrong", "it is the one you sign in with")
    attempts_end(archive.door, key)
    _require_strong(passphrase, password)
    certificate, sealed = issuer.issue(name, passphrase)
    with archive.door.write(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        row = _own_row(operation, archive)
        if row.sealed_key is not None:
            raise Refused("you have a certificate already", "revoke it to have another")
        row.certificate, row.sealed_key, row.issued_at = certificate, sealed, operation.now
        operation.about("person", row.person_id, "signature.certificate_issued")
        operation.note(identity=str(row.id), provider=row.provider)


def change_passphrase(actor: Actor | None, archive: Archive, old: Secret, new: Secret) -> None:
    """Put the actor's pilot key under another passphrase. Raises WrongPassphrase, Refused."""
    with archive.door.read(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        issuer, row = _issuer(archive), _own_row(operation, archive)
        if row.certificate is None or row.sealed_key is None:
            raise Refused("you have no certificate to sign with", "see the page about your certificate")
        identity, certificate, sealed = row.id, row.certificate, row.sealed_key
    key = f"signature\0{identity}"
    require_attempts_left(archive.door, archive.settings.access, key)
    _require_strong(new, old)
    try:
        changed = issuer.change(certificate, sealed, old, new)
    except WrongPassphrase:
        attempt_failed(archive.door, key)
        raise
    with archive.door.write(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        row = _own_row(operation, archive)
        if row.id != identity or row.sealed_key != sealed:
            raise Refused("the certificate was changed meanwhile", "reload the page")
        row.sealed_key = changed
        operation.about("person", row.person_id, "signature.passphrase_changed")
        operation.note(identity=str(row.id))


def revoke_own_certificate(actor: Actor | None, archive: Archive, reason: str) -> None:
    """Give the actor's certificate up from now on. What was signed before stays good. Raises Refused."""
    with archive.door.write(actor, Action.SIGNATURE_IDENTITY) as operation:
        operation.decide()
        row = _own_row(operation, archive)
        _revoke(operation, row, reason, operation.now)
        _enrol_anew(operation, archive, row)


def revoke_certificate(
    actor: Actor | None, archive: Archive, username: str, reason: str, since: datetime | None = None
) -> None:
    """Revoke an official's certificate. `since`: from when it is not to be trusted, when that was before now.

    The public pages of what was signed from then on say "revoked". Raises Refused.
    """
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = operation.session.scalars(select(Person).where(Person.username == username)).one_or_none()
        row = identity_of(operation.session, person.id, _signer(archive).provider) if person else None
        if row is None:
            raise Refused(f"{username} has no certificate to revoke")
        moment = since or operation.now
        if moment > operation.now:
            raise Refused("a certificate is revoked from now or from before, not from a day to come")
        _revoke(operation, row, reason, moment)
        operation.note(by="administrator")


def _revoke(operation: Operation, row: SigningIdentity, reason: str, since: datetime) -> None:
    row.revoked_at, row.revoked_since, row.revoke_reason = operation.now, since, why(reason, _MOST_WHY)
    operation.about("person", row.person_id, "signature.certificate_revoked")
    operation.note(identity=str(row.id), provider=row.provider, since=since.isoformat())


def _enrol_anew(operation: Operation, archive: Archive, old: SigningIdentity) -> None:
    """Who gives a certificate up may make another: the administrator has vouched for the person already."""
    operation.session.add(
        SigningIdentity(
            id=new_id(archive.clock), person_id=old.person_id, provider=old.provider, position=old.position,
            identity=old.identity, enrolled_by=old.enrolled_by, enrolled_at=operation.now,
        )
    )  # fmt: skip


def _own_row(operation: Operation, archive: Archive) -> SigningIdentity:
    row = identity_of(operation.session, own_person(operation).id, _signer(archive).provider)
    if row is None:
        raise Refused("nobody has enrolled you as a signer", "ask the administrator")
    return row


def _require_strong(passphrase: Secret, other: Secret) -> None:
    if len(passphrase.reveal()) < _LEAST:
        raise Refused(f"a passphrase has at least {_LEAST} characters", "a few words in a row are easy to keep")
    if passphrase.reveal() == other.reveal():
        raise Refused("the passphrase must be another one")


def _signer(archive: Archive) -> PersonalSigner:
    if archive.personal is None:
        raise Refused("personal signatures are off in this archive", "the administrator sets [signing] personal")
    return archive.personal


def _issuer(archive: Archive) -> PersonalIssuer:
    signer = _signer(archive)
    if not isinstance(signer, PersonalIssuer):
        raise Refused(
            "the certificates of this service are not made here", "the service itself issues and changes them"
        )
    return signer
