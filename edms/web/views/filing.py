"""The filing queue: one document after the other, by keyboard, with the next one at hand."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.capture.incoming import title_from
from edms.capture.queue import Sieve, neighbour, queue, source_of
from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.records.classification import KIP_CATEGORIES
from edms.records.contents import text_extract
from edms.records.file_plan import selectable_classes
from edms.records.filing import NotFiled, Problem, Sheet, file_record, sheet_of
from edms.records.habits import SOURCE, forget_habits, habits_of
from edms.records.operations import Changed, Changes
from edms.records.undo import pending_of, undo
from edms.web.arguments import date_asked, level_asked
from edms.web.identity import actor, archive, capturers_only

BY_HAND = "web"
pages = Blueprint("filing", __name__)

MOST_PAGES_SHOWN = 200
FIELDS = ("class_code", "level", "title", "number", "document_date", "sender", "recipient", "record_type", "kip")
_CLEARABLE = ("kip", "number", "document_date", "sender", "recipient", "record_type")


@pages.get("/inbox/file")
def desk() -> ResponseReturnValue:
    """The next document of the queue: after or before one, or the first; a script asks for the document alone."""
    capturers_only()
    after, before = parse_id(request.args.get("after", "")), parse_id(request.args.get("before", ""))
    found = neighbour(actor(), archive(), _sieve(), before or after, before=before is not None)
    if _part():
        return _sheet(found) if found else ("", 204)
    saved = parse_id(request.args.get("saved", ""))
    return _page(found, saved=saved)


@pages.get("/inbox/file/<uuid:record_id>")
def one(record_id: UUID) -> ResponseReturnValue:
    capturers_only()
    return _sheet(record_id) if _part() else _page(record_id)


@pages.post("/inbox/file/<uuid:record_id>")
def save(record_id: UUID) -> ResponseReturnValue:
    """File a document; what is wrong comes back beside the fields, with all that was typed."""
    capturers_only()
    problems: list[Problem] = []
    try:
        changes = _changes(problems)
        if problems:
            raise NotFiled(problems)
        file_record(
            actor(),
            archive(),
            record_id,
            changes,
            seen_version=request.form.get("version", type=int),
            despite_warnings="despite" in request.form,
            source=_source(record_id),
        )
    except NotFiled as error:
        return _again(record_id, error.problems), 422
    except Changed as error:
        return _again(record_id, [Problem("", error.message, error.mend)]), 409
    if _part():
        return render_template("filing_saved.html", sheet=_looked(record_id), sieve=filters())
    return redirect(url_for("filing.desk", after=record_id, saved=record_id, **told_filters()))


@pages.post("/inbox/file/<uuid:record_id>/undo")
def take_back(record_id: UUID) -> ResponseReturnValue:
    capturers_only()
    undo(actor(), archive(), record_id)
    return _sheet(record_id) if _part() else redirect(url_for("filing.one", record_id=record_id, **told_filters()))


@pages.get("/inbox/habits")
def habits() -> ResponseReturnValue:
    """What is remembered of one's own filing."""
    capturers_only()
    return render_template("habits.html", habits=habits_of(actor(), archive()))


@pages.post("/inbox/habits")
def forget() -> ResponseReturnValue:
    capturers_only()
    forget_habits(actor(), archive(), request.form.getlist("key"))
    return redirect(url_for("filing.habits"))


def _part() -> bool:
    """Whether a script asks for the document alone, to put it into the page that is open."""
    return "X-Part" in request.headers


def filters() -> dict[str, str]:
    return {name: value for name in ("office", "source", "day", "proposed") if (value := request.args.get(name, ""))}


def told_filters() -> dict[str, Any]:
    """The filters as an address takes them."""
    return dict(filters())


def _sieve() -> Sieve:
    told = filters()
    proposed = {"yes": True, "no": False}.get(told.get("proposed", ""))
    return Sieve(told.get("office", ""), told.get("source", ""), date_asked(told.get("day")), proposed)


def _source(record_id: UUID) -> str:
    """By which way a document came; what was handed in on our own page has no arrival."""
    return source_of(actor(), archive(), record_id) or BY_HAND


def _looked(record_id: UUID) -> Sheet:
    return sheet_of(actor(), archive(), record_id, _source(record_id))


def _page(
    record_id: UUID | None,
    saved: UUID | None = None,
    typed: dict[str, str] | None = None,
    problems: list[Problem] | None = None,
) -> str:
    return render_template(
        "filing.html",
        listed=queue(actor(), archive(), _sieve()),
        classes=selectable_classes(archive()),
        last=_looked(saved) if saved else None,
        pending=pending_of(actor(), archive()),
        **_of(record_id, typed, problems),
    )


def _sheet(record_id: UUID) -> str:
    return render_template("filing_sheet.html", **_of(record_id))


def _again(record_id: UUID, problems: list[Problem]) -> str:
    """The same document with what was typed and what is wrong with it."""
    typed = {name: request.form.get(name, "") for name in FIELDS}
    if _part():
        return render_template("filing_sheet.html", **_of(record_id, typed=typed, problems=problems))
    return _page(record_id, typed=typed, problems=problems)


def _of(
    record_id: UUID | None, typed: dict[str, str] | None = None, problems: list[Problem] | None = None
) -> dict[str, object]:
    who = capturers_only()
    sheet = _looked(record_id) if record_id else None
    shown = min(sheet.record.page_count or 0, MOST_PAGES_SHOWN) if sheet and sheet.pictured else 0
    return {
        "sheet": sheet,
        "shown": shown,
        "extract": text_extract(who, archive(), record_id) if record_id and sheet and not sheet.pictured else "",
        "values": typed if typed is not None else _start(sheet),
        "problems": problems or [],
        "wrong": {one.field: one for one in problems or []},
        "levels": list(Level.up_to(who.clearance)),
        "kip_categories": KIP_CATEGORIES,
        "sieve": filters(),
    }


def _start(sheet: Sheet | None) -> dict[str, str]:
    """What each field begins with: what the record says, what is proposed, what this clerk gave to its like."""
    if sheet is None:
        return {}
    record, habit = sheet.record, sheet.habit
    usual = {"class_code": habit.class_code, "level": habit.level, "record_type": habit.record_type} if habit else {}
    if habit and habit.kind == SOURCE and habit.label == BY_HAND:
        usual.pop("class_code")  # what is handed in by hand has nothing in common: its class would be a guess
    proposed = {str(name): found[0].proposal.value for name, found in sheet.proposals.items() if found[0].fits}
    if record.title != title_from(record.file_name):
        proposed.pop("title", None)
    values = {name: str(getattr(record, name) or proposed.get(name) or usual.get(name) or "") for name in FIELDS}
    return {**values, "title": proposed.get("title") or record.title}


def _changes(problems: list[Problem]) -> Changes:
    """Read the form; what cannot be read at all is told like everything else, beside its field."""
    form = {name: request.form.get(name, "").strip() for name in FIELDS}
    level = day = None
    try:
        level = level_asked(form["level"])
    except Refused as error:
        problems.append(Problem("level", error.message))
    try:
        day = date_asked(form["document_date"])
    except Refused as error:
        problems.append(Problem("document_date", error.message))
    texts = {name: form[name] or None for name in FIELDS if name not in ("level", "document_date")}
    cleared = frozenset(name for name in _CLEARABLE if not form[name])
    return Changes(**texts, level=level, document_date=day, cleared=cleared)
