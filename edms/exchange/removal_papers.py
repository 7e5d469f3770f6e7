"""The berita acara on content that was removed after a hand-over: a sealed record, drawn up when it was carried out."""

import io
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.exchange.drawing import keeper
from edms.records.archive import Archive
from edms.records.office_paper import paper_pdf
from edms.records.office_text import DAYS, Digests, Pairs, PaperText, Rows, Words
from edms.records.proceedings import decided_proceeding
from edms.records.proceedings_list import local_day
from edms.records.proceedings_model import Proceeding, ProceedingStep
from edms.records.removals import KEPT, REMOVAL, paper_kind
from edms.records.removals_model import RemovedContent
from edms.retention.explain import day
from edms.retention.proceedings import Act

NAME = "Berita Acara Penghapusan Isi Arsip Statis"
STEM = "berita-acara-penghapusan-isi"
_COLUMNS = ("No.", "Kode klasifikasi", "Uraian informasi arsip", "Tanggal", "Nomor pada lembaga", "SHA-256 naskah asli")
_WIDE = (10, 26, 80, 24, 37, 80)
_KEPT = {
    "held": "dalam penahanan hukum", "on_loan": "naskah asli dipinjam", "fixity_failed": "berkas rusak",
    "in_other_batch": "dalam proses lain", "open_case": "perkara berjalan", "terjaga": "arsip terjaga",
    "vital": "arsip vital", "content_changed": "isi berubah setelah dikirim", "snapshot_drift": "aturan berubah",
    "redaction_under_way": "penyuntingan berjalan", "signatures_under_way": "penandatanganan berjalan",
    "digitisation_under_way": "alih media berjalan", "work_under_way": "masih dikerjakan sistem",
    "receipt_differs": "tidak sama dengan tanda terima", "not_accepted": "tidak diterima lembaga",
    "other_fate": "nasib akhir lain", "period_not_elapsed": "retensi belum berakhir",
}  # fmt: skip


def draw_up_removal(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> None:
    """Capture the papers of removals that are carried out and not there yet. Raises NotFound, Refused."""
    with archive.door.read(actor, Action.CUSTODY_REMOVE) as operation:
        row = decided_proceeding(operation, proceeding_id)
        known = {paper.kind for paper in row.papers}
        wanted = [kind for kind in (paper_kind(row, done.note["order"]) for done in _done(row)) if kind not in known]
        made = [
            (kind, paper_pdf(removal_text(operation.session, archive, row, kind)), _placement(archive, row, kind))
            for kind in wanted
        ]
    for kind, content, placement in made:
        file = IncomingFile(f"{STEM}.pdf", io.BytesIO(content), len(content))
        accept(actor, archive, file, placement, keeper(archive, proceeding_id, kind))


def is_removal(kind: str) -> bool:
    """True of the kinds of these papers."""
    return kind == REMOVAL or kind.startswith(f"{REMOVAL}_")


def removal_text(session: Session, archive: Archive, row: Proceeding, kind: str) -> PaperText:
    """Return what the paper of a removal says."""
    done = _of(row, kind)
    order = next(one for one in row.steps if one.position == done.note["order"])
    removed = list(
        session.scalars(
            select(RemovedContent)
            .where(RemovedContent.proceeding_id == row.id, RemovedContent.order_position == order.position)
            .order_by(RemovedContent.removed_at, RemovedContent.record_id)
        )
    )
    on = local_day(archive, done.at)
    head = {"organisation": archive.settings.archive.organisation, "office": row.office.name,
            "number": order.note["number"], "level": row.level}  # fmt: skip
    receipt = next(one for one in reversed(row.steps) if one.act == Act.RECEIVE.value)
    hashes = {"Tanda terima": str(receipt.note["sha256"]), "Paket": str(row.package["manifest_sha256"]),
              "Daftar": row.list_sha256 or ""}  # fmt: skip
    return PaperText(
        head,
        NAME.upper(),
        done.at,
        (
            Words(
                f"Pada hari ini, {DAYS[on.weekday()]}, tanggal {day(on, 'id')}, telah dihapus dari sistem ini isi "
                f"arsip statis {row.office.name} yang telah diserahkan kepada {row.receiver['name']} dan dinyatakan "
                "diterima dengan tanda terima yang ditandatangani. Arsipnya sendiri tidak dimusnahkan: isinya berada "
                "pada lembaga tersebut, dan di sini tinggal keterangan dengan nomor penyimpanannya."
            ),
            Pairs(_pairs(archive, row, order, done, receipt)),
            Rows(_COLUMNS, [_line(number, one) for number, one in enumerate(removed, 1)], _WIDE, 8.5, 4.4, 1.2),
            *_kept(done),
            Digests(hashes),
        ),
        wide=True,
    )


def _pairs(
    archive: Archive, row: Proceeding, order: ProceedingStep, done: ProceedingStep, receipt: ProceedingStep
) -> list[tuple[str, str]]:
    ordered = day(local_day(archive, order.at), "id")
    return [
        ("Lembaga kearsipan", f"{row.receiver['name']}, tanda terima nomor {receipt.note['reference']}"),
        ("Perintah", f"Nomor {order.note['number']} tanggal {ordered}, {order.by_name}: {order.note['reason']}"),
        ("Pelaksana", done.by_name),
        ("Cara", str(done.note["method"])),
        (
            "Jumlah",
            f"{done.note['removed']} arsip, {done.note['components']} berkas digital, {done.note['bytes']} bita",
        ),
    ]


def _line(number: int, one: RemovedContent) -> tuple[str, ...]:
    original = next((part["sha256"] for part in one.components["components"] if part["role"] == "original"), "–")
    dated = day(one.document_date, "id") if one.document_date else "–"
    return (str(number), one.class_code or "–", one.title, dated, one.reference or "–", original)


def _kept(done: ProceedingStep) -> list[Words]:
    """What stays here for now, and why."""
    found = done.note["kept_items"]
    if not found:
        return []
    told = [f"{one['reference'] or '–'}: {_why(one['reason'])}" for one in found]
    return [Words(f"Isi {len(found)} arsip untuk sementara tetap disimpan di sini: {'; '.join(told)}.", 9)]


def _why(reason: str) -> str:
    codes = reason.removeprefix(KEPT).split(", ") if reason else []
    return ", ".join(_KEPT.get(code, code.replace("_", " ")) for code in codes) or "belum diperintahkan"


def _done(row: Proceeding) -> list[ProceedingStep]:
    return [one for one in row.steps if one.act == Act.REMOVE.value]


def _of(row: Proceeding, kind: str) -> ProceedingStep:
    return next(one for one in _done(row) if paper_kind(row, one.note["order"]) == kind)


def _placement(archive: Archive, row: Proceeding, kind: str) -> Placement:
    done = _of(row, kind)
    number: Any = done.note["number"]
    told = Description(title=f"{NAME} Nomor {number}: {row.title}"[:500], number=str(number)[:120],
                       document_date=local_day(archive, done.at), record_type=NAME[:40])  # fmt: skip
    return Placement(row.office_id, row.class_code, Level(row.level), description=told)
