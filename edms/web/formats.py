"""How dates, sizes, numbers and highlights are shown."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask
from markupsafe import Markup, escape

from edms.records.searching import Highlight
from edms.web.identity import archive
from edms.web.language import current_language

_KIBIBYTE = 1024


def long_date(value: date | str | None) -> str:
    """24 November 2026, of a date or its ISO form, or a dash."""
    day = date.fromisoformat(value) if isinstance(value, str) and value else value
    return format_date(day, "d MMMM y", locale=current_language()) if day else "–"


def moment(value: datetime | str | None) -> str:
    """24 Nov 2026 21.05 (in English: 24 Nov 2026, 21:05) in the archive's own time zone, or a dash."""
    if not value:
        return "–"
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(archive().settings.archive.time_zone))
    pattern = "d MMM y HH.mm" if current_language() == "id" else "d MMM y, HH:mm"
    return format_datetime(local, pattern, locale=current_language())


def seconds_left(until: datetime) -> int:
    """How many whole seconds there are until then; 0 when it has passed."""
    return max(0, int((until - archive().clock.now()).total_seconds()))


def size(count: int) -> str:
    """1,5 MiB in the reader's own notation."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _KIBIBYTE or unit == "GiB":
            break
        value /= _KIBIBYTE
    return f"{number(round(value, 1 if unit != 'B' else 0))} {unit}"


def number(value: float) -> str:
    return str(format_decimal(value, locale=current_language()))


def marked(found: Highlight | None) -> Markup:
    """A piece of text with its matches marked. The text is escaped first: content never becomes markup."""
    if found is None:
        return Markup("")
    parts, position = [], 0
    for start, end in found.ranges:
        parts += [
            escape(found.text[position:start]),
            Markup("<mark>"),
            escape(found.text[start:end]),
            Markup("</mark>"),
        ]
        position = end
    parts.append(escape(found.text[position:]))
    before, after = escape("…" if found.before else ""), escape("…" if found.after else "")
    return before + Markup("").join(parts) + after


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        long_date=long_date,
        moment=moment,
        seconds_left=seconds_left,
        filesize=size,
        number=number,
        marked=marked,
    )
