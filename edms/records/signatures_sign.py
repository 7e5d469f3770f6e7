"""Signing: what is shown is drawn, hashed and shown; what is signed is held against that hash before and after.

No transaction is open while the provider is asked. Whatever goes wrong, nothing is stored and nobody's turn passes.
"""

import io
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from PIL import Image

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import sha256_hex
from edms.core.errors import EdmsError, NotFound, Refused
from edms.core.ids import new_id
from edms.core.secret import Secret
from edms.operation.attempts import attempt_failed, attempts_end, require_attempts_left
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole
from edms.records.reindexing import look_again
from edms.records.signatures import (
    RequestLine,
    advance,
    decided_signature,
    identity_of,
    line_of,
    refuse_what_is_not_shown,
)
from edms.records.signatures_model import Signature, SigningIdentity
from edms.records.signatures_shown import (
    Rendering,
    content_of,
    document_part,
    page_picture,
    render,
    shows_the_same,
    user_space,
)
from edms.records.signatures_states import Act, RequestState, SignatureState
from edms.signing.personal import (
    AnswerRefused,
    Mark,
    PersonalSigner,
    Placement,
    Signatory,
    SignatureUnavailable,
    WrongPassphrase,
)
from edms.signing.personal_check import Added, check_answer
from edms.signing.personal_mark import MarkText, mark_picture
from edms.signing.verification import TrustMaterial
from edms.text.pdf import MEDIA_TYPE
from edms.vault.rows import add_blob

VERIFY_PATH = "/v/"
_NAME = "signed-{}.pdf"
_MONTHS = "d MMMM y HH.mm z"


@dataclass(frozen=True)
class SigningView:
    """What the signing page shows: the request, and the whole document. `shown`: the hash the form sends back."""

    request: RequestLine
    signature: UUID
    position: int
    pages: int
    shown: str
    renderer: str
    dpi: int
    findings: tuple[str, ...]
    refused: tuple[str, ...]
    sha256: str
    field_page: int
    pilot: bool
    signer_title: str


@dataclass(frozen=True)
class _Task:
    """All that one signing needs, read in one go."""

    signature: UUID
    content: bytes
    base_sha256: str
    signatory: Signatory
    identity: UUID
    text: MarkText
    seen: Placement
    link: str
    reason: str
    location: str


def signing_view(actor: Actor | None, archive: Archive, signature_id: UUID) -> SigningView:
    """Return what the signer whose turn it is will sign, drawn whole; leaves an event with the hash of what is shown.

    Raises NotFound for everybody else, Refused when it is not their turn or the document cannot be shown.
    """
    with archive.door.read(actor, Action.RECORD_SIGN) as operation:
        signature, identity = _ready(operation, archive, signature_id)
        part = document_part(signature.request)
        content = content_of(archive, part)
        line, title = line_of(operation, signature.request), identity.position
        position, page = signature.position, signature.page
    rendering = render(archive, content)
    with archive.door.write(actor, Action.RECORD_SIGN) as operation:
        signature = decided_signature(operation, signature_id)
        operation.about("record", signature.request.record_id, "signature.shown")
        operation.note(signature=str(signature.id), base_sha256=sha256_hex(content), rendering_sha256=rendering.sha256,
                       renderer=rendering.renderer, dpi=rendering.dpi)  # fmt: skip
    return SigningView(
        line, signature_id, position, len(rendering.pages), rendering.sha256, rendering.renderer, rendering.dpi,
        rendering.findings, rendering.refusing, sha256_hex(content), page, _signer(archive).pilot, title,
    )  # fmt: skip


def document_to_sign(actor: Actor | None, archive: Archive, signature_id: UUID) -> bytes:
    """Return the document that waits for the actor's signature, to be read with a program of their own."""
    with archive.door.read(actor, Action.RECORD_SIGN) as operation:
        return _content(operation, archive, signature_id)


def _content(operation: Operation, archive: Archive, signature_id: UUID) -> bytes:
    signature, _identity = _ready(operation, archive, signature_id)
    return content_of(archive, document_part(signature.request))


