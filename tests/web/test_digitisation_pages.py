"""Adding many scans to a digitisation at once: each judged by itself, and what fails is named; papers as drafts."""

import dataclasses
import io
from datetime import date

import docx
from archive_fixtures import settle
from digitisation_people import OPERATOR, SIGNERS, checked, opened, scan, scanned, scanner_of, with_checker
from signing_people import who, with_pilot
from web_site import Site

from edms.capture.digitisation_close import close_digitisation
from edms.records.digitisations import show_digitisation
from edms.records.office_draft import DOCX_TYPE
from edms.text.ocr import OcrMyPdfEngine


def test_many_scans_are_added_at_once(site: Site) -> None:
    off = site.archive.settings.text.model_copy(update={"ocr": "off"})
    archive = dataclasses.replace(site.archive, ocr=OcrMyPdfEngine(site.archive.sandbox, off))
    good = [scanned(archive, scan("A6", "A6", seed=seed), title=f"Surat {seed}") for seed in (1, 2)]
    coarse = scanned(archive, scan(dpi=100, seed=3), title="Pindaian kasar")
    left_alone = scanned(archive, scan(seed=4), title="Tidak dicentang")
    digitisation, scanner = opened(archive), scanner_of(archive)
    clerk, path = site.visitor(OPERATOR), f"/digitisations/{digitisation}"
    page = clerk.get(path).text
    assert all(f'name="counted-{record}"' in page for record in (*good, coarse, left_alone))
    told = {"scanner": str(scanner), "kind": "paper", "paper": "A6"}
    assert "Pilih sekurangnya satu" in clerk.post(f"{path}/items", told, follow_redirects=True).text
    counts = {f"counted-{record}": "2" for record in good} | {f"counted-{coarse}": "1"}
    chosen = {"record": [str(one) for one in (*good, coarse)], **counts}
    answer = clerk.post(f"{path}/items", {**told, **chosen}, follow_redirects=True).text
    assert "2 hasil pindai ditambahkan." in answer
    assert "Tidak ditambahkan: Pindaian kasar: " in answer
    shown = show_digitisation(who(archive, OPERATOR), archive, digitisation)
    assert [(item.title, item.pages, item.counted) for item in shown.items] == [("Surat 1", 2, 2), ("Surat 2", 2, 2)]
    again = clerk.post(f"{path}/items", {**told, **chosen}, follow_redirects=True).text
    assert again.count("Tidak ditambahkan: ") == 3
    assert "ditambahkan." not in again
    assert site.visitor("clerk-bappeda").post(f"{path}/items", {**told, **chosen}).status_code == 404


def test_its_papers_are_there_as_drafts(site: Site) -> None:
    archive = with_pilot(site.archive)
    with_checker(archive)
    made = checked(archive, scanned(archive, scan(seed=1), title="Kartu imunisasi", document_date=date(2019, 3, 4)))
    clerk, path = site.visitor(OPERATOR), f"/digitisations/{made}"
    assert clerk.get(f"{path}/papers/minutes.docx").status_code == 404
    close_digitisation(who(archive, OPERATOR), archive, made, "000.5.7/12/2026", SIGNERS)
    settle(archive)
    page = clerk.get(path).text
    for kind, name in (("minutes", "berita-acara-alih-media.docx"), ("list", "daftar-arsip-alih-media.docx")):
        assert f"{path}/papers/{kind}.docx" in page
        draft = clerk.get(f"{path}/papers/{kind}.docx")
        assert draft.mimetype == DOCX_TYPE
        assert f'filename="{name}"' in draft.headers["Content-Disposition"]
        assert docx.Document(io.BytesIO(draft.data)).tables
    for other in ("clerk-bappeda", "official-bappeda", "admin"):
        assert site.visitor(other).get(f"{path}/papers/minutes.docx").status_code in (403, 404), other
