"""Photographed pages: corners within a hair, even light that keeps colours, none of the camera's notes carried on."""

import io
import math

import numpy as np
import pillow_heif
import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photograph_material import PAGE, Photo, page_picture, photograph
from PIL import Image, ImageOps
from text_material import encoded

from edms.core.sandbox import Sandbox
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.records.archive import Archive
from edms.text.page_corners import find_page
from edms.text.perspective import Corners, homography, paper_of, proportion, usable
from edms.text.photograph_reader import UNIT, Look, PageParameters, PhotographFault, PhotographReader
from edms.text.pictures import pictures_to_pdf

DESKS = {"wood": (96, 70, 52), "slate": (60, 60, 64), "beech": (170, 150, 120), "pale": (205, 200, 190)}
WHOLE = PageParameters(((0, 0), (UNIT, 0), (UNIT, UNIT), (0, UNIT)))


@pytest.fixture(scope="module")
def reader(shared_parsers: Archive) -> PhotographReader:
    return PhotographReader(shared_parsers.sandbox, TextSettings())


def upright(photo: Photo) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(photo.jpeg)))


def apart(found: Corners, true: Corners, size: tuple[int, int]) -> float:
    """The farthest corner from where it is, in shares of the diagonal."""
    return max(math.dist(a, b) for a, b in zip(found, true, strict=True)) / math.hypot(*size)


@pytest.mark.parametrize("desk", DESKS)
@pytest.mark.parametrize("number", range(3))
def test_corners_are_found_within_a_half_percent(desk: str, number: int) -> None:
    photo = photograph(number, desk=DESKS[desk], slant=(8, 18, 26)[number], shadow=(0.4, 0.55, 0.8)[number],
                       orientation=(1, 6, 3)[number], size=(900, 1200))  # fmt: skip
    found = find_page(upright(photo))
    assert found.sure
    assert apart(found.corners, photo.corners, photo.size) < 0.005


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_that_looks_like_a_page_is_the_whole_picture_and_not_sure(level: int) -> None:
    found = find_page(Image.new("RGB", (400, 300), (level, level, level)))
    assert (found.corners, found.sure) == ([(0, 0), (400, 0), (400, 300), (0, 300)], False)


def test_noise_alone_is_never_sure() -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (600, 450, 3), dtype=np.uint8)
    assert not find_page(Image.fromarray(pixels)).sure


_SIDE = st.floats(-200, 200)


@given(st.lists(st.tuples(_SIDE, _SIDE), min_size=4, max_size=4))
def test_a_homography_takes_its_corners_to_their_targets(moved: list[tuple[float, float]]) -> None:
    square: Corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000)]
    target = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(square, moved, strict=True)]
    told = homography(square, target)
    for (x, y), (u, v) in zip(square, target, strict=True):
        a, b, c = told @ np.array([x, y, 1.0])
        assert math.dist((a / c, b / c), (u, v)) < 1e-6
    assert usable(target, 1000, 1000)
    assert not usable(target[::-1], 1000, 1000)


@pytest.mark.parametrize("number", range(12))
def test_the_sheet_is_recognised_from_any_side(number: int) -> None:
    photo = photograph(number, size=(300, 400), noise=0)
    assert proportion(photo.corners, *photo.size) == pytest.approx(297 / 210, rel=0.02)
    assert paper_of(proportion(photo.corners, *photo.size)) == "A4"


