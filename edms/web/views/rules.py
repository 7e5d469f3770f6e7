"""Rules as law: editions and their trees, two compared, drafts with their impact, the forecast."""

import io
import zipfile
from datetime import date
from pathlib import PurePath
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.policy import Action, decide
from edms.core.errors import NotFound, Refused
from edms.core.ids import parse_id
from edms.records.drafts import draft_book, hand_in_rules, list_drafts, review_rules, shown_review, withdraw_draft
from edms.records.editions import compared, edition_page, list_editions
from edms.records.retention import apply_rules
from edms.records.rule_forecast import forecast
from edms.records.rules import RuleBook
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive
from edms.web.language import gettext
from edms.web.rules_charts import forecast_chart, impact_chart

pages = Blueprint("rules", __name__)
_MOST_FILES, _MOST_BYTES = 100, 10 * 1024 * 1024


@pages.get("/rules")
def listing() -> ResponseReturnValue:
    lines = list_editions(actor(), archive())
    who = actor()
    drafts = list_drafts(who, archive()) if who and decide(who, Action.RETENTION_DRAFT).allowed else []
    return render_template("rules.html", lines=lines, drafts=drafts)


@pages.get("/rules/editions/<edition>")
def edition(edition: str) -> ResponseReturnValue:
    found = edition_page(actor(), archive(), edition, request.args.get("under", ""))
    others = [
        one.edition for one in list_editions(actor(), archive())
        if one.edition.kind == found.line.edition.kind and one.edition.id != edition
    ]  # fmt: skip
    return render_template("rules_edition.html", found=found, others=others)


@pages.get("/rules/compare")
def compare() -> ResponseReturnValue:
    one, two, draft = (request.args.get(name, "") for name in ("one", "two", "draft"))
    draft_id = parse_id(draft)
    if draft and draft_id is None:
        raise NotFound()
    found = compared(actor(), archive(), one, two, draft_id)
    return render_template("rules_compare.html", one=one, two=two, draft_id=draft_id, found=found)


@pages.post("/rules/drafts")
def hand_in() -> ResponseReturnValue:
    book = RuleBook(_files())
    draft_id = hand_in_rules(actor(), archive(), book, request.form.get("note", ""))
    flash(gettext("The draft is kept. Nothing has changed yet."), "good")
    return redirect(url_for("rules.draft", draft_id=draft_id))


@pages.get("/rules/drafts/<uuid:draft_id>")
def draft(draft_id: UUID) -> ResponseReturnValue:
    review = shown_review(actor(), archive(), draft_id)
    line = next(one for one in list_drafts(actor(), archive()) if one.id == draft_id)
    chart = impact_chart(review["impact"]) if review else None
    known = {one.edition.id for one in list_editions(actor(), archive())}
    return render_template("rules_draft.html", line=line, review=review, chart=chart, as_day=_day, known=known)


@pages.post("/rules/drafts/<uuid:draft_id>/review")
def review(draft_id: UUID) -> ResponseReturnValue:
    book = draft_book(actor(), archive(), draft_id)
    review_rules(actor(), archive(), book, date_asked(request.form.get("as_of")))
    return redirect(url_for("rules.draft", draft_id=draft_id))


@pages.post("/rules/drafts/<uuid:draft_id>/apply")
def apply(draft_id: UUID) -> ResponseReturnValue:
    book = draft_book(actor(), archive(), draft_id)
    apply_rules(actor(), archive(), book, request.form.get("sha256", ""))
    flash(gettext("The rules are in force."), "good")
    return redirect(url_for("rules.listing"))


@pages.post("/rules/drafts/<uuid:draft_id>/withdraw")
def withdraw(draft_id: UUID) -> ResponseReturnValue:
    withdraw_draft(actor(), archive(), draft_id)
    flash(gettext("The draft is withdrawn."), "good")
    return redirect(url_for("rules.listing"))


@pages.get("/rules/forecast")
def outlook() -> ResponseReturnValue:
    typed = request.args.get("year", "")
    year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else archive().clock.today().year + 1
    drafts = list_drafts(actor(), archive())
    asked = request.args.get("draft", "")
    chosen = next((one for one in drafts if str(one.id) == asked), None)
    if asked and chosen is None:
        raise NotFound()
    book = draft_book(actor(), archive(), chosen.id) if chosen else None
    found = forecast(actor(), archive(), year, book)
    return render_template("rules_forecast.html", found=found, drafts=drafts, asked=asked, chart=forecast_chart(found))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _files() -> dict[str, str]:
    """The rule files of a form: TOML files, or a zip of them. Raises Refused for anything else."""
    found: dict[str, bytes] = {}
    for given in request.files.getlist("files"):
        name = PurePath((given.filename or "").replace("\\", "/")).name
        content = given.stream.read()
        parts = _unzipped(content) if name.casefold().endswith(".zip") else [(name, content)] if name else []
        for part, inside in parts:
            if part in found:
                raise Refused("two files have the same name", "name each file once")
            found[part] = inside
    wrong = [name for name in found if not name.casefold().endswith(".toml")]
    if wrong or not found:
        raise Refused("a draft is rule files: .toml, or a .zip of them", "see: docs/formats/retention-rules.md")
    try:
        return {name: content.decode("utf-8") for name, content in found.items()}
    except UnicodeDecodeError:
        raise Refused("a rule file is not UTF-8", "save it as UTF-8") from None


def _unzipped(content: bytes) -> list[tuple[str, bytes]]:
    """The files of a zip, as large as they say they are at most, and all together no larger than a folder may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = [entry for entry in package.infolist() if not entry.is_dir()]
            if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise Refused("the zip is too large for rule files")
            found = []
            for entry in entries:
                with package.open(entry) as stream:
                    found.append((PurePath(entry.filename).name, stream.read(entry.file_size)))
            return found
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise Refused("the zip cannot be read", "make it anew, without a password") from None
