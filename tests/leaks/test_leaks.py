"""Nothing that one may not see shows anywhere (DESIGN invariant 5; R18, R22, R26): docs/leaks.md names the channels.

Two worlds differ in one record that the observer may not see. Through every channel both look the same; and each
channel is shown to tell them apart where the rule is broken on purpose, so that one that compares nothing is noticed.
"""

import contextlib
import io
import itertools
import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import event, true
from token_people import Program
from web_site import OpenSite, Site
from worlds import COMPLETED, FACETS, Channel, World, everything_seen, found, in_place_of, page, seen

from edms.access import filters, policy
from edms.access.levels import Level
from edms.access.policy import Action, Verdict
from edms.access.token_scopes import PERSONAL_SCOPES
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.cli.context import Context
from edms.cli.main import run
from edms.core.errors import Refused
from edms.records import searching, visible
from edms.records.archive import Archive
from edms.records.loans import Lending, lend
from edms.records.people import console_person
from edms.records.searching import Question, search
from edms.records.tokens import NewToken, create_token, revoke_own_token

_NUMBERS = itertools.count()
OBSERVERS = ("clerk-dinkes", "official-dinkes")
SECRET = pdf("Rencana zamrud tentang imunisasi campak yang tidak boleh dibaca")
HIDDEN: dict[str, dict[str, Any]] = {
    "another office's": {"by": "clerk-bappeda", "level": Level.RESTRICTED},
    "above the clearance": {"by": "records", "office": "dinkes", "level": Level.SECRET},
    "another office's that waits for its class": {"by": "clerk-bappeda", "class_code": None, "level": None},
    "another office's in quarantine": {"by": "clerk-bappeda", "content": b"%PDF-1.7\nzamrud", "level": Level.OPEN},
    "above the clearance, and waits": {"by": "records", "office": "dinkes", "class_code": None, "level": Level.SECRET},
}


def statements(world: World, observer: str) -> Any:
    """How much is asked of the database for a record that is not there, or not for the observer: no clock is needed."""
    visitor, count = world.visitor(observer), 0

    def counted(*_arguments: Any) -> None:
        nonlocal count
        count += 1

    engine = world.site.archive.database.engine
    event.listen(engine, "before_cursor_execute", counted)
    try:
        for tail in ("", "/thumbnail", "/files/original"):
            visitor.get(f"/records/{world.hidden}{tail}")
    finally:
        event.remove(engine, "before_cursor_execute", counted)
    return count


def by_token(world: World, observer: str) -> Any:
    """What a program is told that comes with the observer's token: as the person is, no more."""
    made = create_token(
        console_person(world.site.archive, observer, "tests"), world.site.archive,
        NewToken(f"p{next(_NUMBERS)}", PERSONAL_SCOPES, "", 30),
    )  # fmt: skip
    program = Program(world.site, made.secret.reveal())
    paths = (".json", "/files/original", "/thumbnail", "/evidence")
    asked = [f"/records/{world.hidden}{tail}" for tail in paths]
    asked += ["/search.json?q=imunisasi&facets=1", "/search.json?q=zamrud", f"/capture/progress?records={world.hidden}"]
    answers = [seen(program.get(path)) for path in asked]
    revoke_own_token(console_person(world.site.archive, observer, "tests"), world.site.archive, made.id)
    return answers


def alike(world: World, observer: str) -> Any:
    """What is like each record that the observer finds, and like the hidden one."""
    visitor = world.visitor(observer)
    actor = console_person(world.site.archive, observer, "tests")
    hits = search(actor, world.site.archive, Question("imunisasi OR rapat")).as_dict()["hits"]
    others = sorted(hit["record"] for hit in hits if hit["record"] != world.hidden)
    return [seen(visitor.get(f"/records/{one}/similar")) for one in (*others, world.hidden)]


def by_console(world: World, observer: str) -> Any:
    """What the commands say with `--as`: the exit status, what is printed, and why not."""
    hidden, answers = world.hidden, []
    asked = [("record", "show", hidden), ("record", "export", hidden), ("proposals", "show", hidden),
             ("search", "imunisasi", "--json"), ("loan", "list"), ("retention", "explain", hidden),
             ("retention", "report", "--format", "csv"), ("quarantine", "list"), ("hold", "list")]  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Kept, "archive", world.site.archive)
        patched.setattr("edms.cli.main.Context", Kept)
        for arguments in asked:
            out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _stream in range(2))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = run([*arguments, "--as", observer])
            said = [stream.buffer.getvalue() for stream in (out, err)]  # type: ignore[attr-defined]
            answers.append((arguments, status, *said))
    assert ("search", "imunisasi", "--json") in [asked for asked, status, *_said in answers if status == 0]
    return [answer[1:] for answer in answers]