def test_the_page_is_made_and_its_colours_stay(reader: PhotographReader) -> None:
    photo = photograph(4)
    look = reader.look(io.BytesIO(photo.jpeg))
    page = reader.page(io.BytesIO(photo.jpeg), PageParameters(look.corners))
    made = Image.open(io.BytesIO(page.jpeg)).convert("RGB").resize((PAGE[0] // 2, PAGE[1] // 2))
    pixels = np.asarray(made, float)
    paper = pixels[100:600:3, 30:60].reshape(-1, 3)
    assert paper.mean() > 240
    assert np.ptp(paper.mean(axis=0)) < 6  # the warm lamp is gone
    # Light that fell to about half across the page is even again.
    assert abs(pixels[300:500, 20:50].mean() - pixels[300:500, 575:605].mean()) < 12
    red, blue = pixels[(1480 // 2 + 1) : (1600 // 2), 98:106], pixels[750:780, 375:395]
    assert red[..., 0].min() < 230
    strokes = red.reshape(-1, 3)[red.reshape(-1, 3)[:, 1] < 150]
    assert len(strokes)
    assert (strokes[:, 0] - strokes[:, 1:].max(axis=1)).mean() > 90
    ring = blue.reshape(-1, 3)[blue.reshape(-1, 3)[:, 0] < 150]
    assert len(ring)
    assert (ring[:, 2] - ring[:, 0]).mean() > 60
    assert (page.paper, page.dpi) == ("A4", pytest.approx(120, abs=4))


def test_a_turn_turns_and_the_same_parameters_give_the_same_bytes(reader: PhotographReader) -> None:
    photo = photograph(1, size=(600, 800))
    corners = reader.look(io.BytesIO(photo.jpeg)).corners
    plain = reader.page(io.BytesIO(photo.jpeg), PageParameters(corners, 0, contrast=False))
    turned = reader.page(io.BytesIO(photo.jpeg), PageParameters(corners, 90, contrast=False))
    assert plain == reader.page(io.BytesIO(photo.jpeg), PageParameters(corners, 0, contrast=False))
    assert (plain.width, plain.height) == pytest.approx((turned.height, turned.width), abs=2)
    back = Image.open(io.BytesIO(turned.jpeg)).rotate(90, expand=True).resize((plain.width, plain.height))
    apart = np.abs(np.asarray(back, float) - np.asarray(Image.open(io.BytesIO(plain.jpeg)), float))
    assert apart.mean() < 8


def test_nothing_of_the_cameras_notes_is_carried_on(reader: PhotographReader) -> None:
    photo = photograph(2, size=(600, 800))
    assert all(mark in photo.jpeg for mark in (b"Exif", b"Telepon", b"2026:11:24"))
    look = reader.look(io.BytesIO(photo.jpeg))
    page = reader.page(io.BytesIO(photo.jpeg), PageParameters(look.corners))
    joined, made_by = reader.joined([page.jpeg, page.jpeg])
    for made in (look.picture, page.jpeg, joined):
        assert not [mark for mark in (b"Exif", b"EXIF", b"Telepon", b"2026:11:24") if mark in made]
    assert len(pdfium.PdfDocument(joined)) == 2
    assert joined == reader.joined([page.jpeg, page.jpeg])[0]
    assert made_by.startswith("edms photographs 1, Pillow ")


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_that_is_handed_in_as_a_file_tells_its_place_in_no_copy(orientation: int) -> None:
    photo = photograph(2, size=(300, 400), orientation=orientation)
    wrapped = pictures_to_pdf(photo.jpeg)
    assert not [mark for mark in (b"Exif", b"Telepon", b"2026:11:24") if mark in wrapped]
    seen = pdfium.PdfDocument(wrapped)[0].render(scale=1).to_pil().convert("RGB").resize(photo.size)
    assert np.abs(np.asarray(seen, float) - np.asarray(upright(photo).convert("RGB"), float)).mean() < 8


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_pixels_lie_otherwise_and_the_page_is_the_same(reader: PhotographReader, orientation: int) -> None:
    photo = photograph(2, size=(600, 800), orientation=orientation)
    look = reader.look(io.BytesIO(photo.jpeg))
    assert (look.width, look.height) == (600, 800)
    placed = [(x * 600 / UNIT, y * 800 / UNIT) for x, y in look.corners]
    assert apart(placed, photo.corners, photo.size) < 0.006


def test_heic_as_phones_take_it(reader: PhotographReader) -> None:
    photo = photograph(3, size=(600, 800))
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.open(io.BytesIO(photo.jpeg))).save(out, quality=80)
    look: Look = reader.look(io.BytesIO(out.getvalue()))
    assert look.sure


def _exif(number: int, value: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    out = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(out, "JPEG", exif=exif)
    return out.getvalue()


HOSTILE = {
    "truncated": (photograph(0, size=(300, 400)).jpeg[:3000], "damaged"),
    "a bomb": (encoded(Image.new("1", (9000, 9000)), "PNG"), "decompression_bomb"),
    "no picture": (b"%PDF-1.7 not a picture", "no_picture"),
    "nothing": (b"", "no_picture"),
    "a program that draws": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no_picture"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_harms_ends_with_its_reason(name: str, shared_parsers: Archive) -> None:
    reader = PhotographReader(shared_parsers.sandbox, TextSettings(max_page_pixels=60_000_000))
    content, code = HOSTILE[name]
    for act in (reader.look, lambda source: reader.page(source, WHOLE)):
        with pytest.raises(PhotographFault) as fault:
            act(io.BytesIO(content))
        assert fault.value.problem.code == code


@pytest.mark.parametrize("value", [0, 9, 77], ids=str)
def test_an_orientation_that_is_none_turns_nothing(value: int, reader: PhotographReader) -> None:
    look = reader.look(io.BytesIO(_exif(0x0112, value)))
    assert (look.width, look.height) == (300, 400)


def test_too_little_memory_is_told_as_that(shared_parsers: Archive) -> None:
    settings = TextSettings()
    sandbox = Sandbox(Limits(memory_bytes=64 * 1024 * 1024))
    try:
        with pytest.raises(PhotographFault) as fault:
            PhotographReader(sandbox, settings).page(io.BytesIO(photograph(0).jpeg), WHOLE)
        assert fault.value.problem.code in ("memory_limit", "damaged")
    finally:
        sandbox.close()


BAD = {"three": [[0, 0], [1, 0], [1, 1]], "outside": [[0, 0], [UNIT + 1, 0], [9, 9], [0, 9]], "words": "satu",
       "fractions": [[0.5, 0], [9, 0], [9, 9], [0, 9]]}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_parameters_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PageParameters.of({"corners": BAD[name]})


def test_corners_that_enclose_nothing_are_refused(reader: PhotographReader) -> None:
    crossed = PageParameters(((0, 0), (UNIT, UNIT), (UNIT, 0), (0, UNIT)))
    with pytest.raises(PhotographFault, match="do not enclose"):
        reader.page(io.BytesIO(photograph(0, size=(300, 400)).jpeg), crossed)


def test_the_material_is_what_it_says() -> None:
    assert page_picture(1)[0].size == PAGE
    assert photograph(5, size=(300, 400)) == photograph(5, size=(300, 400))
