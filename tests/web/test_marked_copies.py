"""Marked copies over HTTP: nobody is served the picture or the file of another, from no cache and by no address."""

import io

import pypdfium2 as pdfium
import pytest
from archive_fixtures import pdf, take_in
from PIL import Image
from web_site import Site

from edms.access.levels import Level
from edms.records.copies_model import IssuedCopy


@pytest.fixture
def record(site: Site) -> str:
    return str(take_in(site.archive, pdf("Surat rahasia", "Dua"), level=Level.RESTRICTED).record_id)


def numbers(site: Site) -> list[int]:
    with site.archive.database.reader() as session:
        return sorted(one.number for one in session.query(IssuedCopy))


@pytest.mark.parametrize("path", ["pages/1?width=900", "pages/1?width=160", "thumbnail"])
def test_a_kept_picture_is_only_for_whom_it_was_made(site: Site, record: str, path: str) -> None:
    clerk, head = site.visitor("clerk-dinkes"), site.visitor("head-dinkes")
    first = clerk.get(f"/records/{record}/{path}")
    assert first.headers["Cache-Control"] == "no-store"
    tag = first.headers["ETag"]
    assert clerk.get(f"/records/{record}/{path}", headers={"If-None-Match": tag}).status_code == 304
    other = head.get(f"/records/{record}/{path}", headers={"If-None-Match": tag})
    assert other.status_code == 200, "whoever sends the tag of another is given the own picture"
    assert other.headers["ETag"] != tag
    assert other.data != first.data
    assert site.visitor().get(f"/records/{record}/{path}", headers={"If-None-Match": tag}).status_code == 302


def test_the_kept_picture_below_the_mark_is_one_for_all(site: Site, record: str) -> None:
    """The cache holds what is drawn of the document, sealed and without a mark; the mark is put on at hand-out."""
    folder = site.archive.settings.storage.path / "pictures"
    for name in ("clerk-dinkes", "head-dinkes", "records"):
        assert site.visitor(name).get(f"/records/{record}/pages/1?width=900").status_code == 200
    assert len(list(folder.iterdir())) == 1
    assert not any(path.read_bytes().startswith(b"RIFF") for path in folder.iterdir())


def test_the_mark_stands_above_the_whole_page(site: Site, record: str) -> None:
    marked = site.visitor("clerk-dinkes").get(f"/records/{record}/pages/2?width=900")
    with Image.open(io.BytesIO(marked.data)) as picture:
        assert picture.width == 900
        assert picture.height > 1273 + 20


@pytest.mark.parametrize("added", ["copy=1", "number=1", "person=head-dinkes", "mark=0", "level=open", "warned"])
def test_no_address_asks_for_the_copy_of_another(site: Site, record: str, added: str) -> None:
    site.visitor("head-dinkes").get(f"/records/{record}/files/access_copy").close()
    answer = site.visitor("clerk-dinkes").get(f"/records/{record}/files/access_copy?{added}")
    text = pdfium.PdfDocument(answer.data)[0].get_textpage().get_text_bounded()
    assert "clerk-dinkes" in text
    assert "salinan nomor 2" in text
    assert "head-dinkes" not in text


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=-9", "bytes=100-", "bytes=0-0,5-5"])
def test_a_marked_file_is_sent_whole_or_not_at_all(site: Site, record: str, asked: str) -> None:
    """Each is made for one request: parts of two would make a file that nobody was given."""
    visitor = site.visitor("clerk-dinkes")
    whole = visitor.get(f"/records/{record}/files/access_copy")
    answer = visitor.get(
        f"/records/{record}/files/access_copy", headers={"Range": asked, "If-Range": whole.headers["X-Content-SHA256"]}
    )
    assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "none")
    assert "ETag" not in answer.headers
    assert len(answer.data) == int(answer.headers["Content-Length"])
    assert answer.data.startswith(b"%PDF")
    assert numbers(site) == [1, 2]


def test_parts_of_an_original_are_one_copy(site: Site, record: str) -> None:
    visitor = site.visitor("clerk-dinkes")
    whole = visitor.get(f"/records/{record}/files/original").data
    parts = [visitor.get(f"/records/{record}/files/original", headers={"Range": f"bytes={at}-{at + 99}"}).data
             for at in (0, 100, 200)]  # fmt: skip
    assert b"".join(parts) == whole[:300]
    assert numbers(site) == [1]


def test_the_record_page_offers_and_tells_what_each_may(site: Site, record: str) -> None:
    english = {"headers": {"Accept-Language": "en"}}
    page = site.visitor("clerk-dinkes", **english).get(f"/records/{record}").text
    assert "Download marked PDF" in page
    assert f"/records/{record}/files/original" in page
    assert "Copies handed out" not in page
    site.visitor("clerk-dinkes").get(f"/records/{record}/files/access_copy").close()
    page = site.visitor("records", **english).get(f"/records/{record}").text
    assert "Copies handed out" in page
    assert "downloaded with a mark" in page
    public = take_in(site.archive, pdf("Pengumuman"), name="p.pdf").record_id
    page = site.visitor("official-bappeda", **english).get(f"/records/{public}").text
    assert "Download PDF" in page
    assert "bears your name" not in page
    assert f"/records/{public}/files/original" in page
