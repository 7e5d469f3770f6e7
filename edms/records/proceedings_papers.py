"""The papers of a transfer, a review and a hand-over, in Indonesian: what they say. The same list says the same."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from edms.records.office_text import DAYS, Digests, Pairs, PaperText, Rows, Signers, Words
from edms.records.proceedings_list import CONTENTS, FILES
from edms.retention.explain import day

_REVIEWED = ("No.", "Kode klasifikasi", "Uraian informasi arsip", "Tanggal", "Keputusan", "Alasan")
_REVIEWED_WIDE = (10, 28, 84, 26, 50, 59)
_FATES = {"MUSNAH": "musnah", "PERMANEN": "permanen", "DINILAI_KEMBALI": "dinilai kembali"}
_WIDE = {FILES: (48, 32, 30, 66, 24, 26, 41), CONTENTS: (32, 20, 30, 90, 26, 26, 43)}
STATEMENT = "autentik, terpercaya, utuh, dan dapat digunakan"


def list_paper(listed: Mapping[str, Any], part: str, title: str, digest: str) -> PaperText:
    """Return the list of files (`part` "files") or of what is in them ("contents"): exactly the required columns."""
    columns = FILES if part == "files" else CONTENTS
    return PaperText(
        listed,
        title,
        _moment(listed),
        (
            Rows(
                [name.capitalize() for name in columns],
                [[str(row[name]) for name in columns] for row in listed[part]],
                _WIDE[columns],
                8.5,
                4.4,
                1.2,
            ),
            Words(f"Jumlah: {len(listed['files'])} berkas, {listed['records']} item arsip.", 9),
            Digests({"JSON": digest}),
        ),
        wide=True,
    )


def transfer_minutes(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> PaperText:
    """Return the berita acara of a transfer, for the heads of the two units to sign (R43)."""
    first, second = listed["signers"][0], listed["signers"][1]
    return PaperText(
        listed,
        "BERITA ACARA PEMINDAHAN ARSIP INAKTIF",
        _moment(listed),
        (
            Words(
                f"{_today(listed)}, telah dilaksanakan pemindahan arsip inaktif dari {listed['office']} sebagai unit "
                f"pengolah kepada {listed['to_office']} sebagai unit kearsipan, sebagaimana daftar arsip inaktif yang "
                "dipindahkan."
            ),
            Pairs(
                [
                    ("Yang memindahkan", f"{first['name']}, {first['position']}"),
                    ("Yang menerima", f"{second['name']}, {second['position']}"),
                    ("Jumlah arsip", f"{len(listed['files'])} berkas, {listed['records']} item arsip"),
                    (
                        "Dasar",
                        "Retensi aktif telah berakhir menurut jadwal retensi arsip; retensi inaktif tetap berjalan.",
                    ),
                ]
            ),
            Words("Daftar yang menjadi bagian tidak terpisahkan dari berita acara ini:"),
            Digests(hashes),
            Signers(listed["signers"]),
        ),
    )


def handover_minutes(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> PaperText:
    """Return the berita acara of a hand-over (R44)."""
    return PaperText(
        listed,
        "BERITA ACARA PENYERAHAN ARSIP STATIS",
        _moment(listed),
        (
            Words(
                f"{_today(listed)}, {listed['office']} menyerahkan arsip statis kepada {listed['receiver']}, "
                "sebagaimana daftar arsip yang diserahkan."
            ),
            Pairs(_grounds(listed)),
            Words(
                "Penyerahan berlaku setelah lembaga kearsipan menyatakan penerimaannya dengan daftar digest yang "
                "ditandatangani; sampai saat itu seluruh arsip tetap disimpan oleh pencipta arsip."
            ),
            Digests(hashes),
            Signers(listed["signers"]),
        ),
    )


def statement(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> PaperText:
    """Return the statement that what is handed over is authentic, trustworthy, whole and usable (R44)."""
    return PaperText(
        listed,
        "SURAT PERNYATAAN",
        _moment(listed),
        (
            Words(
                f"Yang bertanda tangan di bawah ini menyatakan bahwa arsip statis {listed['office']} sejumlah "
                f"{listed['records']} item arsip, sebagaimana daftar arsip yang diserahkan, adalah {STATEMENT}."
            ),
            Words(
                "Setiap arsip disertai digest SHA-256, segel elektronik, dan bukti dari jejak audit, sehingga "
                "keutuhannya dapat diperiksa oleh siapa pun tanpa bergantung pada sistem asalnya."
            ),
            Digests(hashes),
            Signers(listed["signers"]),
        ),
    )


def review_minutes(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> PaperText:
    """Return the berita acara of a review: who looked, what was proposed and decided of each record, and why (R31)."""
    assessed, decided = listed["assessment"], listed["decision"]
    rows = [
        (str(number), row["kode klasifikasi"], row["uraian informasi arsip"], row["tanggal"], _decided(told),
         told["reason"])
        for number, (row, told) in enumerate(zip(listed["contents"], listed["decisions"], strict=True), 1)
    ]  # fmt: skip
    return PaperText(
        listed,
        "BERITA ACARA PENILAIAN KEMBALI ARSIP",
        _moment(listed),
        (
            Words(
                f"{_today(listed)}, panitia penilai telah menilai kembali arsip {listed['office']} yang menurut jadwal "
                "retensi arsip dinilai kembali, dan atas setiap arsip diputuskan sebagaimana daftar di bawah ini."
            ),
            Pairs(
                [
                    ("Panitia penilai", f"{assessed['decree']}: {'; '.join(assessed['members'])}"),
                    ("Notulen rapat", assessed["minutes"] or "–"),
                    ("Pertimbangan panitia", assessed["opinion"]),
                    ("Pencatat usul", assessed["by"]),
                    ("Pemutus", f"{decided['by']}: {decided['reason']}"),
                    ("Jumlah arsip", f"{listed['records']} item arsip"),
                ]
            ),
            Rows(_REVIEWED, rows, _REVIEWED_WIDE, 8.5, 4.4, 1.2),
            Words("Keputusan ini menjadi jadwal retensi setiap arsip tersebut sejak hari ini."),
            Digests(hashes),
        ),
        wide=True,
    )


def _decided(told: Mapping[str, Any]) -> str:
    """What was decided of a record, in words."""
    if told["choice"] == "keep":
        return f"disimpan {told['years']} tahun, kemudian {_FATES[told['fate']]}"
    if told["choice"] == "refile":
        return f"dimasukkan ke berkas perseorangan {told['folder_code']}"
    return "musnah" if told["choice"] == "destroy" else "permanen"


def _grounds(listed: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    assessed, approved, decided = listed["assessment"], listed["approval"], listed["decision"]
    return [
        ("Panitia penilai", f"{assessed['decree']}: {'; '.join(assessed['members'])}"),
        ("Notulen rapat", assessed["minutes"]),
        ("Pertimbangan panitia", assessed["opinion"]),
        (
            "Persetujuan",
            f"Kepala {listed['receiver']}, surat nomor {approved['letter']} tanggal {_day(approved['on'])}",
        ),
        ("Penetapan", f"Keputusan nomor {decided['number']} tanggal {_day(decided['on'])}"),
        ("Jumlah arsip", f"{listed['records']} item arsip"),
    ]


def _today(listed: Mapping[str, Any]) -> str:
    on = date.fromisoformat(listed["drawn_on"])
    return f"Pada hari ini, {DAYS[on.weekday()]}, tanggal {day(on, 'id')}"


def _day(text: str) -> str:
    return day(date.fromisoformat(text), "id")


def _moment(listed: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(listed["drawn_at"])
