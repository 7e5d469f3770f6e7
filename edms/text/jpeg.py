"""JPEG as a row of marked segments (ITU-T T.81, annex B): leaving out what a camera wrote beside the pixels."""

_NOTES = (0xE1, 0xED, 0xFE)  # APP1: EXIF and XMP; APP13: IPTC; COM
_SCAN, _END = 0xDA, 0xD9


def without_notes(content: bytes) -> bytes:
    """Return a JPEG without EXIF (place, time, device), XMP, IPTC and comments; its pixels are not touched."""
    kept, at = bytearray(content[:2]), 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] not in (_SCAN, _END, 0xFF):
        end = at + 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
        if content[at + 1] not in _NOTES:
            kept += content[at:end]
        at = end
    return bytes(kept) + content[at:]
