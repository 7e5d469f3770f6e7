"""What people make of a hidden record shows nowhere either: lists, counts, pages and ids of it (docs/leaks.md).

As in test_leaks.py: two worlds, one with hidden work in it, look the same through every channel, and each channel is
shown to tell them apart where the rule that it rests on is broken on purpose.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, take_in
from hidden_work import OFFICER, made_of_it, peopled, signing
from signing_people import who
from sqlalchemy import update
from web_site import OpenSite
from worlds import Channel, World, both, everything_seen, in_place_of, page, sent, there

from edms.access import policy
from edms.access.levels import Level
from edms.access.policy import Verdict
from edms.batches.plan import Page, Plan, PlannedDocument
from edms.batches.sheet import Sheet
from edms.capture import uploads
from edms.capture.batch_places import require_placements
from edms.capture.model import Upload
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records import folders, signatures
from edms.records.disposal_model import DisposalItem
from edms.records.folders import folder_to_file_in
from edms.records.model import Record
from edms.records.questions_model import SavedSearch
from edms.records.report_lists import By, ListName
from edms.records.report_mailings import NewMailing, add_mailing, end_mailing, send_due
from edms.records.saved_searches import watch_searches

OBSERVERS = ("clerk-dinkes", "official-dinkes", OFFICER)
KINDS = {"another office's": ("bappeda", Level.RESTRICTED), "above the clearance": ("dinkes", Level.SECRET)}
KNOWN_TO_OFFICERS = ("alerts", "list of imports", "holds", "forecast of rules")
"""Work of the records officers themselves: docs/leaks.md says what is told of it."""
ALARM = re.compile(r'<p class="notice bad flash alarm">.*?</p>')


def told_by_mail(world: World, observer: str) -> list[str]:
    """The lists that come by mail, with the numbers of mails that differ each time left out."""
    archive, box = world.site.archive, Box()
    officer, to = who(archive, "records"), ((observer, "pembaca@kota.example"),)
    mail = archive.settings.mail.model_copy(update={"attachments": True, "sender": "arsip@kota.example"})
    object.__setattr__(archive, "settings", archive.settings.model_copy(update={"mail": mail}))
    for name in (ListName.DESTROY, ListName.HELD, ListName.AWAITING):
        made = add_mailing(officer, archive, NewMailing("Jatuh tempo", name, to, form="csv"))
        assert send_due(archive, box) == 1
        end_mailing(officer, archive, made)
    return [re.sub(r"Message-ID: .*|={15}\d+==", "", one.as_string()) for one in box.taken]


class Box:
    """Where mail goes."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        self.taken.append(message)


def watched(world: World, observer: str) -> Any:
    """What is new in a search that the observer watches, after it was looked at anew."""
    with world.site.archive.database.writer() as session:
        session.execute(update(SavedSearch).values(watched_at=None))
        session.commit()
    watch_searches(world.site.archive)
    return page("/searches")(world, observer)


def named_folder(world: World, observer: str) -> list[str]:
    """What is said of a folder that a separator sheet names, and of its id at home: codes can be tried out."""
    actor, archive, told = who(world.site.archive, observer), world.site.archive, []
    plan = Plan((PlannedDocument((Page(1),), Sheet(folder="ZAMRUD-1", level="open")),))
    with archive.database.reader() as session:
        office = UUID(world.things["office_id"])
        batch = Record(office_id=office, level="open")
        asked: list[Callable[[], Any]] = [lambda: require_placements(session, archive, actor, batch, plan)]
        if actor.office_id == office:
            folder = UUID(world.things["folder"])
            asked.append(lambda: folder_to_file_in(session, folder, office, actor.clearance))
        for ask in asked:
            try:
                ask()
                told.append("there is one")
            except Refused as refused:
                told.append(refused.message)
    return told