class Kept(Context):
    """A context of commands on a world, which it does not close."""

    archive: Archive = None  # type: ignore[assignment]

    def close(self) -> None:
        return


LENDING = Lending(date(2026, 12, 1), "Lemari 3", "audit", name="Rina", office="Luar", permission="S-1/2026")
CHANNELS: dict[str, Channel] = {
    "record page": page("/records/{hidden}"),
    "pictures of pages": page("/records/{hidden}/pages/1?width=160", "/records/{hidden}/thumbnail"),
    "words on pages": page("/records/{hidden}/read/1?q=zamrud", "/records/{hidden}/read?q=imunisasi"),
    "records like it": alike,
    "downloads": page("/records/{hidden}/files/original", "/records/{hidden}/files/text", "/records/{hidden}/evidence"),
    "conditional requests": page("/records/{hidden}/files/original", headers={"If-None-Match": "*"}),
    "ranges": page("/records/{hidden}/files/original", headers={"Range": "bytes=0-3"}),
    "state of a capture": page("/capture/progress?records={hidden}"),
    "filing form": page("/inbox/file/{hidden}", "/inbox/after/{hidden}", "/inbox/file/{hidden}/alike"),
    "overview": page("/"),
    "inbox": page("/inbox"),
    "quarantine": page("/quarantine"),
    "search page": page("/search?q=zamrud", "/search?q=imunisasi", "/search?q=zamr*", "/search"),
    "hits, total and scores": found(),
    "facets": found(facets=FACETS),
    "order": found(sort="title"),
    "paging": found(sort="newest", limit=1),
    "completed words": page(*(f"/search/complete.json?q={typed}" for typed in COMPLETED)),
    "lists taken away": page("/search/list.csv?q=zamrud", "/search/list.csv?q=imunisasi", "/search/list.csv?q="),
    "loans": page("/loans", "/loans?office=bappeda", "/loans?office=dinkes"),
    "retention list": page("/retention", "/retention.csv"),
    "programs with a token": by_token,
    "console": by_console,
    "statements for what is not there": statements,
}


OFTEN = {"sign_ins_per_minute": 10_000}
"""Hundreds sign in here from one address, within the minute on a machine that is fast."""


@pytest.fixture(scope="module")
def common(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is the same in all worlds."""
    folder = tmp_path_factory.mktemp("common")
    archive = open_site(folder).archive
    take_in(archive, pdf("Laporan imunisasi campak"), name="laporan.pdf")
    take_in(archive, pdf("Rapat imunisasi campak, undangan"), name="undangan.pdf", class_code=None, level=None)
    take_in(archive, pdf("Rencana imunisasi kota"), by="clerk-bappeda", name="rencana.pdf")
    archive.database.close()
    return folder


@pytest.fixture(scope="module")
def worlds(
    common: Path, open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[World, World]]:
    """For each kind of record the world without it, and the one with it."""
    made = {}
    for kind, told in HIDDEN.items():
        without, having = (open_site(tmp_path_factory.mktemp("world"), common, server=OFTEN) for _world in range(2))
        hidden = hide(having, told)
        with suppress(Refused):  # what is not declared is not lent
            lend(console_person(having.archive, "records", "tests"), having.archive, UUID(hidden), LENDING)
        made[kind] = World(without, hidden), World(having, hidden)
    return made


def hide(site: Site, told: dict[str, Any]) -> str:
    """Take the hidden record in, and return its id."""
    content = told.get("content", SECRET)
    given = {"sender": "Zamrud", "recipient": "Zamrud", **told}
    given.pop("content", None)
    return str(take_in(site.archive, content, name="zamrud.pdf", **given).record_id)


@pytest.fixture
def broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule under which everybody may see everything."""
    everything_seen(monkeypatch)


class AllTokens(frozenset[str]):
    """A set of tokens that has every token."""

    def __contains__(self, _token: object) -> bool:
        return True


MECHANISMS: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "the verdict": (
        policy.decide, lambda *_told: Verdict(True, ("broken",)),
        ("record page", "pictures of pages", "words on pages", "downloads", "conditional requests", "ranges",
         "filing form"),
    ),
    "the filter of the database": (
        visible.visible_to, lambda _scope: true(), ("overview", "inbox", "quarantine", "retention list"),
    ),
    "the tokens of the index": (
        filters.search_tokens, lambda _scope: AllTokens(), ("facets", "hits, total and scores", "search page"),
    ),
}  # fmt: skip
"""Each part of the rule by itself: what is right, what is put in its place, and the channels that must tell it."""


