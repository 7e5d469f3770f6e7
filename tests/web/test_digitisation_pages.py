"""Adding many scans to a digitisation at once: each judged by itself, and what fails is named."""

import dataclasses

from digitisation_people import OPERATOR, opened, scan, scanned, scanner_of
from signing_people import who
from web_site import Site

from edms.records.digitisations import show_digitisation
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
