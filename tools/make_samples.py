"""Make `samples/`: invented documents of a fictional city, in real formats, with their manifest.

    python -m tools.make_samples [FOLDER]

Same input, same bytes, with the library versions of requirements-dev.lock and Debian's fonts-dejavu-core and
fonts-dejavu-extra. The output is committed, so nobody needs to run this to use the samples.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tools.sample_archive import odd, office, scans
from tools.sample_archive.letters import LETTERS
from tools.sample_archive.model import Document
from tools.sample_archive.others import FILES, SCANS
from tools.sample_archive.pages import letter

DOCUMENTS = (*LETTERS, *SCANS, *FILES)


def _scan_pages(document: Document, dpi: int = scans.DPI) -> list:  # type: ignore[type-arg]
    return scans.rasterise(letter(document), dpi)


def scan_pdf(document: Document) -> bytes:
    seed = sum(map(ord, document.file))
    skew = (seed % 7 - 3) * 0.22
    return scans.to_pdf([scans.as_scan(page, seed + number, skew) for number, page in enumerate(_scan_pages(document))])


def scan_photo(document: Document) -> bytes:
    return scans.jpeg(scans.as_scan(_scan_pages(document)[0], 7, 1.1, 7, 70), 55)


def scan_stamp(document: Document) -> bytes:
    page = scans.as_scan(_scan_pages(document)[0], 11, -0.4, 5)
    return scans.jpeg(scans.with_stamp(page, "DITERIMA 19 AGT 2014"), 55)


FORMS: dict[str, Callable[[Document], bytes]] = {
    "pdf": letter,
    "scan_pdf": scan_pdf,
    "scan_fax": lambda document: scans.tiff([scans.fax(_scan_pages(document)[0], 3)], (204, 196)),
    "scan_tiff": lambda document: scans.tiff([scans.as_scan(page, 5, 0.3, 4) for page in _scan_pages(document)]),
    "scan_photo": scan_photo,
    "scan_stamp": scan_stamp,
    "scan_png": lambda document: scans.png(scans.as_scan(_scan_pages(document)[0], 9, -0.2, 2)),
    "docx": office.docx,
    "xlsx": office.xlsx,
    "odt": office.odt,
    "eml": office.eml,
    "txt": office.txt,
    "csv": office.csv_file,
    "signed_pdf": lambda document: odd.signed(letter(document)),
    "damaged_pdf": lambda document: odd.damaged(letter(document)),
    "locked_pdf": lambda document: odd.locked(letter(document)),
}


def manifest() -> str:
    """Return the manifest: what each document is, and what must become of it."""
    parts = ["# Written by tools/make_samples.py: what each sample is, and what must become of it.\n"]
    for document in DOCUMENTS:
        told = {
            "file": document.file, "office": document.office, "class": document.class_code, "level": document.level,
            "title": document.title, "number": document.number, "sender": document.sender,
            "recipient": document.recipient, "type": document.kind, "development": document.development,
            "medium": document.medium, "kip": document.kip, "language": document.language,
            "lane": "ocr" if document.needs_ocr else "text",
            "expected": "quarantined" if document.problem else "declared", "reason": document.problem,
        }  # fmt: skip
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
        lines.insert(6, f"date = {document.on.isoformat()}")
        words = ", ".join(json.dumps(word) for word in document.words)
        parts.append("\n[[document]]\n" + "\n".join(lines) + f"\nwords = [{words}]\n")
    return "".join(parts)


def main(folder: Path) -> None:
    """Write every document and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in DOCUMENTS:
        (folder / document.file).write_bytes(FORMS[document.form](document))
    (folder / "manifest.toml").write_text(manifest(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "samples")
