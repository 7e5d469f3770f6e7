"""Uploads as a clerk sends them: each file is told by itself, and a limit says what to do."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf, settle
from sqlalchemy import func, select
from web_site import OpenSite, Site

from edms.records.model import Record

ENGLISH = {"headers": {"Accept-Language": "en"}}
LETTER = "Surat undangan rapat koordinasi penanganan stunting di aula dinas kesehatan"


def parts(**files: bytes) -> dict[str, Any]:
    return {"files": [(io.BytesIO(content), name) for name, content in files.items()]}


def told(page: str) -> dict[str, str]:
    """Return what the page says of each file: its state, and the reason where there is one."""
    rows = re.findall(r'<td class="lead">(.*?)</td><td>(.*?)</td>', page, re.DOTALL)
    return {re.sub("<[^>]+>", "", name): re.sub("<[^>]+>", "", state).strip() for name, state in rows}


def count(site: Site) -> int:
    with site.archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(Record)) or 0


@pytest.fixture
def small(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site that takes files of at most 100,000 bytes, three at once."""
    return open_site(tmp_path, capture={"max_file_bytes": 100_000, "max_files_per_upload": 3})


def test_each_file_of_a_form_is_told_by_itself(small: Site) -> None:
    visitor = small.visitor("clerk-dinkes", **ENGLISH)
    letter = pdf(LETTER)
    assert visitor.send("/capture/files", letter).status_code == 202
    files = {"baru.pdf": pdf(LETTER, "kedua"), "sama.pdf": letter, "besar.bin": b"x" * 100_001, "keempat.pdf": b"4"}
    answer = visitor.post("/capture/files", parts(**files))
    assert answer.status_code == 200
    found = told(answer.text)
    assert found["baru.pdf"] == "Safe, being processed"
    assert found["sama.pdf"] == "Already in this office"
    assert "larger than the limit" in found["besar.bin"]
    assert "Too many files" in found["keempat.pdf"]
    assert count(small) == 2


def test_a_broken_and_an_empty_file_end_in_quarantine_with_their_reason(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    answer = visitor.post("/capture/files", parts(**{"rusak.pdf": b"%PDF-1.7\nbroken", "kosong.pdf": b""}))
    assert set(told(answer.text)) == {"rusak.pdf", "kosong.pdf"}
    settle(site.archive)
    page = visitor.get("/quarantine").text
    assert "Berkas rusak dan tidak dapat dibuka" in page
    assert "Berkas kosong" in page
    records = ",".join(re.findall(r"/records/([0-9a-f-]{36})\"", page))
    progress = visitor.get(f"/capture/progress?records={records}").json
    assert {one["state"] for one in (progress or {})["records"]} == {"quarantined"}


def test_no_file_chosen(site: Site) -> None:
    answer = site.visitor("clerk-dinkes", **ENGLISH).post("/capture/files", {"files": (io.BytesIO(), "")})
    assert answer.status_code == 400
    assert "No file was chosen" in answer.text


def test_a_form_over_the_limit_says_what_to_do(small: Site) -> None:
    visitor = small.visitor("clerk-dinkes", **ENGLISH)
    answer = visitor.post("/capture/files", parts(**{f"{number}.bin": b"x" * 99_000 for number in range(13)}))
    assert answer.status_code == 413
    assert "together" in answer.text
    assert "send fewer at once" in answer.text
    assert count(small) == 0


def test_a_file_over_the_limit_says_what_to_do(small: Site) -> None:
    answer = small.visitor("clerk-dinkes", **ENGLISH).send("/capture/files", b"x" * 100_001)
    assert answer.status_code == 413
    assert "97.7 KiB" in (answer.json or {})["error"]
    assert (answer.json or {})["mend"]
    assert count(small) == 0


def test_other_forms_are_small(site: Site) -> None:
    answer = site.visitor("clerk-dinkes").post("/language", {"language": "x" * 2_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("query", "says"),
    [("class=999.9", "klasifikasi &#39;999.9&#39; tidak ada"), ("level=purple", "tingkat keamanan itu tidak ada"),
     ("office=nowhere", "tidak ada perangkat daerah")],
    ids=["class", "level", "office"],
)  # fmt: skip
def test_a_wrong_field_is_said_in_the_language_of_the_reader(site: Site, query: str, says: str) -> None:
    visitor = site.visitor("clerk-dinkes", headers={"Accept-Language": "id"})
    answer = visitor.client.post(
        f"/capture/files?{query}", data=b"isi", content_type="application/octet-stream",
        headers={"X-CSRFToken": visitor.token(), "Accept-Language": "id"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert says in answer.text
    assert count(site) == 0


def test_the_limits_are_told_before(small: Site) -> None:
    page = small.visitor("clerk-dinkes", **ENGLISH).get("/capture").text
    assert "at most 97.7 KiB each, 3 at once" in page
    assert 'data-limit="100000"' in page


def test_an_answer_names_record_and_hash(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    answer = visitor.send("/capture/files?class=000.1.5&level=open", pdf(LETTER), "undangan%20rapat.pdf")
    assert answer.status_code == 202
    told = answer.json or {}
    assert set(told) == {"record", "state", "sha256", "size", "address"}
    again = visitor.send("/capture/files", pdf(LETTER))
    assert (again.status_code, (again.json or {})["state"]) == (200, "duplicate")
    assert "undangan rapat" in visitor.get(told["address"]).text


def test_the_script_asks_in_addresses_that_the_server_takes() -> None:
    """gunicorn refuses request lines over 4094 bytes."""
    import edms.web

    script = (Path(edms.web.__file__).parent / "static" / "capture.js").read_text("utf-8")
    (at_once,) = re.findall(r"const ASKED_AT_ONCE = (\d+);", script)
    assert len("GET /capture/progress?records= HTTP/1.1\r\n") + int(at_once) * 37 < 4094
