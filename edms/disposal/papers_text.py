"""The papers of a destruction, in Indonesian (dossier of 000.5.6.2): lists, opinion, request, berita acara."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from edms.records.office_text import DAYS, Digests, Pairs, PaperText, Part, Rows, Signers, Words
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


def list_paper(head: Mapping[str, Any], title: str, rows: Sequence[Mapping[str, Any]], digest: str,
             made_at: datetime) -> PaperText:  # fmt: skip
    """Return a list of records: proposed, or destroyed. `rows`: frozen lines, each with a `remark`."""
    return PaperText(
        head,
        title,
        made_at,
        (
            Rows(list(COLUMNS), [cells(row) for row in rows], _WIDTHS, 8, 4.2, 1),
            Words(f"Jumlah: {len(rows)} berkas.", 9),
            Digests({"Daftar": digest}),
        ),
        wide=True,
    )


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a line of a list by its columns, as text."""
    number = f"Nomor {row['letter_number']}. " if row["letter_number"] else ""
    return (
        f"{row['number']}", row["class"], f"{row['title']} ({number}{row['class_title']})",
        (row["document_date"] or "tidak diketahui")[:10], row["development"] or "–",
        f"1 berkas ({row['pages']} halaman)", f"{row['rule']}; {row['fate']}; jatuh tempo {row['due_on']}",
        row["remark"],
    )  # fmt: skip


def opinion(head: Mapping[str, Any], made_at: datetime) -> PaperText:
    """Return the written opinion of the committee (pertimbangan tertulis panitia penilai arsip, R36)."""
    return PaperText(
        head,
        "PERTIMBANGAN PANITIA PENILAI ARSIP",
        made_at,
        (
            Words(
                f"Panitia penilai arsip yang dibentuk dengan {head['committee_decree']} telah menilai dan memeriksa "
                f"secara langsung {head['looked_at']} berkas dalam Daftar Arsip Usul Musnah Nomor "
                f"{head['proposal_number']} milik {head['office']}, dengan retensi {_TIERS[head['tier']]}."
            ),
            Words(head["opinion"]),
            Words(
                f"Disetujui untuk diusulkan musnah: {head['records']} berkas. Dikeluarkan dari daftar: {head['kept']} "
                "berkas, dengan alasan pada daftar."
            ),
            Digests({"Daftar": head["list_sha256"]}),
            Pairs([(_CAPACITIES[one["capacity"]].capitalize(), one["name"]) for one in head["members"]]),
        ),
    )


def request(head: Mapping[str, Any], made_at: datetime) -> PaperText:
    """Return the letter that asks for approval (permintaan persetujuan, R35)."""
    return PaperText(
        head,
        "PERMINTAAN PERSETUJUAN PEMUSNAHAN ARSIP",
        made_at,
        (
            Words(f"Yth. {_APPROVERS[head['tier']]}"),
            Words(
                f"Bersama ini dimohonkan persetujuan pemusnahan arsip milik {head['office']} sejumlah "
                f"{head['records']} berkas dengan retensi {_TIERS[head['tier']]}, sebagaimana Daftar Arsip Usul Musnah "
                f"Nomor {head['proposal_number']} dan pertimbangan tertulis panitia penilai arsip terlampir. Arsip "
                "tersebut tidak memiliki nilai guna, telah habis retensinya dan berketerangan musnah menurut Jadwal "
                "Retensi Arsip, tidak dilarang oleh peraturan, dan tidak berkaitan dengan perkara yang masih berjalan."
            ),
            Digests({"Daftar": head["list_sha256"]}),
            Words(f"Penetapan pemusnahan oleh {_DECIDERS[head['tier']]} menyusul setelah persetujuan diberikan."),
        ),
    )


def minutes(head: Mapping[str, Any], made_at: datetime, done_on: date) -> PaperText:
    """Return the berita acara pemusnahan, with room for the signatures of both heads and the witnesses (R38, R39)."""
    return PaperText(
        head,
        "BERITA ACARA PEMUSNAHAN ARSIP",
        made_at,
        (
            Words(
                f"Pada hari ini, {DAYS[done_on.weekday()]}, tanggal {day(done_on, 'id')}, bertempat di "
                f"{head['place']}, yang bertanda tangan di bawah ini menyatakan telah melaksanakan pemusnahan arsip "
                f"milik {head['office']} sejumlah {head['destroyed']} berkas dengan retensi {_TIERS[head['tier']]}."
            ),
            Pairs(_contents(head)),
            *_withheld(head),
            Words(
                "Daftar Arsip yang Dimusnahkan merupakan bagian tidak terpisahkan dari berita acara ini (rangkap 2):"
            ),
            Digests({"PDF": head["done_list_sha256"], "Usul": head["list_sha256"], "Bukti": head["evidence_sha256"]}),
            Words("Demikian berita acara ini dibuat untuk dipergunakan sebagaimana mestinya."),
            Signers([{**one, "capacity": SIGNING[one["capacity"]]} for one in head["signers"]]),
        ),
    )


def _withheld(head: Mapping[str, Any]) -> list[Part]:
    if not head["withheld"]:
        return []
    lines = [f"- No. {one['number']} ({one['class']}): {one['reason']}" for one in head["withheld"]]
    return [Words("Tidak dimusnahkan meskipun telah disetujui, dengan alasan:"), *(Words(line, 8.5) for line in lines)]


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
