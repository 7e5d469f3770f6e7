"""The alerts page: what a fault means in both languages, who is told of what, and saying that one looked."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import func, select, update
from web_site import Site

import edms
from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.reconcile.whole import verify_all
from edms.records.alerts import ACTS, OVERDUE
from edms.records.alerts_due import ACCOUNT, tell_when_changed
from edms.records.alerts_model import Alert
from edms.records.directory_sync import SCOPE
from edms.records.loans import Lending, lend
from edms.records.model import Record
from edms.records.people import console_person, deactivate_person
from edms.records.service_accounts import NewService, add_service
from edms.records.stated import STATED
from edms.web.faults import FAULTS

PACKAGE = Path(edms.__file__).parent
VERIFYING = ("reconcile", "audit", "search", "records")
# Said by checkers of our own that are no part of `edms verify`.
CONSOLE = console_actor("tests")


def kinds_named() -> set[str]:
    """Return every kind that the code of the verification gives to a fault."""
    # Those that a person raises, and the workers when they follow a directory: no verification finds them.
    found = {one.fault for one in STATED} | {*ACTS, SCOPE, ACCOUNT, *OVERDUE}
    for path in (path for room in VERIFYING for path in (PACKAGE / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Fault", "ReadFault") and node.args:
                kind = node.args[0]
                if isinstance(kind, ast.Constant):
                    found.add(str(kind.value))
                elif isinstance(kind, ast.Name) and kind.id in constants:
                    found.add(str(constants[kind.id]))
    return found


def test_every_kind_has_its_words() -> None:
    named = kinds_named()
    assert len(named) >= 13
    assert named - set(FAULTS) == set()
    assert set(FAULTS) - named == set(), "words for what is never found"


def test_every_kind_is_in_the_manual() -> None:
    manual = (PACKAGE.parent / "docs" / "verification.md").read_text("utf-8").split("## 3.")[0]
    assert [kind for kind in sorted(FAULTS) if f"`{kind}`" not in manual] == []


@pytest.fixture
def damaged(site: Site) -> Site:
    """A site where the content of one record is damaged, and verification found it."""
    take_in(site.archive, pdf("Anggaran rahasia"), number="1/2026", level=Level.RESTRICTED)
    name = site.archive.settings.storage.path / "blobs"
    path = max((path for path in name.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert [fault.kind for fault in verify_all(CONSOLE, site.archive).faults] == ["blob"]
    return site


def test_a_fault_is_told_on_every_page_until_somebody_looked(damaged: Site) -> None:
    officer, clerk = damaged.visitor("records"), damaged.visitor("clerk-dinkes")
    for path in ("/", "/search?q=x", "/quarantine", "/retention"):
        assert 'class="notice bad flash alarm"' in officer.get(path).text
        assert "alarm" not in clerk.get(path).text
    with damaged.archive.database.reader() as session:
        alert, record = session.scalars(select(Alert)).one(), session.scalars(select(Record.id)).one()
    page = officer.get("/alerts").text
    assert f"/records/{record}" in page
    assert alert.subject in page
    path = f"/alerts/{alert.id}/acknowledge"
    assert officer.post(path, {"note": " "}).status_code == 400
    assert officer.client.post(path, data={"note": "x"}).status_code == 400, "without its token"
    assert clerk.post(path, {"note": "x"}).status_code == 403
    assert damaged.visitor("admin").post(path, {"note": "x"}).status_code == 403
    assert officer.post(path, {"note": "cadangan <diminta>"}).status_code == 302
    page = officer.get("/alerts").text
    assert "cadangan &lt;diminta&gt;" in page
    assert "alarm" not in officer.get("/").text
    with damaged.archive.database.reader() as session:
        told = select(func.count()).select_from(AuditLeaf).where(AuditLeaf.action == "alert.acknowledged")
        assert session.scalar(told.where(AuditLeaf.outcome == "done") if hasattr(AuditLeaf, "outcome") else told) >= 1


def test_the_administrator_learns_that_there_is_a_fault_and_not_on_what(damaged: Site) -> None:
    with damaged.archive.database.reader() as session:
        alert, record = session.scalars(select(Alert)).one(), session.scalars(select(Record)).one()
    admin = damaged.visitor("admin")
    page = admin.get("/alerts").text
    assert "alarm" in admin.get("/").text
    assert FAULTS["blob"].meaning in damaged.visitor("admin", headers={"Accept-Language": "en"}).get("/alerts").text
    for secret in (alert.subject, str(record.id), record.title, str(alert.id)):
        assert secret not in page


def test_what_is_late_is_no_fault_and_is_told_apart(site: Site) -> None:
    record = take_in(site.archive, pdf("Surat"), number="1/2026", medium="kertas").record_id
    clerk = console_person(site.archive, "clerk-dinkes", "tests")
    today = site.archive.clock.today()
    lend(clerk, site.archive, record, Lending(today, "Lemari 3", "audit", "official-dinkes"))
    assert isinstance(site.archive.clock, FixedClock)
    site.archive.clock.set(site.archive.clock.now() + timedelta(days=1))
    assert tell_when_changed(site.archive)
    officer = site.visitor("records", headers={"Accept-Language": "en"})
    page = officer.get("/").text
    assert "1 matter is overdue and nobody has looked at it" in page
    assert "alarm" not in page
    page = officer.get("/alerts").text
    assert "Paper original that is not back" in page
    assert f'href="/records/{record}"' in page
    assert "overdue and nobody" not in site.visitor("admin", headers={"Accept-Language": "en"}).get("/").text


def test_the_administrator_is_told_which_account_stands_still(site: Site) -> None:
    wanted = NewService("mesin-pindai", "Mesin", "dinkes", (Role.CLERK,), Level.OPEN, "head-dinkes")
    add_service(CONSOLE, site.archive, wanted)
    deactivate_person(CONSOLE, site.archive, "head-dinkes")
    admin = site.visitor("admin")
    assert "alarm" in admin.get("/").text
    assert "mesin-pindai" in admin.get("/alerts").text


def test_who_may_not_view_the_record_gets_no_link(damaged: Site) -> None:
    with damaged.archive.database.writer() as session:
        session.execute(update(Record).values(level="top_secret"))
        session.commit()
        record = session.scalars(select(Record.id)).one()
    page = damaged.visitor("auditor").get("/alerts").text
    assert 'class="panel alert' in page
    assert f'href="/records/{record}"' not in page


def test_a_whole_archive_says_so(site: Site) -> None:
    take_in(site.archive, pdf("Surat"), number="1/2026")
    verify_all(CONSOLE, site.archive)
    for name in ("records", "auditor", "admin"):
        page = site.visitor(name, headers={"Accept-Language": "en"})
        assert "No fault is known." in page.get("/alerts").text
        assert "1 of 1 records were read and compared" in page.get("/").text
    assert "Verification" not in site.visitor("official-dinkes", headers={"Accept-Language": "en"}).get("/").text
