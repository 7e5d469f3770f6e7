"""Phrases of schedules: understood exactly or reported, never guessed; the noisy public tables read in place."""

import csv
import os
import string
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.retention.importing import Imported, NewEdition, fields_of, import_rows
from edms.retention.phrase_words import EVENTS, VOCABULARY
from edms.retention.phrases import ActivePhrase, FatePhrase, Misread, read_active, read_event, read_fate, read_inactive
from edms.retention.rule_file import RuleFile
from edms.retention.types import ActiveMode, EditionKind, Fate, Period, TriggerType

ROOT = Path(__file__).resolve().parents[2]
TABLES = Path(os.environ.get("EDMS_RULE_TABLES", ROOT.parent / "shared" / "data" / "rules"))
PAGE = ROOT / "docs" / "retention-import.md"


def edition(kind: EditionKind = EditionKind.SCHEDULE) -> NewEdition:
    return NewEdition("jra-rancangan", kind, "Rancangan", "Jadwal", "tabel yang diterima", date(2027, 1, 1))


def table(name: str, kind: EditionKind = EditionKind.SCHEDULE) -> Imported:
    path = TABLES / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: set EDMS_RULE_TABLES")
    with path.open(encoding="utf-8", newline="") as stream:
        headings, *rows = csv.reader(stream)
    places, missing = fields_of(headings, kind)
    assert not missing
    cells = [{field: row[place] for field, place in places.items()} for row in rows]
    return import_rows(enumerate(cells, 2), edition(kind))


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("2 Tahun", ActivePhrase(ActiveMode.DURATION, Period(2))),
        ("2 (dua) tahun", ActivePhrase(ActiveMode.DURATION, Period(2))),
        ("6 bulan", ActivePhrase(ActiveMode.DURATION, Period(months=6))),
        ("-", ActivePhrase(ActiveMode.NONE, Period())),
        ("2 tahun setelah kontrak berakhir.",
         ActivePhrase(ActiveMode.DURATION, Period(2), (TriggerType.CONTRACT_END,), "setelah kontrak berakhir")),
        ("1 Tahun setelah Tahun Anggaran berakhir dan tindak lanjut hasil pemeriksaan selesai",
         ActivePhrase(ActiveMode.DURATION, Period(1), (TriggerType.FISCAL_YEAR_END, TriggerType.AUDIT_FOLLOWUP_DONE),
                      "setelah Tahun Anggaran berakhir dan tindak lanjut hasil pemeriksaan selesai")),
        ("2 tahun setelah kontrak berakhir atau barang dihapuskan",
         ActivePhrase(ActiveMode.DURATION, Period(2), (TriggerType.CONTRACT_END, TriggerType.ASSET_DISPOSED),
                      "setelah kontrak berakhir atau barang dihapuskan", any_trigger=True)),
        ("selama masih berlaku",
         ActivePhrase(ActiveMode.UNTIL_EVENT, Period(), (TriggerType.NO_LONGER_IN_FORCE,), "selama masih berlaku")),
        ("Selama belum ada perubahan",
         ActivePhrase(ActiveMode.UNTIL_EVENT, Period(), (TriggerType.SUPERSEDED,), "Selama belum ada perubahan")),
        ("1 Tahun setelah restorasi",
         ActivePhrase(ActiveMode.DURATION, Period(1), (TriggerType.OTHER,), "setelah restorasi")),
        ("2 Tshun setelah Pegawai Pensiun", Misread("unknown_unit", "tshun", "tahun")),
        ("2 Tahun setelah tin da k lanjut selesai", Misread("broken_word", "tin da k", "tindak")),
        ("1 Tahun setelah Peraturan pemerintah di tetapkan", Misread("broken_word", "di tetapkan", "ditetapkan")),
        ("2 Tahun setelah ttidak ada Perubahan", Misread("unknown_word", "ttidak", "tidak")),
        ("2 Tahun anqqaran berialan", Misread("no_setelah", "anqqaran berialan", "setelah anggaran berjalan")),
        ("dua tahun", Misread("no_period", "dua tahun")),
        ("", Misread("empty", "")),
    ],
)  # fmt: skip
def test_active_phrases(phrase: str, meant: ActivePhrase | Misread) -> None:
    assert read_active(phrase) == meant


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("Musnah", FatePhrase(Fate.DESTROY, "Musnah")),
        ("PERMANEN", FatePhrase(Fate.PERMANENT, "PERMANEN")),
        ("Dinilai kembali", FatePhrase(Fate.REVIEW, "Dinilai kembali")),
        ("Masuk berkas Perseorangan", FatePhrase(Fate.PERSONAL_FILE, "Masuk berkas Perseorangan")),
        ("Musnah, kecuali yang bernilai guna sejarah Permanen",
         FatePhrase(Fate.REVIEW, "Musnah, kecuali yang bernilai guna sejarah Permanen",
                    (("yang bernilai guna sejarah", Fate.PERMANENT),))),
        ("Musnah, kecuali Surat Keputusan masuk berkas Perseorangan",
         FatePhrase(Fate.REVIEW, "Musnah, kecuali Surat Keputusan masuk berkas Perseorangan",
                    (("Surat Keputusan", Fate.PERSONAL_FILE),))),
        ("Musnah, Kecuali Master File", FatePhrase(Fate.REVIEW, "Musnah, Kecuali Master File")),
        ("Musnah, Kecuali SK Masuk Berkas Perseorangan Permanen",
         FatePhrase(Fate.REVIEW, "Musnah, Kecuali SK Masuk Berkas Perseorangan Permanen")),
        ("Miusnah", Misread("unknown_fate", "Miusnah", "musnah")),
        ("Musnah, kecuali yang bernilai seiarah, Permanen", Misread("unknown_word", "seiarah", "sejarah")),
        ("Musnah, kecuali Surat Keputusan masuk berkas Perseoranaan",
         Misread("unknown_word", "perseoranaan", "perseorangan")),
        ("Musnah 5 tahun", Misread("unknown_condition", "5 tahun")),
    ],
)  # fmt: skip
def test_fates(phrase: str, meant: FatePhrase | Misread) -> None:
    assert read_fate(phrase) == meant