LISTS = tuple(f"/retention/lists/{name}" for name in ListName)
CHANNELS: dict[str, Channel] = {
    "batches": both(
        page("/batches", "/batches/{batch}"),
        sent("/batches/{batch}/undo", "/batches/{batch}/confirm", version="9"),
        sent("/batches/{batch}/edit", version="9", act="join", page="1", number="1"),
    ),
    "digitisations": both(
        page("/digitisations", "/digitisations/{digitisation}", "/digitisations/{digitisation}/check",
             "/digitisations/{digitisation}/list.json", "/digitisations/scanners"),
        sent("/digitisations/{digitisation}/cancel", "/digitisations/{digitisation}/items/{digitised}/remove",
             reason=""),
    ),
    "requests for signatures": both(
        page("/signatures", "/signatures/{signature}", "/signatures/{signature}/pages/1",
             "/records/{hidden}/signatures/new"),
        sent("/signatures/{signature}/decline", "/signature-requests/{request}/withdraw",
             "/signature-requests/{request}/supersede", reason=""),
    ),
    "folders": both(
        page("/retention/files/files/csv?office={office}", "/retention/files/contents/csv?office={office}",
             "/batches/separators"),
        sent("/batches/separators", office="{office}", folder="ZAMRUD-1", title="Surat", copies="1"),
        sent("/batches/separators", folder="ZAMRUD-1", title="Surat", copies="1"),
        sent("/events", of="list", kind="CONTRACT_END", happened_on="2020-01-01", evidence="SK",
             subjects="{office}/ZAMRUD-1"),
    ),
    "folders that sheets name": named_folder,
    "saved and watched searches": watched,
    "lists by mail": told_by_mail,
    "list of imports": page("/reports"),
    "reports of imports": page("/reports/{report}.json", "/reports/{report}.json.p7s"),
    "alerts": page("/alerts", "/"),
    "uploads and photographs": both(
        page("/uploads/", "/uploads/{upload}", headers={"Tus-Resumable": "1.0.0"}),
        page("/photographs/", "/photographs/{photograph}", "/photographs/{photograph}/picture",
             "/photographs/{photograph}/page?parameters=x"),
    ),
    "retention lists": page(
        "/retention/lists", *LISTS, *(f"/retention/lists/destroy?by={by}" for by in By),
        "/retention/lists/destroy?office={office}", "/retention/lists/destroy/csv",
    ),
    "charts of retention": page("/retention/outlook", "/retention/outlook?office={office}"),
    "course of a record": page("/records/{hidden}", "/records/{hidden}?as_of=2030-01-01",
                               "/retention?as_of=2030-01-01"),
    "events": both(page("/events", "/events/awaiting"), sent("/events/verify", event="{event}")),
    "holds": page("/holds", "/holds?all=yes"),
    "forecast of rules": page("/rules/forecast?year=2027"),
    "transfer and hand-over": both(
        page(*(f"/proceedings?kind={kind}" for kind in ("transfer", "review", "handover")),
             "/proceedings/{transfer}", "/proceedings/{review}", "/proceedings/{handover}"),
        sent("/proceedings/{transfer}/cancel", "/proceedings/{review}/cancel", reason=""),
    ),
    "destruction": both(
        page("/disposals", "/disposals/{disposal}", "/disposals/{disposal}/certificate.json"),
        sent("/disposals/{disposal}/cancel", "/disposals/{disposal}/select", reason=""),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, World]]:
    """For each kind of hidden work the world without it, and the one with it."""
    folder = tmp_path_factory.mktemp("peopled")
    archive = peopled(open_site(folder), OBSERVERS).archive
    take_in(archive, pdf("Laporan imunisasi campak"), name="laporan.pdf")
    take_in(archive, pdf("Rencana imunisasi kota"), by="clerk-bappeda", name="rencana.pdf")
    archive.database.close()
    made = {}
    for kind, (office, level) in KINDS.items():
        having = made_of_it(_again(open_site, tmp_path_factory, folder), office, level)
        without = _again(open_site, tmp_path_factory, folder)
        for world in (having.site, without):
            world.clock.set(MOMENT + timedelta(hours=1))
        made[kind] = World(without, having.hidden, having.things), having
    return made


