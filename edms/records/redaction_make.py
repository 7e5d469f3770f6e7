"""Proposing areas of a redaction, looking at it, and making the document: drawn, checked, sealed, then kept.

The document is a component of the record with a role of its own. Its name says nothing, for the record's may.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.contents import Download, open_watched
from edms.records.model import Component, ComponentRole
from edms.records.redaction_model import Redaction
from edms.records.redaction_work import hand_over
from edms.records.redactions import (
    State,
    areas_in,
    base_of,
    clean_terms,
    decided_redaction,
    require,
    terms_of,
    worked,
)
from edms.records.reindexing import look_again
from edms.redaction.areas import PagePlaces, of_findings, of_terms
from edms.redaction.terms import survivors, within_words
from edms.redaction.types import Area, Finding
from edms.signing.profiles import pdf_seal
from edms.text.redactor import RedactedDocument, Redactor
from edms.vault.rows import add_blob
from edms.vault.sealed import SealedBlob

REASON = "Salinan yang disunting (dihitamkan)"
_PDF = "application/pdf"


@dataclass(frozen=True)
class Proposal:
    """Something that may be personal data: its page (first is 1), its words, and the areas that cover it.

    Without areas it stands where it cannot be seen, and is not taken over.
    """

    page: int
    words: str
    finding: Finding
    areas: tuple[Area, ...]


@dataclass(frozen=True)
class TermPlaces:
    """`areas` cover each place of the terms; `missing` were found nowhere; `within`: longer words that hold one."""

    areas: tuple[Area, ...]
    missing: tuple[str, ...]
    within: tuple[str, ...]


@dataclass(frozen=True)
class _Draft:
    record_id: UUID
    base_sha256: str
    media_type: str
    sealed: SealedBlob
    areas: tuple[Area, ...]
    terms: tuple[str, ...]
    version: int
    pages: int


@dataclass(frozen=True)
class KeptDocument:
    """A redacted document, stored, and what is told of its seal."""

    blob: SealedBlob
    sealing: dict[str, object]


def propose_areas(actor: Actor | None, archive: Archive, redaction_id: UUID) -> tuple[Proposal, ...]:
    """Return what may be personal data on the record's pages. Raises Refused when its pages cannot be read."""
    draft = _draft(actor, archive, redaction_id, "redaction.proposed")
    pages = _pages(archive, draft)
    return tuple(
        Proposal(number, pages[number - 1].text[one.start : one.end], one, areas)
        for number, one, areas in of_findings(pages)
    )


def find_terms(actor: Actor | None, archive: Archive, redaction_id: UUID, terms: Sequence[str]) -> TermPlaces:
    """Return where terms stand on the record's pages. Raises Refused, LimitExceeded."""
    kept, most = clean_terms(terms), archive.settings.redaction.max_terms
    draft = _draft(actor, archive, redaction_id, "redaction.terms_found")
    if len(kept) > most:
        raise LimitExceeded(f"at most {most} terms in one redaction", "make two of it")
    pages = _pages(archive, draft)
    there = {term for term in kept if of_terms(pages, (term,))}
    within = sorted({word for page in pages for word in within_words(page.text, kept)})
    return TermPlaces(tuple(of_terms(pages, kept)), tuple(one for one in kept if one not in there), tuple(within))


def preview_page(
    actor: Actor | None, archive: Archive, redaction_id: UUID, page: int, width: int, *, covered: bool = True
) -> bytes:
    """Return one page of a draft as it would be, or of the document that was made, as WebP. Raises NotFound.

    Not `covered`: as it is now, drawn by the same hand that will cover it, so that areas are marked where they fall.
    """
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        row = decided_redaction(operation, redaction_id)
        operation.about("record", row.record_id, "redaction.previewed")
        operation.seldom()
        part = _made_part(row.record.components, row.component_position)
        shown = part if part is not None and covered else base_of(row.record)
        sealed, media_type = shown.blob.sealed(), shown.media_type
        areas = areas_in(row) if covered and part is None else ()
    with open_watched(archive, sealed) as stream:
        picture = redactor_of(archive).preview(stream, media_type, sides_of(areas), page, width)
    if picture is None:
        raise NotFound()
    return picture


def produce_redaction(actor: Actor | None, archive: Archive, redaction_id: UUID) -> str | None:
    """Make the redacted document of a draft, check it, seal it and keep it; returns its SHA-256.

    One of many pages is left to the workers: None, and the redaction is in the making. Raises Refused when a term could
    still be read in it, or its pages were exchanged or changed meanwhile: then nothing is kept.
    """
    draft = _draft(actor, archive, redaction_id, "")
    if not draft.areas:
        raise Refused("nothing is marked yet", "mark areas or take over proposals")
    if draft.pages > archive.settings.redaction.pages_at_once:
        _hand_over(actor, archive, redaction_id, draft)
        return None
    with open_watched(archive, draft.sealed) as stream:
        made = redactor_of(archive).redact(stream, draft.media_type, sides_of(draft.areas))
    left = left_in(made, draft.terms)
    if left:
        told = "; ".join(f"{term} ({pages})" if pages else term for term, pages in left.items())
        raise Refused(f"it could still be read in what was made: {told}", "cover it by hand on its page")
    kept = sealed(archive, made)
    try:
        with archive.door.write(actor, Action.RECORD_REDACT) as operation:
            row = decided_redaction(operation, redaction_id, lock=True)
            require(row, State.DRAFT)
            _require_same(row, draft)
            worked(row, operation.actor)
            row.made_by = operation.actor.name
            operation.note(**keep(operation, archive, row, made, kept))
            operation.about("record", row.record_id, "redaction.made")
    except (Refused, NotFound):  # nothing was committed; after any other fault the blob may have its row
        archive.vault.delete(kept.blob)
        raise
    return kept.blob.sha256


