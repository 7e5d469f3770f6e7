"""What kind of paper a heading names. The kinds are those that records carry as their type."""

import re
from collections.abc import Sequence

# The longer heading first: SURAT PERINTAH TUGAS is not a SURAT.
_HEADINGS = (
    ("SURAT PERINTAH", "surat_perintah"),
    ("SURAT TUGAS", "surat_perintah"),
    ("SURAT EDARAN", "surat_edaran"),
    ("SURAT KETERANGAN", "surat_keterangan"),
    ("SURAT KUASA", "surat_kuasa"),
    ("SURAT PERJANJIAN", "kontrak"),
    ("BERITA ACARA", "berita_acara"),
    ("NOTA DINAS", "nota_dinas"),
    ("NOTA KESEPAHAMAN", "kerja_sama"),
    ("KESEPAKATAN BERSAMA", "kerja_sama"),
    ("PERJANJIAN KERJA SAMA", "kerja_sama"),
    ("MEMORANDUM OF UNDERSTANDING", "kerja_sama"),
    ("LEMBAR DISPOSISI", "disposisi"),
    ("KARTU DISPOSISI", "disposisi"),
    ("TELAAHAN STAF", "telaahan"),
    ("STANDAR PELAYANAN", "pedoman"),
    ("STANDAR OPERASIONAL", "pedoman"),
    ("INSTRUKSI", "instruksi"),
    ("KEPUTUSAN", "keputusan"),
    ("PERATURAN", "peraturan"),
    ("PENGUMUMAN", "pengumuman"),
    ("PERJANJIAN", "kontrak"),
    ("KONTRAK", "kontrak"),
    ("NOTULEN", "notulen"),
    ("NOTULA", "notulen"),
    ("LAPORAN", "laporan"),
    ("MEMO", "memo"),
    ("PEDOMAN", "pedoman"),
)
_PATTERNS = tuple((re.compile(rf"^{heading}\b"), kind) for heading, kind in _HEADINGS)
_MOST_WORDS = 9


def kind_of_heading(line: str) -> str | None:
    """Return the kind that a line names, when it is a heading: begins with the word, is short, is set in capitals."""
    if line.upper() != line or len(line.split()) > _MOST_WORDS:
        return None
    return next((kind for pattern, kind in _PATTERNS if pattern.match(line)), None)


def kind_of_subject(subject: str) -> str | None:
    """Return the kind that a subject begins with (`Surat Edaran Penghematan Energi`)."""
    return next((kind for pattern, kind in _PATTERNS if pattern.match(subject.upper())), None)


def heading_in(lines: Sequence[str]) -> tuple[int, str] | None:
    """Return the first line that is a heading, by its place, and its kind."""
    for place, line in enumerate(lines):
        kind = kind_of_heading(line)
        if kind is not None:
            return place, kind
    return None
