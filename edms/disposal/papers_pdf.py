"""The papers of a destruction as PDF, in Indonesian (dossier of 000.5.6.2): lists, opinion, request, berita acara."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from edms.records.office_paper import DAYS, OfficePaper, hashes_told, pairs, signatories
from edms.records.pdf_letters import FONT
from edms.retention.explain import day

COLUMNS = ("No.", "Kode klasifikasi", "Jenis/uraian arsip", "Kurun waktu", "Tingkat perkembangan", "Jumlah",
           "Retensi (JRA)", "Keterangan")  # fmt: skip
_WIDTHS = (10, 26, 88, 26, 26, 22, 36, 43)
_TIERS = {"LT10": "di bawah 10 (sepuluh) tahun", "GE10": "sekurang-kurangnya 10 (sepuluh) tahun"}
_APPROVERS = {"LT10": "Wali Kota", "GE10": "Kepala Arsip Nasional Republik Indonesia"}
_DECIDERS = {"LT10": "pimpinan perangkat daerah", "GE10": "Wali Kota"}
_CAPACITIES = {
    "chair": "ketua", "unit_head": "anggota, pimpinan unit pengolah", "archivist": "anggota, arsiparis",
}  # fmt: skip
SIGNING = {"records_head": "pimpinan unit kearsipan", "unit_head": "pimpinan unit pengolah",
           "legal": "saksi, unit hukum", "supervision": "saksi, unit pengawasan"}  # fmt: skip


def list_pdf(head: Mapping[str, Any], title: str, rows: Sequence[Mapping[str, Any]], digest: str,
             made_at: datetime) -> bytes:  # fmt: skip
    """Return a list of records: proposed, or destroyed. `rows`: frozen lines, each with a `remark`."""
    paper = OfficePaper(head, title, made_at, "landscape")
    paper.heading()
    paper.set_font(FONT, size=8)
    with paper.table(
        col_widths=_WIDTHS, line_height=4.2, padding=1, repeat_headings=1, borders_layout=TableBordersLayout.ALL,
        text_align="LEFT", headings_style=FontFace(emphasis="", fill_color=(236, 240, 243)),
    ) as table:  # fmt: skip
        table.row(list(COLUMNS))
        for row in rows:
            table.row([paper.clean(text) for text in cells(row)])
    paper.ln(4)
    paper.words(f"Jumlah: {len(rows)} berkas.", 9)
    hashes_told(paper, {"Daftar": digest})
    return bytes(paper.output())


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a line of a list by its columns, as text."""
    number = f"Nomor {row['letter_number']}. " if row["letter_number"] else ""
    return (
        f"{row['number']}", row["class"], f"{row['title']} ({number}{row['class_title']})",
        (row["document_date"] or "tidak diketahui")[:10], row["development"] or "–",
        f"1 berkas ({row['pages']} halaman)", f"{row['rule']}; {row['fate']}; jatuh tempo {row['due_on']}",
        row["remark"],
    )  # fmt: skip


