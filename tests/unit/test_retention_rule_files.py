"""Rule files: a mistake is refused whole, with file, line and reason; what is right is read to the last key."""

from datetime import date
from pathlib import Path

import pytest
from rule_texts import CLASSES, SCHEDULE

from edms.core.errors import Refused
from edms.retention.errors import RuleFault
from edms.retention.rule_file import _Class, _Edition, _Rule
from edms.retention.rulebook import RuleBook, load_rules
from edms.retention.types import ActiveMode, Cutoff, EditionKind, EditionState, Fate, Period, TriggerType


def book(classes: str = CLASSES, schedule: str = SCHEDULE, **more: str) -> RuleBook:
    return RuleBook(
        {"plan.toml": classes, "jra.toml": schedule} | {f"{name}.toml": text for name, text in more.items()}
    )


def told(*, classes: str = CLASSES, schedule: str = SCHEDULE, **more: str) -> list[str]:
    with pytest.raises(RuleFault) as caught:
        book(classes, schedule, **more)
    return [str(mistake) for mistake in caught.value.mistakes]


# What is changed in SCHEDULE, and the mistake it must be told as.
IN_SCHEDULE = {
    "not toml": ('series = "Surat"', "series = Surat", "jra.toml:14: Invalid value (at line 14, column 10)"),
    "cut short": (
        'fate_text = "Musnah"',
        'fate_text = "Musnah',
        'jra.toml:19: Illegal character \'\\n\' (at line 19, column 20)',
    ),
    "key twice": ("active_years = 1", "active_years = 1\nactive_years = 2", "jra.toml:17: Cannot overwrite a value"),
    "unknown table": ("[[rule]]", '[[regel]]\na = 1\n[[rule]]', "jra.toml:12: regel is not known here"),
    "unknown key": ("inactive_years", "inaktive_years", "jra.toml:17: inaktive_years: is not a known key"),
    "missing key": ('series = "Surat"\n', "", "jra.toml:12: series: is missing"),
    "text for a number": ("active_years = 1", 'active_years = "1"', "jra.toml:16: active_years: Input should be"),
    "truth for a number": ("active_years = 1", "active_years = true", "jra.toml:16: active_years: Input should be"),
    "fraction": ("active_years = 1", "active_years = 1.0", "jra.toml:16: active_years: Input should be"),
    "number for truth": ("active_years = 1", "vital = 1", "jra.toml:16: vital: Input should be"),
    "negative": ("inactive_years = 2", "inactive_years = -2", "jra.toml:17: inactive_years: Input should be greater"),
    "beyond reason": ("inactive_years = 2", "inactive_years = 999", "jra.toml:17: inactive_years: Input should"),
    "unknown fate": ('"MUSNAH"', '"MIUSNAH"', "jra.toml:18: fate: Input should be"),
    "unknown trigger": ("active_years = 1", 'triggers = ["PENSIUN"]', "jra.toml:16: triggers.0: Input should be"),
    "unknown cutoff": ("active_years = 1", 'cutoff = "WEEK"', "jra.toml:16: cutoff: Input should be"),
    "unknown group": ("active_years = 1", 'group = "UMUM"', "jra.toml:16: group: String should match"),
    "unknown level": ("active_years = 1", 'security_default = "biasa"', "jra.toml:16: security_default: String should"),
    "no fate text": ('fate_text = "Musnah"\n', "", "jra.toml:12: fate_text: is missing"),
    "conditional fate": (
        'fate_text = "Musnah"',
        'fate_text = "Musnah, kecuali nota permanen"',
        "jra.toml:18: rule A1 is MUSNAH and its text 'Musnah, kecuali nota permanen' is more than that",
    ),
    "noise in the fate": ('"Musnah"\n', '"Miusnah"\n', "jra.toml:18: rule A1 is MUSNAH and its text 'Miusnah' is more"),
    "fates that differ": ('"Musnah"\n', '"Permanen"\n', "jra.toml:18: rule A1 is MUSNAH and its text 'Permanen'"),
    "exceptions": (
        "active_years = 1",
        'exceptions = [{selector = "nota", fate = "PERMANEN"}]',
        "jra.toml:18: rule A1 is MUSNAH and its text 'Musnah' is more than that: DINILAI_KEMBALI (R31)",
    ),
    "until what": ("active_years = 1", 'active_mode = "UNTIL_EVENT"', "jra.toml:16: rule A1 is UNTIL_EVENT and names"),
    "until an event, and longer": (
        "active_years = 1",
        'active_years = 1\nactive_mode = "UNTIL_EVENT"\ntriggers = ["SUPERSEDED"]',
        "jra.toml:17: rule A1 is UNTIL_EVENT and has an active period all the same",
    ),
    "until an event, cut off": (
        "active_years = 1",
        'active_mode = "UNTIL_EVENT"\ntriggers = ["SUPERSEDED"]\ncutoff = "MONTH"',
        "jra.toml:18: rule A1 is UNTIL_EVENT, which ends on the event itself and takes no cutoff",
    ),
    "never active, for a year": (
        "active_years = 1",
        'active_mode = "NONE"\nactive_years = 1',
        "jra.toml:16: rule A1 is NONE and has an active period all the same",
    ),
    "other what": ("active_years = 1", 'triggers = ["OTHER"]', "jra.toml:16: rule A1 waits for OTHER and does not say"),
    "trigger twice": (
        "active_years = 1",
        'triggers = ["PUBLISHED", "PUBLISHED"]',
        "jra.toml:16: rule A1 names a trigger twice",
    ),
    "any of one": (
        "active_years = 1",
        'triggers = ["PUBLISHED"]\nany_trigger = true',
        "jra.toml:17: rule A1 chooses among triggers and names fewer than two",
    ),
    "class twice": ('["000.1"]', '["000.1", "000.1"]', "jra.toml:15: rule A1 names a class twice"),
    "unknown class": ('["000.1"]', '["000.9"]', "jra.toml:12: rule A1: there is no class 000.9 in the classification"),
    "one table": ("[[rule]]", "[rule]", "jra.toml:12: write [[rule]], not [rule]"),
    "classes in a schedule": (
        "[[rule]]",
        '[[class]]\ncode = "1"\ntitle = "T"\n\n[[rule]]',
        "jra.toml:3: an edition of kind JRA holds no [[class]]",
    ),
    "no approval": (
        'approval_letter = "B-KN.00.03/1/2026"\napproval_date = 2025-12-01\n',
        "",
        "jra.toml:1: a schedule needs the approval_letter of Kepala ANRI (PP 28/2012 art. 53) or example = true",
    ),
    "approval without date": (
        "approval_date = 2025-12-01\n",
        "",
        "jra.toml:9: an approval letter has its date (approval_date)",
    ),
    "no source": ('source = "Berita Daerah 2026 nomor 2"\n', "", "jra.toml:1: source: is missing"),
    "ends before it begins": (
        "effective_from = 2026-01-01",
        "effective_from = 2026-01-01\neffective_to = 2025-01-01",
        "jra.toml:8: effective_to lies before effective_from",
    ),
    "superseded since when": ('"ACTIVE"', '"SUPERSEDED"', "jra.toml:6: a superseded edition says until when"),
    "not a day": ("effective_from = 2026-01-01", "effective_from = 2026-02-30", "jra.toml:7: Invalid date or datetime"),
    "id with a blank": ('"jra-1"', '"jra 1"', "jra.toml:2: id: String should match pattern"),
    "not a hash": ("[[rule]]", 'source_sha256 = "abc"\n[[rule]]', "jra.toml:12: source_sha256: String should match"),
    "supplements nothing": ("[[rule]]", 'supplements = "x"\n[[rule]]', "jra.toml:1: it supplements x, which is no JRA"),
    "supplements another kind": (
        "[[rule]]",
        'supplements = "plan-1"\n[[rule]]',
        "jra.toml:1: it supplements plan-1, which is no JRA here",
    ),
    "rule twice": ("[[rule]]", SCHEDULE.partition("\n\n")[2].replace('["000.1"]', "[]") + "\n[[rule]]",
                   "jra.toml:21: rule A1 is there twice"),
    "two rules for a class": (
        "[[rule]]",
        SCHEDULE.partition("\n\n")[2].replace("A1", "A0") + "\n[[rule]]",
        "jra.toml:21: class 000.1 has two rules (R75: one record, one schedule)",
    ),
}  # fmt: skip
IN_CLASSES = {
    "code with a blank": ('"000.1"', '"000. 1"', "plan.toml:15: code: String should match pattern"),
    "no such parent": ('parent = "000"', 'parent = "001"', "plan.toml:14: class 000.1: there is no parent 001"),
    "above itself": ('parent = "000"', 'parent = "000.1"', "plan.toml:14: class 000.1 is above itself: 000.1"),
    "class twice": ('"000"\ntitle', '"000.1"\ntitle', "plan.toml:14: class 000.1 is there twice"),
    "rules in a plan": (
        "[[class]]\ncode = \"000\"\n",
        '[[rule]]\ncode = "1"\nseries = "s"\nfate = "MUSNAH"\nfate_text = "Musnah"\n[[class]]\ncode = "000"\n',
        "plan.toml:3: an edition of kind KLASIFIKASI holds no [[rule]]",
    ),
    "no edition": (CLASSES.partition("\n\n")[0], "", "plan.toml:1: id: is missing"),
    "kip": ('title = "UMUM"', 'title = "UMUM"\ndefault_kip = "rahasia"', "plan.toml:13: default_kip: String should"),
}  # fmt: skip