def _again(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Any:
    # Hundreds sign in here from one address, within the minute on a machine that is fast.
    return signing(open_site(tmp_path_factory.mktemp("world"), folder, server={"sign_ins_per_minute": 10_000}))


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_both_worlds_look_the_same(
    worlds: dict[str, tuple[World, World]], channel: str, kind: str, observer: str
) -> None:
    without, having = (CHANNELS[channel](world, observer) for world in worlds[kind])
    if observer == OFFICER:
        without, having = map(without_alarm, (without, having))
    if observer != OFFICER or channel not in KNOWN_TO_OFFICERS:
        assert having == without


def without_alarm(told: Any) -> Any:
    """What is told but for the number of alerts, which records officers are to know wherever they are."""
    if isinstance(told, list | tuple):
        return [without_alarm(one) for one in told]
    if isinstance(told, dict):
        return {name: value for name, value in told.items() if name != "Content-Length"}
    return ALARM.sub("", told) if isinstance(told, str) else told


@pytest.fixture
def broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule under which everybody may see and do everything, and what is somebody's own is everybody's."""
    everything_seen(monkeypatch)
    in_place_of(monkeypatch, policy.decide, lambda *_told: Verdict(True, ("broken",)))
    in_place_of(monkeypatch, folders.is_known, lambda *_told: True)
    in_place_of(monkeypatch, uploads.decided_upload, anybodys_upload)
    in_place_of(monkeypatch, signatures.decided_signature, anybodys_signature)


def anybodys_upload(operation: Operation, upload_id: UUID) -> Upload:
    operation.decide()
    return there(operation.session.get(Upload, upload_id))


def anybodys_signature(operation: Operation, signature_id: UUID, *, lock: bool = False) -> signatures.Signature:
    operation.decide()
    return there(operation.session.get(signatures.Signature, signature_id))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.usefixtures("broken_rule")
def test_the_channel_tells_when_the_rule_is_broken(worlds: dict[str, tuple[World, World]], channel: str) -> None:
    look = CHANNELS[channel]
    assert any(look(without, "clerk-dinkes") != look(having, "clerk-dinkes") for without, having in worlds.values())


HEADS_ALONE = "Kecubung"
ON_LISTS = ("/digitisations/{digitisation}", "/proceedings/{transfer}", "/disposals/{disposal}")


@pytest.fixture(scope="module")
def listed(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with lists of an office that its officials may see, and on them records for its head alone."""
    world = made_of_it(peopled(open_site(tmp_path_factory.mktemp("listed")), ()), "dinkes", Level.RESTRICTED)
    archive = world.site.archive
    with archive.database.writer() as session:
        batch = UUID(world.things["disposal"])
        session.add(DisposalItem(id=batch, batch_id=batch, position=1, record_id=UUID(world.hidden), state="LISTED",
                                 frozen={}, before={}))  # fmt: skip
        session.execute(update(Record).values(who_may="head", title=HEADS_ALONE))
        session.commit()
    return world


@pytest.mark.parametrize("path", ON_LISTS)
def test_whoever_may_see_a_list_need_not_see_what_is_on_it(listed: World, path: str) -> None:
    texts = {}
    for name in ("official-dinkes", "head-dinkes"):
        answer = listed.visitor(name).get(listed.path(path))
        assert answer.status_code == 200
        texts[name] = answer.text
    assert HEADS_ALONE in texts["head-dinkes"]
    assert HEADS_ALONE not in texts["official-dinkes"]
    assert "Arsip yang tidak boleh Anda lihat" in texts["official-dinkes"]


def test_the_page_names_the_channels() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "leaks.md").read_text("utf-8")
    part = text.partition("## What is made of hidden records")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", part, re.MULTILINE)
    assert [row for row in rows if row not in ("channel", "---")] == list(CHANNELS)
