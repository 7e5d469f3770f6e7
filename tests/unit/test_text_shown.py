"""What could look otherwise than it is shown is found, in documents made for it; and the digests tell pages apart."""

import io
import os
from collections.abc import Callable

import pikepdf
import pytest
from archive_fixtures import pdf
from pikepdf import Array, Dictionary, Name

from edms.text.shown import REFUSING, examine, picture, same_outside
from edms.text.types import Unreadable

Change = Callable[[pikepdf.Pdf], None]


def script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def layers(document: pikepdf.Pdf) -> None:
    group = document.make_indirect(Dictionary(Type=Name.OCG, Name="Rahasia"))
    document.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary())


def launch(document: pikepdf.Pdf) -> None:
    document.Root.AA = Dictionary(WC=Dictionary(S=Name.Launch, F="calc.exe"))


def xfa(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = Dictionary(Fields=Array(), XFA=document.make_stream(b"<xdp/>"))


def appearances(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = Dictionary(Fields=Array(), NeedAppearances=True)


def annotation(document: pikepdf.Pdf, **told: object) -> None:
    look = document.make_stream(b"")
    entry = Dictionary(Type=Name.Annot, Rect=Array([0, 0, 9, 9]), AP=Dictionary(N=look), **told)
    document.pages[0].Annots = Array([document.make_indirect(entry)])


def printed(document: pikepdf.Pdf) -> None:
    annotation(document, Subtype=Name.Stamp, F=4 | 32)


def film(document: pikepdf.Pdf) -> None:
    annotation(document, Subtype=Name.RichMedia, F=4)


def field(document: pikepdf.Pdf) -> None:
    annotation(document, Subtype=Name.Widget, FT=Name.Tx, F=4)


def outside(document: pikepdf.Pdf) -> None:
    stream = document.make_stream(b"")
    stream.F, stream.FFilter = "elsewhere.bin", Name.FlateDecode
    document.Root.Other = stream


def alternates(document: pikepdf.Pdf) -> None:
    document.Root.Other = document.make_stream(b"\0", Dictionary(Subtype=Name.Image, Alternates=Array()))


def link(document: pikepdf.Pdf) -> None:
    annotation(document, Subtype=Name.Link, F=4, A=Dictionary(S=Name.URI, URI="https://contoh.go.id"))


def attachment(document: pikepdf.Pdf) -> None:
    document.attachments["rahasia.txt"] = b"isi"


CASES: dict[str, tuple[Change, str]] = {
    "script": (script, "scripts"), "layers": (layers, "layers"), "launch": (launch, "launches"),
    "xfa": (xfa, "forms_of_another_kind"), "appearances": (appearances, "appearances_left_open"),
    "printed": (printed, "print_differs"), "film": (film, "media"), "field": (field, "form_fields"),
    "outside": (outside, "outside_content"), "alternates": (alternates, "alternate_pictures"),
    "link": (link, "links"), "attachment": (attachment, "attachments"),
}  # fmt: skip
TOLD = {"form_fields", "links", "attachments"}


def made(change: Change | None, *pages: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(*(pages or ("Keputusan", "Lampiran"))))) as document:
        if change is not None:
            change(document)
        document.save(out)
    return out.getvalue()


def call(function: Callable[..., object], *arguments: object, contents: tuple[bytes, ...]):  # type: ignore[no-untyped-def]
    """Call as the sandbox does: with descriptors."""
    descriptors = [os.memfd_create("document") for _ in contents]
    try:
        for descriptor, content in zip(descriptors, contents, strict=True):
            os.write(descriptor, content)
            os.lseek(descriptor, 0, os.SEEK_SET)
        return function(descriptors, *arguments)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def shown(content: bytes, most_pages: int = 10) -> dict[str, object]:
    values, _sections = call(examine, most_pages, 10**8, contents=(content,))
    return values  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", CASES)
def test_it_is_found(case: str) -> None:
    change, code = CASES[case]
    found = shown(made(change))["findings"]
    assert code in found  # type: ignore[operator]
    assert (code in REFUSING) == (code not in TOLD)


def test_a_plain_letter_has_nothing_to_tell() -> None:
    told = shown(made(None))
    assert told["findings"] == []
    assert len(told["pages"]) == 2  # type: ignore[arg-type]


def test_the_same_document_has_the_same_digests_and_another_has_others() -> None:
    one, again, other = shown(made(None)), shown(made(None)), shown(made(None, "Keputusan", "Lampirah"))
    assert one["pages"] == again["pages"]
    same = [a["digest"] == b["digest"] for a, b in zip(one["pages"], other["pages"], strict=True)]  # type: ignore[call-overload]
    assert same == [True, False]


def test_what_cannot_be_shown_whole_is_refused() -> None:
    with pytest.raises(Unreadable, match="1 can be shown"):
        shown(made(None), most_pages=1)
    with pytest.raises(Unreadable, match="too large"):
        call(examine, 10, 1000, contents=(made(None),))


def test_a_change_is_seen_outside_of_the_field_only() -> None:
    before, after = made(None, "Keputusan"), made(None, "Keputusah")
    whole, away = [0, 0, 595, 842], [300, 40, 500, 100]
    assert call(same_outside, 1, whole, 10**8, contents=(before, after))[0] == {"same": True}
    assert call(same_outside, 1, away, 10**8, contents=(before, after))[0] == {"same": False}
    assert call(picture, 1, 10**8, contents=(before,))[1][0].startswith(b"\x89PNG")