def assert_told(mistakes: list[str], wanted: str) -> None:
    assert any(mistake.startswith(wanted) for mistake in mistakes), mistakes


def test_nothing_is_wrong_with_the_base() -> None:
    assert sorted(book().editions) == ["jra-1", "plan-1"]


@pytest.mark.parametrize("name", IN_SCHEDULE)
def test_mistake_in_a_schedule(name: str) -> None:
    old, new, wanted = IN_SCHEDULE[name]
    assert old in SCHEDULE
    assert_told(told(schedule=SCHEDULE.replace(old, new, 1)), wanted)


@pytest.mark.parametrize("name", IN_CLASSES)
def test_mistake_in_a_classification(name: str) -> None:
    old, new, wanted = IN_CLASSES[name]
    assert old in CLASSES
    assert_told(told(classes=CLASSES.replace(old, new, 1)), wanted)


def test_a_ring_of_classes() -> None:
    ring = CLASSES.replace('title = "UMUM"', 'title = "UMUM"\nparent = "000.1"')
    assert told(classes=ring) == [
        "plan.toml:10: class 000 is above itself: 000",
        "plan.toml:15: class 000.1 is above itself: 000.1",
    ]


def test_two_editions_in_force_at_once() -> None:
    assert told(second=SCHEDULE.replace("jra-1", "jra-2")) == [
        "second.toml:1: jra-2 and jra-1 are both active on the same days"
    ]


