"""The document that is put before a signer: its bytes, what is shown of it, and where the visible field goes."""

import io
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.core.canonical import canonical_json, sha256_hex
from edms.core.errors import IntegrityFault, Refused
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, ComponentRole, Record
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_states import RequestState
from edms.signing.personal import Placement
from edms.signing.personal_mark import HEIGHT, WIDTH
from edms.text.pdf import MEDIA_TYPE
from edms.text.shown import REFUSING

MOST_PAGES = 300
_GAP, _EDGE = 8, 28  # points between fields, and to the edge of the paper that printers leave white
SPOTS = ("bottom_left", "bottom_right", "top_left", "top_right")


@dataclass(frozen=True)
class Rendering:
    """All pages of a document as one program draws them at one resolution. `sha256` stands for all of it."""

    renderer: str
    dpi: int
    pages: tuple[dict[str, Any], ...]
    findings: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the canonical JSON of renderer, resolution and digests of the pages (docs/signatures.md)."""
        pages = [page["digest"] for page in self.pages]
        return sha256_hex(canonical_json({"renderer": self.renderer, "dpi": self.dpi, "pages": pages}))

    @property
    def refusing(self) -> tuple[str, ...]:
        """Codes of what could look otherwise elsewhere: such a document is not signed."""
        return tuple(code for code in self.findings if code in REFUSING)


def base_part(session: Session, record: Record) -> Component:
    """Return what a new request is about: the document that all have signed last, else the access copy under our seal.

    Raises Refused for a record without: lacking the seal inside, later changes could not be told apart. A document
    whose request was declined or withdrawn is left aside, and with it the signatures in it.
    """
    complete = session.scalars(
        select(SignatureRequest)
        .where(SignatureRequest.record_id == record.id, SignatureRequest.state == RequestState.COMPLETE.value)
        .order_by(SignatureRequest.closed_at.desc(), SignatureRequest.id.desc())
    ).first()
    if complete is not None:
        return document_part(complete)
    part, original = record.component(ComponentRole.ACCESS_COPY), record.component(ComponentRole.ORIGINAL)
    if part is None or part.media_type != MEDIA_TYPE:
        raise Refused("the record has no PDF access copy, so there is nothing to sign", "capture it as PDF")
    if original is None or "seal_refused" in original.facts:
        raise Refused("the PDF permits no further signature", "capture it without its protection")
    return part


def document_part(request: SignatureRequest) -> Component:
    """Return the document of a request as it is now: with the signatures given so far. Raises IntegrityFault."""
    last = max((one.component_position or 0 for one in request.signatures), default=0)
    for part in request.record.components:
        if part.role == ComponentRole.SIGNED.value and last and part.position == last:
            return part
        if not last and part.blob.sha256 == request.base_sha256 and part.media_type == MEDIA_TYPE:
            return part
    raise IntegrityFault("the document of this request is missing")


def content_of(archive: Archive, part: Component) -> bytes:
    """Return the whole document, held against its digest. Raises IntegrityFault."""
    with open_component(archive, part) as stream:
        content = stream.read()
    if sha256_hex(content) != part.blob.sha256:
        raise IntegrityFault(f"the {part.role} of record {part.record_id} is not what was stored")
    return content


def render(archive: Archive, content: bytes) -> Rendering:
    """Draw every page in the sandbox. Raises Refused when it cannot be shown whole."""
    try:
        told = archive.sandbox.call(
            "edms.text.shown:examine", MOST_PAGES, _pixels(archive), files=(io.BytesIO(content),)
        )
    except SandboxFault as fault:
        raise Refused(
            f"the document cannot be shown whole: {fault.message}", "what cannot be shown is not signed"
        ) from None
    values = told.values
    return Rendering(
        str(values["renderer"]), int(values["dpi"]), tuple(values["pages"]), tuple(map(str, values["findings"]))
    )


def page_picture(archive: Archive, content: bytes, page: int) -> bytes | None:
    """Return a page as it is drawn for the rendering (PNG), or None when there is none."""
    try:
        answer = archive.sandbox.call("edms.text.shown:picture", page, _pixels(archive), files=(io.BytesIO(content),))
    except SandboxFault:
        return None
    return answer.sections[0] if answer.sections else None


def shows_the_same(
    archive: Archive, before: bytes, after: bytes, was: Rendering, now: Rendering, seen: Placement
) -> bool:
    """True when only the visible field tells `after` from `before`; `seen`: the field in points as the page is seen."""
    others = [number for number, (old, new) in enumerate(zip(was.pages, now.pages, strict=False), 1)
              if old["digest"] != new["digest"] and number != seen.page]  # fmt: skip
    if others or len(was.pages) != len(now.pages) or now.refusing:
        return False
    files = (io.BytesIO(before), io.BytesIO(after))
    try:
        told = archive.sandbox.call(
            "edms.text.shown:same_outside", seen.page, list(seen.box), _pixels(archive), files=files
        )
    except SandboxFault:
        return False
    return bool(told.values.get("same"))


def field_place(pages: tuple[dict[str, Any], ...], page: int, spot: str, number: int) -> Placement:
    """Return the field of the signer with `number` (from 0) on `page` (0: the last), in points as the page is seen.

    Fields stand side by side from the spot, then row by row towards the middle. Raises Refused where there is no room.
    """
    if spot not in SPOTS or not 0 <= page <= len(pages):
        raise Refused("the place of the signature is not on the document", "choose a page that it has")
    page = page or len(pages)
    width, height = _seen_size(pages[page - 1])
    in_row = max(1, int((width - 2 * _EDGE + _GAP) // (WIDTH + _GAP)))
    column, row = number % in_row, number // in_row
    x = _EDGE + column * (WIDTH + _GAP)
    y = _EDGE + row * (HEIGHT + _GAP)
    if x + WIDTH > width or y + HEIGHT > height:
        raise Refused("there is no room on that page for so many signatures", "choose another page or fewer signers")
    if spot.endswith("right"):
        x = int(width) - x - WIDTH
    if spot.startswith("top"):
        y = int(height) - y - HEIGHT
    return Placement(page, x, y, WIDTH, HEIGHT)


def user_space(geometry: dict[str, Any], seen: Placement) -> Placement:
    """Return the field in the page's own coordinates, which a rotated page turns before it is seen."""
    width, height = geometry["width"], geometry["height"]
    x, y, across, up = {
        0: (seen.x, seen.y, seen.width, seen.height),
        90: (width - seen.y - seen.height, seen.x, seen.height, seen.width),
        180: (width - seen.x - seen.width, height - seen.y - seen.height, seen.width, seen.height),
        270: (seen.y, height - seen.x - seen.width, seen.height, seen.width),
    }[int(geometry["rotation"]) % 360]
    left, bottom = round(geometry["left"] + x), round(geometry["bottom"] + y)
    return Placement(seen.page, left, bottom, across, up)


def _seen_size(geometry: dict[str, Any]) -> tuple[float, float]:
    size = geometry["width"], geometry["height"]
    return size if int(geometry["rotation"]) % 180 == 0 else (size[1], size[0])


def _pixels(archive: Archive) -> int:
    return archive.settings.text.max_page_pixels
