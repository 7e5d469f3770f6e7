"""`edms signature`: an official is enrolled, certified, asked, looks, signs or declines on the console (R59)."""

import re
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf
from console import Console, Done

PASSPHRASE = "kuda-hijau-melompat-22"
OFFICIAL = "head-dinkes"


def secret(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content)
    path.chmod(0o600)
    return f"file:{path}"


class Desk:
    """A console with personal signatures on, a declared record, and the official's secrets in files."""

    def __init__(self, console: Console, folder: Path) -> None:
        self.console, self.folder = console, folder
        console.config.write_text(
            '[signing]\npersonal = "pilot"\n[server]\npublic_url = "https://arsip.contoh.go.id"\n'
        )
        (folder / "keputusan.pdf").write_bytes(pdf("Keputusan Kepala Dinas tentang imunisasi"))
        given = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open")
        took = self.ok("ingest", folder / "keputusan.pdf", *given, "--wait", "--json")
        self.record = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", took.out)[0]
        password = self.ok("person", "password", OFFICIAL, "--json").json["password"]
        self.ok("signature", "enrol", OFFICIAL, "--position", "Kepala Dinas Kesehatan")
        self.passphrase = secret(folder, "passphrase", PASSPHRASE)
        known = secret(folder, "password", password)
        self.ok("signature", "certify", "--as", OFFICIAL, "--password", known, "--unlock", self.passphrase)

    def ok(self, *arguments: str | Path) -> Done:
        done = self.console(*arguments)
        assert done.status == 0, done.err
        return done

    def refused(self, *arguments: str | Path) -> str:
        """Return the one line in which it was refused."""
        done = self.console(*arguments)
        assert (done.status in (1, 2), done.out) == (True, "")
        assert done.err.count("\n") == 1
        assert PASSPHRASE not in done.err
        return done.err

    def ask(self, *more: str) -> str:
        return str(self.ok("signature", "request", self.record, "--signer", OFFICIAL, "--reason", "Menyetujui", "--as",
                           "clerk-dinkes", "--json", *more).json["request"])  # fmt: skip

    def waiting(self) -> list[dict[str, Any]]:
        told = self.ok("signature", "list", "--as", OFFICIAL, "--json").json["requests"]
        return [part for one in told for part in one["signatures"]]


@pytest.fixture
def desk(console: Console, tmp_path: Path) -> Desk:
    return Desk(console, tmp_path)


def test_asked_looked_at_and_signed(desk: Desk) -> None:
    assert desk.waiting() == []
    desk.ask("--location", "Semarang")
    [signature] = [str(one["signature"]) for one in desk.waiting()]
    shown = desk.ok(
        "signature", "show", signature, "--as", OFFICIAL, "--output", desk.folder / "seen.pdf", "--json"
    ).json
    assert (desk.folder / "seen.pdf").read_bytes().startswith(b"%PDF")
    sign = ("signature", "sign", signature, "--as", OFFICIAL, "--unlock")
    wrong = secret(desk.folder, "wrong", "kuda-merah")
    assert "passphrase" in desk.refused(*sign, wrong, "--rendering", shown["rendering"])
    assert "not what would be signed" in desk.refused(*sign, desk.passphrase, "--rendering", "0" * 64)
    digest = desk.ok(*sign, desk.passphrase, "--rendering", shown["rendering"]).out.removeprefix("signed: ").strip()
    [request] = desk.ok("signature", "list", "--record", desk.record, "--as", OFFICIAL, "--json").json["requests"]
    assert (request["state"], request["signatures"][0]["signed_sha256"]) == ("complete", digest)
    assert "closed" in desk.refused(*sign, desk.passphrase, "--rendering", shown["rendering"])
    assert desk.ok("verify", "--all").status == 0


def test_declined_and_withdrawn(desk: Desk) -> None:
    desk.ask()
    [signature] = [str(one["signature"]) for one in desk.waiting()]
    desk.ok("signature", "decline", signature, "--reason", "Lampiran belum lengkap", "--as", OFFICIAL)
    assert desk.waiting() == []
    second = desk.ask()
    desk.ok("signature", "withdraw", second, "--reason", "salah alamat", "--as", "clerk-dinkes")
    told = desk.ok("signature", "list", "--record", desk.record, "--as", OFFICIAL, "--json").json["requests"]
    assert sorted(one["state"] for one in told) == ["declined", "withdrawn"]


def test_what_is_not_theirs_is_refused_in_one_line(desk: Desk) -> None:
    desk.ask()
    [signature] = [str(one["signature"]) for one in desk.waiting()]
    for other in ("official-bappeda", "clerk-dinkes", "auditor", "admin"):
        assert "not found" in desk.refused("signature", "show", signature, "--as", other)
        assert "not found" in desk.refused("signature", "decline", signature, "--reason", "bukan saya", "--as", other)
    desk.refused("signature", "show", "not-an-id", "--as", OFFICIAL)
    desk.refused("signature", "show", signature, "--as", OFFICIAL, "--output", desk.folder / "none" / "seen.pdf")
    desk.refused("signature", "sign", signature, "--as", OFFICIAL, "--rendering", "0" * 64, "--unlock", "file:/none")
    desk.refused("signature", "request", desk.record, "--signer", "nobody", "--reason", "x", "--as", "clerk-dinkes")
    desk.refused("signature", "request", desk.record, "--signer", OFFICIAL, "--reason", "x", "--as", "clerk-dinkes")
