"""Filing documents together: all like one of them, seen before document by document, and taken back together."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.capture.alike import Alike, alike
from edms.capture.queue import source_of
from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.records.classification import KIP_CATEGORIES
from edms.records.file_plan import selectable_classes
from edms.records.filing import NotFiled, Problem
from edms.records.filing_many import MOST_AT_ONCE, Preview, ShownVersion, file_many, preview_many
from edms.records.operations import Changes
from edms.records.undo import undo_many
from edms.web.arguments import level_asked
from edms.web.formats import number
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext, ngettext
from edms.web.views.filing import BY_HAND, filters, told_filters
from edms.web.words import error_text

pages = Blueprint("many", __name__)

COMMON = ("class_code", "level", "record_type", "kip", "sender", "recipient")
"""What many documents can be given at once; title, number and date are each one's own."""


@pages.get("/inbox/file/<uuid:record_id>/alike")
def like(record_id: UUID) -> ResponseReturnValue:
    """The documents that are like one of them, to be filed together: which, and what all of them are given."""
    capturers_only()
    groups = alike(actor(), archive(), record_id)
    wanted = request.args.get("by", "")
    group = next((one for one in groups if one.likeness == wanted), groups[0] if groups else None)
    chosen = list(group.record_ids) if group else [record_id]
    seen = preview_many(actor(), archive(), chosen[:MOST_AT_ONCE], Changes(), own=False)
    values = {name: request.args.get(name, "") for name in COMMON}
    return _many(record_id, values, seen, groups=groups, group=group)


@pages.post("/inbox/file/<uuid:record_id>/alike")
def preview(record_id: UUID) -> ResponseReturnValue:
    """What would become of each of the chosen documents. Nothing is changed."""
    capturers_only()
    common, problems = _common()
    chosen = _chosen()
    values = {name: request.form.get(name, "") for name in COMMON}
    if not chosen:
        problems = [Problem("", gettext("Choose at least one document."))]
    own = "own" in request.form
    seen = preview_many(actor(), archive(), chosen, common, own=own)
    return _many(record_id, values, seen, problems=problems, previewed=not problems, own=own), 422 if problems else 200


@pages.post("/inbox/alike")
def apply() -> ResponseReturnValue:
    """File the documents as they were shown; those that somebody has changed meanwhile are named, and left alone."""
    who = capturers_only()
    common, problems = _common()
    if problems:
        raise NotFiled(problems)
    seen = _seen()
    source = source_of(who, archive(), seen[0].record_id) or BY_HAND if seen else BY_HAND
    done = file_many(who, archive(), seen, common, own="own" in request.form, source=source)
    if done.refused:
        told = ngettext("%(num)s document was not filed:", "%(num)s documents were not filed:", len(done.refused))
        reasons = sorted({error_text(error.message) for _record, error in done.refused})
        flash(f"{told % {'num': number(len(done.refused))}} {'; '.join(reasons)}", "bad")
    return redirect(url_for("filing.desk", **told_filters()))


def _chosen() -> list[UUID]:
    """The documents that were ticked."""
    return [one for text in request.form.getlist("record")[:MOST_AT_ONCE] if (one := parse_id(text))]


def _seen() -> list[ShownVersion]:
    """The documents of the preview, each as `ID:VERSION`."""
    pairs = [text.partition(":") for text in request.form.getlist("seen")[:MOST_AT_ONCE]]
    told = [(parse_id(text), version) for text, _, version in pairs if version.isdigit()]
    return [ShownVersion(one, int(version)) for one, version in told if one is not None]


@pages.post("/inbox/undo")
def take_all_back() -> ResponseReturnValue:
    """Take several confirmations back, each by itself; what is sealed meanwhile is told and stays as it is."""
    capturers_only()
    chosen = _chosen()
    count, refused = undo_many(actor(), archive(), chosen)
    if count:
        told = ngettext("%(num)s document is taken back.", "%(num)s documents are taken back.", count)
        flash(told % {"num": number(count)}, "good")
    if refused:
        told = ngettext("%(num)s document stays:", "%(num)s documents stay:", len(refused))
        reasons = sorted({error_text(error.message) for error in refused})
        flash(f"{told % {'num': number(len(refused))}} {'; '.join(reasons)}", "bad")
    if request.form.get("back") == "record" and chosen:
        return redirect(url_for("record.show", record_id=chosen[0]))
    return redirect(url_for("inbox.waiting" if request.form.get("back") == "inbox" else "filing.desk"))


def _many(
    record_id: UUID,
    values: dict[str, str],
    seen: list[Preview],
    problems: list[Problem] | None = None,
    groups: list[Alike] | None = None,
    group: Alike | None = None,
    *,
    previewed: bool = False,
    own: bool = True,
) -> str:
    return render_template(
        "filing_many.html",
        record_id=record_id,
        values=values,
        seen=seen,
        groups=groups or [],
        group=group,
        wrong={one.field: one for one in problems or []},
        previewed=previewed,
        own=own,
        ready=[one for one in seen if not one.refused],
        classes=selectable_classes(archive()),
        levels=list(Level.up_to(capturers_only().clearance)),
        kip_categories=KIP_CATEGORIES,
        sieve=filters(),
    )


def _common() -> tuple[Changes, list[Problem]]:
    """What all of the chosen documents are given; an empty field leaves each as it is."""
    form = {name: request.form.get(name, "").strip() or None for name in COMMON}
    level, problems = None, []
    try:
        level = level_asked(form["level"])
    except Refused as error:
        problems.append(Problem("level", error.message))
    return Changes(**{**form, "level": level}), problems  # type: ignore[arg-type]
