"""What is shared, lent, held, copied and blacked out of a hidden record shows nowhere either (docs/leaks.md).

As in test_leaks.py: two worlds, one with a hidden record and what people do with it, look the same through every
channel, and each channel is shown to tell them apart where the rule that it rests on is broken on purpose.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, settle, take_in
from hidden_work import OFFICER, SECRET, peopled, signing
from signing_people import who
from test_leaks import Kept
from token_people import Program, made_for, pushing_token
from web_site import OpenSite, Site
from worlds import Channel, World, both, everything_seen, in_place_of, page, seen, sent, there

from edms.access import policy
from edms.access.levels import Level
from edms.access.policy import Verdict
from edms.access.scope import GrantMode
from edms.cli.main import run
from edms.core.errors import EdmsError
from edms.records import saved_searches
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.folders import open_folder
from edms.records.grants import Asked, NewGrant, Subject, ask_for_access, give_access
from edms.records.hold_binding import follow_held_searches
from edms.records.holds import AskedScope, list_holds, place_hold, release_hold
from edms.records.holds_model import ScopeKind
from edms.records.loans import Lending, ask_for_paper, lend
from edms.records.model import ComponentRole
from edms.records.people import office_by_code
from edms.records.questions import KeptQuestion
from edms.records.questions_model import SavedSearch
from edms.records.redaction_make import produce_redaction
from edms.records.redactions import Purpose, open_redaction, save_areas
from edms.records.saved_searches import save_search
from edms.redaction.types import Area
from edms.search.protocol import Filters

OBSERVERS = ("clerk-dinkes", "official-dinkes", OFFICER)
KINDS = {"another office's": ("bappeda", Level.RESTRICTED), "above the clearance": ("dinkes", Level.SECRET)}
KNOWN_TO_OFFICERS = ("grants and requests", "copies")
"""What records officers are told of whatever they may see: docs/leaks.md says what."""
UNTIL = date(2026, 12, 1)


UUIDS = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")


def held_by_search(world: World, observer: str) -> list[Any]:
    """What somebody learns who holds what searches find, or looks at what others hold so: counts and names."""
    archive, told = world.site.archive, list[Any]()
    for question in ("zamrud", "imunisasi", "zamr*"):
        scope = AskedScope(ScopeKind.QUERY, question=KeptQuestion(question))
        world.site.clock.set(world.site.clock.now() + timedelta(seconds=1))  # holds are listed in their order
        try:
            made = place_hold(who(archive, observer), archive, [], "Perkara", "Surat", "gugatan", [scope])
            told.append(list_holds(who(archive, observer), archive)[-1].count)
            release_hold(who(archive, "records"), archive, made)
        except EdmsError as refused:
            told.append(refused.message)
    follow_held_searches(archive)
    return [*told, without_ids(page("/holds", "/holds?all=yes")(world, observer))]


def without_ids(told: Any) -> Any:
    """The answers with the ids of what was made meanwhile left out, which differ each time, and their lengths."""
    return [(status, UUIDS.sub("ID", str(text))) for status, _headers, text in told]


def by_program(world: World, observer: str) -> list[Any]:
    """What a program is told that comes with the observer's token, about what is made of the hidden record."""
    program = Program(world.site, made_for(world.site.archive, observer).secret.reveal())
    paths = ("/redactions/{redaction}", "/access", "/access/grants/{grant}", "/loans", "/loans/{loan}/slip.pdf",
             "/searches", "/holds", "/records/{hidden}.json", "/search.json?q=zamrud&facets=1")  # fmt: skip
    return [seen(program.get(world.path(path))) for path in paths]


def traced(world: World, observer: str) -> list[Any]:
    """The record's copies as its page tells them, and as the command does that traces them."""
    told: list[Any] = [page("/records/{hidden}")(world, observer)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Kept, "archive", world.site.archive)
        patched.setattr("edms.cli.main.Context", Kept)
        for arguments in ((world.hidden,), (world.hidden, "1")):
            with captured() as (out, err):
                status = run(["copies", "trace", *arguments, "--as", observer, "--json"])
            told.append((status, out.getvalue(), err.getvalue()))
    return told


@contextlib.contextmanager
def captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        yield out, err


