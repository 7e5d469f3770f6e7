"""Photographs of pages as a phone takes them, all of it known: text, corners, shadow, noise, EXIF with a place."""

import io
import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from edms.text.perspective import Corners, from_above, homography

_TEXT = (
    "pemerintah kota dinas kesehatan surat edaran tentang pelaksanaan imunisasi polio tahap kedua kepada kepala "
    "puskesmas sehubungan dengan hasil pemeriksaan lapangan diminta perhatian saudara untuk menyediakan tenaga dan "
    "sarana yang diperlukan laporan kegiatan disampaikan paling lambat tanggal akhir bulan berjalan melalui bidang "
    "pencegahan penyakit agar menjadi pedoman bersama demikian atas perhatian terima kasih tembusan arsip wali kota"
)
PAGE = (1240, 1754)
GPS = (-6.914744, 107.609810)


@dataclass(frozen=True)
class Photo:
    """`jpeg`: the file; `corners`: where the page lies in it once it is upright; `words`: what is written on it."""

    jpeg: bytes
    corners: Corners
    words: list[str]
    size: tuple[int, int] = field(default=(0, 0))


def page_picture(number: int = 0, *, seals: bool = True) -> tuple[Image.Image, list[str]]:
    """Return an A4 page at 150 dpi with text of its own, a round blue seal and a red one; and its words."""
    rng = np.random.default_rng(70 + number)
    made = Image.new("RGB", PAGE, (250, 249, 245))
    draw, font = ImageDraw.Draw(made), ImageFont.load_default(26)
    draw.text((330, 110), f"SURAT EDARAN NOMOR {number + 1}", fill=(20, 20, 20), font=ImageFont.load_default(34))
    words = ["surat", "edaran", "nomor"]
    for line in range(26):
        chosen = [str(word) for word in rng.choice(_TEXT.split(), 9)]
        draw.text((140, 220 + line * 46), " ".join(chosen), fill=(25, 25, 28), font=font)
        words += chosen
    if seals:
        draw.ellipse((760, 1420, 980, 1640), outline=(40, 60, 170), width=9)
        draw.text((815, 1510), "DINAS", fill=(40, 60, 170), font=ImageFont.load_default(34))
        draw.rectangle((200, 1480, 480, 1600), outline=(190, 30, 40), width=9)
        draw.text((235, 1515), "ASLI", fill=(190, 30, 40), font=ImageFont.load_default(44))
    return made, words


def photograph(
    number: int = 0,
    *,
    size: tuple[int, int] = (1500, 2000),
    slant: float = 22.0,
    shadow: float = 0.55,
    noise: float = 5.0,
    desk: tuple[int, int, int] = (96, 70, 52),
    orientation: int = 1,
    place: bool = True,
) -> Photo:
    """Return page `number` on a desk, the camera up to `slant` degrees aside, the light falling to `shadow` of it.

    `orientation` as EXIF has it: the pixels are stored turned, and a viewer that reads it shows the same picture.
    """
    rng = np.random.default_rng(7000 + number)
    page, words = page_picture(number)
    width, height = size
    corners = _seen_corners(rng, slant, size)
    seen = _on_desk(page, corners, size, desk, rng)
    pixels = np.asarray(seen, np.float32)
    down, across = np.mgrid[0:height, 0:width]
    fall = 1 - (1 - shadow) * (across / width * 0.7 + down / height * 0.3)
    edge = 1 / (1 + np.exp(-(across - 0.55 * width - 0.2 * down) / (0.02 * width)))
    light = fall * (1 - 0.18 * edge)
    pixels = pixels * light[..., None] * np.array([1.0, 0.97, 0.88]) + rng.normal(0, noise, pixels.shape)
    taken = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    return Photo(_jpeg(taken, orientation, place=place), corners, words, size)


def _seen_corners(rng: np.random.Generator, slant: float, size: tuple[int, int]) -> Corners:
    """Where a pinhole camera of 28 mm (on 36 x 24 mm film) sees an A4 page that it is held over by a human hand."""
    tilt, roll, turn = (math.radians(float(rng.uniform(-most, most))) for most in (slant, slant * 0.6, 4.0))
    width, height = size
    focal = 28 / 36 * max(size)
    found: Corners = []
    for x, y in ((-105, -148.5), (105, -148.5), (105, 148.5), (-105, 148.5)):
        x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        y, z = y * math.cos(tilt), y * math.sin(tilt)
        x, z = x * math.cos(roll) + z * math.sin(roll), z * math.cos(roll) - x * math.sin(roll)
        away = 330 + z
        found.append((width / 2 + focal * x / away, height / 2 + focal * y / away))
    return found


def _on_desk(
    page: Image.Image, corners: Corners, size: tuple[int, int], desk: tuple[int, int, int], rng: np.random.Generator
) -> Image.Image:
    _width, height = size
    grain = rng.normal(0, 1, (height // 40, 12))
    stripes = np.asarray(Image.fromarray(grain.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    wood = np.clip(np.array(desk) + stripes[..., None] * 9, 0, 255).astype(np.uint8)
    edges: Corners = [(0, 0), (page.width, 0), (page.width, page.height), (0, page.height)]
    told = homography(corners, edges)
    told = tuple(float(one) for one in (told / told[2, 2]).ravel()[:8])
    kind, how = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    mask = Image.new("L", page.size, 255).transform(size, kind, told, how)
    return Image.composite(page.transform(size, kind, told, how), Image.fromarray(wood), mask)


_STORED = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


def _jpeg(picture: Image.Image, orientation: int, *, place: bool) -> bytes:
    turn = _STORED[orientation]
    stored = picture.transpose(turn) if turn is not None else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F], exif[0x0110] = "Penguji", "Telepon 1"
    if place:
        gps = exif.get_ifd(0x8825)
        gps[1], gps[2] = "S", _degrees(GPS[0])
        gps[3], gps[4] = "E", _degrees(GPS[1])
        gps[29] = "2026:11:24"
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


def _degrees(angle: float) -> tuple[float, float, float]:
    minutes, whole = math.modf(abs(angle))
    seconds, minute = math.modf(minutes * 60)
    return whole, minute, round(seconds * 60, 3)


__all__ = ["GPS", "PAGE", "Photo", "from_above", "page_picture", "photograph"]
