"""The language of the search as a whole archive speaks it: at the console, in JSON and in what the index keeps."""

from pathlib import Path

import pytest
from archive_fixtures import pdf
from console import Console

DESCRIBED = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open")


@pytest.fixture
def letters(console: Console, tmp_path: Path) -> Console:
    """A console on an archive with three letters."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    for number, text in enumerate(("surat keputusan tentang banjir", "laporan banjir rob", "laporan imunisasi")):
        (folder / f"surat-{number}.pdf").write_bytes(pdf(text))
    done = console("ingest", folder, *DESCRIBED, "--wait", "--json")
    assert done.status == 0, done
    return console


def test_what_was_made_of_a_question_is_told(letters: Console) -> None:
    told = letters("search", "imunisasj", "--as", "clerk-dinkes")
    assert told.status == 0
    assert "did you mean: imunisasi" in told.err
    assert "words near it were searched (imunisasj: imunisasi)" in told.err
    assert told.out.startswith("1 found")
    answer = letters("search", "SK banjir", "--as", "clerk-dinkes", "--json").json
    assert answer["total"] == 1
    assert {"code": "expanded", "detail": "sk: surat keputusan"} in answer["notices"]
    assert answer["suggestion"] == ""


def test_features_of_records_are_known(letters: Console) -> None:
    totals = {
        text: letters("search", text, "--as", "clerk-dinkes", "--json").json["total"]
        for text in ("ada:teks", "ada:tandatangan", "ada:lampiran", "NOT ada:ocr")
    }
    assert totals == {"ada:teks": 3, "ada:tandatangan": 0, "ada:lampiran": 0, "NOT ada:ocr": 3}


def test_places_lead_on_and_serve_one_person(letters: Console) -> None:
    first = letters("search", "", "--as", "clerk-dinkes", "--limit", "2", "--json").json
    rest = letters("search", "", "--as", "clerk-dinkes", "--cursor", first["cursor"], "--json").json
    assert len({hit["record"] for answer in (first, rest) for hit in answer["hits"]}) == 3
    assert rest["cursor"] == ""
    for person, cursor in (("records", first["cursor"]), ("clerk-dinkes", "nonsense")):
        refused = letters("search", "", "--as", person, "--cursor", cursor)
        assert refused.status == 2
        assert "search again from the beginning" in refused.err


def test_the_officers_own_list_serves_and_its_faults_are_named(letters: Console) -> None:
    folder = letters.home / "synonyms"
    folder.mkdir()
    (folder / "kita.txt").write_text("genangan = banjir\nsalah\n", "utf-8")
    answer = letters("search", "genangan", "--as", "clerk-dinkes", "--json").json
    assert answer["total"] == 2
    findings = letters("doctor", "--json").json["findings"]
    assert [one["what"] for one in findings if "synonym" in one["what"]] == [
        "kita.txt:2: a line holds two or more different forms with = between them: not read as a synonym"
    ]