def test_one_edition_in_two_files() -> None:
    assert "second.toml:1: edition jra-1 is in jra.toml already" in told(second=SCHEDULE)


def test_a_supplement_may_not_contradict() -> None:
    more = SCHEDULE.replace("jra-1", "jra-2").replace("[[rule]]", 'supplements = "jra-1"\n\n[[rule]]')
    assert told(second=more) == ["second.toml:14: class 000.1 has a rule in jra.toml already (R75)"]
    plan = CLASSES.replace("plan-1", "plan-2").replace("2026-01-01", '2026-01-01\nsupplements = "plan-1"')
    assert told(third=plan) == [
        "third.toml:11: class 000 is in plan.toml already",
        "third.toml:15: class 000.1 is in plan.toml already",
    ]


def test_two_supplements_of_one_edition() -> None:
    plan = CLASSES + '[[class]]\ncode = "000.2"\ntitle = "A"\n[[class]]\ncode = "000.3"\ntitle = "B"\n'
    more = {
        name: SCHEDULE.replace("jra-1", f"jra-{name}")
        .replace("[[rule]]", 'supplements = "jra-1"\n[[rule]]')
        .replace("000.1", code)
        for name, code in (("x", "000.2"), ("y", "000.3"))
    }
    found = book(plan, SCHEDULE, **more)
    rules = [found.rule_for(code, date(2026, 5, 1)) for code in ("000.1", "000.2", "000.3")]
    assert [rule.edition for rule in rules if rule] == ["jra-1", "jra-x", "jra-y"]