@pytest.mark.parametrize(
    ("mechanism", "channel"), [(name, one) for name, (_right, _wrong, told) in MECHANISMS.items() for one in told]
)
def test_each_part_of_the_rule_is_needed(
    worlds: dict[str, tuple[World, World]], monkeypatch: pytest.MonkeyPatch, mechanism: str, channel: str
) -> None:
    right, wrong, _channels = MECHANISMS[mechanism]
    in_place_of(monkeypatch, right, wrong)
    look = CHANNELS[channel]
    assert any(look(without, "clerk-dinkes") != look(having, "clerk-dinkes") for without, having in worlds.values())


LAGGING = ("hits, total and scores", "facets", "order", "paging", "search page")


@pytest.fixture(scope="module")
def lagging(common: Path, open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """Two worlds; the index of one still holds as open a record that was made secret since."""
    without, having = (open_site(tmp_path_factory.mktemp("lagging"), common, server=OFTEN) for _world in range(2))
    hidden = hide(having, {"by": "records", "office": "dinkes", "level": Level.OPEN})
    officer = console_person(having.archive, "records", "tests")
    with having.archive.door.write(officer, Action.RECORD_CLASSIFY) as operation:
        row = visible.decided_record(operation, UUID(hidden))
        row.level, row.version = Level.SECRET.value, row.version + 1
        operation.outbox(searching.INDEX_TOPIC, row.id)
    return World(without, hidden), World(having, hidden)


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("channel", LAGGING)
def test_an_index_that_lags_tells_nothing(lagging: tuple[World, World], channel: str, observer: str) -> None:
    """What was just hidden is hidden at once: hits are looked at again, and what waits is counted nowhere."""
    without, having = (CHANNELS[channel](world, observer) for world in lagging)
    assert having == without


@pytest.mark.parametrize("channel", LAGGING)
def test_an_index_that_lags_would_tell(
    lagging: tuple[World, World], monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """Were what waits not withheld, total and facets would count it; the second look at the hits is not enough."""
    in_place_of(monkeypatch, searching.withheld_now, lambda _session, _scope: frozenset())
    without, having = (CHANNELS[channel](world, "clerk-dinkes") for world in lagging)
    assert having != without


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("kind", HIDDEN)
@pytest.mark.parametrize("channel", CHANNELS)
def test_both_worlds_look_the_same(
    worlds: dict[str, tuple[World, World]], channel: str, kind: str, observer: str
) -> None:
    without, having = (CHANNELS[channel](world, observer) for world in worlds[kind])
    assert having == without


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.usefixtures("broken_rule")
def test_the_channel_tells_when_the_rule_is_broken(worlds: dict[str, tuple[World, World]], channel: str) -> None:
    """At least for one kind: who may file, for instance, files for the own office only."""
    look = CHANNELS[channel]
    assert any(look(without, "clerk-dinkes") != look(having, "clerk-dinkes") for without, having in worlds.values())


def brought_again(world: World) -> Any:
    """What is said to a clerk who brings the very bytes of the hidden record."""
    archive = world.site.archive
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id is not None
    accepted = accept(clerk, archive, IncomingFile("z.pdf", io.BytesIO(SECRET)), Placement(clerk.office_id, None, None))
    return accepted.state, accepted.duplicate, accepted.repeated, accepted.record_id == UUID(world.hidden)


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_duplicate_of_what_is_hidden_is_none(open_site: OpenSite, common: Path, tmp_path: Path, kind: str) -> None:
    told = []
    for name in ("without", "with"):
        (tmp_path / name).mkdir()
        site = open_site(tmp_path / name, common)
        hidden = str(UUID(int=0))
        if name == "with":
            hidden = hide(site, HIDDEN[kind])
        told.append(brought_again(World(site, hidden)))
    assert told[0] == told[1] == ("pending", False, False, False)


@pytest.mark.usefixtures("broken_rule")
def test_a_duplicate_tells_when_the_rule_is_broken(open_site: OpenSite, common: Path, tmp_path: Path) -> None:
    site = open_site(tmp_path, common)
    hidden = hide(site, HIDDEN["above the clearance"])
    assert brought_again(World(site, hidden))[1:] == (True, False, True)


def test_the_page_names_the_channels() -> None:
    page_of_channels = Path(__file__).resolve().parents[2] / "docs" / "leaks.md"
    text = page_of_channels.read_text("utf-8").partition("## What is made of hidden records")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)
    assert [row for row in rows if row not in ("channel", "---")] == [*CHANNELS, "duplicates"]