NAMED = {"ground": "UU 14/2008 pasal 17", "reason": "permohonan", "purpose": "grant"}
CHANNELS: dict[str, Channel] = {
    "redactions": both(
        page("/records/{hidden}/redactions/new", "/redactions/{redaction}", "/redactions/{redaction}?proposals=1",
             "/redactions/{redaction}/pages/1", "/redactions/{made}", "/redactions/{made}/pages/1",
             "/redactions/{made}/document"),
        sent("/records/{hidden}/redactions", **NAMED),
        sent("/redactions/{redaction}/terms", term="zamrud"),
        sent("/redactions/{redaction}/areas", version="9"),
        sent("/redactions/{redaction}/approve", "/redactions/{made}/approve", "/redactions/{redaction}/withdraw",
             reason=""),
    ),
    "copies": traced,
    "grants and requests": both(
        page("/access", "/access/grants/{grant}", "/access/grants/{grant_on_folder}"),
        sent("/access/grants/{grant}/revoke", "/access/grants/{grant}/review", "/access/requests/{asked}/withdraw",
             "/access/requests/{asked}/refuse", reason="", finding=""),
        sent("/access/requests/{asked}/approve", records="{hidden}", mode="view", until="2026-12-01"),
        sent("/access/grants", username="auditor", records="{hidden}", purpose="x", mode="view", until="2026-12-01"),
        sent("/access/grants", username="auditor", folder="{folder}", purpose="x", mode="view", until="2026-12-01"),
        sent("/access/requests", office="{office}", wanted="{hidden}", purpose="x", mode="view", until="2026-12-01"),
    ),
    "loans, asked for and out": both(
        page("/loans", "/loans?office={office}", "/loans/{loan}/slip.pdf", "/loans/{wanted}/slip.pdf"),
        sent("/records/{hidden}/loans/ask", "/records/{hidden}/loans/out", purpose="x", due_on="2026-12-01"),
        sent("/loans/{loan}/extend", "/loans/{loan}/return", "/loans/{wanted}/decline", "/loans/{wanted}/withdraw",
             reason="", due_on="2026-12-02"),
    ),
    "holds by searches": held_by_search,
    "searches that others keep": sent("/searches/{kept}/open", "/searches/{kept}/change", "/searches/{kept}/remove",
                                      name=""),
    "exports": page("/search/list.csv?q=zamrud", "/retention.csv", "/records/{hidden}/evidence",
                    "/retention/files/files/csv?office={office}", "/retention/files/contents/csv?office={office}"),
    "programs with a token": by_program,
}  # fmt: skip


def shared(site: Site, office: str, level: Level) -> World:
    """Take a record in, and do with it and around it what offices do that share, lend and hand out."""
    archive, by = site.archive, f"arsiparis-{office}"
    told: dict[str, Any] = {"by": by, "level": level, "class_code": "000.1.1", "sender": "Zamrud"}
    hidden = take_in(archive, pdf(SECRET), name="zamrud.pdf", **told).record_id
    things: dict[str, Any] = {"office": office}
    for part in (_blacked_out, _opened_to_others, _lent):
        things |= part(archive, by, office, level, hidden)
    with download(who(archive, by), archive, hidden, ComponentRole.ACCESS_COPY).stream as stream:
        assert stream.read()
    question = KeptQuestion("zamrud rahasia", Filters())
    things["kept"] = save_search(who(archive, by), archive, "Zamrud", question, watched=False)
    settle(archive)
    return World(site, str(hidden), {name: str(one) for name, one in things.items()})


def _blacked_out(archive: Archive, by: str, _office: str, _level: Level, hidden: UUID) -> dict[str, UUID]:
    """A draft with its terms, and one that is made."""
    drafts = []
    for purpose in (Purpose.PUBLICATION, Purpose.GRANT):
        draft = open_redaction(who(archive, by), archive, hidden, purpose, "UU 14/2008 pasal 17", "permohonan zamrud")
        save_areas(who(archive, by), archive, draft, 1, [Area(1, 0.0, 0.0, 1.0, 1.0)], ["zamrud"])
        drafts.append(draft)
    assert produce_redaction(who(archive, by), archive, drafts[1]) is not None
    return {"redaction": drafts[0], "made": drafts[1]}


def _opened_to_others(archive: Archive, by: str, office: str, level: Level, hidden: UUID) -> dict[str, UUID]:
    place = office_by_code(archive, office)
    folder = open_folder(who(archive, by), archive, place, "ZAMRUD-1", "Berkas zamrud", "000.1.1", level)
    grants = [
        give_access(who(archive, by), archive, NewGrant("records", subject, "urusan zamrud", GrantMode.VIEW, UNTIL))
        for subject in (Subject((hidden,)), Subject(folder=folder))
    ]
    request = ask_for_access(
        who(archive, "auditor"), archive, Asked(office, str(hidden), "audit", GrantMode.VIEW, UNTIL)
    )
    return {"folder": folder, "grant": grants[0], "grant_on_folder": grants[1], "asked": request}


