"""Why a record was taken out of a disposal: every code in sentences of both languages, free text as it was typed."""

import inspect
import re

import pytest

from edms.disposal import destruction, eligibility, execution
from edms.disposal.exclusions import _ARGUMENTS, _SENTENCES, CODES, exclusion_text
from edms.records import proceedings_due
from edms.retention.types import Outcome, Reason, ReasonCode

DRIFTING = ("rule", "edition", "due_on")
EXAMPLES = {
    "hold": "H-1", "title": "Perkara 12, vital (banding)", "events": ["RETIREMENT_SEPARATION"], "date": "2031-01-02",
    "text": "musnah, kecuali yang penting", "basis": "UU 27/2022",
}  # fmt: skip


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_of_retention_is_a_sentence(code: ReasonCode, language: str) -> None:
    reason = str(Reason(code, {name: EXAMPLES[name] for name in _ARGUMENTS.get(code, ())}))
    told = exclusion_text(reason, language)
    assert told != reason
    if code is ReasonCode.HELD:
        assert told.endswith("Perkara 12, vital (banding)")
        assert "H-1" not in told


def test_every_code_of_disposal_has_both_languages_and_is_said_somewhere() -> None:
    """The codes are those that the modules of disposal take records out with; none stands here that nobody says."""
    assert set(_SENTENCES["id"]) == set(_SENTENCES["en"])
    source = "".join(inspect.getsource(one) for one in (destruction, eligibility, execution, proceedings_due))
    said = set(re.findall(r'"([a-z_]+)"', source)) | {f"{name}_changed" for name in DRIFTING}
    assert {str(one) for one in _SENTENCES["id"]} - set(Outcome) <= said
    assert set(Outcome) <= set(CODES)


def test_several_codes_are_several_sentences() -> None:
    reason = "on_loan,held(H-1,Perkara, lanjutan),period_not_elapsed(2031-01-02)"
    assert exclusion_text(reason, "en").split("; ", 2) == [
        "its paper original is on loan", "on hold: Perkara, lanjutan",
        "the period has not elapsed; it ends on 2 January 2031",
    ]  # fmt: skip
    assert "2 Januari 2031" in exclusion_text(reason, "id")


@pytest.mark.parametrize(
    "typed",
    ["masih diperlukan", "held by the court", "vital untuk kota", "rusak, on_loan", "", "on_loan sejak Mei", "(held)"],
)
def test_what_a_person_said_stays_as_it_was_typed(typed: str) -> None:
    assert exclusion_text(typed, "id") == exclusion_text(typed, "en") == typed


def test_a_reason_that_was_cut_off_at_its_column_is_shown_all_the_same() -> None:
    assert exclusion_text("period_not_elapsed(2031-0", "id") == "period_not_elapsed(2031-0"
    assert exclusion_text("held(H-1,Perk", "id") == "ditahan: Perk"
