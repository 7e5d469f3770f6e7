"""What every answer says to the browser, and what pages hold."""

import re

import pytest
from web_site import City

PATHS = ("/", "/sign-in", "/search?q=laporan", "/nope", "/records/{open}", "/records/{open}/pages/1?width=160",
         "/records/{open}/files/original", "/records/{open}/evidence", "/static/app.js", "/healthz", "/retention.csv",
         "/capture/progress?records={open}", "/capture", "/inbox")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(city: City, path: str) -> None:
    headers = city.visitors["clerk-dinkes"].get(path.format(**city.records)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "Access-Control-Allow-Origin" not in headers
    if "/files/" in path or "/evidence" in path:
        assert "sandbox" in policy
        assert headers["Content-Disposition"].startswith("attachment;")
    else:
        for part in ("script-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
    if not path.startswith("/static/"):
        assert headers["Cache-Control"] == "no-store"
    if headers["Content-Type"].startswith("text/"):
        assert "charset=utf-8" in headers["Content-Type"]


PAGES = ("/", "/sign-in", "/search", "/capture", "/inbox", "/quarantine", "/retention", "/nope", "/records/{open}",
         "/records/{waiting}", "/records/{quarantined}")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("person", ["nobody", "records"])
def test_pages_work_under_the_policy(city: City, path: str, person: str) -> None:
    """No inline script, style or handler, nothing from elsewhere: the browser would refuse it."""
    page = city.visitors[person].get(path.format(**city.records), follow_redirects=True).text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page)
    assert addresses
    assert [one for one in addresses if not one.startswith(("/", "#"))] == []
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert re.search(r"<title>[^<]{3,}</title>", page)


def test_content_never_becomes_markup(city: City) -> None:
    evil = '"><script>alert(1)</script>'
    page = (
        city.visitors["clerk-dinkes"].get("/search", query_string={"q": evil, "class_code": evil, "office": evil}).text
    )
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_pictures_are_made_by_us(city: City) -> None:
    answer = city.visitors["clerk-dinkes"].get(f"/records/{city.records['open']}/pages/1?width=160")
    assert answer.mimetype in ("image/webp", "image/png")
    assert answer.data[:4] in (b"RIFF", b"\x89PNG")
