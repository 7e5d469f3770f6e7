"""What a sample document is, before it has a form."""

from dataclasses import dataclass, field
from datetime import date, datetime

CITY = "KOTA TIRTA KENCANA"
CITY_NAME = "Kota Tirta Kencana"
FIXED_TIME = datetime(2026, 1, 5, 8, 0, 0)  # noqa: DTZ001 - a naive time for file formats that know no zone
OFFICES = {
    "setda": ("SEKRETARIAT DAERAH", "Jalan Balai Kota Nomor 1"),
    "dinkes": ("DINAS KESEHATAN", "Jalan Melati Putih Nomor 14"),
    "bappeda": ("BADAN PERENCANAAN PEMBANGUNAN DAERAH", "Jalan Bukit Teratai Nomor 8"),
}
MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
          "Desember")  # fmt: skip


@dataclass(frozen=True)
class Document:
    """One document: `form` says how it is rendered, `words` stand in its body alone."""

    file: str
    form: str
    office: str
    class_code: str
    level: str
    title: str
    number: str
    on: date
    sender: str
    recipient: str
    kind: str
    words: tuple[str, ...]
    body: tuple[str, ...]
    table: tuple[tuple[str, ...], ...] = ()
    copies: tuple[str, ...] = ()
    signer: tuple[str, str] = ("", "")
    kip: str = "setiap_saat"
    language: str = "id"
    nature: str = "Biasa"
    enclosures: str = "-"
    development: str = "asli"
    medium: str = "kertas"
    problem: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def needs_ocr(self) -> bool:
        return self.form.startswith("scan")


def long_date(on: date) -> str:
    """24 November 2026"""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


_UNITS = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")


def in_words(number: int) -> str:
    """A number in Indonesian words, up to 9,999: dua ribu dua puluh enam."""
    if number < 12:
        return _UNITS[number]
    if number < 20:
        return f"{_UNITS[number - 10]} belas"
    if number < 100:
        return f"{_UNITS[number // 10]} puluh {in_words(number % 10)}".strip()
    if number < 200:
        return f"seratus {in_words(number - 100)}".strip()
    if number < 1000:
        return f"{_UNITS[number // 100]} ratus {in_words(number % 100)}".strip()
    if number < 2000:
        return f"seribu {in_words(number - 1000)}".strip()
    return f"{in_words(number // 1000)} ribu {in_words(number % 1000)}".strip()


def date_in_words(on: date) -> str:
    """tanggal dua puluh empat bulan November tahun dua ribu dua puluh enam"""
    return f"tanggal {in_words(on.day)} bulan {MONTHS[on.month - 1]} tahun {in_words(on.year)}"
