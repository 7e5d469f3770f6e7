"""A clerk of one office finds, counts and guesses nothing of what another office keeps to itself.

Two worlds that differ in hidden records only are visited by the same person: every page must be the same to the byte.
"""

import dataclasses
import re
from pathlib import Path
from uuid import uuid4

import pytest
from archive_fixtures import pdf, take_in
from web_site import City, OpenSite, Visitor, plain

from edms.access.levels import Level

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHARED = "Laporan penyelidikan pengadaan laboratorium imunisasi campak halaman satu"
SECRET_WORD = "zamrudkhatulistiwa"


@dataclasses.dataclass
class Worlds:
    """A clerk in both worlds, the owner of what the richer one hides, its ids, and the ids of what both show."""

    poor: Visitor
    rich: Visitor
    owner: Visitor
    hidden: tuple[str, ...]
    shown: dict[str, str]


@pytest.fixture(scope="module")
def worlds(
    open_site: OpenSite, city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Worlds:
    folder, shown = city_template
    poor = open_site(tmp_path_factory.mktemp("poor"), folder)
    rich = open_site(tmp_path_factory.mktemp("rich"), folder)
    made = [
        # Another office's restricted record: declared, waiting, and quarantined.
        take_in(rich.archive, pdf(f"{SHARED} {SECRET_WORD}"), by="clerk-bappeda", level=Level.RESTRICTED,
                name=f"{SECRET_WORD}.pdf", number="005/7777/2031", record_type="berita_acara"),
        take_in(rich.archive, pdf(f"{SHARED} menunggu"), by="clerk-bappeda", class_code=None, level=None, name="m.pdf"),
        take_in(rich.archive, b"%PDF-1.4 rusak", by="clerk-bappeda", level=Level.RESTRICTED, name="rusak2.pdf"),
        # The own office's, above the clearance of its clerk.
        take_in(rich.archive, pdf(f"{SHARED} sangat dijaga"), by="records", office="dinkes", level=Level.SECRET,
                name="rahasia.pdf"),
    ]  # fmt: skip
    hidden = tuple(str(one.record_id) for one in made)
    return Worlds(
        poor.visitor("clerk-dinkes"), rich.visitor("clerk-dinkes"), rich.visitor("clerk-bappeda"), hidden, shown
    )


QUESTIONS = ("", "laporan", "imunisasi campak", "penyelidikan", SECRET_WORD, f"{SECRET_WORD[:6]}*", "zam*", "l*",
             "005/7777/2031", "nomor:005/*", "laporan penyelidikan pengadaan laboratorium", "menunggu", "dijaga",
             f'"{SHARED}"', "jenis:berita_acara", f"laporan -{SECRET_WORD}", "rusak")  # fmt: skip
NARROWED = ("&office=bappeda", "&level=restricted", "&level=secret", "&state=quarantined", "&state=pending",
            "&sort=newest", "&sort=title", "&year=2031", "&record_type=berita_acara", "&class_code=000.1.5",
            "&page=2")  # fmt: skip
PATHS = (
    "/", "/inbox", "/quarantine", "/capture", "/retention", "/retention.csv", "/retention?outcome=due_destroy",
    "/retention?as_of=2099-01-01",
    *(f"/search?q={question}" for question in QUESTIONS),
    *(f"/search?q={question}{more}" for question in ("", "laporan") for more in NARROWED),
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_list_is_the_same(worlds: Worlds, path: str) -> None:
    answers = [worlds.poor.get(path), worlds.rich.get(path)]
    assert answers[0].status_code == answers[1].status_code
    assert plain(answers[0]) == plain(answers[1])
    ours, theirs = ([name for name, _value in answer.headers] for answer in answers)
    assert ours == theirs
    if SECRET_WORD not in path:
        assert SECRET_WORD not in answers[1].text


def test_the_richer_world_is_richer(worlds: Worlds) -> None:
    """Else the tests here would compare a thing with itself: its owner finds what the other clerk does not."""
    assert "<mark>" in worlds.owner.get(f"/search?q={SECRET_WORD}").text
    for hidden in worlds.hidden[:3]:
        assert worlds.owner.get(f"/records/{hidden}").status_code == 200


@pytest.mark.parametrize("kind", ["open", "restricted", "waiting", "quarantined", "other"])
def test_every_visible_record_is_the_same(worlds: Worlds, kind: str) -> None:
    """Its history counts what happened to it, and not what happened elsewhere in the trail."""
    path = f"/records/{worlds.shown[kind]}"
    answers = [visitor.get(path) for visitor in (worlds.poor, worlds.rich)]
    assert answers[0].status_code == 200
    assert plain(answers[0]) == plain(answers[1])
    for tail in ("/pages/1?width=160", "/files/original"):
        ours, theirs = (visitor.get(path + tail) for visitor in (worlds.poor, worlds.rich))
        assert (ours.status_code, ours.headers.get("ETag")) == (theirs.status_code, theirs.headers.get("ETag"))
        assert ours.data == theirs.data or plain(ours) == plain(theirs)


def test_hidden_records_answer_like_ids_that_never_were(worlds: Worlds) -> None:
    for hidden in worlds.hidden:
        for tail in ("", "/pages/1", "/pages/1?width=160", "/files/original", "/files/access_copy", "/evidence"):
            known, unknown = worlds.rich.get(f"/records/{hidden}{tail}"), worlds.rich.get(f"/records/{uuid4()}{tail}")
            assert known.status_code == unknown.status_code == 404
            assert ID.sub("ID", plain(known)) == ID.sub("ID", plain(unknown))
            told = [name for name, _value in known.headers]
            assert told == [name for name, _value in unknown.headers]
        fields = {"reason": "cukup alasan", "class_code": "000.1.5", "level": "open"}
        for tail in ("/describe", "/retry", "/release"):
            known = worlds.rich.post(f"/records/{hidden}{tail}", fields)
            unknown = worlds.rich.post(f"/records/{uuid4()}{tail}", fields)
            assert known.status_code == 404
            assert plain(known) == plain(unknown)


def test_progress_and_queue_know_nothing_of_them(worlds: Worlds) -> None:
    asked = ",".join((*worlds.hidden, worlds.shown["waiting"]))
    answers = [visitor.get(f"/capture/progress?records={asked}").json for visitor in (worlds.poor, worlds.rich)]
    assert answers[0] == answers[1]
    for one in (*worlds.hidden, worlds.shown["waiting"], str(uuid4())):
        ways = [visitor.get(f"/inbox/after/{one}").headers["Location"] for visitor in (worlds.poor, worlds.rich)]
        assert ways[0] == ways[1]


def test_many_at_once_changes_and_reveals_nothing(worlds: Worlds) -> None:
    fields = {"record": list(worlds.hidden), "class": "000.1.5", "level": "open"}
    known = worlds.rich.post("/inbox/classify", fields, follow_redirects=True)
    unknown = worlds.rich.post("/inbox/classify", {**fields, "record": [str(uuid4()) for _ in worlds.hidden]},
                               follow_redirects=True)  # fmt: skip
    assert plain(known) == plain(unknown)


@pytest.mark.parametrize("number", range(2), ids=["another office's", "above the clearance"])
def test_the_warning_of_a_duplicate_tells_nothing(
    open_site: OpenSite, city_template: tuple[Path, dict[str, str]], tmp_path: Path, number: int
) -> None:
    content = pdf(SHARED, f"berkas yang sama {number}")
    answers = []
    for name in ("poor", "rich"):
        site = open_site(tmp_path / name, city_template[0])
        if name == "rich":
            take_in(site.archive, content, by="records", office=("bappeda", "dinkes")[number], level=Level.SECRET)
        answer = site.visitor("clerk-dinkes").send("/capture/files?class=000.1.5&level=open", content)
        answers.append((answer.status_code, ID.sub("ID", answer.text)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 202


def test_capturing_for_another_office_is_not_found(city: City) -> None:
    answer = city.visitors["clerk-dinkes"].send("/capture/files?office=bappeda", b"isi")
    assert answer.status_code == 404
