"""The papers of a transfer and of a hand-over as PDF, in Indonesian. The same list gives the same bytes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from edms.records.office_paper import DAYS, OfficePaper, hashes_told, pairs, signatories
from edms.records.pdf_letters import FONT
from edms.records.proceedings_list import CONTENTS, FILES
from edms.retention.explain import day

_WIDE = {FILES: (48, 32, 30, 66, 24, 26, 41), CONTENTS: (32, 20, 30, 90, 26, 26, 43)}
STATEMENT = "autentik, terpercaya, utuh, dan dapat digunakan"


def list_pdf(listed: Mapping[str, Any], part: str, title: str, digest: str) -> bytes:
    """Return the list of files (`part` "files") or of what is in them ("contents"): exactly the required columns."""
    columns = FILES if part == "files" else CONTENTS
    paper = OfficePaper(listed, title, _moment(listed), "landscape")
    paper.heading()
    paper.set_font(FONT, size=8.5)
    with paper.table(
        col_widths=_WIDE[columns], line_height=4.4, padding=1.2, repeat_headings=1,
        borders_layout=TableBordersLayout.ALL, text_align="LEFT",
        headings_style=FontFace(emphasis="", fill_color=(236, 240, 243)),
    ) as table:  # fmt: skip
        table.row([name.capitalize() for name in columns])
        for row in listed[part]:
            table.row([paper.clean(str(row[name])) for name in columns])
    paper.ln(4)
    paper.words(f"Jumlah: {len(listed['files'])} berkas, {listed['records']} item arsip.", 9)
    hashes_told(paper, {"JSON": digest})
    return bytes(paper.output())


def transfer_minutes(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """Return the berita acara of a transfer, for the heads of the two units to sign (R43)."""
    paper = OfficePaper(listed, "BERITA ACARA PEMINDAHAN ARSIP INAKTIF", _moment(listed), "portrait")
    paper.heading()
    first, second = listed["signers"][0], listed["signers"][1]
    paper.words(
        f"{_today(listed)}, telah dilaksanakan pemindahan arsip inaktif dari {listed['office']} sebagai unit pengolah "
        f"kepada {listed['to_office']} sebagai unit kearsipan, sebagaimana daftar arsip inaktif yang dipindahkan."
    )
    pairs(paper, [
        ("Yang memindahkan", f"{first['name']}, {first['position']}"),
        ("Yang menerima", f"{second['name']}, {second['position']}"),
        ("Jumlah arsip", f"{len(listed['files'])} berkas, {listed['records']} item arsip"),
        ("Dasar", "Retensi aktif telah berakhir menurut jadwal retensi arsip; retensi inaktif tetap berjalan."),
    ])  # fmt: skip
    paper.words("Daftar yang menjadi bagian tidak terpisahkan dari berita acara ini:")
    hashes_told(paper, hashes)
    signatories(paper, listed["signers"])
    return bytes(paper.output())


def handover_minutes(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """Return the berita acara of a hand-over (R44)."""
    paper = OfficePaper(listed, "BERITA ACARA PENYERAHAN ARSIP STATIS", _moment(listed), "portrait")
    paper.heading()
    paper.words(
        f"{_today(listed)}, {listed['office']} menyerahkan arsip statis kepada {listed['receiver']}, sebagaimana "
        "daftar arsip yang diserahkan."
    )
    pairs(paper, _grounds(listed))
    paper.words(
        "Penyerahan berlaku setelah lembaga kearsipan menyatakan penerimaannya dengan daftar digest yang "
        "ditandatangani; sampai saat itu seluruh arsip tetap disimpan oleh pencipta arsip."
    )
    hashes_told(paper, hashes)
    signatories(paper, listed["signers"])
    return bytes(paper.output())


def statement_pdf(listed: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """Return the statement that what is handed over is authentic, trustworthy, whole and usable (R44)."""
    paper = OfficePaper(listed, "SURAT PERNYATAAN", _moment(listed), "portrait")
    paper.heading()
    paper.words(
        f"Yang bertanda tangan di bawah ini menyatakan bahwa arsip statis {listed['office']} sejumlah "
        f"{listed['records']} item arsip, sebagaimana daftar arsip yang diserahkan, adalah {STATEMENT}."
    )
    paper.words(
        "Setiap arsip disertai digest SHA-256, segel elektronik, dan bukti dari jejak audit, sehingga keutuhannya "
        "dapat diperiksa oleh siapa pun tanpa bergantung pada sistem asalnya."
    )
    hashes_told(paper, hashes)
    signatories(paper, listed["signers"])
    return bytes(paper.output())


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
