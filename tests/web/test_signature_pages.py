"""Signing on the pages: asked, shown, signed, and nothing of the passphrase anywhere afterwards."""

import hashlib
import io
import logging
import re
import subprocess
from pathlib import Path

import pytest
from bsre_service import PASSPHRASE
from judges import judge
from signing_people import ADDRESS, ask, certify, decree, give, turn_of, who, with_pilot
from web_site import PASSWORD, OpenSite, Site

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.records.contents import download
from edms.records.model import ComponentRole
from edms.records.signatures import SignaturePlan, record_signatures
from edms.records.signatures_identities import enrol_signer, revoke_certificate
from edms.web.app import create_app
from edms.web.limits import Pace


@pytest.fixture
def site(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site where two officials sign with pilot certificates."""
    opened = open_site(tmp_path)
    archive = with_pilot(opened.archive, PASSWORD)
    return Site(archive, create_app(archive), opened.clock)


def test_from_the_request_to_the_signature(site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    record = decree(site.archive)
    clerk, official = site.visitor("clerk-dinkes"), site.visitor("official-dinkes")
    assert "Pejabat Dinkes" in clerk.get(f"/records/{record}/signatures/new").text
    wrong = clerk.post(f"/records/{record}/signatures", {"signer": "official-dinkes", "reason": " "})
    assert wrong.status_code == 400
    asked = clerk.post(f"/records/{record}/signatures", {"signer": "official-dinkes", "reason": "Menyetujui"})
    assert asked.status_code == 302
    signature = turn_of(site.archive, "official-dinkes")
    page = official.get(f"/signatures/{signature}").text
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    assert shown
    assert official.get(f"/signatures/{signature}/pages/1").mimetype == "image/png"
    told = {"shown": shown.group(1), "passphrase": "frasa yang keliru 99"}
    refused = official.post(f"/signatures/{signature}", told)
    assert (refused.status_code, told["passphrase"] in refused.text) == (400, False)
    done = official.post(f"/signatures/{signature}", {**told, "passphrase": PASSPHRASE}, follow_redirects=True)
    assert PASSPHRASE not in done.text
    token = record_signatures(who(site.archive, "records"), site.archive, record)[0].signatures[0].token
    assert f"/v/{token}" in clerk.get(f"/records/{record}").text
    for secret in (PASSPHRASE, "frasa yang keliru 99"):
        assert secret not in caplog.text
        assert not in_files(tmp_path, secret)
        assert not in_database(site, secret)


def in_files(folder: Path, secret: str) -> bool:
    return any(secret.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def in_database(site: Site, secret: str) -> bool:
    """Look at every cell of every table, decrypted."""
    import edms.schema

    forms = (secret.encode(), secret.encode().hex().encode())
    with site.archive.database.reader() as session:
        for table in edms.schema.metadata.sorted_tables:
            for row in session.execute(table.select()):
                for cell in row:
                    told = cell if isinstance(cell, bytes) else str(cell).encode()
                    if any(form in told for form in forms):
                        return True
    return False


def test_the_search_for_secrets_finds_what_is_there(site: Site, tmp_path: Path) -> None:
    assert in_database(site, "official-dinkes")
    (tmp_path / "x").write_text(PASSPHRASE)
    assert in_files(tmp_path, PASSPHRASE)


def signed_site(site: Site, level: Level = Level.OPEN) -> tuple[str, bytes]:
    """Return the address of a public page and the signed document."""
    record = decree(site.archive, level=level)
    ask(site.archive, record, SignaturePlan(("head-dinkes",), "Menyetujui isi", "Semarang"))
    give(site.archive, "head-dinkes")
    token = record_signatures(who(site.archive, "records"), site.archive, record)[0].signatures[0].token
    found = download(who(site.archive, "records"), site.archive, record, ComponentRole.SIGNED, 1)
    return f"/v/{token}", found.stream.read()


def test_anybody_compares_a_file_and_nothing_is_set_or_kept(site: Site) -> None:
    path, signed = signed_site(site)
    stranger = site.visitor()
    answer = stranger.get(path)
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Kepala Dinas Kesehatan" in answer.text
    for content, words in ((signed, "sama persis"), (signed + b" ", "BUKAN")):
        given = stranger.client.post(path, data={"file": (io.BytesIO(content), "surat.pdf")})
        assert words in given.text
    digest = hashlib.sha256(signed).hexdigest()
    assert "sama persis" in stranger.client.post(path, data={"sha256": digest}).text
    assert "Pilih berkas" in stranger.client.post(path, data={}).text
    assert "bit for bit" in stranger.client.post(f"{path}?lang=en", data={"sha256": digest}).text


def test_a_restricted_record_gives_nothing_away(site: Site) -> None:
    path, signed = signed_site(site, Level.RESTRICTED)
    page = site.visitor().get(path).text
    for word in ("Kepala Dinas", "Dinas Kesehatan", "surat", "Menyetujui", hashlib.sha256(signed).hexdigest()):
        assert word not in page.replace("Ini surat", ""), word
    assert "Sah" in page


def test_unknown_addresses_answer_alike(site: Site) -> None:
    record = decree(site.archive)
    ask(site.archive, record)
    unsigned = record_signatures(who(site.archive, "records"), site.archive, record)[0].signatures[0].token
    answers = [site.visitor().get(f"/v/{token}") for token in (unsigned, "A" * 16, "x", "%00", "ä")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.usefixtures("within_a_moment")
def test_many_questions_wait(site: Site) -> None:
    path, _signed = signed_site(site)
    stranger = site.visitor()
    limit = site.archive.settings.server.public_lookups_per_minute
    address = {"REMOTE_ADDR": "198.51.100.7"}
    answers = [stranger.client.get(path, environ_base=address).status_code for _ in range(limit + 2)]
    assert answers[0] == 200
    assert answers[-1] == 429
    assert stranger.client.get(path, environ_base={"REMOTE_ADDR": "198.51.100.8"}).status_code == 200


@pytest.mark.usefixtures("within_a_moment")
def test_the_pace_forgets_the_quiet() -> None:
    pace = Pace()
    assert [pace.allows("a", 2) for _ in range(3)] == [True, True, False]
    for number in range(Pace._MOST_ADDRESSES + 1):
        pace.allows(str(number), 2)
    assert pace.allows("a", 2)


def test_the_certificates_own_page(site: Site) -> None:
    official = site.visitor("head-dinkes")
    assert "siap menandatangani" in official.get("/signing-certificate").text
    new = {"old": PASSPHRASE, "passphrase": "frasa sandi yang baru", "again": "frasa sandi yang baru"}
    assert official.post("/signing-certificate/passphrase", {**new, "again": "lain"}).status_code == 400
    assert official.post("/signing-certificate/passphrase", {**new, "old": "salah sekali"}).status_code == 400
    assert official.post("/signing-certificate/passphrase", new).status_code == 302
    assert official.post("/signing-certificate/revoke", {"reason": "kartu hilang"}).status_code == 302
    issue = {"password": PASSWORD, "passphrase": "frasa sandi ketiga", "again": "frasa sandi ketiga"}
    assert official.post("/signing-certificate/issue", {**issue, "password": "bukan"}).status_code == 400
    assert (
        official.post("/signing-certificate/issue", {**issue, "passphrase": PASSWORD, "again": PASSWORD}).status_code
        == 400
    )
    assert official.post("/signing-certificate/issue", issue).status_code == 302
    assert official.post("/signing-certificate/issue", issue).status_code == 400
    assert "siap menandatangani" in official.get("/signing-certificate").text


def test_a_revoked_certificate_is_told_to_everybody(site: Site) -> None:
    path, _signed = signed_site(site)
    revoke_certificate(console_actor("tests"), site.archive, "head-dinkes", "bocor", site.clock.now())
    assert "Dicabut" in site.visitor().get(path).text
    enrol_signer(console_actor("tests"), site.archive, "head-dinkes", "Kepala Dinas", "")
    certify(site.archive, "head-dinkes", password=PASSWORD)


def test_another_program_finds_the_signature_good(site: Site, tmp_path: Path) -> None:
    path, signed = signed_site(site)
    (tmp_path / "signed.pdf").write_bytes(signed)
    told = subprocess.run([judge("pdfsig"), "-nocert", str(tmp_path / "signed.pdf")], capture_output=True, text=True)
    assert told.stdout.count("Signature is Valid") == 2, told.stdout
    assert ADDRESS.startswith("https://")
    assert path.startswith("/v/")


@pytest.mark.parametrize(
    ("path", "language", "heading", "told"),
    [
        ("/v/AAAAAAAAAAAAAAAA", "en", "Check a signature", "no signature at this address"),
        ("/v/a/AAAAAAAAAAAAAAAA", "en", "Check an authenticated copy", "no authenticated copy at this address"),
        ("/v/a/AAAAAAAAAAAAAAAA", "id", "Periksa salinan autentik", "Tidak ada salinan autentik pada alamat ini"),
    ],
)
def test_the_public_page_says_what_it_checks(site: Site, path: str, language: str, heading: str, told: str) -> None:
    answer = site.visitor().get(f"{path}?lang={language}")
    assert answer.status_code == 404
    assert f"<h1>{heading}</h1>" in answer.text
    assert f"<title>{heading} ·" in answer.text
    assert told in answer.text
