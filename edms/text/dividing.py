"""Inside the sandbox: a part of a batch as a PDF of its own. Pages of a PDF are copied, their contents not touched."""

import io
import os
from typing import Any

import pikepdf
from PIL import Image

from edms.text.pictures import pictures_to_pdf


def part(
    descriptors: list[int], media_type: str, pages: list[list[int]], most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the PDF of `pages` ([number, degrees clockwise], first is 1) in that order; same input, same bytes.

    Streams are copied as they are, so pictures are bit for bit those of the scan. Pictures are wrapped without loss.
    """
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        content = stream.read()
    Image.MAX_IMAGE_PIXELS = most_pixels
    numbers = [number for number, _turn in pages]
    if media_type != "application/pdf":
        content = pictures_to_pdf(content, numbers)
        numbers = list(range(1, len(numbers) + 1))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as source, pikepdf.new() as made:
        for number, (_number, turn) in zip(numbers, pages, strict=True):
            made.pages.append(source.pages[number - 1])
            if turn:
                made.pages[-1].rotate(turn, relative=True)
        made.save(
            out,
            deterministic_id=True,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
    return {"pages": len(pages)}, [out.getvalue()]