def signing_picture(actor: Actor | None, archive: Archive, signature_id: UUID, page: int) -> bytes:
    """Return one page of what is to be signed, drawn as it is hashed (PNG). Raises NotFound, Refused."""
    with archive.door.read(actor, Action.RECORD_SIGN) as operation:
        content = _content(operation, archive, signature_id)
    picture = page_picture(archive, content, page)
    if picture is None:
        raise NotFound()
    return picture


def sign_document(actor: Actor | None, archive: Archive, signature_id: UUID, shown: str, passphrase: Secret) -> str:
    """Sign as the signer whose turn it is; returns the SHA-256 of the signed document. `shown`: the hash of what was
    shown, which must be that of the document as it is now.

    Raises NotFound; Refused for another turn, another document or too many wrong passphrases; WrongPassphrase,
    SignatureUnavailable, AnswerRefused when there is no signature: then nothing has changed.
    """
    with archive.door.read(actor, Action.RECORD_SIGN) as operation:
        signature, identity = _ready(operation, archive, signature_id)
        task = _task(operation, archive, signature, identity)
    rendering = render(archive, task.content)
    if rendering.sha256 != shown:
        raise Refused("what was shown is not what would be signed now", "look at it again, then sign")
    refuse_what_is_not_shown(rendering.refusing)
    require_attempts_left(archive.door, archive.settings.access, _key(task))
    try:
        answer, added = _signed(archive, task, rendering, passphrase)
    except (WrongPassphrase, SignatureUnavailable, AnswerRefused) as fault:
        _note_failure(actor, archive, signature_id, fault)
        if isinstance(fault, WrongPassphrase):
            attempt_failed(archive.door, _key(task))
        raise
    attempts_end(archive.door, _key(task))
    return _store(actor, archive, task, rendering, answer, added)


def _ready(operation: Operation, archive: Archive, signature_id: UUID) -> tuple[Signature, SigningIdentity]:
    """Return the actor's signature when it can be given now, and what it is given with."""
    signature = decided_signature(operation, signature_id)
    if signature.request.state != RequestState.OPEN.value:
        raise Refused("the request for signatures is closed", "reload the page to see how it ended")
    if signature.state != SignatureState.ASKED.value:
        raise Refused("it is not this signer's turn", "signatures are given in the order of the request")
    identity = identity_of(operation.session, signature.person_id, _signer(archive).provider)
    if identity is None or not identity.ready:
        raise Refused("you have no certificate to sign with", "see the page about your certificate")
    return signature, identity


def _signer(archive: Archive) -> PersonalSigner:
    if archive.personal is None:
        raise Refused("personal signatures are off in this archive", "the administrator sets [signing] personal")
    return archive.personal


def _task(operation: Operation, archive: Archive, signature: Signature, identity: SigningIdentity) -> _Task:
    settings, request, person = archive.settings, signature.request, signature.person
    part = document_part(request)
    language = settings.archive.language
    moment = format_datetime(archive.clock.now(), _MONTHS, tzinfo=ZoneInfo(settings.archive.time_zone), locale=language)
    pilot = {"id": "sertifikat uji coba", "en": "pilot certificate"}[language] if _signer(archive).pilot else ""
    office = person.office.name if person.office else settings.archive.organisation
    return _Task(
        signature.id, content_of(archive, part), part.blob.sha256,
        Signatory(person.name, identity.identity, identity.certificate or b"", identity.sealed_key or b""), identity.id,
        MarkText(person.name, identity.position, office, moment, request.reason, request.location, pilot),
        Placement(signature.page, signature.x, signature.y, signature.width, signature.height),
        f"{settings.server.public_url.rstrip('/')}{VERIFY_PATH}{signature.token}", request.reason, request.location,
    )  # fmt: skip


