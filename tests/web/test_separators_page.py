"""The page that prints separator sheets: a PDF to keep, or the form with what is wrong beside its fields."""

import io
from html import unescape

import pypdf
from web_site import Site


def test_the_sheets_come_as_a_pdf_to_keep(site: Site) -> None:
    clerk = site.visitor("clerk-dinkes")
    form = {"office": "dinkes", "class_code": "400.7", "level": "open", "title": "Laporan", "copies": "3"}
    told = clerk.post("/batches/separators", form)
    assert (told.status_code, told.mimetype) == (200, "application/pdf")
    assert told.headers["Content-Disposition"] == "attachment; filename=lembar-pemisah.pdf"
    assert told.headers["Cache-Control"] == "no-store"
    pages = pypdf.PdfReader(io.BytesIO(told.data)).pages
    assert len(pages) == 3
    assert "Dinas Kesehatan" in pages[0].extract_text()


def test_what_is_wrong_stands_beside_its_field_in_the_readers_language(site: Site) -> None:
    clerk = site.visitor("clerk-dinkes")
    typed = {"class_code": "999.9", "folder": "17", "title": "Surat <b>", "copies": "banyak"}
    for language, sentence in (("id", "sekali cetak 1 sampai 500 lembar"), ("en", "from 1 to 500 sheets are printed")):
        clerk.post("/language", {"language": language, "next": "/"})
        told = clerk.post("/batches/separators", typed)
        assert told.status_code == 422
        page = unescape(told.text)
        assert sentence in page
        assert 'id="wrong-copies"' in page
        assert 'value="Surat <b>"' in page
    told = clerk.post("/batches/separators", {**typed, "copies": "1"})
    assert all(f'id="wrong-{field}"' in told.text for field in ("class_code", "folder"))
    assert 'id="wrong-copies"' not in told.text


def test_the_page_offers_ones_own_offices_and_levels_only(site: Site) -> None:
    page = site.visitor("clerk-dinkes").get("/batches/separators").text
    assert 'value="dinkes"' in page
    assert not any(f'value="{hidden}"' in page for hidden in ("setda", "bappeda", "secret", "top_secret"))
    forged = site.visitor("clerk-dinkes").post("/batches/separators", {"office": "setda", "copies": "1"})
    unknown = site.visitor("clerk-dinkes").post("/batches/separators", {"office": "no-such", "copies": "1"})
    assert (forged.status_code, unknown.status_code) == (404, 404)
