"""How many statements a page asks of the database does not grow with what is on it, nor with the reader's grants."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import event
from web_site import OpenSite, Site

from edms.access.levels import Level
from edms.access.scope import GrantMode
from edms.records.grants import NewGrant, Subject, give_access
from edms.records.people import console_person

PAGES = ("/", "/search?q=kontrak", "/search?q=", "/search/complete.json?q=dinas", "/retention", "/access")
READER = "official-bappeda"


@pytest.fixture(scope="module")
def site(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An archive with three records that the reader may see."""
    opened = open_site(tmp_path_factory.mktemp("statements"))
    for number in range(3):
        take_in(opened.archive, pdf(f"Kontrak {number}"), by="clerk-bappeda", name=f"{number}.pdf")
    return opened


def statements(site: Site) -> dict[str, int]:
    """What each page asks when it is shown for the second time: caches of the first do not count."""
    visitor, counts = site.visitor(READER), dict.fromkeys(PAGES, 0)
    for page in PAGES:
        visitor.get(page)

        def counted(*_told: object, page: str = page) -> None:
            counts[page] += 1

        engine = site.archive.database.engine
        event.listen(engine, "before_cursor_execute", counted)
        try:
            assert visitor.get(page).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", counted)
    return counts


def test_pages_ask_as_much_of_many_records_and_grants_as_of_few(site: Site, tmp_path: Path) -> None:
    archive = site.archive
    few = statements(site)
    granted: list[UUID] = []
    for number in range(12):
        take_in(archive, pdf(f"Kontrak lagi {number}"), by="clerk-bappeda", name=f"l{number}.pdf", work=number == 11)
        hidden = take_in(archive, pdf(f"Kontrak terbatas {number}"), level=Level.RESTRICTED, name=f"t{number}.pdf",
                         work=number == 11)  # fmt: skip
        granted.append(hidden.record_id)
    head = console_person(archive, "head-dinkes", "tests")
    for record_id in granted:
        until = archive.clock.today() + timedelta(days=9)
        give_access(head, archive, NewGrant(READER, Subject((record_id,)), "tugas", GrantMode.VIEW, until))
    assert statements(site) == few
