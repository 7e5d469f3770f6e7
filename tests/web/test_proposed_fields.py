"""The form of a waiting record begins with what its text proposes, says why, and saves nothing by itself."""

from uuid import UUID

from archive_fixtures import take_in
from web_site import Site, plain

LETTER = """PEMERINTAH KOTA TIRTA KENCANA
DINAS KESEHATAN
Tirta Kencana, 12 Februari 2024
Nomor : 400.14.5/0112/2024
Sifat : Sangat Rahasia
Hal : Undangan <b>Rapat</b> & "Koordinasi"
Yth. Para Camat
di Tempat
Isi surat.
"""


def waiting(site: Site, content: str = LETTER) -> UUID:
    return take_in(site.archive, content.encode(), name="surat masuk.txt", class_code=None, level=None).record_id


def test_the_form_starts_with_what_the_letter_says(site: Site) -> None:
    record_id = waiting(site)
    visitor = site.visitor("clerk-dinkes")
    page = visitor.get(f"/records/{record_id}").text
    assert 'name="number" value="400.14.5/0112/2024"' in page
    assert 'name="document_date" value="2024-02-12"' in page
    assert 'data-value="400.14.5"' in page
    assert "Undangan &lt;b&gt;Rapat&lt;/b&gt; &amp; &#34;Koordinasi&#34;" in page, "what a letter says is never markup"
    assert "dibaca di samping “Nomor”" in page
    assert "di atas wewenang Anda" in page, "a level above the clerk's clearance is told, and not filled in"
    assert '<option value="top_secret" selected' not in page


def test_a_record_that_was_described_keeps_its_words(site: Site) -> None:
    record_id = waiting(site)
    visitor = site.visitor("clerk-dinkes")
    visitor.post(f"/records/{record_id}/describe", {"number": "7/2024", "title": "Kata petugas"})
    page = visitor.get(f"/records/{record_id}").text
    assert 'name="number" value="7/2024"' in page
    assert 'value="Kata petugas"' in page
    assert plain(visitor.get(f"/records/{record_id}")).count("Usulan:") >= 2, "what is still empty is still proposed"


def test_only_who_may_describe_sees_proposals(site: Site) -> None:
    record_id = waiting(site)
    assert "Usulan:" not in site.visitor("official-dinkes").get(f"/records/{record_id}").text
