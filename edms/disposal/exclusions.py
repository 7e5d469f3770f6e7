"""Why a record was taken out of a disposal, in words: what the system found is kept as stable codes, what a person said
as it was typed. Pure.

Codes stand in one column with free text, each as `code` or `code(arguments)`, with commas between them; they are those
of the certificate (docs/formats/disposal.md). A text that is not codes from end to end is a person's.
"""

import re

from edms.retention.explain import reason_text
from edms.retention.types import Outcome, Reason, ReasonCode

_SENTENCES: dict[str, dict[str, str]] = {
    "id": {
        "not_declared": "bukan lagi arsip yang ditetapkan",
        "other_tier": "jangka retensinya termasuk kelompok persetujuan yang lain",
        "rule_changed": "aturan retensinya berubah sejak daftar ditetapkan",
        "edition_changed": "edisi aturan retensinya berubah sejak daftar ditetapkan",
        "due_on_changed": "tanggal jatuh temponya berubah sejak daftar ditetapkan",
        "not_assessed": "belum dinilai oleh panitia",
        "digitisation_under_way": "alih medianya sedang berjalan",
        "content_changed": "isinya bukan lagi yang dinilai",
        "handed_over": "telah diterima lembaga kearsipan",
        Outcome.ELIGIBLE: "nasib akhirnya bukan lagi musnah",
        Outcome.NOT_ELIGIBLE: "belum atau tidak dapat disusutkan",
        Outcome.REVIEW_DUE: "waktunya dinilai kembali",
        Outcome.CANNOT_EVALUATE: "retensinya belum dapat dihitung",
    },
    "en": {
        "not_declared": "it is no declared record any more",
        "other_tier": "its retention belongs to the other tier of approval",
        "rule_changed": "its retention rule changed since the list was frozen",
        "edition_changed": "the edition of its retention rule changed since the list was frozen",
        "due_on_changed": "the day on which it is due changed since the list was frozen",
        "not_assessed": "the committee has not assessed it",
        "digitisation_under_way": "its digitisation is under way",
        "content_changed": "its content is not what was assessed",
        "handed_over": "an archival institution has it",
        Outcome.ELIGIBLE: "its fate is not destruction any more",
        Outcome.NOT_ELIGIBLE: "it is not to be disposed of",
        Outcome.REVIEW_DUE: "it is due for review",
        Outcome.CANNOT_EVALUATE: "its retention cannot be calculated yet",
    },
}
_ARGUMENTS = {
    ReasonCode.HELD: ("hold", "title"), ReasonCode.AWAITING_EVENT: ("events",),
    ReasonCode.PERIOD_NOT_ELAPSED: ("date",), ReasonCode.PERIOD_ELAPSED: ("date",),
    ReasonCode.CONDITIONAL_FATE: ("text",), ReasonCode.MAXIMUM_CONFLICT: ("date", "basis"),
    ReasonCode.MAXIMUM_REACHED: ("date", "basis"),
}  # fmt: skip
CODES = (*(code.value for code in ReasonCode), *map(str, _SENTENCES["id"]))
_CODE = re.compile(rf"(?:^|,)({'|'.join(sorted(map(re.escape, CODES), key=len, reverse=True))})(?=[(,]|$)")


def exclusion_text(reason: str, language: str) -> str:
    """Return why a record was taken out, in `language` (id, en); the words of a person as they are."""
    found = _codes(reason)
    return "; ".join(_sentence(code, told, language) for code, told in found) if found else reason


def _codes(reason: str) -> list[tuple[str, str]]:
    """Return the codes of a reason with what stands in their brackets, or [] for a text that is not codes."""
    places = list(_CODE.finditer(reason))
    if not places or places[0].start():
        return []
    ends = [*(place.start() for place in places[1:]), len(reason)]
    found = [(place[1], reason[place.end() : end]) for place, end in zip(places, ends, strict=True)]
    return found if all(not told or told.startswith("(") for _code, told in found) else []


def _sentence(code: str, told: str, language: str) -> str:
    if code not in set(ReasonCode):
        return _SENTENCES[language][code]
    kind, values = ReasonCode(code), told.removeprefix("(").removesuffix(")")
    names = _ARGUMENTS.get(kind, ())
    try:
        if kind is ReasonCode.AWAITING_EVENT:
            return reason_text(Reason(kind, {"events": values.split(",")}), language)
        return reason_text(Reason(kind, dict(zip(names, values.split(",", len(names) - 1), strict=True)) if names
                                  else {}), language)  # fmt: skip
    except ValueError:  # cut off at the length of the column
        return f"{kind}{told}"
