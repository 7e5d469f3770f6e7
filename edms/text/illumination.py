"""Even light on a photographed page: shadows and yellow lamps taken off, ink and seals left as they are. Pure.

The brightness of the bare paper is estimated everywhere (writing and seals closed away, as the surface of the paper is
always the brightest nearby) and divided out. One factor for all three colours at each point, so that no hue changes;
one balance for the whole page, within bounds, so that a red seal stays red and a pink form pink.
"""

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from edms.text.closing import closed

_SMALL = 320
_PAPER = 242.0
_MOST_GAIN = 3.5
_BALANCE = 0.82, 1.22
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def even(page: Image.Image) -> Image.Image:
    """Return an RGB page with white paper and dark writing; the same page, the same bytes."""
    light = _light(page)
    pixels = np.asarray(page.convert("RGB"), np.float32)
    gain = np.asarray(Image.fromarray(light).resize(page.size, Image.Resampling.BICUBIC), np.float32)
    gain = np.minimum(_PAPER / np.maximum(gain, 1.0), _MOST_GAIN)
    flat = pixels * gain[..., None]
    flat *= _balance(flat)
    low = float(min(np.percentile(flat[::7, ::7] @ _LUMA, 0.5), 80.0))
    flat = (flat - low) * (255.0 / (_PAPER - 6 - low))
    return Image.fromarray(np.clip(flat, 0, 255).astype(np.uint8))


def _light(page: Image.Image) -> Any:
    """The brightness that bare paper has at every point, at a small size: float32, 1 to 255."""
    scale = _SMALL / max(page.size)
    size = max(8, round(page.width * scale)), max(8, round(page.height * scale))
    small = page.convert("L").resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    reach = min(_SMALL // 14, min(size) // 4) // 2 * 2 + 1
    paper = Image.fromarray(closed(np.asarray(small), reach))
    light = np.asarray(paper.filter(ImageFilter.GaussianBlur(reach / 2)), np.float32)
    # A printed photograph or a black cover is wider than any gap that is closed: it must not be made into paper.
    return np.maximum(light, 0.35 * float(np.percentile(light, 90)))


def _balance(flat: Any) -> Any:
    """Factors for red, green and blue that make the paper grey, as far as a lamp may have coloured it."""
    sample = flat[::7, ::7].reshape(-1, 3)
    paper = sample[(sample @ _LUMA) > 0.9 * _PAPER]
    if len(paper) < 50:
        return np.ones(3, np.float32)
    colour = np.median(paper, axis=0)
    return np.clip(float(colour @ _LUMA) / np.maximum(colour, 1.0), *_BALANCE).astype(np.float32)
