"""The papers of a digitisation, in Indonesian, in the form of the inspector's instrument (R51, R52): the list
(Daftar Arsip Alih Media) and the berita acara. The same row says the same.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from edms.digitisation.listing import COLUMNS
from edms.records.office_text import DAYS, Digests, Pairs, PaperText, Rows, Signers, Words
from edms.retention.explain import day

_WIDTHS = (45, 16, 80, 36, 34, 66)


def list_paper(listed: Mapping[str, Any], hashes: Mapping[str, str], made_at: datetime) -> PaperText:
    """Return the list: exactly the required columns, and the SHA-256 of the same list as JSON and as CSV."""
    return PaperText(
        listed,
        "DAFTAR ARSIP ALIH MEDIA",
        made_at,
        (
            Rows(
                [name.capitalize() for name in COLUMNS],
                [[row[name] for name in COLUMNS] for row in listed["rows"]],
                _WIDTHS,
                8.5,
                4.4,
                1.2,
                centred=(1,),
            ),
            Words(f"Jumlah: {listed['records']} berkas, {listed['pages']} halaman.", 9),
            Words("Daftar yang sama sebagai berkas yang dapat dibaca mesin:", 9),
            Digests(hashes),
        ),
        wide=True,
    )


def minutes(listed: Mapping[str, Any], hashes: Mapping[str, str], made_at: datetime, closed_on: date) -> PaperText:
    """Return the berita acara: what the inspector asks for, in that order, and room for the signatures at the end."""
    return PaperText(
        listed,
        "BERITA ACARA ALIH MEDIA ARSIP",
        made_at,
        (
            Words(
                f"Pada hari ini, {DAYS[closed_on.weekday()]}, tanggal {day(closed_on, 'id')}, bertempat di "
                f"{listed['place']}, yang bertanda tangan di bawah ini menyatakan bahwa telah dilaksanakan alih media "
                "arsip sebagai berikut:"
            ),
            Pairs(_contents(listed, closed_on)),
            Words(
                "Arsip asli tetap disimpan oleh unit pengolah. Hasil alih media telah diperiksa dan sesuai dengan "
                "arsip aslinya. Salinan autentik diberi tanda autentikasi dengan kode QR; hasil pindai semula tidak "
                "diubah."
            ),
            Words("Daftar Arsip Alih Media yang menjadi bagian tidak terpisahkan dari berita acara ini:"),
            Digests(hashes),
            Words("Demikian berita acara ini dibuat untuk dipergunakan sebagaimana mestinya."),
            Signers(listed["signers"]),
        ),
    )


def _contents(listed: Mapping[str, Any], closed_on: date) -> list[tuple[str, str]]:
    begun = date.fromisoformat(listed["begun_on"])
    when = day(begun, "id") if begun == closed_on else f"{day(begun, 'id')} s.d. {day(closed_on, 'id')}"
    scanners = sorted({
        f"{one['scanner']} (nomor seri {one['serial']}, optik {one['optical_dpi']} dpi"
        + (f", kalibrasi {day(date.fromisoformat(one['calibrated_on']), 'id')}" if one["calibrated_on"] else "")
        + (f"; {one['settings']}" if one["settings"] else "") + ")"
        for one in listed["scans"]
    })  # fmt: skip
    kinds = {"paper": "kertas", "map": "peta", "photo": "foto"}
    told = "; ".join(
        f"{kinds[kind]} {listed['standard'][f'{kind}_dpi']} dpi"
        for kind in sorted({one["kind"] for one in listed["scans"]})
    )
    process = [
        f"Sumber: {listed['source']}. Kondisi arsip asli: {listed['condition']}.",
        f"Alat: {'; '.join(scanners)}.",
        f"Resolusi paling sedikit: {told}, {listed['standard']['bits']} bit ({listed['standard']['rule']}).",
        f"Halaman dihitung {listed['counted']}, dipindai {listed['pages']}. "
        f"Pemeriksaan mutu: {listed['looked_at']} dari {listed['records']} berkas dilihat"
        + (", seluruhnya karena ada yang ditolak dan dipindai ulang." if listed["widened"] else "."),
        listed["process_note"],
    ]
    formats = sorted({f"{one['format']} {one['version']}".strip() for one in listed["scans"]})
    head = listed["signers"][-1]
    return [
        ("Waktu pelaksanaan", when),
        ("Tempat pelaksanaan", listed["place"]),
        ("Jenis media", f"{listed['medium']} menjadi berkas elektronik ({', '.join(formats)})"),
        ("Jumlah arsip", f"{listed['records']} berkas, {listed['pages']} halaman"),
        ("Keterangan proses alih media", "\n".join(line for line in process if line)),
        ("Pelaksana", _people(listed["operators"], listed["checkers"])),
        ("Penandatangan", f"{head['name']}, {head['position']}, pimpinan unit pengolah {listed['office']}"),
    ]


def _people(operators: Sequence[str], checkers: Sequence[str]) -> str:
    checked = f"\nPemeriksa: {', '.join(checkers)}" if checkers else ""
    return f"{', '.join(operators)}{checked}"