def test_every_mistake_is_told_at_once_and_nothing_is_read() -> None:
    bad = SCHEDULE.replace("MUSNAH", "BAKAR").replace("active_years = 1", "active_years = -1")
    mistakes = told(schedule=bad, classes=CLASSES.replace('"000.1"', '"0 1"'))
    assert [mistake.split(":")[:2] for mistake in mistakes] == [
        ["jra.toml", "16"],
        ["jra.toml", "18"],
        ["plan.toml", "15"],
    ]
    with pytest.raises(RuleFault, match=r"and 5 more"):
        RuleBook({f"{number:02}.toml": "=" for number in range(25)})


def test_hostile_depth_is_a_mistake_like_any_other() -> None:
    assert_told(told(deep="a = " + "[" * 100_000), "deep.toml:1: it is nested too deeply")


def test_every_key_is_read() -> None:
    rule = """
[[rule]]
code = "B.7"
series = "Perjanjian"
classes = ["000"]
group = "FASILITATIF"
active_years = 1
active_months = 2
active_days = 3
inactive_years = 4
inactive_months = 5
inactive_days = 6
triggers = ["CONTRACT_END", "OTHER"]
trigger_label = "serah terima barang"
any_trigger = true
cutoff = "QUARTER"
fate = "DINILAI_KEMBALI"
fate_text = "Musnah, kecuali aset tetap permanen"
exceptions = [{ selector = "aset tetap", fate = "PERMANEN" }]
security_default = "restricted"
vital = true
terjaga = true
legal_ref = "Lampiran I angka 7"
page = "12"
"""
    found = book(schedule=SCHEDULE + rule).rule("jra-1", "B.7")
    assert found is not None
    assert (found.active, found.inactive) == (Period(1, 2, 3), Period(4, 5, 6))
    assert found.triggers == (TriggerType.CONTRACT_END, TriggerType.OTHER)
    assert (found.active_mode, found.cutoff, found.fate) == (ActiveMode.DURATION, Cutoff.QUARTER, Fate.REVIEW)
    assert found.exceptions == (("aset tetap", Fate.PERMANENT),)
    assert (found.class_codes, found.group, found.security_default) == (("000",), "FASILITATIF", "restricted")
    assert (found.vital, found.terjaga, found.any_trigger) == (True, True, True)
    assert (found.legal_ref, found.page, found.trigger_label) == ("Lampiran I angka 7", "12", "serah terima barang")


def test_same_code_different_titles() -> None:
    """R2: a code is only meaningful with its edition, and each day has its own."""
    closed = CLASSES.replace('"ACTIVE"', '"SUPERSEDED"').replace("2026-01-01", "2020-01-01\neffective_to = 2025-12-31")
    old = closed.replace("plan-1", "plan-0").replace('"TATA USAHA"', '"LAMBANG"')
    both = book(old=old)
    assert [
        (node.title, node.edition)
        for day in (date(2025, 12, 31), date(2026, 1, 1))
        if (node := both.class_node("000.1", day))
    ] == [("LAMBANG", "plan-0"), ("TATA USAHA", "plan-1")]
    named = both.class_node("000.1", date(2026, 1, 1), "plan-0")
    assert named is not None
    assert named.title == "LAMBANG"


def test_a_class_inherits_the_rule_above_it_and_may_have_its_own() -> None:
    """R10; and what nothing above has a rule for cannot be chosen."""
    own = (
        SCHEDULE
        + '\n[[rule]]\ncode = "A0"\nseries = "S"\nclasses = ["000"]\nfate = "PERMANEN"\nfate_text = "Permanen"\n'
    )
    plan = (
        CLASSES
        + '\n[[class]]\ncode = "000.1.5"\ntitle = "RAPAT"\nparent = "000.1"\n[[class]]\ncode = "100"\ntitle = "P"\n'
    )
    found, day = book(plan, own), date(2026, 6, 1)
    rules = {code: found.rule_for(code, day) for code in ("000", "000.1", "000.1.5", "100", "999")}
    assert {code: rule and rule.code for code, rule in rules.items()} == {
        "000": "A0", "000.1": "A1", "000.1.5": "A1", "100": None, "999": None
    }  # fmt: skip
    assert [node.code for node in found.selectable_nodes(day)] == ["000", "000.1", "000.1.5"]
    assert not found.selectable("100", day)
    assert found.rule_for("000", date(2025, 12, 31)) is None, "no edition was in force"


