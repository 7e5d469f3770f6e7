"""Handing out files: as they came, never shown in the archive's own origin, in parts, not by way of memory."""

import os
import tracemalloc
from hashlib import sha256
from urllib.parse import unquote

import pytest
from archive_fixtures import pdf, take_in
from web_site import City, Site

CONTENT = bytes(range(256)) * 20_000
NAMES = {
    'a"; filename=evil.exe; x="b.txt': "filename=evil.exe; x=b.txt",
    "surat\r\nSet-Cookie: a=b.txt": "suratSet-Cookie a=b.txt",
    "../../etc/passwd": "passwd",
    "C:\\fakepath\\laporan.docx": "laporan.docx",
    "naïve – résumé 日本.txt": "naïve – résumé 日本.txt",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    "<script>.html": "script.html",
    "a%0d%0ab.txt": "a%0d%0ab.txt",
}


@pytest.mark.parametrize("name", NAMES, ids=[str(number) for number in range(len(NAMES))])
def test_nasty_names(site: Site, name: str) -> None:
    record = take_in(site.archive, b"isi", name=name, work=False).record_id
    headers = site.visitor("clerk-dinkes").get(f"/records/{record}/files/original").headers
    told = headers["Content-Disposition"]
    assert told.startswith("attachment; ")
    assert not any("a=b" in cookie for cookie in headers.getlist("Set-Cookie"))
    plain, full = told.split("; filename*=UTF-8''")
    assert plain.removeprefix('attachment; filename="').removesuffix('"').isascii()
    assert plain.count('"') == 2
    assert not set('"\r\n/\\') & set(unquote(full))
    assert unquote(full) == NAMES[name] or (name.startswith('a"') and '"' not in unquote(full))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.html", b"<script>alert(document.domain)</script>"),
     ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), ("a.xhtml", b"<html/>")],
    ids=["html", "svg", "xhtml"],
)  # fmt: skip
def test_foreign_pages_are_never_shown(site: Site, name: str, content: bytes) -> None:
    record = take_in(site.archive, content, name=name).record_id
    visitor = site.visitor("clerk-dinkes")
    answer = visitor.get(f"/records/{record}/files/original")
    assert answer.data == content
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    picture = visitor.get(f"/records/{record}/pages/1")
    assert picture.status_code == 404 or picture.mimetype.startswith("image/"), "a picture of it is a picture"
    page = visitor.get(f"/records/{record}").text
    assert "<script>alert" not in page
    assert "<svg xmlns='http" not in page


RANGES = {
    "bytes=0-0": (206, CONTENT[:1]),
    "bytes=1000-1999": (206, CONTENT[1000:2000]),
    "bytes=5000000-": (206, CONTENT[5_000_000:]),
    "bytes=-100": (206, CONTENT[-100:]),
    "bytes=9999999-": (416, b""),
    "bytes=0-0,5-5": (200, CONTENT),
    "lines=1-2": (200, CONTENT),
}


@pytest.fixture(scope="module")
def large(city: City) -> str:
    accepted = take_in(city.site.archive, CONTENT, name="besar.bin", work=False)
    return f"/records/{accepted.record_id}/files/original"


@pytest.mark.parametrize("asked", RANGES)
def test_a_part_of_a_file(city: City, large: str, asked: str) -> None:
    status, content = RANGES[asked]
    answer = city.visitors["clerk-dinkes"].get(large, headers={"Range": asked})
    if status == 200 and answer.status_code == 416:
        return  # refusing an odd range is right as well
    assert answer.status_code == status
    if status != 416:
        assert answer.data == content
        assert int(answer.headers["Content-Length"]) == len(content)


def test_the_whole_file_with_its_hash(city: City, large: str) -> None:
    visitor = city.visitors["clerk-dinkes"]
    answer = visitor.get(large)
    assert sha256(answer.data).hexdigest() == answer.headers["X-Content-SHA256"] == sha256(CONTENT).hexdigest()
    assert answer.headers["Accept-Ranges"] == "bytes"
    head = visitor.head(large)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(CONTENT))


def test_memory_does_not_grow_with_the_file(site: Site) -> None:
    size = 48 * 1024 * 1024
    record = take_in(site.archive, os.urandom(size), name="besar.bin", work=False).record_id
    visitor = site.visitor("clerk-dinkes")
    tracemalloc.start()
    try:
        answer = visitor.get(f"/records/{record}/files/original", buffered=False)
        got = sum(len(chunk) for chunk in answer.response)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    answer.close()
    assert got == size
    assert peak < size / 4


def test_each_download_leaves_its_trace(site: Site) -> None:
    record = take_in(
        site.archive, pdf("Surat undangan rapat koordinasi penanganan stunting di aula"), name="s.pdf"
    ).record_id
    visitor = site.visitor("official-dinkes")
    visitor.get(f"/records/{record}/files/access_copy")
    page = site.visitor("records", headers={"Accept-Language": "en"}).get(f"/records/{record}").text
    assert "downloaded" in page
    assert "official-dinkes" in page
