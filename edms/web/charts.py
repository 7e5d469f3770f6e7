"""Charts as SVG within a page: bars, whole or in parts, with the same figures as a table below.

The content security policy allows neither styles nor scripts within a page, so what a library draws would arrive
without its colours; here shapes carry classes of `app.css`. Bars lie across, in percentages of the width: letters keep
their size on a telephone. Who does not see the picture has its title, its summary and the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask
from markupsafe import Markup, escape

from edms.web.formats import number
from edms.web.language import gettext

MOST_TONES = 6
_ROW, _BAR, _LABEL = 40, 12, 14


@dataclass(frozen=True)
class Series:
    """Figures of one kind, one for each bar, none below zero. `tone`: 1 to 6, else by its place."""

    name: str
    values: Sequence[float]
    tone: int = 0


@dataclass(frozen=True)
class Chart:
    """Bars with their labels, each made of the figures of all series in order.

    `key` names it within the page (letters and digits). `summary` says in one sentence what is to be seen. `what` heads
    the labels in the table, `show` writes a figure. `links`: where a bar leads to, one for each or none at all.
    """

    key: str
    title: str
    summary: str
    what: str
    labels: Sequence[str]
    series: Sequence[Series]
    show: Callable[[float], str] = number
    links: Sequence[str] = ()


def bars(chart: Chart) -> Markup:
    """Return the figure: title, legend where there are parts, the picture, and the table to be opened."""
    legend = _legend(chart) if len(chart.series) > 1 else Markup("")
    return Markup('<figure class="chart" id="chart-{}"><figcaption>{}</figcaption>{}{}{}</figure>').format(
        chart.key, chart.title, legend, _picture(chart), _table(chart)
    )


def _picture(chart: Chart) -> Markup:
    longest = max((sum(one.values[row] for one in chart.series) for row in range(len(chart.labels))), default=0)
    rows = Markup("").join(_bar(chart, row, longest) for row in range(len(chart.labels)))
    return Markup(
        '<svg role="img" aria-labelledby="{key}-title {key}-desc" width="100%" height="{height}">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{summary}</desc>{rows}</svg>'
    ).format(
        key=f"chart-{chart.key}", height=max(len(chart.labels), 1) * _ROW, title=chart.title, summary=chart.summary,
        rows=rows,
    )  # fmt: skip


def _bar(chart: Chart, row: int, longest: float) -> Markup:
    top, total, at = row * _ROW, sum(one.values[row] for one in chart.series), 0.0
    parts = [
        Markup('<text x="0" y="{}">{}</text><text class="figure" x="100%" y="{}">{}</text>').format(
            top + _LABEL, _short(chart.labels[row]), top + _LABEL, chart.show(total)
        ),
        Markup('<rect class="track" x="0" y="{}" width="100%" height="{}" rx="2"/>').format(top + _LABEL + 6, _BAR),
    ]
    for place, one in enumerate(chart.series):
        share = 100 * one.values[row] / longest if longest else 0.0
        if share > 0:
            told = f"{one.name}: {chart.show(one.values[row])}" if one.name else chart.show(one.values[row])
            parts.append(
                Markup(
                    '<rect class="tone-{}" x="{:.3f}%" y="{}" width="{:.3f}%" height="{}"><title>{}</title></rect>'
                ).format(_tone(place, one), at, top + _LABEL + 6, share, _BAR, told)
            )
            at += share
    return Markup("<g>{}</g>").format(Markup("").join(parts))


def _short(label: str) -> str:
    """A label that leaves room for its figure also on a telephone; the table has it whole."""
    return label if len(label) <= 44 else label[:43] + "…"


def _tone(place: int, one: Series) -> int:
    return one.tone or place % MOST_TONES + 1


def _legend(chart: Chart) -> Markup:
    """Beside the colour each has its name; the order is that of the parts."""
    items = (
        Markup(
            '<li><svg aria-hidden="true" width="12" height="12"><rect class="tone-{}" width="12" height="12"/></svg>'
            "{}</li>"
        ).format(_tone(place, one), one.name)
        for place, one in enumerate(chart.series)
    )
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


def _table(chart: Chart) -> Markup:
    heads = Markup("").join(
        Markup('<th scope="col" class="end">{}</th>').format(one.name or gettext("Count")) for one in chart.series
    )
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            _linked(chart, row),
            Markup("").join(
                Markup('<td class="end">{}</td>').format(chart.show(one.values[row])) for one in chart.series
            ),
        )
        for row in range(len(chart.labels))
    )
    return Markup(
        '<details><summary>{}</summary><div class="scrolled" role="region" tabindex="0" aria-label="{}">'
        '<table class="figures"><thead><tr><th scope="col">{}</th>{}</tr></thead>'
        "<tbody>{}</tbody></table></div></details>"
    ).format(gettext("As a table"), chart.title, chart.what, heads, rows)


def _linked(chart: Chart, row: int) -> Markup:
    if not chart.links:
        return escape(chart.labels[row])
    return Markup('<a href="{}">{}</a>').format(chart.links[row], chart.labels[row])


def install(app: Flask) -> None:
    """Register the filter that draws."""
    app.jinja_env.filters["bars"] = bars