def _signed(archive: Archive, task: _Task, rendering: Rendering, passphrase: Secret) -> tuple[bytes, Added]:
    """Ask the provider and hold its answer against the document and against what was shown."""
    signer, geometry = _signer(archive), rendering.pages[task.seen.page - 1]
    place = user_space(geometry, task.seen)
    picture = _turned(mark_picture(task.text, task.link), int(geometry["rotation"]))
    mark = Mark(place, picture, task.link, task.reason, task.location)
    answer = signer.sign(task.content, task.signatory, passphrase, mark)
    tolerance = timedelta(seconds=archive.settings.signing.timestamp_tolerance_seconds)
    added = check_answer(task.content, answer, task.signatory, place, _trust(archive), archive.clock.now(), tolerance)
    try:
        now = render(archive, answer)
    except Refused as fault:
        raise AnswerRefused(f"the signed document cannot be shown: {fault.message}; nothing was signed") from None
    if not shows_the_same(archive, task.content, answer, rendering, now, task.seen):
        raise AnswerRefused("the signed document shows something else than was shown; nothing was signed",
                            "tell the administrator")  # fmt: skip
    return answer, added


def _trust(archive: Archive) -> TrustMaterial:
    """The signer's own roots for the signature; those of the archive's timestamp authorities for the time in it."""
    return TrustMaterial(_signer(archive).trust.roots, archive.trust.timestamps)


def _turned(picture: bytes, rotation: int) -> bytes:
    """Turn the field's picture against the page's rotation, so that it stands upright when the page is seen."""
    if rotation % 360 == 0:
        return picture
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).rotate(rotation, expand=True).save(out, "PNG")
    return out.getvalue()


def _store(
    actor: Actor | None, archive: Archive, task: _Task, rendering: Rendering, answer: bytes, added: Added
) -> str:
    """Keep the signed document and all that is known of the signature, unless something has changed meanwhile."""
    sealed = archive.vault.put(io.BytesIO(answer), purpose=ComponentRole.SIGNED.value)
    with archive.door.write(actor, Action.RECORD_SIGN) as operation:
        signature = decided_signature(operation, task.signature, lock=True)
        record = signature.request.record
        if document_part(signature.request).blob.sha256 != task.base_sha256:
            raise Refused("the document was signed meanwhile", "reload the page")
        advance(operation, signature.request, Act.SIGN, signature.position)
        position = sum(part.role == ComponentRole.SIGNED.value for part in record.components) + 1
        blob = add_blob(operation.session, archive.vault, sealed, operation.now)
        part = Component(id=new_id(archive.clock), role=ComponentRole.SIGNED.value, position=position,
                         blob_id=sealed.blob_id, name=_NAME.format(position), media_type=MEDIA_TYPE,
                         facts={})  # fmt: skip
        part.blob = blob
        record.components.append(part)
        _fill(signature, archive, task, rendering, added)
        signature.signed_sha256, signature.component_position = sealed.sha256, position
        look_again(operation, [record.id])
        operation.about("record", record.id, "signature.signed")
        operation.note(
            request=str(signature.request_id), signature=str(signature.id), position=signature.position,
            person=str(signature.person_id), provider=signature.provider, field=added.field_name,
            certificate_sha256=signature.certificate_sha256, signed_at=added.signed_at.isoformat(),
            base_sha256=task.base_sha256, signed_sha256=sealed.sha256, rendering_sha256=rendering.sha256,
            renderer=rendering.renderer, dpi=rendering.dpi,
        )  # fmt: skip
    return sealed.sha256


def _fill(signature: Signature, archive: Archive, task: _Task, rendering: Rendering, added: Added) -> None:
    signature.identity_id, signature.provider = task.identity, _signer(archive).provider
    signature.signer_name, signature.signer_position = task.text.name, task.text.position
    signature.signer_office = task.text.office
    signature.signed_at, signature.stamped, signature.field_name = added.signed_at, added.stamped, added.field_name[:80]
    signature.certificate_sha256 = sha256_hex(added.certificate)
    signature.rendering_sha256, signature.renderer, signature.dpi = rendering.sha256, rendering.renderer, rendering.dpi
    signature.base_sha256 = task.base_sha256


def _note_failure(actor: Actor | None, archive: Archive, signature_id: UUID, fault: EdmsError) -> None:
    """Leave in the trail that a signature was tried and why there is none: the kind of fault, and nothing typed."""
    with archive.door.write(actor, Action.RECORD_SIGN) as operation:
        signature = decided_signature(operation, signature_id)
        operation.about("record", signature.request.record_id, "signature.failed")
        operation.note(signature=str(signature.id), fault=type(fault).__name__)


def _key(task: _Task) -> str:
    return f"signature\0{task.identity}"
