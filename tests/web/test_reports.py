"""The records officer reads what became of every file; nobody else does."""

import io

from archive_fixtures import pdf
from web_site import Site

from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.ingest import IngestLine, IngestReport
from edms.capture.reconciliations import list_reconciliations, sign_and_keep
from edms.records.people import console_person


def test_a_report_is_listed_and_downloaded_as_it_was_signed(site: Site) -> None:
    clerk = console_person(site.archive, "clerk-dinkes", "tests")
    assert clerk.office_id is not None
    taken = accept(clerk, site.archive, IncomingFile("a.pdf", io.BytesIO(pdf("a"))), Placement(clerk.office_id))
    lines = (
        IngestLine("a.pdf", str(taken.record_id), "captured", taken.sha256),
        IngestLine("b.pdf", None, "refused", "", "a pipe, not a file"),
    )
    signed = sign_and_keep(clerk, site.archive, IngestReport(lines), "import", clerk.office_id, manifest="x.csv")
    officer = console_person(site.archive, "records", "tests")
    (line,), total = list_reconciliations(officer, site.archive)
    assert (total, line.totals["given"], line.totals["captured"], line.totals["refused"]) == (1, 2, 1, 1)
    visitor = site.visitor("records")
    page = visitor.get("/reports")
    assert page.status_code == 200
    assert signed.sha256[:12] in page.text
    assert visitor.get(f"/reports/{line.id}.json").data == signed.content
    assert visitor.get(f"/reports/{line.id}.json.p7s").data == signed.signature
    for name in ("clerk-dinkes", "auditor", "admin"):
        other = site.visitor(name)
        assert other.get("/reports").status_code == 403
        assert other.get(f"/reports/{line.id}.json").status_code == 403
        assert "/reports" not in other.get("/").text
