"""Pages of events, holds, reviews and lists by mail in a real browser: desk and phone, both languages."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from browsing import new_context
from judges import browser_program
from playwright.sync_api import Browser
from test_browser import DESK, PHONE, Server, browser, filled, judged, sign_in  # noqa: F401 - a fixture

from edms.records.events_many import read_list, record_events
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.people import console_person
from edms.records.report_lists import ListName
from edms.records.report_mailings import NewMailing, add_mailing
from edms.records.reviews import Proposal, judge_review, propose_class_maximum, propose_review
from edms.records.reviews_model import ReviewKind
from edms.retention.types import TriggerType

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A record with its course, one that waits for an event, an event that waits for verification, and a hold."""
    browser_program()
    source, records = city_template
    folder = tmp_path_factory.mktemp("retention")
    with filled(folder, source) as archive:
        one = take_in(archive, pdf("Telepon"), class_code="000.1.1", document_date=date(2025, 3, 1)).record_id
        two = take_in(archive, pdf("SPM"), class_code="900.1.3", document_date=date(2014, 2, 1), number="900/1/2014")
        clerk, officer = (console_person(archive, name, "tests") for name in ("clerk-dinkes", "records"))
        lines, _wrong = read_list(str(two.record_id).encode(), date(2015, 9, 15), "LHP BPK 7/2015")
        record_events(clerk, archive, TriggerType.AUDIT_FOLLOWUP_DONE, lines)
        scopes = [AskedScope(ScopeKind.CLASS, "900"), AskedScope(ScopeKind.CASE, "12/Pdt.G/2026/PN Smg")]
        official = console_person(archive, "official-dinkes", "tests")
        old = {"class_code": "000.1.1", "legacy_unverified": True, "title": "Buku agenda surat keluar"}
        take_in(archive, pdf("Agenda"), **old)
        land = take_in(archive, pdf("Tanah"), class_code="000.1.1", title="Sertifikat tanah pasar").record_id
        kept = Proposal(ReviewKind.VITAL_KEPT, "bukti kepemilikan", "lemari tahan api, salinan di depo")
        review = propose_review(official, archive, land, kept)
        propose_review(official, archive, one, Proposal(ReviewKind.VITAL_KEPT, "nomor darurat", "salinan"))
        judge_review(officer, archive, review, "setuju", accept=True)
        propose_class_maximum(officer, archive, "900.1", "data gaji pegawai", "UU 27/2022", 36)
        people = (("records", "arsip@kota.example"), ("head-dinkes", "kepala@kota.example"))
        add_mailing(officer, archive, NewMailing("Usul musnah triwulan", ListName.DESTROY, people))
        place_hold(officer, archive, [], "Sengketa lahan pasar", "Surat PN 7/2026", "gugatan", scopes)
    running = Server(folder, {**records, "course": str(one)})
    yield running
    running.stop()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_of_retention(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    language: str,
    size: dict[str, int],
    tmp_path: Path,
) -> None:
    pictures = Path(os.environ.get("EDMS_PICTURES") or tmp_path)
    context = new_context(browser, viewport=size, locale=language, base_url=server.address)
    page = context.new_page()
    sign_in(page, "records")
    for name, path in (
        ("events", "/events"),
        ("awaiting", "/events/awaiting"),
        ("holds", "/holds"),
        ("course", f"/records/{server.records['course']}"),
        ("retention", "/retention"),
        ("judgements", "/judgements"),
        ("undated", "/judgements/undated"),
        ("vital", "/judgements/vital"),
        ("mail", "/retention/mail"),
    ):
        page.goto(path)
        for summary in page.locator("td details.explain summary, article.boxed details summary").all():
            summary.click()
        page.screenshot(path=pictures / f"{name}-{language}-{size['width']}.png", full_page=True)
        assert judged(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    context.close()