def _lent(archive: Archive, by: str, _office: str, _level: Level, hidden: UUID) -> dict[str, UUID]:
    wanted = ask_for_paper(who(archive, by), archive, hidden, "urusan zamrud", UNTIL)
    told = Lending(UNTIL, "Lemari zamrud", "urusan zamrud", username="records")
    return {"loan": lend(who(archive, by), archive, hidden, told), "wanted": wanted}


@pytest.fixture(scope="module")
def worlds(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, World]]:
    """For each kind of hidden record the world without what is made of it, and the one with it."""
    folder = tmp_path_factory.mktemp("sharing")
    archive = peopled(open_site(folder), OBSERVERS).archive
    take_in(archive, pdf("Laporan imunisasi campak"), name="laporan.pdf")
    take_in(archive, pdf("Rencana imunisasi kota"), by="clerk-bappeda", name="rencana.pdf")
    for question in ("zamrud", "imunisasi"):
        scope = AskedScope(ScopeKind.QUERY, question=KeptQuestion(question))
        place_hold(who(archive, "arsiparis-dinkes"), archive, [], f"Perkara {question}", "Surat", "gugatan", [scope])
    archive.database.close()
    made = {}
    for kind, (office, level) in KINDS.items():
        having = shared(_again(open_site, tmp_path_factory, folder), office, level)
        without = _again(open_site, tmp_path_factory, folder)
        for site in (having.site, without):
            follow_held_searches(site.archive)
            site.clock.set(MOMENT + timedelta(hours=1))
        made[kind] = World(without, having.hidden, having.things), having
    return made


def _again(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Site:
    # Hundreds sign in here from one address, within the minute on a machine that is fast.
    return signing(open_site(tmp_path_factory.mktemp("world"), folder, server={"sign_ins_per_minute": 10_000}))


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_both_worlds_look_the_same(
    worlds: dict[str, tuple[World, World]], channel: str, kind: str, observer: str
) -> None:
    without, having = (CHANNELS[channel](world, observer) for world in worlds[kind])
    if observer != OFFICER or channel not in KNOWN_TO_OFFICERS:
        assert having == without
    else:
        assert "zamrud" not in str(having).lower().replace(f"{observer}", "")


@pytest.fixture
def broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule under which everybody may see and do everything, and what is somebody's own is everybody's."""
    everything_seen(monkeypatch)
    in_place_of(monkeypatch, policy.decide, lambda *_told: Verdict(True, ("broken",)))
    in_place_of(monkeypatch, saved_searches._own, anybodys_search)


def anybodys_search(operation: Any, archive: Archive, search_id: UUID) -> Any:
    row = there(operation.session.get(SavedSearch, search_id))
    operation.decide()
    return row, *saved_searches._read(archive, row)  # type: ignore[misc]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.usefixtures("broken_rule")
def test_the_channel_tells_when_the_rule_is_broken(worlds: dict[str, tuple[World, World]], channel: str) -> None:
    look = CHANNELS[channel]
    assert any(look(without, "clerk-dinkes") != look(having, "clerk-dinkes") for without, having in worlds.values())


def test_an_identity_system_is_told_of_people_and_of_nothing_that_is_filed(
    worlds: dict[str, tuple[World, World]],
) -> None:
    for number, (without, having) in enumerate(worlds.values()):
        programs = [Program(world.site, pushing_token(world.site.archive, name=f"identitas-{number}"))
                    for world in (without, having)]  # fmt: skip
        for path in ("Users?count=200", "Groups", "ServiceProviderConfig", f"Users/{having.hidden}"):
            one, other = (seen(program.get(f"/scim/v2/{path}")) for program in programs)
            assert UUIDS.sub("ID", str(one)) == UUIDS.sub("ID", str(other))
            assert "zamrud" not in str(other).lower()


def test_the_page_names_the_channels() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "leaks.md").read_text("utf-8")
    part = text.partition("## What is shared, lent and blacked out")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", part, re.MULTILINE)
    assert [row for row in rows if row not in ("channel", "---")] == list(CHANNELS)