def _hand_over(actor: Actor | None, archive: Archive, redaction_id: UUID, draft: _Draft) -> None:
    if draft.pages > (most := archive.settings.redaction.max_pages):
        raise LimitExceeded(f"at most {most} pages in one redaction", "tell who runs the archive")
    with archive.door.write(actor, Action.RECORD_REDACT) as operation:
        row = decided_redaction(operation, redaction_id, lock=True)
        require(row, State.DRAFT)
        _require_same(row, draft)
        worked(row, operation.actor)
        hand_over(operation, archive, row, draft.pages)
        row.version += 1
        operation.about("record", row.record_id, "redaction.handed_over")
        operation.note(redaction=str(row.id), areas=len(draft.areas), terms=len(draft.terms), pages=draft.pages)


def _require_same(row: Redaction, draft: _Draft) -> None:
    if row.version != draft.version or base_of(row.record).blob.sha256 != draft.base_sha256:
        raise Refused("the redaction was changed meanwhile", "look at it again")


def left_in(made: RedactedDocument, terms: Sequence[str]) -> dict[str, str]:
    """Return which terms could still be read, and on which pages (first is 1), "" where the page is not known."""
    return {
        term: ", ".join(
            str(page)
            for page in sorted(
                {at % made.pages + 1 for at, text in enumerate(made.texts) if survivors([text], b"", [term])}
            )
        )
        for term in survivors(made.texts, made.raw, terms)
    }


def sealed(archive: Archive, made: RedactedDocument) -> KeptDocument:
    """Put the archive's seal on a redacted document and make it durable; its row follows."""
    told = pdf_seal(io.BytesIO(made.pdf), archive.signer, archive.timestamps, REASON, archive.seal_rules)
    blob = archive.vault.put(io.BytesIO(told.content), purpose=ComponentRole.REDACTED.value)
    return KeptDocument(blob, told.facts())


def redacted_copy(actor: Actor | None, archive: Archive, redaction_id: UUID) -> Download:
    """Open a redacted document for download; an event goes before. Raises NotFound, Refused for a withdrawn one."""
    with archive.door.disclose(actor, Action.RECORD_DOWNLOAD) as operation:
        row = decided_redaction(operation, redaction_id)
        part = _made_part(row.record.components, row.component_position)
        if part is None:
            raise NotFound()
        require(row, State.MADE, State.APPROVED)
        operation.note(role=part.role, sha256=part.blob.sha256, redaction=str(row.id))
        blob, name, media_type = part.blob, part.name, part.media_type
    return Download(name, media_type, blob.size, blob.sha256, open_watched(archive, blob.sealed()))


def _draft(actor: Actor | None, archive: Archive, redaction_id: UUID, event: str) -> _Draft:
    """Return what is needed of a draft; with the name of an event, what is shown of it is recorded."""
    way = archive.door.disclose if event else archive.door.read
    with way(actor, Action.RECORD_REDACT) as operation:
        row = decided_redaction(operation, redaction_id)
        require(row, State.DRAFT)
        if event:
            operation.about("record", row.record_id, event)
            operation.note(redaction=str(row.id))
        part = base_of(row.record)
        if part.blob.sha256 != row.base_sha256:
            raise Refused("there is a newer copy of its pages", "look at the areas, and save them again")
        return _Draft(
            row.record_id, row.base_sha256, part.media_type, part.blob.sealed(), areas_in(row), terms_of(archive, row),
            row.version, row.record.page_count or 1,
        )  # fmt: skip


def _pages(archive: Archive, draft: _Draft) -> list[PagePlaces]:
    with open_watched(archive, draft.sealed) as stream:
        return [PagePlaces(one.text, one.boxes) for one in redactor_of(archive).letters(stream, draft.media_type)]


def keep(
    operation: Operation, archive: Archive, row: Redaction, made: RedactedDocument, kept: KeptDocument
) -> dict[str, Any]:
    """Bind a redacted document to its record, in the transaction of whoever made it; returns what the trail is told."""
    record, role = row.record, ComponentRole.REDACTED.value
    position = max((part.position for part in record.components if part.role == role), default=0) + 1
    part = Component(
        id=new_id(archive.clock), role=role, position=position, blob_id=kept.blob.blob_id,
        name=f"redacted-{str(row.id)[-8:]}-{position}.pdf", media_type=_PDF,
        facts={"made_from": row.base_sha256, "recognised": made.recognised, "pdfa": made.archival, **kept.sealing},
    )  # fmt: skip
    part.blob = add_blob(operation.session, archive.vault, kept.blob, operation.now)
    record.components.append(part)
    terms = len(terms_of(archive, row))
    row.state, row.made_at = State.MADE.value, operation.now
    row.component_position, row.sha256 = position, kept.blob.sha256
    row.pages, row.recognised, row.sealed_terms = made.pages, made.recognised, None
    row.version += 1
    look_again(operation, [record.id])
    return {"redaction": str(row.id), "areas": len(areas_in(row)), "terms": terms, "pages": made.pages,
            "base_sha256": row.base_sha256, "sha256": kept.blob.sha256, "recognised": made.recognised}  # fmt: skip


def _made_part(components: Sequence[Component], position: int | None) -> Component | None:
    role = ComponentRole.REDACTED.value
    return next((part for part in components if (part.role, part.position) == (role, position)), None)


def redactor_of(archive: Archive) -> Redactor:
    """Return what draws, covers and looks at documents."""
    return Redactor(archive.sandbox, archive.ocr, archive.settings.text, archive.settings.redaction)


def sides_of(areas: Sequence[Area]) -> list[list[float]]:
    """Return areas as the redactor takes them."""
    return [[one.page, one.left, one.top, one.right, one.bottom] for one in areas]
