"""Every page that shows something of a record leaves an event; an auditor sees on the record page who saw it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from test_routes import EXPECTED
from web_site import City

from edms.audit.model import AuditLeaf
from edms.operation.recently import Recently

GETS = [rule for method, rule in EXPECTED if method == "GET"]
# Shown without an event, each with its reason. `test_routes` keeps the list of routes whole.
SILENT = {
    "/uploads/": "the sender's own uploads that are no records yet",
    "/inbox/after/<uuid:record_id>": "leads to the next record's page, which leaves its own event",
}
PEOPLE = ("records", "clerk-dinkes", "auditor")


def leaves(city: City) -> int:
    with city.site.archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditLeaf)) or 0


@pytest.fixture
def words(city: City) -> set[str]:
    """What tells of a record: its id, to which every title on a page leads, and what stands in its text."""
    return {*city.records.values(), "imunisasi campak", "penyelidikan rahasia"}


@pytest.mark.parametrize("rule", GETS)
def test_a_page_that_shows_a_record_leaves_an_event(
    city: City, words: set[str], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city.site.archive.door, "_recently", Recently(timedelta()))
    path = EXPECTED["GET", rule][0].format(**city.records)
    for person in PEOPLE:
        before = leaves(city)
        answer = city.visitors[person].get(path)
        a_file = answer.mimetype.startswith(("image/", "application/")) and answer.mimetype != "application/json"
        shows = a_file or any(word in answer.text for word in words)
        if answer.status_code == 200 and shows and not rule.startswith("/static") and rule not in SILENT:
            assert leaves(city) > before, f"{path} as {person}"


def test_the_walk_sees_what_it_should(city: City, words: set[str]) -> None:
    """The pages that are there to show records do show them; else the test above would look at nothing."""
    for rule in ("/search", "/records/<uuid:record_id>", "/inbox", "/quarantine", "/retention", "/retention.csv", "/"):
        text = city.visitors["records"].get(EXPECTED["GET", rule][0].format(**city.records)).text
        assert any(word in text for word in words), rule


@pytest.mark.parametrize(
    ("language", "heading"), [("id", "Siapa yang melihat arsip ini"), ("en", "Who saw this record")]
)
def test_who_saw_it_stands_on_the_record_page_for_those_who_supervise(city: City, language: str, heading: str) -> None:
    path = f"/records/{city.records['open']}"
    city.visitors["clerk-bappeda"].get(path)
    for person, sees in (("auditor", True), ("records", True), ("clerk-dinkes", False), ("official-dinkes", False)):
        visitor = city.visitors[person]
        visitor.post("/language", {"language": language, "next": "/"})
        page = visitor.get(path).text
        visitor.post("/language", {"language": "id", "next": "/"})
        assert (heading in page) is sees, person
        assert ('id="seen"' in page) is sees
        if sees:
            assert page.split('id="seen"')[1].count("<time>") >= 1
