"""The rules that ship are the facts of the tables they were re-keyed from: row by row, cited, marked as examples."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from edms.retention.decide import tier_of
from edms.retention.rulebook import RuleBook, load_rules
from edms.retention.types import ActiveMode, EditionState, Fate, Period, Tier, TriggerType

ROOT = Path(__file__).resolve().parents[2]
PEKALONGAN, ATR_BPN = "jra-pekalongan-63-2024", "jra-atrbpn-8-2020"
LOCAL, MINISTRY = "klasifikasi-permendagri-83-2022-kabkota", "klasifikasi-permendagri-83-2022-kemendagri"
TODAY = date(2026, 11, 24)
# What the phrases of the ATR/BPN rows mean (REQUIREMENTS section 2.1); the verbatim phrase stays the label.
PHRASES = {
    "setelah tindak lanjut hasil pemeriksaan telah selesai": TriggerType.AUDIT_FOLLOWUP_DONE,
    "setelah tindak lanjut hasil pemeriksaan selesai": TriggerType.AUDIT_FOLLOWUP_DONE,
    "setelah diterbitkan": TriggerType.PUBLISHED,
    "setelah pinjaman berakhir": TriggerType.CONTRACT_END,
    "setelah perjanjian pinjaman berakhir": TriggerType.CONTRACT_END,
    "setelah masa jabatan berakhir": TriggerType.OFFICE_TERM_END,
    "Selama peraturan masih berlaku": TriggerType.NO_LONGER_IN_FORCE,
    "Selama belum ada perubahan": TriggerType.SUPERSEDED,
    "setelah Loan Agreement ditandatangani": TriggerType.OTHER,
    "setelah UU tentang Pertanggungjawaban APBN disahkan": TriggerType.OTHER,
}


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rules(ROOT / "retention_rules")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_local_government_class(book: RuleBook, rule_tables: Path) -> None:
    """R1: the tree has at least four levels and the hundreds from 000 to 900."""
    wanted = rows(rule_tables, "klasifikasi_permendagri83_2022_kabkota.csv")
    ours = {node.code: (node.title, node.parent or "") for node in book.nodes_of(LOCAL)}
    assert ours == {row["code"]: (row["title"], row["parent"]) for row in wanted}
    assert {code for code in ours if "." not in code} == {f"{hundred}00" for hundred in range(10)}
    assert max(code.count(".") for code in ours) >= 3


def test_the_ministry_calls_the_same_codes_otherwise(book: RuleBook, rule_tables: Path) -> None:
    """R2: both lists are loaded, 000.1 means something else in each, and only the local one is in force."""
    table = {row["code"]: row["title"] for row in rows(rule_tables, "klasifikasi_permendagri83_2022_A_kemendagri.csv")}
    theirs = {node.code: node.title for node in book.nodes_of(MINISTRY)}
    ours = {node.code: node.title for node in book.nodes_of(LOCAL)}
    assert theirs == {code: table[code] for code in theirs}
    assert sum(theirs[code].lower() != ours[code].lower() for code in theirs.keys() & ours.keys()) >= 20
    assert (ours["000.1"], theirs["000.1"]) == ("KETATAUSAHAAN DAN KERUMAHTANGGAAN", "LAMBANG")
    assert (ours["000.5"], theirs["000.6"]) == ("KEARSIPAN", "KEARSIPAN")
    in_force = book.class_node("000.1", TODAY)
    assert in_force is not None
    assert in_force.edition == LOCAL


def test_every_row_of_pekalongan(book: RuleBook, rule_tables: Path) -> None:
    wanted = rows(rule_tables, "jra_kab_pekalongan_2024.csv")
    ours = {rule.code: rule for rule in book.rules() if rule.edition == PEKALONGAN}
    assert [row["code"] for row in wanted] == list(ours)
    for row in wanted:
        rule = ours[row["code"]]
        assert rule.series == row["series"]
        assert (rule.active, rule.inactive) == (Period(int(row["active_years"])), Period(int(row["inactive_years"])))
        assert rule.fate.value.lower() == row["fate_default"]
        assert rule.fate_text == (row["fate_note_verbatim"] or row["fate_default"].capitalize())
        assert rule.class_codes == (row["code"],)
        assert (rule.triggers, rule.active_mode) == ((), ActiveMode.DURATION)
    counts = Counter(rule.fate for rule in ours.values())
    assert counts == {Fate.DESTROY: 19, Fate.PERMANENT: 28, Fate.REVIEW: 8}
    assert sum(tier_of(rule) is Tier.UPPER for rule in ours.values()) == 15


def test_every_row_of_atr_bpn(book: RuleBook, rule_tables: Path) -> None:
    wanted = rows(rule_tables, "jra_permen_atrbpn_8_2020_sample.csv")
    ours = {rule.code: rule for rule in book.rules() if rule.edition == ATR_BPN}
    assert [row["app_code"] for row in wanted] == list(ours)
    for row in wanted:
        rule = ours[row["app_code"]]
        assert rule.series == row["series"]
        assert (rule.trigger_label, rule.page) == (row["active_trigger"], row["pdf_page"])
        assert rule.triggers == (PHRASES[row["active_trigger"]],)
        assert (rule.active, rule.inactive) == (
            Period(int(row["active_years"] or 0)),
            Period(int(row["inactive_years"])),
        )
        assert rule.active_mode is (ActiveMode.DURATION if row["active_years"] else ActiveMode.UNTIL_EVENT)
        assert (rule.fate.value, rule.fate_text) == (row["fate"].upper(), row["fate"])


def test_all_that_ships_is_cited_and_an_example(book: RuleBook) -> None:
    for edition in book.editions.values():
        assert edition.example
        assert len(edition.source) > 20
        assert edition.number
    assert all(rule.legal_ref for rule in book.rules())
    drafts = {edition.id for edition in book.editions.values() if edition.state is EditionState.DRAFT}
    assert drafts == {ATR_BPN, MINISTRY}
    in_force = {rule.edition for rule in book.rules() if rule.class_codes}
    assert in_force.isdisjoint(drafts)


def test_every_file_says_on_top_that_it_is_no_law() -> None:
    files = sorted((ROOT / "retention_rules").glob("*.toml"))
    assert len(files) >= 6
    for path in files:
        head = path.read_text("utf-8").partition("[edition]")[0]
        assert "EXAMPLE" in head or "NOT LAW" in head or "Not in force here" in head, path.name
