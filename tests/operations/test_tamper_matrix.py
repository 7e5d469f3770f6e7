"""One change to any stored thing, and the kind of fault that `edms verify` names. The table is docs/verification.md.

On both databases: one sound archive is built for each, and cloned for each case.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tamper_cases import MATRIX, ON_POSTGRESQL
from tampering import CONSOLE, build, cloned, flip, rewrite, stored_files

from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.stated import COVERED_OTHERWISE, NOT_COVERED, STATED

ROOT = Path(__file__).resolve().parent.parent.parent
Sound = tuple[Path, str]
KINDS_OF_FILES = {
    "blob": r"blobs/[0-9a-f]{2}/[0-9a-f]+",
    "CURRENT": r"index/CURRENT",
    "toc": r"index/generation-\d+/_edms_\d+\.toc",
    "segment": r"index/generation-\d+/edms_\w+\.seg",
}
WITHOUT_A_CASE = {
    r"index/(rebuild\.)?lock": "empty; only held",
    r"run/memory-[\w.-]+\.lock": "empty; only held",
    r"archive\.db(-wal|-shm)?": "every page is sealed by SQLCipher, which refuses one that was altered",
    r"pictures/[0-9a-f]{32}": "authenticated, and no record: one that was altered is drawn anew",
    r"keys/kek\.json": "what it unwraps is authenticated: with another one the archive does not open",
    r"keys/secrets/[\w-]+\.json": "wrapped and authenticated: with another one the archive does not open",
}

# Tables of which the sound archive has no row: the test that attacks them.
ATTACKED_ELSEWHERE = dict.fromkeys(
    ("digitisation_items", "digitisation_marks", "digitisation_papers", "digitisations"),
    "tests/operations/test_digitisation_verified.py",
) | {
    "redactions": "tests/operations/test_redactions.py",
    **dict.fromkeys(
        ("proceedings", "proceeding_items", "proceeding_steps", "proceeding_papers"),
        "tests/operations/test_proceedings.py",
    ),
    **dict.fromkeys(
        ("disposal_batches", "disposal_items", "disposal_steps", "disposal_papers", "residuals"),
        "tests/operations/test_disposal_verified.py",
    ),
    "removed_contents": "tests/operations/test_removal_verified.py",
    "retention_assignments": "tests/operations/test_assignments.py",
    **dict.fromkeys(("rule_drafts", "rule_reviews", "rule_sources"), "tests/operations/test_retention_drafts.py"),
}


@pytest.fixture(scope="module", params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def sound(
    request: pytest.FixtureRequest,
    demo_template: Path,
    shared_parsers: Archive,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sound:
    """The folder of a sound archive, and the server that its database is on."""
    folder = tmp_path_factory.mktemp("matrix")
    if request.param == "sqlcipher":
        return build(folder, demo_template, shared_parsers), ""
    template, server = request.getfixturevalue("postgresql_template"), request.getfixturevalue("postgresql_url")
    return build(folder, template, shared_parsers, server), server


@pytest.fixture
def copied(sound: Sound, shared_parsers: Archive, tmp_path: Path) -> Iterator[Archive]:
    with cloned(sound[0], tmp_path, shared_parsers, sound[1]) as archive:
        yield archive


def test_nothing_changed(copied: Archive) -> None:
    report = verify_all(CONSOLE, copied)
    assert report.ok, report.faults
    for what in ("cosignatures", "evidence records", "personal signatures", "destroyed records"):
        assert report.checked[what] > 0, what


@pytest.mark.parametrize("name", [*MATRIX, *ON_POSTGRESQL])
def test_one_change(copied: Archive, name: str) -> None:
    if name in ON_POSTGRESQL and copied.database.is_sqlite:
        pytest.skip("events wait for their place on PostgreSQL alone")
    case = (MATRIX | ON_POSTGRESQL)[name]
    case.change(copied)
    found = verify_all(CONSOLE, copied).faults
    assert {fault.kind for fault in found} == case.named, found


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 10_000), place=st.floats(0, 1))
def test_any_byte_of_any_blob(copied: Archive, which: int, place: float) -> None:
    files = stored_files(copied, "blobs")
    path = files[which % len(files)]
    rewrite(path, flip(place))
    assert "blob" in {fault.kind for fault in verify_all(CONSOLE, copied).faults}
    rewrite(path, flip(place))


def test_every_table_has_a_case_or_says_why_not() -> None:
    """Tables that are left out say why in edms/records/stated.py, and every table that there is stands there."""
    cases = (MATRIX | ON_POSTGRESQL).values()
    changed = frozenset[str]().union(*(case.tables for case in cases))
    stated = {one.kind for one in STATED} | {part.key[0].table.name for one in STATED for part in one.parts}
    assert stated | set(COVERED_OTHERWISE) == (changed | set(ATTACKED_ELSEWHERE)) - set(NOT_COVERED)
    assert all((ROOT / test).is_file() for test in ATTACKED_ELSEWHERE.values())


def test_every_kind_of_file_has_a_case_or_says_why_not(copied: Archive) -> None:
    storage = copied.settings.storage.path
    changed = {case.files for case in MATRIX.values()} - {""}
    assert changed == set(KINDS_OF_FILES)
    known = [re.compile(pattern) for pattern in (*KINDS_OF_FILES.values(), *WITHOUT_A_CASE)]
    names = [path.relative_to(storage).as_posix() for path in storage.rglob("*") if path.is_file()]
    assert [name for name in names if not any(pattern.fullmatch(name) for pattern in known)] == []


def test_the_published_table_is_this_one() -> None:
    told, cases = {}, MATRIX | ON_POSTGRESQL
    for line in (ROOT / "docs" / "verification.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 2 and cells[0] not in ("changed", "kind", "---"):
            told[cells[0]] = frozenset(cells[1].replace("`", "").split(", ")) - {"none"}
    assert told == {name: case.named for name, case in cases.items()}
