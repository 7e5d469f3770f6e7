"""Signatures that meet: the same one given twice at once, a process that dies in the middle, pages that lie turned."""

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from archive_fixtures import pdf
from own_processes import KILLED, module
from signing_killed import POINTS
from signing_people import ADDRESS, SECRET, ask, decree, give, turn_of, under_pilot, who, with_pilot

from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.model import ComponentRole
from edms.records.signatures import SignaturePlan, record_signatures
from edms.records.signatures_sign import sign_document, signing_view


def signed_events(archive: Archive, record: object) -> int:
    with archive.database.reader() as session:
        told = archive.trail.history(session, "record", str(record))
    return sum(one["action"] == "signature.signed" for one in told)


def test_one_signature_given_twice_at_once_is_given_once(archive: Archive) -> None:
    pilot = with_pilot(archive)
    record = decree(pilot)
    ask(pilot, record)
    signature = turn_of(pilot, "official-dinkes")
    actor = who(pilot, "official-dinkes")
    shown = signing_view(actor, pilot, signature).shown
    together = Barrier(2)

    def sign(_hand: int) -> str:
        together.wait(120)
        try:
            return sign_document(actor, pilot, signature, shown, SECRET)
        except Refused as fault:
            return fault.message

    with ThreadPoolExecutor(2) as hands:
        answers = sorted(hands.map(sign, range(2)), key=len)
    [request] = record_signatures(who(pilot, "records"), pilot, record)
    assert request.signatures[0].signed_sha256 == answers[1]
    assert answers[0] in ("the document was signed meanwhile", "it is not this signer's turn")
    assert signed_events(pilot, record) == 1
    give(pilot, "head-dinkes")
    assert record_signatures(who(pilot, "records"), pilot, record)[0].state == "complete"


@pytest.mark.parametrize("point", POINTS)
def test_killed_on_the_way_nothing_is_signed_and_it_is_signed_again(archive: Archive, point: str) -> None:
    pilot = with_pilot(archive)
    record = decree(pilot)
    ask(pilot, record)
    settings = pilot.settings
    died = module("signing_killed", settings.storage.path.parent, settings.database.url, "official-dinkes", point)
    assert died.status == KILLED, died
    [request] = record_signatures(who(pilot, "records"), pilot, record)
    assert (request.state, request.signatures[0].state, signed_events(pilot, record)) == ("open", "asked", 0)
    again = under_pilot(archive)
    digest = give(again, "official-dinkes")
    assert signed_events(again, record) == 1
    assert download(who(again, "records"), again, record, ComponentRole.SIGNED, 1).sha256 == digest


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_mark_stands_upright_where_it_was_placed_on_a_page_that_lies_turned(
    embedded: Archive, rotation: int
) -> None:
    """The page also begins elsewhere than at 0, as pages cut out of larger ones do (ISO 32000-2 14.11.2)."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("Keputusan"))) as document:
        page = document.pages[0]
        page.mediabox = [50, 70, 50 + 595, 70 + 842]
        page.rotate(rotation, relative=False)
        document.save(out)
    pilot = with_pilot(embedded)
    record = decree(pilot, content=out.getvalue())
    plan = SignaturePlan(("official-dinkes",), "Menyetujui", page=1)
    ask(pilot, record, plan)
    give(pilot, "official-dinkes")
    content = download(who(pilot, "records"), pilot, record, ComponentRole.SIGNED, 1).stream.read()
    drawn = pypdfium2.PdfDocument(content)
    drawn.init_forms()
    picture = drawn[0].render(scale=3, may_draw_forms=True).to_pil()
    [code] = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode, try_rotate=False)
    assert code.text.startswith(f"{ADDRESS}/v/")
    assert abs(code.orientation) < 3, "it stands upright"
    left, foot = code.position.bottom_left.x / 3, (picture.height - code.position.bottom_left.y) / 3
    assert abs(left - 49) < 2, "the field's margin, its own and the quiet zone of the code"
    assert abs(foot - 41) < 2
