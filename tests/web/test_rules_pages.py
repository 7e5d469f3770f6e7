"""The pages of rules: trees of editions, two compared, a draft from its hand-in to its coming into force."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf, take_in
from rule_texts import CLASSES, SCHEDULE
from sqlalchemy import select
from web_site import Site, Visitor, plain

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.policy import Action
from edms.records.editions import name_source
from edms.records.people import console_person

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "retention_rules"


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return made.getvalue()


def hand_in(visitor: Visitor, *files: tuple[str, bytes], note: str = "JRA 2031") -> Any:
    data = {"files": [(io.BytesIO(content), name) for name, content in files], "note": note}
    return visitor.post("/rules/drafts", data=data, content_type="multipart/form-data")


@pytest.fixture
def officers(site: Site) -> tuple[Visitor, Visitor]:
    """Two records officers, signed in."""
    with site.archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = operation.session.scalars(select(Person).where(Person.username == "official-bappeda")).one()
        person.roles = Role.RECORDS_OFFICER.value
    return site.visitor("records"), site.visitor("official-bappeda")


def test_the_tree_shows_rule_level_and_citation(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    listed = plain(visitor.get("/rules"))
    assert "Perbup Kab. Pekalongan 63/2024" in listed
    assert "contoh, bukan peraturan" in listed
    assert "Serahkan rancangan" not in listed, "who may not, is not offered it"
    top = plain(visitor.get("/rules/editions/klasifikasi-permendagri-83-2022-kabkota"))
    below = plain(visitor.get("/rules/editions/klasifikasi-permendagri-83-2022-kabkota?under=000.1"))
    assert "UMUM" in top
    assert "000.1.5" in below
    assert "Musnah, Kecuali Notulen" in below
    assert "63/2024" in below, "the citation"
    assert visitor.get("/rules/editions/klasifikasi-permendagri-83-2022-kabkota?under=999").status_code == 404
    assert visitor.get("/rules/editions/nirwana").status_code == 404


def test_the_same_code_with_two_titles(site: Site) -> None:
    """R2: a code is only meaningful with its edition; both lists stand side by side."""
    visitor = site.visitor("records")
    one, two = (f"klasifikasi-permendagri-83-2022-{part}" for part in ("kabkota", "kemendagri"))
    page = plain(visitor.get(f"/rules/compare?one={one}&two={two}"))
    row = page[page.index('<span class="code">000.1</span>') :][:600]
    assert "KETATAUSAHAAN DAN KERUMAHTANGGAAN" in row
    assert "LAMBANG" in row
    two_kinds = visitor.get("/rules/compare?one=klasifikasi-permendagri-83-2022-kabkota&two=jra-pekalongan-63-2024")
    assert two_kinds.status_code == 400


def test_a_draft_is_handed_in_reviewed_and_applied_by_two(site: Site, officers: tuple[Visitor, Visitor]) -> None:
    one, two = officers
    take_in(site.archive, pdf("Rapat"), class_code="000.1.5")
    files = {path.name: path.read_bytes() for path in RULES.glob("*.toml")}
    text = files["jra_contoh.toml"].decode()
    files["jra_contoh.toml"] = re.sub(r"(?m)^inactive_years = (\d+)", r"inactive_years = 1\1", text).encode()
    answer = hand_in(one, ("rules.zip", zipped({f"rules/{name}": content for name, content in files.items()})))
    assert answer.status_code == 302
    page = answer.headers["Location"]
    assert "belum ditinjau" in plain(one.get(page))
    sha256 = re.search(r"[0-9a-f]{64}", plain(one.get(page)))
    assert sha256 is not None
    early = two.post(f"{page}/apply", data={"sha256": sha256.group()})
    assert early.status_code == 400
    assert "belum ditinjau terhadap" in plain(early)
    assert one.post(f"{page}/review", data={"as_of": ""}).status_code == 302
    told = one.get(page)
    assert 'id="chart-impact"' in told.text
    differing = plain(one.get(f"/rules/compare?one=jra-contoh-pelengkap&two=jra-contoh-pelengkap&draft={page[-36:]}"))
    assert "12 tahun" in differing, "of the edition in force 2"
    assert site.visitor("clerk-dinkes").get(f"/rules/compare?one=a&two=b&draft={page[-36:]}").status_code == 403
    assert "bila semua dialihkan" in plain(told)
    near = one.post(f"{page}/apply", data={"sha256": sha256.group()})
    assert near.status_code == 403
    assert two.post(f"{page}/apply", data={"sha256": "0" * 64}).status_code == 400
    assert two.post(f"{page}/apply", data={"sha256": sha256.group()}).status_code == 302
    assert "berlaku" in plain(two.get(page))
    year = two.get(f"/rules/forecast?year=2031&draft={page.rsplit('/', 1)[1]}")
    assert 'id="chart-forecast"' in year.text


def test_a_schedule_without_approval_is_refused(officers: tuple[Visitor, Visitor]) -> None:
    """R29: no approval letter of Kepala ANRI, no coming into force; not even as a draft that says it is active."""
    schedule = SCHEDULE.replace('approval_letter = "B-KN.00.03/1/2026"\napproval_date = 2025-12-01\n', "")
    answer = hand_in(officers[0], ("plan.toml", CLASSES.encode()), ("jra.toml", schedule.encode()))
    assert answer.status_code == 400
    assert "approval_letter" in answer.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rules.zip", b"PK\x03\x04 broken"),
        ("rules.txt", b"x"),
        ("rules.toml", b"\xff\xfe"),
        ("rules.zip", zipped({"a/x.toml": b"", "b/x.toml": b""})),
        ("rules.zip", zipped({f"{n}.toml": b"" for n in range(101)})),
        ("bomb.zip", zipped({"x.toml": b"#" * (10 * 1024 * 1024 + 1)})),
        ("bad.zip", zipped({"../../etc/x.sh": b"x"})),
        ("empty.zip", zipped({})),
    ],
)
def test_what_is_no_rule_files_is_refused(site: Site, name: str, content: bytes) -> None:
    answer = hand_in(site.visitor("records"), (name, content))
    assert answer.status_code == 400
    assert "belum ada" not in plain(answer)


def test_the_source_document_is_a_record(site: Site) -> None:
    """R4: the published document itself is kept, and shown to who may see it."""
    officer = console_person(site.archive, "records", "tests")
    record = take_in(site.archive, pdf("Peraturan Bupati"), class_code="000.1.5", title="Perbup 63/2024").record_id
    name_source(officer, site.archive, "jra-pekalongan-63-2024", record)
    page = site.visitor("clerk-dinkes").get("/rules/editions/jra-pekalongan-63-2024")
    assert f"/records/{record}" in page.text
    secret = take_in(
        site.archive, pdf("Rahasia"), by="records", office="dinkes", class_code="000.1.5", level=Level.SECRET,
        title="Lampiran rahasia",
    ).record_id  # fmt: skip
    name_source(officer, site.archive, "jra-pekalongan-63-2024", secret)
    assert "Lampiran rahasia" not in site.visitor("clerk-dinkes").get("/rules").text
    assert "Lampiran rahasia" in site.visitor("records").get("/rules").text