def test_where_a_proposed_level_comes_from() -> None:
    """R25: the security scheme says it first, then the class, then its schedule."""
    day = date(2026, 6, 1)
    schedule = SCHEDULE.replace("fate =", 'security_default = "restricted"\nfate =')
    assert book(schedule=schedule).default_security("000.1", day) == "restricted"
    plan = CLASSES.replace('parent = "000"', 'parent = "000"\ndefault_security = "open"')
    assert book(plan, schedule).default_security("000.1", day) == "open"
    scheme = plan.replace("plan-1", "skkaad-1").replace("KLASIFIKASI", "SKKAAD").replace('"open"', '"secret"')
    assert book(plan, schedule, scheme=scheme).default_security("000.1", day) == "secret"


def test_a_draft_needs_no_approval_and_rules_nothing() -> None:
    draft = SCHEDULE.replace('"ACTIVE"', '"DRAFT"').replace("approval", "# approval").replace("jra-1", "jra-2")
    found = book(draft=draft)
    assert found.editions["jra-2"].kind is EditionKind.SCHEDULE
    rule = found.rule_for("000.1", date(2026, 6, 1))
    assert rule is not None
    assert rule.edition == "jra-1"


def test_a_book_is_kept_as_it_was_written() -> None:
    first = book()
    again = RuleBook.from_text(first.to_text())
    assert (again.sha256, again.rules()) == (first.sha256, first.rules())
    assert book(schedule=SCHEDULE + "\n").sha256 != first.sha256


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no rule folder"):
        load_rules(tmp_path / "nowhere")
    with pytest.raises(Refused, match="there is no rule file"):
        load_rules(tmp_path)
    (tmp_path / "plan.toml").write_text(CLASSES, "utf-8")
    (tmp_path / "notes.txt").write_text("not a rule", "utf-8")
    assert list(load_rules(tmp_path).editions) == ["plan-1"]
    (tmp_path / "latin.toml").write_bytes('title = "Élan"'.encode("latin-1"))
    with pytest.raises(RuleFault, match=r"latin\.toml:1: cannot be read"):
        load_rules(tmp_path)
    (tmp_path / "latin.toml").unlink()
    with (tmp_path / "large.toml").open("wb") as large:
        large.truncate(10 * 1024 * 1024 + 1)
    with pytest.raises(RuleFault, match=r"large\.toml:1: the file is larger than 10 MiB"):
        load_rules(tmp_path)


def test_the_format_is_documented_key_by_key() -> None:
    """Every key and every word that is read is in the page of the format, and the example on it is accepted."""
    page = (Path(__file__).resolve().parents[2] / "docs/formats/retention-rules.md").read_text("utf-8")
    sections = page.split("\n## ")
    for part, heading in ((_Edition, "`[edition]`"), (_Class, "`[[class]]`"), (_Rule, "`[[rule]]`")):
        (section,) = [text for text in sections if text.startswith(heading)]
        assert [key for key in part.model_fields if f"`{key}`" not in section] == []
    words = [word for kind in (EditionKind, EditionState, ActiveMode, Cutoff, Fate, TriggerType) for word in kind]
    assert [word for word in words if f"`{word}`" not in page] == []
    example = "".join(line[4:] for line in page.splitlines(keepends=True) if line.startswith("    ") or line == "\n")
    text = "[edition]" + example.partition("[edition]")[2]
    plan = CLASSES + '[[class]]\ncode = "000.2.4"\ntitle = "ASET"\n'
    found = book(plan, text).rule("jra-kota-2-2026", "III.A.4")
    assert found is not None
    assert found.clause == "Perwal 2/2026, Lampiran III huruf A angka 4"