def opinion_pdf(head: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return the written opinion of the committee (pertimbangan tertulis panitia penilai arsip, R36)."""
    paper = OfficePaper(head, "PERTIMBANGAN PANITIA PENILAI ARSIP", made_at, "portrait")
    paper.heading()
    paper.words(
        f"Panitia penilai arsip yang dibentuk dengan {head['committee_decree']} telah menilai dan memeriksa secara "
        f"langsung {head['looked_at']} berkas dalam Daftar Arsip Usul Musnah Nomor {head['proposal_number']} milik "
        f"{head['office']}, dengan retensi {_TIERS[head['tier']]}."
    )
    paper.words(head["opinion"])
    paper.words(
        f"Disetujui untuk diusulkan musnah: {head['records']} berkas. Dikeluarkan dari daftar: {head['kept']} berkas, "
        "dengan alasan pada daftar."
    )
    hashes_told(paper, {"Daftar": head["list_sha256"]})
    pairs(paper, [(_CAPACITIES[one["capacity"]].capitalize(), one["name"]) for one in head["members"]])
    return bytes(paper.output())


def request_pdf(head: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return the letter that asks for approval (permintaan persetujuan, R35)."""
    paper = OfficePaper(head, "PERMINTAAN PERSETUJUAN PEMUSNAHAN ARSIP", made_at, "portrait")
    paper.heading()
    paper.words(f"Yth. {_APPROVERS[head['tier']]}")
    paper.words(
        f"Bersama ini dimohonkan persetujuan pemusnahan arsip milik {head['office']} sejumlah {head['records']} berkas "
        f"dengan retensi {_TIERS[head['tier']]}, sebagaimana Daftar Arsip Usul Musnah Nomor {head['proposal_number']} "
        "dan pertimbangan tertulis panitia penilai arsip terlampir. Arsip tersebut tidak memiliki nilai guna, telah "
        "habis retensinya dan berketerangan musnah menurut Jadwal Retensi Arsip, tidak dilarang oleh peraturan, dan "
        "tidak berkaitan dengan perkara yang masih berjalan."
    )
    hashes_told(paper, {"Daftar": head["list_sha256"]})
    paper.words(f"Penetapan pemusnahan oleh {_DECIDERS[head['tier']]} menyusul setelah persetujuan diberikan.")
    return bytes(paper.output())


def minutes_pdf(head: Mapping[str, Any], made_at: datetime, done_on: date) -> bytes:
    """Return the berita acara pemusnahan, with room for the signatures of both heads and the witnesses (R38, R39)."""
    paper = OfficePaper(head, "BERITA ACARA PEMUSNAHAN ARSIP", made_at, "portrait")
    paper.heading()
    paper.words(
        f"Pada hari ini, {DAYS[done_on.weekday()]}, tanggal {day(done_on, 'id')}, bertempat di {head['place']}, yang "
        f"bertanda tangan di bawah ini menyatakan telah melaksanakan pemusnahan arsip milik {head['office']} "
        f"sejumlah {head['destroyed']} berkas dengan retensi {_TIERS[head['tier']]}."
    )
    pairs(paper, _contents(head))
    if head["withheld"]:
        paper.words("Tidak dimusnahkan meskipun telah disetujui, dengan alasan:")
        for line in head["withheld"]:
            paper.words(f"- No. {line['number']} ({line['class']}): {line['reason']}", 8.5)
    paper.words("Daftar Arsip yang Dimusnahkan merupakan bagian tidak terpisahkan dari berita acara ini (rangkap 2):")
    hashes_told(paper, {"PDF": head["done_list_sha256"], "Usul": head["list_sha256"], "Bukti": head["evidence_sha256"]})
    paper.words("Demikian berita acara ini dibuat untuk dipergunakan sebagaimana mestinya.")
    signatories(paper, [{**one, "capacity": SIGNING[one["capacity"]]} for one in head["signers"]])
    return bytes(paper.output())


def _contents(head: Mapping[str, Any]) -> list[tuple[str, str]]:
    elsewhere = (
        f"\n{head['elsewhere']} berkas memiliki salinan identik pada berkas lain yang tidak termasuk dalam daftar."
        if head["elsewhere"] else ""
    )  # fmt: skip
    return [
        ("Panitia penilai", head["committee_decree"]),
        ("Usul musnah", f"Nomor {head['proposal_number']}"),
        ("Persetujuan", f"{_APPROVERS[head['tier']]}, {head['approval']}"),
        ("Penetapan", f"{_DECIDERS[head['tier']].capitalize()}, {head['decree']}"),
        ("Cara pemusnahan", head["method"]),
        ("Pelaksana dan pencatat", head["executor"]),
        ("Yang dimusnahkan", f"{head['components']} berkas elektronik ({head['bytes']} bita): asli, salinan akses, "
                             "teks, gambar mini, entri indeks, dan segel"),
        ("Salinan", "Cadangan hanya memuat data tersandi tanpa kunci, sampai kunci di dalamnya habis masa simpannya. "
                    f"Salinan yang telah diberikan berada pada penerimanya.{elsewhere}"),
    ]  # fmt: skip
