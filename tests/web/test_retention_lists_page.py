"""The pages of the lists of retention: figures that lead to rows, files to carry away, explanations, deliveries."""

import csv
import io
import re
from datetime import date

import openpyxl
import pytest
from sqlalchemy import select
from web_site import Site

from bench.many_records import ManyRecords
from edms.access.levels import Level
from edms.access.model import Office
from edms.records.folders import close_folder, open_folder
from edms.records.people import console_person
from edms.records.report_lists import ListName


@pytest.fixture
def filled(site: Site) -> Site:
    ManyRecords(site.archive, seed=3).fill(150)
    return site


def test_the_figure_of_a_list_is_that_of_its_page_and_of_its_files(filled: Site) -> None:
    officer = filled.visitor("records")
    front = officer.get("/retention/lists?lang=en").text
    for name in (ListName.PAST_DUE, ListName.TRANSFER, ListName.AWAITING):
        tile = re.search(rf'href="(/retention/lists/{name.value}[^"]*)"><strong class="count">(\d+)', front)
        assert tile
        count, rows, address = int(tile.group(2)), 0, tile.group(1)
        seen: set[str] = set()
        while address:
            page = officer.get(address).text
            found = re.findall(r'<td class="lead"><a href="/records/([^"]+)"', page)
            assert not seen & set(found)
            seen.update(found)
            rows += len(found)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = following.group(1).replace("&amp;", "&") if following else ""
        assert rows == count
        told = officer.get(f"/retention/lists/{name.value}/csv")
        assert told.headers["Content-Disposition"] == f"attachment; filename={name.value}-2026-11-24.csv"
        assert told.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert len(list(csv.reader(io.StringIO(told.text)))) == count + 1
        book = openpyxl.load_workbook(io.BytesIO(officer.get(f"/retention/lists/{name.value}/xlsx").data))
        assert book.worksheets[0].max_row == count + 1
    assert officer.get("/retention/lists/past_due/pdf").data.startswith(b"%PDF")


def test_narrowing_by_a_line_of_the_count(filled: Site) -> None:
    officer = filled.visitor("records")
    page = officer.get("/retention/lists/past_due?by=year").text
    address, count = re.findall(r'<a href="([^"]*year=\d+[^"]*)">\d+</a></td><td class="end">(\d+)', page)[0]
    narrowed = officer.get(address.replace("&amp;", "&")).text
    assert re.search(rf'<h1>[^<]*<span class="quiet">{count}</span>', narrowed)


def test_an_explanation_given_on_the_page_is_shown_and_escaped(filled: Site) -> None:
    officer = filled.visitor("records")
    page = officer.get("/retention/lists/unexplained").text
    record = re.findall(r'action="/retention/explain/([^"]+)"', page)[0]
    answer = officer.post(f"/retention/explain/{record}", {"text": "<b>Masih</b> dipakai"})
    assert answer.status_code == 302
    assert record not in officer.get("/retention/lists/unexplained").text
    assert "&lt;b&gt;Masih&lt;/b&gt; dipakai" in officer.get("/retention/lists/transfer").text
    assert filled.visitor("auditor").post(f"/retention/explain/{record}", {"text": "x"}).status_code == 404


def test_an_office_delivers_its_list(site: Site) -> None:
    clerk = console_person(site.archive, "clerk-dinkes", "tests")
    with site.archive.database.reader() as session:
        dinkes = session.scalars(select(Office.id).where(Office.code == "dinkes")).one()
    close_folder(clerk, site.archive, open_folder(clerk, site.archive, dinkes, "B-1", "x", "000.1.5", Level.OPEN))
    visitor = site.visitor("clerk-dinkes")
    assert "Dinas Kesehatan<br>" in visitor.get("/retention/lists?as_of=2027-11-01").text
    through = site.archive.clock.today().isoformat()
    assert visitor.post("/retention/delivered", {"office": str(dinkes), "through": through}).status_code == 302
    assert "Dinas Kesehatan<br>" not in visitor.get("/retention/lists?as_of=2027-11-01").text
    assert visitor.get("/retention/files/files/csv?office=dinkes").text.count("B-1") == 1


def test_charts_have_their_figures_as_tables(filled: Site) -> None:
    page = filled.visitor("records").get("/retention/outlook?lang=en").text
    assert page.count('<svg role="img"') == page.count('<table class="figures">') == 4
    assert not re.search(r"<svg[^>]*style=|<style", page)
    assert str(date(2026, 11, 24).year) in page
