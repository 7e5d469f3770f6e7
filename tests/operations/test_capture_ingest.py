"""`edms ingest` as a person runs it: the program itself, its lines, totals, exit codes and signed reconciliation."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf

from edms.capture.given import entries_below, open_given
from edms.core.errors import Refused

WAIT = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait")


def edms(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in `folder`, which is an installation."""
    config = folder / "config.toml"
    config.touch()
    command = [sys.executable, "-m", "edms.cli.main", "--config", config, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=folder, env={**os.environ, **environment}, check=False
    )


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A folder as a clerk hands it in: sub-folders, a copy, a broken file, and things that are no files."""
    folder = tmp_path / "letters"
    (folder / "2024" / "maret").mkdir(parents=True)
    (folder / "a.pdf").write_bytes(pdf("Undangan rapat anggrek"))
    (folder / "2024" / "maret" / "b.txt").write_text("Catatan melati untuk arsip\n", encoding="utf-8")
    (folder / "2024" / "salinan.pdf").write_bytes((folder / "a.pdf").read_bytes())
    (folder / "kosong.pdf").touch()
    return folder


def test_every_file_is_on_one_line_and_the_sums_agree(installation: Path, letters: Path) -> None:
    done = edms(installation, "ingest", letters, *WAIT, "--json", "--report", "report.json")
    assert (done.returncode, done.stderr) == (0, "")
    *files, total = lines_of(done)
    assert [Path(line["path"]).name for line in files] == ["a.pdf", "kosong.pdf", "salinan.pdf", "b.txt"]
    assert all(set(line) >= {"path", "record", "state", "sha256", "reason"} for line in files)
    assert [line["state"] for line in files] == ["declared", "quarantined", "duplicate", "declared"]
    assert files[2]["record"] == files[0]["record"]
    assert files[1]["reason"] == "the file is empty"
    assert {name: total[name] for name in ("given", "captured", "duplicate", "quarantined", "refused")} == {
        "given": 4, "captured": 2, "duplicate": 1, "quarantined": 1, "refused": 0,
    }  # fmt: skip
    again = lines_of(edms(installation, "ingest", letters, *WAIT, "--json"))
    assert [line["state"] for line in again[:-1]] == ["duplicate"] * 4
    assert again[-1]["given"] == again[-1]["duplicate"] == 4
    found = json.loads(edms(installation, "search", "melati", "--as", "clerk-dinkes", "--json").stdout)
    assert [hit["record"] for hit in found["hits"]] == [files[3]["record"]]


def test_the_reconciliation_is_signed_and_openssl_says_so(installation: Path, letters: Path) -> None:
    done = edms(installation, "ingest", letters, *WAIT, "--json", "--report", "report.json")
    *files, total = lines_of(done)
    report, signature = installation / "report.json", installation / "report.json.p7s"
    told = json.loads(report.read_bytes())
    assert told["given"] == told["captured"] + told["duplicate"] + told["quarantined"] + told["refused"]
    assert told["files"] == files
    assert told["by"] == "clerk-dinkes"
    roots = installation / "roots.pem"
    roots.write_text(edms(installation, "keys", "public").stdout, encoding="utf-8")
    check = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", report,
        "-CAfile", roots, "-purpose", "any", "-out", os.devnull,
    ]  # fmt: skip
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert (
        subprocess.run(["sha256sum", report], capture_output=True, text=True).stdout.split()[0]
        == (total["report_sha256"])
    )
    report.write_bytes(report.read_bytes().replace(b'"given":4', b'"given":5'))
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0, "an altered report is refused"


def test_what_is_no_file_is_named_and_nothing_hangs(installation: Path, letters: Path, tmp_path: Path) -> None:
    """Links lead out, pipes and devices never end, names may be anything: each is told, the others are captured."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "rahasia.txt").write_text("di luar folder", encoding="utf-8")
    (letters / "link.txt").symlink_to(outside / "rahasia.txt")
    (letters / "link-folder").symlink_to(outside)
    (letters / "putus").symlink_to(tmp_path / "gone")
    os.mkfifo(letters / "pipa")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(letters / "soket"))
        done = edms(installation, "ingest", letters, "/dev/zero", *WAIT, "--json")
    assert done.returncode == 1
    *files, total = lines_of(done)
    refused = {Path(line["path"]).name: line["reason"] for line in files if line["state"] == "refused"}
    assert set(refused) == {"link.txt", "link-folder", "putus", "pipa", "soket", "zero"}
    assert "not followed" in refused["link.txt"]
    assert "not followed" in refused["link-folder"]
    assert (refused["pipa"], refused["soket"], refused["zero"]) == (
        "a pipe, not a file",
        "a socket, not a file",
        "a device, not a file",
    )
    assert (total["given"], total["refused"]) == (10, 6)
    assert "luar" not in done.stdout


