"""Redactions at the console, through the real command line: from a draft to the released document."""

from pathlib import Path

import pytest
from archive_fixtures import settings_in, take_in
from console import Console
from redaction_material import NIK, SECRET, everything_in, plain

from edms.bootstrap import open_archive


@pytest.fixture
def record(console: Console) -> str:
    """A letter of five pages: longer than what is made at once."""
    console.config.write_text('[text]\nocr = "off"\noffice = "off"\n', "utf-8")
    archive = open_archive(settings_in(console.home))
    try:
        return str(take_in(archive, plain(5), title="Bantuan 2026").record_id)
    finally:
        archive.sandbox.close()
        archive.database.close()


def test_from_a_draft_to_the_released_document(console: Console, record: str, tmp_path: Path) -> None:
    clerk = ("--as", "clerk-dinkes")
    opened = console("redaction", "open", record, "--for", "publication", "--ground", "UU 14/2008 pasal 17",
                     "--reason", "permohonan 12/2026", "--json", *clerk)  # fmt: skip
    redaction = opened.json["redaction"]
    proposed = console("redaction", "propose", redaction, "--json", *clerk).json
    assert {(one["kind"], one["words"]) for one in proposed} == {("name", SECRET), ("nik", NIK)}
    assert [one["number"] for one in proposed] == list(range(1, 11))
    assert NIK in console("redaction", "propose", redaction, *clerk).out
    assert console("redaction", "make", redaction, "--looked-at", *clerk).status == 2, "nothing is marked"
    marked = console("redaction", "mark", redaction, "--proposed", "--term", SECRET, "--term", "tak ada", "--except",
                     "1", "--json", *clerk).json  # fmt: skip
    assert (marked["missing"], marked["within"]) == (["tak ada"], [])
    assert marked["areas"] == 14, "ten proposals but one, and five places of the name"
    console("redaction", "make", redaction, *clerk).refused(2, "looked")
    waits = console("redaction", "make", redaction, "--looked-at", *clerk)
    assert (waits.status, waits.out) == (0, "making 0/5\n")
    assert console("redaction", "make", redaction, "--looked-at", *clerk).status == 2, "it is being made"
    assert "making 0/5" in console("redaction", "list", record, *clerk).out
    console("redaction", "withdraw", redaction, "--reason", "salah ketik", *clerk)
    (line,) = console("redaction", "list", record, "--json", *clerk).json
    assert (line["state"], line["releasable"]) == ("withdrawn", False)

    again = console("redaction", "open", record, "--for", "publication", "--ground", "UU 14/2008 pasal 17",
                    "--reason", "permohonan 12/2026", "--json", *clerk).json["redaction"]  # fmt: skip
    console("redaction", "mark", again, "--proposed", "--term", SECRET, *clerk)
    made = console("redaction", "make", again, "--looked-at", "--wait", "--json", *clerk)
    assert (made.status, made.json["state"], made.json["pages"], made.json["releasable"]) == (0, "made", 5, False)
    assert console("redaction", "approve", again, *clerk).status == 1
    assert console("redaction", "approve", again, "--as", "official-dinkes").out == "approved\n"
    target = tmp_path / "out.pdf"
    fetched = console("redaction", "fetch", again, "--output", target, *clerk)
    assert fetched.out.strip() == made.json["sha256"]
    told = everything_in(target.read_bytes())
    assert all(word not in told for word in (*SECRET.split(), NIK))
    console("redaction", "fetch", redaction, "--output", target, *clerk).refused(1)
    assert console("verify", "--all").status == 0
