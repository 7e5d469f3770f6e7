"""Files that are of two kinds at once: shown as one by the program that checks, run as the other by the next.

Only what other programs really accept counts: a ZIP is found from its end, a PDF from a header in the first 1,024
bytes and a startxref near the end. A PDF that lies whole in a ZIP is a part of it and no second face.
"""

_STARTS = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
_END_OF_ZIP = b"PK\x05\x06"
_PDF_HEADER_WITHIN = 1024
_PDF_END_WITHIN = 2048
TAIL_BYTES = 66 * 1024


def kind_at_start(head: bytes) -> str:
    """Return the kind that the very first bytes speak for, "" when none."""
    return next((kind for magic, kind in _STARTS if head.startswith(magic)), "")


def kinds(head: bytes, tail: bytes, size: int) -> set[str]:
    """Return the kinds that a file is of; two or more make it a polyglot. `tail`: its last bytes, up to TAIL_BYTES."""
    first = kind_at_start(head)
    found = {first} if first else set()
    end = _end_of_zip(tail, size)
    if end is not None:
        found.add("zip")
    behind = tail[end:] if end is not None else tail[-_PDF_END_WITHIN:]
    if b"%PDF-" in head[1:_PDF_HEADER_WITHIN] and first not in ("", "pdf") and b"startxref" in behind:
        found.add("pdf")
    if first == "pdf" and end is not None and b"<html" in head[:_PDF_HEADER_WITHIN].lower():
        found.add("html")
    return found


def _end_of_zip(tail: bytes, size: int) -> int | None:
    """Where in `tail` a ZIP ends whose directory is where it says; None when there is none."""
    at = tail.rfind(_END_OF_ZIP)
    if at < 0 or len(tail) - at < 22:
        return None
    length, offset = (
        int.from_bytes(tail[at + 12 : at + 16], "little"),
        int.from_bytes(tail[at + 16 : at + 20], "little"),
    )
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    # Something may stand before the archive. Behind its comment nothing may: packages that lie whole inside of another
    # file (a theme in a .doc, a document attached to a PDF) are parts of it, and no program finds them from its end.
    fits = length and offset + length <= size - (len(tail) - at) and at + 22 + comment == len(tail)
    directory = at - length
    if not fits or (directory >= 0 and tail[directory : directory + 4] != b"PK\x01\x02"):
        return None
    return at + 22