def test_an_inactive_period_that_waits_is_not_understood() -> None:
    assert read_inactive("3 Tahun") == Period(3)
    assert read_inactive("-") == Period()
    assert read_inactive("2 Tahun setelah hak habis") == Misread("inactive_waits", "setelah hak habis")


anything = st.text(max_size=80)
near_to_it = st.lists(st.sampled_from(["2", "tahun", "setelah", "dan", "-", ",", *sorted(VOCABULARY)[:60]]), max_size=9)
phrases = anything | near_to_it.map(" ".join)


@settings(max_examples=300, deadline=None)
@given(phrases)
def test_no_phrase_is_a_defect(phrase: str) -> None:
    """Whatever stands in a cell is understood or reported; only the plain word is destruction (R31)."""
    for read in (read_active, read_inactive, read_event):
        read(phrase)
    fate = read_fate(phrase)
    if isinstance(fate, FatePhrase) and fate.fate in (Fate.DESTROY, Fate.PERMANENT):
        assert fate.text.casefold() in ("musnah", "dimusnahkan", "permanen", "dipermanenkan")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EVENTS)), st.data())
def test_one_wrong_letter_is_never_taken_for_another_event(phrase: str, data: st.DataObject) -> None:
    """A typing mistake is reported, or is itself a word that is known; no other kind of event comes of it."""
    at = data.draw(st.integers(0, len(phrase) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    found = read_event(phrase[:at] + letter + phrase[at + 1 :])
    if not isinstance(found, Misread):
        assert found[0] in ((EVENTS[phrase],), (TriggerType.OTHER,)) or set(found[0]) <= {
            EVENTS[phrase],
            TriggerType.OTHER,
        }


@settings(max_examples=120, deadline=None)
@given(st.lists(st.fixed_dictionaries({
    "code": st.sampled_from(["A.1", "A.2", "B", ""]) | anything, "title": anything, "active": phrases,
    "inactive": st.sampled_from(["2 tahun", "-"]) | phrases,
    "fate": st.sampled_from(["Musnah", "Permanen", "Musnah, kecuali aset permanen"]) | phrases,
    "level": st.sampled_from(["", "Rahasia"]) | anything,
}), max_size=8), st.sampled_from(EditionKind))  # fmt: skip
def test_understood_and_reported_are_all(rows: list[dict[str, str]], kind: EditionKind) -> None:
    """Every row once; and what is written is a rule file without a mistake."""
    made = import_rows(enumerate(rows, 2), edition(kind))
    assert len(made.parts) + len(made.reported) == made.given == len(rows)
    lines = [one.line for one in made.reported]
    assert lines == sorted(set(lines))
    file = RuleFile("draft.toml", made.toml())
    assert file.mistakes == []
    assert len(file.rules) + len(file.classes) == len(made.parts)


def test_the_502_noisy_rows() -> None:
    """Every row ends understood or reported, and the page's table says how many for which reason."""
    made = table("jra_tvri_retention_phrases.csv")
    assert (made.given, len(made.parts) + len(made.reported)) == (502, 502)
    page = PAGE.read_text("utf-8")
    for reason, count in made.reasons().items():
        assert f"| `{reason}` | {count} |" in page, (reason, count)
    assert f"| understood | {len(made.parts)} |" in page
    assert f"| reported | {len(made.reported)} |" in page
    noisy = ("miusnah", "tshun", "tin da k", "anqqaran", "seiarah", "perseoranaan", "softw are", "tanun", "ttidak")
    text = made.toml().casefold()
    assert [word for word in noisy if word in text] == [], "in the draft, as if it were understood"
    file = RuleFile("draft.toml", made.toml())
    assert file.mistakes == []
    conditional = [rule for rule, _line in file.rules if rule.fate is Fate.REVIEW]
    assert all("kecuali" in rule.fate_text.casefold() or "setelah" in rule.fate_text for rule in conditional)


def test_the_64_phrases() -> None:
    path = TABLES / "jra_trigger_phrases.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    with path.open(encoding="utf-8", newline="") as stream:
        told = [row["trigger_phrase_id"] for row in csv.DictReader(stream)]
    assert len(told) == 64
    read = {phrase: read_active(f"2 Tahun {phrase.lstrip(', ')}") for phrase in told}
    reported = {phrase for phrase, found in read.items() if isinstance(found, Misread)}
    assert reported == {
        "setelah tahun anggaran berakhir dan tin da k lanjut hasil pemeriksaan selesai", "setelah ttidak ada perubahan",
        "anqqaran berialan", "surat keputusan ditetapkan", "1 tanun setelah peraturan pemerintah di tetapkan",
        "setelah softw are diterima", "setelah tindak lanjut pemeriiksaan telah selesai",
    }  # fmt: skip


def test_the_schedule_of_a_regency() -> None:
    """Section 2.6: 55 rows, 19 to destroy, 28 permanent, 8 conditional; 15 of ten years and more."""
    made = table("jra_kab_pekalongan_2024.csv")
    assert made.reported == []
    file = RuleFile("draft.toml", made.toml())
    rules = {rule.code: rule for rule, _line in file.rules}
    assert (len(rules), file.mistakes) == (55, [])
    assert Counter(rule.fate for rule in rules.values()) == {Fate.DESTROY: 19, Fate.PERMANENT: 28, Fate.REVIEW: 8}
    assert sum(rule.active.years + rule.inactive.years >= 10 for rule in rules.values()) == 15
    assert (rules["900.1.3.7"].active.years, rules["900.1.3.7"].inactive.years) == (2, 8)
    shipped = RuleFile("jra.toml", (ROOT / "retention_rules" / "jra_pekalongan.toml").read_text("utf-8"))
    for rule, _line in shipped.rules:
        mine = rules[rule.class_codes[0] if rule.class_codes else rule.code]
        assert (mine.active, mine.inactive, mine.fate) == (rule.active, rule.inactive, rule.fate), rule.code


def test_the_events_of_a_ministry() -> None:
    made = table("jra_permen_atrbpn_8_2020_sample.csv")
    assert [(one.code, one.words) for one in made.reported] == []
    shipped = RuleFile("jra.toml", (ROOT / "retention_rules" / "jra_atrbpn.toml").read_text("utf-8"))
    kept = {rule.code: rule for rule, _line in shipped.rules}
    for rule, _line in RuleFile("draft.toml", made.toml()).rules:
        other = kept[rule.code]
        assert (rule.triggers, rule.active, rule.inactive, rule.fate, rule.active_mode) == (
            other.triggers, other.active, other.inactive, other.fate, other.active_mode,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "count"),
    [("klasifikasi_permendagri83_2022_kabkota.csv", 144), ("klasifikasi_permendagri83_2022_A_kemendagri.csv", 477)],
)
def test_classifications(name: str, count: int) -> None:
    made = table(name, EditionKind.CLASSIFICATION)
    assert made.given == count
    assert len(made.parts) + len(made.reported) == count
    file = RuleFile("draft.toml", made.toml())
    assert file.mistakes == []
    nodes = {node.code: node for node, _line in file.classes}
    assert nodes["000.1.1"].parent == "000.1" if "000.1.1" in nodes else nodes["000.2.1"].parent == "000.2"
