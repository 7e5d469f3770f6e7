"""The pages of search: places in the list without numbers and without end."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from archive_fixtures import pdf, take_in
from web_site import OpenSite, Site, Visitor

from edms.web.views import search as view

ENGLISH = {"headers": {"Accept-Language": "en"}}
SUBJECTS = ("imunisasi", "gizi", "posyandu", "puskesmas", "sanitasi")


@pytest.fixture(scope="module")
def letters(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with five letters about the same thing."""
    site = open_site(tmp_path_factory.mktemp("letters"))
    for number, subject in enumerate(SUBJECTS):
        told = {"number": f"005/{number}/2026", "sender": f"Dinas {subject.title()}"}
        take_in(site.archive, pdf(f"Laporan {subject} kota"), name=f"{subject}.pdf", **told)
    take_in(site.archive, pdf("Pembukaan", "Drainase baru", "Penutup", "Drainase lagi"), name="rapat.pdf")
    return site


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(view, "PAGE_SIZE", 2)
    return iter(())


def titles(page: str) -> list[str]:
    return re.findall(r'<h2><a href="/records/([0-9a-f-]+)">', page)


def link(page: str, relation: str) -> str:
    found = re.search(rf'<a class="button" href="([^"]+)" rel="{relation}">', page)
    return unescape(found[1]) if found else ""


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("query", ["q=laporan", "q=kota&sort=newest", "q=kota&sort=oldest", "q=laporan&sort=title"])
def test_the_list_is_read_to_its_end_and_back(letters: Site, query: str) -> None:
    visitor = letters.visitor("clerk-dinkes", **ENGLISH)
    shown, path = list[str](), f"/search?{query}"
    pages = []
    while path:
        page = visitor.get(path).text
        pages.append(titles(page))
        shown += pages[-1]
        path = link(page, "next")
    assert [len(one) for one in pages] == [2, 2, 1]
    assert len(set(shown)) == 5
    assert "5–5 of 5" in page
    back = link(page, "prev")
    page = visitor.get(back).text
    assert titles(page) == pages[1]
    assert "3–4 of 5" in page
    page = visitor.get(link(page, "prev")).text
    assert (titles(page), link(page, "prev")) == (pages[0], "")


@pytest.mark.usefixtures("small_pages")
def test_a_place_of_somebody_else_is_the_beginning(letters: Site) -> None:
    first = letters.visitor("clerk-dinkes", **ENGLISH).get("/search?q=laporan").text
    for path in (link(first, "next"), "/search?q=laporan&at=nonsense", "/search?q=laporan&at=" + "A" * 5000):
        answer = letters.visitor("official-dinkes", **ENGLISH).get(path)
        assert answer.status_code == 200
        assert "this place in the list is not known any more" in answer.text
        assert titles(answer.text) == titles(first)


def test_programs_follow_places_too(letters: Site) -> None:
    visitor: Visitor = letters.visitor("clerk-dinkes")
    first = visitor.get("/search.json?q=laporan&limit=3").json
    assert first is not None
    rest = visitor.get(f"/search.json?q=laporan&limit=3&cursor={first['cursor']}").json
    assert rest is not None
    assert (len(rest["hits"]), rest["start"], rest["cursor"]) == (2, 3, "")
    back = visitor.get(f"/search.json?q=laporan&limit=3&cursor={rest['previous']}").json
    assert back is not None
    assert back["hits"] == first["hits"]
    assert visitor.get("/search.json?q=laporan&cursor=nonsense").status_code == 400


def test_the_list_is_taken_away_whole(letters: Site) -> None:
    visitor = letters.visitor("clerk-dinkes", **ENGLISH)
    page = visitor.get("/search?q=laporan&sort=title").text
    paths = [unescape(one) for one in re.findall(r'href="(/search/list\.\w+\?[^"]+)"', page)]
    assert [path.split("?")[0][-4:] for path in paths] == [".csv", "xlsx", ".pdf"]
    answer = visitor.get(paths[0])
    rows = answer.text.splitlines()
    assert (len(rows), answer.headers["Content-Disposition"]) == (
        6,
        "attachment; filename=search-results-2026-11-24.csv",
    )
    assert [row.split(",")[2] for row in rows[1:]] == sorted(SUBJECTS)
    assert visitor.get(paths[1]).data[:2] == b"PK"
    assert visitor.get(paths[2]).data[:5] == b"%PDF-"
    assert visitor.get("/search/list.exe?q=laporan").status_code == 404
    assert visitor.get("/search/list.csv?q=" + "a" * 501).status_code == 400


def test_hits_lead_to_their_pages(letters: Site) -> None:
    visitor = letters.visitor("clerk-dinkes", **ENGLISH)
    page = visitor.get("/search?q=drainase").text
    paths = [unescape(one) for one in re.findall(r'href="(/records/[0-9a-f-]+/read/\d+\?q=drainase)"', page)]
    assert [path.split("/")[-1] for path in paths] == ["2?q=drainase", "4?q=drainase"]
    answer = visitor.get(paths[0])
    assert len(re.findall("<rect ", answer.text)) == 1
    assert "<mark>Drainase</mark> baru" in answer.text
    assert "style=" not in answer.text
    begun = visitor.get(paths[0].replace("/read/2", "/read"))
    assert (begun.status_code, begun.headers["Location"]) == (302, paths[0])
    assert visitor.get(paths[0].replace("/read/2", "/read/5")).status_code == 404
    hits = visitor.get("/search.json?q=drainase").json
    assert hits is not None
    assert hits["hits"][0]["pages"] == [2, 4]


def test_the_longest_place_fits_the_address(letters: Site) -> None:
    """The server takes 8,190 characters of an address."""
    words = " ".join(f"kata{number} OR" for number in range(60))[:480] + " laporan"
    answer = letters.visitor("clerk-dinkes").get("/search.json", query_string={"q": words, "limit": 1}).json
    assert answer is not None
    assert 0 < len(answer["cursor"]) < 4000
