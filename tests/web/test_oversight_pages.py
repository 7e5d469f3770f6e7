"""Auditors on the pages of procedures: all is shown, nothing is offered; and a paper as a draft to edit, on the web."""

import io
import re

import docx
from archive_fixtures import pdf, settle, take_in
from disposal_people import COMMITTEE, TODAY, due, opened, proposed, ready
from proceedings_people import CLERK, listed_transfer, old_records, staffed
from signing_people import who
from web_site import Site

from edms.access.levels import Level
from edms.disposal.batches import Letter
from edms.disposal.destruction import propose, select_due, set_committee
from edms.disposal.views import show_batch
from edms.records.office_draft import DOCX_TYPE, DRAFT
from edms.records.proceedings_views import show_proceeding

ENGLISH = {"headers": {"Accept-Language": "en"}}


def test_an_auditor_sees_a_destruction_and_takes_no_part(site: Site) -> None:
    archive = ready(site.archive)
    due(archive)
    batch = proposed(archive)
    settle(archive)
    auditor = site.visitor("auditor", **ENGLISH)
    assert f"/disposals/{batch}" in auditor.get("/disposals").text
    page = auditor.get(f"/disposals/{batch}")
    assert page.status_code == 200
    assert "Naskah 1" in page.text
    assert page.text.count('method="post"') == auditor.get("/account").text.count('action="/language"') + 1
    assert f"/disposals/{batch}/papers/proposal.docx" in page.text
    draft = auditor.get(f"/disposals/{batch}/papers/proposal.docx")
    assert draft.mimetype == DOCX_TYPE
    assert 'filename="daftar-arsip-usul-musnah.docx"' in draft.headers["Content-Disposition"]
    assert DRAFT in docx.Document(io.BytesIO(draft.data)).sections[0].footer.paragraphs[0].text
    assert auditor.get(f"/disposals/{batch}/papers/minutes.docx").status_code == 404
    assert auditor.post(f"/disposals/{batch}/cancel", {"reason": "coba"}).status_code == 404
    assert "Folder of its papers" in page.text
    for name in ("official-bappeda", "clerk-bappeda", "admin"):
        stranger = site.visitor(name)
        assert stranger.get(f"/disposals/{batch}").status_code == 404
        assert stranger.get(f"/disposals/{batch}/papers/proposal.docx").status_code == 404


def links(text: str) -> set[str]:
    """The records that a page links."""
    return set(re.findall(r'href="/records/([0-9a-f-]{36})"', text))


def test_no_page_of_a_procedure_links_what_its_reader_may_not_see(site: Site) -> None:
    """A paper that is not declared yet, and a letter above the clearance, are told in words; every link is answered."""
    archive = ready(site.archive)
    due(archive)
    letter = take_in(archive, pdf("Surat rahasia"), level=Level.SECRET, title="Zamrud", by="arsiparis").record_id
    batch = opened(archive)
    set_committee(who(archive, "arsiparis"), archive, batch, COMMITTEE, Letter("SK-R/1", TODAY, letter))
    select_due(who(archive, "arsiparis"), archive, batch)
    propose(who(archive, "arsiparis"), archive, batch, "1/2026")
    paper = str(show_batch(who(archive, "arsiparis"), archive, batch).papers["proposal"])
    auditor, own = site.visitor("auditor", **ENGLISH), site.visitor("clerk-dinkes", **ENGLISH)
    page = auditor.get(f"/disposals/{batch}").text
    assert auditor.get(f"/records/{paper}").status_code == 404
    assert links(page).isdisjoint({paper, str(letter)})
    assert "is being declared" in page
    assert re.search("SK-R/1 <span class=.quiet.>is not for you to see", page)
    assert f"/disposals/{batch}/papers/proposal.docx" not in page
    found = links(own.get(f"/disposals/{batch}").text)
    assert (paper in found, str(letter) in found) == (True, False), "clerks see what is on its way, by their clearance"
    settle(archive)
    page = auditor.get(f"/disposals/{batch}").text
    assert paper in links(page)
    assert "Zamrud" not in page
    for visitor in (auditor, own):
        for record in links(visitor.get(f"/disposals/{batch}").text):
            assert visitor.get(f"/records/{record}").status_code == 200


def test_papers_of_a_transfer_are_linked_once_they_are_declared(site: Site) -> None:
    archive = staffed(site.archive)
    made = listed_transfer(archive, *old_records(archive))
    auditor = site.visitor("auditor", **ENGLISH)
    papers = {str(one) for one in show_proceeding(who(archive, CLERK), archive, made).papers.values()}
    page = auditor.get(f"/proceedings/{made}").text
    assert links(page).isdisjoint(papers)
    assert page.count("is being declared") == len(papers) == 3
    settle(archive)
    page = auditor.get(f"/proceedings/{made}").text
    assert papers <= links(page)
    assert "Pemindahan Arsip Inaktif Nomor 000.5.6/1/2026: Arsip 2010" in page