def test_a_file_that_becomes_a_link_or_a_pipe_meanwhile_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    (given,) = entries_below([path])
    assert given.refusal == ""
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        open_given(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Refused, match="pipe"):
        open_given(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert [given.refusal for given in entries_below([tmp_path])] == ["a folder that cannot be read: Permission denied"]


def test_a_file_that_goes_while_it_is_captured_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    given = entries_below([tmp_path])
    path.unlink()
    assert list(given) == []
    assert [entry.refusal for entry in entries_below([path])] == ["it cannot be read or has gone"]


def test_a_name_that_is_no_text_is_captured_and_shown(installation: Path, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/surat\xff.txt"))).write_bytes(b"isi surat")
    (folder / "\u202efdp.txt").write_bytes(b"isi lain")
    done = edms(installation, "ingest", folder, *WAIT, "--json")
    assert done.returncode == 0, done.stderr
    *files, _total = lines_of(done)
    assert [line["state"] for line in files] == ["declared", "declared"]
    assert any(line["path"].endswith("surat\\xff.txt") for line in files)


def test_a_file_over_the_limit_is_told_with_the_setting_and_the_rest_goes_on(installation: Path, letters: Path) -> None:
    done = edms(installation, "ingest", letters, *WAIT, "--json", EDMS_CAPTURE__MAX_FILE_BYTES="100")
    assert done.returncode == 1
    *files, total = lines_of(done)
    reasons = [line["reason"] for line in files if line["state"] == "refused"]
    assert len(reasons) == 2
    assert all("limit of 100 bytes" in reason and "max_file_bytes" in reason for reason in reasons)
    assert (total["captured"], total["quarantined"], total["refused"]) == (1, 1, 2)


def test_wrong_input_is_refused_in_one_line_and_captures_nothing(installation: Path, letters: Path) -> None:
    for arguments, words in (
        ((letters, "--as", "nobody-here"), "nobody-here"),
        ((letters, "--as", "clerk-dinkes", "--office", "tidak-ada"), "tidak-ada"),
        ((installation / "gone", "--as", "clerk-dinkes"), "gone"),
        ((letters, "--as", "clerk-dinkes", "--class", "999.9"), "999.9"),
    ):
        done = edms(installation, "ingest", *arguments)
        assert done.returncode in (1, 2)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert [path for path in (installation / "storage/blobs").rglob("*") if path.is_file()] == []


def test_a_report_that_cannot_be_written_is_told_and_the_capture_stands(installation: Path, letters: Path) -> None:
    done = edms(installation, "ingest", letters, *WAIT, "--json", "--report", "/nowhere/report.json")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(lines_of(done)) >= 4, "what became of each file was told before"


def test_for_people_there_is_a_line_for_each_and_a_sum(installation: Path, letters: Path) -> None:
    done = edms(installation, "ingest", letters, *WAIT)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("declared ")
    assert "given 4, captured 2, duplicate 1, quarantined 1" in done.stdout.splitlines()[-1]
    assert done.stderr == "", "no progress bar in a pipe"
