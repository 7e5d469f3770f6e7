"""Putting a record before officials for their signatures: asking, declining, withdrawing, superseding, looking.

Who may not see a request gets the answer for one that does not exist. Signing itself: signatures_sign.py.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, Role
from edms.access.model import Person
from edms.access.people import actor_of, in_service, person_named
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.typed import why
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.facts import facts_of
from edms.records.model import Record, RecordState
from edms.records.signatures_model import Signature, SignatureRequest, SigningIdentity
from edms.records.signatures_shown import base_part, content_of, field_place, render
from edms.records.signatures_states import Act, Course, RequestState, SignatureState, after
from edms.records.visible import decided_record

MOST_SIGNERS = 8
_TOKEN_BYTES = 12  # 96 bits: short enough for a small QR code, far too many to try
_MOST_REASON, _MOST_LOCATION = 200, 100


@dataclass(frozen=True)
class SignaturePlan:
    """What is asked for: user names in order; the page (0: the last) and the spot of the fields; reason and place."""

    signers: tuple[str, ...] = ()
    reason: str = ""
    location: str = ""
    page: int = 0
    spot: str = "bottom_left"


@dataclass(frozen=True)
class SignatureLine:
    """One place in a request as it is shown. `rendering` and the digests are empty until it is signed."""

    signature: UUID
    position: int
    user: str
    name: str
    title: str
    state: str
    at: datetime | None
    decline_reason: str
    provider: str
    token: str
    rendering: str
    renderer: str
    signed_sha256: str
    document: int
    certificate_revoked: bool


@dataclass(frozen=True)
class RequestLine:
    """A request as it is shown; `may_withdraw` and `may_supersede` say what the actor can do with it now."""

    request: UUID
    record: UUID
    title: str
    level: str | None
    state: str
    requester: str
    requested_at: datetime
    reason: str
    location: str
    close_reason: str
    signatures: tuple[SignatureLine, ...]
    may_withdraw: bool
    may_supersede: bool


@dataclass(frozen=True)
class SignerChoice:
    user: str
    name: str
    title: str
    office: str


def signer_choices(actor: Actor | None, archive: Archive, record_id: UUID) -> tuple[SignerChoice, ...]:
    """Return the officials who can be asked to sign this record, by name: they may see it and are able to sign."""
    with archive.door.read(actor, Action.RECORD_REQUEST_SIGNATURES) as operation:
        return choices_for(operation.session, archive, facts_of(decided_record(operation, record_id)))


def choices_for(session: Session, archive: Archive, facts: RecordFacts) -> tuple[SignerChoice, ...]:
    """Return who can sign a record of these facts, by name. Raises Refused when nobody signs in this archive."""
    rows = session.scalars(
        select(SigningIdentity)
        .join(Person)
        .where(SigningIdentity.provider == _provider(archive), SigningIdentity.revoked_at.is_(None), Person.active)
        .order_by(Person.name)
    )
    return tuple(
        SignerChoice(row.person.username, row.person.name, row.position, _office(row.person))
        for row in rows
        if row.ready and _may_sign(session, archive, row.person, facts)
    )


def request_signatures(actor: Actor | None, archive: Archive, record_id: UUID, plan: SignaturePlan) -> UUID:
    """Ask for signatures on a declared record; the first signer has it before them at once. Returns the request's id.

    Raises NotFound; Refused for a plan that cannot be carried out, or a document that must not be signed.
    """
    with archive.door.read(actor, Action.RECORD_REQUEST_SIGNATURES) as operation:
        record = decided_record(operation, record_id)
        _check(archive, record, plan)
        part = base_part(operation.session, record)
        base_sha256, content = part.blob.sha256, content_of(archive, part)
    rendering = render(archive, content)
    refuse_what_is_not_shown(rendering.refusing)
    places = [field_place(rendering.pages, plan.page, plan.spot, number) for number in range(len(plan.signers))]
    with archive.door.write(actor, Action.RECORD_REQUEST_SIGNATURES) as operation:
        record = decided_record(operation, record_id, lock=True)
        if base_part(operation.session, record).blob.sha256 != base_sha256:
            raise Refused("the document was signed meanwhile", "reload the page")
        people = _signers(operation.session, archive, record, plan.signers)
        request = SignatureRequest(
            id=new_id(archive.clock), record_id=record.id, state=RequestState.OPEN.value,
            requested_by=operation.actor.id, requester_name=operation.actor.name, requested_at=operation.now,
            reason=plan.reason.strip(), location=plan.location.strip(), base_sha256=base_sha256,
        )  # fmt: skip
        operation.session.add(request)
        operation.session.flush()
        course = Course.begun(len(people))
        for number, (person, place) in enumerate(zip(people, places, strict=True)):
            state = course.signatures[number]
            operation.session.add(
                Signature(
                    id=new_id(archive.clock), request_id=request.id, position=number + 1, person_id=person.id,
                    state=state.value, token=secrets.token_urlsafe(_TOKEN_BYTES), page=place.page, x=place.x,
                    y=place.y, width=place.width, height=place.height,
                    asked_at=operation.now if state is SignatureState.ASKED else None,
                )
            )  # fmt: skip
        operation.about("record", record.id, "signature.requested")
        operation.note(request=str(request.id), signers=[str(person.id) for person in people], base_sha256=base_sha256,
                       rendering_sha256=rendering.sha256)  # fmt: skip
        return request.id


def refuse_what_is_not_shown(codes: Sequence[str]) -> None:
    """Raise Refused when a document holds what could look otherwise than it was shown."""
    if codes:
        raise Refused(f"the document may not be signed, for it can look otherwise than it is shown: {', '.join(codes)}",
                      "capture it anew without them, for example printed to PDF")  # fmt: skip


def decline_signature(actor: Actor | None, archive: Archive, signature_id: UUID, reason: str) -> None:
    """Refuse to sign, with a reason; the request ends, and what others signed before stays. Raises NotFound."""
    with archive.door.write(actor, Action.RECORD_SIGN) as operation:
        signature = decided_signature(operation, signature_id, lock=True)
        advance(operation, signature.request, Act.DECLINE, signature.position)
        signature.decline_reason = why(reason)
        operation.about("record", signature.request.record_id, "signature.declined")
        operation.note(request=str(signature.request_id), signature=str(signature.id), position=signature.position)


def withdraw_request(actor: Actor | None, archive: Archive, request_id: UUID, reason: str) -> None:
    """Take an open request back. Whoever made it may, and a records officer. Raises NotFound, Refused."""
    _close(actor, archive, request_id, reason, Act.WITHDRAW, "signature.withdrawn")


def supersede_request(actor: Actor | None, archive: Archive, request_id: UUID, reason: str) -> None:
    """Say of a document that all have signed that another has taken its place; the public page says so too."""
    _close(actor, archive, request_id, reason, Act.SUPERSEDE, "signature.superseded")


def _close(actor: Actor | None, archive: Archive, request_id: UUID, reason: str, act: Act, event: str) -> None:
    with archive.door.write(actor, Action.RECORD_REQUEST_SIGNATURES) as operation:
        request = operation.session.get(SignatureRequest, request_id, with_for_update=True)
        operation.about("signature_request", request_id, event)
        if request is None:
            raise NotFound()
        operation.decide(facts_of(request.record))
        if not _owns(operation.actor, request):
            raise NotFound()
        advance(operation, request, act)
        request.close_reason = why(reason)
        operation.about("record", request.record_id, event)
        operation.note(request=str(request.id))


def waiting_signatures(actor: Actor | None, archive: Archive) -> tuple[list[RequestLine], list[RequestLine]]:
    """Return the requests in which it is the actor's turn, oldest first, and those the actor made, newest first."""
    with archive.door.read(actor, Action.SIGNATURE_QUEUE) as operation:
        operation.decide()
        session, who = operation.session, operation.actor
        asked = session.scalars(
            select(SignatureRequest)
            .join(Signature)
            .where(Signature.person_id == _person_id(who), Signature.state == SignatureState.ASKED.value)
            .order_by(Signature.asked_at, Signature.id)
        )
        mine = [line_of(operation, request) for request in asked.unique()
                if decide(who, Action.RECORD_SIGN, facts_of(request.record)).allowed]  # fmt: skip
        made = session.scalars(
            select(SignatureRequest)
            .where(SignatureRequest.requested_by == who.id)
            .order_by(SignatureRequest.requested_at.desc(), SignatureRequest.id.desc())
            .limit(100)
        )
        seen = [line_of(operation, request) for request in made
                if decide(who, Action.RECORD_VIEW, facts_of(request.record)).allowed]  # fmt: skip
        return mine, seen


