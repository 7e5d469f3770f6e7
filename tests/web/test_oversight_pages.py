"""Auditors on the pages of procedures: all is shown, nothing is offered; and a paper as a draft to edit, on the web."""

import io

import docx
from archive_fixtures import settle
from disposal_people import due, proposed, ready
from web_site import Site

from edms.records.office_draft import DOCX_TYPE, DRAFT

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
    for name in ("official-bappeda", "clerk-bappeda", "admin"):
        stranger = site.visitor(name)
        assert stranger.get(f"/disposals/{batch}").status_code == 404
        assert stranger.get(f"/disposals/{batch}/papers/proposal.docx").status_code == 404
