"""The decision in words, Indonesian and English. Every reason and step has its sentence in both; a test keeps it so."""

from datetime import date
from typing import Any

from edms.retention.types import ActiveMode, Decision, Outcome, Phase, Reason, ReasonCode, Step, Tier, TriggerType

_MONTHS = {
    "id": ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
           "November", "Desember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip

_UNITS = {
    "id": (("tahun", "tahun"), ("bulan", "bulan"), ("hari", "hari")),
    "en": (("year", "years"), ("month", "months"), ("day", "days")),
}

OUTCOMES: dict[str, dict[str, str]] = {
    "id": {
        Outcome.ELIGIBLE: "Dapat diusulkan musnah",
        Outcome.REVIEW_DUE: "Waktunya dinilai kembali",
        Outcome.NOT_ELIGIBLE: "Belum atau tidak dapat disusutkan",
        Outcome.CANNOT_EVALUATE: "Belum dapat dihitung",
    },
    "en": {
        Outcome.ELIGIBLE: "May be proposed for destruction",
        Outcome.REVIEW_DUE: "Due for review",
        Outcome.NOT_ELIGIBLE: "Not to be disposed of",
        Outcome.CANNOT_EVALUATE: "Cannot be calculated yet",
    },
}
# Who must approve a destruction (R35).
TIERS: dict[str, dict[str, str]] = {
    "id": {Tier.LOWER: "persetujuan Wali Kota", Tier.UPPER: "persetujuan Kepala ANRI"},
    "en": {Tier.LOWER: "approval of the mayor", Tier.UPPER: "approval of the National Archives"},
}
PHASES: dict[str, dict[str, str]] = {
    "id": {
        Phase.ACTIVE: "arsip aktif",
        Phase.INACTIVE: "arsip inaktif",
        Phase.DUE: "retensi berakhir",
        Phase.AWAITING_EVENT: "menunggu kejadian",
        Phase.UNKNOWN: "tanpa aturan",
    },
    "en": {
        Phase.ACTIVE: "active",
        Phase.INACTIVE: "inactive",
        Phase.DUE: "retention has ended",
        Phase.AWAITING_EVENT: "awaiting an event",
        Phase.UNKNOWN: "no rule",
    },
}
TRIGGERS: dict[str, dict[str, str]] = {
    "id": {
        TriggerType.CREATED: "tanggal naskah",
        TriggerType.FILE_CLOSED: "berkas ditutup",
        TriggerType.FISCAL_YEAR_END: "tahun anggaran berakhir",
        TriggerType.AUDIT_FOLLOWUP_DONE: "tindak lanjut hasil pemeriksaan selesai",
        TriggerType.CONTRACT_END: "perjanjian berakhir",
        TriggerType.SUPERSEDED: "diperbarui atau diganti",
        TriggerType.NO_LONGER_IN_FORCE: "tidak berlaku lagi",
        TriggerType.DECREE_ISSUED: "keputusan ditetapkan",
        TriggerType.RETIREMENT_SEPARATION: "pegawai pensiun atau berhenti",
        TriggerType.ASSET_DISPOSED: "barang dihapuskan",
        TriggerType.CASE_FINAL: "perkara berkekuatan hukum tetap",
        TriggerType.PUBLISHED: "diterbitkan",
        TriggerType.OFFICE_TERM_END: "masa jabatan berakhir",
        TriggerType.OTHER: "kejadian lain",
    },
    "en": {
        TriggerType.CREATED: "date of the document",
        TriggerType.FILE_CLOSED: "folder closed",
        TriggerType.FISCAL_YEAR_END: "end of the fiscal year",
        TriggerType.AUDIT_FOLLOWUP_DONE: "audit follow-up completed",
        TriggerType.CONTRACT_END: "end of the contract",
        TriggerType.SUPERSEDED: "superseded",
        TriggerType.NO_LONGER_IN_FORCE: "no longer in force",
        TriggerType.DECREE_ISSUED: "decree issued",
        TriggerType.RETIREMENT_SEPARATION: "retirement or separation",
        TriggerType.ASSET_DISPOSED: "asset disposed of",
        TriggerType.CASE_FINAL: "case final",
        TriggerType.PUBLISHED: "published",
        TriggerType.OFFICE_TERM_END: "end of the term of office",
        TriggerType.OTHER: "another event",
    },
}
_REASONS: dict[str, dict[str, str]] = {
    "id": {
        ReasonCode.PERMANENT: "nasib akhirnya permanen: diserahkan sebagai arsip statis, tidak pernah dimusnahkan",
        ReasonCode.HELD: "ditahan: {title}",
        ReasonCode.AWAITING_EVENT: "menunggu kejadian yang diverifikasi: {events}",
        ReasonCode.PERIOD_NOT_ELAPSED: "jangka simpan belum berakhir, sampai {date}",
        ReasonCode.PERIOD_ELAPSED: "jangka simpan berakhir pada {date}",
        ReasonCode.NO_RULE: "tidak ada aturan retensi untuk klasifikasi ini",
        ReasonCode.RULE_SUPERSEDED: "aturannya telah diganti",
        ReasonCode.TERJAGA: "arsip terjaga: tidak dimusnahkan sebelum ditinjau",
        ReasonCode.VITAL: "arsip vital: tidak dimusnahkan sebelum dilepas",
        ReasonCode.IN_OTHER_BATCH: "sudah ada dalam usulan penyusutan lain",
        ReasonCode.OPEN_CASE: "terkait perkara yang belum selesai",
        ReasonCode.ON_LOAN: "naskah aslinya sedang dipinjam",
        ReasonCode.LEGACY_UNVERIFIED: "arsip lama dengan tanggal yang belum diverifikasi",
        ReasonCode.FIXITY_FAILED: "pemeriksaan keutuhan gagal",
        ReasonCode.SNAPSHOT_DRIFT: "aturan yang tersimpan berbeda dari saat ditetapkan",
        ReasonCode.CONDITIONAL_FATE: "nasib akhir bersyarat, dinilai oleh panitia: “{text}”",
        ReasonCode.PERSONAL_FILE: "masuk berkas perseorangan dan mengikuti aturannya",
        ReasonCode.NOT_TRANSFERRED: "belum dipindahkan ke unit kearsipan",
        ReasonCode.MAXIMUM_CONFLICT: "data pribadi harus dimusnahkan sejak {date} ({basis}), sebelum jangka simpannya "
        "berakhir: perlu diputuskan",
        ReasonCode.MAXIMUM_REACHED: "batas waktu penyimpanan data pribadi tercapai pada {date} ({basis})",
        ReasonCode.ERASURE_ACCEPTED: "permintaan pemusnahan data pribadi dikabulkan",
        ReasonCode.DISPOSAL_FILE: "bagian dari berkas penyusutan: tidak pernah dimusnahkan",
    },
    "en": {
        ReasonCode.PERMANENT: "its fate is permanent: handed over as an archive, never destroyed",
        ReasonCode.HELD: "on hold: {title}",
        ReasonCode.AWAITING_EVENT: "awaiting a verified event: {events}",
        ReasonCode.PERIOD_NOT_ELAPSED: "the period has not elapsed; it ends on {date}",
        ReasonCode.PERIOD_ELAPSED: "the period ended on {date}",
        ReasonCode.NO_RULE: "there is no retention rule for this class",
        ReasonCode.RULE_SUPERSEDED: "its rule has been superseded",
        ReasonCode.TERJAGA: "protected record (arsip terjaga): not to be destroyed before review",
        ReasonCode.VITAL: "vital record: not to be destroyed before release",
        ReasonCode.IN_OTHER_BATCH: "in another disposal batch already",
        ReasonCode.OPEN_CASE: "tied to an open case",
        ReasonCode.ON_LOAN: "its paper original is on loan",
        ReasonCode.LEGACY_UNVERIFIED: "legacy record whose date is not verified",
        ReasonCode.FIXITY_FAILED: "the integrity check failed",
        ReasonCode.MAXIMUM_CONFLICT: "personal data in it is to be gone from {date} ({basis}), before its period ends: "
        "to be decided by a person",
        ReasonCode.MAXIMUM_REACHED: "the longest time for which personal data may be kept was reached on {date} "
        "({basis})",
        ReasonCode.ERASURE_ACCEPTED: "a request to destroy personal data was granted",
        ReasonCode.DISPOSAL_FILE: "it belongs to the file of a disposal, which is never destroyed",
        ReasonCode.SNAPSHOT_DRIFT: "the rule kept with it is not the one it was declared under",
        ReasonCode.CONDITIONAL_FATE: "conditional fate, judged by the committee: “{text}”",
        ReasonCode.PERSONAL_FILE: "goes into the personal file and follows its rule",
        ReasonCode.NOT_TRANSFERRED: "not yet transferred to the records centre",
    },
}
_STEPS: dict[str, dict[str, str]] = {
    "id": {
        "rule": "Aturan {rule} dari {edition}: {clause}",
        "start": "Mulai dihitung {on} ({event})",
        "start_unknown": "Mulai dihitung sejak: {events}",
        "cutoff": "Digenapkan sampai {on}",
        "active_end": "Aktif {period}, sampai {on}",
        "until_event": "Aktif sampai kejadian itu, {on}",
        "no_active": "Tanpa masa aktif, sejak {on}",
        "inactive_end": "Inaktif {period}, sampai {on}",
    },
    "en": {
        "rule": "Rule {rule} of {edition}: {clause}",
        "start": "Counted from {on} ({event})",
        "start_unknown": "Counted from: {events}",
        "cutoff": "Cut off at {on}",
        "active_end": "Active for {period}, until {on}",
        "until_event": "Active until that event, {on}",
        "no_active": "No active period, from {on}",
        "inactive_end": "Inactive for {period}, until {on}",
    },
}


def outcome_names(language: str) -> dict[str, str]:
    """Return the outcomes in words."""
    return {str(outcome): text for outcome, text in OUTCOMES[language].items()}


def headline(decision: Decision, language: str) -> str:
    """Return the decision in one line."""
    text = f"{OUTCOMES[language][decision.outcome]} · {PHASES[language][decision.phase]}"
    return f"{text} · {day(decision.due_on, language)}" if decision.due_on else text


def reason_text(reason: Reason, language: str) -> str:
    """Return one reason in words."""
    return _REASONS[language][reason.code].format(**_told(reason.arguments, language))


def step_text(step: Step, language: str) -> str:
    """Return one step of the calculation in words."""
    template = _STEPS[language][_step_kind(step)]
    told = _told(step.arguments, language) | {"on": day(step.on, language) if step.on else ""}
    told["period"] = _period(step.arguments, language)
    return template.format(**told)


def _step_kind(step: Step) -> str:
    if step.name == "start" and step.on is None:
        return "start_unknown"
    by_mode = {str(ActiveMode.UNTIL_EVENT): "until_event", str(ActiveMode.NONE): "no_active"}
    return by_mode.get(step.arguments.get("mode", ""), step.name)


def day(on: date, language: str) -> str:
    """Return a date in words."""
    return f"{on.day} {_MONTHS[language][on.month - 1]} {on.year}"


def _told(arguments: dict[str, Any], language: str) -> dict[str, str]:
    told = {name: str(value) for name, value in arguments.items()}
    if "events" in arguments:
        told["events"] = ", ".join(TRIGGERS[language][TriggerType(kind)] for kind in arguments["events"])
        if arguments.get("label"):
            told["events"] += f" ({arguments['label']})"
    if "event" in arguments:
        told["event"] = arguments.get("label") or TRIGGERS[language][TriggerType(arguments["event"])]
    if "date" in arguments:
        told["date"] = day(date.fromisoformat(arguments["date"]), language)
    return told


def _period(arguments: dict[str, Any], language: str) -> str:
    numbers = [int(arguments.get(unit, 0)) for unit in ("years", "months", "days")]
    parts = [
        f"{number} {words[0] if number == 1 else words[1]}"
        for number, words in zip(numbers, _UNITS[language], strict=True)
        if number
    ]
    return " ".join(parts) or f"0 {_UNITS[language][0][1]}"