def record_signatures(actor: Actor | None, archive: Archive, record_id: UUID) -> list[RequestLine]:
    """Return the requests for signatures on a record, the newest first. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        requests = operation.session.scalars(
            select(SignatureRequest)
            .where(SignatureRequest.record_id == record.id)
            .order_by(SignatureRequest.requested_at.desc(), SignatureRequest.id.desc())
        )
        return [line_of(operation, request) for request in requests]


def line_of(operation: Operation, request: SignatureRequest) -> RequestLine:
    """Return a request as it is shown to the actor, who may see its record."""
    owns = _owns(operation.actor, request)
    may = owns and decide(operation.actor, Action.RECORD_REQUEST_SIGNATURES, facts_of(request.record)).allowed
    return RequestLine(
        request.id, request.record_id, request.record.title, request.record.level, request.state,
        request.requester_name, request.requested_at, request.reason, request.location, request.close_reason or "",
        tuple(_signature_line(one) for one in request.signatures),
        may and request.state == RequestState.OPEN.value, may and request.state == RequestState.COMPLETE.value,
    )  # fmt: skip


def _signature_line(one: Signature) -> SignatureLine:
    return SignatureLine(
        one.id, one.position, one.person.username, one.signer_name or one.person.name, one.signer_position or "",
        one.state, one.signed_at or one.ended_at, one.decline_reason or "", one.provider or "", one.token,
        one.rendering_sha256 or "", one.renderer or "", one.signed_sha256 or "",
        one.component_position or 0, revoked(one),
    )  # fmt: skip


def revoked(signature: Signature) -> bool:
    """True when the signer's certificate was not to be trusted any more at the time of signing."""
    since = signature.identity.revoked_since if signature.identity else None
    return since is not None and signature.signed_at is not None and signature.signed_at >= since


def decided_signature(operation: Operation, signature_id: UUID, *, lock: bool = False) -> Signature:
    """Return a signature that is the actor's own to give, after the decision on its record; its request is locked.

    Raises NotFound for everybody else: an unknown one, a forbidden one and somebody else's have one answer.
    """
    signature = operation.session.get(Signature, signature_id)
    operation.about("signature", signature_id)
    if signature is None:
        raise NotFound()
    if lock:
        operation.session.get(SignatureRequest, signature.request_id, with_for_update=True, populate_existing=True)
        operation.session.refresh(signature)
    operation.decide(facts_of(signature.request.record))
    if signature.person_id != _person_id(operation.actor):
        raise NotFound()
    return signature


def advance(operation: Operation, request: SignatureRequest, act: Act, position: int = 0) -> None:
    """Carry an act out on the rows of a request that is locked. Raises Refused."""
    states = tuple(SignatureState(one.state) for one in request.signatures)
    course = after(Course(RequestState(request.state), states), act, position)
    for one, state in zip(request.signatures, course.signatures, strict=True):
        if one.state == state.value:
            continue
        one.state = state.value
        if state is SignatureState.ASKED:
            one.asked_at = operation.now
        else:
            one.ended_at = operation.now
    if request.state != course.request.value:
        request.state, request.closed_at = course.request.value, operation.now


def _check(archive: Archive, record: Record, plan: SignaturePlan) -> None:
    _provider(archive)
    if not archive.settings.server.public_url:
        raise Refused(
            "the address of the public verification page is not set", "the administrator sets [server] public_url"
        )
    if record.state != RecordState.DECLARED.value:
        raise Refused("only a declared record can be signed")
    if not 1 <= len(plan.signers) <= MOST_SIGNERS or len(set(plan.signers)) != len(plan.signers):
        raise Refused(f"a request has 1 to {MOST_SIGNERS} signers, each of them once")
    reason, location = plan.reason.strip(), plan.location.strip()
    if (
        not 1 <= len(reason) <= _MOST_REASON
        or len(location) > _MOST_LOCATION
        or not f"{reason}{location}".isprintable()
    ):
        raise Refused(
            f"a request has a reason of 1 to {_MOST_REASON} characters and a place of at most {_MOST_LOCATION}"
        )


def _signers(session: Session, archive: Archive, record: Record, names: Sequence[str]) -> list[Person]:
    open_one = select(SignatureRequest.id).where(
        SignatureRequest.record_id == record.id, SignatureRequest.state == RequestState.OPEN.value
    )
    if session.scalars(open_one).first() is not None:
        raise Refused(
            "signatures on this record are being asked for already", "wait for them, or withdraw that request"
        )
    return [person for person, _identity in able_signers(session, archive, facts_of(record), names)]


def able_signers(
    session: Session, archive: Archive, facts: RecordFacts, names: Sequence[str]
) -> list[tuple[Person, SigningIdentity]]:
    """Return the people of these user names, in order, each with what they sign with. Raises Refused for anybody who
    may not see a record of these facts, or has no certificate."""
    found = []
    for name in names:
        person = person_named(session, name, archive.clock.today())
        identity = identity_of(session, person.id, _provider(archive)) if person else None
        if person is None or identity is None or not identity.ready or not _may_sign(session, archive, person, facts):
            raise Refused(
                f"{name} cannot sign this record", "choose from the list: officials who may see it and can sign"
            )
        found.append((person, identity))
    return found


def identity_of(session: Session, person_id: UUID, provider: str) -> SigningIdentity | None:
    """Return what `provider` knows a person by, now; None when nobody enrolled them, or it was revoked."""
    query = select(SigningIdentity).where(
        SigningIdentity.person_id == person_id,
        SigningIdentity.provider == provider,
        SigningIdentity.revoked_at.is_(None),
    )
    return session.scalars(query.order_by(SigningIdentity.enrolled_at.desc(), SigningIdentity.id.desc())).first()


def _may_sign(session: Session, archive: Archive, person: Person, facts: RecordFacts) -> bool:
    today = archive.clock.today()
    return in_service(person, today) and decide(actor_of(session, person, today), Action.RECORD_SIGN, facts).allowed


def _owns(actor: Actor, request: SignatureRequest) -> bool:
    return request.requested_by == actor.id or actor.has(Role.RECORDS_OFFICER)


def _provider(archive: Archive) -> str:
    if archive.personal is None:
        raise Refused("personal signatures are off in this archive", "the administrator sets [signing] personal")
    return archive.personal.provider


def _person_id(actor: Actor) -> UUID | None:
    try:
        return UUID(actor.id)
    except ValueError:
        return None


def _office(person: Person) -> str:
    return person.office.name if person.office else ""
